//! The limit that ended a program, with what is allowed and what was used: pure.

use std::time::Duration;

use testat_kit::report::{Exceeded, LimitOn};

use crate::sandbox::{Limits, Reason, Used};

/// The limit behind `reason`, if it was one.
pub(super) fn exceeded(
    reason: Reason,
    limits: &Limits,
    used: &Used,
    phase: &str,
) -> Option<Exceeded> {
    let (limit, allowed, used) = match reason {
        Reason::Cpu => (LimitOn::Cpu, millis(limits.cpu), millis(used.cpu)),
        Reason::Wall => (LimitOn::Wall, millis(limits.wall), millis(used.wall)),
        Reason::Memory => (LimitOn::Memory, limits.memory, used.peak_memory),
        // What goes beyond these two is not written, so it is never seen how much it would have been.
        Reason::Output => (LimitOn::Output, limits.output, limits.output),
        Reason::Signalled(libc::SIGXFSZ) => (LimitOn::FileSize, limits.file_size, limits.file_size),
        Reason::Exited(_) | Reason::Signalled(_) | Reason::Ended => return None,
    };
    Some(Exceeded { limit, phase: phase.to_owned(), function: None, allowed, used })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
