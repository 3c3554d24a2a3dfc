//! The words of each letter.

use super::{Happened, Kind, Notice, Project, Receipt, Submission, Text, Turn};
use crate::course::admission::{self, Admission, Basis};
use crate::course::question::Side;
use crate::course::text::{one_line, visible};
use crate::course::{Verdict, calendar};

impl Notice<'_> {
    /// What the letter says.
    pub fn text(&self) -> Text {
        match *self {
            Self::Receipt(receipt) => receipt.text(),
            Self::Verdict { submission, verdict, late, again, .. } => Text {
                subject: format!(
                    "{}: {}, submission {}",
                    capital(verdict),
                    submission.project.title(),
                    submission.number
                ),
                body: verdict_body(&submission, verdict, late, again),
                path: submission.path(),
            },
            Self::Decided { project, verdict, .. } => Text {
                subject: format!(
                    "{} by an instructor's decision: {}",
                    capital(verdict),
                    project.title()
                ),
                body: format!(
                    "An instructor decided your result of {}: {verdict}. This holds whatever a grading says.",
                    project.words()
                ),
                path: project.path(),
            },
            Self::Regraded { project, undone, verdict, .. } => Text {
                subject: format!("{} after a regrade: {}", outcome(verdict), project.title()),
                body: regraded_body(&project, undone, verdict),
                path: project.path(),
            },
            Self::Deadline { project, due, submissions, admission } => Text {
                subject: format!("Due {}: {}", calendar::in_words(due), project.title()),
                body: deadline_body(&project, due, submissions, admission),
                path: project.path(),
            },
            Self::Extension { project, due, .. } => Text {
                subject: format!("More time: {}", project.title()),
                body: format!(
                    "You have more time for {}: it is due {} for you now.",
                    project.words(),
                    calendar::in_words(due)
                ),
                path: project.path(),
            },
            Self::Admission { semester, admission } => Text {
                subject: format!("Admitted to the exam of {semester}"),
                body: admission_body(admission),
                path: format!("/semesters/{semester}"),
            },
            Self::Question(happened) => happened.text(),
        }
    }
}

impl Receipt<'_> {
    fn text(&self) -> Text {
        let Submission { id, project, number } = self.submission;
        let late = match self.late_for {
            Some(due) => format!(
                "It came after it was due ({}): it is graded and shown, and does not count unless an \
                 instructor says so.\n\n",
                calendar::in_words(due)
            ),
            None => String::new(),
        };
        let body = format!(
            "Your submission {number} for {} was received and is kept.\n\n\
             First byte: {}\n\
             File: {}, {} {}\n\
             SHA-256: {}\n\
             Submission: {id}\n\n\
             {late}\
             Keep this message. With the file that you sent, it proves what you handed in and when.",
            project.words(),
            calendar::to_the_millisecond(self.received_at),
            one_line(self.file_name),
            self.size,
            if self.size == 1 { "byte" } else { "bytes" },
            self.digest,
        );
        let subject = format!("Received: {}, submission {number}", project.title());
        Text { subject, body, path: self.submission.path() }
    }
}

impl Happened<'_> {
    fn text(&self) -> Text {
        let Submission { project, number, .. } = self.submission;
        let what = match (self.side, self.turn) {
            (_, Turn::Closed { .. }) => "Question closed",
            (Side::Staff, Turn::Message { .. }) => "Answer",
            (Side::Student, Turn::Message { .. }) => "Question",
        };
        let check = self.check.map(|check| format!(", check {check}")).unwrap_or_default();
        let about = format!("submission {number} for {}{check}", project.words());
        let author = one_line(self.author);
        let body = match self.turn {
            Turn::Message { text, .. } => {
                format!("{author} wrote about {about}:\n\n{}", quoted(text))
            }
            Turn::Closed { .. } => format!(
                "{author} closed the question about {about}. Whoever writes there opens it again."
            ),
        };
        Text {
            subject: format!("{what}: {}, submission {number}", project.title()),
            body,
            path: format!("{}#question-{}", self.submission.path(), self.question),
        }
    }
}

/// Marked as another's words, line by line.
fn quoted(text: &str) -> String {
    let lines = visible(text);
    let lines = lines.lines().map(|line| format!("> {line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn capital(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "Passed",
        Verdict::Failed => "Failed",
    }
}

fn outcome(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("No verdict", capital)
}

fn regraded_body(project: &Project<'_>, undone: bool, verdict: Option<Verdict>) -> String {
    let what = if undone {
        "An instructor took back that it had been graded again; what counted before counts again."
    } else {
        "An instructor had it graded again for the class; the new gradings count in place of those before."
    };
    let now = match verdict {
        Some(verdict) => format!("Your result is now: {verdict}."),
        None => "You have no verdict at present.".to_owned(),
    };
    format!(
        "Your result of {} has changed. {what} {now} Each submission's page shows all its gradings.",
        project.words()
    )
}

fn verdict_body(submission: &Submission<'_>, verdict: Verdict, late: bool, again: bool) -> String {
    let mut body = format!(
        "Your submission {} for {} {verdict}.{}",
        submission.number,
        submission.project.words(),
        if again { " It was graded again, as an instructor asked." } else { "" },
    );
    if late {
        body.push_str(" It came after it was due and does not count unless an instructor says so.");
    }
    body.push_str(match verdict {
        Verdict::Passed => " The report shows every check with what was measured and required.",
        Verdict::Failed => {
            " The report says which checks failed and why, and how to repeat the grading at home. \
             Until it is due you may hand in again."
        }
    });
    body
}

fn deadline_body(
    project: &Project<'_>,
    due: i64,
    submissions: i64,
    admission: &Admission,
) -> String {
    let needed = admission.rule.needed();
    let so_far = match submissions {
        0 => "You have not handed it in so far.".to_owned(),
        1 => "You have handed it in once; it has not passed.".to_owned(),
        times => format!("You have handed it in {times} times; it has not passed."),
    };
    let standing = match admission.state {
        admission::State::Admitted => {
            "You are admitted to the exam already; this is only so that you know.".to_owned()
        }
        _ => format!("You have passed {} of the {needed} projects needed.", admission.passed),
    };
    format!("For you, {} is due {}. {so_far} {standing}", project.words(), calendar::in_words(due))
}

fn admission_body(admission: &Admission) -> String {
    let needed = admission.rule.needed();
    let why = match &admission.basis {
        Basis::Projects => {
            format!("You have passed {} projects, and {needed} are needed.", admission.passed)
        }
        Basis::CarriedOver { semester } => format!("You were admitted in {semester} already."),
        Basis::Override => "The course office decided so.".to_owned(),
    };
    format!("You are admitted to the exam. {why}")
}

/// A whole letter: a salutation, the text, where to look, and how to have fewer of them. `base` is the
/// server's address, without a slash at its end.
pub fn letter(kind: Kind, first_name: &str, body: &str, path: &str, base: &str) -> String {
    let fewer = match kind {
        Kind::Receipt => "A receipt is sent for every submission.".to_owned(),
        _ => format!("Which of these messages you get is your choice: {base}/profile#mail"),
    };
    format!("Hello {},\n\n{body}\n\n{base}{path}\n\n-- \nTestat. {fewer}\n", one_line(first_name))
}

impl Project<'_> {
    fn title(&self) -> String {
        one_line(self.title)
    }
    fn words(&self) -> String {
        format!("project {} ({})", self.number, self.title())
    }
    fn path(&self) -> String {
        format!("/semesters/{}/projects/{}", self.semester, self.slug)
    }
}

impl Submission<'_> {
    fn path(&self) -> String {
        format!("/submissions/{}", self.id)
    }
}
