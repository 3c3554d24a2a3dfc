//! What gradings have taken: what those that wait are told to expect.

use super::arg::args;
use super::{Db, Error};
use crate::course::{Language, Slug};

/// Milliseconds from claim to verdict of the last gradings that count of a project in a language, of whatever
/// semester, newest first and at most `limit`.
///
/// # Errors
/// When they can't be read.
pub async fn of_project(
    db: &Db,
    project: &Slug,
    language: Language,
    limit: u32,
) -> Result<Vec<i64>, Error> {
    let rows: Vec<(i64,)> = db
        .all(
            "SELECT g.finished_at - g.started_at FROM gradings g
             JOIN submissions s ON s.id = g.submission
             JOIN projects p ON p.semester = g.semester AND p.number = g.project
             WHERE g.state = 'done' AND g.counts AND g.started_at IS NOT NULL AND p.slug = $1
                 AND s.language = $2
             ORDER BY g.finished_at DESC LIMIT $3",
            args![project, language, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(duration,)| duration).collect())
}
