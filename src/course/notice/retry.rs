//! When a letter is tried again: after a minute, then each time twice as long, at most six hours; given
//! up after some three days.

const MINUTE: i64 = 60_000;
/// The longest pause that [`after_failure`] gives, in milliseconds.
pub const LONGEST_PAUSE: i64 = 6 * 60 * MINUTE;

/// How often a letter is tried in all: 8.5 hours of growing pauses, then ten of six hours.
pub const TRIES: i64 = 20;

/// The pause in milliseconds after the `tries`-th try (from 1) has failed; none when that was the last.
pub fn after_failure(tries: i64) -> Option<i64> {
    if tries >= TRIES {
        return None;
    }
    let doublings = u32::try_from(tries - 1).unwrap_or(0).min(16);
    Some((MINUTE << doublings).min(LONGEST_PAUSE))
}
