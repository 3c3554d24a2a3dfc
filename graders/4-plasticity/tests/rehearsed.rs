//! Whole gradings inside one process: a right solution passes, wrong ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../kit/tests/shared/mod.rs"]
mod shared;
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use shared::{assert_passes_alike, assert_same_checks};
use solution::Solution;
use testat_kit::plasticity::answers;
use testat_kit::rehearsal::{Rehearsal, rehearse, task};
use testat_kit::report::{Task, Verdict};
use testat_plasticity::{RULES, grade};
use wrong::{Slip, Slipping};

const THRESHOLDS: [(&str, f64); 9] = [
    ("start", 1.0),
    ("hebb", 1e-4),
    ("oja", 1e-4),
    ("bcm", 1e-4),
    ("stdp", 1e-4),
    ("window", 1e-4),
    ("repeatable", 0.0),
    ("pca", 0.95),
    ("corr", 0.9),
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
fn every_check_has_its_section_in_the_handout() {
    let handout = include_str!("../handout.md");
    for rule in RULES {
        let anchor = format!("{{#{}}}", rule.id);
        assert!(handout.lines().any(|line| line.starts_with("##") && line.ends_with(&anchor)));
    }
}

#[test]
fn the_reference_passes_and_is_deterministic() {
    let [once, again] =
        [1, 1].map(|number| rehearse(seed(number), &RULES, grade, || answers(Solution)).unwrap());
    let figures =
        ["weights-oja", "weights-bcm", "weights-stdp", "window", "errors", "directions", "weights"];
    assert_passes_alike(&once, &again, &RULES, &figures);
}

#[test]
fn each_slip_fails_by_its_check_alone_and_the_message_names_the_mistake() {
    for (slip, check, words) in Slip::ALL {
        let rehearsal = slipping(2, slip);
        let failed = rehearsal.checks.iter().find(|check| !check.passed);
        assert!(failed.is_some(), "{slip:?} passed");
        let failed = failed.unwrap();
        assert_eq!(rehearsal.failed(), [check], "{slip:?}: {}", failed.message);
        assert!(failed.message.contains(words), "{slip:?}: {}", failed.message);
        assert_eq!(rehearsal.verdict, Some(Verdict::Failed));
    }
}

#[test]
fn reserves_are_drawn_only_when_all_else_is_right() {
    let guess = slipping(3, Slip::EqualWeights);
    let corr = guess.checks.iter().find(|check| check.id == "corr").unwrap();
    assert!(corr.message.contains("median of three"), "{}", corr.message);
    // A component that fails is not rescued, and nothing more is drawn for the learner.
    let both = slipping(3, Slip::EqualWeightsAndNoDecay);
    assert_eq!(both.failed(), ["hebb", "corr"]);
    let corr = both.checks.iter().find(|check| check.id == "corr").unwrap();
    assert!(!corr.message.contains("median of three"), "{}", corr.message);
}

#[test]
fn one_learner_that_fails_leaves_the_other_to_be_judged() {
    let no_directions = slipping(4, Slip::NoDirections);
    assert_eq!(no_directions.failed(), ["pca"]);
    let neither = slipping(4, Slip::NeitherLearner);
    assert_eq!(neither.failed(), ["pca", "corr", "repeatable"]);
    let last = neither.checks.last().unwrap();
    assert!(last.message.starts_with("not measured"), "{}", last.message);
}
