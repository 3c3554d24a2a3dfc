//! What the demo's lecturer leaves behind: a comment on a line, and a search for copies, which the server does
//! once it serves.

use anyhow::Context;

use crate::clock::Clock;
use crate::course::{Language, PersonId, ProjectNumber, SemesterName};
use crate::store::comments::{self, Place};
use crate::store::{Db, copies, submissions};

/// Comments on the student's newest submission of the first project, and asks for a search through it.
///
/// # Errors
/// The store fails, or there is no such submission.
pub(super) async fn look_through_first_project(
    db: &Db,
    semester: &SemesterName,
    student: &PersonId,
    by: &PersonId,
) -> anyhow::Result<()> {
    let first = ProjectNumber::new(1).context("a project's number")?;
    let all = submissions::of_student(db, semester, student, first).await?;
    let newest = all.first().context("the student has handed nothing in to project 1")?;
    let file = match newest.language {
        Language::Python => "solution.py",
        Language::Rust => "src/solution.rs",
    };
    let text =
        "A sentence here on which convention for the gradient you follow would help the reader.";
    let place = Place { file, line: 1 };
    comments::write(db, &newest.id, place, &text.parse()?, by, Clock.now()).await?;
    copies::ask(db, semester, first, by, Clock.now()).await?;
    Ok(())
}
