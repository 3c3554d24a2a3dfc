//! Whether a new password will do: long enough, nothing of the person's in it, and hard to guess by
//! the lists and habits that guessers use (`zxcvbn`, which brings some 30,000 common passwords).

use zxcvbn::{Score, zxcvbn};

use crate::store::people::Person;

/// NIST SP 800-63B-4 asks for 15 where a password stands alone unless guesses are slowed, as here.
pub const SHORTEST: usize = 12;
/// Longer ones would only make us work.
pub const LONGEST: usize = 256;
/// Shorter parts of a name are in many words.
const TELLING: usize = 4;

/// Why a password will not do, and what would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too few characters.
    #[error("A password has at least {SHORTEST} characters; this one has {0}.")]
    Short(usize),
    /// Too many bytes.
    #[error("A password has at most {LONGEST} bytes.")]
    Long,
    /// The person's name or address is in it.
    #[error(
        "The password contains `{0}`, which is in your name or e-mail address: that is tried first."
    )]
    Personal(String),
    /// Guessed soon.
    #[error("This password would soon be guessed. {0}")]
    Guessable(String),
}

/// Goes on only if the password will do for this person.
///
/// # Errors
/// [`Weak`], in words for the person.
pub fn acceptable(password: &str, person: &Person) -> Result<(), Weak> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(Weak::Short(length));
    }
    if password.len() > LONGEST {
        return Err(Weak::Long);
    }
    let personal = personal_words(person);
    let lower = password.to_lowercase();
    if let Some(word) = personal.iter().find(|word| lower.contains(*word)) {
        return Err(Weak::Personal(word.clone()));
    }
    let mut known: Vec<&str> = personal.iter().map(String::as_str).collect();
    known.extend(["testat", "ethz", "zurich", "zuerich"]);
    let guessed = zxcvbn(password, &known);
    if guessed.score() < Score::Three { Err(Weak::Guessable(hint(&guessed))) } else { Ok(()) }
}

/// Parts of the name and of the e-mail address, lower-cased.
fn personal_words(person: &Person) -> Vec<String> {
    let whole = [person.first_name.as_str(), person.family_name.as_str(), person.email.as_str()];
    let parts = whole.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let telling = parts.filter(|part| part.chars().count() >= TELLING);
    telling.map(str::to_lowercase).collect()
}

/// What is weak about it, and what would help.
fn hint(guessed: &zxcvbn::Entropy) -> String {
    let feedback = guessed.feedback();
    let warning = feedback.and_then(|said| said.warning()).map(|warning| warning.to_string());
    let advice = feedback.map_or(&[][..], |said| said.suggestions());
    let said: Vec<String> =
        warning.into_iter().chain(advice.iter().map(|s| s.to_string())).collect();
    if said.is_empty() {
        return "Four or more words that have nothing to do with each other make a good one."
            .into();
    }
    said.join(" ")
}
