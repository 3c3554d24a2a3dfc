//! What becomes of a regrade: applied, discarded, undone; and what is done with gradings of it that
//! need attention.

use serde_json::json;

use super::{REGRADE, Regrade, State};
use crate::course::{GradingId, PersonId, RegradeId};
use crate::store::arg::args;
use crate::store::audit::{self, Entry};
use crate::store::results::{self, Changed};
use crate::store::{Db, Error, Tx, notify};

/// A regrade was not decided.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// It has been decided, or there is no such one.
    #[error("this regrade is {found}, so that can't be done with it any more")]
    Decided {
        /// Where it stands.
        found: State,
    },
    /// No such regrade.
    #[error("there is no such regrade")]
    NoSuchRegrade,
    /// Some of its gradings have no verdict.
    #[error(
        "{count} of its gradings have no verdict yet: wait for them, or leave out those that need \
         attention"
    )]
    Unfinished {
        /// How many.
        count: i64,
    },
    /// Another one was applied since.
    #[error("a later regrade was applied on top of this one: undo that one first")]
    Overtaken,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Makes the gradings of a regrade count in place of those before them, all or none; says for whom
/// what becomes another.
///
/// # Errors
/// When it has been decided or some of its gradings have no verdict, or it can't be stored.
pub async fn apply(
    db: &Db,
    id: &RegradeId,
    by: &PersonId,
    now: i64,
) -> Result<Vec<Changed>, DecisionError> {
    let mut tx = db.begin().await?;
    let regrade = decide(&mut tx, id, State::Applied, by, now).await?;
    let count = super::progress_in(&mut tx, id).await?.unfinished();
    if count > 0 {
        return Err(DecisionError::Unfinished { count });
    }
    let before = results::admissions_in(&mut tx, &regrade.semester, None, now).await?;
    let superseded: Vec<(GradingId,)> = tx
        .all(
            "UPDATE gradings SET counts = FALSE, superseded_by = $1
             WHERE counts AND EXISTS (SELECT 1 FROM gradings n WHERE n.regrade = $1
                 AND n.state = 'done' AND n.submission = gradings.submission
                 AND n.number > gradings.number) RETURNING id",
            args![id],
        )
        .await?;
    tx.run("UPDATE gradings SET counts = TRUE WHERE regrade = $1 AND state = 'done'", args![id])
        .await?;
    let after = results::admissions_in(&mut tx, &regrade.semester, None, now).await?;
    let changes = results::changes(&before, &after);
    let details = json!({ "superseded": ids(superseded), "changes": changes });
    log(&mut tx, "regrade.apply", id, by, now, details).await?;
    notify::regraded(&mut tx, &regrade, false, &changes, now).await?;
    tx.commit().await?;
    Ok(changes)
}

/// Ends a regrade without anything changing: what of it was not graded yet is not graded any more, and
/// what was stays in the history.
///
/// # Errors
/// When it has been decided, or it can't be stored.
pub async fn discard(
    db: &Db,
    id: &RegradeId,
    by: &PersonId,
    now: i64,
) -> Result<(), DecisionError> {
    let mut tx = db.begin().await?;
    decide(&mut tx, id, State::Discarded, by, now).await?;
    // A worker at one of them finds that its lease is lost, and stops.
    tx.run(
        "UPDATE gradings SET state = 'replaced', lease_until = NULL, progress = NULL
         WHERE regrade = $1 AND state IN ('waiting', 'running', 'needs_attention')",
        args![id],
    )
    .await?;
    log(&mut tx, "regrade.discard", id, by, now, json!({})).await?;
    Ok(tx.commit().await?)
}

