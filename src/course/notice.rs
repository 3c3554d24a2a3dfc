//! What is told by e-mail: subject, text and the page that it leads to, as pure functions of what
//! happened. Plain text in lines of its own; names and titles come from outside and are shown as
//! they are, on one line.

mod retry;
mod texts;

pub use retry::{LONGEST_PAUSE, TRIES, after_failure};
pub use texts::letter;

use super::admission::Admission;
use super::question::Side;
use super::words::choice;
use super::{
    CheckName, Digest, ExtensionId, GradingId, MessageId, OverrideId, ProjectNumber, QuestionId,
    RegradeId, SemesterName, Slug, SubmissionId, Verdict,
};

choice!(
    /// A kind of letter.
    Kind, "a kind of letter" {
        /// An upload was taken in. Always sent: it is the proof.
        Receipt = "receipt",
        /// A grading has its verdict, or an instructor decided.
        Verdict = "verdict",
        /// A project is due soon and not passed.
        Deadline = "deadline",
        /// A question of one's own was answered or closed.
        Answer = "answer",
        /// More time was given.
        Extension = "extension",
        /// Admitted to the exam.
        Admission = "admission",
        /// A student asked, for those who answer.
        Question = "question",
    }
);

impl Kind {
    /// Kinds that one may do without.
    pub const OPTIONAL: [Self; 6] = [
        Self::Verdict,
        Self::Deadline,
        Self::Answer,
        Self::Extension,
        Self::Admission,
        Self::Question,
    ];

    /// Whether it is meant for those who teach.
    pub fn for_staff(self) -> bool {
        self == Self::Question
    }
}

/// A deadline is told of so long before, in milliseconds.
pub const AHEAD: i64 = 48 * 3_600_000;

/// A project, as letters name it.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// In which semester.
    pub semester: &'a SemesterName,
    /// Its place.
    pub number: ProjectNumber,
    /// Its name in addresses.
    pub slug: &'a Slug,
    /// Its name for people.
    pub title: &'a str,
}

/// A submission, as letters name it.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// Which.
    pub id: &'a SubmissionId,
    /// For which project.
    pub project: Project<'a>,
    /// Which of this student and project, from 1.
    pub number: i64,
}

/// What happened in a question.
#[derive(Clone, Copy, Debug)]
pub enum Turn<'a> {
    /// Someone wrote.
    Message {
        /// Which message.
        id: &'a MessageId,
        /// What it says.
        text: &'a str,
    },
    /// Someone closed it.
    Closed {
        /// When, epoch milliseconds.
        at: i64,
    },
}

/// An upload that was taken in.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// The submission.
    pub submission: Submission<'a>,
    /// When its first byte was here, epoch milliseconds.
    pub received_at: i64,
    /// The archive's name.
    pub file_name: &'a str,
    /// The archive's bytes.
    pub size: i64,
    /// The archive's SHA-256.
    pub digest: &'a Digest,
    /// The due time that it missed, epoch milliseconds.
    pub late_for: Option<i64>,
}

/// Something that happened in a question.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// In which question.
    pub question: &'a QuestionId,
    /// About which submission.
    pub submission: Submission<'a>,
    /// And which of its checks, if one.
    pub check: Option<&'a CheckName>,
    /// Who did it.
    pub author: &'a str,
    /// On which side they are.
    pub side: Side,
    /// What they did.
    pub turn: Turn<'a>,
}

/// Something that is told to one person.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// An upload was taken in.
    Receipt(Receipt<'a>),
    /// A grading has its verdict.
    Verdict {
        /// Of which submission.
        submission: Submission<'a>,
        /// Which grading.
        grading: &'a GradingId,
        /// What came out.
        verdict: Verdict,
        /// Whether it does not count for having come late.
        late: bool,
        /// Whether an earlier grading of it had ended before.
        again: bool,
    },
    /// An instructor decided a result.
    Decided {
        /// Of which project.
        project: Project<'a>,
        /// The decision.
        decision: &'a OverrideId,
        /// What was decided.
        verdict: Verdict,
    },
    /// A result became another, since the project was graded again as a whole or that was taken back.
    Regraded {
        /// Of which project.
        project: Project<'a>,
        /// By which regrade.
        regrade: &'a RegradeId,
        /// Whether that was taken back.
        undone: bool,
        /// The verdict that counts now; none if what counts has none yet.
        verdict: Option<Verdict>,
    },
    /// A project is due within [`AHEAD`] and not passed.
    Deadline {
        /// Which project.
        project: Project<'a>,
        /// The student's own due time, epoch milliseconds.
        due: i64,
        /// How often it was handed in.
        submissions: i64,
        /// How the student stands.
        admission: &'a Admission,
    },
    /// More time was given.
    Extension {
        /// For which project.
        project: Project<'a>,
        /// Which extension.
        extension: &'a ExtensionId,
        /// Until when, epoch milliseconds.
        due: i64,
    },
    /// Admitted to the exam.
    Admission {
        /// In which semester.
        semester: &'a SemesterName,
        /// How it stands.
        admission: &'a Admission,
    },
    /// Something happened in a question; told to the other side.
    Question(Happened<'a>),
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// One line.
    pub subject: String,
    /// Lines of plain text.
    pub body: String,
    /// The page that it leads to, from the server's root.
    pub path: String,
}

impl Notice<'_> {
    /// Of what kind the letter is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Receipt(_) => Kind::Receipt,
            Self::Verdict { .. } | Self::Decided { .. } | Self::Regraded { .. } => Kind::Verdict,
            Self::Deadline { .. } => Kind::Deadline,
            Self::Extension { .. } => Kind::Extension,
            Self::Admission { .. } => Kind::Admission,
            Self::Question(happened) => match happened.side {
                Side::Staff => Kind::Answer,
                Side::Student => Kind::Question,
            },
        }
    }

    /// What it is about: of the same kind, nobody is told of the same twice.
    pub fn about(&self) -> String {
        match self {
            Self::Receipt(receipt) => receipt.submission.id.to_string(),
            Self::Verdict { grading, .. } => grading.to_string(),
            Self::Decided { decision, .. } => decision.to_string(),
            Self::Regraded { regrade, undone, .. } => {
                format!("{regrade}/{}", if *undone { "undone" } else { "applied" })
            }
            // Another due time is worth another letter.
            Self::Deadline { project, due, .. } => {
                format!("{}/{}/{due}", project.semester, project.number)
            }
            Self::Extension { extension, .. } => extension.to_string(),
            Self::Admission { semester, .. } => semester.to_string(),
            Self::Question(happened) => match happened.turn {
                Turn::Message { id, .. } => id.to_string(),
                Turn::Closed { at } => format!("{}/{at}", happened.question),
            },
        }
    }
}
