//! The rules of the course and the words they are spoken in. Pure: no database, no clock, no I/O.

pub mod access;
pub mod admission;
pub mod attempts;
pub mod calendar;
pub mod counting;
pub mod difference;
pub mod expectation;
pub mod notice;
pub mod question;
pub mod result;
pub mod roster;
pub mod statistics;
pub mod text;
mod words;

pub(crate) use words::choice;
pub use words::{
    CheckName, Digest, Email, Language, Legi, MessageText, Misspelt, ProjectNumber, Reason, Remark,
    Role, SecretHash, SemesterName, Slug, UploadKey, Verdict,
};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Makes a UUIDv7 text identifier of its own type, so that no two kinds can be mixed up.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new identifier, later ones sorting after earlier ones.
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7().to_string())
            }
            /// The text form, as stored and shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                uuid::Uuid::parse_str(text).map(|id| Self(id.to_string())).map_err(|_| NotAnId)
            }
        }
    };
}

/// The text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct NotAnId;

id!(
    /// A human with a sign-in.
    PersonId
);
id!(
    /// A person in one semester.
    EnrolmentId
);
id!(
    /// One upload by one student for one project.
    SubmissionId
);
id!(
    /// One run of a grader on a submission.
    GradingId
);
id!(
    /// An instructor's decision that replaces a computed one.
    OverrideId
);
id!(
    /// What an instructor says of one line.
    CommentId
);
id!(
    /// One search for copies.
    CopyRunId
);
id!(
    /// Two submissions with parts in common.
    CopyPairId
);
id!(
    /// That somebody has looked at such a pair.
    CopyReviewId
);
id!(
    /// A bearer token of the API.
    TokenId
);
id!(
    /// More time for one student and project.
    ExtensionId
);
id!(
    /// A late submission that counts.
    AcceptanceId
);
id!(
    /// A project that is not counted for one student.
    ExcuseId
);
id!(
    /// A time in which a project is not graded.
    PauseId
);
id!(
    /// A project graded again beside what counts.
    RegradeId
);
id!(
    /// A question about a result.
    QuestionId
);
id!(
    /// What someone wrote in a question.
    MessageId
);
id!(
    /// An e-mail that is to be sent, or was.
    LetterId
);
