//! What a student sees of a semester: the seven projects, and one of them with its upload.

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::error::{Error, Result};
use super::guard::Visitor;
use super::page::{markdown, see_other};
use super::questions::{self, QuestionLink};
use super::report_shown::required;
use super::routes::Routes;
use super::submit::{Arrived, HandingIn, Sender, hand_in};
use super::{CheckInfo, Shared, State};
use crate::course::access::{Action, On};
use crate::course::admission::Admission;
use crate::course::result::{GradingState, ProjectResult, Window};
use crate::course::{
    Language, PersonId, ProjectNumber, Role, SemesterName, Slug, Verdict, attempts, calendar,
};
use crate::export::basis_words;
use crate::export::handout::without_title;
use crate::export::starter::Starter;
use crate::store::results;
use crate::store::semesters::{self, Project, Semester};
use crate::store::submissions::{self, Submission};

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/", home)
        .get("/semesters/{semester}", overview)
        .get("/semesters/{semester}/projects/{slug}", project_page)
        .post("/semesters/{semester}/projects/{slug}/submissions", submit);
}

/// To where this person most likely wants.
async fn home(state: Shared, visitor: Visitor) -> Result<HttpResponse> {
    match semesters::current(&state.db, &visitor.person.id, state.now()).await? {
        Some(semester) if visitor.actor.role_in(&semester.name) == Some(Role::Instructor) => {
            Ok(see_other(&format!("/class/{}", semester.name)))
        }
        Some(semester) => Ok(see_other(&format!("/semesters/{}", semester.name))),
        None if visitor.actor.admin => Ok(see_other("/admin")),
        None => state.page("nothing.html", Some(&visitor), ()),
    }
}

#[derive(Serialize)]
struct OverviewPage {
    semester: String,
    needed: i64,
    total: i64,
    others: Vec<String>,
    projects: Vec<ProjectCard>,
    admission: AdmissionWords,
    steps: Vec<bool>,
    questions: Vec<QuestionLink>,
}

/// An admission as a student reads it.
#[derive(Serialize)]
pub(super) struct AdmissionWords {
    state: String,
    passed: u32,
    missing: u32,
    words: String,
    basis: String,
    since: Option<i64>,
}

impl AdmissionWords {
    pub(super) fn of(admission: &Admission, total: i64) -> Self {
        use crate::course::admission::{Basis, State as Standing};
        let (passed, missing) = (admission.passed, admission.missing);
        let words = match (admission.state, &admission.basis) {
            (Standing::Admitted, Basis::Projects) => "You are admitted to the exam.".to_owned(),
            (Standing::Admitted, Basis::CarriedOver { semester }) => {
                format!("You are admitted to the exam, since you were in {semester} already.")
            }
            (Standing::Admitted, Basis::Override) => {
                "You are admitted to the exam, by decision of the course office.".to_owned()
            }
            (Standing::Open, _) => format!("Passed {passed} of {total}, need {missing} more."),
            (Standing::NotAdmitted, Basis::Override) => {
                "You are not admitted to the exam, by decision of the course office.".to_owned()
            }
            (Standing::NotAdmitted, _) => format!(
                "Passed {passed} of {total}: {missing} more would be needed, and so many can't be \
                 reached any more."
            ),
        };
        Self {
            state: admission.state.to_string(),
            passed,
            missing,
            words,
            basis: basis_words(&admission.basis),
            since: admission.since,
        }
    }
}

/// One project on the overview.
#[derive(Serialize)]
struct ProjectCard {
    number: i64,
    slug: String,
    title: String,
    summary: Option<String>,
    state: &'static str,
    words: &'static str,
    opens: i64,
    due: i64,
    ahead: bool,
    open: bool,
    submissions: i64,
    overridden: bool,
    graded: bool,
}

impl ProjectCard {
    fn of(state: &State, project: &Project, result: &ProjectResult) -> Self {
        let info = state.info(&project.slug);
        let (class, words) = state_of(result);
        Self {
            number: project.number.get(),
            slug: project.slug.to_string(),
            title: project.title.clone(),
            summary: info.map(|info| info.summary.clone()),
            state: class,
            words,
            opens: project.opens,
            due: result.due,
            ahead: result.window == Window::Ahead,
            open: result.window == Window::Open,
            submissions: result.submissions,
            overridden: result.overridden,
            graded: info.is_some(),
        }
    }
}

