//! A student as the class page shows, finds and sorts them.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::asked::{Asked, STATES, Show, number};
use crate::course::admission::{self, ProjectStanding, State as Standing};
use crate::course::result::ProjectResult;
use crate::course::{PersonId, ProjectNumber};
use crate::store::results::AdmissionRow;
use crate::web::student::state_of;

#[derive(Serialize)]
pub(super) struct StudentRow {
    /// None where people are not to be told.
    pub(super) person: Option<String>,
    pub(super) name: String,
    pub(super) legi: String,
    pub(super) cells: Vec<Cell>,
    pub(super) passed: u32,
    /// Projects that count for this student.
    pub(super) of: u32,
    pub(super) state: String,
    pub(super) at_risk: bool,
}

#[derive(Serialize)]
pub(super) struct Cell {
    pub(super) state: &'static str,
    pub(super) words: &'static str,
    pub(super) overridden: bool,
}

/// A student, and what pages sort and narrow by.
pub(super) struct Student<'a> {
    pub(super) row: &'a AdmissionRow,
    pub(super) name: String,
    /// Projects that may still be lost; none once it is decided.
    pub(super) slack: Option<u32>,
    /// The state of each result, as its badge has it, in the order of the projects.
    pub(super) states: Vec<(ProjectNumber, &'static str)>,
}

impl<'a> Student<'a> {
    pub(super) fn of(row: &'a AdmissionRow, pseudonyms: Option<&Pseudonyms>) -> Self {
        let standings: Vec<ProjectStanding> =
            row.projects.iter().map(ProjectResult::standing).collect();
        let name = match pseudonyms {
            Some(pseudonyms) => pseudonyms.of(&row.person),
            None => format!("{}, {}", row.family_name, row.first_name),
        };
        let states = row.projects.iter().map(|one| (one.number, state_of(one).0)).collect();
        Self { row, name, slack: admission::slack(&row.admission, &standings), states }
    }

    /// Whoever can't do without any more project.
    pub(super) fn at_risk(&self) -> bool {
        self.slack == Some(0)
    }

    pub(super) fn is_shown(&self, show: Show) -> bool {
        let state = self.row.admission.state;
        match show {
            Show::All => true,
            Show::Admitted => state == Standing::Admitted,
            Show::Open => state == Standing::Open,
            Show::NotAdmitted => state == Standing::NotAdmitted,
            Show::AtRisk => self.at_risk(),
        }
    }

    pub(super) fn state_in(&self, project: ProjectNumber) -> Option<&'static str> {
        self.states.iter().find(|(number, _)| *number == project).map(|(_, state)| *state)
    }

    /// Where a pseudonym is shown, a name must not be found by.
    pub(super) fn matches(&self, wanted: &str, hidden: bool) -> bool {
        let has = |text: &str| text.to_lowercase().contains(wanted);
        has(&self.name)
            || (!hidden
                && (has(self.row.legi.as_str())
                    || has(self.row.email.as_str())
                    || has(&format!("{} {}", self.row.first_name, self.row.family_name))))
    }

    pub(super) fn shown(&self, hidden: bool) -> StudentRow {
        let cell = |result: &ProjectResult| {
            let (state, words) = state_of(result);
            Cell { state, words, overridden: result.overridden }
        };
        StudentRow {
            person: (!hidden).then(|| self.row.person.to_string()),
            name: self.name.clone(),
            legi: if hidden { String::new() } else { self.row.legi.to_string() },
            cells: self.row.projects.iter().map(cell).collect(),
            passed: self.row.admission.passed,
            of: self.row.admission.rule.of(),
            state: self.row.admission.state.to_string(),
            at_risk: self.at_risk(),
        }
    }
}

/// Names that hold for one sign-in: on the next page they are the same, in the next lecture others.
pub(super) struct Pseudonyms(pub(super) String);

impl Pseudonyms {
    pub(super) fn of(&self, person: &PersonId) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let hash = Sha256::digest(format!("{}\n{person}", self.0));
        let letters = hash.iter().take(5).map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        format!("Student {}", letters.collect::<String>())
    }
}

pub(super) fn is_wanted(student: &Student<'_>, asked: &Asked) -> bool {
    let wanted = asked.q.trim().to_lowercase();
    student.is_shown(asked.show)
        && (wanted.is_empty() || student.matches(&wanted, asked.hidden()))
        && (asked.is.is_empty()
            || number(&asked.project)
                .is_none_or(|project| student.state_in(project) == Some(&asked.is)))
}

/// Whoever has the same value stays in the order of names.
pub(super) fn sort(students: &mut [&Student<'_>], asked: &Asked) {
    if asked.hidden() {
        students.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let (column, turned) = asked.order();
    match column {
        "name" => {}
        "passed" => students.sort_by_key(|one| one.row.admission.passed),
        "admission" => students.sort_by_key(|one| (one.row.admission.state.as_str(), one.slack)),
        project => students.sort_by_key(|one| {
            let state = number(project).and_then(|project| one.state_in(project));
            STATES.iter().position(|known| Some(known.state) == state)
        }),
    }
    if turned {
        students.reverse();
    }
}
