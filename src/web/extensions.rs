//! More time for many at once: chosen from the class or by Legi numbers, looked at, then given as one.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::chosen;
use super::decisions::{ProjectChoice, end_of, project_number, reason};
use super::error::{Error, Result};
use super::guard::{Checked, Visitor};
use super::page::see_other;
use super::routes::Routes;
use super::sure::{Decision, Sure};
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::{Role, SemesterName, calendar};
use crate::store::extensions::{self, NewExtension};
use crate::store::foreseen::Whether;
use crate::store::roster::{self, Enrolled};
use crate::store::semesters;

/// Room for a box and a number for everyone of a large class.
const FORM_BYTES: usize = 512 << 10;
/// What the name of a student's box begins with, before their Legi number.
const BOX: &str = "student-";

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/class/{semester}/extensions", page)
        .post("/class/{semester}/extensions", give)
        .form_bytes(FORM_BYTES);
}

#[derive(Serialize)]
struct Page {
    semester: String,
    projects: Vec<ProjectChoice>,
    students: Vec<StudentChoice>,
    standing: Vec<Standing>,
}

#[derive(Serialize)]
struct StudentChoice {
    name: String,
    legi: String,
}

#[derive(Serialize)]
struct Standing {
    id: String,
    person: String,
    name: String,
    project: i64,
    due: i64,
    reason: String,
}

async fn page(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(Error::hidden)?;
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let page = fill(&state, &name).await?;
    state.page("extensions.html", Some(&visitor), page)
}

async fn fill(state: &State, name: &SemesterName) -> Result<Page> {
    let everyone = roster::everyone(&state.db, name).await?;
    let names: BTreeMap<_, _> = everyone
        .iter()
        .map(|one| (&one.person, format!("{} {}", one.first_name, one.family_name)))
        .collect();
    let standing = extensions::standing(&state.db, name).await?.into_iter().map(|one| Standing {
        id: one.id.to_string(),
        person: one.person.to_string(),
        name: names.get(&one.person).cloned().unwrap_or_default(),
        project: one.project.get(),
        due: one.due,
        reason: one.reason,
    });
    let student = |one: &Enrolled| {
        Some(StudentChoice {
            name: format!("{}, {}", one.family_name, one.first_name),
            legi: one.legi.as_ref().filter(|_| one.role == Role::Student)?.to_string(),
        })
    };
    Ok(Page {
        semester: name.to_string(),
        projects: semesters::projects(&state.db, name)
            .await?
            .into_iter()
            .map(ProjectChoice::from)
            .collect(),
        standing: standing.collect(),
        students: everyone.iter().filter_map(student).collect(),
    })
}

#[derive(Deserialize)]
struct Extend {
    project: String,
    /// `2026-10-02`: the end of that day in Zurich.
    day: String,
    reason: String,
    /// Legi numbers.
    #[serde(default)]
    students: String,
    /// Given once the preview was seen.
    #[serde(default)]
    sure: String,
    /// The boxes that are ticked, among whatever else comes.
    #[serde(flatten)]
    boxes: BTreeMap<String, String>,
}

impl Extend {
    /// The Legi numbers of both ways.
    fn legis(&self) -> String {
        let ticked: BTreeSet<&str> =
            self.boxes.keys().filter_map(|name| name.strip_prefix(BOX)).collect();
        ticked.into_iter().chain([self.students.as_str()]).collect::<Vec<_>>().join("\n")
    }
}

/// Shows what more time would change; once that was seen, gives it to all or to none.
async fn give(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    form: Checked<Extend>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name))?;
    let form = form.0;
    let everyone = roster::everyone(&state.db, &name).await?;
    let students = chosen::students(&everyone, &form.legis())?;
    for one in &students {
        visitor.may(Action::Extend, On::Student(&name, &one.person))?;
    }
    let (project, due) = (project_number(&form.project)?, end_of(&form.day)?);
    let reason = reason(&form.reason)?;
    let new: Vec<NewExtension> = students
        .iter()
        .map(|one| NewExtension {
            semester: name.clone(),
            project,
            person: one.person.clone(),
            due,
            reason: reason.clone(),
        })
        .collect();
    let whether = if form.sure == "yes" { Whether::Made } else { Whether::Tried };
    let by = &visitor.person.id;
    let changes = extensions::give_all(&state.db, &name, &new, by, state.now(), whether).await?;
    if whether == Whether::Made {
        return Ok(see_other(&format!("/class/{name}/extensions")));
    }
    let names: Vec<String> =
        students.iter().map(|one| format!("{} {}", one.first_name, one.family_name)).collect();
    let legis: Vec<String> =
        students.iter().filter_map(|one| one.legi.as_ref()).map(ToString::to_string).collect();
    let count = students.len();
    let decision = Decision {
        semester: &name,
        title: format!("More time for project {project}"),
        words: vec![
            format!(
                "{count} student{} may hand in project {project} until {}: {}.",
                if count == 1 { "" } else { "s" },
                calendar::in_words(due),
                names.join(", ")
            ),
            format!("Reason: {reason}"),
        ],
        action: format!("/class/{name}/extensions"),
        back: format!("/class/{name}/extensions"),
        button: "Give all of them more time",
        fields: vec![
            ("project", project.to_string()),
            ("day", form.day.clone()),
            ("reason", reason.to_string()),
            ("students", legis.join(", ")),
        ],
    };
    let page = Sure::of(&state, decision, &changes).await?;
    state.page("sure.html", Some(&visitor), page)
}
