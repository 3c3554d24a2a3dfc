//! What results and admissions depend on, read out of the tables or out of the log.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Fault;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A semester's rule and limits.
    Semester,
    /// When a project opens and is due.
    Window,
    /// Who may administer the server.
    Admin,
    /// Who is what in a semester.
    Role,
    /// An archive that was handed in.
    Submission,
    /// A verdict with all that it rests on.
    Verdict,
    /// A decision in place of a computed result or admission.
    Override,
    /// More time for one student.
    Extension,
    /// A late submission that counts.
    Acceptance,
    /// A project that is not counted for one student.
    Excuse,
    /// A project graded again beside what counts.
    Regrade,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Semester => "semester",
            Self::Window => "the window of project",
            Self::Admin => "admin",
            Self::Role => "the role of",
            Self::Submission => "submission",
            Self::Verdict => "the verdict of grading",
            Self::Override => "override",
            Self::Extension => "extension",
            Self::Acceptance => "acceptance",
            Self::Excuse => "excuse",
            Self::Regrade => "regrade",
        })
    }
}

/// The fields of one fact.
pub(super) type Fields = BTreeMap<&'static str, Value>;

/// Facts by kind and id.
#[derive(Debug, Default)]
pub(super) struct Facts(BTreeMap<(Kind, String), Fields>);

impl Facts {
    pub(super) fn insert<const N: usize>(
        &mut self,
        kind: Kind,
        id: impl Into<String>,
        fields: [(&'static str, Value); N],
    ) {
        self.0.insert((kind, id.into()), fields.into());
    }

    pub(super) fn remove(&mut self, kind: Kind, id: &str) {
        self.0.remove(&(kind, id.to_owned()));
    }

    /// The fields of one fact; none if there is no such.
    pub(super) fn get_mut(&mut self, kind: Kind, id: &str) -> Option<&mut Fields> {
        self.0.get_mut(&(kind, id.to_owned()))
    }

    /// The fields of every fact of a kind.
    pub(super) fn of_kind(&mut self, kind: Kind) -> impl Iterator<Item = &mut Fields> {
        self.0.iter_mut().filter(move |((of, _), _)| *of == kind).map(|(_, fields)| fields)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Where these, the stored ones, are not what the log told.
    pub(super) fn against(&self, told: &Self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for ((kind, id), fields) in &self.0 {
            match told.0.get(&(*kind, id.clone())) {
                None => faults.push(Fault::Unknown { kind: *kind, id: id.clone() }),
                Some(told) => faults.extend(differences(*kind, id, fields, told)),
            }
        }
        let gone = told.0.keys().filter(|key| !self.0.contains_key(*key));
        faults.extend(gone.map(|(kind, id)| Fault::Gone { kind: *kind, id: id.clone() }));
        faults
    }
}

fn differences(kind: Kind, id: &str, stored: &Fields, told: &Fields) -> Vec<Fault> {
    let of = |fields: &Fields, field| fields.get(field).unwrap_or(&Value::Null).to_string();
    let names = stored.keys().chain(told.keys().filter(|name| !stored.contains_key(*name)));
    names
        .filter(|field| stored.get(*field) != told.get(*field))
        .map(|field| Fault::Changed {
            kind,
            id: id.to_owned(),
            field,
            stored: of(stored, field),
            logged: of(told, field),
        })
        .collect()
}
