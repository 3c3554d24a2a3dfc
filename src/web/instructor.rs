//! What an instructor does: the class at a glance, one student, overrides, extensions, grading again.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Visitor};
use super::page::see_other;
use super::student::{AdmissionWords, SubmissionRow, state_of};
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::admission::Decision;
use crate::course::{
    ExtensionId, OverrideId, PersonId, ProjectNumber, Reason, SemesterName, SubmissionId, Verdict,
    calendar,
};
use crate::store::extensions::{self, NewExtension};
use crate::store::overrides::{self, What};
use crate::store::results::{self, AdmissionRow};
use crate::store::semesters::{self, Project};
use crate::store::{people, queue, submissions};

/// Addresses of this file.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/class/{semester}", web::get().to(class))
        .route("/class/{semester}/attention", web::get().to(attention))
        .route("/class/{semester}/students/{person}", web::get().to(student))
        .route("/class/{semester}/students/{person}/overrides", web::post().to(decide))
        .route("/class/{semester}/students/{person}/extensions", web::post().to(extend))
        .route("/overrides/{id}/take-back", web::post().to(take_back_override))
        .route("/extensions/{id}/take-back", web::post().to(take_back_extension))
        .route("/submissions/{id}/regrade", web::post().to(regrade));
}

#[derive(Serialize)]
struct ClassPage {
    semester: String,
    total: i64,
    projects: Vec<Column>,
    students: Vec<StudentRow>,
    admitted: usize,
    open: usize,
    not_admitted: usize,
    attention: usize,
}

#[derive(Serialize)]
struct Column {
    number: i64,
    title: String,
    due: i64,
}

#[derive(Serialize)]
struct StudentRow {
    person: String,
    legi: String,
    family_name: String,
    first_name: String,
    cells: Vec<Cell>,
    passed: u32,
    state: String,
}

#[derive(Serialize)]
struct Cell {
    state: &'static str,
    words: &'static str,
    overridden: bool,
    submissions: i64,
}

impl From<&AdmissionRow> for StudentRow {
    fn from(row: &AdmissionRow) -> Self {
        let cell = |result| {
            let (state, words) = state_of(result);
            Cell { state, words, overridden: result.overridden, submissions: result.submissions }
        };
        Self {
            person: row.person.to_string(),
            legi: row.legi.to_string(),
            family_name: row.family_name.clone(),
            first_name: row.first_name.clone(),
            cells: row.projects.iter().map(cell).collect(),
            passed: row.admission.passed,
            state: row.admission.state.to_string(),
        }
    }
}

async fn class(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    let semester = semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let rows = results::admissions(&state.db, &name, state.now()).await?;
    let projects = semesters::projects(&state.db, &name).await?;
    let students: Vec<StudentRow> = rows.iter().map(StudentRow::from).collect();
    let count = |wanted: &str| students.iter().filter(|student| student.state == wanted).count();
    let column =
        |p: &Project| Column { number: p.number.get(), title: p.title.clone(), due: p.due };
    let page = ClassPage {
        semester: name.to_string(),
        total: semester.total,
        projects: projects.iter().map(column).collect(),
        admitted: count("admitted"),
        open: count("open"),
        not_admitted: count("not_admitted"),
        attention: submissions::needing_attention(&state.db, &name).await?.len(),
        students,
    };
    state.page("class.html", Some(&visitor), page)
}

#[derive(Serialize)]
struct AttentionPage {
    semester: String,
    gradings: Vec<AttentionRow>,
}

#[derive(Serialize)]
struct AttentionRow {
    submission: String,
    queued_at: i64,
    faults: i64,
    fault: String,
}

async fn attention(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    let gradings = submissions::needing_attention(&state.db, &name).await?;
    let row = |grading: submissions::Grading| AttentionRow {
        submission: grading.submission.to_string(),
        queued_at: grading.queued_at,
        faults: grading.faults,
        fault: grading.fault.unwrap_or_default(),
    };
    let gradings = gradings.into_iter().map(row).collect();
    state.page(
        "attention.html",
        Some(&visitor),
        AttentionPage { semester: name.to_string(), gradings },
    )
}

