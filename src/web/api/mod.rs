//! `/api/v1`: everything that programs may ask, by bearer token; described by
//! `/api/openapi.json`, which is made from this code.

use actix_multipart::Multipart;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::OpenApi;

use self::health_shape::HealthShape;
use self::shapes::{
    AdmissionListShape, Archive, GradingShape, HandInForm, Me, Problem, ProjectShape, ResultShape,
    SemesterShape, StandingShape, SubmissionShape,
};
use super::Shared;
use super::archive_download::download;
use super::error::{Error, Result};
use super::guard::Bearer;
use super::reports::report_for;
use super::routes::Routes;
use super::starter::{self, OfKit};
use super::submit::{Arrived, HandedIn, HandingIn, Sender, hand_in};
use crate::course::access::{Action, On};
use crate::course::{SemesterName, Slug, SubmissionId};
use crate::export::{self, Format, List};
use crate::store::semesters::Project;
use crate::store::submissions::Submission;
use crate::store::{audit, queue, results, semesters, submissions};

mod description;
mod health_shape;
mod report_shape;
mod shapes;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/api/openapi.json", openapi)
        .get("/api/v1/me", me)
        .get("/api/v1/health", health)
        .get("/api/v1/semesters", list_semesters)
        .get("/api/v1/semesters/{semester}", one_semester)
        .get("/api/v1/semesters/{semester}/projects", list_projects)
        .get("/api/v1/semesters/{semester}/projects/{slug}", one_project)
        .get("/api/v1/semesters/{semester}/projects/{slug}/submissions", list_submissions)
        .post("/api/v1/semesters/{semester}/projects/{slug}/submissions", submit)
        .get("/api/v1/semesters/{semester}/projects/{slug}/starter/{language}", starter_kit)
        .get("/api/v1/semesters/{semester}/results", own_results)
        .get("/api/v1/semesters/{semester}/admissions", admissions)
        .get("/api/v1/submissions/{id}", one_submission)
        .get("/api/v1/submissions/{id}/archive", archive);
}

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(description::Description::openapi())
}

/// Whose token this is.
#[utoipa::path(get, path = "/api/v1/me", responses((status = 200, body = Me)))]
async fn me(bearer: Bearer) -> HttpResponse {
    HttpResponse::Ok().json(Me::from(&bearer.person))
}

/// What this host enforces, and what came of the server's attacks on itself; for admins.
#[utoipa::path(get, path = "/api/v1/health",
    responses((status = 200, body = HealthShape), (status = 403, body = Problem)))]
async fn health(state: Shared, bearer: Bearer) -> Result<HttpResponse> {
    bearer.may(Action::SeeHealth, On::Server)?;
    let found = state.self_attack.borrow().clone();
    Ok(HttpResponse::Ok().json(HealthShape::of(&state.host, state.grades_others, found)))
}

/// The semesters one takes part in; all, for an admin.
#[utoipa::path(get, path = "/api/v1/semesters", responses((status = 200, body = [SemesterShape])))]
async fn list_semesters(state: Shared, bearer: Bearer) -> Result<HttpResponse> {
    let all = semesters::all(&state.db).await?;
    let own = all.iter().filter(|s| bearer.may(Action::SeeSemester, On::Semester(&s.name)).is_ok());
    Ok(HttpResponse::Ok().json(own.map(SemesterShape::from).collect::<Vec<_>>()))
}

/// One semester.
#[utoipa::path(get, path = "/api/v1/semesters/{semester}", params(("semester" = String, Path)),
    responses((status = 200, body = SemesterShape), (status = 404, body = Problem)))]
async fn one_semester(
    state: Shared,
    bearer: Bearer,
    semester: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    see_semester(&bearer, &semester)?;
    let semester = semesters::get(&state.db, &semester).await?.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().json(SemesterShape::from(&semester)))
}

/// A semester's projects with their windows.
#[utoipa::path(get, path = "/api/v1/semesters/{semester}/projects", params(("semester" = String, Path)),
    responses((status = 200, body = [ProjectShape]), (status = 404, body = Problem)))]
async fn list_projects(
    state: Shared,
    bearer: Bearer,
    semester: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    see_semester(&bearer, &semester)?;
    let projects = semesters::projects(&state.db, &semester).await?;
    let shapes = projects.iter().map(|p| ProjectShape::of(p, state.info(&p.slug).is_some()));
    Ok(HttpResponse::Ok().json(shapes.collect::<Vec<_>>()))
}

