//! Values on their way into a query. An absent one keeps its type: PostgreSQL refuses an untyped NULL.

use crate::course::access::{Actor, Scope};
use crate::course::admission::{Decision, Needed};
use crate::course::result::GradingState;
use crate::course::{
    AcceptanceId, CheckName, CommentId, CopyPairId, CopyReviewId, CopyRunId, Digest, Email,
    EnrolmentId, ExcuseId, ExtensionId, GradingId, Language, Legi, LetterId, MessageId,
    MessageText, OverrideId, PauseId, PersonId, ProjectNumber, QuestionId, Reason, RegradeId,
    Remark, Role, SecretHash, SemesterName, Slug, SubmissionId, TokenId, UploadKey, Verdict,
};
use crate::course::{notice, question};

/// One value of a query.
#[derive(Clone, Debug)]
pub(super) enum Arg {
    /// TEXT.
    Text(Option<String>),
    /// BIGINT.
    Int(Option<i64>),
    /// BOOLEAN.
    Bool(bool),
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}
impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}
impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}
impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}
impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}
impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}
impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<ProjectNumber> for Arg {
    fn from(value: ProjectNumber) -> Self {
        Self::Int(Some(value.get()))
    }
}
impl From<&Actor> for Arg {
    fn from(value: &Actor) -> Self {
        Self::from(&value.person)
    }
}

/// Words and ids go in as their text.
macro_rules! as_text {
    ($($name:ty),+) => {$(
        impl From<&$name> for Arg {
            fn from(value: &$name) -> Self {
                Self::Text(Some(value.as_str().to_owned()))
            }
        }
        impl From<Option<&$name>> for Arg {
            fn from(value: Option<&$name>) -> Self {
                Self::Text(value.map(|value| value.as_str().to_owned()))
            }
        }
    )+};
}
as_text!(
    AcceptanceId,
    CheckName,
    CommentId,
    CopyPairId,
    CopyReviewId,
    CopyRunId,
    ExcuseId,
    Digest,
    Email,
    EnrolmentId,
    ExtensionId,
    GradingId,
    Legi,
    LetterId,
    MessageId,
    MessageText,
    OverrideId,
    PauseId,
    PersonId,
    QuestionId,
    Reason,
    RegradeId,
    Remark,
    SecretHash,
    SemesterName,
    Slug,
    SubmissionId,
    TokenId,
    UploadKey
);

/// Choices go in as their word.
macro_rules! as_word {
    ($($name:ty),+) => {$(
        impl From<$name> for Arg {
            fn from(value: $name) -> Self {
                Self::Text(Some(value.as_str().to_owned()))
            }
        }
    )+};
}
as_word!(
    Decision,
    GradingState,
    Language,
    Needed,
    Role,
    Scope,
    Verdict,
    notice::Kind,
    question::Side,
    question::State,
    super::queue::Cause,
    super::regrades::Seeds,
    super::regrades::State,
    super::throttle::Kind
);

/// The values of a query in the order of its `$1`, `$2`, ...
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::arg::Arg::from($value)),*] };
}
pub(super) use args;
