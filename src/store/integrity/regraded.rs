//! Which gradings are run beside what counts, and which count, as the log tells it.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Kind};
use super::logged::Told;

/// The gradings of each regrade. Those of an applied one count like any others.
#[derive(Debug, Default)]
pub(super) struct Regraded {
    gradings: BTreeMap<String, Vec<String>>,
    beside: BTreeSet<String>,
}

impl Regraded {
    /// Whether a verdict of this grading does not count for the time being.
    pub(super) fn is_beside(&self, grading: &str) -> bool {
        self.beside.contains(grading)
    }

    pub(super) fn start(&mut self, facts: &mut Facts, told: &Told<'_>) {
        let gradings = told.ids("gradings");
        self.beside.extend(gradings.iter().cloned());
        self.gradings.insert(told.subject(), gradings);
        let fields = [
            ("about", told.of("about")),
            ("scope", told.of("scope")),
            ("failed_by", told.of("failed_by")),
            ("seeds", told.of("seeds")),
            ("reason", told.of("reason")),
            ("by", told.actor()),
            ("at", told.at().into()),
            ("state", "open".into()),
        ];
        facts.insert(Kind::Regrade, told.subject(), fields);
    }

    pub(super) fn apply(&self, facts: &mut Facts, told: &Told<'_>) {
        self.own_count(facts, told, true);
        count(facts, &told.ids("superseded"), false);
        end(facts, told, "applied");
    }

    pub(super) fn undo(&self, facts: &mut Facts, told: &Told<'_>) {
        self.own_count(facts, told, false);
        count(facts, &told.ids("restored"), true);
        end(facts, told, "undone");
    }

    fn own_count(&self, facts: &mut Facts, told: &Told<'_>, counts: bool) {
        if let Some(own) = self.gradings.get(&told.subject()) {
            count(facts, own, counts);
        }
    }
}

/// What has no verdict is no fact, and counts for nothing.
fn count(facts: &mut Facts, gradings: &[String], counts: bool) {
    for grading in gradings {
        if let Some(fields) = facts.get_mut(Kind::Verdict, grading) {
            fields.insert("counts", counts.into());
        }
    }
}

/// Says where a regrade stands.
pub(super) fn end(facts: &mut Facts, told: &Told<'_>, state: &'static str) {
    if let Some(fields) = facts.get_mut(Kind::Regrade, &told.subject()) {
        fields.insert("state", state.into());
    }
}
