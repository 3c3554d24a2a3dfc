//! Late submissions that count as if they had been on time, by decision. Taken back, never erased.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error, notify};
use crate::course::{AcceptanceId, PersonId, ProjectNumber, Reason, SemesterName, SubmissionId};

/// An acceptance, whether it stands or was taken back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Acceptance {
    /// Which.
    pub id: AcceptanceId,
    /// Of which submission.
    pub submission: SubmissionId,
    /// In which semester.
    pub semester: SemesterName,
    /// For which project.
    pub project: ProjectNumber,
    /// Whose submission.
    pub person: PersonId,
    /// Which of this student and project, from 1.
    pub number: i64,
    /// Why.
    pub reason: String,
    /// Given by whom.
    pub given_by: PersonId,
    /// Given when, epoch milliseconds.
    pub given_at: i64,
    /// Taken back when; none while it stands.
    pub revoked_at: Option<i64>,
}

/// A submission was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// No such submission.
    #[error("there is no such submission")]
    NoSuchSubmission,
    /// It came on time.
    #[error("this submission came on time and counts anyway")]
    OnTime,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

const ACCEPTANCE: &str = "SELECT a.id, a.submission, s.semester, s.project, s.person, s.number,
    a.reason, a.given_by, a.given_at, a.revoked_at
    FROM acceptances a JOIN submissions s ON s.id = a.submission";

/// Lets a late submission count; an earlier acceptance of it that stands ends with it.
///
/// # Errors
/// When it is unknown or was not late, or it can't be stored.
pub async fn give(
    db: &Db,
    submission: &SubmissionId,
    reason: &Reason,
    by: &PersonId,
    now: i64,
) -> Result<AcceptanceId, AcceptError> {
    let id = AcceptanceId::new();
    let mut tx = db.begin().await?;
    let handed: Option<(bool, SemesterName, PersonId)> = tx
        .opt("SELECT late, semester, person FROM submissions WHERE id = $1", args![submission])
        .await?;
    let (semester, person) = match handed {
        None => return Err(AcceptError::NoSuchSubmission),
        Some((false, ..)) => return Err(AcceptError::OnTime),
        Some((true, semester, person)) => (semester, person),
    };
    tx.run(
        "UPDATE acceptances SET revoked_by = $1, revoked_at = $2
         WHERE submission = $3 AND revoked_at IS NULL",
        args![by, now, submission],
    )
    .await?;
    tx.run(
        "INSERT INTO acceptances (id, submission, reason, given_by, given_at)
         VALUES ($1, $2, $3, $4, $5)",
        args![&id, submission, reason, by, now],
    )
    .await?;
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "submission.accept_late",
        subject: submission.to_string(),
        details: json!({ "acceptance": id, "reason": reason }),
    };
    audit::append(&mut tx, entry).await?;
    notify::admitted(&mut tx, &semester, Some(&person), now).await?;
    tx.commit().await?;
    Ok(id)
}

/// Takes an acceptance back: the submission is late again. False if none such stands.
///
/// # Errors
/// When it can't be stored.
pub async fn take_back(db: &Db, id: &AcceptanceId, by: &PersonId, now: i64) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let taken: Option<(SubmissionId,)> = tx
        .opt(
            "UPDATE acceptances SET revoked_by = $1, revoked_at = $2
             WHERE id = $3 AND revoked_at IS NULL RETURNING submission",
            args![by, now, id],
        )
        .await?;
    let Some((submission,)) = taken else { return Ok(false) };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "submission.take_back_acceptance",
        subject: submission.to_string(),
        details: json!({ "acceptance": id }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// The acceptance with this id, standing or not.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &AcceptanceId) -> Result<Option<Acceptance>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{ACCEPTANCE} WHERE a.id = $1")), args![id]).await
}

/// The acceptances of a student's submissions in a semester, taken back ones included, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_student(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<Acceptance>, Error> {
    let sql = format!(
        "{ACCEPTANCE} WHERE s.semester = $1 AND s.person = $2 ORDER BY a.given_at DESC, a.id DESC"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester, person]).await
}
