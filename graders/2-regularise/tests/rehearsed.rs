//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../kit/tests/shared/mod.rs"]
mod shared;
#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use std::os::fd::OwnedFd;

use shared::{assert_passes_alike, assert_same_checks};
use solution::Solution;
use testat_kit::regularise::answers;
use testat_kit::rehearsal::{Rehearsal, rehearse, rehearse_raw, task};
use testat_kit::report::{Task, Verdict};
use testat_regularise::{RULES, grade};
use wrong::{Slip, Slipping};

const THRESHOLDS: [(&str, f64); 9] = [
    ("start", 1.0),
    ("penalty", 1e-4),
    ("dropout", 1e-4),
    ("batch_norm", 1e-4),
    ("early_stop", 0.0),
    ("repeatable", 0.0),
    ("learn", 0.85),
    ("gain", 0.12),
    ("scale", 2.03),
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
    let figures = ["errors", "beside", "confusion", "classes", "weights", "curve"];
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

#[test]
fn a_second_and_third_data_set_are_drawn_only_when_all_but_the_learning_is_right() {
    let unlucky = slipping(3, Slip::Untrained);
    assert_eq!(unlucky.failed(), ["learn", "gain", "scale"]);
    let wrong_elsewhere = slipping(3, Slip::PatienceTooLong);
    assert_eq!(wrong_elsewhere.failed(), ["early_stop", "learn", "gain", "scale"]);
    let learn = |rehearsal: &Rehearsal| {
        let check = rehearsal.checks.iter().find(|check| check.id == "learn");
        check.unwrap().message.contains("median of three")
    };
    assert!(learn(&unlucky) && !learn(&wrong_elsewhere));
}

#[test]
fn a_subject_that_closes_its_pipe_fails_every_check() {
    let start = |requests: OwnedFd, replies: OwnedFd| drop((requests, replies));
    let rehearsal = rehearse_raw(seed(4), &RULES, grade, start).unwrap();
    assert_eq!(rehearsal.failed(), RULES.map(|rule| rule.id));
    assert!(rehearsal.checks[0].message.contains("closed its end of the pipe"));
}
