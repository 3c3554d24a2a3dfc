//! The class at a glance: students by projects, searched, narrowed, sorted and paged here, so that a
//! browser never gets two thousand rows.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Shared;
use super::error::{Error, Result};
use super::guard::Visitor;
use super::routes::Routes;
use super::student::state_of;
use crate::course::access::{Action, On};
use crate::course::admission::{self, ProjectStanding, Rule, State as Standing};
use crate::course::result::ProjectResult;
use crate::course::{PersonId, ProjectNumber, SemesterName};
use crate::store::results::AdmissionRow;
use crate::store::semesters::{self, Project};
use crate::store::submissions;

/// Students on one page.
const PAGE: usize = 50;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/class/{semester}", class);
}

/// What is to be shown. All of it may be missing; an empty field of the form counts as missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// Part of a name, a Legi number or an address.
    q: String,
    show: Show,
    /// Students whose result in this project...
    project: String,
    /// ... is this.
    is: String,
    /// `name`, `legi`, `passed`, `admission` or a project's number; after a `-` the other way round.
    sort: String,
    /// From 1.
    page: Option<usize>,
    names: Names,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Show {
    #[default]
    #[serde(alias = "")]
    All,
    Admitted,
    Open,
    AtRisk,
    NotAdmitted,
}

impl Show {
    const ALL: [Self; 5] = [Self::All, Self::Admitted, Self::Open, Self::AtRisk, Self::NotAdmitted];

    /// As addresses have it.
    fn name(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Admitted => "admitted",
            Self::Open => "open",
            Self::AtRisk => "at_risk",
            Self::NotAdmitted => "not_admitted",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::All => "students",
            Self::Admitted => "admitted",
            Self::Open => "open",
            Self::AtRisk => "at risk",
            Self::NotAdmitted => "not admitted",
        }
    }

    fn badge(self) -> &'static str {
        if self == Self::AtRisk { "attention" } else { self.name() }
    }
}

/// Whether people can be told by the page: not when it is shown to the class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Names {
    #[default]
    #[serde(alias = "")]
    Shown,
    Hidden,
}

/// The states of a result, as badges have them, and what they are called over a column.
const STATES: [Known; 7] = [
    Known { state: "passed", words: "passed" },
    Known { state: "failed", words: "failed" },
    Known { state: "waiting", words: "being graded" },
    Known { state: "late", words: "late only" },
    Known { state: "missed", words: "not handed in" },
    Known { state: "open", words: "open" },
    Known { state: "ahead", words: "not open yet" },
];

#[derive(Clone, Copy, Debug, Serialize)]
struct Known {
    state: &'static str,
    words: &'static str,
}

#[derive(Serialize)]
struct ClassPage {
    semester: String,
    total: i64,
    needed: i64,
    projects: Vec<Column>,
    states: [Known; 7],
    students: Vec<StudentRow>,
    everyone: usize,
    found: usize,
    tallies: Vec<Tally>,
    attention: usize,
    asked: Choice,
    columns: Vec<Heading>,
    pages: Pages,
    hidden: bool,
    turn_names: String,
}

/// What was asked, as the form shows it.
#[derive(Serialize)]
struct Choice {
    q: String,
    project: Option<i64>,
    is: String,
    sort: String,
    narrowed: bool,
    /// The address of all students, in the same order.
    everyone: String,
}

/// How many students there are of one kind.
#[derive(Serialize)]
struct Tally {
    show: &'static str,
    badge: &'static str,
    words: &'static str,
    count: usize,
    href: String,
    current: bool,
}

/// A column that sorts.
#[derive(Serialize)]
struct Heading {
    title: &'static str,
    href: String,
    /// `ascending`, `descending` or nothing.
    sorted: &'static str,
}

