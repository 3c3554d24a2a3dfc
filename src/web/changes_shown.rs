//! What a decision changes, as a page shows it: who, from what to what.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::course::admission::State;
use crate::course::difference::{Change, ResultChange};
use crate::course::{PersonId, Verdict};
use crate::store::results::Changed;
use crate::store::roster::Enrolled;

/// All changes in order of names, and how many of each kind.
#[derive(Serialize)]
pub(super) struct ChangesShown {
    tallies: Vec<Tally>,
    students: Vec<StudentChange>,
}

#[derive(Serialize)]
struct Tally {
    words: &'static str,
    badge: &'static str,
    count: usize,
}

/// One student for whom something becomes another.
#[derive(Serialize)]
struct StudentChange {
    person: String,
    name: String,
    legi: String,
    steps: Vec<Step>,
}

/// From what to what.
#[derive(Serialize)]
struct Step {
    /// The project or the admission.
    about: String,
    from: Word,
    to: Word,
}

/// A class for the badge, and what it says.
#[derive(Serialize)]
struct Word {
    state: &'static str,
    words: &'static str,
}

impl ChangesShown {
    pub(super) fn of(changes: &[Changed], everyone: &[Enrolled]) -> Self {
        let people: BTreeMap<&PersonId, &Enrolled> =
            everyone.iter().map(|one| (&one.person, one)).collect();
        let students = changes.iter().map(|one| {
            let who = people.get(&one.person);
            StudentChange {
                person: one.person.to_string(),
                name: who.map_or_else(String::new, |who| {
                    format!("{} {}", who.first_name, who.family_name)
                }),
                legi: who
                    .and_then(|who| who.legi.as_ref())
                    .map_or_else(String::new, ToString::to_string),
                steps: steps(&one.change),
            }
        });
        Self { tallies: tallies(changes), students: students.collect() }
    }
}

fn steps(change: &Change) -> Vec<Step> {
    let result = |one: &ResultChange| Step {
        about: format!("Project {}", one.project),
        from: of_result(one.from),
        to: of_result(one.to),
    };
    let admission = change.admission.as_ref().map(|one| Step {
        about: "Admission".to_owned(),
        from: of_admission(one.from),
        to: of_admission(one.to),
    });
    change.results.iter().map(result).chain(admission).collect()
}

fn of_result(verdict: Option<Verdict>) -> Word {
    match verdict {
        Some(verdict) => Word { state: verdict.as_str(), words: verdict.as_str() },
        None => Word { state: "ahead", words: "no verdict" },
    }
}

fn of_admission(state: State) -> Word {
    let words = match state {
        State::Admitted => "admitted",
        State::Open => "open",
        State::NotAdmitted => "not admitted",
    };
    Word { state: state.as_str(), words }
}

fn tallies(changes: &[Changed]) -> Vec<Tally> {
    let results = |to: Verdict| {
        let all = changes.iter().flat_map(|one| &one.change.results);
        all.filter(|one| one.to == Some(to)).count()
    };
    let admissions = |holds: fn(State, State) -> bool| {
        let all = changes.iter().filter_map(|one| one.change.admission.as_ref());
        all.filter(|one| holds(one.from, one.to)).count()
    };
    vec![
        Tally { words: "newly passed", badge: "passed", count: results(Verdict::Passed) },
        Tally { words: "newly failed", badge: "failed", count: results(Verdict::Failed) },
        Tally {
            words: "newly admitted",
            badge: "admitted",
            count: admissions(|_, to| to == State::Admitted),
        },
        Tally {
            words: "no longer admitted",
            badge: "not_admitted",
            count: admissions(|from, _| from == State::Admitted),
        },
        Tally {
            words: "admission out of reach",
            badge: "not_admitted",
            count: admissions(|from, to| from == State::Open && to == State::NotAdmitted),
        },
    ]
    .into_iter()
    .filter(|tally| tally.count > 0)
    .collect()
}
