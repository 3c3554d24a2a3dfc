//! Excusing a student from a project, and letting a late submission count: each with a reason, each to
//! be taken back.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::decisions::{OfStudent, project_number, reason};
use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor};
use super::page::see_other;
use super::routes::Routes;
use super::sure::{Decision, Sure};
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::admission::Needed;
use crate::course::{AcceptanceId, ExcuseId, Misspelt, Reason, SubmissionId};
use crate::store::excuses::{self, NewExcuse};
use crate::store::foreseen::Whether;
use crate::store::{acceptances, submissions};

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .post("/class/{semester}/students/{person}/excuses", excuse)
        .post("/excuses/{id}/take-back", take_back_excuse)
        .post("/submissions/{id}/accept", accept)
        .post("/acceptances/{id}/take-back", take_back_acceptance);
}

#[derive(Deserialize)]
struct ExcuseForm {
    project: String,
    /// `stays` or `one_fewer`.
    needed: String,
    reason: String,
    /// Given once the preview was seen.
    #[serde(default)]
    sure: String,
}

/// Shows what an excuse would change; once that was seen, gives it.
async fn excuse(
    state: Shared,
    visitor: Visitor,
    path: OfStudent,
    form: Checked<ExcuseForm>,
) -> Result<HttpResponse> {
    let (semester, person) = path.into_inner();
    visitor.may(Action::OverrideResult, On::Student(&semester, &person))?;
    let form = form.0;
    let new = NewExcuse {
        project: project_number(&form.project)?,
        needed: form.needed.parse().map_err(|fault: Misspelt| Error::Bad(fault.to_string()))?,
        reason: reason(&form.reason)?,
        semester,
        person,
    };
    let whether = if form.sure == "yes" { Whether::Made } else { Whether::Tried };
    let changes = excuses::give(&state.db, &new, &visitor.person.id, state.now(), whether).await?;
    if whether == Whether::Made {
        return Ok(see_other(&student_page(&new)));
    }
    let page = Sure::of(&state, decision(&state, &new).await?, &changes).await?;
    state.page("sure.html", Some(&visitor), page)
}

fn student_page(new: &NewExcuse) -> String {
    format!("/class/{}/students/{}", new.semester, new.person)
}

async fn decision<'a>(state: &State, new: &'a NewExcuse) -> Result<Decision<'a>> {
    let row =
        crate::store::results::admission_of(&state.db, &new.semester, &new.person, state.now());
    let row = row.await?.ok_or(Error::NotFound)?;
    let rule = match new.needed {
        Needed::Stays => {
            "The project would not be counted any more, and as many would be needed as before."
        }
        Needed::OneFewer => {
            "The project would not be counted any more, and one fewer would be needed."
        }
    };
    Ok(Decision {
        semester: &new.semester,
        title: format!("Excuse from project {}", new.project),
        words: vec![
            format!(
                "{} {} would be excused from project {}.",
                row.first_name, row.family_name, new.project
            ),
            format!(
                "{rule} What was or will be handed in to it is graded and shown, and counts neither way."
            ),
            format!("Reason: {}", new.reason),
        ],
        action: format!("{}/excuses", student_page(new)),
        back: student_page(new),
        button: "Excuse",
        fields: vec![
            ("project", new.project.to_string()),
            ("needed", new.needed.to_string()),
            ("reason", new.reason.to_string()),
        ],
    })
}

async fn take_back_excuse(
    state: Shared,
    visitor: Visitor,
    id: web::Path<ExcuseId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let one = excuses::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    visitor
        .may(Action::OverrideResult, On::Student(&one.semester, &one.person))
        .map_err(Error::hidden)?;
    excuses::take_back(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{}/students/{}", one.semester, one.person)))
}

#[derive(Deserialize)]
struct Accept {
    reason: String,
}

async fn accept(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
    form: Checked<Accept>,
) -> Result<HttpResponse> {
    let submission = submissions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    visitor.may(Action::OverrideResult, on).map_err(Error::hidden)?;
    let reason: Reason = reason(&form.0.reason)?;
    acceptances::give(&state.db, &id, &reason, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/submissions/{id}")))
}

async fn take_back_acceptance(
    state: Shared,
    visitor: Visitor,
    id: web::Path<AcceptanceId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let one = acceptances::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    visitor
        .may(Action::OverrideResult, On::Student(&one.semester, &one.person))
        .map_err(Error::hidden)?;
    acceptances::take_back(&state.db, &id, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{}/students/{}", one.semester, one.person)))
}
