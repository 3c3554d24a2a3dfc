//! What a decision changes: where a student stands without it, held against where they stand with it.

use serde::{Deserialize, Serialize};

use super::admission::{Admission, State};
use super::result::ProjectResult;
use super::{ProjectNumber, Verdict};

/// All that counts for one student at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The results, in order of the projects.
    pub projects: &'a [ProjectResult],
    /// Whether they may sit the exam.
    pub admission: &'a Admission,
}

/// A result that becomes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultChange {
    /// Of which project.
    pub project: ProjectNumber,
    /// The verdict without the decision.
    pub from: Option<Verdict>,
    /// The verdict with it.
    pub to: Option<Verdict>,
}

/// An admission that becomes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmissionChange {
    /// The state without the decision.
    pub from: State,
    /// The state with it.
    pub to: State,
}

/// What becomes another for one student.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The results that do, in order of the projects.
    pub results: Vec<ResultChange>,
    /// The admission, if it does.
    pub admission: Option<AdmissionChange>,
}

/// What differs between two standings of one student; none if nothing does.
pub fn between(before: Standing<'_>, after: Standing<'_>) -> Option<Change> {
    let results: Vec<ResultChange> = before
        .projects
        .iter()
        .zip(after.projects)
        .filter(|(before, after)| before.verdict != after.verdict)
        .map(|(before, after)| ResultChange {
            project: before.number,
            from: before.verdict,
            to: after.verdict,
        })
        .collect();
    let (from, to) = (before.admission.state, after.admission.state);
    let admission = (from != to).then_some(AdmissionChange { from, to });
    (!results.is_empty() || admission.is_some()).then_some(Change { results, admission })
}
