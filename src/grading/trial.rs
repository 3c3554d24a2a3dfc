//! One of a grader's own solutions, graded with one seed.

use serde::{Deserialize, Serialize};
use testat_kit::report::{Check, Report, Usage, Verdict};

use super::solutions::Sort;

/// One solution graded with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Which solution.
    pub solution: Sort,
    /// The seed, as a whole number.
    pub seed: u64,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A verdict.
    Graded(Graded),
    /// None, and not through the solution's fault, even when tried again.
    Fault {
        /// Why.
        fault: String,
    },
}

/// What is kept of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// Passed or failed.
    pub verdict: Verdict,
    /// Value of each check, in the project's order.
    pub checks: Vec<Value>,
    /// What it took.
    pub time: Time,
}

/// What one check measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The check.
    pub id: String,
    /// Whether it was met.
    pub passed: bool,
    /// None when nothing could be measured.
    pub value: Option<f64>,
}

impl From<Check> for Value {
    fn from(check: Check) -> Self {
        Self { id: check.id, passed: check.passed, value: check.value }
    }
}

/// Where a grading's time went, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Time {
    /// Processor time of the build.
    pub build_cpu_ms: f64,
    /// Processor time of the program, all its runs together.
    pub cpu_ms: f64,
    /// Wall-clock time of the whole, the build included.
    pub wall_ms: f64,
    /// Wall-clock time of the build.
    pub build_ms: f64,
    /// Wall-clock time for which the program was waited for.
    pub subject_ms: f64,
}

impl Time {
    /// The share of the whole that is ours: neither the build's nor waiting for the program.
    pub fn own_share(&self) -> f64 {
        (self.wall_ms - self.build_ms - self.subject_ms) / self.wall_ms
    }
}

impl Graded {
    /// The part of `report` that says something about the grader; `prepared` is what unpacking and
    /// building used of what the report counts.
    pub fn of(report: Report, prepared: &Usage) -> Self {
        let phase = |name: &str| report.usage.phases.get(name).copied().unwrap_or_default();
        let phases = report.usage.phases.iter();
        let own = phases.filter(|(name, _)| *name != "subject").map(|(_, ms)| ms).sum();
        Self {
            verdict: report.verdict,
            time: Time {
                build_cpu_ms: prepared.cpu_ms as f64,
                cpu_ms: report.usage.cpu_ms.saturating_sub(prepared.cpu_ms) as f64,
                wall_ms: own,
                build_ms: phase("build"),
                subject_ms: phase("subject"),
            },
            checks: report.checks.into_iter().map(Value::from).collect(),
        }
    }

    /// What the check measured, if it is among them.
    pub fn value(&self, check: &str) -> Option<&Value> {
        self.checks.iter().find(|value| value.id == check)
    }

    /// Ids of the checks that were not met.
    pub fn failed(&self) -> Vec<String> {
        self.checks.iter().filter(|value| !value.passed).map(|value| value.id.clone()).collect()
    }
}
