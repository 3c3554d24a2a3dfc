//! Handing in: what is on time, how often one may, what a newer submission does to an older one, and
//! how often a grading is tried again when the fault is ours.

use super::calendar;

/// Whether a submission came within its student's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeliness {
    /// Counts.
    OnTime,
    /// Graded and shown, but does not count.
    Late,
}

impl Timeliness {
    /// True for [`Timeliness::Late`]: the form in which it is stored.
    pub fn is_late(self) -> bool {
        self == Self::Late
    }
}

/// Whether an upload whose first byte came at `received` is on time for `due` (epoch milliseconds).
///
/// Due times are named to the second and that whole second belongs: what comes at 23:59:59.999 is on
/// time for 23:59:59.
pub fn timeliness(received: i64, due: i64) -> Timeliness {
    if received.div_euclid(1000) <= due.div_euclid(1000) {
        Timeliness::OnTime
    } else {
        Timeliness::Late
    }
}

/// A student's own due time: the project's, or the extension's where that gives more.
pub fn own_due(due: i64, extended: Option<i64>) -> i64 {
    extended.map_or(due, |extended| extended.max(due))
}

/// Whether a stored submission counts today: on time when it was handed in, or by an extension or a
/// later due time given since. A due time moved forward takes nothing away.
pub fn counts(late_at_intake: bool, received: i64, due_now: i64) -> bool {
    !late_at_intake || timeliness(received, due_now) == Timeliness::OnTime
}

/// Why a submission is refused. Nothing is stored then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The project's window has not begun.
    #[error("this project is not open yet")]
    NotYetOpen {
        /// When it opens, epoch milliseconds.
        opens: i64,
    },
    /// Enough for this day and project.
    #[error("you have handed in this project {limit} times today, which is the limit")]
    DailyLimit {
        /// How many a day and project are allowed.
        limit: i64,
        /// When the next day begins in Zurich, epoch milliseconds.
        again_from: i64,
    },
}

/// Whether one more may be handed in, given how many of this student, project and local day there
/// are already.
///
/// # Errors
/// [`Refusal`] says why not and from when on.
pub fn may_hand_in(
    received: i64,
    opens: i64,
    handed_in_today: i64,
    daily_limit: i64,
) -> Result<(), Refusal> {
    if received < opens {
        return Err(Refusal::NotYetOpen { opens });
    }
    if handed_in_today >= daily_limit {
        return Err(Refusal::DailyLimit {
            limit: daily_limit,
            again_from: calendar::day_of(received).1,
        });
    }
    Ok(())
}

/// Whether a newer submission takes the place of an older one of the same student and project whose
/// grading still waits.
///
/// A late one never displaces one that was on time: the student would lose what counts.
pub fn replaces(newer: Timeliness, older: Timeliness) -> bool {
    newer == Timeliness::OnTime || older == Timeliness::Late
}

/// How often a grading is tried before a person must look.
pub const TRIES: i64 = 3;

/// What follows a fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Try again after so many milliseconds.
    After(i64),
    /// Tried often enough: an instructor must look.
    NeedsAttention,
}

/// The longest wait that [`after_fault`] gives, in milliseconds.
pub const LONGEST_WAIT: i64 = wait_after(TRIES - 1);

/// Milliseconds: 5 s to the power of the faults so far.
const fn wait_after(faults: i64) -> i64 {
    let (mut wait, mut left) = (1000, faults);
    while left > 0 {
        wait *= 5;
        left -= 1;
    }
    wait
}

/// What follows the `faults`-th fault (from 1) of one grading: a wait of 5 s, then 25 s, then no more.
pub fn after_fault(faults: i64) -> Retry {
    if faults >= TRIES {
        return Retry::NeedsAttention;
    }
    Retry::After(wait_after(faults.max(1)))
}
