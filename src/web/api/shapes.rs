//! What the API's JSON looks like. Times are RFC 3339 with the offset of Europe/Zurich.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::report_shape::ReportShape;
use crate::course::calendar;
use crate::course::result::ProjectResult;
use crate::store::people::Person;
use crate::store::semesters::{self, Semester};
use crate::store::submissions::{self};

/// `2026-09-29T23:59:59.000+02:00`.
pub(super) fn time(at: i64) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(instant) => instant
            .to_zoned_datetime(calendar::zurich())
            .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
            .to_string(),
        Err(_) => String::new(),
    }
}

/// Whose token this is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    id: String,
    email: String,
    family_name: String,
    first_name: String,
    admin: bool,
}

impl From<&Person> for Me {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id.to_string(),
            email: person.email.to_string(),
            family_name: person.family_name.clone(),
            first_name: person.first_name.clone(),
            admin: person.admin,
        }
    }
}

/// One run of the course.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SemesterShape {
    /// Such as `HS2026`.
    name: String,
    /// Day of the first lecture.
    first_lecture: String,
    /// Projects to be passed for admission.
    needed: i64,
    /// Projects in all.
    total: i64,
    /// Submissions a day and project.
    daily_limit: i64,
}

impl From<&Semester> for SemesterShape {
    fn from(semester: &Semester) -> Self {
        Self {
            name: semester.name.to_string(),
            first_lecture: semester.first_lecture.clone(),
            needed: semester.needed,
            total: semester.total,
            daily_limit: semester.daily_limit,
        }
    }
}

/// One project of a semester.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectShape {
    /// 1 to 7.
    number: i64,
    /// Its name in addresses.
    slug: String,
    /// Its name for people.
    title: String,
    /// From when on it can be handed in.
    #[schema(format = DateTime)]
    opens: String,
    /// Until when a submission is on time.
    #[schema(format = DateTime)]
    due: String,
    /// Whether its grader is installed.
    graded: bool,
}

impl ProjectShape {
    pub(super) fn of(project: &semesters::Project, graded: bool) -> Self {
        Self {
            number: project.number.get(),
            slug: project.slug.to_string(),
            title: project.title.clone(),
            opens: time(project.opens),
            due: time(project.due),
            graded,
        }
    }
}

/// One upload.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubmissionShape {
    id: String,
    semester: String,
    project: i64,
    slug: String,
    /// Which of this student and project, from 1.
    number: i64,
    /// SHA-256 of the archive as received.
    sha256: String,
    /// Bytes of the archive.
    size: i64,
    file_name: String,
    /// `python` or `rust`.
    language: String,
    /// When the first byte came.
    #[schema(format = DateTime)]
    received_at: String,
    /// Late ones are graded and do not count, unless accepted.
    late: bool,
    /// Whether an instructor has it count though it was late.
    accepted: bool,
    /// Where the last grading stands: `waiting`, `running`, `done`, `needs_attention` or `replaced`.
    state: String,
    /// `passed` or `failed`, once done.
    verdict: Option<String>,
    /// Oldest first; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    gradings: Option<Vec<GradingShape>>,
}

impl SubmissionShape {
    pub(super) fn of(
        submission: &submissions::Submission,
        gradings: Option<Vec<GradingShape>>,
    ) -> Self {
        Self {
            id: submission.id.to_string(),
            semester: submission.semester.to_string(),
            project: submission.project.get(),
            slug: submission.slug.to_string(),
            number: submission.number,
            sha256: submission.digest.to_string(),
            size: submission.size,
            file_name: submission.file_name.clone(),
            language: submission.language.to_string(),
            received_at: time(submission.received_at),
            late: submission.late,
            accepted: submission.acceptance.is_some(),
            state: submission.state.to_string(),
            verdict: submission.verdict.map(|verdict| verdict.to_string()),
            gradings,
        }
    }
}

/// How far a grading is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgressShape {
    /// `unpack`, `build`, `start` or `grade`.
    phase: String,
    /// The check at work.
    check: Option<String>,
    /// Steps of it that are done.
    done: u32,
    /// Its steps in all.
    total: u32,
    /// The checks decided so far; not final before the grading is done.
    decided: Vec<DecidedShape>,
    /// The phases that have begun.
    began: Vec<BeganShape>,
}

/// A check that was decided while the grading goes on.
#[derive(Debug, Serialize, ToSchema)]
struct DecidedShape {
    id: String,
    passed: bool,
    /// None when nothing could be measured.
    value: Option<f64>,
}

/// When a phase began.
#[derive(Debug, Serialize, ToSchema)]
struct BeganShape {
    phase: String,
    /// Milliseconds since 1970, UTC.
    at: i64,
}

