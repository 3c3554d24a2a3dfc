//! Program text, read as its language: what a page colours and what a search for copies compares. Pure.
//!
//! The text is a student's and may be built to be slow or deep: it is read under a budget, by loops that
//! keep no call stack, and what runs out of the budget is plain text.

mod lex;

pub use self::lex::{Grammar, Kind, Token, tokens};

/// The text of a file, if it is one: UTF-8 without NULs. `cut` says that its end was cut off, perhaps
/// within a character.
pub fn text(bytes: &[u8], cut: bool) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if cut && error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

/// The lines of a text, without their ends; what no line end closes is a line if anything is there.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').map(|line| {
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    })
}