#[derive(Serialize)]
struct StudentPage {
    semester: String,
    person: String,
    name: String,
    legi: String,
    email: String,
    admission: AdmissionWords,
    projects: Vec<ProjectOfStudent>,
    overrides: Vec<DecisionRow>,
    extensions: Vec<DecisionRow>,
    may_decide: bool,
    may_decide_admission: bool,
}

#[derive(Serialize)]
struct ProjectOfStudent {
    number: i64,
    title: String,
    state: &'static str,
    words: &'static str,
    due: i64,
    submissions: Vec<SubmissionRow>,
}

/// An override or an extension, standing or taken back.
#[derive(Serialize)]
struct DecisionRow {
    id: String,
    project: Option<i64>,
    decision: String,
    due: Option<i64>,
    reason: String,
    by: String,
    at: i64,
    revoked_at: Option<i64>,
}

type OfStudent = web::Path<(SemesterName, PersonId)>;

async fn student(state: Shared, visitor: Visitor, path: OfStudent) -> Result<HttpResponse> {
    let (semester, person) = path.into_inner();
    visitor.may(Action::SeeClass, On::Semester(&semester)).map_err(|_| Error::NotFound)?;
    let row = results::admission_of(&state.db, &semester, &person, state.now())
        .await?
        .ok_or(Error::NotFound)?;
    let page = fill_student(&state, &visitor, &semester, &row).await?;
    state.page("student.html", Some(&visitor), page)
}

async fn fill_student(
    state: &State,
    visitor: &Visitor,
    name: &SemesterName,
    row: &AdmissionRow,
) -> Result<StudentPage> {
    let semester = semesters::get(&state.db, name).await?.ok_or(Error::NotFound)?;
    let mut projects = Vec::new();
    for (project, result) in semesters::projects(&state.db, name).await?.iter().zip(&row.projects) {
        let own = submissions::of_student(&state.db, name, &row.person, project.number).await?;
        let (class, words) = state_of(result);
        projects.push(ProjectOfStudent {
            number: project.number.get(),
            title: project.title.clone(),
            state: class,
            words,
            due: result.due,
            submissions: own.iter().map(|one| SubmissionRow::of(one, Some(result.due))).collect(),
        });
    }
    let on = On::Student(name, &row.person);
    Ok(StudentPage {
        semester: name.to_string(),
        person: row.person.to_string(),
        name: format!("{} {}", row.first_name, row.family_name),
        legi: row.legi.to_string(),
        email: row.email.to_string(),
        admission: AdmissionWords::of(&row.admission, semester.total),
        projects,
        overrides: override_rows(state, name, &row.person).await?,
        extensions: extension_rows(state, name, &row.person).await?,
        may_decide: visitor.may(Action::OverrideResult, on).is_ok(),
        may_decide_admission: visitor.may(Action::OverrideAdmission, on).is_ok(),
    })
}

async fn name_of(state: &State, person: &PersonId) -> Result<String> {
    let found = people::by_id(&state.db, person).await?;
    Ok(found
        .map_or_else(|| "someone".to_owned(), |p| format!("{} {}", p.first_name, p.family_name)))
}

