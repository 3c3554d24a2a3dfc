//! From what a harness said to a verdict: pure, and strict, since the absence of a fault is no pass.

use testat_kit::report::{Check, Comparison, Verdict};

use super::graders::{CheckRule, Project};

/// Why what a harness said is not taken for a verdict. Our fault, never the student's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrue {
    /// It checked something else than the project says.
    #[error("the harness decided the checks {said:?}, the project has {has:?}")]
    OtherChecks {
        /// What it decided.
        said: Vec<String>,
        /// What the project lists.
        has: Vec<String>,
    },
    /// A check's own outcome contradicts its value.
    #[error("check `{0}` says passed, its value says otherwise")]
    Contradiction(String),
    /// A check was held against another threshold.
    #[error("check `{0}` was held against another threshold or comparison than the project's")]
    OtherThreshold(String),
    /// The verdict is not what the checks say.
    #[error("the harness said {0:?}, its checks say otherwise")]
    OtherVerdict(Verdict),
}

/// Passed when every check passed, and never on no checks at all.
pub fn of(checks: &[Check]) -> Verdict {
    if !checks.is_empty() && checks.iter().all(|check| check.passed) {
        Verdict::Passed
    } else {
        Verdict::Failed
    }
}

/// Puts the harness's checks into the project's order, after holding them and its verdict against
/// the project's rules.
pub fn agree(
    project: &Project,
    mut checks: Vec<Check>,
    said: Verdict,
) -> Result<Vec<Check>, Untrue> {
    let place = |id: &str| project.checks.iter().position(|rule| rule.id == id);
    checks.sort_by_key(|check| place(&check.id));
    let ids = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let said_ids = ids(checks.iter().map(|check| check.id.as_str()).collect());
    let has = ids(project.checks.iter().map(|rule| rule.id.as_str()).collect());
    if said_ids != has {
        return Err(Untrue::OtherChecks { said: said_ids, has });
    }
    for (check, rule) in checks.iter().zip(&project.checks) {
        holds_together(check, rule)?;
    }
    if of(&checks) == said { Ok(checks) } else { Err(Untrue::OtherVerdict(said)) }
}

fn holds_together(check: &Check, rule: &CheckRule) -> Result<(), Untrue> {
    if check.threshold != rule.threshold || check.comparison != rule.comparison {
        return Err(Untrue::OtherThreshold(check.id.clone()));
    }
    let met = check.value.is_some_and(|value| check.comparison.holds(value, check.threshold));
    if check.passed && !met {
        return Err(Untrue::Contradiction(check.id.clone()));
    }
    Ok(())
}

/// All checks of a project failed for one reason that came before any of them.
pub fn all_failed(project: &Project, message: &str) -> Vec<Check> {
    let failed = |rule: &CheckRule| Check {
        id: rule.id.clone(),
        title: rule.title.clone(),
        passed: false,
        value: None,
        comparison: rule.comparison,
        threshold: rule.threshold,
        message: message.to_owned(),
    };
    project.checks.iter().map(failed).collect()
}

/// The check that a program compiles, which comes before the project's own.
pub fn build_check(passed: bool, exit: Option<i32>, message: String) -> Check {
    Check {
        id: "build".to_owned(),
        title: "Build".to_owned(),
        passed,
        value: exit.map(f64::from),
        comparison: Comparison::Exactly,
        threshold: 0.0,
        message,
    }
}
