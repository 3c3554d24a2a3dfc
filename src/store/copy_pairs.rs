//! Pairs that a search for copies found, and what was decided about them: that somebody has looked.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::{
    CopyPairId, CopyReviewId, CopyRunId, PersonId, ProjectNumber, Remark, SemesterName,
    SubmissionId,
};

/// A pair with who it is about.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Pair {
    /// Which.
    pub id: CopyPairId,
    /// Found for this semester.
    pub semester: SemesterName,
    /// Found for this project.
    pub project: ProjectNumber,
    /// One submission, of the semester.
    pub left_one: SubmissionId,
    /// Whose.
    pub left_person: PersonId,
    /// Whose, by name.
    pub left_name: String,
    /// The other one.
    pub right_one: SubmissionId,
    /// Whose.
    pub right_person: PersonId,
    /// Whose, by name.
    pub right_name: String,
    /// Handed in when the course ran so: may be an earlier semester.
    pub right_semester: SemesterName,
    /// How much of the one is in the other, in thousandths.
    pub left_share: i64,
    /// The other way round.
    pub right_share: i64,
    /// Tokens in common.
    pub matched: i64,
    /// The review that stands.
    pub review: Option<CopyReviewId>,
}

/// A review, standing or taken back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Review {
    /// Which.
    pub id: CopyReviewId,
    /// What was noted.
    pub note: String,
    /// By whom, by name.
    pub reviewer: String,
    /// When, epoch milliseconds.
    pub reviewed_at: i64,
    /// Taken back when; none while it stands.
    pub withdrawn_at: Option<i64>,
}

const PAIR: &str = "SELECT c.id, r.semester, r.project, c.left_one, l.person AS left_person,
    lp.first_name || ' ' || lp.family_name AS left_name, c.right_one, o.person AS right_person,
    op.first_name || ' ' || op.family_name AS right_name, o.semester AS right_semester,
    c.left_share, c.right_share, c.matched, v.id AS review
    FROM copy_pairs c
    JOIN copy_runs r ON r.id = c.run
    JOIN submissions l ON l.id = c.left_one JOIN people lp ON lp.id = l.person
    JOIN submissions o ON o.id = c.right_one JOIN people op ON op.id = o.person
    LEFT JOIN copy_reviews v ON v.left_one = c.left_one AND v.right_one = c.right_one
     AND v.withdrawn_at IS NULL";

/// The pairs of a search, those with the largest share first.
///
/// # Errors
/// When they can't be read.
pub async fn of_run(db: &Db, run: &CopyRunId) -> Result<Vec<Pair>, Error> {
    let sql = format!(
        "{PAIR} WHERE c.run = $1
         ORDER BY CASE WHEN c.left_share > c.right_share THEN c.left_share ELSE c.right_share END DESC,
             c.matched DESC, c.id"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![run]).await
}

/// The pair with this id, and its parts as JSON.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &CopyPairId) -> Result<Option<(Pair, String)>, Error> {
    let pair: Option<Pair> =
        db.opt(sqlx::AssertSqlSafe(format!("{PAIR} WHERE c.id = $1")), args![id]).await?;
    let parts: Option<(String,)> =
        db.opt("SELECT parts FROM copy_pairs WHERE id = $1", args![id]).await?;
    Ok(pair.zip(parts.map(|(parts,)| parts)))
}

/// All reviews of two submissions, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn reviews(db: &Db, pair: &Pair) -> Result<Vec<Review>, Error> {
    db.all(
        "SELECT v.id, v.note, p.first_name || ' ' || p.family_name AS reviewer, v.reviewed_at,
             v.withdrawn_at
         FROM copy_reviews v JOIN people p ON p.id = v.reviewed_by
         WHERE v.left_one = $1 AND v.right_one = $2 ORDER BY v.reviewed_at DESC, v.id DESC",
        args![&pair.left_one, &pair.right_one],
    )
    .await
}

/// Marks two submissions as looked at. False if they are already.
///
/// # Errors
/// When it can't be stored.
pub async fn review(
    db: &Db,
    pair: &Pair,
    note: Option<&Remark>,
    by: &PersonId,
    now: i64,
) -> Result<bool, Error> {
    let id = CopyReviewId::new();
    let note = note.map_or("", Remark::as_str);
    let mut tx = db.begin().await?;
    let inserted = tx
        .run(
            "INSERT INTO copy_reviews (id, left_one, right_one, note, reviewed_by, reviewed_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![&id, &pair.left_one, &pair.right_one, note, by, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_twice() => return Ok(false),
        other => other?,
    };
    let details = json!({ "review": id, "right": pair.right_one, "note": note });
    audit::append(&mut tx, entry(pair, "copies.review", details, by, now)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Takes the review of two submissions back. False if none stands.
///
/// # Errors
/// When it can't be stored.
pub async fn take_back_review(
    db: &Db,
    pair: &Pair,
    by: &PersonId,
    now: i64,
) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let taken: Option<(CopyReviewId,)> = tx
        .opt(
            "UPDATE copy_reviews SET withdrawn_by = $1, withdrawn_at = $2
             WHERE left_one = $3 AND right_one = $4 AND withdrawn_at IS NULL RETURNING id",
            args![by, now, &pair.left_one, &pair.right_one],
        )
        .await?;
    let Some((id,)) = taken else { return Ok(false) };
    let details = json!({ "review": id, "right": pair.right_one });
    audit::append(&mut tx, entry(pair, "copies.take_back_review", details, by, now)).await?;
    tx.commit().await?;
    Ok(true)
}

fn entry<'a>(
    pair: &Pair,
    action: &'static str,
    details: serde_json::Value,
    by: &'a PersonId,
    now: i64,
) -> Entry<'a> {
    Entry { at: now, actor: Some(by), action, subject: pair.left_one.to_string(), details }
}
