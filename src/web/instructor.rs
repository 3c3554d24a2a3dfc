//! What an instructor sees: one student, what needs attention.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::error::{Error, Result};
use super::guard::Visitor;
use super::routes::Routes;
use super::student::{AdmissionWords, SubmissionRow, state_of};
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::{PersonId, ProjectNumber, SemesterName};
use crate::store::results::{self, AdmissionRow};
use crate::store::semesters;
use crate::store::{extensions, overrides, people, submissions};

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/class/{semester}/attention", attention)
        .get("/class/{semester}/students/{person}", student);
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
        admission: AdmissionWords::of(row, semester.total),
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
