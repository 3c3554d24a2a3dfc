//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../kit/tests/shared/mod.rs"]
mod shared;
#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use shared::{assert_passes_alike, assert_same_checks};
use solution::Solution;
use testat_feedback::{RULES, grade};
use testat_kit::feedback::answers;
use testat_kit::rehearsal::{Rehearsal, rehearse, rehearse_raw, task};
use testat_kit::report::{Task, Verdict};
use wrong::{Slip, Slipping};

const THRESHOLDS: [(&str, f64); 8] = [
    ("start", 1.0),
    ("fa", 1e-4),
    ("dfa", 1e-4),
    ("run_fa", 1e-3),
    ("run_dfa", 1e-3),
    ("learn", 0.8),
    ("align", 0.25),
    ("repeatable", 0.0),
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
    let figures = ["errors", "alignment", "updates", "accuracy", "confusion-fa", "confusion-dfa"];
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
        assert_eq!(rehearsal.checks.len(), RULES.len());
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

#[test]
fn a_program_that_does_not_start_fails_every_check() {
    let (rehearsal, _) = raw(|_requests, _replies| ());
    assert_eq!(rehearsal.failed().len(), RULES.len());
    let start = &rehearsal.checks[0];
    assert!(start.message.contains("closed its end of the pipe"), "{}", start.message);
}

#[test]
fn a_subject_that_stops_reading_fails_its_runs_and_no_more() {
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
    assert_eq!(rehearsal.failed(), ["run_fa", "run_dfa", "learn", "align", "repeatable"]);
    assert!(rehearsal.checks[3].message.contains("`train` did not answer within 0.3 s"));
    assert!(time < Duration::from_secs(90), "{time:?}");
}
