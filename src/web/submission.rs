//! One submission: how far its grading is, then what the report says.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::archive_download::download;
use super::error::{Error, Result};
use super::guard::Visitor;
use super::live::Stage;
use super::report_shown::ReportShown;
use super::reports::report_for;
use super::routes::Routes;
use super::student::{SubmissionRow, result_of};
use super::{Shared, State, live};
use crate::course::SubmissionId;
use crate::course::access::{Action, On};
use crate::course::result::GradingState;
use crate::store::queue::Cause;
use crate::store::submissions::{self, Grading, Submission};
use crate::store::{pauses, people, semesters};

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/submissions/{id}", page)
        .get("/submissions/{id}/live", follow)
        .get("/submissions/{id}/archive", archive);
}

#[derive(Serialize)]
struct SubmissionPage {
    submission: SubmissionRow,
    semester: String,
    title: String,
    by: Option<String>,
    student: String,
    staff: bool,
    sha256: String,
    size: String,
    stage: Option<Stage>,
    /// Why nothing of the project is graded at present.
    paused: Option<String>,
    needs_attention: bool,
    replaced: bool,
    shown: Option<i64>,
    earlier: bool,
    report: Option<ReportShown>,
    gradings: Vec<GradingRow>,
    may_regrade: bool,
    may_accept: bool,
}

#[derive(Serialize)]
struct GradingRow {
    number: i64,
    state: String,
    words: String,
    cause: &'static str,
    counts: &'static str,
    regrade: Option<String>,
    done: bool,
    finished_at: Option<i64>,
    grader_version: Option<String>,
    fault: Option<String>,
}

/// Which grading's report is wanted; the newest there is if none is named.
#[derive(Deserialize)]
struct Wanted {
    grading: Option<i64>,
}

async fn find(state: &State, visitor: &Visitor, id: &SubmissionId) -> Result<Submission> {
    let submission = submissions::get(&state.db, id).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    visitor.may(Action::SeeSubmission, on).map_err(|_| Error::NotFound)?;
    Ok(submission)
}

async fn archive(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    download(&state, &find(&state, &visitor, &id).await?).await
}

async fn follow(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    let submission = find(&state, &visitor, &id).await?;
    live::stream(state, &visitor.person.id, submission)
}

async fn page(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse> {
    let submission = find(&state, &visitor, &id).await?;
    let page = fill(&state, &visitor, &submission, wanted.grading).await?;
    state.page("submission.html", Some(&visitor), page)
}

async fn fill(
    state: &State,
    visitor: &Visitor,
    submission: &Submission,
    wanted: Option<i64>,
) -> Result<SubmissionPage> {
    let Submission { semester, person, slug, .. } = submission;
    let project = semesters::project(&state.db, semester, slug).await?.ok_or(Error::NotFound)?;
    let result = result_of(state, semester, person, project.number).await?;
    let staff = visitor.may(Action::SeeClass, On::Semester(semester)).is_ok();
    let mut gradings = submissions::gradings(&state.db, &submission.id).await?;
    gradings.retain(|grading| staff || grading.is_of_record());
    let latest = gradings.iter().find(|grading| grading.counts).ok_or(Error::NotFound)?;
    let shown = which(&gradings, wanted)?;
    let report = match shown {
        Some(grading) => report_for(state, &visitor.actor, submission, &grading.id).await?,
        None => None,
    };
    let own = *person == visitor.person.id;
    let by = if own { None } else { people::by_id(&state.db, person).await? };
    let stage = match live::pending(latest) {
        true => Some(Stage::of(state, slug, latest).await?),
        false => None,
    };
    let row = SubmissionRow::of(submission, result.map(|result| result.due));
    let on = On::Student(semester, person);
    let paused = match stage {
        Some(_) => pauses::of_project(&state.db, semester, submission.project).await?,
        None => None,
    };
    Ok(SubmissionPage {
        may_accept: row.is_late() && visitor.may(Action::OverrideResult, on).is_ok(),
        submission: row,
        semester: semester.to_string(),
        title: project.title,
        by: by.map(|person| format!("{} {}", person.first_name, person.family_name)),
        student: person.to_string(),
        staff,
        sha256: submission.digest.to_string(),
        size: size(submission.size),
        stage,
        paused: paused.map(|pause| pause.reason),
        needs_attention: latest.state == GradingState::NeedsAttention,
        replaced: latest.state == GradingState::Replaced,
        shown: shown.map(|grading| grading.number),
        earlier: shown.is_some_and(|grading| grading.number != latest.number),
        report: report.map(|report| ReportShown::of(report, state.info(slug))),
        gradings: gradings.iter().map(|grading| GradingRow::of(grading, staff)).collect(),
        may_regrade: visitor.may(Action::Regrade, on).is_ok(),
    })
}

/// The grading whose report is shown: the one asked for, else the newest that counts and has one.
fn which(gradings: &[Grading], wanted: Option<i64>) -> Result<Option<&Grading>> {
    let mut done = gradings.iter().filter(|grading| grading.state == GradingState::Done);
    match wanted {
        Some(number) => {
            done.find(|grading| grading.number == number).map(Some).ok_or(Error::NotFound)
        }
        None => Ok(done.find(|grading| grading.counts)),
    }
}

impl GradingRow {
    fn of(grading: &Grading, staff: bool) -> Self {
        let (state, words) = super::student::words_of(grading.verdict, grading.state);
        Self {
            number: grading.number,
            state: state.to_owned(),
            words: words.to_owned(),
            cause: match (grading.cause, &grading.regrade) {
                (Cause::Upload, _) => "handed in",
                (Cause::Regrade, None) => "graded again",
                (Cause::Regrade, Some(_)) => "regrade of the project",
            },
            counts: match (grading.counts, &grading.superseded_by) {
                (true, _) => "yes",
                (false, Some(_)) => "not any more: a regrade took its place",
                (false, None) => "no: run beside",
            },
            // A regrade's page is for those who decide it.
            regrade: grading.regrade.as_ref().filter(|_| staff).map(ToString::to_string),
            done: grading.state == GradingState::Done,
            finished_at: grading.finished_at,
            grader_version: grading.grader_version.clone(),
            // What went wrong on our side is for those who mend it.
            fault: grading.fault.clone().filter(|_| staff),
        }
    }
}

/// `812 bytes`, `1.4 MiB`.
fn size(bytes: i64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..10_240 => format!("{bytes} bytes"),
        10_240..1_048_576 => format!("{:.0} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
