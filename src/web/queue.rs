//! The queue: what waits, what runs and where, what needs attention; and pausing a project's grading.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::decisions::{ProjectChoice, project_number, reason};
use super::decisions_shown::name_of;
use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor};
use super::page::see_other;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::result::GradingState;
use crate::course::{SemesterName, SubmissionId};
use crate::store::in_queue::{self, InQueue, Part};
use crate::store::{pauses, semesters, submissions};

/// Gradings listed of each state; the count says how many there are.
const LISTED: u32 = 100;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/admin/queue", of_server)
        .get("/class/{semester}/queue", of_semester)
        .get("/class/{semester}/attention", of_semester)
        .post("/class/{semester}/pauses", pause)
        .post("/class/{semester}/pauses/end", resume)
        .post("/submissions/{id}/retry", retry);
}

#[derive(Serialize)]
struct Page {
    /// None for the whole server.
    semester: Option<String>,
    waiting: PartShown,
    running: PartShown,
    attention: PartShown,
    /// Names of those that are at work on something.
    workers: Vec<String>,
    pauses: Vec<PauseRow>,
    projects: Vec<ProjectChoice>,
}

#[derive(Serialize)]
struct PartShown {
    count: i64,
    more: i64,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    submission: String,
    semester: String,
    project: i64,
    person: String,
    name: String,
    why: &'static str,
    regrade: Option<String>,
    queued_at: i64,
    /// When it is tried again, if that is later.
    not_before: Option<i64>,
    started_at: Option<i64>,
    worker: Option<String>,
    faults: i64,
    fault: Option<String>,
}

#[derive(Serialize)]
struct PauseRow {
    semester: String,
    project: i64,
    reason: String,
    by: String,
    at: i64,
}

async fn of_server(state: Shared, visitor: Visitor) -> Result<HttpResponse> {
    visitor.may(Action::SeeHealth, On::Server).map_err(Error::hidden)?;
    let page = fill(&state, None).await?;
    state.page("queue.html", Some(&visitor), page)
}

async fn of_semester(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(Error::hidden)?;
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let page = fill(&state, Some(&name)).await?;
    state.page("queue.html", Some(&visitor), page)
}

async fn fill(state: &State, semester: Option<&SemesterName>) -> Result<Page> {
    let part = |which| in_queue::part(&state.db, semester, which, LISTED);
    let running = part(GradingState::Running).await?;
    let mut workers: Vec<String> =
        running.listed.iter().filter_map(|one| one.worker.clone()).collect();
    workers.sort_unstable();
    workers.dedup();
    let mut paused = Vec::new();
    for one in pauses::lasting(&state.db, semester).await? {
        paused.push(PauseRow {
            semester: one.semester.to_string(),
            project: one.project.get(),
            by: name_of(state, &one.paused_by).await?,
            reason: one.reason,
            at: one.paused_at,
        });
    }
    let projects = match semester {
        Some(name) => semesters::projects(&state.db, name).await?,
        None => Vec::new(),
    };
    let projects = projects.into_iter().map(ProjectChoice::from);
    let is_paused = |number: i64| paused.iter().any(|one| one.project == number);
    Ok(Page {
        semester: semester.map(ToString::to_string),
        waiting: shown(part(GradingState::Waiting).await?, state.now()),
        running: shown(running, state.now()),
        attention: shown(part(GradingState::NeedsAttention).await?, state.now()),
        workers,
        projects: projects.filter(|project| !is_paused(project.number)).collect(),
        pauses: paused,
    })
}

fn shown(part: Part, now: i64) -> PartShown {
    let listed = i64::try_from(part.listed.len()).unwrap_or(i64::MAX);
    PartShown {
        count: part.count,
        more: (part.count - listed).max(0),
        rows: part.listed.into_iter().map(|one| row(one, now)).collect(),
    }
}

fn row(one: InQueue, now: i64) -> Row {
    use crate::store::queue::Cause;
    Row {
        submission: one.submission.to_string(),
        semester: one.semester.to_string(),
        project: one.project.get(),
        person: one.person.to_string(),
        name: format!("{} {}", one.first_name, one.family_name),
        why: match (one.cause, &one.regrade) {
            (Cause::Upload, _) => "handed in",
            (Cause::Regrade, None) => "graded again",
            (Cause::Regrade, Some(_)) => "regrade",
        },
        regrade: one.regrade.map(|id| id.to_string()),
        queued_at: one.queued_at,
        not_before: Some(one.not_before).filter(|at| *at > now),
        started_at: one.started_at,
        worker: one.worker,
        faults: one.faults,
        fault: one.fault,
    }
}

#[derive(Deserialize)]
struct PauseForm {
    project: String,
    reason: String,
}

async fn pause(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    form: Checked<PauseForm>,
) -> Result<HttpResponse> {
    visitor.may(Action::Regrade, On::Semester(&name))?;
    let project = project_number(&form.0.project)?;
    let reason = reason(&form.0.reason)?;
    pauses::pause(&state.db, &name, project, &reason, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{name}/queue")))
}

#[derive(Deserialize)]
struct ResumeForm {
    project: String,
}

async fn resume(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    form: Checked<ResumeForm>,
) -> Result<HttpResponse> {
    visitor.may(Action::Regrade, On::Semester(&name))?;
    let project = project_number(&form.0.project)?;
    pauses::resume(&state.db, &name, project, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{name}/queue")))
}

async fn retry(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let submission = submissions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    visitor.may(Action::Regrade, on).map_err(Error::hidden)?;
    in_queue::retry(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{}/queue", submission.semester)))
}
