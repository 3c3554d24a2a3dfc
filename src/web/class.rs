//! The class at a glance: students by projects, searched, narrowed, sorted and paged here, so that a
//! browser never gets two thousand rows.

mod asked;
mod row;

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::Serialize;

use self::asked::{Asked, Known, Names, STATES, Show, check, number};
use self::row::{Pseudonyms, Student, StudentRow, is_wanted, sort};
use super::error::{Error, Result};
use super::guard::Visitor;
use super::routes::Routes;
use super::{Shared, questions};
use crate::course::access::{Action, On};
use crate::course::{ProjectNumber, SemesterName};
use crate::store::results::AdmissionRow;
use crate::store::semesters::{self, Project};
use crate::store::submissions;

/// Students on one page.
const PAGE: usize = 50;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/class/{semester}", class);
}

#[derive(Serialize)]
struct ClassPage {
    semester: String,
    total: i64,
    needed: i64,
    projects: Vec<Column>,
    states: [Known; 8],
    students: Vec<StudentRow>,
    everyone: usize,
    found: usize,
    tallies: Vec<Tally>,
    attention: usize,
    questions: i64,
    asked: Choice,
    columns: Vec<Heading>,
    pages: Pages,
    hidden: bool,
    turn_names: String,
}

/// What was asked, as the form shows it.
#[derive(Serialize)]
struct Choice {
    q: String,
    project: Option<i64>,
    is: String,
    sort: String,
    narrowed: bool,
    /// The address of all students, in the same order.
    everyone: String,
}

/// How many students there are of one kind.
#[derive(Serialize)]
struct Tally {
    show: &'static str,
    badge: &'static str,
    words: &'static str,
    count: usize,
    href: String,
    current: bool,
}

/// A column that sorts.
#[derive(Serialize)]
struct Heading {
    title: &'static str,
    href: String,
    /// `ascending`, `descending` or nothing.
    sorted: &'static str,
}

#[derive(Serialize)]
struct Pages {
    number: usize,
    count: usize,
    first: usize,
    last: usize,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Column {
    number: i64,
    title: String,
    due: i64,
    href: String,
    sorted: &'static str,
    counts: Vec<Count>,
}

/// How many results are in one state.
#[derive(Serialize)]
struct Count {
    state: &'static str,
    words: &'static str,
    count: usize,
    href: String,
    /// Where its part of the bar begins, and how much of it that is, in hundredths.
    from: f64,
    share: f64,
}

async fn class(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    let semester = semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let projects = semesters::projects(&state.db, &name).await?;
    check(&asked, &projects)?;
    let rows: Arc<Vec<AdmissionRow>> = state.standings(&name).await?;
    let hidden = asked.hidden();
    let pseudonyms = hidden.then(|| Pseudonyms(visitor.form_token.clone()));
    let all: Vec<Student<'_>> =
        rows.iter().map(|row| Student::of(row, pseudonyms.as_ref())).collect();
    let mut found: Vec<&Student<'_>> = all.iter().filter(|one| is_wanted(one, &asked)).collect();
    sort(&mut found, &asked);
    let pages = pages(&asked, &name, found.len());
    let page = ClassPage {
        semester: name.to_string(),
        total: semester.total,
        needed: semester.needed,
        projects: projects.iter().map(|project| column(project, &name, &asked, &all)).collect(),
        states: STATES,
        students: found
            .iter()
            .skip(pages.first.saturating_sub(1))
            .take(PAGE)
            .map(|student| student.shown(hidden))
            .collect(),
        everyone: all.len(),
        found: found.len(),
        tallies: tallies(&asked, &name, &all),
        attention: submissions::needing_attention(&state.db, &name).await?.len(),
        questions: questions::open(&state, &name).await?,
        columns: headings(&name, &asked),
        pages,
        hidden,
        turn_names: asked.with(&name, |asked| {
            asked.names = if hidden { Names::Shown } else { Names::Hidden };
            asked.q.clear();
        }),
        asked: Choice {
            q: asked.q.clone(),
            project: number(&asked.project).map(ProjectNumber::get),
            is: asked.is.clone(),
            sort: asked.sort.clone(),
            narrowed: found.len() < all.len(),
            everyone: asked.with(&name, |asked| {
                *asked = Asked { sort: asked.sort.clone(), names: asked.names, ..Asked::default() };
            }),
        },
    };
    state.page("class.html", Some(&visitor), page)
}

fn pages(asked: &Asked, semester: &SemesterName, found: usize) -> Pages {
    let count = found.div_ceil(PAGE).max(1);
    let number = asked.page.parse().unwrap_or(1).clamp(1, count);
    let first = (number - 1) * PAGE;
    let to = |page: usize| asked.with(semester, |asked| asked.page = page.to_string());
    Pages {
        number,
        count,
        first: if found == 0 { 0 } else { first + 1 },
        last: (first + PAGE).min(found),
        before: (number > 1).then(|| to(number - 1)),
        after: (number < count).then(|| to(number + 1)),
    }
}

fn headings(semester: &SemesterName, asked: &Asked) -> Vec<Heading> {
    let heading = |(column, title)| Heading {
        title,
        href: asked.by(semester, column),
        sorted: asked.sorted(column),
    };
    [("name", "Student"), ("passed", "Passed"), ("admission", "Admission")].map(heading).into()
}

fn tallies(asked: &Asked, semester: &SemesterName, all: &[Student<'_>]) -> Vec<Tally> {
    let tally = |show: Show| Tally {
        show: show.name(),
        badge: show.badge(),
        words: show.words(),
        count: all.iter().filter(|one| one.is_shown(show)).count(),
        href: asked.with(semester, |asked| asked.show = show),
        current: asked.show == show,
    };
    Show::ALL.map(tally).into()
}

/// Of a class of `all`; counts of people are far from where this is inexact.
fn hundredths(count: usize, all: usize) -> f64 {
    100.0 * count as f64 / all.max(1) as f64
}

fn column(
    project: &Project,
    semester: &SemesterName,
    asked: &Asked,
    all: &[Student<'_>],
) -> Column {
    let number = project.number.get().to_string();
    let mut from = 0.0;
    let count = |known: &Known| {
        let count =
            all.iter().filter(|one| one.state_in(project.number) == Some(known.state)).count();
        let share = hundredths(count, all.len());
        from += share;
        Count {
            state: known.state,
            words: known.words,
            count,
            href: asked.with(semester, |asked| {
                asked.project.clone_from(&number);
                known.state.clone_into(&mut asked.is);
            }),
            from: from - share,
            share,
        }
    };
    Column {
        number: project.number.get(),
        title: project.title.clone(),
        due: project.due,
        href: asked.by(semester, &number),
        sorted: asked.sorted(&number),
        counts: STATES.iter().map(count).collect(),
    }
}
