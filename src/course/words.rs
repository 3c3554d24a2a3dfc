//! The words that come from outside, each parsed once into a type that cannot be wrong: names of
//! people and things, and the few choices that are written out as text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A word that does not have its form; the text says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct Misspelt {
    /// What was given, cut to 80 characters.
    pub found: String,
    /// What it should have been: `a Legi number such as 12-345-678`.
    pub expected: &'static str,
}

/// Makes a text type whose only way in is its parser, on every road: `FromStr`, serde, the database.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text form, as stored and shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = Misspelt;
            fn from_str(text: &str) -> Result<Self, Misspelt> {
                let parse: fn(&str) -> Option<String> = $parse;
                parse(text).map(Self).ok_or_else(|| Misspelt {
                    found: text.chars().take(80).collect(),
                    expected: $expected,
                })
            }
        }
        impl TryFrom<String> for $name {
            type Error = Misspelt;
            fn try_from(text: String) -> Result<Self, Misspelt> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }
    };
}

word!(
    /// A student's matriculation number: eight digits, shown `12-345-678`.
    ///
    /// Read with or without its dashes, or with spaces in their place. The last digit is said to be
    /// a check digit, but its rule is not published, so only the form is held.
    Legi,
    "a Legi number such as 12-345-678",
    |text| {
        let parts: Vec<&str> = text.trim().split(['-', ' ']).collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let digits: String = parts.concat();
        let formed = (lengths == [8] || lengths == [2, 3, 3]) && digits.bytes().all(|b| b.is_ascii_digit());
        formed.then(|| format!("{}-{}-{}", &digits[..2], &digits[2..5], &digits[5..]))
    }
);

word!(
    /// An e-mail address, trimmed and lower-cased: what a person signs in with.
    ///
    /// Held to the form `local@domain.tld` without spaces or control characters, at most 254 bytes;
    /// whether it reaches anyone, only a message can tell.
    Email,
    "an e-mail address",
    |text| {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let labels_hold = domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        let local_holds = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"@,;:<>()[]\\\"".contains(c));
        (labels_hold && local_holds && text.len() <= 254).then(|| text.to_lowercase())
    }
);

word!(
    /// A semester: `HS2026` (autumn) or `FS2027` (spring).
    SemesterName,
    "a semester such as HS2026 or FS2027",
    |text| {
        let name = text.trim().to_ascii_uppercase();
        let year = name.strip_prefix("HS").or_else(|| name.strip_prefix("FS"))?;
        (year.len() == 4 && year.starts_with("20") && year.bytes().all(|b| b.is_ascii_digit())).then_some(name)
    }
);

word!(
    /// A project's name in addresses and folders: `backprop`. Lower-case letters, digits and single
    /// inner dashes, at most 40.
    Slug,
    "a short name of lower-case letters, digits and dashes",
    |text| {
        let formed = !text.is_empty()
            && text.len() <= 40
            && text.split('-').all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        formed.then(|| text.to_owned())
    }
);

word!(
    /// Why a person decided something: a sentence of theirs, 3 to 2,000 characters, trimmed.
    Reason,
    "a reason of 3 to 2,000 characters",
    |text| {
        let text = text.trim();
        (3..=2000).contains(&text.chars().count()).then(|| text.to_owned())
    }
);

word!(
    /// A check's name within its project: `run_fa`. Lower-case letters, digits, dashes and underscores,
    /// at most 40.
    CheckName,
    "a check's name",
    |text| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        (!text.is_empty() && text.len() <= 40 && text.bytes().all(plain)).then(|| text.to_owned())
    }
);

word!(
    /// What someone writes in a question: 1 to 5,000 characters, trimmed, its lines ended by `\n` alone.
    MessageText,
    "a message of 1 to 5,000 characters, without control characters",
    |text| {
        // Browsers send every line break as two characters and count it as one.
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        let formed = (1..=5000).contains(&text.chars().count())
            && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        formed.then(|| text.to_owned())
    }
);

