//! Harness of project 5, *Supervised spiking network*.
//!
//! ```text
//! grade -> start        a process that answers
//!       -> components   spikes, logits, surrogate, bptt on random arguments, against `reference`
//!       -> learning     repeatable; active, sparse, learn (hidden test images as spikes, judged by our own
//!                       simulation)
//! ```
//! The arguments come from [`draws`] and go out as [`requests`], an image becomes spikes by [`coding`], the
//! words of a failed check come from [`words`] and [`diagnosis`], the pictures from [`pictures`];
//! `project.toml` holds the thresholds, `handout.md` what a student reads.

pub mod coding;
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
    Rule { id: "spikes", title: "Spikes of the hidden neurons", comparison: Exactly },
    Rule { id: "logits", title: "Logits of the read-out", comparison: AtMost },
    Rule { id: "surrogate", title: "Surrogate derivative", comparison: AtMost },
    Rule { id: "bptt", title: "Backpropagation through time", comparison: AtMost },
    Rule { id: "repeatable", title: "The same seed, the same weights", comparison: Exactly },
    Rule { id: "active", title: "The hidden neurons spike", comparison: AtLeast },
    Rule { id: "sparse", title: "They do not spike all the time", comparison: AtMost },
    Rule { id: "learn", title: "Learning the invented digits", comparison: AtLeast },
];

/// Decides every check.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    if !grading.begin()? {
        return Ok(());
    }
    components::grade(grading)?;
    learning::grade(grading)
}
