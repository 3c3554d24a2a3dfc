//! Harness of project 2, *Regularisation with half of the labels wrong*.
//!
//! ```text
//! grade -> start        a process that answers
//!       -> components   penalty, dropout, batch_norm, early_stop on random arguments, against `reference`
//!       -> learning     repeatable; learn, gain, scale (hidden test images, judged by our own forward pass
//!                       and beside our own unregularised training)
//! ```
//! The arguments come from [`draws`] and go out as [`requests`], the words of a failed check come from
//! [`words`] and [`diagnosis`], the pictures from [`pictures`]; `project.toml` holds the thresholds,
//! `handout.md` what a student reads.

pub mod components;
pub mod diagnosis;
pub mod draws;
pub mod learning;
pub mod pictures;
pub mod reference;
pub mod requests;
pub mod words;

use testat_kit::report::Comparison::{AtLeast, AtMost, Exactly};
use testat_kit::run::{Grading, Rule};
use testat_kit::supervisor::Fault;

/// The checks, in the order of `project.toml`.
pub const RULES: [Rule; 9] = [
    Rule { id: "start", title: "The program starts and answers", comparison: Exactly },
    Rule { id: "penalty", title: "L1 and L2 penalty", comparison: AtMost },
    Rule { id: "dropout", title: "Inverted dropout", comparison: AtMost },
    Rule { id: "batch_norm", title: "Batch normalisation", comparison: AtMost },
    Rule { id: "early_stop", title: "Early stopping", comparison: Exactly },
    Rule { id: "repeatable", title: "The same seed, the same weights", comparison: Exactly },
    Rule { id: "learn", title: "Learning from half-wrong labels", comparison: AtLeast },
    Rule { id: "gain", title: "Better than without regularisation", comparison: AtLeast },
    Rule { id: "scale", title: "Weights ready for use", comparison: AtMost },
];

/// Decides every check.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let Some(lesson) = grading.begin_with(learning::first)? else { return Ok(()) };
    components::grade(grading)?;
    learning::grade(grading, &lesson)
}