#[derive(Serialize)]
struct Pages {
    number: usize,
    count: usize,
    first: usize,
    last: usize,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Column {
    number: i64,
    title: String,
    due: i64,
    href: String,
    sorted: &'static str,
    counts: Vec<Count>,
}

/// How many results are in one state.
#[derive(Serialize)]
struct Count {
    state: &'static str,
    words: &'static str,
    count: usize,
    href: String,
    /// Where its part of the bar begins, and how much of it that is, in hundredths.
    from: f64,
    share: f64,
}

#[derive(Serialize)]
struct StudentRow {
    /// None where people are not to be told.
    person: Option<String>,
    name: String,
    legi: String,
    cells: Vec<Cell>,
    passed: u32,
    state: String,
    at_risk: bool,
}

#[derive(Serialize)]
struct Cell {
    state: &'static str,
    words: &'static str,
    overridden: bool,
}

/// A student, and what pages sort and narrow by.
struct Student<'a> {
    row: &'a AdmissionRow,
    name: String,
    /// Projects that may still be lost; none once it is decided.
    slack: Option<u32>,
    /// The state of each result, as its badge has it, in the order of the projects.
    states: Vec<(ProjectNumber, &'static str)>,
}

impl<'a> Student<'a> {
    fn of(row: &'a AdmissionRow, rule: Rule, pseudonyms: Option<&Pseudonyms>) -> Self {
        let standings: Vec<ProjectStanding> =
            row.projects.iter().map(ProjectResult::standing).collect();
        let name = match pseudonyms {
            Some(pseudonyms) => pseudonyms.of(&row.person),
            None => format!("{}, {}", row.family_name, row.first_name),
        };
        let states = row.projects.iter().map(|one| (one.number, state_of(one).0)).collect();
        Self { row, name, slack: admission::slack(rule, &row.admission, &standings), states }
    }

    /// Whoever can't do without any more project.
    fn at_risk(&self) -> bool {
        self.slack == Some(0)
    }

    fn is_shown(&self, show: Show) -> bool {
        let state = self.row.admission.state;
        match show {
            Show::All => true,
            Show::Admitted => state == Standing::Admitted,
            Show::Open => state == Standing::Open,
            Show::NotAdmitted => state == Standing::NotAdmitted,
            Show::AtRisk => self.at_risk(),
        }
    }

    fn state_in(&self, project: ProjectNumber) -> Option<&'static str> {
        self.states.iter().find(|(number, _)| *number == project).map(|(_, state)| *state)
    }

    /// Where a pseudonym is shown, a name must not be found by.
    fn matches(&self, wanted: &str, hidden: bool) -> bool {
        let has = |text: &str| text.to_lowercase().contains(wanted);
        has(&self.name)
            || (!hidden
                && (has(self.row.legi.as_str())
                    || has(self.row.email.as_str())
                    || has(&format!("{} {}", self.row.first_name, self.row.family_name))))
    }

    fn shown(&self, hidden: bool) -> StudentRow {
        let cell = |result: &ProjectResult| {
            let (state, words) = state_of(result);
            Cell { state, words, overridden: result.overridden }
        };
        StudentRow {
            person: (!hidden).then(|| self.row.person.to_string()),
            name: self.name.clone(),
            legi: if hidden { String::new() } else { self.row.legi.to_string() },
            cells: self.row.projects.iter().map(cell).collect(),
            passed: self.row.admission.passed,
            state: self.row.admission.state.to_string(),
            at_risk: self.at_risk(),
        }
    }
}

/// Names that hold for one sign-in: on the next page they are the same, in the next lecture others.
struct Pseudonyms(String);

impl Pseudonyms {
    fn of(&self, person: &PersonId) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let hash = Sha256::digest(format!("{}\n{person}", self.0));
        let letters = hash.iter().take(5).map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        format!("Student {}", letters.collect::<String>())
    }
}

impl Asked {
    fn hidden(&self) -> bool {
        self.names == Names::Hidden
    }

    /// The column sorted by, and whether from its end.
    fn order(&self) -> (&str, bool) {
        match self.sort.strip_prefix('-') {
            Some(column) => (column, true),
            None if self.sort.is_empty() => ("name", false),
            None => (&self.sort, false),
        }
    }

