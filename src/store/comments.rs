//! What instructors say of single lines of a submission. Taken back, never erased.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::{CommentId, PersonId, Remark, SubmissionId};

/// A comment, whether it stands or was taken back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Comment {
    /// Which.
    pub id: CommentId,
    /// On which submission.
    pub submission: SubmissionId,
    /// On which of its files.
    pub file: String,
    /// On which line, from 1.
    pub line: i64,
    /// By whom.
    pub author: PersonId,
    /// Their names.
    pub first_name: String,
    /// Their names.
    pub family_name: String,
    /// What it says.
    pub text: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// Taken back when; none while it stands.
    pub withdrawn_at: Option<i64>,
}

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file's path.
    pub file: &'a str,
    /// The line, from 1.
    pub line: i64,
}

const COMMENT: &str = "SELECT c.id, c.submission, c.file, c.line, c.author, p.first_name,
    p.family_name, c.text, c.at, c.withdrawn_at
    FROM line_comments c JOIN people p ON p.id = c.author";

/// Writes a comment. Whether there is such a line, whoever has read the archive knows.
///
/// # Errors
/// When it can't be stored.
pub async fn write(
    db: &Db,
    submission: &SubmissionId,
    place: Place<'_>,
    text: &Remark,
    author: &PersonId,
    now: i64,
) -> Result<CommentId, Error> {
    let id = CommentId::new();
    let Place { file, line } = place;
    let mut tx = db.begin().await?;
    tx.run(
        "INSERT INTO line_comments (id, submission, file, line, author, text, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![&id, submission, file, line, author, text, now],
    )
    .await?;
    let entry = Entry {
        at: now,
        actor: Some(author),
        action: "comment.write",
        subject: submission.to_string(),
        details: json!({ "comment": id, "file": file, "line": line, "text": text }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// Takes a comment back. False if none such stands.
///
/// # Errors
/// When it can't be stored.
pub async fn take_back(db: &Db, id: &CommentId, by: &PersonId, now: i64) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let taken: Option<(SubmissionId,)> = tx
        .opt(
            "UPDATE line_comments SET withdrawn_by = $1, withdrawn_at = $2
             WHERE id = $3 AND withdrawn_at IS NULL RETURNING submission",
            args![by, now, id],
        )
        .await?;
    let Some((submission,)) = taken else { return Ok(false) };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "comment.take_back",
        subject: submission.to_string(),
        details: json!({ "comment": id }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// The comment with this id, standing or not.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &CommentId) -> Result<Option<Comment>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{COMMENT} WHERE c.id = $1")), args![id]).await
}

/// All comments on a submission, taken back ones included, in the order of the lines.
///
/// # Errors
/// When they can't be read.
pub async fn of_submission(db: &Db, submission: &SubmissionId) -> Result<Vec<Comment>, Error> {
    let sql = format!("{COMMENT} WHERE c.submission = $1 ORDER BY c.file, c.line, c.at, c.id");
    db.all(sqlx::AssertSqlSafe(sql), args![submission]).await
}

/// How many comments on a submission stand.
///
/// # Errors
/// When they can't be counted.
pub async fn standing(db: &Db, submission: &SubmissionId) -> Result<i64, Error> {
    let (count,) = db
        .one(
            "SELECT COUNT(*) FROM line_comments WHERE submission = $1 AND withdrawn_at IS NULL",
            args![submission],
        )
        .await?;
    Ok(count)
}
