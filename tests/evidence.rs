//! What gradings say about a grader: the reckoning, without any grading.

use testat::grading::chance::{below, luck, two_of_three};
use testat::grading::evidence::{Confusion, Evidence, Miss};
use testat::grading::graders::{self, Grader};
use testat::grading::solutions::Sort;
use testat::grading::trial::{Graded, Outcome, Time, Trial, Value};
use testat_kit::report::{Comparison, GraderVersion, Verdict};

use crate::server::grader_folder;

fn grader() -> Grader {
    let project = graders::read_project(&grader_folder()).unwrap();
    Grader {
        version: GraderVersion { slug: project.slug.clone(), version: "1".to_owned() },
        project,
        folder: grader_folder(),
        harness: "none".into(),
        handout: String::new(),
    }
}

fn right(language: &str) -> Sort {
    Sort::Right { language: language.parse().unwrap() }
}

fn wrong(check: &str, name: &str) -> Sort {
    Sort::Wrong { check: check.to_owned(), name: name.to_owned() }
}

/// A grading with these values of `grads` and `learn`.
fn trial(solution: Sort, seed: u64, grads: Option<f64>, learn: f64) -> Trial {
    let value = |id: &str, passed, value| Value { id: id.to_owned(), passed, value };
    let checks = vec![
        value("grads", grads.is_some_and(|error| error <= 1e-4), grads),
        value("learn", learn >= 0.9, Some(learn)),
    ];
    let passed = checks.iter().all(|check| check.passed);
    let verdict = if passed { Verdict::Passed } else { Verdict::Failed };
    let time = Time {
        build_cpu_ms: 1500.0,
        cpu_ms: 1000.0 + seed as f64,
        wall_ms: 4000.0,
        build_ms: 2000.0,
        subject_ms: 1800.0,
    };
    Trial { solution, seed, outcome: Outcome::Graded(Graded { verdict, checks, time }) }
}

#[test]
fn a_miss_is_what_passed_wrongly_failed_wrongly_or_failed_by_another_check() {
    let fault = Outcome::Fault { fault: "a full disk".to_owned() };
    let trials = vec![
        trial(right("python"), 1, Some(1e-9), 0.95),
        trial(right("rust"), 1, Some(1e-9), 0.85),
        trial(wrong("grads", "no-mean"), 1, Some(0.5), 0.95),
        trial(wrong("grads", "slow"), 1, Some(1e-9), 0.2),
        trial(wrong("learn", "lucky"), 1, Some(1e-9), 0.91),
        Trial { solution: right("python"), seed: 2, outcome: fault },
    ];
    let found = Evidence::of(&grader(), trials);
    let expected =
        Confusion { right_passed: 1, right_failed: 1, wrong_passed: 1, wrong_failed: 2, faults: 1 };
    assert_eq!(found.confusion, expected);
    let miss = |solution, failed: &[&str]| Miss {
        solution,
        seed: 1,
        failed: failed.iter().map(|id| (*id).to_owned()).collect(),
    };
    let expected = [
        miss(right("rust"), &["learn"]),
        miss(wrong("grads", "slow"), &["learn"]),
        miss(wrong("learn", "lucky"), &[]),
    ];
    assert_eq!(found.misses, expected);
}

