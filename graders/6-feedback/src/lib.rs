//! Harness of project 6, *Learning without weight transport*.
//!
//! ```text
//! grade -> start        a process that answers
//!       -> components   fa, dfa: `feedback_grads` on random arguments, against `reference`
//!       -> learning     run_fa, run_dfa: `train` twice for each rule, while `own` makes the same run beside;
//!                       learn, align: what follows from it; repeatable
//! ```
//! The arguments come from [`draws`] and go out by [`requests`], the words of a failed check from [`words`]
//! and [`diagnosis`], the pictures from [`pictures`]; `project.toml` holds the thresholds, `handout.md` what
//! a student reads.

pub mod components;
pub mod descent;
pub mod diagnosis;
pub mod draws;
pub mod learning;
pub mod own;
pub mod pictures;
pub mod reference;
pub mod requests;
pub mod tanh;
pub mod words;

use testat_kit::report::Comparison::{AtLeast, AtMost, Exactly};
use testat_kit::run::{Grading, Rule};
use testat_kit::supervisor::Fault;

/// The checks, in the order of `project.toml`.
pub const RULES: [Rule; 8] = [
    Rule { id: "start", title: "The program starts and answers", comparison: Exactly },
    Rule { id: "fa", title: "Gradients by feedback alignment", comparison: AtMost },
    Rule { id: "dfa", title: "Gradients by direct feedback alignment", comparison: AtMost },
    Rule { id: "run_fa", title: "The prescribed run by feedback alignment", comparison: AtMost },
    Rule {
        id: "run_dfa",
        title: "The prescribed run by direct feedback alignment",
        comparison: AtMost,
    },
    Rule { id: "learn", title: "Learning the invented digits", comparison: AtLeast },
    Rule { id: "align", title: "The forward weights align with the feedback", comparison: AtLeast },
    Rule { id: "repeatable", title: "The same arguments, the same weights", comparison: Exactly },
];

/// Decides every check.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let Some(tasks) = grading.begin_with(learning::first)? else { return Ok(()) };
    components::grade(grading)?;
    learning::grade(grading, tasks)
}
