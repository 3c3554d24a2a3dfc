//! Questions about a result: asked and answered below the report, listed for those who answer.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor};
use super::page::see_other;
use super::reports::report_for;
use super::routes::Routes;
use super::{ProjectInfo, Shared, State};
use crate::course::access::{Action, On};
use crate::course::question::{Side, State as Standing};
use crate::course::{CheckName, MessageText, PersonId, QuestionId, SemesterName, SubmissionId};
use crate::store::questions::{self, Author, Message, Question, WriteError};
use crate::store::semesters::{self, Project};
use crate::store::submissions::{self, Submission};

/// Questions on one page of the list.
const LISTED: u32 = 200;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .post("/submissions/{id}/questions", ask)
        .post("/questions/{id}/messages", write)
        .post("/questions/{id}/close", close)
        .get("/class/{semester}/questions", list);
}

/// All questions about a submission, as one person sees them, and what they may ask.
#[derive(Serialize)]
pub(super) struct QuestionsShown {
    list: Vec<QuestionShown>,
    may_ask: bool,
    may_write: bool,
    checks: Vec<CheckOption>,
}

#[derive(Serialize)]
struct QuestionShown {
    id: String,
    check: Option<String>,
    state: &'static str,
    open: bool,
    closed: bool,
    messages: Vec<MessageShown>,
}

#[derive(Serialize)]
struct MessageShown {
    author: String,
    staff: bool,
    text: String,
    at: i64,
}

/// A check that can be asked about.
#[derive(Serialize)]
struct CheckOption {
    id: String,
    title: String,
    selected: bool,
}

impl QuestionsShown {
    /// `checks` are ids and titles in the report's order; `wanted` is the one that was pressed.
    pub(super) async fn of(
        state: &State,
        visitor: &Visitor,
        submission: &Submission,
        checks: Vec<(String, String)>,
        wanted: Option<&str>,
    ) -> Result<Self> {
        let mut messages = questions::messages(&state.db, &submission.id).await?;
        let mut list = Vec::new();
        for question in questions::of_submission(&state.db, &submission.id).await? {
            let (own, others) = messages.into_iter().partition(|m| m.question == question.id);
            messages = others;
            list.push(QuestionShown::of(&question, own, &checks));
        }
        let may = |action| visitor.may(action, on(&submission.semester, &submission.person));
        let may_ask = may(Action::AskQuestion).is_ok();
        let option = |(id, title): (String, String)| {
            let selected = wanted == Some(id.as_str());
            CheckOption { id, title, selected }
        };
        Ok(Self {
            list,
            may_ask,
            may_write: may_ask || may(Action::AnswerQuestion).is_ok(),
            checks: checks.into_iter().map(option).collect(),
        })
    }
}

impl QuestionShown {
    fn of(question: &Question, messages: Vec<Message>, checks: &[(String, String)]) -> Self {
        let titled = |name: &CheckName| {
            let known = checks.iter().find(|(id, _)| id == name.as_str());
            known.map_or_else(|| name.to_string(), |(_, title)| title.clone())
        };
        let message = |message: Message| MessageShown {
            author: format!("{} {}", message.first_name, message.family_name),
            staff: message.side == Side::Staff,
            text: message.text,
            at: message.written_at,
        };
        Self {
            id: question.id.to_string(),
            check: question.check_name.as_ref().map(titled),
            state: question.state.as_str(),
            open: question.state == Standing::Open,
            closed: question.state == Standing::Closed,
            messages: messages.into_iter().map(message).collect(),
        }
    }
}

fn on<'a>(semester: &'a SemesterName, student: &'a PersonId) -> On<'a> {
    On::Student(semester, student)
}

/// On which side a visitor writes about this student's results.
fn side(visitor: &Visitor, semester: &SemesterName, student: &PersonId) -> Result<Side> {
    if visitor.may(Action::AskQuestion, on(semester, student)).is_ok() {
        return Ok(Side::Student);
    }
    visitor.may(Action::AnswerQuestion, on(semester, student)).map_err(Error::hidden)?;
    Ok(Side::Staff)
}

fn message(text: &str) -> Result<MessageText> {
    text.parse().map_err(|_| {
        let length = text.trim().chars().count();
        Error::Refused(format!(
            "A message has 1 to 5,000 characters and no control characters; this one has {length} \
             characters. Go back to change it: nothing was sent."
        ))
    })
}

#[derive(Deserialize)]
struct Ask {
    /// Empty for the result as a whole.
    #[serde(default)]
    check: String,
    text: String,
}

async fn ask(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
    form: Checked<Ask>,
) -> Result<HttpResponse> {
    let submission = submissions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let Submission { semester, person, .. } = &submission;
    visitor.may(Action::SeeSubmission, on(semester, person)).map_err(Error::hidden)?;
    visitor.may(Action::AskQuestion, on(semester, person))?;
    let check = check_named(&state, &visitor, &submission, &form.0.check).await?;
    let text = message(&form.0.text)?;
    let by = Author { person: &visitor.person.id, side: Side::Student };
    let asked = questions::ask(&state.db, &id, check.as_ref(), &text, by, state.now()).await;
    let question = asked.map_err(|error| refused(error, state.now()))?;
    Ok(see_other(&format!("/submissions/{id}#question-{question}")))
}

/// The check asked about: one of the project's, or of a report made before they were changed.
async fn check_named(
    state: &State,
    visitor: &Visitor,
    submission: &Submission,
    name: &str,
) -> Result<Option<CheckName>> {
    if name.is_empty() {
        return Ok(None);
    }
    let unknown = || Error::Bad("This submission's report has no such check.".to_owned());
    let check: CheckName = name.parse().map_err(|_| unknown())?;
    let of_project = |info: &ProjectInfo| info.checks.iter().any(|check| check.id == name);
    if state.info(&submission.slug).is_some_and(of_project) {
        return Ok(Some(check));
    }
    let report = report_for(state, &visitor.actor, submission, &submission.grading).await?;
    let of_report = report.is_some_and(|r| r.checks.iter().any(|check| check.id == name));
    if of_report { Ok(Some(check)) } else { Err(unknown()) }
}

