//! The queue as people look at it, and what they do with a grading that needs attention.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::queue::Cause;
use super::{Db, Error};
use crate::course::result::GradingState;
use crate::course::{GradingId, PersonId, ProjectNumber, RegradeId, SemesterName, SubmissionId};

/// A grading that has no verdict yet.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct InQueue {
    /// Which.
    pub grading: GradingId,
    /// Of which submission.
    pub submission: SubmissionId,
    /// In which semester.
    pub semester: SemesterName,
    /// Of which project.
    pub project: ProjectNumber,
    /// Whose.
    pub person: PersonId,
    /// First name.
    pub first_name: String,
    /// Family name.
    pub family_name: String,
    /// Why it was queued.
    pub cause: Cause,
    /// The regrade that it belongs to, if it is run beside.
    pub regrade: Option<RegradeId>,
    /// Where it stands.
    pub state: GradingState,
    /// Since when it was to be done, epoch milliseconds.
    pub queued_at: i64,
    /// Not tried before, epoch milliseconds.
    pub not_before: i64,
    /// When a worker last began it.
    pub started_at: Option<i64>,
    /// Which worker had or has it.
    pub worker: Option<String>,
    /// How often it ended through our fault.
    pub faults: i64,
    /// The last fault.
    pub fault: Option<String>,
}

/// How many gradings there are in a state, and how many at most are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The first of them.
    pub listed: Vec<InQueue>,
    /// All.
    pub count: i64,
}

/// The gradings in `state` of one semester or of all, in the order in which they were queued, uploads
/// first; at most `limit` are listed.
///
/// # Errors
/// When they can't be read.
pub async fn part(
    db: &Db,
    semester: Option<&SemesterName>,
    state: GradingState,
    limit: u32,
) -> Result<Part, Error> {
    let listed = db
        .all(
            "SELECT g.id AS grading, g.submission, g.semester, g.project, g.person, h.first_name,
                 h.family_name, g.cause, g.regrade, g.state, g.queued_at, g.not_before,
                 g.started_at, g.worker, g.faults, g.fault
             FROM gradings g JOIN people h ON h.id = g.person
             WHERE g.state = $1 AND g.superseded_by IS NULL
               AND (CAST($2 AS TEXT) IS NULL OR g.semester = $2)
             ORDER BY CASE g.cause WHEN 'upload' THEN 0 ELSE 1 END, g.queued_at, g.id LIMIT $3",
            args![state, semester, limit],
        )
        .await?;
    let (count,) = db
        .one(
            "SELECT COUNT(*) FROM gradings WHERE state = $1 AND superseded_by IS NULL
                 AND (CAST($2 AS TEXT) IS NULL OR semester = $2)",
            args![state, semester],
        )
        .await?;
    Ok(Part { listed, count })
}

/// Tries the grading of a submission that needs attention again, as often as a new one. False if none
/// does that counts.
///
/// # Errors
/// When it can't be stored.
pub async fn retry(
    db: &Db,
    submission: &SubmissionId,
    by: &PersonId,
    now: i64,
) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let retried: Option<(GradingId,)> = tx
        .opt(
            "UPDATE gradings SET state = 'waiting', faults = 0, not_before = $1
             WHERE submission = $2 AND state = 'needs_attention' AND counts RETURNING id",
            args![now, submission],
        )
        .await?;
    let Some((grading,)) = retried else { return Ok(false) };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "grading.retry",
        subject: submission.to_string(),
        details: json!({ "grading": grading }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}
