//! What the gradings of a grader's own solutions say about the grader: pure.

use serde::{Deserialize, Serialize};
use testat_kit::report::{Comparison, Verdict};

use super::chance::{self, Luck};
use super::graders::{CheckRule, Grader};
use super::solutions::Sort;
use super::trial::{Graded, Outcome, Time, Trial};
use crate::course::Language;

const LANGUAGES: [Language; 2] = [Language::Python, Language::Rust];

/// A right solution may fail by luck with this probability at most, a project.
pub const CHANCE_LIMIT: f64 = 1e-4;
/// Processor seconds that grading a reference may take, its build included.
pub fn cpu_limit_s(language: Language) -> f64 {
    match language {
        Language::Python => 20.0,
        Language::Rust => 5.0,
    }
}

/// Share of a reference's grading that may be ours.
pub fn own_share_limit(language: Language) -> f64 {
    match language {
        Language::Python => 0.05,
        Language::Rust => 0.10,
    }
}

/// All that is known about one grader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Number of the project.
    pub number: u32,
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Version of the grader.
    pub version: String,
    /// Right and wrong by passed and failed.
    pub confusion: Confusion,
    /// How clearly each check decides, in the project's order.
    pub margins: Vec<Margins>,
    /// What did not come out as it must.
    pub misses: Vec<Miss>,
    /// What the references take, a language.
    pub costs: Vec<Cost>,
    /// Each check whose value is a matter of luck, a language.
    pub lucks: Vec<CheckLuck>,
    /// The estimated probability that a right solution fails: the sum over the checks of the
    /// language for which it is larger. Not known from one grading.
    pub chance: Option<f64>,
    /// All gradings.
    pub trials: Vec<Trial>,
}

/// Gradings by what the solution is and what it was taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Right, and passed.
    pub right_passed: usize,
    /// Right, and failed.
    pub right_failed: usize,
    /// Wrong, and passed.
    pub wrong_passed: usize,
    /// Wrong, and failed.
    pub wrong_failed: usize,
    /// Without a verdict.
    pub faults: usize,
}

/// How clearly one check decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Margins {
    /// The check.
    pub id: String,
    /// How it compares.
    pub comparison: Comparison,
    /// With what.
    pub threshold: f64,
    /// The right solution that came closest to failing it.
    pub right: Option<Closest>,
    /// Of the wrong solutions that must fail it, the one that came closest to passing.
    pub wrong: Option<Closest>,
    /// Wrong solutions that must fail it.
    pub wrong_solutions: usize,
}

/// A grading that came closest to the threshold, or lies farthest beyond.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closest {
    /// Which solution.
    pub solution: Sort,
    /// With which seed.
    pub seed: u64,
    /// What was measured; none when nothing could be.
    pub value: Option<f64>,
    /// How far to the passing side of the threshold; below zero it fails.
    pub margin: Option<f64>,
}

/// A grading that did not come out as it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// Which solution.
    pub solution: Sort,
    /// With which seed.
    pub seed: u64,
    /// The checks that it failed; none if it passed.
    pub failed: Vec<String>,
}

/// What the reference in one language takes: medians over the seeds, and the worst.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The language.
    pub language: Language,
    /// How many gradings.
    pub gradings: usize,
    /// Processor seconds of the build.
    pub build_cpu_s: f64,
    /// Processor seconds of the program, at the median.
    pub cpu_s: f64,
    /// The same, at most.
    pub cpu_max_s: f64,
    /// Wall-clock seconds of the whole, the build included, at the median.
    pub wall_s: f64,
    /// The share that is ours, at the median.
    pub own_share: f64,
}

impl Cost {
    /// Whether processor time and our share are within their limits.
    pub fn is_within_limits(&self) -> bool {
        self.build_cpu_s + self.cpu_max_s < cpu_limit_s(self.language)
            && self.own_share <= own_share_limit(self.language)
    }
}

/// Luck with one check in one language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckLuck {
    /// The language of the reference.
    pub language: Language,
    /// The check.
    pub id: String,
    /// How many values.
    pub values: usize,
    /// What they say.
    #[serde(flatten)]
    pub luck: Luck,
}

impl Evidence {
    /// Works out everything from the trials.
    pub fn of(grader: &Grader, trials: Vec<Trial>) -> Self {
        let rules = &grader.project.checks;
        let lucks = lucks(rules, &trials);
        Self {
            number: grader.project.number,
            slug: grader.project.slug.clone(),
            title: grader.project.title.clone(),
            version: grader.version.version.clone(),
            confusion: confusion(&trials),
            margins: rules.iter().map(|rule| margins(rule, &trials)).collect(),
            misses: trials.iter().filter_map(miss).collect(),
            costs: LANGUAGES.into_iter().filter_map(|language| cost(language, &trials)).collect(),
            chance: chance(&lucks, &trials),
            lucks,
            trials,
        }
    }
}

/// Those with a verdict.
fn graded(trials: &[Trial]) -> impl Iterator<Item = (&Trial, &Graded)> {
    trials.iter().filter_map(|trial| match &trial.outcome {
        Outcome::Graded(graded) => Some((trial, graded)),
        Outcome::Fault { .. } => None,
    })
}