    fn sorted(&self, column: &str) -> &'static str {
        match self.order() {
            (by, false) if by == column => "ascending",
            (by, true) if by == column => "descending",
            _ => "none",
        }
    }

    /// The address of what is asked, with some of it otherwise.
    fn with(&self, semester: &SemesterName, change: impl FnOnce(&mut Self)) -> String {
        let mut asked = Self { page: None, ..self.clone() };
        change(&mut asked);
        let names = if asked.hidden() { "hidden" } else { "" };
        let page = asked.page.filter(|page| *page > 1).map(|page| page.to_string());
        let fields = [
            ("q", asked.q.as_str()),
            ("show", asked.show.name()),
            ("project", &asked.project),
            ("is", &asked.is),
            ("sort", &asked.sort),
            ("names", names),
            ("page", page.as_deref().unwrap_or_default()),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        if query.is_empty() {
            format!("/class/{semester}")
        } else {
            format!("/class/{semester}?{query}")
        }
    }

    /// The address that sorts by this column, or by it the other way round.
    fn by(&self, semester: &SemesterName, column: &str) -> String {
        let turned = self.sorted(column) == "ascending";
        let sort = if turned { format!("-{column}") } else { column.to_owned() };
        self.with(semester, |asked| asked.sort = sort)
    }
}

async fn class(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    let semester = semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let rule = semester.rule()?;
    let projects = semesters::projects(&state.db, &name).await?;
    check(&asked, &projects)?;
    let rows: Arc<Vec<AdmissionRow>> = state.standings(&name).await?;
    let hidden = asked.hidden();
    let pseudonyms = hidden.then(|| Pseudonyms(visitor.form_token.clone()));
    let all: Vec<Student<'_>> =
        rows.iter().map(|row| Student::of(row, rule, pseudonyms.as_ref())).collect();
    let mut found: Vec<&Student<'_>> = all.iter().filter(|one| is_wanted(one, &asked)).collect();
    sort(&mut found, &asked);
    let pages = pages(&asked, &name, found.len());
    let page = ClassPage {
        semester: name.to_string(),
        total: semester.total,
        needed: semester.needed,
        projects: projects.iter().map(|project| column(project, &name, &asked, &all)).collect(),
        states: STATES,
        students: found
            .iter()
            .skip(pages.first.saturating_sub(1))
            .take(PAGE)
            .map(|student| student.shown(hidden))
            .collect(),
        everyone: all.len(),
        found: found.len(),
        tallies: tallies(&asked, &name, &all),
        attention: submissions::needing_attention(&state.db, &name).await?.len(),
        columns: headings(&name, &asked),
        pages,
        hidden,
        turn_names: asked.with(&name, |asked| {
            asked.names = if hidden { Names::Shown } else { Names::Hidden };
            asked.q.clear();
        }),
        asked: Choice {
            q: asked.q.clone(),
            project: number(&asked.project).map(ProjectNumber::get),
            is: asked.is.clone(),
            sort: asked.sort.clone(),
            narrowed: found.len() < all.len(),
            everyone: asked.with(&name, |asked| {
                *asked = Asked { sort: asked.sort.clone(), names: asked.names, ..Asked::default() };
            }),
        },
    };
    state.page("class.html", Some(&visitor), page)
}

/// What a person can't have meant is said rather than passed over.
fn check(asked: &Asked, projects: &[Project]) -> Result<()> {
    let is_project = |text: &str| projects.iter().any(|p| Some(p.number) == number(text));
    let (column, _) = asked.order();
    if !["name", "passed", "admission"].contains(&column) && !is_project(column) {
        return Err(Error::Bad(format!(
            "Students can be sorted by name, passed, admission or a project's number, not by `{column}`."
        )));
    }
    if !asked.project.is_empty() && !is_project(&asked.project) {
        return Err(Error::Bad(format!("There is no project `{}`.", asked.project)));
    }
    if !asked.is.is_empty() && !STATES.iter().any(|known| known.state == asked.is) {
        return Err(Error::Bad(format!("`{}` is no state of a result.", asked.is)));
    }
    Ok(())
}

