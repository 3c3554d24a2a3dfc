//! What the pages are told of a grading while it goes on.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::session::Progress;
use crate::clock::Millis;

/// How far it is, and when each phase began.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Told {
    /// How far it is.
    #[serde(flatten)]
    progress: Progress,
    /// In the order of time.
    began: Vec<Began>,
}

/// A phase that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Began {
    phase: &'static str,
    at: Millis,
}

/// Keeps the beginnings from one note to the next.
#[derive(Debug, Default)]
pub(super) struct Diary(Mutex<Vec<Began>>);

impl Diary {
    /// With the time of a phase that this is the first note of.
    pub(super) fn note(&self, progress: Progress, now: Millis) -> Told {
        let mut began = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if began.last().is_none_or(|last| last.phase != progress.phase) {
            began.push(Began { phase: progress.phase, at: now });
        }
        Told { progress, began: began.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Diary, Progress};

    #[test]
    fn a_phase_keeps_the_time_of_its_first_note() {
        let diary = Diary::default();
        diary.note(Progress::phase("unpack"), 5);
        diary.note(Progress::phase("grade"), 7);
        let told = diary.note(Progress::phase("grade"), 9);
        let json = serde_json::to_string(&told).unwrap_or_default();
        assert_eq!(
            json,
            r#"{"phase":"grade","check":null,"done":0,"total":0,"decided":[],"began":[{"phase":"unpack","at":5},{"phase":"grade","at":7}]}"#
        );
    }
}
