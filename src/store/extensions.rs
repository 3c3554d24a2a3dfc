//! More time for one student and project.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::foreseen::{Before, Whether};
use super::results::Changed;
use super::{Db, Error, Tx, notify};
use crate::course::{ExtensionId, PersonId, ProjectNumber, Reason, SemesterName};

/// An extension, whether it stands or was taken back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Extension {
    /// Which.
    pub id: ExtensionId,
    /// In which semester.
    pub semester: SemesterName,
    /// For which project.
    pub project: ProjectNumber,
    /// For whom.
    pub person: PersonId,
    /// The new due time, epoch milliseconds.
    pub due: i64,
    /// Why.
    pub reason: String,
    /// Given by whom.
    pub given_by: PersonId,
    /// Given when.
    pub given_at: i64,
    /// Taken back by whom.
    pub revoked_by: Option<PersonId>,
    /// Taken back when; none while it stands.
    pub revoked_at: Option<i64>,
}

/// What is to be given.
#[derive(Clone, Debug)]
pub struct NewExtension {
    /// In which semester.
    pub semester: SemesterName,
    /// For which project.
    pub project: ProjectNumber,
    /// For whom.
    pub person: PersonId,
    /// The new due time, epoch milliseconds.
    pub due: i64,
    /// Why.
    pub reason: Reason,
}

/// An extension was not given.
#[derive(Debug, thiserror::Error)]
pub enum GiveError {
    /// No such project, or the person is not enrolled.
    #[error("there is no such project, or the person is not enrolled")]
    Nothing,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Gives more time; an earlier extension that stands for the same student and project ends with it.
/// Late submissions that it covers count from now on.
///
/// # Errors
/// When project or enrolment are unknown, or it can't be stored.
pub async fn give(
    db: &Db,
    new: &NewExtension,
    by: &PersonId,
    now: i64,
) -> Result<ExtensionId, GiveError> {
    let mut tx = db.begin().await?;
    let id = add(&mut tx, new, by, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// Gives all of these, which are of one semester, more time, or none of them; or only says what that
/// would change.
///
/// # Errors
/// When one's project or enrolment are unknown, or it can't be stored.
pub async fn give_all(
    db: &Db,
    semester: &SemesterName,
    all: &[NewExtension],
    by: &PersonId,
    now: i64,
    whether: Whether,
) -> Result<Vec<Changed>, GiveError> {
    let mut tx = db.begin().await?;
    let before = Before::of(&mut tx, semester, None, now).await?;
    for new in all {
        add(&mut tx, new, by, now).await?;
    }
    Ok(before.conclude(tx, whether).await?)
}

async fn add(
    tx: &mut Tx,
    new: &NewExtension,
    by: &PersonId,
    now: i64,
) -> Result<ExtensionId, GiveError> {
    let id = ExtensionId::new();
    tx.run(
        "UPDATE extensions SET revoked_by = $1, revoked_at = $2
         WHERE semester = $3 AND project = $4 AND person = $5 AND revoked_at IS NULL",
        args![by, now, &new.semester, new.project, &new.person],
    )
    .await?;
    let inserted = tx
        .run(
            "INSERT INTO extensions
                 (id, semester, project, person, due, reason, given_by, given_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![&id, &new.semester, new.project, &new.person, new.due, &new.reason, by, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_dangling() => return Err(GiveError::Nothing),
        other => other?,
    };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "extension.give",
        subject: format!("{}/{}/{}", new.semester, new.project, new.person),
        details: json!({ "extension": id, "due": new.due, "reason": new.reason }),
    };
    audit::append(tx, entry).await?;
    notify::extended(tx, new, &id, now).await?;
    Ok(id)
}

/// All extensions that stand in a semester, by project, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn standing(db: &Db, semester: &SemesterName) -> Result<Vec<Extension>, Error> {
    db.all(
        "SELECT id, semester, project, person, due, reason, given_by, given_at, revoked_by,
             revoked_at FROM extensions
         WHERE semester = $1 AND revoked_at IS NULL ORDER BY project, given_at DESC, id DESC",
        args![semester],
    )
    .await
}

/// Takes an extension back; what was handed in on time under it stays on time. False if none such
/// stands.
///
/// # Errors
/// When it can't be stored.
pub async fn take_back(db: &Db, id: &ExtensionId, by: &PersonId, now: i64) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let taken: Option<(SemesterName, ProjectNumber, PersonId)> = tx
        .opt(
            "UPDATE extensions SET revoked_by = $1, revoked_at = $2
             WHERE id = $3 AND revoked_at IS NULL RETURNING semester, project, person",
            args![by, now, id],
        )
        .await?;
    let Some((semester, project, person)) = taken else { return Ok(false) };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "extension.take_back",
        subject: format!("{semester}/{project}/{person}"),
        details: json!({ "extension": id }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// The extension with this id, standing or not.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &ExtensionId) -> Result<Option<Extension>, Error> {
    db.opt(
        "SELECT id, semester, project, person, due, reason, given_by, given_at, revoked_by,
             revoked_at FROM extensions WHERE id = $1",
        args![id],
    )
    .await
}

/// A student's extensions in a semester, taken back ones included, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_student(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<Extension>, Error> {
    db.all(
        "SELECT id, semester, project, person, due, reason, given_by, given_at, revoked_by,
             revoked_at FROM extensions
         WHERE semester = $1 AND person = $2 ORDER BY given_at DESC, id DESC",
        args![semester, person],
    )
    .await
}
