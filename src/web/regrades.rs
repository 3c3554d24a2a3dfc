//! A project graded again beside what counts: begun, followed, looked at, then applied or discarded as
//! a whole.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::chosen;
use super::decisions::{ProjectChoice, project_number, reason};
use super::decisions_shown::name_of;
use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor};
use super::page::see_other;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::{RegradeId, SemesterName};
use crate::store::regrades::{self, NewRegrade, Progress, Regrade, Scope, Seeds, Stuck};
use crate::store::roster;
use crate::store::semesters::{self, Project};

mod one;

/// Room for the Legi numbers of a large class.
const FORM_BYTES: usize = 256 << 10;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/class/{semester}/regrades", list)
        .post("/class/{semester}/regrades", start)
        .form_bytes(FORM_BYTES)
        .get("/regrades/{id}", one::page)
        .post("/regrades/{id}/apply", apply)
        .post("/regrades/{id}/discard", discard)
        .post("/regrades/{id}/undo", undo)
        .post("/regrades/{id}/retry", retry)
        .post("/regrades/{id}/leave-out", leave_out);
}

#[derive(Serialize)]
struct ListPage {
    semester: String,
    projects: Vec<ProjectChoice>,
    chosen: Option<Chosen>,
    regrades: Vec<Row>,
}

/// The project that the form is about.
#[derive(Serialize)]
struct Chosen {
    number: i64,
    title: String,
    version: Option<String>,
    checks: Vec<CheckChoice>,
    open: Option<String>,
}

#[derive(Serialize)]
struct CheckChoice {
    id: String,
    title: String,
    count: usize,
}

#[derive(Serialize)]
struct Row {
    id: String,
    project: i64,
    what: String,
    state: &'static str,
    words: &'static str,
    done: i64,
    total: i64,
    reason: String,
    by: String,
    at: i64,
}

/// Which project's form is wanted.
#[derive(Deserialize)]
struct Wanted {
    project: Option<i64>,
}

