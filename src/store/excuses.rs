//! Students who are excused from a project: it is not counted for them, and fewer are needed if the
//! excuse says so. Taken back, never erased.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::extensions::GiveError;
use super::foreseen::{Before, Whether};
use super::results::Changed;
use super::{Db, Error, notify};
use crate::course::admission::Needed;
use crate::course::{ExcuseId, PersonId, ProjectNumber, Reason, SemesterName};

/// An excuse, whether it stands or was taken back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Excuse {
    /// Which.
    pub id: ExcuseId,
    /// In which semester.
    pub semester: SemesterName,
    /// From which project.
    pub project: ProjectNumber,
    /// Who.
    pub person: PersonId,
    /// What becomes of the number that is needed.
    pub needed: Needed,
    /// Why.
    pub reason: String,
    /// Given by whom.
    pub given_by: PersonId,
    /// Given when, epoch milliseconds.
    pub given_at: i64,
    /// Taken back by whom.
    pub revoked_by: Option<PersonId>,
    /// Taken back when; none while it stands.
    pub revoked_at: Option<i64>,
}

/// What is to be given.
#[derive(Clone, Debug)]
pub struct NewExcuse {
    /// In which semester.
    pub semester: SemesterName,
    /// From which project.
    pub project: ProjectNumber,
    /// Who.
    pub person: PersonId,
    /// What becomes of the number that is needed.
    pub needed: Needed,
    /// Why.
    pub reason: Reason,
}

const EXCUSE: &str = "SELECT id, semester, project, person, needed, reason, given_by, given_at,
    revoked_by, revoked_at FROM excuses";

/// Excuses a student from a project, or only says what that would change; an earlier excuse from the
/// same that stands ends with it.
///
/// # Errors
/// When project or enrolment are unknown, or it can't be stored.
pub async fn give(
    db: &Db,
    new: &NewExcuse,
    by: &PersonId,
    now: i64,
    whether: Whether,
) -> Result<Vec<Changed>, GiveError> {
    let id = ExcuseId::new();
    let mut tx = db.begin().await?;
    let before = Before::of(&mut tx, &new.semester, Some(&new.person), now).await?;
    tx.run(
        "UPDATE excuses SET revoked_by = $1, revoked_at = $2
         WHERE semester = $3 AND project = $4 AND person = $5 AND revoked_at IS NULL",
        args![by, now, &new.semester, new.project, &new.person],
    )
    .await?;
    let inserted = tx
        .run(
            "INSERT INTO excuses
                 (id, semester, project, person, needed, reason, given_by, given_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![&id, &new.semester, new.project, &new.person, new.needed, &new.reason, by, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_dangling() => return Err(GiveError::Nothing),
        other => other?,
    };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "excuse.give",
        subject: format!("{}/{}/{}", new.semester, new.project, new.person),
        details: json!({ "excuse": id, "needed": new.needed, "reason": new.reason }),
    };
    audit::append(&mut tx, entry).await?;
    notify::admitted(&mut tx, &new.semester, Some(&new.person), now).await?;
    Ok(before.conclude(tx, whether).await?)
}

/// Takes an excuse back: the project counts again, and the semester's number is needed. False if none
/// such stands.
///
/// # Errors
/// When it can't be stored.
pub async fn take_back(db: &Db, id: &ExcuseId, by: &PersonId, now: i64) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let taken: Option<(SemesterName, ProjectNumber, PersonId)> = tx
        .opt(
            "UPDATE excuses SET revoked_by = $1, revoked_at = $2
             WHERE id = $3 AND revoked_at IS NULL RETURNING semester, project, person",
            args![by, now, id],
        )
        .await?;
    let Some((semester, project, person)) = taken else { return Ok(false) };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "excuse.take_back",
        subject: format!("{semester}/{project}/{person}"),
        details: json!({ "excuse": id }),
    };
    audit::append(&mut tx, entry).await?;
    // A pass of this project counts again.
    notify::admitted(&mut tx, &semester, Some(&person), now).await?;
    tx.commit().await?;
    Ok(true)
}

/// The excuse with this id, standing or not.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &ExcuseId) -> Result<Option<Excuse>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{EXCUSE} WHERE id = $1")), args![id]).await
}

/// A student's excuses in a semester, taken back ones included, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_student(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<Excuse>, Error> {
    let sql =
        format!("{EXCUSE} WHERE semester = $1 AND person = $2 ORDER BY given_at DESC, id DESC");
    db.all(sqlx::AssertSqlSafe(sql), args![semester, person]).await
}
