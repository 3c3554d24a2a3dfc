//! A new semester: from the day of its first lecture, or like an earlier one; its calendar is looked at
//! before it is made.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Visitor};
use super::page::see_other;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::admission::Rule;
use crate::course::calendar::{self, NotADay, Window};
use crate::course::roster::RosterRow;
use crate::course::{Role, SemesterName};
use crate::store::semesters::{self, CreateError, NewSemester, Semester};
use crate::store::{self, roster};

/// Projects to be passed, where no earlier semester says otherwise.
const NEEDED: u32 = 5;
/// Submissions a day and project, where no earlier semester says otherwise.
const DAILY_LIMIT: i64 = 20;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/admin/new-semester", look).post("/admin/new-semester", create);
}

/// What the form says; all of it may be missing.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Asked {
    name: String,
    first_lecture: String,
    needed: String,
    daily_limit: String,
    /// An earlier semester, whose settings, windows and instructors are taken over.
    like: String,
}

#[derive(Serialize)]
struct NewSemesterPage {
    asked: Asked,
    semesters: Vec<String>,
    projects: usize,
    fault: Option<String>,
    windows: Vec<WindowRow>,
    instructors: Vec<String>,
}

#[derive(Serialize)]
struct WindowRow {
    number: i64,
    title: String,
    opens: i64,
    due: i64,
}

/// Why there is no plan.
enum NoPlan {
    /// What the form says can't be; in words.
    Said(String),
    Fault(Error),
}

impl From<NotADay> for NoPlan {
    fn from(fault: NotADay) -> Self {
        Self::Said(fault.to_string())
    }
}

