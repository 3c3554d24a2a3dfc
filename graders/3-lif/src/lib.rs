//! Harness of project 3, *Leaky integrate-and-fire neuron*.
//!
//! ```text
//! grade -> start            a process that answers
//!       -> components       voltage and spikes of `simulate`, fi of `fi_curve`, against `reference`
//!       -> identification   identify (recordings of neurons that only we know), repeatable
//! ```
//! The arguments come from [`draws`] and go out as [`requests`], the words of a failed check come from
//! [`words`] and [`diagnosis`], the pictures from [`pictures`]; `project.toml` holds the thresholds,
//! `handout.md` what a student reads. Nothing here is a matter of luck: the data are free of noise, so no
//! check needs the reserves that learning has elsewhere.

pub mod components;
pub mod diagnosis;
pub mod draws;
pub mod identification;
pub mod pictures;
pub mod reference;
pub mod requests;
pub mod words;

use testat_kit::report::Comparison::{AtMost, Exactly};
use testat_kit::run::{Grading, Rule};
use testat_kit::supervisor::Fault;

/// The checks, in the order of `project.toml`.
pub const RULES: [Rule; 6] = [
    Rule { id: "start", title: "The program starts and answers", comparison: Exactly },
    Rule { id: "voltage", title: "Membrane potential", comparison: AtMost },
    Rule { id: "spikes", title: "Spikes", comparison: Exactly },
    Rule { id: "fi", title: "The f-I curve", comparison: AtMost },
    Rule { id: "identify", title: "The unknown neuron", comparison: AtMost },
    Rule { id: "repeatable", title: "The same recording, the same neuron", comparison: Exactly },
];

/// Decides every check.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let Some(recordings) = grading.begin_with(identification::recordings)? else {
        return Ok(());
    };
    components::grade(grading)?;
    identification::grade(grading, &recordings)
}
