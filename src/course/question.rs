//! Questions about a result: who writes, what that does to a question, and how often one may.
//!
//! | | open | answered | closed |
//! |---|---|---|---|
//! | the student writes | open | open | open |
//! | an instructor writes | answered | answered | answered |
//! | either closes it | closed | closed | (is closed) |

use super::words::choice;

choice!(
    /// Where a question stands.
    State, "a question's state: open, answered or closed" {
        /// An instructor should answer.
        Open = "open",
        /// An instructor wrote last.
        Answered = "answered",
        /// Nothing more is to be said, until someone writes again.
        Closed = "closed",
    }
);

choice!(
    /// On which side of a question someone writes.
    Side, "a side: student or staff" {
        /// Whose submission it is.
        Student = "student",
        /// An instructor of the semester, or an admin.
        Staff = "staff",
    }
);

/// Where a question stands after someone has written in it, whatever it was before.
pub fn after_message(by: Side) -> State {
    match by {
        Side::Student => State::Open,
        Side::Staff => State::Answered,
    }
}

/// Where a question stands after it was closed; none if it was before.
pub fn after_close(state: State) -> Option<State> {
    (state != State::Closed).then_some(State::Closed)
}

/// Messages that a student may write within an hour, over all questions.
pub const MESSAGES_AN_HOUR: i64 = 20;
/// An hour, in milliseconds.
pub const HOUR: i64 = 3_600_000;

/// Enough was written for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("enough was written within an hour")]
pub struct TooOften {
    /// From when on one may write again, epoch milliseconds.
    pub again_from: i64,
}

/// Whether one more message may be written by someone who wrote so many within the last hour, the first
/// of them at `first`. Staff answer as many questions as there are.
///
/// # Errors
/// [`TooOften`] says from when on.
pub fn may_write(by: Side, within_an_hour: i64, first: i64) -> Result<(), TooOften> {
    if by == Side::Student && within_an_hour >= MESSAGES_AN_HOUR {
        return Err(TooOften { again_from: first.saturating_add(HOUR) });
    }
    Ok(())
}