word!(
    /// What one attempt to hand in is called by its sender, so that sending it again makes no second
    /// submission: 8 to 128 visible ASCII characters, with or without the double quotes that
    /// `Idempotency-Key` may have around it.
    UploadKey,
    "a key of 8 to 128 visible ASCII characters",
    |text| {
        let text = text.trim();
        let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let formed = (8..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        formed.then(|| text.to_owned())
    }
);

word!(
    /// What someone has to say of a line or a pair: 1 to 4,000 characters, trimmed.
    Remark,
    "a text of 1 to 4,000 characters",
    |text| {
        let text = text.trim();
        (1..=4000).contains(&text.chars().count()).then(|| text.to_owned())
    }
);

word!(
    /// SHA-256 of an archive as received, 64 lower-case hexadecimal digits: its name in the blob store.
    Digest,
    "a SHA-256 of 64 hexadecimal digits",
    sha256_text
);

word!(
    /// SHA-256 of a secret (session, token, invitation), the only trace of it that is stored.
    SecretHash,
    "a SHA-256 of 64 hexadecimal digits",
    sha256_text
);

fn sha256_text(text: &str) -> Option<String> {
    let formed = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    formed.then(|| text.to_owned())
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }
    /// The digest that a finished hasher gives.
    pub fn from_bytes(digest: [u8; 32]) -> Self {
        Self(hex::encode(digest))
    }
}

impl SecretHash {
    /// The hash of a secret as its holder presents it.
    ///
    /// Plain SHA-256: the secrets are random and of 256 bits, so there is nothing to guess slowly.
    pub fn of(secret: &str) -> Self {
        Self(hex::encode(Sha256::digest(secret.as_bytes())))
    }
}

/// A project's place in the semester, from 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type,
)]
#[sqlx(transparent)]
#[serde(try_from = "i64", into = "i64")]
pub struct ProjectNumber(i64);

impl ProjectNumber {
    /// The number, if it is one of 1 to 99.
    pub fn new(number: i64) -> Option<Self> {
        (1..=99).contains(&number).then_some(Self(number))
    }
    /// As a plain number.
    pub fn get(self) -> i64 {
        self.0
    }
}
impl fmt::Display for ProjectNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl TryFrom<i64> for ProjectNumber {
    type Error = Misspelt;
    fn try_from(number: i64) -> Result<Self, Misspelt> {
        Self::new(number).ok_or_else(|| Misspelt {
            found: number.to_string(),
            expected: "a project number from 1 to 99",
        })
    }
}
impl From<ProjectNumber> for i64 {
    fn from(number: ProjectNumber) -> Self {
        number.0
    }
}

/// Makes an enum that is one lower-case word in text, JSON and database alike.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $expected:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::serde::Serialize, ::serde::Deserialize, ::sqlx::Type)]
        #[sqlx(type_name = "TEXT")]
        pub enum $name {
            $($(#[$vdoc])* #[sqlx(rename = $word)] #[serde(rename = $word)] $variant),+
        }
        impl $name {
            /// The word itself, as stored and shown in addresses and JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::course::Misspelt;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err($crate::course::Misspelt {
                        found: other.chars().take(80).collect(),
                        expected: $expected,
                    }),
                }
            }
        }
    };
}
pub(crate) use choice;

choice!(
    /// What someone is in one semester. Admins are admins of the server, by person.
    Role, "a role: student or instructor" {
        /// Hands in.
        Student = "student",
        /// Lecturer or assistant: sees and decides.
        Instructor = "instructor",
    }
);

choice!(
    /// Passed or failed. A grading that could not finish through our fault has neither.
    Verdict, "a verdict: passed or failed" {
        /// Every check passed.
        Passed = "passed",
        /// At least one check failed.
        Failed = "failed",
    }
);

choice!(
    /// What a submission is written in.
    Language, "a language: python or rust" {
        /// A `solution.py`.
        Python = "python",
        /// A cargo package.
        Rust = "rust",
    }
);