async fn override_rows(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<DecisionRow>> {
    let mut rows = Vec::new();
    for one in overrides::of_student(&state.db, semester, person).await? {
        rows.push(DecisionRow {
            id: one.id.to_string(),
            project: one.project.map(ProjectNumber::get),
            decision: one.decision,
            due: None,
            reason: one.reason,
            by: name_of(state, &one.decided_by).await?,
            at: one.decided_at,
            revoked_at: one.revoked_at,
        });
    }
    Ok(rows)
}

async fn extension_rows(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<DecisionRow>> {
    let mut rows = Vec::new();
    for one in extensions::of_student(&state.db, semester, person).await? {
        rows.push(DecisionRow {
            id: one.id.to_string(),
            project: Some(one.project.get()),
            decision: "more time".to_owned(),
            due: Some(one.due),
            reason: one.reason,
            by: name_of(state, &one.given_by).await?,
            at: one.given_at,
            revoked_at: one.revoked_at,
        });
    }
    Ok(rows)
}

/// `project` empty decides the admission.
#[derive(Deserialize)]
struct Decide {
    project: String,
    decision: String,
    reason: String,
}

impl Decide {
    fn what(&self) -> Result<What> {
        let wrong = |text: &dyn std::fmt::Display| Error::Bad(text.to_string());
        if self.project.is_empty() {
            return Ok(What::Admission(self.decision.parse::<Decision>().map_err(|e| wrong(&e))?));
        }
        let verdict = self.decision.parse::<Verdict>().map_err(|e| wrong(&e))?;
        Ok(What::Result(project_number(&self.project)?, verdict))
    }
}

fn project_number(text: &str) -> Result<ProjectNumber> {
    let number = text.parse().ok().and_then(ProjectNumber::new);
    number.ok_or_else(|| Error::Bad(format!("`{text}` is no project's number.")))
}

fn reason(text: &str) -> Result<Reason> {
    text.parse().map_err(|_| {
        Error::Refused(
            "A reason has 3 to 2,000 characters: whoever reads this in a year must understand it."
                .into(),
        )
    })
}

async fn decide(
    state: Shared,
    visitor: Visitor,
    path: OfStudent,
    form: Checked<Decide>,
) -> Result<HttpResponse> {
    let (semester, person) = path.into_inner();
    let what = form.0.what()?;
    let action = match what {
        What::Result(..) => Action::OverrideResult,
        What::Admission(_) => Action::OverrideAdmission,
    };
    visitor.may(action, On::Student(&semester, &person))?;
    let reason = reason(&form.0.reason)?;
    let by = &visitor.person.id;
    overrides::decide(&state.db, &semester, &person, what, &reason, by, state.now()).await?;
    Ok(see_other(&format!("/class/{semester}/students/{person}")))
}

async fn take_back_override(
    state: Shared,
    visitor: Visitor,
    id: web::Path<OverrideId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let one = overrides::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let action =
        if one.project.is_some() { Action::OverrideResult } else { Action::OverrideAdmission };
    visitor.may(action, On::Student(&one.semester, &one.person)).map_err(|_| Error::NotFound)?;
    overrides::take_back(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{}/students/{}", one.semester, one.person)))
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Extend {
    project: String,
    /// `2026-10-02`: the end of that day in Zurich.
    day: String,
    reason: String,
}

async fn extend(
    state: Shared,
    visitor: Visitor,
    path: OfStudent,
    form: Checked<Extend>,
) -> Result<HttpResponse> {
    let (semester, person) = path.into_inner();
    visitor.may(Action::Extend, On::Student(&semester, &person))?;
    let day = calendar::parse_day(&form.0.day).map_err(|fault| Error::Bad(fault.to_string()))?;
    let due = calendar::instant_of(day, calendar::DUE_AT)
        .ok_or_else(|| Error::Bad("No such day.".into()))?;
    let project = project_number(&form.0.project)?;
    let new = NewExtension { semester, project, person, due, reason: reason(&form.0.reason)? };
    extensions::give(&state.db, &new, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{}/students/{}", new.semester, new.person)))
}

async fn take_back_extension(
    state: Shared,
    visitor: Visitor,
    id: web::Path<ExtensionId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let one = extensions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    visitor
        .may(Action::Extend, On::Student(&one.semester, &one.person))
        .map_err(|_| Error::NotFound)?;
    extensions::take_back(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{}/students/{}", one.semester, one.person)))
}

#[derive(Deserialize)]
struct Regrade {
    reason: String,
}

async fn regrade(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
    form: Checked<Regrade>,
) -> Result<HttpResponse> {
    let submission = submissions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    visitor.may(Action::Regrade, on).map_err(|_| Error::NotFound)?;
    queue::regrade(&state.db, &id, &reason(&form.0.reason)?, &visitor.person.id, state.now())
        .await?;
    Ok(see_other(&format!("/submissions/{id}")))
}