/// A class for the badge, and what it says.
pub(super) fn state_of(result: &ProjectResult) -> (&'static str, &'static str) {
    match (result.verdict, result.window) {
        (Some(Verdict::Passed), _) => ("passed", "passed"),
        _ if result.waiting => ("waiting", "being graded"),
        (Some(Verdict::Failed), Window::Open) if !result.overridden => ("failed", "failed so far"),
        (Some(Verdict::Failed), _) => ("failed", "failed"),
        (None, Window::Ahead) => ("ahead", "not open yet"),
        (None, Window::Open) => ("open", "open"),
        (None, Window::Past) if result.submissions > 0 => ("late", "handed in late"),
        (None, Window::Past) => ("missed", "not handed in"),
    }
}

async fn overview(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeSemester, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    let semester = semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let row = results::admission_of(&state.db, &name, &visitor.person.id, state.now()).await?;
    // Whoever is no student of it sees the class instead.
    let Some(row) = row else { return Ok(see_other(&format!("/class/{name}"))) };
    let projects = semesters::projects(&state.db, &name).await?;
    let cards =
        projects.iter().zip(&row.projects).map(|(p, r)| ProjectCard::of(&state, p, r)).collect();
    let page = OverviewPage {
        semester: name.to_string(),
        needed: semester.needed,
        total: semester.total,
        others: others(&visitor, &name),
        projects: cards,
        admission: AdmissionWords::of(&row.admission, semester.total),
        steps: (0..semester.needed).map(|step| step < i64::from(row.admission.passed)).collect(),
        questions: questions::not_closed(&state, &name, &visitor.person.id, &projects).await?,
    };
    state.page("overview.html", Some(&visitor), page)
}

/// The person's other semesters.
fn others(visitor: &Visitor, this: &SemesterName) -> Vec<String> {
    let roles = visitor.actor.roles.iter().filter(|(name, _)| name != this);
    roles.map(|(name, _)| name.to_string()).collect()
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
    packed_mib: u64,
    daily_limit: i64,
    result: Option<ResultWords>,
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

/// A submission in a list.
#[derive(Serialize)]
pub(super) struct SubmissionRow {
    id: String,
    number: i64,
    slug: String,
    language: String,
    file_name: String,
    received_at: i64,
    late: bool,
    state: &'static str,
    words: &'static str,
}

impl SubmissionRow {
    /// Whether it counts as late depends on the student's own due time of today, if there is one.
    pub(super) fn of(submission: &Submission, due: Option<i64>) -> Self {
        let (state, words) = words_of(submission.verdict, submission.state);
        let late = match due {
            Some(due) => !attempts::counts(submission.late, submission.received_at, due),
            None => submission.late,
        };
        Self {
            id: submission.id.to_string(),
            number: submission.number,
            slug: submission.slug.to_string(),
            language: submission.language.to_string(),
            file_name: submission.file_name.clone(),
            received_at: submission.received_at,
            late,
            state,
            words,
        }
    }
}

/// A class for a grading's badge, and what it says.
pub(super) fn words_of(
    verdict: Option<Verdict>,
    state: GradingState,
) -> (&'static str, &'static str) {
    match (verdict, state) {
        (Some(verdict), _) => (verdict.as_str(), verdict.as_str()),
        (None, GradingState::Waiting) => ("waiting", "waiting"),
        (None, GradingState::Running) => ("running", "being graded"),
        (None, GradingState::NeedsAttention) => ("needs_attention", "needs attention"),
        (None, GradingState::Replaced) => ("replaced", "replaced"),
        (None, GradingState::Done) => ("done", "done"),
    }
}

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
        packed_mib: state.archive_limits.packed >> 20,
        daily_limit: semester.daily_limit,
        result: result.as_ref().map(|result| {
            let (class, words) = state_of(result);
            ResultWords { state: class, words }
        }),
        submissions: own.iter().map(|one| SubmissionRow::of(one, due)).collect(),
    })
}

/// How many of these came today, by the calendar that the daily limit goes by.
fn handed_in_today(own: &[Submission], now: i64) -> i64 {
    let (from, to) = calendar::day_of(now);
    let today = own.iter().filter(|one| (from..to).contains(&one.received_at));
    i64::try_from(today.count()).unwrap_or(i64::MAX)
}

/// What counts for one student and project; none if they are no student of the semester.
pub(super) async fn result_of(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
    number: ProjectNumber,
) -> Result<Option<ProjectResult>> {
    let row = results::admission_of(&state.db, semester, person, state.now()).await?;
    Ok(row.and_then(|row| row.projects.into_iter().find(|result| result.number == number)))
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
    let receipt = hand_in(&state, &request, &what, Sender::Page(&visitor), body).await?;
    Ok(see_other(&format!("/submissions/{}", receipt.submission)))
}
