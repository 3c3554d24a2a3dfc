//! Projects whose grading is paused: what is handed in waits, and nothing of it is claimed until it is
//! resumed.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::{PauseId, PersonId, ProjectNumber, Reason, SemesterName};

/// A pause that lasts.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Pause {
    /// In which semester.
    pub semester: SemesterName,
    /// Of which project.
    pub project: ProjectNumber,
    /// Why: students read it too.
    pub reason: String,
    /// By whom.
    pub paused_by: PersonId,
    /// Since when, epoch milliseconds.
    pub paused_at: i64,
}

/// Grading was not paused.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// No such project.
    #[error("there is no such project")]
    NoSuchProject,
    /// It is already.
    #[error("grading of this project is paused already")]
    Already,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

const PAUSE: &str = "SELECT semester, project, reason, paused_by, paused_at FROM pauses";

/// Pauses the grading of a project: what runs is still finished.
///
/// # Errors
/// When there is no such project, it is paused already, or it can't be stored.
pub async fn pause(
    db: &Db,
    semester: &SemesterName,
    project: ProjectNumber,
    reason: &Reason,
    by: &PersonId,
    now: i64,
) -> Result<(), PauseError> {
    let id = PauseId::new();
    let mut tx = db.begin().await?;
    let inserted = tx
        .run(
            "INSERT INTO pauses (id, semester, project, reason, paused_by, paused_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![&id, semester, project, reason, by, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_dangling() => return Err(PauseError::NoSuchProject),
        Err(error) if error.is_twice() => return Err(PauseError::Already),
        other => other?,
    };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "queue.pause",
        subject: format!("{semester}/{project}"),
        details: json!({ "pause": id, "reason": reason }),
    };
    audit::append(&mut tx, entry).await?;
    Ok(tx.commit().await?)
}

/// Resumes the grading of a project. False if it was not paused.
///
/// # Errors
/// When it can't be stored.
pub async fn resume(
    db: &Db,
    semester: &SemesterName,
    project: ProjectNumber,
    by: &PersonId,
    now: i64,
) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let resumed: Option<(PauseId,)> = tx
        .opt(
            "UPDATE pauses SET resumed_by = $1, resumed_at = $2
             WHERE semester = $3 AND project = $4 AND resumed_at IS NULL RETURNING id",
            args![by, now, semester, project],
        )
        .await?;
    let Some((id,)) = resumed else { return Ok(false) };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "queue.resume",
        subject: format!("{semester}/{project}"),
        details: json!({ "pause": id }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// The pause of a project, if its grading is paused.
///
/// # Errors
/// When it can't be read.
pub async fn of_project(
    db: &Db,
    semester: &SemesterName,
    project: ProjectNumber,
) -> Result<Option<Pause>, Error> {
    let sql = format!("{PAUSE} WHERE semester = $1 AND project = $2 AND resumed_at IS NULL");
    db.opt(sqlx::AssertSqlSafe(sql), args![semester, project]).await
}

/// All pauses that last, of one semester or of all.
///
/// # Errors
/// When they can't be read.
pub async fn lasting(db: &Db, semester: Option<&SemesterName>) -> Result<Vec<Pause>, Error> {
    let sql = format!(
        "{PAUSE} WHERE resumed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR semester = $1)
         ORDER BY semester, project"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester]).await
}
