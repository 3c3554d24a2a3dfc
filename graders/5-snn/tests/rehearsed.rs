//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../kit/tests/shared/mod.rs"]
mod shared;
#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use std::fs::File;
use std::thread;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use shared::{assert_passes_alike, assert_same_checks};
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
    assert_same_checks(include_str!("../project.toml"), &RULES, &THRESHOLDS);
}

#[test]
fn the_reference_passes_and_is_deterministic() {
    let [once, again] =
        [1, 1].map(|number| rehearse(seed(number), &RULES, grade, || answers(Solution)).unwrap());
    let figures =
        ["errors", "surrogate", "over-time", "confusion", "raster", "potentials", "rates", "curve"];
    assert_passes_alike(&once, &again, &RULES, &figures);
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