/// Takes an applied regrade back: what counted before it counts again, and its own gradings don't.
///
/// # Errors
/// When it is not applied or a later one was applied on top of it, or it can't be stored.
pub async fn undo(db: &Db, id: &RegradeId, by: &PersonId, now: i64) -> Result<(), DecisionError> {
    let mut tx = db.begin().await?;
    let undone = tx
        .run(
            "UPDATE regrades SET state = 'undone', undone_by = $1, undone_at = $2
             WHERE id = $3 AND state = 'applied'",
            args![by, now, id],
        )
        .await?;
    if undone == 0 {
        return Err(why_not(&mut tx, id).await?);
    }
    let (overtaken,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM gradings WHERE regrade = $1 AND superseded_by IS NOT NULL",
            args![id],
        )
        .await?;
    if overtaken > 0 {
        return Err(DecisionError::Overtaken);
    }
    let sql = format!("{REGRADE} WHERE id = $1");
    let regrade: Regrade = tx.one(sqlx::AssertSqlSafe(sql), args![id]).await?;
    let before = results::admissions_in(&mut tx, &regrade.semester, None, now).await?;
    tx.run("UPDATE gradings SET counts = FALSE WHERE regrade = $1", args![id]).await?;
    let restored: Vec<(GradingId,)> = tx
        .all(
            "UPDATE gradings SET counts = TRUE, superseded_by = NULL
             WHERE superseded_by = $1 RETURNING id",
            args![id],
        )
        .await?;
    let after = results::admissions_in(&mut tx, &regrade.semester, None, now).await?;
    let changes = results::changes(&before, &after);
    log(&mut tx, "regrade.undo", id, by, now, json!({ "restored": ids(restored) })).await?;
    notify::regraded(&mut tx, &regrade, true, &changes, now).await?;
    Ok(tx.commit().await?)
}

/// What is to be done with the gradings of an open regrade that need attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// Try them again, as often as a new one.
    Retry,
    /// Leave them out: what counts for their submissions goes on counting.
    LeaveOut,
}

/// Tries all gradings of an open regrade that need attention again, or leaves them out; says how many.
///
/// # Errors
/// When it has been decided, or it can't be stored.
pub async fn unstick(
    db: &Db,
    id: &RegradeId,
    stuck: Stuck,
    by: &PersonId,
    now: i64,
) -> Result<usize, DecisionError> {
    let mut tx = db.begin().await?;
    // Held until the end: what is applied meanwhile would have been counted otherwise.
    let open = tx
        .run("UPDATE regrades SET state = state WHERE id = $1 AND state = 'open'", args![id])
        .await?;
    if open == 0 {
        return Err(why_not(&mut tx, id).await?);
    }
    let (state, action) = match stuck {
        Stuck::Retry => ("waiting", "regrade.retry"),
        Stuck::LeaveOut => ("replaced", "regrade.leave_out"),
    };
    let moved: Vec<(GradingId,)> = tx
        .all(
            "UPDATE gradings SET state = $1, faults = 0, not_before = $2
             WHERE regrade = $3 AND state = 'needs_attention' RETURNING id",
            args![state, now, id],
        )
        .await?;
    let count = moved.len();
    if count > 0 {
        log(&mut tx, action, id, by, now, json!({ "gradings": ids(moved) })).await?;
        tx.commit().await?;
    }
    Ok(count)
}

fn ids(rows: Vec<(GradingId,)>) -> Vec<GradingId> {
    rows.into_iter().map(|(id,)| id).collect()
}

async fn decide(
    tx: &mut Tx,
    id: &RegradeId,
    to: State,
    by: &PersonId,
    now: i64,
) -> Result<Regrade, DecisionError> {
    let decided = tx
        .run(
            "UPDATE regrades SET state = $1, decided_by = $2, decided_at = $3
             WHERE id = $4 AND state = 'open'",
            args![to, by, now, id],
        )
        .await?;
    if decided == 0 {
        return Err(why_not(tx, id).await?);
    }
    let sql = format!("{REGRADE} WHERE id = $1");
    Ok(tx.one(sqlx::AssertSqlSafe(sql), args![id]).await?)
}

async fn why_not(tx: &mut Tx, id: &RegradeId) -> Result<DecisionError, Error> {
    let found: Option<(State,)> =
        tx.opt("SELECT state FROM regrades WHERE id = $1", args![id]).await?;
    Ok(match found {
        Some((found,)) => DecisionError::Decided { found },
        None => DecisionError::NoSuchRegrade,
    })
}

async fn log(
    tx: &mut Tx,
    action: &'static str,
    id: &RegradeId,
    by: &PersonId,
    now: i64,
    details: serde_json::Value,
) -> Result<(), DecisionError> {
    let entry = Entry { at: now, actor: Some(by), action, subject: id.to_string(), details };
    Ok(audit::append(tx, entry).await?)
}
