//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use solution::Solution;
use testat_backprop::{RULES, grade};
use testat_kit::backprop::answers;
use testat_kit::rehearsal::{Rehearsal, rehearse, rehearse_raw, task};
use testat_kit::report::{Task, Verdict};
use wrong::{Slip, Slipping};

const THRESHOLDS: [(&str, f64); 7] = [
    ("start", 1.0),
    ("forward", 1e-4),
    ("loss", 1e-4),
    ("grads", 1e-4),
    ("sgd", 1e-4),
    ("repeatable", 0.0),
    ("learn", 0.9),
];

fn seed(number: u8) -> Task {
    task([number; 32], &THRESHOLDS)
}

fn slipping(number: u8, slip: Slip) -> Rehearsal {
    rehearse(seed(number), &RULES, grade, move || answers(Slipping(slip))).unwrap()
}

#[test]
fn the_harness_and_project_toml_name_the_same_checks() {
    let text = include_str!("../project.toml");
    let project: toml::Table = text.parse().unwrap();
    let checks = project["check"].as_array().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let written: Vec<_> = checks
        .iter()
        .map(|check| (text(&check["id"]), text(&check["title"]), text(&check["comparison"])))
        .collect();
    let ours: Vec<_> = RULES
        .iter()
        .map(|rule| {
            let sign = serde_json::to_value(rule.comparison).unwrap();
            (rule.id.to_owned(), rule.title.to_owned(), sign.as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(written, ours);
    for (check, (id, threshold)) in checks.iter().zip(THRESHOLDS) {
        let written = &check["threshold"];
        let written = written.as_float().or_else(|| written.as_integer().map(|n| n as f64));
        assert_eq!((check["id"].as_str(), written), (Some(id), Some(threshold)));
    }
}

#[test]
fn the_reference_passes_and_is_deterministic() {
    let once = rehearse(seed(1), &RULES, grade, || answers(Solution)).unwrap();
    assert_eq!(once.failed(), Vec::<&str>::new(), "{:#?}", once.checks);
    assert_eq!(once.verdict, Some(Verdict::Passed));
    let ids: Vec<&str> = once.checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(ids, RULES.map(|rule| rule.id));
    let shown: Vec<&str> = once.figures.iter().map(|figure| figure.id.as_str()).collect();
    assert_eq!(shown, ["errors", "confusion", "curve", "first-layer"]);
    let bytes = serde_json::to_vec(&once.figures).unwrap().len();
    assert!(bytes < 64 << 10, "{bytes} bytes of figures");
    let again = rehearse(seed(1), &RULES, grade, || answers(Solution)).unwrap();
    assert_eq!(once.checks, again.checks);
}

#[test]
fn each_slip_fails_by_its_check_first_and_the_message_names_the_mistake() {
    for (slip, check, words) in Slip::ALL {
        let rehearsal = slipping(2, slip);
        let failed = rehearsal.checks.iter().find(|check| !check.passed);
        assert!(failed.is_some(), "{slip:?} passed");
        let failed = failed.unwrap();
        assert_eq!(failed.id, check, "{slip:?}: {}", failed.message);
        assert!(failed.message.contains(words), "{slip:?}: {}", failed.message);
        assert_eq!(rehearsal.verdict, Some(Verdict::Failed));
    }
}

/// Grades what answers each subject's bare pipes.
fn raw(act: fn(File, File)) -> (Rehearsal, Duration) {
    let mut task = seed(3);
    task.request_ms = 300;
    task.train_ms = 300;
    let begun = Instant::now();
    let start = move |requests: OwnedFd, replies: OwnedFd| {
        thread::spawn(move || act(File::from(requests), File::from(replies)));
    };
    (rehearse_raw(task, &RULES, grade, start).unwrap(), begun.elapsed())
}

fn start_fails(act: fn(File, File), words: &str) {
    let (rehearsal, time) = raw(act);
    assert_eq!(rehearsal.failed().len(), 7);
    let start = &rehearsal.checks[0];
    assert!(start.message.contains(words), "{}", start.message);
    assert_eq!(start.value, None);
    assert!(time < Duration::from_secs(2), "{time:?}");
}

#[test]
fn a_subject_that_never_answers_costs_its_time_limit() {
    start_fails(|_requests, _replies| thread::sleep(Duration::from_secs(3)), "within 0.3 s");
}

#[test]
fn a_byte_now_and_then_does_not_stretch_the_limit() {
    let drip = |_requests: File, mut replies: File| {
        replies.write_all(&[0xe8, 3, 0, 0]).unwrap();
        while replies.write_all(&[1]).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    };
    start_fails(drip, "within 0.3 s");
}

#[test]
fn a_frame_of_four_gibibytes_is_refused_at_once() {
    let announce = |_requests: File, mut replies: File| {
        replies.write_all(&[0xff; 64]).unwrap();
        thread::sleep(Duration::from_secs(3));
    };
    start_fails(announce, "4294967295 bytes");
}

#[test]
fn closed_pipes_and_floods_fail_the_check() {
    start_fails(|_requests, _replies| (), "closed its end of the pipe");
    let flood =
        |_requests: File, mut replies: File| while replies.write_all(&[b'x'; 4096]).is_ok() {};
    start_fails(flood, "bytes was announced");
    let text = |_requests: File, mut replies: File| {
        replies.write_all(&[5, 0, 0, 0]).unwrap();
        replies.write_all(b"hello").unwrap();
        thread::sleep(Duration::from_secs(3));
    };
    start_fails(text, "not valid safetensors");
}

#[test]
fn replies_to_other_requests_are_refused() {
    let stale = |mut requests: File, mut replies: File| {
        let reply = testat_kit::link::Message::new().with_field("id", "99").with_field("api", "1");
        let _ = requests.read(&mut [0; 1024]);
        replies.write_all(&reply.encode(1 << 20).unwrap()).unwrap();
        thread::sleep(Duration::from_secs(3));
    };
    start_fails(stale, "carries the id 99");
}

#[test]
fn a_subject_that_stops_reading_can_not_hang_a_large_request() {
    // Answers everything but `train`, whose request is larger than a pipe holds.
    let deaf = |mut requests: File, mut replies: File| {
        let mut answers = answers(Solution);
        loop {
            let mut start = [0; 4];
            if requests.read_exact(&mut start).is_err() {
                return;
            }
            if u32::from_le_bytes(start) > 200_000 {
                thread::sleep(Duration::from_secs(3));
                return;
            }
            let mut body = vec![0; u32::from_le_bytes(start) as usize];
            requests.read_exact(&mut body).unwrap();
            let frame = [&start[..], &body].concat();
            testat_kit::serve::serve_over(&frame[..], &mut replies, &mut answers).unwrap();
        }
    };
    let (rehearsal, time) = raw(deaf);
    assert_eq!(rehearsal.failed(), ["learn", "repeatable"]);
    assert!(rehearsal.checks[5].message.contains("`train` did not answer within 0.3 s"));
    assert!(time < Duration::from_secs(3), "{time:?}");
}
