//! One project as its students see it: what is asked, what they handed in, and the upload.

use std::collections::HashMap;

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::error::{Error, Result};
use super::guard::Visitor;
use super::page::{markdown, see_other};
use super::report_shown::required;
use super::routes::Routes;
use super::student::{SubmissionRow, result_of, state_of};
use super::submit::{Arrived, HandingIn, Sender, hand_in};
use super::{CheckInfo, Shared, State};
use crate::course::access::{Action, On};
use crate::course::counting::{self, Part};
use crate::course::result::ProjectResult;
use crate::course::{Language, PersonId, SemesterName, Slug, SubmissionId, calendar};
use crate::export::handout::without_title;
use crate::export::starter::Starter;
use crate::secret;
use crate::store::results;
use crate::store::semesters::{self, Project, Semester};
use crate::store::submissions::{self, Submission};

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/semesters/{semester}/projects/{slug}", project_page)
        .post("/semesters/{semester}/projects/{slug}/submissions", submit);
}

#[derive(Serialize)]
struct ProjectPage {
    semester: String,
    slug: String,
    number: i64,
    title: String,
    opens: i64,
    due: i64,
    extended: bool,
    today: i64,
    may_hand_in: bool,
    is_open: bool,
    graded: bool,
    kits: Vec<KitLink>,
    summary: String,
    version: String,
    handout: String,
    checks: Vec<CheckRow>,
    wall_s: u64,
    cpu_s: u64,
    memory_mib: u64,
    packed_bytes: u64,
    packed_mib: u64,
    unpacked_mib: u64,
    files: usize,
    daily_limit: i64,
    upload_key: String,
    result: Option<ResultWords>,
    which_counts: String,
    submissions: Vec<SubmissionRow>,
}

/// A starter kit to be downloaded.
#[derive(Serialize)]
struct KitLink {
    language: &'static str,
    words: &'static str,
    kib: usize,
}

impl KitLink {
    fn of(kit: &Starter) -> Self {
        let words = match kit.language {
            Language::Python => "Python",
            Language::Rust => "Rust",
        };
        Self { language: kit.language.as_str(), words, kib: kit.bytes.len().div_ceil(1024) }
    }
}

/// A check as the project announces it.
#[derive(Serialize)]
struct CheckRow {
    id: String,
    title: String,
    explanation: String,
    required: String,
    unit: String,
}

impl CheckRow {
    fn of(check: &CheckInfo) -> Self {
        Self {
            id: check.id.clone(),
            title: check.title.clone(),
            explanation: markdown(&check.explanation),
            required: required(check.comparison, check.threshold),
            unit: check.unit.clone(),
        }
    }
}

#[derive(Serialize)]
struct ResultWords {
    state: &'static str,
    words: &'static str,
}

/// Semester and project.
type OfProject = web::Path<(SemesterName, Slug)>;

