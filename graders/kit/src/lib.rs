//! Both ends of a grading.
//!
//! A harness (the trusted program of one project) asks, a subject (the student's program) answers,
//! and two pipes lie between them. This crate is what both are written with:
//!
//! * [`link`]: the messages on those pipes, length-framed safetensors, safe against hostile bytes;
//! * `report` (feature `report`): what a grading says, the types shared with the server;
//! * `run`, `subject`, `supervisor`, `check`, `tally`, `learning`, `words`, `figure`, `draw`, `glyph`,
//!   `network`, `exchange` (feature `harness`): all that a harness needs beside its own reference solution;
//! * `backprop`, `regularise`, ... `continual` (feature `subject`, on by default): one trait a project,
//!   `serve` and `samples`, over `arguments` and [`layer`];
//! * `rehearsal` (feature `rehearsal`): a whole grading inside one process, for tests.
//!
//! A Rust submission is three lines beside the solution itself:
//!
//! ```ignore
//! struct Solution;
//! impl testat_kit::backprop::Backprop for Solution { /* four functions */ }
//! fn main() -> std::process::ExitCode { testat_kit::backprop::serve(Solution) }
//! ```

pub mod layer;
pub mod link;

#[cfg(feature = "report")]
pub mod report;

#[cfg(feature = "harness")]
pub mod check;
#[cfg(feature = "harness")]
pub mod draw;
#[cfg(feature = "harness")]
pub mod exchange;
#[cfg(feature = "harness")]
pub mod figure;
#[cfg(feature = "harness")]
pub mod glyph;
#[cfg(feature = "harness")]
pub mod learning;
#[cfg(feature = "harness")]
pub mod network;
#[cfg(feature = "harness")]
pub mod run;
#[cfg(feature = "harness")]
pub mod subject;
#[cfg(feature = "harness")]
pub mod supervisor;
#[cfg(feature = "harness")]
pub mod tally;
#[cfg(feature = "harness")]
pub mod words;

#[cfg(feature = "subject")]
pub mod arguments;
#[cfg(feature = "subject")]
pub mod backprop;
#[cfg(feature = "subject")]
pub mod continual;
#[cfg(feature = "subject")]
pub mod feedback;
#[cfg(feature = "subject")]
pub mod lif;
#[cfg(feature = "subject")]
pub mod plasticity;
#[cfg(feature = "subject")]
pub mod regularise;
#[cfg(feature = "subject")]
pub mod samples;
#[cfg(feature = "subject")]
pub mod serve;
#[cfg(feature = "subject")]
pub mod snn;

#[cfg(feature = "rehearsal")]
pub mod rehearsal;
