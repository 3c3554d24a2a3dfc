//! Deadlines that are near: who has not passed a project that is due soon is told, once for each due
//! time.

use super::arg::args;
use super::semesters::{self, Project};
use super::{Db, Error, outbox, results};
use crate::course::notice::{self, AHEAD, Notice};
use crate::course::result::{ProjectResult, Window};
use crate::course::{SemesterName, Verdict};

/// Tells everyone of every project that is open, due within two days, and not passed, unless they are
/// excused from it; whoever still awaits a verdict is told when it has come. To be called every hour or so.
///
/// # Errors
/// When the database fails: the next call does what is missing.
pub async fn remind(db: &Db, now: i64) -> Result<(), Error> {
    let near: Vec<(SemesterName,)> = db
        .all(
            "SELECT DISTINCT semester FROM
                 (SELECT semester, due FROM projects
                  UNION ALL SELECT semester, due FROM extensions WHERE revoked_at IS NULL) AS d
             WHERE due > $1 AND due <= $2 ORDER BY semester",
            args![now, now + AHEAD],
        )
        .await?;
    for (semester,) in near {
        remind_of(db, &semester, now).await?;
    }
    Ok(())
}

async fn remind_of(db: &Db, semester: &SemesterName, now: i64) -> Result<(), Error> {
    let projects = semesters::projects(db, semester).await?;
    let students = results::admissions(db, semester, now).await?;
    let mut notices = Vec::new();
    for student in &students {
        for (project, result) in projects.iter().zip(&student.projects) {
            if !is_near(result, now) {
                continue;
            }
            let Project { number, slug, title, .. } = project;
            let notice = Notice::Deadline {
                project: notice::Project { semester, number: *number, slug, title },
                due: result.due,
                submissions: result.submissions,
                admission: &student.admission,
            };
            notices.push((&student.person, notice));
        }
    }
    if notices.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    for (person, notice) in notices {
        outbox::put(&mut tx, person, &notice, now).await?;
    }
    tx.commit().await
}

fn is_near(result: &ProjectResult, now: i64) -> bool {
    let near = result.due > now && result.due <= now + AHEAD;
    let settled = result.verdict == Some(Verdict::Passed)
        || result.overridden
        || result.excused
        || result.waiting;
    near && result.window == Window::Open && !settled
}