fn confusion(trials: &[Trial]) -> Confusion {
    let mut counts = Confusion { faults: trials.len(), ..Confusion::default() };
    for (trial, graded) in graded(trials) {
        counts.faults -= 1;
        *match (&trial.solution, graded.verdict) {
            (Sort::Right { .. }, Verdict::Passed) => &mut counts.right_passed,
            (Sort::Right { .. }, Verdict::Failed) => &mut counts.right_failed,
            (Sort::Wrong { .. }, Verdict::Passed) => &mut counts.wrong_passed,
            (Sort::Wrong { .. }, Verdict::Failed) => &mut counts.wrong_failed,
        } += 1;
    }
    counts
}

/// Nothing when the solution came out as it must, or has no verdict.
fn miss(trial: &Trial) -> Option<Miss> {
    let Outcome::Graded(graded) = &trial.outcome else { return None };
    let failed = graded.failed();
    let as_it_must = match &trial.solution {
        Sort::Right { .. } => graded.verdict == Verdict::Passed,
        Sort::Wrong { check, .. } => graded.verdict == Verdict::Failed && failed.contains(check),
    };
    let miss = || Miss { solution: trial.solution.clone(), seed: trial.seed, failed };
    (!as_it_must).then(miss)
}

fn margins(rule: &CheckRule, trials: &[Trial]) -> Margins {
    let here = |(trial, graded): (&Trial, &Graded)| {
        let value = graded.value(&rule.id)?.value;
        let margin = value.map(|value| margin(rule, value));
        Some(Closest { solution: trial.solution.clone(), seed: trial.seed, value, margin })
    };
    let is_right = |(trial, _): &(&Trial, &Graded)| matches!(trial.solution, Sort::Right { .. });
    let is_wrong = |(trial, _): &(&Trial, &Graded)| matches!(&trial.solution, Sort::Wrong { check, .. } if *check == rule.id);
    // Nothing measured is the worst there is.
    let order = |a: &Closest, b: &Closest| {
        let key = |closest: &Closest| closest.margin.unwrap_or(f64::NEG_INFINITY);
        key(a).total_cmp(&key(b))
    };
    let mut wrong: Vec<&Sort> = graded(trials).filter(is_wrong).map(|(t, _)| &t.solution).collect();
    wrong.sort();
    wrong.dedup();
    Margins {
        id: rule.id.clone(),
        comparison: rule.comparison,
        threshold: rule.threshold,
        right: graded(trials).filter(is_right).filter_map(here).min_by(order),
        wrong: graded(trials).filter(is_wrong).filter_map(here).max_by(order),
        wrong_solutions: wrong.len(),
    }
}

fn margin(rule: &CheckRule, value: f64) -> f64 {
    match rule.comparison {
        Comparison::AtLeast => value - rule.threshold,
        Comparison::AtMost => rule.threshold - value,
        Comparison::Exactly => -(value - rule.threshold).abs(),
    }
}

/// The gradings of the reference in `language`.
fn of_reference(language: Language, trials: &[Trial]) -> impl Iterator<Item = &Graded> {
    let is_it = move |sort: &Sort| matches!(sort, Sort::Right { language: l } if *l == language);
    graded(trials).filter(move |(trial, _)| is_it(&trial.solution)).map(|(_, graded)| graded)
}

fn cost(language: Language, trials: &[Trial]) -> Option<Cost> {
    let times: Vec<Time> = of_reference(language, trials).map(|graded| graded.time).collect();
    let sorted = |part: fn(&Time) -> f64| {
        let mut values: Vec<f64> = times.iter().map(part).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let median = |part| {
        let values = sorted(part);
        values.get(values.len() / 2).copied()
    };
    let cpu = |time: &Time| time.cpu_ms / 1e3;
    Some(Cost {
        language,
        gradings: times.len(),
        build_cpu_s: median(|time| time.build_cpu_ms / 1e3)?,
        cpu_s: median(cpu)?,
        cpu_max_s: sorted(cpu).last().copied()?,
        wall_s: median(|time| time.wall_ms / 1e3)?,
        own_share: median(Time::own_share)?,
    })
}

fn lucks(rules: &[CheckRule], trials: &[Trial]) -> Vec<CheckLuck> {
    let mut found = Vec::new();
    for language in LANGUAGES {
        for rule in rules {
            let value = |graded: &Graded| graded.value(&rule.id)?.value;
            let values: Vec<f64> = of_reference(language, trials).filter_map(value).collect();
            if let Some(luck) = chance::luck(rule.comparison, rule.threshold, &values) {
                let (id, values) = (rule.id.clone(), values.len());
                found.push(CheckLuck { language, id, values, luck });
            }
        }
    }
    found
}

fn chance(lucks: &[CheckLuck], trials: &[Trial]) -> Option<f64> {
    let known = |language: &Language| of_reference(*language, trials).nth(1).is_some();
    let sum = |language| {
        let own = lucks.iter().filter(|luck| luck.language == language);
        own.map(|luck| luck.luck.finally).sum::<f64>()
    };
    LANGUAGES.into_iter().filter(known).map(sum).reduce(f64::max)
}
