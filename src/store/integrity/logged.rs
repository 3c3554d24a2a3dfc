//! The facts as the log tells them.

use serde_json::Value;

use super::facts::{Facts, Kind};
use super::regraded::{self, Regraded};
use crate::course::PersonId;
use crate::store::audit::Line;

/// The facts so far, line by line.
#[derive(Debug, Default)]
pub(super) struct Logged(Facts, Regraded);

/// A line with its details read.
pub(super) struct Told<'a> {
    line: &'a Line,
    details: Value,
}

impl Told<'_> {
    pub(super) fn of(&self, name: &str) -> Value {
        self.details.get(name).cloned().unwrap_or_default()
    }
    fn id(&self, name: &str) -> String {
        self.of(name).as_str().unwrap_or_default().to_owned()
    }
    /// The texts of a list.
    pub(super) fn ids(&self, name: &str) -> Vec<String> {
        let list = self.of(name);
        let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }
    pub(super) fn at(&self) -> i64 {
        self.line.at
    }
    pub(super) fn subject(&self) -> String {
        self.line.subject.clone()
    }
    pub(super) fn actor(&self) -> Value {
        self.line.actor.as_ref().map(PersonId::as_str).into()
    }
}

impl Logged {
    pub(super) fn add(&mut self, line: &Line) {
        // What is no JSON tells nothing, and its line's hash does not hold.
        let details = serde_json::from_str(&line.details).unwrap_or_default();
        let told = Told { line, details };
        match line.action.as_str() {
            "person.create" | "person.set_admin" => self.admin(&told),
            "semester.create" => self.semester(&told),
            "project.set_window" => self.window(&told.subject(), &told.of("to")),
            "roster.import" => self.roles(&told),
            "submission.insert" => self.submission(&told),
            "grading.done" => self.verdict(&told),
            "result.override" | "admission.override" => self.decision(&told, Kind::Override),
            "excuse.give" => self.decision(&told, Kind::Excuse),
            "submission.accept_late" => self.decision(&told, Kind::Acceptance),
            "excuse.take_back" => self.taken_back(&told, Kind::Excuse, "excuse"),
            "submission.take_back_acceptance" => {
                self.taken_back(&told, Kind::Acceptance, "acceptance");
            }
            "extension.give" => self.decision(&told, Kind::Extension),
            "result.take_back_override" | "admission.take_back_override" => {
                self.taken_back(&told, Kind::Override, "override");
            }
            "extension.take_back" => self.taken_back(&told, Kind::Extension, "extension"),
            "regrade.start" => self.1.start(&mut self.0, &told),
            "regrade.apply" => self.1.apply(&mut self.0, &told),
            "regrade.discard" => regraded::end(&mut self.0, &told, "discarded"),
            "regrade.undo" => self.1.undo(&mut self.0, &told),
            _ => {}
        }
    }

    pub(super) fn facts(self) -> Facts {
        self.0
    }

    fn admin(&mut self, told: &Told<'_>) {
        if told.of("admin") == Value::Bool(true) {
            self.0.insert(Kind::Admin, told.subject(), []);
        } else {
            self.0.remove(Kind::Admin, &told.line.subject);
        }
    }

    fn semester(&mut self, told: &Told<'_>) {
        let fields = ["first_lecture", "needed", "of", "daily_limit"];
        self.0.insert(Kind::Semester, told.subject(), fields.map(|name| (name, told.of(name))));
        for (place, window) in told.of("windows").as_array().into_iter().flatten().enumerate() {
            self.window(&format!("{}/{}", told.line.subject, place + 1), window);
        }
    }

    fn window(&mut self, id: &str, window: &Value) {
        let bound = |place: usize| window.get(place).cloned().unwrap_or_default();
        self.0.insert(Kind::Window, id, [("opens", bound(0)), ("due", bound(1))]);
    }

    fn roles(&mut self, told: &Told<'_>) {
        for one in told.of("people").as_array().into_iter().flatten() {
            let person = one.get("person").and_then(Value::as_str).unwrap_or_default();
            let role = one.get("role").cloned().unwrap_or_default();
            self.0.insert(Kind::Role, format!("{}/{person}", told.line.subject), [("role", role)]);
        }
    }

    fn submission(&mut self, told: &Told<'_>) {
        let fields = [
            ("semester", told.of("semester")),
            ("project", told.of("project")),
            ("person", told.actor()),
            ("digest", told.of("digest")),
            ("received_at", told.of("received_at")),
            ("late", told.of("late")),
        ];
        self.0.insert(Kind::Submission, told.subject(), fields);
    }

    fn verdict(&mut self, told: &Told<'_>) {
        let fields = [
            ("submission", told.subject().into()),
            ("verdict", told.of("verdict")),
            ("seed", told.of("seed")),
            ("grader", told.of("grader")),
            ("runtime", told.of("runtime")),
            ("report", told.of("report")),
            ("at", told.line.at.into()),
            ("counts", (!self.1.is_beside(&told.id("grading"))).into()),
        ];
        self.0.insert(Kind::Verdict, told.id("grading"), fields);
    }

    /// A decision ends an earlier one about the same.
    fn decision(&mut self, told: &Told<'_>, kind: Kind) {
        let subject = Value::from(told.subject());
        for earlier in self.0.of_kind(kind) {
            if earlier.get("about") == Some(&subject) {
                earlier.insert("standing", false.into());
            }
        }
        let (name, what) = match kind {
            Kind::Extension => ("extension", ("due", told.of("due"))),
            Kind::Excuse => ("excuse", ("needed", told.of("needed"))),
            Kind::Acceptance => ("acceptance", ("accepted", true.into())),
            _ => ("override", ("decision", told.of("decision"))),
        };
        let fields = [
            ("about", subject),
            what,
            ("reason", told.of("reason")),
            ("by", told.actor()),
            ("at", told.line.at.into()),
            ("standing", true.into()),
        ];
        self.0.insert(kind, told.id(name), fields);
    }

    fn taken_back(&mut self, told: &Told<'_>, kind: Kind, name: &str) {
        if let Some(fields) = self.0.get_mut(kind, &told.id(name)) {
            fields.insert("standing", false.into());
        }
    }
}
