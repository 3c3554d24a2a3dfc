//! What an instructor sees of one student.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::decisions_shown::{self, DecisionRow};
use super::error::{Error, Result};
use super::guard::Visitor;
use super::routes::Routes;
use super::student::{AdmissionWords, SubmissionRow, state_of};
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::{PersonId, SemesterName};
use crate::store::results::{self, AdmissionRow};
use crate::store::semesters;
use crate::store::submissions;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/class/{semester}/students/{person}", student);
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
    decisions: Vec<DecisionRow>,
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
        admission: AdmissionWords::of(row),
        projects,
        decisions: decisions_shown::of_student(state, name, &row.person).await?,
        may_decide: visitor.may(Action::OverrideResult, on).is_ok(),
        may_decide_admission: visitor.may(Action::OverrideAdmission, on).is_ok(),
    })
}
