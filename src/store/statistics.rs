//! What a semester's students have done, counted.

use super::arg::args;
use super::{Db, Error};
use crate::course::{PersonId, ProjectNumber, SemesterName};

/// Submissions of a project within one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Hour {
    /// To which project.
    pub project: ProjectNumber,
    /// Hours since the epoch.
    pub hour: i64,
    /// Whether they came late.
    pub late: bool,
    /// How many.
    pub count: i64,
}

/// Submissions of a semester by project, hour and lateness, in order of time. An hour lies within one
/// local day wherever an offset is of whole hours, as Zurich's is.
///
/// # Errors
/// When they can't be read.
pub async fn per_hour(db: &Db, semester: &SemesterName) -> Result<Vec<Hour>, Error> {
    db.all(
        "SELECT project, received_at / 3600000 AS hour, late, COUNT(*) AS count
         FROM submissions WHERE semester = $1
         GROUP BY project, received_at / 3600000, late ORDER BY hour, project, late",
        args![semester],
    )
    .await
}

/// A student's first submission of a project that passed, if it was on time.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct FirstPass {
    /// Which project.
    pub project: ProjectNumber,
    /// Whose.
    pub person: PersonId,
    /// When it came, epoch milliseconds.
    pub received_at: i64,
    /// Which of the student's submissions of the project it was, from 1.
    pub number: i64,
}

/// The first pass of each student in each project.
///
/// # Errors
/// When they can't be read.
pub async fn first_passes(db: &Db, semester: &SemesterName) -> Result<Vec<FirstPass>, Error> {
    db.all(
        "SELECT s.project, s.person, MIN(s.received_at) AS received_at, MIN(s.number) AS number
         FROM submissions s JOIN gradings g ON g.submission = s.id
         WHERE s.semester = $1 AND g.state = 'done' AND g.verdict = 'passed' AND g.counts
             AND (NOT s.late OR EXISTS (SELECT 1 FROM acceptances a
                 WHERE a.submission = s.id AND a.revoked_at IS NULL))
         GROUP BY s.project, s.person ORDER BY s.project, received_at, s.person",
        args![semester],
    )
    .await
}

/// How much was handed in to a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HandedIn {
    /// To which project.
    pub project: ProjectNumber,
    /// By how many students.
    pub students: i64,
    /// How many submissions.
    pub submissions: i64,
}

/// What was handed in to each project that anything was handed in to.
///
/// # Errors
/// When it can't be read.
pub async fn handed_in(db: &Db, semester: &SemesterName) -> Result<Vec<HandedIn>, Error> {
    db.all(
        "SELECT project, COUNT(DISTINCT person) AS students, COUNT(*) AS submissions
         FROM submissions WHERE semester = $1 GROUP BY project ORDER BY project",
        args![semester],
    )
    .await
}

/// Gradings of a project that failed by the same checks.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct FailedBy {
    /// Which project.
    pub project: ProjectNumber,
    /// Ids of the checks, a space between each.
    pub failed: String,
    /// How many gradings.
    pub count: i64,
}

/// The checks by which gradings failed.
///
/// # Errors
/// When they can't be read.
pub async fn failed_by(db: &Db, semester: &SemesterName) -> Result<Vec<FailedBy>, Error> {
    db.all(
        "SELECT g.project, r.failed, COUNT(*) AS count
         FROM gradings g JOIN reports r ON r.grading = g.id
         WHERE g.semester = $1 AND g.state = 'done' AND g.verdict = 'failed' AND g.counts
         GROUP BY g.project, r.failed ORDER BY g.project, r.failed",
        args![semester],
    )
    .await
}
