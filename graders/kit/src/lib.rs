//! Both ends of a grading.
//!
//! A harness (the trusted program of one project) asks, a subject (the student's program) answers,
//! and two pipes lie between them. This crate is what both are written with:
//!
//! * [`link`]: the messages on those pipes, length-framed safetensors, safe against hostile bytes;
//! * `report` (feature `report`): what a grading says, the types shared with the server;
//! * `run`, `subject`, `supervisor`, `check`, `figure`, `draw`, `glyph` (feature `harness`): all that a
//!   harness needs beside its own reference solution;
//! * `backprop` (feature `subject`, on by default): one trait a project, and `serve`;
//! * `rehearsal` (feature `rehearsal`): a whole grading inside one process, for tests.
//!
//! A Rust submission is three lines beside the solution itself:
//!
//! ```ignore
//! struct Solution;
//! impl testat_kit::backprop::Backprop for Solution { /* four functions */ }
//! fn main() -> std::process::ExitCode { testat_kit::backprop::serve(Solution) }
//! ```

pub mod link;

#[cfg(feature = "report")]
pub mod report;

#[cfg(feature = "harness")]
pub mod check;
#[cfg(feature = "harness")]
pub mod draw;
#[cfg(feature = "harness")]
pub mod figure;
#[cfg(feature = "harness")]
pub mod glyph;
#[cfg(feature = "harness")]
pub mod run;
#[cfg(feature = "harness")]
pub mod subject;
#[cfg(feature = "harness")]
pub mod supervisor;

#[cfg(feature = "subject")]
pub mod backprop;
#[cfg(feature = "subject")]
pub mod serve;

#[cfg(feature = "rehearsal")]
pub mod rehearsal;