type OfProject = web::Path<(SemesterName, Slug)>;

/// One project.
#[utoipa::path(get, path = "/api/v1/semesters/{semester}/projects/{slug}",
    params(("semester" = String, Path), ("slug" = String, Path)),
    responses((status = 200, body = ProjectShape), (status = 404, body = Problem)))]
async fn one_project(state: Shared, bearer: Bearer, path: OfProject) -> Result<HttpResponse> {
    let project = find_project(&state, &bearer, &path).await?;
    Ok(HttpResponse::Ok().json(ProjectShape::of(&project, state.info(&project.slug).is_some())))
}

/// One's own submissions for a project, newest first.
#[utoipa::path(get, path = "/api/v1/semesters/{semester}/projects/{slug}/submissions",
    params(("semester" = String, Path), ("slug" = String, Path)),
    responses((status = 200, body = [SubmissionShape]), (status = 404, body = Problem)))]
async fn list_submissions(state: Shared, bearer: Bearer, path: OfProject) -> Result<HttpResponse> {
    let project = find_project(&state, &bearer, &path).await?;
    let own =
        submissions::of_student(&state.db, &path.0, &bearer.person.id, project.number).await?;
    Ok(HttpResponse::Ok()
        .json(own.iter().map(|s| SubmissionShape::of(s, None)).collect::<Vec<_>>()))
}

/// Hands in: multipart field `archive`, a .zip, .tar, .tar.gz or a single solution.py. Sent again with
/// the same `Idempotency-Key`, it is answered with the submission that the first one made.
#[utoipa::path(post, path = "/api/v1/semesters/{semester}/projects/{slug}/submissions",
    params(("semester" = String, Path), ("slug" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "of this one attempt, 8 to 128 visible ASCII characters: a new one for each archive")),
    request_body(content = HandInForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = SubmissionShape, headers(
            ("Location" = String, description = "of the submission"),
            ("Idempotent-Replayed" = String, description = "`true` if the same had come before under this key"))),
        (status = 400, body = Problem, description = "no archive, or an upload that stopped"),
        (status = 403, body = Problem, description = "only students of the semester hand in, with a token of scope `submit`"),
        (status = 404, body = Problem), (status = 409, body = Problem, description = "not open yet, too often today, or the key is that of another archive"),
        (status = 413, body = Problem), (status = 422, body = Problem, description = "the archive is refused; the text names the entry"),
        (status = 503, body = Problem, description = "programs can't be graded safely at the moment")
    ))]
async fn submit(
    state: Shared,
    bearer: Bearer,
    path: OfProject,
    arrived: Arrived,
    request: HttpRequest,
    body: Multipart,
) -> Result<HttpResponse> {
    let (semester, slug) = path.into_inner();
    let person = bearer.person.id.clone();
    bearer.may(Action::HandIn, On::Student(&semester, &person))?;
    let what = HandingIn { semester, slug, person, arrived };
    let HandedIn { submission, again } =
        hand_in(&state, &request, &what, Sender::Program, body).await?;
    let found = find_submission(&state, &bearer, &submission).await?;
    let shape = full_shape(&state, &bearer, &found).await?;
    let location = format!("/api/v1/submissions/{submission}");
    let mut response = HttpResponse::Created();
    if again {
        response.insert_header(("idempotent-replayed", "true"));
    }
    Ok(response.insert_header((header::LOCATION, location)).json(shape))
}

/// A project's starter kit: what to write, the hand-out, samples to try it on.
#[utoipa::path(get, path = "/api/v1/semesters/{semester}/projects/{slug}/starter/{language}",
    params(("semester" = String, Path), ("slug" = String, Path), ("language" = String, Path, description = "`python` or `rust`")),
    responses(
        (status = 200, description = "a zip", body = Archive, content_type = "application/zip",
            headers(("ETag" = String, description = "SHA-256 of the kit, for `If-None-Match`"))),
        (status = 304, description = "it is the one of `If-None-Match`"),
        (status = 404, body = Problem)
    ))]
async fn starter_kit(
    state: Shared,
    bearer: Bearer,
    path: OfKit,
    request: HttpRequest,
) -> Result<HttpResponse> {
    see_semester(&bearer, &path.0)?;
    starter::answer(&state, &path, &request).await
}

