//! The wall clock, in one place: every other part is told the time.

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// Tells the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for the time"
    )]
    pub fn now(self) -> Millis {
        jiff::Timestamp::now().as_millisecond()
    }
}
