//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use std::fs::File;
use std::thread;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use solution::Solution;
use testat_kit::draw::Seed;
use testat_kit::rehearsal::{Rehearsal, rehearse, rehearse_raw, task};
use testat_kit::report::{Task, Verdict};
use testat_kit::snn::{answers, encode};
use testat_snn::draws::lesson;
use testat_snn::{RULES, coding, grade};
use wrong::{Slip, Slipping};

const THRESHOLDS: [(&str, f64); 9] = [
    ("start", 1.0),
    ("spikes", 0.0),
    ("logits", 1e-4),
    ("surrogate", 1e-4),
    ("bptt", 1e-4),
    ("repeatable", 0.0),
    ("active", 0.005),
    ("sparse", 0.6),
    ("learn", 0.8),
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
    let all =
        ["errors", "surrogate", "over-time", "confusion", "raster", "potentials", "rates", "curve"];
    assert_eq!(shown, all);
    let bytes = serde_json::to_vec(&once.figures).unwrap().len();
    assert!(bytes < 64 << 10, "{bytes} bytes of figures");
    let again = rehearse(seed(1), &RULES, grade, || answers(Solution)).unwrap();
    assert_eq!(once.checks, again.checks);
    assert_eq!(once.figures, again.figures);
}

#[test]
fn each_slip_fails_by_its_check_first_and_the_message_names_the_mistake() {
    for (slip, check, words) in Slip::ALL {
        let rehearsal = slipping(2, slip);
        let mut failed = rehearsal.checks.iter().filter(|check| !check.passed);
        let failed = failed.find(|check| !check.message.starts_with("not measured"));
        assert!(failed.is_some(), "{slip:?} passed");
        let failed = failed.unwrap();
        assert_eq!(failed.id, check, "{slip:?}: {}", failed.message);
        assert!(failed.message.contains(words), "{slip:?}: {}", failed.message);
        assert_eq!(rehearsal.verdict, Some(Verdict::Failed));
    }
}

#[test]
fn huge_weights_are_judged_and_drawn_without_harm() {
    let rehearsal = slipping(4, Slip::Huge);
    assert!(rehearsal.failed().contains(&"learn"));
    let bytes = serde_json::to_vec(&rehearsal.figures).unwrap().len();
    assert!(bytes < 64 << 10, "{bytes} bytes of figures");
    let drawn = serde_json::to_string(&rehearsal.figures).unwrap().replace("\"limit\":null", "");
    assert!(!drawn.contains("null"), "a number that is not finite was drawn");
}

#[test]
fn the_kit_encodes_as_the_harness_does() {
    let lesson = lesson(&mut Seed::new([9; 32]).stream(10));
    let ours = coding::encode(&lesson.test.images, &mut Seed::new([9; 32]).stream(3));
    let mut generator = ChaCha20Rng::from_seed([9; 32]);
    generator.set_stream(3);
    let theirs = encode(&lesson.test.images.view(), || {
        (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    });
    assert_eq!(ours, theirs);
}

#[test]
fn a_subject_that_never_answers_fails_every_check() {
    let mut task = seed(3);
    task.request_ms = 300;
    let silent = |_requests: File, _replies: File| thread::sleep(Duration::from_secs(2));
    let start = move |requests, replies| {
        thread::spawn(move || silent(File::from(requests), File::from(replies)));
    };
    let rehearsal = rehearse_raw(task, &RULES, grade, start).unwrap();
    assert_eq!(rehearsal.failed().len(), RULES.len());
    assert!(rehearsal.checks[0].message.contains("within 0.3 s"));
}
