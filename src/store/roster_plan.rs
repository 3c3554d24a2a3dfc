//! What an import of a roster would do, from what is there and what the file says: pure.

use std::collections::{BTreeMap, HashMap};

use crate::course::roster::RosterRow;
use crate::course::{Email, EnrolmentId, Legi, PersonId, Role};

/// What a row changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Enrols someone; `new_person` when they had no sign-in yet.
    Added {
        /// Whether a person is created too.
        new_person: bool,
    },
    /// Changes these fields of someone enrolled.
    Changed(Vec<FieldChange>),
    /// Nothing.
    Unchanged,
}

/// One field, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The column's name.
    pub field: &'static str,
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
}

/// A row that can't be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {column}: {why}")]
pub struct RowFault {
    /// Its line in the file.
    pub line: u64,
    /// Which column.
    pub column: &'static str,
    /// What is wrong.
    pub why: String,
}

/// A person as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct KnownPerson {
    pub(super) id: PersonId,
    pub(super) email: Email,
    pub(super) family_name: String,
    pub(super) first_name: String,
}

/// An enrolment in the semester, as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct KnownEnrolment {
    pub(super) id: EnrolmentId,
    pub(super) person: PersonId,
    pub(super) role: Role,
    pub(super) legi: Option<Legi>,
    pub(super) department: String,
    pub(super) level: String,
}

/// All that is there before the import.
#[derive(Debug, Default)]
pub(super) struct Known {
    people: HashMap<PersonId, KnownPerson>,
    by_email: HashMap<Email, PersonId>,
    by_legi: HashMap<Legi, PersonId>,
    legi_of: HashMap<PersonId, Legi>,
    enrolled: HashMap<PersonId, KnownEnrolment>,
}

/// What is to be done for one row.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) row: &'a RosterRow,
    /// The person meant; none when to be created.
    pub(super) person: Option<PersonId>,
    /// Their enrolment in the semester; none when to be created.
    pub(super) enrolment: Option<EnrolmentId>,
    pub(super) change: Change,
}

impl Known {
    pub(super) fn new(
        people: Vec<KnownPerson>,
        legis: Vec<(PersonId, Legi)>,
        enrolled: Vec<KnownEnrolment>,
    ) -> Self {
        let mut known = Self::default();
        for person in people {
            known.by_email.insert(person.email.clone(), person.id.clone());
            known.people.insert(person.id.clone(), person);
        }
        for (person, legi) in legis {
            known.by_legi.insert(legi.clone(), person.clone());
            known.legi_of.insert(person, legi);
        }
        for enrolment in enrolled {
            known.enrolled.insert(enrolment.person.clone(), enrolment);
        }
        known
    }

    /// Who is meant: by Legi number if there is one, else by e-mail address.
    fn person(&self, row: &RosterRow) -> Result<Option<&KnownPerson>, RowFault> {
        let by_email = self.by_email.get(&row.email);
        let Some(legi) = &row.legi else {
            if row.role == Role::Student {
                return Err(fault(row, "legi", "a student needs a Legi number".to_owned()));
            }
            return Ok(by_email.and_then(|id| self.people.get(id)));
        };
        let by_legi = self.by_legi.get(legi);
        match (by_legi, by_email) {
            (Some(one), Some(other)) if one != other => {
                Err(fault(row, "email", format!("{} belongs to someone else already", row.email)))
            }
            (None, Some(id)) if self.legi_of.contains_key(id) => {
                let why = format!("{} belongs to a person with another Legi number", row.email);
                Err(fault(row, "legi", why))
            }
            (Some(id), _) | (None, Some(id)) => Ok(self.people.get(id)),
            (None, None) => Ok(None),
        }
    }

    fn step<'a>(&self, row: &'a RosterRow) -> Result<Step<'a>, RowFault> {
        let Some(person) = self.person(row)? else {
            let change = Change::Added { new_person: true };
            return Ok(Step { row, person: None, enrolment: None, change });
        };
        let id = Some(person.id.clone());
        let Some(enrolment) = self.enrolled.get(&person.id) else {
            let change = Change::Added { new_person: false };
            return Ok(Step { row, person: id, enrolment: None, change });
        };
        let legi_text = |legi: &Option<Legi>| legi.as_ref().map_or("", Legi::as_str).to_owned();
        // A row without a Legi number leaves the one that is known.
        let legi = row.legi.as_ref().or(enrolment.legi.as_ref()).cloned();
        let fields = [
            ("family_name", person.family_name.clone(), row.family_name.clone()),
            ("first_name", person.first_name.clone(), row.first_name.clone()),
            ("email", person.email.to_string(), row.email.to_string()),
            ("legi", legi_text(&enrolment.legi), legi_text(&legi)),
            ("department", enrolment.department.clone(), row.department.clone()),
            ("level", enrolment.level.clone(), row.level.clone()),
            ("role", enrolment.role.to_string(), row.role.to_string()),
        ];
        let changes: Vec<FieldChange> = fields
            .into_iter()
            .filter(|(_, from, to)| from != to)
            .map(|(field, from, to)| FieldChange { field, from, to })
            .collect();
        let change = if changes.is_empty() { Change::Unchanged } else { Change::Changed(changes) };
        Ok(Step { row, person: id, enrolment: Some(enrolment.id.clone()), change })
    }
}

/// What each row does, or every row that can't be imported.
pub(super) fn plan<'a>(
    known: &Known,
    rows: &'a [RosterRow],
) -> Result<Vec<Step<'a>>, Vec<RowFault>> {
    let mut steps = Vec::new();
    let mut faults = Vec::new();
    let mut emails: BTreeMap<&Email, u64> = BTreeMap::new();
    let mut legis: BTreeMap<&Legi, u64> = BTreeMap::new();
    for row in rows {
        if let Some(line) = emails.insert(&row.email, row.line) {
            faults.push(fault(row, "email", format!("{} is on line {line} already", row.email)));
        }
        if let Some(legi) = &row.legi
            && let Some(line) = legis.insert(legi, row.line)
        {
            faults.push(fault(row, "legi", format!("{legi} is on line {line} already")));
        }
        match known.step(row) {
            Ok(step) => steps.push(step),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(steps) } else { Err(faults) }
}

fn fault(row: &RosterRow, column: &'static str, why: String) -> RowFault {
    RowFault { line: row.line, column, why }
}
