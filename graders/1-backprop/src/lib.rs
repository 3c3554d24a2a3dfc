//! Harness of project 1, *Backpropagation from scratch*.
//!
//! ```text
//! grade -> start        a process that answers
//!       -> components   forward, loss, grads, sgd on random arguments, against `reference`
//!       -> learning     learn (hidden test images, judged by our own forward pass), repeatable
//! ```
//! The arguments come from [`draws`], the words of a failed check from [`words`] and [`diagnosis`], the
//! pictures from [`pictures`]; `project.toml` holds the thresholds, `handout.md` what a student reads.

pub mod components;
pub mod diagnosis;
pub mod draws;
pub mod exchange;
pub mod learning;
pub mod pictures;
pub mod reference;
pub mod words;

use testat_kit::check::Measured;
use testat_kit::report::Comparison::{AtLeast, AtMost, Exactly};
use testat_kit::run::{Grading, Rule, blame};
use testat_kit::supervisor::Fault;

/// The checks, in the order of `project.toml`.
pub const RULES: [Rule; 7] = [
    Rule { id: "start", title: "The program starts and answers", comparison: Exactly },
    Rule { id: "forward", title: "Forward pass", comparison: AtMost },
    Rule { id: "loss", title: "Cross-entropy loss", comparison: AtMost },
    Rule { id: "grads", title: "Gradients of the loss", comparison: AtMost },
    Rule { id: "sgd", title: "Gradient descent with momentum", comparison: AtMost },
    Rule { id: "learn", title: "Learning the invented digits", comparison: AtLeast },
    Rule { id: "repeatable", title: "The same seed, the same weights", comparison: Exactly },
];

/// Decides every check.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    if let Err(trouble) = grading.subject.restart() {
        let failed = blame(trouble)?;
        grading.decide("start", failed)?;
        for rule in RULES.iter().skip(1) {
            let reason = "not measured: the program did not start (see the check `start`)";
            grading.decide(rule.id, Measured::nothing(reason))?;
        }
        return Ok(());
    }
    grading.decide("start", Measured::new(1.0, "the program started and answered the greeting"))?;
    components::grade(grading)?;
    learning::grade(grading)
}