async fn project_page(state: Shared, visitor: Visitor, path: OfProject) -> Result<HttpResponse> {
    let (name, slug) = path.into_inner();
    visitor.may(Action::SeeSemester, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    let semester = semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let project = semesters::project(&state.db, &name, &slug).await?.ok_or(Error::NotFound)?;
    let page = fill_project_page(&state, &visitor, &semester, &project).await?;
    state.page("project.html", Some(&visitor), page)
}

async fn fill_project_page(
    state: &State,
    visitor: &Visitor,
    semester: &Semester,
    project: &Project,
) -> Result<ProjectPage> {
    let person = &visitor.person.id;
    let own = submissions::of_student(&state.db, &semester.name, person, project.number).await?;
    let result = result_of(state, &semester.name, person, project.number).await?;
    let parts = parts_of(state, &semester.name, person, result.as_ref()).await?;
    let due = result.as_ref().map(|result| result.due);
    let info = state.info(&project.slug);
    let may_hand_in = visitor.may(Action::HandIn, On::Student(&semester.name, person)).is_ok();
    Ok(ProjectPage {
        semester: semester.name.to_string(),
        slug: project.slug.to_string(),
        number: project.number.get(),
        title: project.title.clone(),
        opens: project.opens,
        due: due.unwrap_or(project.due),
        extended: due.is_some_and(|due| due != project.due),
        today: handed_in_today(&own, state.now()),
        may_hand_in,
        is_open: state.now() >= project.opens,
        graded: info.is_some(),
        kits: state.starters_of(&project.slug).map(KitLink::of).collect(),
        summary: info.map_or_else(String::new, |info| info.summary.clone()),
        version: info.map_or_else(String::new, |info| info.version.clone()),
        handout: info.map_or_else(String::new, |info| markdown(without_title(&info.handout))),
        checks: info.map_or_else(Vec::new, |info| info.checks.iter().map(CheckRow::of).collect()),
        wall_s: info.map_or(0, |info| info.wall_s),
        cpu_s: info.map_or(0, |info| info.cpu_s),
        memory_mib: info.map_or(0, |info| info.memory_mib),
        packed_bytes: state.archive_limits.packed,
        packed_mib: state.archive_limits.packed >> 20,
        unpacked_mib: state.archive_limits.unpacked >> 20,
        files: state.archive_limits.files,
        daily_limit: semester.daily_limit,
        upload_key: secret::fresh().text,
        result: result.as_ref().map(|result| {
            let (class, words) = state_of(result);
            ResultWords { state: class, words }
        }),
        which_counts: which_counts(&own, &parts, result.as_ref()),
        submissions: own
            .iter()
            .map(|one| SubmissionRow::of(one, due).with_part(parts.get(&one.id).copied()))
            .collect(),
    })
}

/// The part of each of the student's submissions; none where they are no student, or excused.
async fn parts_of(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
    result: Option<&ProjectResult>,
) -> Result<HashMap<SubmissionId, Part>> {
    // Of a project that they are excused from, none counts.
    let Some(result) = result.filter(|result| !result.excused) else { return Ok(HashMap::new()) };
    let handed = results::handed(&state.db, semester, person, result.number).await?;
    let (ids, handed): (Vec<_>, Vec<_>) = handed.into_iter().unzip();
    let parts = counting::parts(&handed, result.overridden, result.due);
    Ok(ids.into_iter().zip(parts).collect())
}

/// Which submission the result rests on, and why, in a sentence or two.
fn which_counts(
    own: &[Submission],
    parts: &HashMap<SubmissionId, Part>,
    result: Option<&ProjectResult>,
) -> String {
    let with = |wanted: Part| own.iter().find(|one| parts.get(&one.id) == Some(&wanted));
    if result.is_some_and(|result| result.excused) {
        return "You are excused from this project: none counts, passed or not.".to_owned();
    }
    let decided = result.filter(|result| result.overridden).and_then(|result| result.verdict);
    if let Some(verdict) = decided {
        return format!(
            "An instructor decided this project: {verdict}. That stands in place of all submissions."
        );
    }
    if let Some(Submission { number, .. }) = with(Part::Counts) {
        return format!(
            "Submission {number} counts: of those that came on time it passed first. Nothing handed in \
             later can take that away."
        );
    }
    match with(Part::ToCome) {
        Some(Submission { number, .. }) => {
            format!("None counts yet. Submission {number} came on time and counts if it passes.")
        }
        None => "None counts so far: of those that came on time, none has passed.".to_owned(),
    }
}

/// How many of these came today, by the calendar that the daily limit goes by.
fn handed_in_today(own: &[Submission], now: i64) -> i64 {
    let (from, to) = calendar::day_of(now);
    let today = own.iter().filter(|one| (from..to).contains(&one.received_at));
    i64::try_from(today.count()).unwrap_or(i64::MAX)
}

async fn submit(
    state: Shared,
    visitor: Visitor,
    path: OfProject,
    arrived: Arrived,
    request: HttpRequest,
    body: Multipart,
) -> Result<HttpResponse> {
    let (semester, slug) = path.into_inner();
    let person = visitor.person.id.clone();
    visitor.may(Action::HandIn, On::Student(&semester, &person))?;
    let what = HandingIn { semester, slug, person, arrived };
    let handed_in = hand_in(&state, &request, &what, Sender::Page(&visitor), body).await?;
    Ok(see_other(&format!("/submissions/{}", handed_in.submission)))
}
