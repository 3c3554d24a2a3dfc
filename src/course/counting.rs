//! Which of a student's submissions for one project counts, and why each of the others does not.

use super::result::{Graded, GradingState};
use super::{Verdict, attempts};

/// One submission with its gradings, the newest last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// First byte, epoch milliseconds.
    pub received: i64,
    /// Whether it was marked late when it came.
    pub late: bool,
    /// Whether an instructor has it count all the same.
    pub accepted: bool,
    /// Those of its gradings that count.
    pub gradings: Vec<Graded>,
}

/// What one submission is to its project's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The result rests on it: of those on time, it passed first.
    Counts,
    /// It passed on time too, after the one that counts.
    PassedToo,
    /// On time, and not passed.
    NotPassed,
    /// On time, its verdict still to come.
    ToCome,
    /// A newer one took its place before it was graded.
    Replaced,
    /// It came after the due time.
    Late,
    /// An instructor's decision stands in place of all submissions.
    SetAside,
}

/// The part of each submission, in their order. The same that [`super::result::of`] decides by: the
/// first pass of what was on time, whatever a later grading says.
pub fn parts(handed: &[Handed], overridden: bool, due: i64) -> Vec<Part> {
    let first = (0..handed.len())
        .filter_map(|place| Some((passed_at(&handed[place], due)?, place)))
        .min()
        .map(|(_, place)| place);
    let part = |(place, one): (usize, &Handed)| {
        if overridden {
            Part::SetAside
        } else if first == Some(place) {
            Part::Counts
        } else {
            other_part(one, due)
        }
    };
    handed.iter().enumerate().map(part).collect()
}

impl Handed {
    fn is_on_time(&self, due: i64) -> bool {
        self.accepted || attempts::counts(self.late, self.received, due)
    }
}

/// When it first passed, if it is on time.
fn passed_at(one: &Handed, due: i64) -> Option<i64> {
    if !one.is_on_time(due) {
        return None;
    }
    let passes = one.gradings.iter().filter(|grading| grading.verdict == Some(Verdict::Passed));
    passes.filter_map(|grading| grading.finished).min()
}

fn other_part(one: &Handed, due: i64) -> Part {
    if !one.is_on_time(due) {
        return Part::Late;
    }
    if passed_at(one, due).is_some() {
        return Part::PassedToo;
    }
    match one.gradings.last().map(|newest| newest.state) {
        Some(state) if state.is_pending() => Part::ToCome,
        Some(GradingState::Replaced) => Part::Replaced,
        _ => Part::NotPassed,
    }
}
