//! One submission: how far its grading is, then what the report says.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use testat_kit::report::{Check, Comparison, Report};

use super::archive_download::download;
use super::error::{Error, Result};
use super::figure::svg;
use super::guard::Visitor;
use super::live::Stage;
use super::reports::report_for;
use super::student::SubmissionRow;
use super::{Shared, State, live};
use crate::course::SubmissionId;
use crate::course::access::{Action, On};
use crate::store::submissions::{self, Grading, Submission};
use crate::store::{people, semesters};

/// Addresses of this file.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/submissions/{id}", web::get().to(page))
        .route("/submissions/{id}/live", web::get().to(follow))
        .route("/submissions/{id}/archive", web::get().to(archive));
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
    size: i64,
    pending: bool,
    stage: Option<Stage>,
    needs_attention: bool,
    replaced: bool,
    report: Option<ReportShown>,
    gradings: Vec<GradingRow>,
    may_regrade: bool,
}

#[derive(Serialize)]
struct GradingRow {
    number: i64,
    state: String,
    finished_at: Option<i64>,
    grader_version: Option<String>,
    fault: Option<String>,
}

#[derive(Serialize)]
struct ReportShown {
    verdict: &'static str,
    seed: String,
    grader: String,
    runtime: String,
    language: String,
    checks: Vec<CheckShown>,
    passed_checks: usize,
    figures: Vec<FigureShown>,
    log: String,
    cpu_s: f64,
    wall_s: f64,
    memory_mib: u64,
    phases: Vec<(String, f64)>,
    command: String,
    weak_limits: bool,
}

#[derive(Serialize)]
struct CheckShown {
    id: String,
    title: String,
    passed: bool,
    value: Option<String>,
    comparison: &'static str,
    threshold: String,
    unit: Option<String>,
    explanation: Option<String>,
    message: String,
    in_handout: bool,
}

#[derive(Serialize)]
struct FigureShown {
    title: String,
    svg: String,
    reported_by_subject: bool,
    for_instructors: bool,
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
    Ok(live::stream(state, submission.id))
}

async fn page(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    let submission = find(&state, &visitor, &id).await?;
    let page = fill(&state, &visitor, &submission).await?;
    state.page("submission.html", Some(&visitor), page)
}

async fn fill(state: &State, visitor: &Visitor, submission: &Submission) -> Result<SubmissionPage> {
    let project = semesters::project(&state.db, &submission.semester, &submission.slug).await?;
    let gradings = submissions::gradings(&state.db, &submission.id).await?;
    let latest = gradings.first().ok_or(Error::NotFound)?;
    let report = report_for(state, &visitor.actor, submission, &latest.id).await?;
    let own = submission.person == visitor.person.id;
    let by = if own { None } else { people::by_id(&state.db, &submission.person).await? };
    let on = On::Student(&submission.semester, &submission.person);
    let pending = live::pending(latest);
    Ok(SubmissionPage {
        submission: submission.into(),
        semester: submission.semester.to_string(),
        title: project.map_or_else(|| submission.slug.to_string(), |project| project.title),
        by: by.map(|person| format!("{} {}", person.first_name, person.family_name)),
        student: submission.person.to_string(),
        staff: visitor.may(Action::SeeClass, On::Semester(&submission.semester)).is_ok(),
        sha256: submission.digest.to_string(),
        size: submission.size,
        pending,
        stage: if pending { Some(Stage::of(state, latest).await?) } else { None },
        needs_attention: latest.state.as_str() == "needs_attention",
        replaced: latest.state.as_str() == "replaced",
        report: report.map(|report| shown(state, submission, report)),
        gradings: gradings
            .iter()
            .map(|grading| grading_row(visitor, submission, grading))
            .collect(),
        may_regrade: visitor.may(Action::Regrade, on).is_ok(),
    })
}

/// What went wrong on our side is for those who mend it.
fn grading_row(visitor: &Visitor, submission: &Submission, grading: &Grading) -> GradingRow {
    let staff = visitor.may(Action::SeeClass, On::Semester(&submission.semester)).is_ok();
    GradingRow {
        number: grading.number,
        state: grading
            .verdict
            .map_or_else(|| grading.state.to_string(), |verdict| verdict.to_string()),
        finished_at: grading.finished_at,
        grader_version: grading.grader_version.clone(),
        fault: grading.fault.clone().filter(|_| staff),
    }
}

fn shown(state: &State, submission: &Submission, report: Report) -> ReportShown {
    use testat_kit::report::{Audience, Verdict};
    let checks: Vec<CheckShown> =
        report.checks.iter().map(|check| check_shown(state, submission, check)).collect();
    ReportShown {
        verdict: if report.verdict == Verdict::Passed { "passed" } else { "failed" },
        command: format!("testat grade {} . --seed {}", report.grader.slug, report.seed),
        seed: report.seed,
        grader: report.grader.version,
        runtime: report.runtime,
        language: report.language,
        passed_checks: checks.iter().filter(|check| check.passed).count(),
        checks,
        figures: report
            .figures
            .iter()
            .map(|figure| FigureShown {
                title: figure.title.clone(),
                svg: svg(figure),
                reported_by_subject: figure.reported_by_subject,
                for_instructors: figure.audience == Audience::Instructors,
            })
            .collect(),
        log: report.log,
        cpu_s: report.usage.cpu_ms as f64 / 1e3,
        wall_s: report.usage.wall_ms as f64 / 1e3,
        memory_mib: report.usage.peak_memory_bytes >> 20,
        phases: report.usage.phases.into_iter().collect(),
        weak_limits: report.weak_limits,
    }
}

fn check_shown(state: &State, submission: &Submission, check: &Check) -> CheckShown {
    let info =
        state.info(&submission.slug).and_then(|info| info.checks.iter().find(|c| c.id == check.id));
    CheckShown {
        id: check.id.clone(),
        title: check.title.clone(),
        passed: check.passed,
        value: check.value.map(number),
        comparison: match check.comparison {
            Comparison::AtLeast => "at least",
            Comparison::AtMost => "at most",
            Comparison::Exactly => "exactly",
        },
        threshold: number(check.threshold),
        unit: info.map(|info| info.unit.clone()),
        explanation: info.map(|info| info.explanation.clone()),
        message: check.message.clone(),
        in_handout: info.is_some(),
    }
}

/// Four figures: enough to compare with a threshold.
fn number(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
