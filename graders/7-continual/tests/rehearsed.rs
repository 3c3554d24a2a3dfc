//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../kit/tests/shared/mod.rs"]
mod shared;
#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use shared::{assert_passes_alike, assert_same_checks};
use solution::Solution;
use testat_continual::{RULES, grade};
use testat_kit::continual::answers;
use testat_kit::rehearsal::{Rehearsal, rehearse, task};
use testat_kit::report::{Task, Verdict};
use wrong::{Slip, Slipping};

const THRESHOLDS: [(&str, f64); 11] = [
    ("start", 1.0),
    ("fisher", 1e-4),
    ("ewc", 1e-4),
    ("auroc", 1e-9),
    ("state", 24_576.0),
    ("repeatable", 0.0),
    ("per_image", 0.0),
    ("acc", 0.62),
    ("forget", 0.55),
    ("near", 0.70),
    ("far", 0.90),
];

fn seed(number: u8) -> Task {
    task([number; 32], &THRESHOLDS)
}

fn slipping(number: u8, slip: Slip) -> Rehearsal {
    rehearse(seed(number), &RULES, grade, move || answers(Slipping::new(slip))).unwrap()
}

#[test]
fn the_harness_and_project_toml_name_the_same_checks() {
    assert_same_checks(include_str!("../project.toml"), &RULES, &THRESHOLDS);
}

#[test]
fn the_reference_passes_and_is_deterministic() {
    let [once, again] =
        [1, 1].map(|number| rehearse(seed(number), &RULES, grade, || answers(Solution)).unwrap());
    let figures = ["errors", "forgetting", "over-time", "confusion", "roc", "scores", "bytes"];
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
