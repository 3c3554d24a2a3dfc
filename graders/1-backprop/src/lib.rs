//! Harness of project 1, *Backpropagation from scratch*.
//!
//! ```text
//! grade -> start        a process that answers
//!       -> components   forward, loss, grads, sgd on random arguments, against `reference`
//!       -> learning     repeatable, learn (hidden test images, judged by our own forward pass)
//! ```
//! The arguments come from [`draws`] and go out as [`requests`], the words of a failed check come from
//! [`words`] and [`diagnosis`], the pictures from [`pictures`]; `project.toml` holds the thresholds, `handout.md` what a student reads.

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
pub const RULES: [Rule; 7] = [
    Rule { id: "start", title: "The program starts and answers", comparison: Exactly },
    Rule { id: "forward", title: "Forward pass", comparison: AtMost },
    Rule { id: "loss", title: "Cross-entropy loss", comparison: AtMost },
    Rule { id: "grads", title: "Gradients of the loss", comparison: AtMost },
    Rule { id: "sgd", title: "Gradient descent with momentum", comparison: AtMost },
    Rule { id: "repeatable", title: "The same seed, the same weights", comparison: Exactly },
    Rule { id: "learn", title: "Learning the invented digits", comparison: AtLeast },
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
