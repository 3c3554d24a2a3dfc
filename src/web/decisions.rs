//! What an instructor decides: results by hand, more time, grading again. Each has a reason, stays on
//! record, and can be taken back.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor};
use super::page::see_other;
use super::routes::Routes;
use crate::course::access::{Action, On};
use crate::course::admission::Decision;
use crate::course::{
    ExtensionId, OverrideId, PersonId, ProjectNumber, Reason, SemesterName, SubmissionId, Verdict,
    calendar,
};
use crate::store::extensions::{self, NewExtension};
use crate::store::overrides::{self, What};
use crate::store::semesters::Project;
use crate::store::{queue, submissions};

pub(super) type OfStudent = web::Path<(SemesterName, PersonId)>;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .post("/class/{semester}/students/{person}/overrides", decide)
        .post("/class/{semester}/students/{person}/extensions", extend)
        .post("/overrides/{id}/take-back", take_back_override)
        .post("/extensions/{id}/take-back", take_back_extension)
        .post("/submissions/{id}/regrade", regrade);
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

/// A project to be chosen in a form.
#[derive(Serialize)]
pub(super) struct ProjectChoice {
    pub(super) number: i64,
    title: String,
    due: i64,
}

impl From<Project> for ProjectChoice {
    fn from(project: Project) -> Self {
        Self { number: project.number.get(), title: project.title, due: project.due }
    }
}

pub(super) fn project_number(text: &str) -> Result<ProjectNumber> {
    let number = text.parse().ok().and_then(ProjectNumber::new);
    number.ok_or_else(|| Error::Bad(format!("`{text}` is no project's number.")))
}

pub(super) fn reason(text: &str) -> Result<Reason> {
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
struct Extend {
    project: String,
    /// `2026-10-02`: the end of that day in Zurich.
    day: String,
    reason: String,
}

/// The end of a day in Zurich, epoch milliseconds.
pub(super) fn end_of(day: &str) -> Result<i64> {
    let day = calendar::parse_day(day).map_err(|fault| Error::Bad(fault.to_string()))?;
    calendar::instant_of(day, calendar::DUE_AT).ok_or_else(|| Error::Bad("No such day.".into()))
}

async fn extend(
    state: Shared,
    visitor: Visitor,
    path: OfStudent,
    form: Checked<Extend>,
) -> Result<HttpResponse> {
    let (semester, person) = path.into_inner();
    visitor.may(Action::Extend, On::Student(&semester, &person))?;
    let due = end_of(&form.0.day)?;
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
