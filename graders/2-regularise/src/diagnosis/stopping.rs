//! Early stopping as it is often got wrong.

use crate::reference::Watch;

/// A common mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Patience counted one epoch too long.
    OneTooMany,
    /// Patience counted one epoch too short.
    OneTooFew,
    /// A loss equal to the bound counts as lower.
    TiesCount,
    /// Each loss is held against the one before.
    AgainstPrevious,
    /// Every lower loss becomes the best, even one that does not count as an improvement.
    Chases,
    /// The best epoch is sought among all, also those that were never run.
    LooksAhead,
    /// The last epoch is given as the best.
    LastAsBest,
    /// `min_delta` is not used.
    NoDelta,
    /// The epoch after the last one run is given.
    StopAfter,
}

impl Mistake {
    /// All of them, each with what the report says.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::LastAsBest, "The last epoch is returned as the best one."),
        (
            Self::OneTooMany,
            "It stops one epoch too late: epoch i is the last when i - best >= patience.",
        ),
        (
            Self::OneTooFew,
            "It stops one epoch too early: epoch i is the last when i - best >= patience.",
        ),
        (
            Self::TiesCount,
            "A loss equal to best - min_delta is taken as an improvement: it must lie below.",
        ),
        (
            Self::AgainstPrevious,
            "Each loss is held against the one before: it must be held against the best one.",
        ),
        (
            Self::Chases,
            "The best loss seems to follow every small fall: it changes only when an epoch improves.",
        ),
        (
            Self::LooksAhead,
            "The best epoch lies after the last one run: those losses would never have been seen.",
        ),
        (Self::NoDelta, "`min_delta` does not seem to be used."),
        (Self::StopAfter, "`stop` is the last epoch run, not the first that is not."),
    ];
}

/// What `early_stop` gives with that mistake.
pub fn mistaken(watch: &Watch, mistake: Mistake) -> (i64, i64) {
    let patience = match mistake {
        Mistake::OneTooMany => watch.patience + 1,
        Mistake::OneTooFew => watch.patience - 1,
        _ => watch.patience,
    };
    let min_delta = if mistake == Mistake::NoDelta { 0.0 } else { watch.min_delta };
    let (mut best, mut at, mut last) = (f64::INFINITY, -1, -1);
    for (epoch, loss) in (0..).zip(&watch.val) {
        last = epoch;
        let bound = best - min_delta;
        let improves = *loss < bound || (mistake == Mistake::TiesCount && *loss <= bound);
        if improves {
            at = epoch;
        }
        if improves || mistake == Mistake::AgainstPrevious || mistake == Mistake::Chases {
            best = if mistake == Mistake::Chases { best.min(*loss) } else { *loss };
        }
        if !improves && epoch - at >= patience {
            break;
        }
    }
    match mistake {
        Mistake::LastAsBest => (last, last),
        Mistake::StopAfter => (at, last + 1),
        Mistake::LooksAhead => (lowest(&watch.val), last),
        _ => (at, last),
    }
}

/// The first epoch of the lowest loss.
fn lowest(val: &[f64]) -> i64 {
    let mut found = (f64::INFINITY, 0);
    for (epoch, loss) in (0..).zip(val) {
        if *loss < found.0 {
            found = (*loss, epoch);
        }
    }
    found.1
}
