//! Semesters, their projects and windows.

use jiff::civil::{Date, Time};
use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error, notify};
use crate::course::admission::Rule;
use crate::course::calendar::{self, NotADay, Window};
use crate::course::{PersonId, ProjectNumber, SemesterName, Slug};

/// One run of the course.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Semester {
    /// `HS2026`.
    pub name: SemesterName,
    /// Day of the first lecture, `2026-09-16`.
    pub first_lecture: String,
    /// Its first instant in Zurich, epoch milliseconds.
    pub starts_at: i64,
    /// Projects to be passed.
    pub needed: i64,
    /// Projects in all.
    pub total: i64,
    /// Submissions a day and project.
    pub daily_limit: i64,
}

impl Semester {
    /// How many projects must be passed, of how many.
    ///
    /// # Errors
    /// When the stored numbers make no rule.
    pub fn rule(&self) -> Result<Rule, Error> {
        rule(self.needed, self.total)
    }
}

pub(super) fn rule(needed: i64, total: i64) -> Result<Rule, Error> {
    let number = |n: i64| u32::try_from(n).unwrap_or(0);
    Rule::new(number(needed), number(total)).map_err(|error| Error::Corrupt(error.to_string()))
}

/// One of a semester's projects.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Project {
    /// Whose.
    pub semester: SemesterName,
    /// Its place, from 1.
    pub number: ProjectNumber,
    /// `backprop`.
    pub slug: Slug,
    /// What a person reads.
    pub title: String,
    /// First instant, epoch milliseconds.
    pub opens: i64,
    /// Last second, epoch milliseconds.
    pub due: i64,
}

/// What a new semester is made from.
#[derive(Clone, Debug)]
pub struct NewSemester {
    /// `HS2026`.
    pub name: SemesterName,
    /// Day of the first lecture.
    pub first_lecture: Date,
    /// How many projects must be passed, of how many.
    pub rule: Rule,
    /// Submissions a day and project.
    pub daily_limit: i64,
    /// Time of day at which projects are due.
    pub due_at: Time,
    /// Slug and title of each project, in order; as many as the rule counts.
    pub projects: Vec<(Slug, String)>,
}

/// A semester was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The name, or a slug within it, is taken.
    #[error("there is a semester of this name already, or a project is named twice")]
    Twice,
    /// As many projects as the rule counts must be named.
    #[error("{named} projects are named, but the rule counts {counted}")]
    Projects {
        /// Named.
        named: usize,
        /// Counted by the rule.
        counted: u32,
    },
    /// No calendar.
    #[error(transparent)]
    Day(#[from] NotADay),
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

const SEMESTER: &str =
    "SELECT name, first_lecture, starts_at, needed, total, daily_limit FROM semesters";
const PROJECT: &str = "SELECT semester, number, slug, title, opens, due FROM projects";

/// Creates a semester with the windows of its projects as the course's calendar has them.
///
/// # Errors
/// When it exists, makes no calendar, or can't be stored.
pub async fn create(
    db: &Db,
    new: &NewSemester,
    by: Option<&PersonId>,
    now: i64,
) -> Result<(), CreateError> {
    let windows = calendar::windows(new.first_lecture, new.rule.of(), new.due_at)?;
    create_with(db, new, &windows, by, now).await
}

/// The same with windows of its own, one for each project and in their order.
///
/// # Errors
/// As [`create`].
pub async fn create_with(
    db: &Db,
    new: &NewSemester,
    windows: &[Window],
    by: Option<&PersonId>,
    now: i64,
) -> Result<(), CreateError> {
    let counted = new.rule.of();
    let of_all = [new.projects.len(), windows.len()].map(u32::try_from);
    if of_all != [Ok(counted), Ok(counted)] {
        return Err(CreateError::Projects { named: new.projects.len(), counted });
    }
    let starts_at = calendar::instant_of(new.first_lecture, Time::midnight())
        .ok_or_else(|| NotADay(new.first_lecture.to_string()))?;
    let day = new.first_lecture.to_string();

    let mut tx = db.begin().await?;
    let stored = async {
        tx.run(
            "INSERT INTO semesters
                 (name, first_lecture, starts_at, needed, total, daily_limit, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![&new.name, &day, starts_at, new.rule.needed(), counted, new.daily_limit, now],
        )
        .await?;
        for (window, (slug, title)) in windows.iter().zip(&new.projects) {
            tx.run(
                "INSERT INTO projects (semester, number, slug, title, opens, due)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                args![&new.name, window.project, slug, title, window.opens, window.due],
            )
            .await?;
        }
        let opened: Vec<_> = windows.iter().map(|window| [window.opens, window.due]).collect();
        let details = json!({
            "first_lecture": day, "needed": new.rule.needed(), "of": counted,
            "daily_limit": new.daily_limit, "windows": opened,
        });
        let subject = new.name.to_string();
        let entry = Entry { at: now, actor: by, action: "semester.create", subject, details };
        audit::append(&mut tx, entry).await
    };
    stored.await.map_err(|error| {
        if error.is_twice() { CreateError::Twice } else { CreateError::Store(error) }
    })?;
    tx.commit().await?;
    Ok(())
}

/// All semesters, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn all(db: &Db) -> Result<Vec<Semester>, Error> {
    db.all(sqlx::AssertSqlSafe(format!("{SEMESTER} ORDER BY starts_at DESC, name DESC")), vec![])
        .await
}

/// The semester of this name.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, name: &SemesterName) -> Result<Option<Semester>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{SEMESTER} WHERE name = $1")), args![name]).await
}