/// What counts for oneself, project by project, and the admission.
#[utoipa::path(get, path = "/api/v1/semesters/{semester}/results", params(("semester" = String, Path)),
    responses((status = 200, body = StandingShape), (status = 403, body = Problem, description = "only students of the semester have results"), (status = 404, body = Problem)))]
async fn own_results(
    state: Shared,
    bearer: Bearer,
    semester: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    bearer.may(Action::SeeSubmission, On::Student(&semester, &bearer.person.id))?;
    let row = results::admission_of(&state.db, &semester, &bearer.person.id, state.now()).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().json(StandingShape {
        results: row.projects.iter().map(ResultShape::from).collect(),
        passed: row.admission.passed,
        missing: row.admission.missing,
        state: row.admission.state.to_string(),
        basis: export::basis_words(&row.admission),
        since: row.admission.since.map(shapes::time),
    }))
}

/// Everyone's admission: the same list as the page and the export.
#[utoipa::path(get, path = "/api/v1/semesters/{semester}/admissions", params(("semester" = String, Path)),
    responses((status = 200, description = "the list that is exported as JSON", body = AdmissionListShape), (status = 403, body = Problem, description = "only for staff, with a token of scope `staff`"), (status = 404, body = Problem)))]
async fn admissions(
    state: Shared,
    bearer: Bearer,
    semester: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    bearer.may(Action::SeeAdmissions, On::Semester(&semester))?;
    semesters::get(&state.db, &semester).await?.ok_or(Error::NotFound)?;
    let at = state.now();
    let rows = results::admissions(&state.db, &semester, at).await?;
    let written = export::write(&List { semester: &semester, at, rows: &rows }, Format::Json)?;
    let by = Some(&bearer.person.id);
    audit::note(&state.db, audit::export_entry(&semester, &written.digest, by, at)).await?;
    Ok(HttpResponse::Ok().content_type(Format::Json.media_type()).body(written.bytes))
}

/// One submission with its gradings and reports.
#[utoipa::path(get, path = "/api/v1/submissions/{id}", params(("id" = String, Path)),
    responses((status = 200, body = SubmissionShape), (status = 403, body = Problem, description = "the token's scope does not reach so far"), (status = 404, body = Problem)))]
async fn one_submission(
    state: Shared,
    bearer: Bearer,
    id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    let submission = find_submission(&state, &bearer, &id).await?;
    Ok(HttpResponse::Ok().json(full_shape(&state, &bearer, &submission).await?))
}

/// The archive as received.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/archive", params(("id" = String, Path)),
    responses((status = 200, description = "the archive", body = Archive, content_type = "application/octet-stream"), (status = 403, body = Problem, description = "the token's scope does not reach so far"), (status = 404, body = Problem)))]
async fn archive(
    state: Shared,
    bearer: Bearer,
    id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    download(&state, &find_submission(&state, &bearer, &id).await?).await
}

/// Whether there is such a semester is nobody's business who has no part in it.
fn see_semester(bearer: &Bearer, semester: &SemesterName) -> Result<()> {
    bearer.may_see(Action::SeeSemester, On::Semester(semester))
}

async fn find_project(
    state: &Shared,
    bearer: &Bearer,
    (semester, slug): &(SemesterName, Slug),
) -> Result<Project> {
    see_semester(bearer, semester)?;
    semesters::project(&state.db, semester, slug).await?.ok_or(Error::NotFound)
}

async fn find_submission(state: &Shared, bearer: &Bearer, id: &SubmissionId) -> Result<Submission> {
    let submission = submissions::get(&state.db, id).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    bearer.may_see(Action::SeeSubmission, on)?;
    Ok(submission)
}

async fn full_shape(
    state: &Shared,
    bearer: &Bearer,
    submission: &Submission,
) -> Result<SubmissionShape> {
    let mut shapes = Vec::new();
    let gradings = submissions::gradings(&state.db, &submission.id).await?;
    // The last one is the last that counts; what is only run beside is decided about on its page.
    for grading in gradings.iter().rev().filter(|grading| grading.is_of_record()) {
        let ahead = queue::ahead_of(&state.db, &grading.id).await?;
        let report = report_for(state, &bearer.actor, submission, &grading.id).await?;
        let report = report.map(serde_json::to_value).transpose()?;
        shapes.push(GradingShape::of(grading, ahead, report));
    }
    Ok(SubmissionShape::of(submission, Some(shapes)))
}