fn is_wanted(student: &Student<'_>, asked: &Asked) -> bool {
    let wanted = asked.q.trim().to_lowercase();
    student.is_shown(asked.show)
        && (wanted.is_empty() || student.matches(&wanted, asked.hidden()))
        && (asked.is.is_empty()
            || number(&asked.project)
                .is_none_or(|project| student.state_in(project) == Some(&asked.is)))
}

/// Whoever has the same value stays in the order of names.
fn sort(students: &mut [&Student<'_>], asked: &Asked) {
    if asked.hidden() {
        students.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let (column, turned) = asked.order();
    match column {
        "name" => {}
        "passed" => students.sort_by_key(|one| one.row.admission.passed),
        "admission" => students.sort_by_key(|one| (one.row.admission.state.as_str(), one.slack)),
        project => students.sort_by_key(|one| {
            let state = number(project).and_then(|project| one.state_in(project));
            STATES.iter().position(|known| Some(known.state) == state)
        }),
    }
    if turned {
        students.reverse();
    }
}

fn number(text: &str) -> Option<ProjectNumber> {
    text.parse().ok().and_then(ProjectNumber::new)
}

fn pages(asked: &Asked, semester: &SemesterName, found: usize) -> Pages {
    let count = found.div_ceil(PAGE).max(1);
    let number = asked.page.unwrap_or(1).clamp(1, count);
    let first = (number - 1) * PAGE;
    let to = |page: usize| asked.with(semester, |asked| asked.page = Some(page));
    Pages {
        number,
        count,
        first: if found == 0 { 0 } else { first + 1 },
        last: (first + PAGE).min(found),
        before: (number > 1).then(|| to(number - 1)),
        after: (number < count).then(|| to(number + 1)),
    }
}

fn headings(semester: &SemesterName, asked: &Asked) -> Vec<Heading> {
    let heading = |(column, title)| Heading {
        title,
        href: asked.by(semester, column),
        sorted: asked.sorted(column),
    };
    [("name", "Student"), ("passed", "Passed"), ("admission", "Admission")].map(heading).into()
}

fn tallies(asked: &Asked, semester: &SemesterName, all: &[Student<'_>]) -> Vec<Tally> {
    let tally = |show: Show| Tally {
        show: show.name(),
        badge: show.badge(),
        words: show.words(),
        count: all.iter().filter(|one| one.is_shown(show)).count(),
        href: asked.with(semester, |asked| asked.show = show),
        current: asked.show == show,
    };
    Show::ALL.map(tally).into()
}

/// Of a class of `all`; counts of people are far from where this is inexact.
#[allow(clippy::cast_precision_loss)]
fn hundredths(count: usize, all: usize) -> f64 {
    100.0 * count as f64 / all.max(1) as f64
}

fn column(
    project: &Project,
    semester: &SemesterName,
    asked: &Asked,
    all: &[Student<'_>],
) -> Column {
    let number = project.number.get().to_string();
    let mut from = 0.0;
    let count = |known: &Known| {
        let count =
            all.iter().filter(|one| one.state_in(project.number) == Some(known.state)).count();
        let share = hundredths(count, all.len());
        from += share;
        Count {
            state: known.state,
            words: known.words,
            count,
            href: asked.with(semester, |asked| {
                asked.project.clone_from(&number);
                known.state.clone_into(&mut asked.is);
            }),
            from: from - share,
            share,
        }
    };
    Column {
        number: project.number.get(),
        title: project.title.clone(),
        due: project.due,
        href: asked.by(semester, &number),
        sorted: asked.sorted(&number),
        counts: STATES.iter().map(count).collect(),
    }
}
