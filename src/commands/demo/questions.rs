//! Questions of the demo: one that waits for an answer, one that was answered, one that is closed.

use anyhow::Context;

use crate::clock::{Clock, Millis};
use crate::course::question::Side;
use crate::course::{PersonId, ProjectNumber, SemesterName};
use crate::store::questions::{self, Author};
use crate::store::{Db, submissions};

use super::HOUR_MS;

/// A question about someone's last submission for a project, and what became of it.
struct Asked {
    /// E-mail address of the student.
    student: &'static str,
    project: i64,
    check: &'static str,
    hours_ago: Millis,
    text: &'static str,
    answer: Option<&'static str>,
    closed: bool,
}

const ASKED: [Asked; 3] = [
    Asked {
        student: "ada.lovelace@example.org",
        project: 1,
        check: "grads",
        hours_ago: 200,
        text: "It passes now: my loss was the sum over the batch.\n\nIs the mean meant everywhere?",
        answer: Some("Yes, in every project: a loss is a mean over the batch."),
        closed: true,
    },
    Asked {
        student: "ada.lovelace@example.org",
        project: 5,
        check: "learn",
        hours_ago: 30,
        text: "The read-out learns, the hidden weights do not change at all. Where does my gradient stop?",
        answer: Some("At the threshold: its derivative is zero. Put a surrogate in its place."),
        closed: false,
    },
    Asked {
        student: "alan.turing@example.org",
        project: 3,
        check: "fi",
        hours_ago: 4,
        text: "My rates are right by eye, and the check says that they are 1000 times too small.",
        answer: None,
        closed: false,
    },
];

/// Asks and answers.
///
/// # Errors
/// When a student or submission of the demo is missing, or the store fails.
pub(super) async fn ask(
    db: &Db,
    semester: &SemesterName,
    lecturer: &PersonId,
) -> anyhow::Result<()> {
    for asked in &ASKED {
        let student = super::known(db, &asked.student.parse()?).await?;
        let number = ProjectNumber::new(asked.project).context("a project's number")?;
        let own = submissions::of_student(db, semester, &student, number).await?;
        let about = &own.first().with_context(|| format!("{} has none", asked.student))?.id;
        let at = Clock.now() - asked.hours_ago * HOUR_MS;
        let author = Author { person: &student, side: Side::Student };
        let check = asked.check.parse()?;
        let question =
            questions::ask(db, about, Some(&check), &asked.text.parse()?, author, at).await?;
        if let Some(answer) = asked.answer {
            let author = Author { person: lecturer, side: Side::Staff };
            questions::write(db, &question, &answer.parse()?, author, at + HOUR_MS).await?;
        }
        if asked.closed {
            questions::close(db, &question, author, at + 2 * HOUR_MS).await?;
        }
    }
    Ok(())
}
