//! Decisions of people in place of computed results and admissions. Taken back, never erased.

use serde_json::json;

use super::arg::{Arg, args};
use super::audit::{self, Entry};
use super::{Db, Error, notify};
use crate::course::admission::Decision;
use crate::course::{OverrideId, PersonId, ProjectNumber, Reason, SemesterName, Verdict};

/// What is decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A result.
    Result(ProjectNumber, Verdict),
    /// An admission.
    Admission(Decision),
}

/// An override, whether it stands or was taken back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Override {
    /// Which.
    pub id: OverrideId,
    /// In which semester.
    pub semester: SemesterName,
    /// For whom.
    pub person: PersonId,
    /// Of which project's result; none for the admission.
    pub project: Option<ProjectNumber>,
    /// `passed`, `failed`, `admitted` or `not_admitted`.
    pub decision: String,
    /// Why.
    pub reason: String,
    /// Decided by whom.
    pub decided_by: PersonId,
    /// Decided when, epoch milliseconds.
    pub decided_at: i64,
    /// Taken back by whom.
    pub revoked_by: Option<PersonId>,
    /// Taken back when; none while it stands.
    pub revoked_at: Option<i64>,
}

/// An override was not made.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such project, or the person is not enrolled.
    #[error("there is no such project, or the person is not enrolled")]
    Nothing,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

const OVERRIDE: &str = "SELECT id, semester, person, project, decision, reason, decided_by,
    decided_at, revoked_by, revoked_at FROM overrides";

/// Decides a result or an admission; an earlier decision on the same that stands ends with it.
///
/// # Errors
/// When project or enrolment are unknown, or it can't be stored.
pub async fn decide(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
    what: What,
    reason: &Reason,
    by: &PersonId,
    now: i64,
) -> Result<OverrideId, DecideError> {
    let (project, decision, action) = match what {
        What::Result(number, verdict) => (Some(number), verdict.as_str(), "result.override"),
        What::Admission(decision) => (None, decision.as_str(), "admission.override"),
    };
    let id = OverrideId::new();
    let number = Arg::from(project.map(ProjectNumber::get));
    let mut tx = db.begin().await?;
    tx.run(
        "UPDATE overrides SET revoked_by = $1, revoked_at = $2
         WHERE semester = $3 AND person = $4 AND revoked_at IS NULL
           AND COALESCE(project, 0) = COALESCE($5, 0)",
        args![by, now, semester, person, number.clone()],
    )
    .await?;
    let inserted = tx
        .run(
            "INSERT INTO overrides
                 (id, semester, person, project, decision, reason, decided_by, decided_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![&id, semester, person, number, decision, reason, by, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_dangling() => return Err(DecideError::Nothing),
        other => other?,
    };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action,
        subject: subject(semester, project, person),
        details: json!({ "override": id, "decision": decision, "reason": reason }),
    };
    audit::append(&mut tx, entry).await?;
    let result = match what {
        What::Result(number, verdict) => Some((number, verdict)),
        What::Admission(_) => None,
    };
    notify::decided(&mut tx, (semester, person), result, &id, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// Takes an override back: what is computed holds again. False if none such stands.
///
/// # Errors
/// When it can't be stored.
pub async fn take_back(db: &Db, id: &OverrideId, by: &PersonId, now: i64) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let taken: Option<(SemesterName, PersonId, Option<ProjectNumber>)> = tx
        .opt(
            "UPDATE overrides SET revoked_by = $1, revoked_at = $2
             WHERE id = $3 AND revoked_at IS NULL RETURNING semester, person, project",
            args![by, now, id],
        )
        .await?;
    let Some((semester, person, project)) = taken else { return Ok(false) };
    let action = if project.is_some() {
        "result.take_back_override"
    } else {
        "admission.take_back_override"
    };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action,
        subject: subject(&semester, project, &person),
        details: json!({ "override": id }),
    };
    audit::append(&mut tx, entry).await?;
    notify::admitted(&mut tx, &semester, Some(&person), now).await?;
    tx.commit().await?;
    Ok(true)
}

/// The override with this id, standing or not.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &OverrideId) -> Result<Option<Override>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{OVERRIDE} WHERE id = $1")), args![id]).await
}

/// All overrides for one student in a semester, taken back ones included, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_student(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<Override>, Error> {
    let sql =
        format!("{OVERRIDE} WHERE semester = $1 AND person = $2 ORDER BY decided_at DESC, id DESC");
    db.all(sqlx::AssertSqlSafe(sql), args![semester, person]).await
}

/// All overrides that stand in a semester, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn standing(db: &Db, semester: &SemesterName) -> Result<Vec<Override>, Error> {
    let sql = format!(
        "{OVERRIDE} WHERE semester = $1 AND revoked_at IS NULL ORDER BY decided_at DESC, id DESC"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester]).await
}

fn subject(semester: &SemesterName, project: Option<ProjectNumber>, person: &PersonId) -> String {
    match project {
        Some(number) => format!("{semester}/{number}/{person}"),
        None => format!("{semester}/{person}"),
    }
}