/// One run of the grader.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GradingShape {
    id: String,
    /// Which of the submission, from 1.
    number: i64,
    state: String,
    verdict: Option<String>,
    /// Whether the result goes by it: not once a regrade of the project took its place.
    counts: bool,
    /// 64 hexadecimal digits, once done.
    seed: Option<String>,
    grader_version: Option<String>,
    /// Hash of the system that the program saw.
    runtime: Option<String>,
    /// While running.
    #[schema(value_type = Option<ProgressShape>)]
    progress: Option<Value>,
    /// While waiting: how many come before.
    ahead: Option<i64>,
    #[schema(format = DateTime)]
    queued_at: String,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// Once done.
    #[schema(value_type = Option<ReportShape>)]
    report: Option<Value>,
}

impl GradingShape {
    pub(super) fn of(
        grading: &submissions::Grading,
        ahead: Option<i64>,
        report: Option<Value>,
    ) -> Self {
        Self {
            id: grading.id.to_string(),
            number: grading.number,
            state: grading.state.to_string(),
            verdict: grading.verdict.map(|verdict| verdict.to_string()),
            counts: grading.counts,
            seed: grading.seed.clone(),
            grader_version: grading.grader_version.clone(),
            runtime: grading.runtime.clone(),
            progress: grading.progress.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            ahead,
            queued_at: time(grading.queued_at),
            started_at: grading.started_at.map(time),
            finished_at: grading.finished_at.map(time),
            report,
        }
    }
}

/// What counts for one project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResultShape {
    project: i64,
    slug: String,
    /// `passed` or `failed`; none until there is a verdict that counts.
    verdict: Option<String>,
    /// Since when it counts.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Whether an instructor decided it.
    overridden: bool,
    /// Whether one is excused from it, so that it counts neither way.
    excused: bool,
    /// Whether something handed in on time still awaits its verdict.
    waiting: bool,
    /// One's own due time, an extension included.
    #[schema(format = DateTime)]
    due: String,
    submissions: i64,
}

impl From<&ProjectResult> for ResultShape {
    fn from(result: &ProjectResult) -> Self {
        Self {
            project: result.number.get(),
            slug: result.slug.to_string(),
            verdict: result.verdict.map(|verdict| verdict.to_string()),
            since: result.since.map(time),
            overridden: result.overridden,
            excused: result.excused,
            waiting: result.waiting,
            due: time(result.due),
            submissions: result.submissions,
        }
    }
}

/// One's own standing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandingShape {
    /// In order of the projects.
    pub(super) results: Vec<ResultShape>,
    /// Projects passed.
    pub(super) passed: u32,
    /// Projects still to be passed.
    pub(super) missing: u32,
    /// `admitted`, `open` or `not_admitted`.
    pub(super) state: String,
    /// What it rests on.
    pub(super) basis: String,
    /// Since when it has held.
    #[schema(format = DateTime)]
    pub(super) since: Option<String>,
}

/// An archive as received.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(super) struct Archive(());

/// What is sent to hand in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HandInForm {
    /// A `.zip`, `.tar` or `.tar.gz`, or a single `solution.py`, under its own name.
    #[schema(value_type = String, format = Binary)]
    archive: (),
}

/// Everyone's admission, as [`crate::export`] writes it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdmissionListShape {
    semester: String,
    /// When the list was drawn up.
    #[schema(format = DateTime)]
    at: String,
    /// By family name, first name, Legi number.
    students: Vec<AdmissionShape>,
}

/// One student's admission.
#[derive(Debug, Serialize, ToSchema)]
struct AdmissionShape {
    /// Such as `12-345-678`.
    legi: String,
    family_name: String,
    first_name: String,
    email: String,
    department: String,
    level: String,
    /// In order of the projects.
    projects: Vec<AdmissionResultShape>,
    /// Projects passed.
    passed: u32,
    /// Projects still to be passed.
    missing: u32,
    /// `admitted`, `open` or `not_admitted`.
    state: String,
    basis: BasisShape,
    /// What is needed of this student, where an excuse makes it another than the semester's rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleShape>,
    /// Since when it has held.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// How many projects are needed, of how many.
#[derive(Debug, Serialize, ToSchema)]
struct RuleShape {
    needed: u32,
    of: u32,
}

/// What an admission rests on.
#[derive(Debug, Serialize, ToSchema)]
struct BasisShape {
    /// `projects`, `carried_over` or `override`.
    kind: String,
    /// The earlier semester, if carried over.
    #[serde(skip_serializing_if = "Option::is_none")]
    semester: Option<String>,
}

/// Where a student stands with one project.
#[derive(Debug, Serialize, ToSchema)]
struct AdmissionResultShape {
    number: i64,
    slug: String,
    /// `passed`, `failed`, `waiting`, `open`, `missing` or `excused`.
    result: String,
    /// Since when it counts.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Whether an instructor decided it.
    overridden: bool,
}

/// RFC 9457: what went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    /// What, where, and what to do.
    detail: String,
    /// Of this one occurrence: what an operator finds it by.
    instance: String,
}
