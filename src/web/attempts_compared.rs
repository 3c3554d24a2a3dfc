//! What changed between two reports of one student and project, check by check: pure.

use serde::Serialize;
use testat_kit::report::{Check, Comparison};

/// What became of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It failed and passes now.
    Mended,
    /// It passed and fails now.
    Broken,
    /// It failed both times, and the value is nearer to what is required.
    Better,
    /// It failed both times, and the value is farther from it.
    Worse,
    /// As before. A check that passed both times has: by how much is a matter of the draw.
    Same,
    /// It was not checked before.
    New,
    /// It is not checked any more.
    Gone,
}

impl Became {
    /// All, what matters most first.
    pub const ALL: [Self; 7] =
        [Self::Mended, Self::Broken, Self::Better, Self::Worse, Self::New, Self::Gone, Self::Same];

    /// As the page says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::Broken => "broken",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Same => "as before",
            Self::New => "new",
            Self::Gone => "no longer checked",
        }
    }
}

/// One check, before and now.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<'a> {
    /// In the earlier report.
    pub before: Option<&'a Check>,
    /// In the later one.
    pub after: Option<&'a Check>,
    /// What became of it.
    pub became: Became,
}

/// Every check of either report: in the order of the later one, then those that are gone.
pub fn changes<'a>(before: &'a [Check], after: &'a [Check]) -> Vec<Change<'a>> {
    let now = after.iter().map(|check| {
        let earlier = before.iter().find(|earlier| earlier.id == check.id);
        let became = earlier.map_or(Became::New, |earlier| became(earlier, check));
        Change { before: earlier, after: Some(check), became }
    });
    let gone = before.iter().filter(|earlier| after.iter().all(|check| check.id != earlier.id));
    let gone = gone.map(|check| Change { before: Some(check), after: None, became: Became::Gone });
    now.chain(gone).collect()
}

fn became(before: &Check, after: &Check) -> Became {
    match (before.passed, after.passed) {
        (false, true) => Became::Mended,
        (true, false) => Became::Broken,
        (true, true) => Became::Same,
        (false, false) => match (before.value, after.value) {
            (None, Some(_)) => Became::Better,
            (Some(_), None) => Became::Worse,
            (Some(before), Some(now)) => nearer(before, now, after),
            (None, None) => Became::Same,
        },
    }
}

fn nearer(before: f64, now: f64, rule: &Check) -> Became {
    // How much there is to be glad of: more is better.
    let good = |value: f64| match rule.comparison {
        Comparison::AtLeast => value,
        Comparison::AtMost => -value,
        Comparison::Exactly => -(value - rule.threshold).abs(),
    };
    match good(now).partial_cmp(&good(before)) {
        Some(std::cmp::Ordering::Greater) => Became::Better,
        Some(std::cmp::Ordering::Less) => Became::Worse,
        _ => Became::Same,
    }
}