fn refused(error: WriteError, now: i64) -> Error {
    match error {
        WriteError::Nothing => Error::NotFound,
        WriteError::Closed => Error::Conflict("This question is closed already.".to_owned()),
        WriteError::TooOften(why) => Error::Slow { wait_s: ((why.again_from - now) / 1000).max(1) },
        WriteError::Store(fault) => fault.into(),
    }
}

#[derive(Deserialize)]
struct Write {
    text: String,
}

async fn write(
    state: Shared,
    visitor: Visitor,
    id: web::Path<QuestionId>,
    form: Checked<Write>,
) -> Result<HttpResponse> {
    let question = questions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let side = side(&visitor, &question.semester, &question.person)?;
    let text = message(&form.0.text)?;
    let by = Author { person: &visitor.person.id, side };
    let written = questions::write(&state.db, &id, &text, by, state.now()).await;
    written.map_err(|error| refused(error, state.now()))?;
    Ok(see_other(&format!("/submissions/{}#question-{id}", question.submission)))
}

async fn close(
    state: Shared,
    visitor: Visitor,
    id: web::Path<QuestionId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let question = questions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let side = side(&visitor, &question.semester, &question.person)?;
    let by = Author { person: &visitor.person.id, side };
    let closed = questions::close(&state.db, &id, by, state.now()).await;
    closed.map_err(|error| refused(error, state.now()))?;
    Ok(see_other(&format!("/submissions/{}#question-{id}", question.submission)))
}

/// Which are wanted; the open ones if nothing is said, `all` for all.
#[derive(Deserialize)]
struct Filter {
    state: Option<String>,
}

impl Filter {
    fn state(&self) -> Result<Option<Standing>> {
        match self.state.as_deref() {
            None => Ok(Some(Standing::Open)),
            Some("all") => Ok(None),
            Some(word) => word
                .parse()
                .map(Some)
                .map_err(|fault: crate::course::Misspelt| Error::Bad(format!("{fault}, or all."))),
        }
    }
}

#[derive(Serialize)]
struct ListPage {
    semester: String,
    shown: &'static str,
    tabs: Vec<Tab>,
    questions: Vec<Row>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Tab {
    state: &'static str,
    count: i64,
}

#[derive(Serialize)]
struct Row {
    id: String,
    submission: String,
    student: String,
    person: String,
    project: String,
    number: i64,
    check: Option<String>,
    state: &'static str,
    asked_at: i64,
    changed_at: i64,
    messages: i64,
}

async fn list(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    filter: web::Query<Filter>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(Error::hidden)?;
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let wanted = filter.state()?;
    let projects = semesters::projects(&state.db, &name).await?;
    let found = questions::of_semester(&state.db, &name, wanted, LISTED).await?;
    let full = u32::try_from(found.len()).is_ok_and(|found| found >= LISTED);
    let row = |question: Question| Row {
        project: title_of(&question, &projects),
        id: question.id.to_string(),
        submission: question.submission.to_string(),
        student: format!("{}, {}", question.family_name, question.first_name),
        person: question.person.to_string(),
        number: question.number,
        check: question.check_name.map(|check| check.to_string()),
        state: question.state.as_str(),
        asked_at: question.asked_at,
        changed_at: question.changed_at,
        messages: question.messages,
    };
    let page = ListPage {
        semester: name.to_string(),
        shown: wanted.map_or("all", Standing::as_str),
        tabs: tabs(&questions::count(&state.db, &name).await?),
        questions: found.into_iter().map(row).collect(),
        limit: full.then_some(LISTED),
    };
    state.page("questions.html", Some(&visitor), page)
}

fn tabs(counted: &[(Standing, i64)]) -> Vec<Tab> {
    let count = |wanted| counted.iter().find(|(state, _)| *state == wanted).map_or(0, |(_, n)| *n);
    let states = [Standing::Open, Standing::Answered, Standing::Closed];
    let mut tabs: Vec<Tab> = states
        .into_iter()
        .map(|state| Tab { state: state.as_str(), count: count(state) })
        .collect();
    tabs.push(Tab { state: "all", count: counted.iter().map(|(_, count)| count).sum() });
    tabs
}

/// A question of one's own, on the overview.
#[derive(Serialize)]
pub(super) struct QuestionLink {
    id: String,
    submission: String,
    project: String,
    number: i64,
    state: &'static str,
}

/// A student's questions that are not closed.
pub(super) async fn not_closed(
    state: &State,
    semester: &SemesterName,
    student: &PersonId,
    projects: &[Project],
) -> Result<Vec<QuestionLink>> {
    let link = |question: Question| QuestionLink {
        project: title_of(&question, projects),
        id: question.id.to_string(),
        submission: question.submission.to_string(),
        number: question.number,
        state: question.state.as_str(),
    };
    let own = questions::of_student(&state.db, semester, student).await?;
    Ok(own.into_iter().map(link).collect())
}

fn title_of(question: &Question, projects: &[Project]) -> String {
    let project = projects.iter().find(|project| project.number == question.project);
    project.map_or_else(|| question.project.to_string(), |project| project.title.clone())
}

/// How many of a semester's questions wait for an answer.
pub(super) async fn open(state: &State, semester: &SemesterName) -> Result<i64> {
    let counted = questions::count(&state.db, semester).await?;
    Ok(counted.iter().find(|(state, _)| *state == Standing::Open).map_or(0, |(_, count)| *count))
}
