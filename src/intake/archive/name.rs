//! Names of entries: which are clean, which are left out, which are the same to a careless disk.

use std::fmt;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use super::{ArchiveLimits, Rejected, Unclean};

/// A name from outside, safe to show: quoted, invisible characters escaped, shortened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct EntryName(String);

/// Characters of a name that a message shows.
const SHOWN: usize = 160;

impl EntryName {
    /// Takes any bytes.
    pub fn of(raw: &[u8]) -> Self {
        // Only so many bytes can be shown; a header may hold megabytes.
        let cut = raw.len() > SHOWN * 4;
        let text = String::from_utf8_lossy(if cut { &raw[..SHOWN * 4] } else { raw });
        let mut shown = String::new();
        for (nth, letter) in text.chars().enumerate() {
            if nth == SHOWN {
                shown.push('…');
                return Self(shown);
            }
            if invisible(letter) {
                shown.extend(letter.escape_unicode());
            } else {
                shown.push(letter);
            }
        }
        Self(shown)
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

/// Escapes and shortens what a library says about hostile bytes.
pub(super) fn shown(text: &str) -> String {
    EntryName::of(text.as_bytes()).0
}

/// Refuses a name longer than a path may be, before it is kept: many of them fill the memory.
pub(super) fn bound(raw: &[u8], limits: &ArchiveLimits) -> Result<(), Rejected> {
    if raw.len() > limits.path {
        return Err(Rejected::Unclean { entry: EntryName::of(raw), unclean: Unclean::TooLong });
    }
    Ok(())
}

/// Checks a name and gives it as a clean relative path, or `None` for the root folder itself.
///
/// A trailing `/` is dropped when `folder`; one leading `./`, as tar writes it, always is.
pub(super) fn clean(
    raw: &[u8],
    folder: bool,
    limits: &ArchiveLimits,
) -> Result<Option<String>, Rejected> {
    bound(raw, limits)?;
    path_of(raw, folder, limits)
        .map_err(|unclean| Rejected::Unclean { entry: EntryName::of(raw), unclean })
}

fn path_of(raw: &[u8], folder: bool, limits: &ArchiveLimits) -> Result<Option<String>, Unclean> {
    let text = std::str::from_utf8(raw).map_err(|_| Unclean::NotUtf8)?;
    if text.chars().any(invisible) {
        return Err(Unclean::Invisible);
    }
    if text.contains('\\') {
        return Err(Unclean::Backslash);
    }
    if text.starts_with('/') || drive(text) {
        return Err(Unclean::Absolute);
    }
    if folder && matches!(text, "." | "./") {
        return Ok(None);
    }
    let text = text.strip_prefix("./").unwrap_or(text);
    let text = if folder { text.strip_suffix('/').unwrap_or(text) } else { text };
    for part in text.split('/') {
        match part {
            "" => return Err(Unclean::EmptyPart),
            "." => return Err(Unclean::Current),
            ".." => return Err(Unclean::Parent),
            _ if part.len() > limits.name => return Err(Unclean::TooLong),
            _ => {}
        }
    }
    Ok(Some(text.to_owned()))
}

/// `C:` and the like.
fn drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Control characters, and those that turn or hide the text around them.
fn invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The name under which a part of a path is left out, if it is: what a Mac adds, what Python, git
/// and virtual environments make by themselves.
pub(super) fn left_out(part: &str) -> Option<&'static str> {
    match part {
        "__MACOSX" => Some("__MACOSX"),
        ".DS_Store" => Some(".DS_Store"),
        "__pycache__" => Some("__pycache__"),
        ".git" => Some(".git"),
        ".venv" => Some(".venv"),
        _ if part.starts_with("._") => Some("._*"),
        _ => None,
    }
}

/// The same for two names that a disk may take for one: case and composition aside.
pub(super) fn folded(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    // Upper case first unites what has one capital form only ('ß' and 'ss', both small sigmas).
    let plain = |text: &str| -> String {
        text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
    };
    let composed: String = path.nfc().collect();
    plain(&composed).nfc().collect()
}