impl From<store::Error> for NoPlan {
    fn from(fault: store::Error) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<NoPlan> for Error {
    fn from(none: NoPlan) -> Self {
        match none {
            NoPlan::Said(words) => Self::Refused(words),
            NoPlan::Fault(fault) => fault,
        }
    }
}

/// A semester that could be made.
struct Plan {
    new: NewSemester,
    windows: Vec<Window>,
    instructors: Vec<RosterRow>,
}

async fn look(state: Shared, visitor: Visitor, asked: web::Query<Asked>) -> Result<HttpResponse> {
    visitor.may(Action::ManageSemesters, On::Server).map_err(|_| Error::NotFound)?;
    let mut asked = asked.into_inner();
    let like = earlier(&state, &asked).await?;
    fill_in(&mut asked, like.as_ref());
    let (plan, fault) = if asked.name.is_empty() && asked.first_lecture.is_empty() {
        (None, None)
    } else {
        match plan(&state, &asked, like.as_ref()).await {
            Ok(plan) => (Some(plan), None),
            Err(NoPlan::Said(words)) => (None, Some(words)),
            Err(NoPlan::Fault(fault)) => return Err(fault),
        }
    };
    let all = semesters::all(&state.db).await?;
    let page = NewSemesterPage {
        semesters: all.into_iter().map(|semester| semester.name.to_string()).collect(),
        projects: state.projects.len(),
        fault,
        windows: plan.as_ref().map(rows).unwrap_or_default(),
        instructors: plan.iter().flat_map(|plan| &plan.instructors).map(name).collect(),
        asked,
    };
    state.page("new_semester.html", Some(&visitor), page)
}

async fn create(state: Shared, visitor: Visitor, form: Checked<Asked>) -> Result<HttpResponse> {
    visitor.may(Action::ManageSemesters, On::Server)?;
    let like = earlier(&state, &form.0).await?;
    let plan = plan(&state, &form.0, like.as_ref()).await?;
    let (by, now) = (Some(&visitor.person.id), state.now());
    semesters::create_with(&state.db, &plan.new, &plan.windows, by, now).await.map_err(refusal)?;
    if !plan.instructors.is_empty() {
        roster::import(&state.db, &plan.new.name, &plan.instructors, by, now).await.map_err(
            |fault| {
                Error::Refused(format!("{} was made, without instructors: {fault}", plan.new.name))
            },
        )?;
    }
    Ok(see_other(&format!("/admin/semesters/{}", plan.new.name)))
}

fn refusal(fault: CreateError) -> Error {
    match fault {
        CreateError::Store(fault) => fault.into(),
        other => Error::Refused(format!("Nothing was made: {other}.")),
    }
}

async fn earlier(state: &State, asked: &Asked) -> Result<Option<Semester>> {
    if asked.like.is_empty() {
        return Ok(None);
    }
    let unknown = || Error::Bad(format!("There is no semester `{}`.", asked.like));
    let name: SemesterName = asked.like.parse().map_err(|_| unknown())?;
    Ok(Some(semesters::get(&state.db, &name).await?.ok_or_else(unknown)?))
}

/// What was left empty is as in the earlier semester, or as is usual.
fn fill_in(asked: &mut Asked, like: Option<&Semester>) {
    let usual = |field: &mut String, earlier: Option<i64>, usual: i64| {
        if field.is_empty() {
            *field = earlier.unwrap_or(usual).to_string();
        }
    };
    usual(&mut asked.needed, like.map(|one| one.needed), i64::from(NEEDED));
    usual(&mut asked.daily_limit, like.map(|one| one.daily_limit), DAILY_LIMIT);
}

/// The semester that the form describes.
async fn plan(
    state: &State,
    asked: &Asked,
    like: Option<&Semester>,
) -> std::result::Result<Plan, NoPlan> {
    let new = described(state, asked)?;
    if semesters::get(&state.db, &new.name).await?.is_some() {
        return Err(NoPlan::Said(format!("There is a semester {} already.", new.name)));
    }
    match like {
        Some(like) => plan_like(state, new, like).await,
        None => {
            let windows = calendar::windows(new.first_lecture, new.rule.of(), new.due_at)?;
            Ok(Plan { new, windows, instructors: Vec::new() })
        }
    }
}

/// With the windows of an earlier semester, moved, and its instructors.
async fn plan_like(
    state: &State,
    new: NewSemester,
    like: &Semester,
) -> std::result::Result<Plan, NoPlan> {
    let before: Vec<Window> = semesters::projects(&state.db, &like.name)
        .await?
        .into_iter()
        .map(|one| Window { project: one.number, opens: one.opens, due: one.due })
        .collect();
    if before.len() != new.projects.len() {
        return Err(NoPlan::Said(format!(
            "{} had {} projects, and {} graders are installed: it can't be copied.",
            like.name,
            before.len(),
            new.projects.len()
        )));
    }
    let from = calendar::parse_day(&like.first_lecture)?;
    let windows = calendar::moved(&before, from, new.first_lecture)?;
    let everyone = roster::everyone(&state.db, &like.name).await?;
    let instructors = everyone.into_iter().filter(|one| one.role == Role::Instructor);
    let instructors = (2..).zip(instructors).map(|(line, one)| again(line, one)).collect();
    Ok(Plan { new, windows, instructors })
}

fn described(state: &State, asked: &Asked) -> std::result::Result<NewSemester, NoPlan> {
    let name = asked.name.parse().map_err(|_| {
        NoPlan::Said(format!(
            "`{}` is no semester: a name such as HS2026 or FS2027 is wanted.",
            asked.name
        ))
    })?;
    let number = |text: &str, what: &str| {
        let none = |_| NoPlan::Said(format!("`{text}` is no number of {what}."));
        text.parse::<u32>().map_err(none)
    };
    let projects: Vec<_> =
        state.projects.iter().map(|one| (one.slug.clone(), one.title.clone())).collect();
    let total = u32::try_from(projects.len()).unwrap_or(u32::MAX);
    let daily_limit = number(&asked.daily_limit, "submissions a day")?;
    if daily_limit == 0 {
        return Err(NoPlan::Said("At least one submission a day must be allowed.".to_owned()));
    }
    Ok(NewSemester {
        name,
        first_lecture: calendar::parse_day(&asked.first_lecture)?,
        rule: Rule::new(number(&asked.needed, "projects to be passed")?, total)
            .map_err(|fault| NoPlan::Said(format!("{fault}.")))?,
        daily_limit: i64::from(daily_limit),
        due_at: calendar::DUE_AT,
        projects,
    })
}

/// An instructor, to be enrolled once more.
fn again(line: u64, one: roster::Enrolled) -> RosterRow {
    RosterRow {
        line,
        family_name: one.family_name,
        first_name: one.first_name,
        legi: one.legi,
        email: one.email,
        department: one.department,
        level: one.level,
        role: one.role,
    }
}

fn name(row: &RosterRow) -> String {
    format!("{} {}", row.first_name, row.family_name)
}

fn rows(plan: &Plan) -> Vec<WindowRow> {
    let row = |(window, (_, title)): (&Window, &(_, String))| WindowRow {
        number: window.project.get(),
        title: title.clone(),
        opens: window.opens,
        due: window.due,
    };
    plan.windows.iter().zip(&plan.new.projects).map(row).collect()
}
