//! Harness of project 7, *Continual learning and out-of-distribution detection*.
//!
//! ```text
//! grade -> start        a process that answers
//!       -> components   fisher, ewc, auroc on random arguments, against `reference`
//!       -> learning     state: four calls of `learn`, each in a fresh process, the state carried between
//!                       repeatable, per_image; acc, forget, near, far on images that have no label there
//! ```
//! The arguments come from [`draws`] and [`lesson`] and go out as [`requests`]; [`course`] takes the program
//! through the four tasks, [`state`] holds its memory against the limits, [`judge`] says what the answers
//! are worth. The words of a failed check come from [`words`] and [`diagnosis`], the pictures from
//! [`pictures`]; `project.toml` holds the thresholds, `handout.md` what a student reads.

pub mod components;
pub mod course;
pub mod diagnosis;
pub mod draws;
pub mod judge;
pub mod learning;
pub mod lesson;
pub mod pictures;
pub mod reference;
pub mod requests;
pub mod state;
pub mod words;

use testat_kit::report::Comparison::{AtLeast, AtMost, Exactly};
use testat_kit::run::{Grading, Rule};
use testat_kit::supervisor::Fault;

/// The checks, in the order of `project.toml`.
pub const RULES: [Rule; 11] = [
    Rule { id: "start", title: "The program starts and answers", comparison: Exactly },
    Rule { id: "fisher", title: "Fisher information", comparison: AtMost },
    Rule { id: "ewc", title: "Penalty of elastic weight consolidation", comparison: AtMost },
    Rule { id: "auroc", title: "Area under the ROC curve", comparison: AtMost },
    Rule { id: "state", title: "A memory within bounds", comparison: AtMost },
    Rule { id: "repeatable", title: "The same seed, the same state", comparison: Exactly },
    Rule {
        id: "per_image",
        title: "An answer for each image, the same alone",
        comparison: Exactly,
    },
    Rule { id: "acc", title: "All eight classes after four tasks", comparison: AtLeast },
    Rule { id: "forget", title: "Little is forgotten", comparison: AtMost },
    Rule { id: "near", title: "Glyphs never shown are strangers", comparison: AtLeast },
    Rule { id: "far", title: "Shuffled images are strangers", comparison: AtLeast },
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
