//! The server attacks itself: programs that try what a student's must not be able to do, run in the
//! sandbox as it is configured. While one succeeds, nobody's program is graded.
//!
//! `attack` is what a program says of itself, `judge` what its endings say, `run` runs all.

mod attack;
mod judge;
mod run;

pub use attack::{Attack, AttackError, Outcome, all};
pub use run::{Finding, Findings, run};
