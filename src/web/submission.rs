//! One submission: how far its grading is, then what the report says.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use testat_kit::report::Report;

use super::archive_download::download;
use super::error::{Error, Result};
use super::guard::Visitor;
use super::questions::QuestionsShown;
use super::report_shown::{AttemptsCompared, ReportShown};
use super::reports::report_for;
use super::routes::Routes;
use super::stage::{Stage, began_by, moments};
use super::student::{SubmissionRow, result_of};
use super::timeline::{Phase, timeline};
use super::{ProjectInfo, Shared, State, live};
use crate::course::SubmissionId;
use crate::course::access::{Action, On};
use crate::course::result::GradingState;
use crate::store::queue::Cause;
use crate::store::submissions::{self, Grading, Submission};
use crate::store::{comments, pauses, people, semesters};

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
    due: Option<i64>,
    comments: i64,
    stage: Option<Stage>,
    /// Why nothing of the project is graded at present.
    paused: Option<String>,
    /// Of the grading that is shown, once it is over.
    timeline: Vec<Phase>,
    changes: Option<AttemptsCompared>,
    needs_attention: bool,
    replaced: bool,
    shown: Option<i64>,
    earlier: bool,
    report: Option<ReportShown>,
    gradings: Vec<GradingRow>,
    may_regrade: bool,
    may_accept: bool,
    questions: QuestionsShown,
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

/// Which grading's report is wanted, the newest there is if none is named; and which check is to be
/// asked about.
#[derive(Deserialize)]
struct Wanted {
    grading: Option<i64>,
    ask: Option<String>,
}

/// The submission, if it is one that this person may see.
///
/// # Errors
/// [`Error::NotFound`] otherwise.
pub(super) async fn find(
    state: &State,
    visitor: &Visitor,
    id: &SubmissionId,
) -> Result<Submission> {
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
    let page = fill(&state, &visitor, &submission, &wanted).await?;
    state.page("submission.html", Some(&visitor), page)
}

async fn fill(
    state: &State,
    visitor: &Visitor,
    submission: &Submission,
    wanted: &Wanted,
) -> Result<SubmissionPage> {
    let Submission { semester, person, slug, .. } = submission;
    let project = semesters::project(&state.db, semester, slug).await?.ok_or(Error::NotFound)?;
    let result = result_of(state, semester, person, project.number).await?;
    let staff = visitor.may(Action::SeeClass, On::Semester(semester)).is_ok();
    let mut gradings = submissions::gradings(&state.db, &submission.id).await?;
    gradings.retain(|grading| staff || grading.is_of_record());
    let latest = gradings.iter().find(|grading| grading.counts).ok_or(Error::NotFound)?;
    let shown = which(&gradings, wanted.grading)?;
    let report = match shown {
        Some(grading) => report_for(state, &visitor.actor, submission, &grading.id).await?,
        None => None,
    };
    let info = state.info(slug);
    let checks = checks(report.as_ref(), info);
    let ask = wanted.ask.as_deref();
    let questions = QuestionsShown::of(state, visitor, submission, checks, ask).await?;
    let own = *person == visitor.person.id;
    let by = if own { None } else { people::by_id(&state.db, person).await? };
    let stage = match live::pending(latest) {
        true => Some(Stage::of(state, submission, latest).await?),
        false => None,
    };
    let on = On::Student(semester, person);
    let paused = match stage {
        Some(_) => pauses::of_project(&state.db, semester, submission.project).await?,
        None => None,
    };
    let changes = match &report {
        Some(report) => since_the_last(state, visitor, submission, report).await?,
        None => None,
    };
    let due = result.map(|result| result.due);
    let row = SubmissionRow::of(submission, due);
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
        due,
        comments: comments::standing(&state.db, &submission.id).await?,
        stage,
        paused: paused.map(|pause| pause.reason),
        timeline: timeline_of(submission, shown.unwrap_or(latest), report.as_ref()),
        changes,
        needs_attention: latest.state == GradingState::NeedsAttention,
        replaced: latest.state == GradingState::Replaced,
        shown: shown.map(|grading| grading.number),
        earlier: shown.is_some_and(|grading| grading.number != latest.number),
        report: report.map(|report| ReportShown::of(report, info)),
        gradings: gradings.iter().map(|grading| GradingRow::of(grading, staff)).collect(),
        may_regrade: visitor.may(Action::Regrade, on).is_ok(),
        questions,
    })
}

/// Ids and titles of the checks, in the report's order; before there is one, in the project's.
fn checks(report: Option<&Report>, info: Option<&ProjectInfo>) -> Vec<(String, String)> {
    match (report, info) {
        (Some(report), _) => {
            report.checks.iter().map(|check| (check.id.clone(), check.title.clone())).collect()
        }
        (None, Some(info)) => {
            info.checks.iter().map(|check| (check.id.clone(), check.title.clone())).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// The phases of a grading, by what is stored of it and by its report.
fn timeline_of(submission: &Submission, grading: &Grading, report: Option<&Report>) -> Vec<Phase> {
    let began = report.map(|report| began_by(&report.usage, grading)).unwrap_or_default();
    timeline(&moments(submission, grading, began))
}

/// What changed since the student's last submission before this one that has a report.
async fn since_the_last(
    state: &State,
    visitor: &Visitor,
    submission: &Submission,
    report: &Report,
) -> Result<Option<AttemptsCompared>> {
    let Submission { semester, person, project, number, .. } = submission;
    let all = submissions::of_student(&state.db, semester, person, *project).await?;
    let earlier = all.iter().find(|one| one.number < *number && one.state == GradingState::Done);
    let Some(earlier) = earlier else { return Ok(None) };
    let before = report_for(state, &visitor.actor, earlier, &earlier.grading).await?;
    Ok(before.map(|before| {
        AttemptsCompared::of(earlier.number, earlier.id.to_string(), &before, report)
    }))
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
pub(super) fn size(bytes: i64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..10_240 => format!("{bytes} bytes"),
        10_240..1_048_576 => format!("{:.0} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
