//! All tests, in one binary: each file a subject.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests start programs and look at the clock")]

mod architecture;
mod config;
mod line;
mod server;
