//! What gradings have taken, remembered for a moment: every page that waits asks several times a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::State;
use super::error::Result;
use crate::clock::Millis;
use crate::course::expectation::Spread;
use crate::course::{Language, Slug};
use crate::store::durations;

/// For how long what was read holds.
const FRESH_MS: Millis = 15_000;
/// Of so many gradings.
const LAST: u32 = 200;

type Known = HashMap<(Slug, Language), (Millis, Option<Spread>)>;

/// By project and language.
#[derive(Debug, Default)]
pub(super) struct Measured(Mutex<Known>);

impl State {
    /// What gradings of this project in this language take; none while too few are measured.
    pub(super) async fn spread(&self, slug: &Slug, language: Language) -> Result<Option<Spread>> {
        let now = self.now();
        let key = (slug.clone(), language);
        let known = self.known(&key).filter(|(at, _)| (0..FRESH_MS).contains(&(now - at)));
        if let Some((_, spread)) = known {
            return Ok(spread);
        }
        let spread = Spread::of(durations::of_project(&self.db, slug, language, LAST).await?);
        let mut known = self.measured.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, (now, spread));
        Ok(spread)
    }

    fn known(&self, key: &(Slug, Language)) -> Option<(Millis, Option<Spread>)> {
        self.measured.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }
}
