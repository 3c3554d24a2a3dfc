//! Gradings that ended through our fault: given up, tried again, or left to a person.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::queue::Lease;
use super::{Db, Error, Tx};
use crate::course::attempts::{self, Retry};
use crate::course::{GradingId, SubmissionId};

/// What became of a grading that ended through our fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Faulted {
    /// It waits, to be tried again from this time on.
    Again {
        /// Epoch milliseconds.
        not_before: i64,
    },
    /// Tried often enough: a person must look.
    NeedsAttention,
    /// The lease was not ours any more; nothing was changed.
    Lost,
}

/// Gives a grading up through our fault: it is tried again a little later, at most three times in all.
/// `text` is for those who must look.
///
/// # Errors
/// When the database fails: the lease runs out then.
pub async fn fault(db: &Db, lease: &Lease, text: &str, now: i64) -> Result<Faulted, Error> {
    let mut tx = db.begin().await?;
    let faulted =
        give_up(&mut tx, &lease.grading, lease.attempt, text, now, attempts::after_fault).await?;
    tx.commit().await?;
    Ok(faulted)
}

/// The same for a fault that trying again can't help: a person must look at once.
///
/// # Errors
/// When the database fails: the lease runs out then.
pub async fn fault_for_good(
    db: &Db,
    lease: &Lease,
    text: &str,
    now: i64,
) -> Result<Faulted, Error> {
    let mut tx = db.begin().await?;
    let faulted =
        give_up(&mut tx, &lease.grading, lease.attempt, text, now, |_| Retry::NeedsAttention)
            .await?;
    tx.commit().await?;
    Ok(faulted)
}

/// Brings back times that lie farther ahead than any can: the clock was set back since they were
/// written. A lease holds until `horizon` then, which a worker that lives moves on with its next
/// heartbeat, and a grading that waits is ready once the longest wait after a fault is over.
///
/// # Errors
/// When the database fails.
pub async fn pull_back(db: &Db, now: i64, horizon: i64) -> Result<u64, Error> {
    let ready = now + attempts::LONGEST_WAIT;
    // Most often there is none: no write lock is taken to find that out.
    let (ahead,): (i64,) = db
        .one(
            "SELECT COUNT(*) FROM gradings WHERE (state = 'running' AND lease_until > $1)
                 OR (state = 'waiting' AND not_before > $2)",
            args![horizon, ready],
        )
        .await?;
    if ahead == 0 {
        return Ok(0);
    }
    let leases = db
        .run(
            "UPDATE gradings SET lease_until = $1 WHERE state = 'running' AND lease_until > $1",
            args![horizon],
        )
        .await?;
    let waits = db
        .run(
            "UPDATE gradings SET not_before = $1 WHERE state = 'waiting' AND not_before > $1",
            args![ready],
        )
        .await?;
    Ok(leases + waits)
}

/// Gives up all gradings whose lease has run out; says of each what became of it.
///
/// # Errors
/// When the database fails.
pub async fn reap(db: &Db, now: i64) -> Result<Vec<(GradingId, Faulted)>, Error> {
    // Most often there is none: no write lock is taken to find that out.
    let expired: Vec<(GradingId, i64, Option<String>)> = db
        .all(
            "SELECT id, attempt, worker FROM gradings
             WHERE state = 'running' AND lease_until < $1 ORDER BY lease_until",
            args![now],
        )
        .await?;
    let mut reaped = Vec::new();
    for (grading, attempt, worker) in expired {
        let mut tx = db.begin().await?;
        // A heartbeat may have come since.
        let still: Option<(GradingId,)> = tx
            .opt(
                "SELECT id FROM gradings
                 WHERE id = $1 AND attempt = $2 AND state = 'running' AND lease_until < $3",
                args![&grading, attempt, now],
            )
            .await?;
        if still.is_none() {
            continue;
        }
        let text = format!("worker {} stopped answering", worker.as_deref().unwrap_or("unknown"));
        let faulted =
            give_up(&mut tx, &grading, attempt, &text, now, attempts::after_fault).await?;
        tx.commit().await?;
        if faulted != Faulted::Lost {
            reaped.push((grading, faulted));
        }
    }
    Ok(reaped)
}

async fn give_up(
    tx: &mut Tx,
    grading: &GradingId,
    attempt: i64,
    text: &str,
    now: i64,
    after: fn(i64) -> Retry,
) -> Result<Faulted, Error> {
    let faults: Option<(i64, SubmissionId)> = tx
        .opt(
            "UPDATE gradings SET faults = faults + 1, fault = $1, state = 'waiting',
                 lease_until = NULL, progress = NULL
             WHERE id = $2 AND attempt = $3 AND state = 'running' RETURNING faults, submission",
            args![text, grading, attempt],
        )
        .await?;
    let Some((faults, submission)) = faults else { return Ok(Faulted::Lost) };
    match after(faults) {
        Retry::After(wait) => {
            let not_before = now + wait;
            tx.run("UPDATE gradings SET not_before = $1 WHERE id = $2", args![not_before, grading])
                .await?;
            Ok(Faulted::Again { not_before })
        }
        Retry::NeedsAttention => {
            tx.run("UPDATE gradings SET state = 'needs_attention' WHERE id = $1", args![grading])
                .await?;
            let entry = Entry {
                at: now,
                actor: None,
                action: "grading.needs_attention",
                subject: submission.to_string(),
                details: json!({ "grading": grading, "fault": text }),
            };
            audit::append(tx, entry).await?;
            Ok(Faulted::NeedsAttention)
        }
    }
}
