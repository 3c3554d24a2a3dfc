//! A decision shown before it is made: in words, whom it changes, and a form that makes it.

use serde::Serialize;

use super::State;
use super::changes_shown::ChangesShown;
use super::error::Result;
use crate::course::SemesterName;
use crate::store::results::Changed;
use crate::store::roster;

/// What `sure.html` shows.
#[derive(Serialize)]
pub(super) struct Sure {
    semester: String,
    title: String,
    words: Vec<String>,
    changes: ChangesShown,
    action: String,
    back: String,
    button: &'static str,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    value: String,
}

/// What is to be decided.
pub(super) struct Decision<'a> {
    pub(super) semester: &'a SemesterName,
    pub(super) title: String,
    /// Sentences.
    pub(super) words: Vec<String>,
    /// Where the form goes, which makes it.
    pub(super) action: String,
    /// Where whoever leaves it wants to be.
    pub(super) back: String,
    pub(super) button: &'static str,
    /// What the form sends along.
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Sure {
    pub(super) async fn of(
        state: &State,
        decision: Decision<'_>,
        changes: &[Changed],
    ) -> Result<Self> {
        let everyone = roster::everyone(&state.db, decision.semester).await?;
        let field = |(name, value)| Field { name, value };
        Ok(Self {
            semester: decision.semester.to_string(),
            title: decision.title,
            words: decision.words,
            changes: ChangesShown::of(changes, &everyone),
            action: decision.action,
            back: decision.back,
            button: decision.button,
            fields: decision.fields.into_iter().map(field).collect(),
        })
    }
}
