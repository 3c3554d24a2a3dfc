//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../kit/tests/shared/mod.rs"]
mod shared;
#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use shared::{assert_passes_alike, assert_same_checks};
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
    assert_same_checks(include_str!("../project.toml"), &RULES, &THRESHOLDS);
}

#[test]
fn the_reference_passes_and_is_deterministic() {
    let [once, again] =
        [1, 1].map(|number| rehearse(seed(number), &RULES, grade, || answers(Solution)).unwrap());
    let figures = ["errors", "confusion", "curve", "first-layer"];
    assert_passes_alike(&once, &again, &RULES, &figures);
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