async fn list(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse> {
    visitor.may(Action::Regrade, On::Semester(&name)).map_err(Error::hidden)?;
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let projects = semesters::projects(&state.db, &name).await?;
    let all = regrades::of_semester(&state.db, &name).await?;
    let chosen = match wanted.project {
        None => None,
        Some(number) => {
            let project = projects.iter().find(|project| project.number.get() == number);
            Some(chosen_project(&state, project.ok_or(Error::NotFound)?, &all).await?)
        }
    };
    let mut rows = Vec::new();
    for regrade in all {
        rows.push(row(&state, regrade).await?);
    }
    let page = ListPage {
        semester: name.to_string(),
        projects: projects.into_iter().map(ProjectChoice::from).collect(),
        chosen,
        regrades: rows,
    };
    state.page("regrades.html", Some(&visitor), page)
}

async fn chosen_project(state: &State, project: &Project, all: &[Regrade]) -> Result<Chosen> {
    let info = state.info(&project.slug);
    let title = |id: &str| {
        let checks = info.map_or(&[][..], |info| &info.checks);
        let known = checks.iter().find(|check| check.id == id);
        known.map_or_else(|| id.to_owned(), |check| check.title.clone())
    };
    let failing = regrades::failing(&state.db, &project.semester, project.number).await?;
    let is_open =
        |one: &&Regrade| one.project == project.number && one.state == regrades::State::Open;
    Ok(Chosen {
        number: project.number.get(),
        title: project.title.clone(),
        version: info.map(|info| info.version.clone()),
        checks: failing
            .into_iter()
            .map(|(id, count)| CheckChoice { title: title(&id), id, count })
            .collect(),
        open: all.iter().find(is_open).map(|one| one.id.to_string()),
    })
}

async fn row(state: &State, regrade: Regrade) -> Result<Row> {
    let progress = regrades::progress(&state.db, &regrade.id).await?;
    let (class, words) = state_words(regrade.state, progress);
    Ok(Row {
        id: regrade.id.to_string(),
        project: regrade.project.get(),
        what: what_words(&regrade),
        state: class,
        words,
        done: progress.done,
        total: progress.total(),
        by: name_of(state, &regrade.asked_by).await?,
        at: regrade.asked_at,
        reason: regrade.reason,
    })
}

/// A class for the badge, and what it says.
fn state_words(state: regrades::State, progress: Progress) -> (&'static str, &'static str) {
    match state {
        regrades::State::Open if progress.waiting + progress.running > 0 => ("running", "running"),
        regrades::State::Open if progress.needs_attention > 0 => {
            ("needs_attention", "needs attention")
        }
        regrades::State::Open => ("waiting", "ready to be decided"),
        regrades::State::Applied => ("passed", "applied"),
        regrades::State::Discarded => ("replaced", "discarded"),
        regrades::State::Undone => ("replaced", "undone"),
    }
}

/// What is graded again, and how.
fn what_words(regrade: &Regrade) -> String {
    let what = match (regrade.scope.as_str(), &regrade.failed_by) {
        (_, Some(check)) => format!("what failed by `{check}`"),
        ("students", _) => "chosen students".to_owned(),
        _ => "all submissions".to_owned(),
    };
    match regrade.seeds {
        Seeds::Same => format!("{what}, with the same seeds"),
        Seeds::New => format!("{what}, with new seeds"),
    }
}

#[derive(Deserialize)]
struct Start {
    project: String,
    /// `everyone`, `failed_by` or `students`.
    scope: String,
    #[serde(default)]
    failed_by: String,
    /// Legi numbers.
    #[serde(default)]
    students: String,
    seeds: String,
    reason: String,
}

async fn start(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    form: Checked<Start>,
) -> Result<HttpResponse> {
    visitor.may(Action::Regrade, On::Semester(&name))?;
    let form = form.0;
    let project = project_number(&form.project)?;
    let new = NewRegrade {
        semester: name.clone(),
        project,
        scope: scope(&state, &name, &form).await?,
        seeds: form
            .seeds
            .parse()
            .map_err(|e: crate::course::Misspelt| Error::Bad(e.to_string()))?,
        reason: reason(&form.reason)?,
    };
    let (id, _) = regrades::start(&state.db, &new, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/regrades/{id}")))
}

async fn scope(state: &State, semester: &SemesterName, form: &Start) -> Result<Scope> {
    match form.scope.as_str() {
        "everyone" => Ok(Scope::Everyone),
        "failed_by" if form.failed_by.is_empty() => {
            Err(Error::Refused("Please say by which check they failed.".into()))
        }
        "failed_by" => Ok(Scope::FailedBy(form.failed_by.clone())),
        "students" => {
            let everyone = roster::everyone(&state.db, semester).await?;
            let students = chosen::students(&everyone, &form.students)?;
            Ok(Scope::Students(students.into_iter().map(|one| one.person.clone()).collect()))
        }
        other => Err(Error::Bad(format!("`{other}` is nothing that can be graded again."))),
    }
}

/// The regrade, if this person decides about it.
async fn find(state: &State, visitor: &Visitor, id: &RegradeId) -> Result<Regrade> {
    let regrade = regrades::get(&state.db, id).await?.ok_or(Error::NotFound)?;
    visitor.may(Action::Regrade, On::Semester(&regrade.semester)).map_err(Error::hidden)?;
    Ok(regrade)
}

type OfRegrade = web::Path<RegradeId>;

async fn apply(
    state: Shared,
    visitor: Visitor,
    id: OfRegrade,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    find(&state, &visitor, &id).await?;
    regrades::apply(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/regrades/{id}")))
}

async fn discard(
    state: Shared,
    visitor: Visitor,
    id: OfRegrade,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    find(&state, &visitor, &id).await?;
    regrades::discard(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/regrades/{id}")))
}

async fn undo(
    state: Shared,
    visitor: Visitor,
    id: OfRegrade,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    find(&state, &visitor, &id).await?;
    regrades::undo(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/regrades/{id}")))
}

async fn retry(
    state: Shared,
    visitor: Visitor,
    id: OfRegrade,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    unstick(&state, &visitor, &id, Stuck::Retry).await
}

async fn leave_out(
    state: Shared,
    visitor: Visitor,
    id: OfRegrade,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    unstick(&state, &visitor, &id, Stuck::LeaveOut).await
}

async fn unstick(
    state: &State,
    visitor: &Visitor,
    id: &RegradeId,
    stuck: Stuck,
) -> Result<HttpResponse> {
    find(state, visitor, id).await?;
    regrades::unstick(&state.db, id, stuck, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/regrades/{id}")))
}
