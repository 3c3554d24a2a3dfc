//! Harness of project 4, *Synaptic plasticity: Hebb, Oja, BCM, STDP*.
//!
//! ```text
//! grade -> start        a process that answers
//!       -> components   hebb, oja, bcm, stdp, window on random arguments, against `reference`
//!       -> learning     repeatable, pca and corr (hidden directions, a hidden group)
//! ```
//! The arguments come from [`draws`] and [`lessons`] and go out as [`requests`], the words of a failed check
//! come from [`words`] and [`diagnosis`], the pictures from [`pictures`]; `project.toml` holds the
//! thresholds, `handout.md` what a student reads.

pub mod components;
pub mod diagnosis;
pub mod draws;
pub mod learning;
pub mod lessons;
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
    Rule { id: "hebb", title: "Hebb's rule with decay", comparison: AtMost },
    Rule { id: "oja", title: "Oja's rule", comparison: AtMost },
    Rule { id: "bcm", title: "The rule of Bienenstock, Cooper and Munro", comparison: AtMost },
    Rule { id: "stdp", title: "Spike-timing dependent plasticity", comparison: AtMost },
    Rule { id: "window", title: "The STDP window", comparison: AtMost },
    Rule { id: "repeatable", title: "The same seed, the same weights", comparison: Exactly },
    Rule { id: "pca", title: "Learning principal directions", comparison: AtLeast },
    Rule { id: "corr", title: "Finding the correlated inputs", comparison: AtLeast },
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
