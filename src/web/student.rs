//! What a student sees of a semester: the projects as a path, and where they stand with the exam.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::error::{Error, Result};
use super::guard::Visitor;
use super::page::{in_words, see_other};
use super::questions::{self, QuestionLink};
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::admission::{self, Basis};
use crate::course::counting::Part;
use crate::course::result::{GradingState, ProjectResult, Window};
use crate::course::{PersonId, ProjectNumber, Role, SemesterName, Verdict, attempts};
use crate::export::basis_words;
use crate::store::results::{self, AdmissionRow};
use crate::store::semesters::{self, Project};
use crate::store::submissions::Submission;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/", home).get("/semesters/{semester}", overview);
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
    needed: u32,
    total: u32,
    excused: u32,
    others: Vec<String>,
    projects: Vec<ProjectCard>,
    anything_open: bool,
    /// The title of the project that made it enough.
    reached_by: Option<String>,
    carried_from: Option<String>,
    admission: AdmissionWords,
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
    pub(super) fn of(row: &AdmissionRow) -> Self {
        let admission = &row.admission;
        let standings: Vec<_> = row.projects.iter().map(ProjectResult::standing).collect();
        Self {
            state: admission.state.to_string(),
            passed: admission.passed,
            missing: admission.missing,
            words: standing_words(admission, admission::still_open(&standings)),
            basis: basis_words(admission),
            since: admission.since,
        }
    }
}

/// Where someone stands, in a sentence: what is passed, what is needed, what is still open.
fn standing_words(admission: &admission::Admission, open: u32) -> String {
    use crate::course::admission::State;
    let total = admission.rule.of();
    let passed = format!("Passed {} of {total}", admission.passed);
    let (missing, open) = (in_words(admission.missing), in_words(open));
    match (admission.state, &admission.basis) {
        (State::Admitted, Basis::Projects) => "You are admitted to the exam.".to_owned(),
        (State::Admitted, Basis::CarriedOver { semester }) => {
            format!("You are admitted to the exam, since you were in {semester} already.")
        }
        (State::Admitted, Basis::Override) => {
            "You are admitted to the exam, by decision of the course office.".to_owned()
        }
        (State::Open, _) => format!("{passed}: {missing} more needed, {open} still open."),
        (State::NotAdmitted, Basis::Override) => {
            "You are not admitted to the exam, by decision of the course office.".to_owned()
        }
        (State::NotAdmitted, _) => {
            format!("{passed}: {missing} more would be needed, and {open} can still be passed.")
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
    /// Whether handing it in may still bring something.
    wanted: bool,
    submissions: i64,
    overridden: bool,
    graded: bool,
    passed_at: Option<i64>,
    /// Whether passing this one made it enough.
    reached: bool,
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
            wanted: result.window == Window::Open && !matches!(class, "passed" | "excused"),
            submissions: result.submissions,
            overridden: result.overridden,
            graded: info.is_some(),
            passed_at: result.since.filter(|_| result.verdict == Some(Verdict::Passed)),
            reached: false,
        }
    }
}

/// A class for the badge, and what it says.
pub(super) fn state_of(result: &ProjectResult) -> (&'static str, &'static str) {
    match (result.verdict, result.window) {
        _ if result.excused => ("excused", "excused"),
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
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let row = results::admission_of(&state.db, &name, &visitor.person.id, state.now()).await?;
    // Whoever is no student of it sees the class instead.
    let Some(row) = row else { return Ok(see_other(&format!("/class/{name}"))) };
    let projects = semesters::projects(&state.db, &name).await?;
    let mut cards: Vec<ProjectCard> =
        projects.iter().zip(&row.projects).map(|(p, r)| ProjectCard::of(&state, p, r)).collect();
    let reached = admission::reached_by(&row.projects, &row.admission);
    let reached = reached.and_then(|place| cards.get_mut(place));
    let page = OverviewPage {
        semester: name.to_string(),
        needed: row.admission.rule.needed(),
        total: row.admission.rule.of(),
        excused: row.admission.excused,
        others: others(&visitor, &name),
        reached_by: reached.map(|card| {
            card.reached = true;
            card.title.clone()
        }),
        carried_from: match &row.admission.basis {
            Basis::CarriedOver { semester } => Some(semester.to_string()),
            Basis::Projects | Basis::Override => None,
        },
        anything_open: cards.iter().any(|card| card.wanted),
        projects: cards,
        admission: AdmissionWords::of(&row),
        questions: questions::not_closed(&state, &name, &visitor.person.id, &projects).await?,
    };
    state.page("overview.html", Some(&visitor), page)
}

/// The person's other semesters.
fn others(visitor: &Visitor, this: &SemesterName) -> Vec<String> {
    let roles = visitor.actor.roles.iter().filter(|(name, _)| name != this);
    roles.map(|(name, _)| name.to_string()).collect()
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
    accepted: bool,
    state: &'static str,
    words: &'static str,
    /// Whether it counts, where that is shown.
    part: Option<PartWords>,
}

/// Whether a submission counts, and why or why not.
#[derive(Serialize)]
struct PartWords {
    counts: bool,
    words: &'static str,
}

impl PartWords {
    fn of(part: Part) -> Self {
        let words = match part {
            Part::Counts => "of those on time it passed first",
            Part::PassedToo => "passed too, after the one that counts",
            Part::NotPassed => "on time, not passed",
            Part::ToCome => "counts if it passes",
            Part::Replaced => "not graded: a newer one took its place",
            Part::Late => "came after the due time",
            Part::SetAside => "an instructor's decision stands in its place",
        };
        Self { counts: part == Part::Counts, words }
    }
}

impl SubmissionRow {
    /// Whether it counts as late depends on the student's own due time of today, if there is one.
    pub(super) fn of(submission: &Submission, due: Option<i64>) -> Self {
        let (state, words) = words_of(submission.verdict, submission.state);
        let late = match due {
            _ if submission.acceptance.is_some() => false,
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
            accepted: submission.acceptance.is_some(),
            state,
            words,
            part: None,
        }
    }

    /// With whether it counts.
    pub(super) fn with_part(self, part: Option<Part>) -> Self {
        Self { part: part.map(PartWords::of), ..self }
    }
}

impl SubmissionRow {
    /// Whether it does not count because it came late.
    pub(super) fn is_late(&self) -> bool {
        self.late
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
