//! Grading a submission again, because an instructor asks for it.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::hand_in::Queued;
use super::queue::Cause;
use super::{Db, Error, hand_in};
use crate::course::result::GradingState;
use crate::course::{GradingId, PersonId, Reason, SubmissionId};

/// A submission was not queued again.
#[derive(Debug, thiserror::Error)]
pub enum RegradeError {
    /// No such submission.
    #[error("there is no such submission")]
    NoSuchSubmission,
    /// A grading of it waits or runs already.
    #[error("it is being graded already")]
    InFlight,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Queues a submission to be graded again; one of its gradings that needs attention ends with it.
///
/// # Errors
/// When it is unknown or being graded, or it can't be stored.
pub async fn regrade(
    db: &Db,
    submission: &SubmissionId,
    reason: &Reason,
    by: &PersonId,
    now: i64,
) -> Result<GradingId, RegradeError> {
    let grading = GradingId::new();
    let mut tx = db.begin().await?;
    let states: Vec<(GradingState,)> = tx
        .all("SELECT state FROM gradings WHERE submission = $1 AND counts", args![submission])
        .await?;
    if states.is_empty() {
        return Err(RegradeError::NoSuchSubmission);
    }
    if states.iter().any(|(state,)| matches!(state, GradingState::Waiting | GradingState::Running))
    {
        return Err(RegradeError::InFlight);
    }
    tx.run(
        "UPDATE gradings SET state = 'replaced'
         WHERE submission = $1 AND state = 'needs_attention' AND counts",
        args![submission],
    )
    .await?;
    let again = Queued { submission, grading: &grading, cause: Cause::Regrade };
    match hand_in::enqueue(&mut tx, &again, None, now).await {
        // Someone else asked at the same time and has taken the next number.
        Err(error) if error.is_twice() => return Err(RegradeError::InFlight),
        other => other?,
    }
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "grading.regrade",
        subject: submission.to_string(),
        details: json!({ "grading": grading, "reason": reason }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(grading)
}