#[test]
fn margins_are_those_of_the_worst_right_and_the_best_wrong_solution_that_the_check_must_fail() {
    let trials = vec![
        trial(right("python"), 1, Some(1e-9), 0.97),
        trial(right("rust"), 2, Some(3e-5), 0.95),
        trial(wrong("grads", "nothing-returned"), 1, None, 0.0),
        trial(wrong("grads", "no-mean"), 1, Some(0.5), 0.99),
        trial(wrong("learn", "linear"), 1, Some(1e-9), 0.2),
        trial(wrong("learn", "linear"), 2, Some(1e-9), 0.3),
    ];
    let found = Evidence::of(&grader(), trials);
    let margins = |id: &str| found.margins.iter().find(|m| m.id == id).unwrap();
    let (grads, learn) = (margins("grads"), margins("learn"));
    let value = |closest: &Option<testat::grading::evidence::Closest>| {
        let closest = closest.as_ref().unwrap();
        (closest.solution.to_string(), closest.seed, closest.value)
    };
    assert_eq!(value(&grads.right), ("reference/rust".to_owned(), 2, Some(3e-5)));
    assert_eq!(value(&grads.wrong), ("wrong/grads/no-mean".to_owned(), 1, Some(0.5)));
    assert_eq!(grads.wrong_solutions, 2);
    assert_eq!(value(&learn.wrong), ("wrong/learn/linear".to_owned(), 2, Some(0.3)));
    assert!((learn.right.as_ref().unwrap().margin.unwrap() - 0.05).abs() < 1e-12);
    assert_eq!(learn.wrong_solutions, 1);
    assert!(margins("forward").right.is_none(), "nothing was measured");
}

#[test]
fn a_references_cost_counts_the_build_and_our_share_leaves_it_out() {
    let trials = (1..=3).map(|seed| trial(right("rust"), seed, Some(0.0), 1.0)).collect();
    let found = Evidence::of(&grader(), trials);
    let [cost] = found.costs.as_slice() else { panic!("{:?}", found.costs) };
    assert_eq!(
        (cost.gradings, cost.build_cpu_s, cost.cpu_s, cost.cpu_max_s),
        (3, 1.5, 1.002, 1.003)
    );
    assert!((cost.own_share - 0.05).abs() < 1e-12);
    assert!(cost.is_within_limits());
}

#[test]
fn the_chance_of_a_project_is_that_of_its_worse_language() {
    let python = [0.92, 0.94, 0.96].map(|learn| (right("python"), learn));
    let rust = [0.97, 0.98, 0.99].map(|learn| (right("rust"), learn));
    let trials = python.into_iter().chain(rust).enumerate();
    let trials = trials.map(|(seed, (sort, learn))| trial(sort, seed as u64, Some(0.0), learn));
    let found = Evidence::of(&grader(), trials.collect());
    assert_eq!(found.lucks.len(), 2, "no luck in a value without spread: {:?}", found.lucks);
    // z = 0.04 / 0.02 = 2: p = 0.02275, and 3 p^2 - 2 p^3 = 0.001529.
    assert!((found.lucks[0].luck.z - 2.0).abs() < 1e-9);
    assert!((found.chance.unwrap() - 0.001_529).abs() < 1e-6, "{:?}", found.chance);
    let once = vec![trial(right("python"), 1, Some(0.0), 0.95)];
    assert_eq!(Evidence::of(&grader(), once).chance, None);
}

#[test]
fn luck_is_a_normal_tail_and_the_median_of_three_needs_two_failures() {
    for (z, p) in [(0.0, 0.5), (-1.0, 0.158_655), (-3.0, 1.349_9e-3), (-6.0, 9.865_9e-10)] {
        assert!((below(z) / p - 1.0).abs() < 1e-5, "{z}: {}", below(z));
    }
    assert_eq!((two_of_three(0.0), two_of_three(0.5), two_of_three(1.0)), (0.0, 0.5, 1.0));
    let values = [1.0, 2.0, 3.0];
    let at_most = luck(Comparison::AtMost, 4.0, &values).unwrap();
    assert_eq!((at_most.mean, at_most.sd, at_most.z), (2.0, 1.0, 2.0));
    assert_eq!(at_most.finally, at_most.once, "a tolerance may be decided by one data set");
    let at_least = luck(Comparison::AtLeast, 0.0, &values).unwrap();
    assert!(at_least.finally < at_least.once);
    assert_eq!(luck(Comparison::Exactly, 2.0, &values), None);
    assert_eq!(luck(Comparison::AtLeast, 0.0, &[0.1, 0.1, 0.1]), None);
    assert_eq!(luck(Comparison::AtLeast, 0.0, &[0.1]), None);
}
