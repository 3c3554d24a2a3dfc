//! What the calls of one function have shown so far: the largest difference, the first wrong call in words.

use crate::check::{Measured, scaled_err};
use crate::layer::Layer;
use crate::link::LinkError;
use crate::run::{Grading, blame};
use crate::subject::Trouble;
use crate::supervisor::Fault;
use crate::words;

/// What a call is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Arguments of its own.
    Fresh,
    /// Right alone, it shows what is kept from earlier calls.
    Following,
}

/// The first wrong result, in words.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// What the call was given.
    pub arguments: String,
    /// Where the result differs most, what came there and what was expected.
    pub place: Option<String>,
    /// What the mistake may be.
    pub hint: Option<&'static str>,
}

/// What one check has seen so far.
#[derive(Debug)]
pub struct Tally {
    function: &'static str,
    label: &'static str,
    measure: &'static str,
    tolerance: f64,
    calls: usize,
    wrong: usize,
    /// Of the wrong ones, those that only an earlier call can have spoilt.
    wrong_following: usize,
    worst: f64,
    now: f64,
    first: Option<Wrong>,
    bars: Vec<(String, f64)>,
    stopped: Option<String>,
}

impl Tally {
    /// Nothing yet; in the figure of errors `label` stands before each tensor's name.
    pub fn new(function: &'static str, label: &'static str, tolerance: f64) -> Self {
        Self {
            function,
            label,
            measure: "largest scaled difference",
            tolerance,
            calls: 0,
            wrong: 0,
            wrong_following: 0,
            worst: 0.0,
            now: 0.0,
            first: None,
            bars: Vec::new(),
            stopped: None,
        }
    }

    /// The same tally with another name for what it measures: `largest difference in mV`.
    #[must_use]
    pub fn measuring(self, measure: &'static str) -> Self {
        Self { measure, ..self }
    }

    /// Whether [`Tally::stop`] has ended it.
    pub fn stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Adds one tensor's error to the call at hand.
    pub fn note(&mut self, name: &str, error: f64) {
        self.now = self.now.max(error);
        match self.bars.iter_mut().find(|(label, _)| label == name) {
            Some((_, most)) => *most = most.max(error),
            None => self.bars.push((name.to_owned(), error)),
        }
    }

    /// Adds the errors of all tensors of two lists of layers, by their names.
    pub fn note_layers(&mut self, prefix: &str, got: &[Layer], expected: &[Layer]) {
        for (l, (got, expected)) in got.iter().zip(expected).enumerate() {
            self.note(&format!("{prefix}W{l}"), scaled_err(&got.w, &expected.w));
            self.note(&format!("{prefix}b{l}"), scaled_err(&got.b, &expected.b));
        }
    }

    /// Closes the call at hand; `words` are asked for if it is the first wrong one.
    pub fn hold(&mut self, turn: Turn, words: impl FnOnce() -> Wrong) {
        self.calls += 1;
        self.worst = self.worst.max(self.now);
        if self.now > self.tolerance {
            self.wrong += 1;
            self.wrong_following += usize::from(turn == Turn::Following);
            if self.first.is_none() {
                self.first = Some(words());
            }
        }
        self.now = 0.0;
    }

    /// Ends the check without a value, unless that has happened before; `hint` is for numbers that are not
    /// finite.
    ///
    /// # Errors
    /// [`Fault`] if the trouble is ours.
    pub fn stop(
        &mut self,
        trouble: Trouble,
        arguments: &str,
        hint: Option<&str>,
    ) -> Result<(), Fault> {
        let hint = hint.filter(|_| {
            matches!(&trouble, Trouble::Unfit { reason: LinkError::NotFinite { .. }, .. })
        });
        let text = blame(trouble)?.message;
        self.stopped.get_or_insert_with(|| sentence(&text, arguments, hint));
        Ok(())
    }

    /// Ends two checks that one call serves: what it lacks, both lack.
    ///
    /// # Errors
    /// [`Fault`] if the trouble is ours.
    pub fn stop_both(
        &mut self,
        other: &mut Self,
        trouble: Trouble,
        arguments: &str,
        hint: Option<&str>,
    ) -> Result<(), Fault> {
        let text = sentence(&blame(trouble)?.message, arguments, hint);
        self.stopped.get_or_insert_with(|| text.clone());
        other.stopped.get_or_insert(text);
        Ok(())
    }

    /// Decides the check `id`, and adds a bar a tensor to the figure of errors.
    ///
    /// # Errors
    /// [`Fault`] if there is no such check, or it has been decided before.
    pub fn settle(
        self,
        grading: &mut Grading,
        id: &str,
        bars: &mut Vec<(String, f64)>,
    ) -> Result<(), Fault> {
        let measured = self.measured();
        let label = |name: &str| format!("{}{name}", self.label);
        bars.extend(self.bars.iter().map(|(name, error)| (label(name), *error)));
        grading.decide(id, measured).map(|_| ())
    }

    fn measured(&self) -> Measured {
        if let Some(text) = &self.stopped {
            return Measured::nothing(text.clone());
        }
        let Self { function, calls, wrong, measure, .. } = self;
        let (worst, allowed) = (words::error(self.worst), words::error(self.tolerance));
        let Some(first) = &self.first else {
            let text =
                format!("{calls} calls of `{function}`: {measure} {worst}, allowed {allowed}");
            return Measured::new(self.worst, text);
        };
        let place = first.place.as_ref().map(|place| format!(": {place}")).unwrap_or_default();
        let hint = if self.wrong == self.wrong_following {
            Some(
                "Only calls that follow others are wrong: is anything kept from one call to the next?",
            )
        } else {
            first.hint
        };
        let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
        let text = format!(
            "`{function}` is wrong in {wrong} of {calls} calls; first with {}{place}. \
             {} {worst}, allowed {allowed}.{hint}",
            first.arguments,
            capitalised(measure)
        );
        Measured::new(self.worst, text)
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn sentence(text: &str, arguments: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
    // An error from the subject comes with lines of its own below it.
    let gap = if text.contains('\n') { "\n" } else { ". " };
    format!("{text}{gap}The arguments were: {arguments}.{hint}")
}