/// The semester that a person most likely means: of those they are enrolled in, the last that has
/// begun, else the next to begin.
///
/// # Errors
/// When it can't be read.
pub async fn current(db: &Db, person: &PersonId, now: i64) -> Result<Option<Semester>, Error> {
    let sql = format!(
        "{SEMESTER} WHERE name IN (SELECT semester FROM enrolments WHERE person = $1)
         ORDER BY CASE WHEN starts_at <= $2 THEN 0 ELSE 1 END,
                  CASE WHEN starts_at <= $2 THEN -starts_at ELSE starts_at END, name LIMIT 1"
    );
    db.opt(sqlx::AssertSqlSafe(sql), args![person, now]).await
}

/// The semester that an admin most likely means: the last that has begun, else the next to begin.
///
/// # Errors
/// When it can't be read.
pub async fn running(db: &Db, now: i64) -> Result<Option<Semester>, Error> {
    let sql = format!(
        "{SEMESTER} ORDER BY CASE WHEN starts_at <= $1 THEN 0 ELSE 1 END,
                  CASE WHEN starts_at <= $1 THEN -starts_at ELSE starts_at END, name LIMIT 1"
    );
    db.opt(sqlx::AssertSqlSafe(sql), args![now]).await
}

/// A semester's projects in order.
///
/// # Errors
/// When they can't be read.
pub async fn projects(db: &Db, semester: &SemesterName) -> Result<Vec<Project>, Error> {
    let sql = format!("{PROJECT} WHERE semester = $1 ORDER BY number");
    db.all(sqlx::AssertSqlSafe(sql), args![semester]).await
}

/// One project by its slug.
///
/// # Errors
/// When it can't be read.
pub async fn project(
    db: &Db,
    semester: &SemesterName,
    slug: &Slug,
) -> Result<Option<Project>, Error> {
    let sql = format!("{PROJECT} WHERE semester = $1 AND slug = $2");
    db.opt(sqlx::AssertSqlSafe(sql), args![semester, slug]).await
}

/// A window was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// It would end before it begins.
    #[error("a project can't be due before it opens")]
    Backwards,
    /// No such project.
    #[error("there is no such project")]
    NoSuchProject,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Changes a project's window. What was on time stays on time, even if the due time moves forward.
///
/// # Errors
/// When the window is backwards, the project unknown, or it can't be stored.
pub async fn set_window(
    db: &Db,
    semester: &SemesterName,
    window: calendar::Window,
    by: Option<&PersonId>,
    now: i64,
) -> Result<(), WindowError> {
    if window.due < window.opens {
        return Err(WindowError::Backwards);
    }
    let mut tx = db.begin().await?;
    let before: Option<(i64, i64)> = tx
        .opt(
            "SELECT opens, due FROM projects WHERE semester = $1 AND number = $2",
            args![semester, window.project],
        )
        .await?;
    let (opens, due) = before.ok_or(WindowError::NoSuchProject)?;
    tx.run(
        "UPDATE projects SET opens = $1, due = $2 WHERE semester = $3 AND number = $4",
        args![window.opens, window.due, semester, window.project],
    )
    .await?;
    let entry = Entry {
        at: now,
        actor: by,
        action: "project.set_window",
        subject: format!("{semester}/{}", window.project),
        details: json!({ "from": [opens, due], "to": [window.opens, window.due] }),
    };
    audit::append(&mut tx, entry).await?;
    // What was late may count now.
    notify::admitted(&mut tx, semester, None, now).await?;
    tx.commit().await?;
    Ok(())
}
