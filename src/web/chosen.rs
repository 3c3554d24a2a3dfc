//! Students named by their Legi numbers, as they are pasted out of a list.

use super::error::{Error, Result};
use crate::course::{Legi, Role};
use crate::store::roster::Enrolled;

/// The students whose Legi numbers `text` has, each once, in its order. Numbers stand on lines of their
/// own, or with commas, semicolons or tabs between them.
///
/// # Errors
/// [`Error::Refused`] names everything that is no Legi number of a student of the semester.
pub(super) fn students<'a>(everyone: &'a [Enrolled], text: &str) -> Result<Vec<&'a Enrolled>> {
    let (mut found, mut wrong) = (Vec::<&Enrolled>::new(), Vec::new());
    for word in text.split(['\n', '\r', ',', ';', '\t']).map(str::trim).filter(|w| !w.is_empty()) {
        let student = word.parse::<Legi>().ok().and_then(|legi| with(everyone, &legi));
        match student {
            Some(one) if found.iter().any(|known| known.person == one.person) => {}
            Some(one) => found.push(one),
            None => wrong.push(word.chars().take(40).collect::<String>()),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Refused(format!(
            "No student of this semester has the Legi number `{}`. Nothing was changed.",
            wrong.join("`, `")
        )));
    }
    if found.is_empty() {
        return Err(Error::Refused("No Legi number was given. Nothing was changed.".into()));
    }
    Ok(found)
}

fn with<'a>(everyone: &'a [Enrolled], legi: &Legi) -> Option<&'a Enrolled> {
    let students = everyone.iter().filter(|one| one.role == Role::Student);
    students.into_iter().find(|one| one.legi.as_ref() == Some(legi))
}
