//! The class in figures: what was handed in when, how soon it was passed, and by what it failed. Every
//! figure stands beside its table.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use testat_kit::report::{Audience, Axis, Figure, Plot, Series};

use super::error::{Error, Result};
use super::guard::Visitor;
use super::report_shown::FigureShown;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::calendar::day_words;
use crate::course::statistics::{Quartiles, arrived, per_day, quartiles};
use crate::course::{ProjectNumber, SemesterName};
use crate::store::semesters::{self, Project};
use crate::store::statistics::{self, FailedBy, FirstPass, HandedIn, Hour};

const DAY: f64 = 86_400_000.0;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/class/{semester}/statistics", page);
}

#[derive(Serialize)]
struct StatisticsPage {
    semester: String,
    students: usize,
    submissions: i64,
    projects: Vec<ProjectRow>,
    attempts: Option<FigureShown>,
    days: Vec<DayRow>,
    passes: Option<FigureShown>,
    checks: Vec<Checks>,
}

/// A project in numbers.
#[derive(Serialize)]
struct ProjectRow {
    number: i64,
    title: String,
    students: i64,
    submissions: i64,
    passed: usize,
    /// Days from the opening to the first pass.
    days: Option<Spread>,
    /// Submissions up to the first pass.
    attempts: Option<Spread>,
}

/// A quarter, half and three quarters of the students at most.
#[derive(Serialize)]
struct Spread {
    lower: String,
    median: String,
    upper: String,
}

#[derive(Serialize)]
struct DayRow {
    day: String,
    on_time: i64,
    late: i64,
}

#[derive(Serialize)]
struct Checks {
    number: i64,
    title: String,
    figure: FigureShown,
    rows: Vec<CheckRow>,
}

#[derive(Serialize)]
struct CheckRow {
    id: String,
    title: String,
    count: i64,
    share: String,
}

async fn page(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeClass, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let projects = semesters::projects(&state.db, &name).await?;
    let students = state.standings(&name).await?.len();
    let hours = statistics::per_hour(&state.db, &name).await?;
    let passes = statistics::first_passes(&state.db, &name).await?;
    let handed_in = statistics::handed_in(&state.db, &name).await?;
    let failed = statistics::failed_by(&state.db, &name).await?;
    let days = day_rows(&hours);
    let page = StatisticsPage {
        semester: name.to_string(),
        students,
        submissions: handed_in.iter().map(|one| one.submissions).sum(),
        projects: projects.iter().map(|one| project_row(one, &handed_in, &passes)).collect(),
        attempts: (!days.is_empty()).then(|| FigureShown::of(&attempts_figure(&days))),
        passes: (!passes.is_empty())
            .then(|| FigureShown::of(&passes_figure(&projects, &passes, students))),
        checks: projects.iter().filter_map(|one| checks(&state, one, &failed)).collect(),
        days,
    };
    state.page("statistics.html", Some(&visitor), page)
}

fn day_rows(hours: &[Hour]) -> Vec<DayRow> {
    // Both kinds over all days, so that the two have the same ones.
    let counts = |late: bool| {
        let count = move |one: &Hour| if one.late == late { one.count } else { 0 };
        per_day(hours.iter().map(move |one| (one.hour, count(one))))
    };
    let rows = counts(false).into_iter().zip(counts(true));
    rows.map(|((day, on_time), (_, late))| DayRow { day: day_words(day), on_time, late }).collect()
}

fn project_row(project: &Project, handed_in: &[HandedIn], passes: &[FirstPass]) -> ProjectRow {
    let own: Vec<&FirstPass> = passes.iter().filter(|one| one.project == project.number).collect();
    let days: Vec<f64> =
        own.iter().map(|one| float(one.received_at - project.opens) / DAY).collect();
    let attempts: Vec<f64> = own.iter().map(|one| float(one.number)).collect();
    let handed_in = handed_in.iter().find(|one| one.project == project.number);
    ProjectRow {
        number: project.number.get(),
        title: project.title.clone(),
        students: handed_in.map_or(0, |one| one.students),
        submissions: handed_in.map_or(0, |one| one.submissions),
        passed: own.len(),
        days: quartiles(&days).map(|found| Spread::of(found, 1)),
        attempts: quartiles(&attempts).map(|found| Spread::of(found, 0)),
    }
}

impl Spread {
    fn of(found: Quartiles, digits: usize) -> Self {
        let words = |value: f64| format!("{value:.digits$}");
        Self { lower: words(found.lower), median: words(found.median), upper: words(found.upper) }
    }
}

fn attempts_figure(days: &[DayRow]) -> Figure {
    let series = |name: &str, count: fn(&DayRow) -> i64| Series {
        name: name.to_owned(),
        points: days.iter().enumerate().map(|(at, day)| [at as f64, float(count(day))]).collect(),
    };
    let total: i64 = days.iter().map(|day| day.on_time + day.late).sum();
    figure(
        "attempts",
        "Submissions a day",
        format!("{total} submissions on {} days; the table below has each day.", days.len()),
        Plot::Lines {
            x: axis("days since the first submission", "d"),
            y: axis("submissions", ""),
            series: vec![series("on time", |day| day.on_time), series("late", |day| day.late)],
        },
    )
}

fn passes_figure(projects: &[Project], passes: &[FirstPass], students: usize) -> Figure {
    let share = |count: usize| 100.0 * count as f64 / students.max(1) as f64;
    let series = projects.iter().filter_map(|project| {
        let own = passes.iter().filter(|one| one.project == project.number);
        let times: Vec<i64> = own.map(|one| one.received_at).collect();
        let points = arrived(&times, project.opens).into_iter();
        (!times.is_empty()).then(|| Series {
            name: format!("project {}", project.number),
            points: points.map(|(day, count)| [float(day), share(count)]).collect(),
        })
    });
    figure(
        "passes",
        "Time to the first pass",
        "For each project the share of the class that has passed it, over the days since it opened; the \
         table above has the quartiles."
            .to_owned(),
        Plot::Lines {
            x: axis("days since the project opened", "d"),
            y: axis("students who have passed", "%"),
            series: series.collect(),
        },
    )
}

fn checks(state: &State, project: &Project, failed: &[FailedBy]) -> Option<Checks> {
    let own: Vec<&FailedBy> = failed.iter().filter(|one| one.project == project.number).collect();
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for one in &own {
        for check in one.failed.split_whitespace() {
            *counts.entry(check).or_default() += one.count;
        }
    }
    let gradings: i64 = own.iter().map(|one| one.count).sum();
    let mut counts: Vec<(&str, i64)> = counts.into_iter().collect();
    counts.sort_by_key(|(check, count)| (std::cmp::Reverse(*count), *check));
    if counts.is_empty() {
        return None;
    }
    let title = |id: &str| {
        let info = state.info(&project.slug)?;
        info.checks.iter().find(|check| check.id == id).map(|check| check.title.clone())
    };
    let row = |(id, count): &(&str, i64)| CheckRow {
        id: (*id).to_owned(),
        title: title(id).unwrap_or_default(),
        count: *count,
        share: format!("{:.0} %", 100.0 * float(*count) / float(gradings)),
    };
    Some(Checks {
        number: project.number.get(),
        title: project.title.clone(),
        figure: FigureShown::of(&checks_figure(project.number, &counts, gradings)),
        rows: counts.iter().map(row).collect(),
    })
}

fn checks_figure(project: ProjectNumber, counts: &[(&str, i64)], gradings: i64) -> Figure {
    figure(
        &format!("checks-{project}"),
        "Checks that failed",
        format!(
            "How many of {gradings} failed gradings failed by each check; the table has the numbers."
        ),
        Plot::Bars {
            labels: counts.iter().map(|(check, _)| (*check).to_owned()).collect(),
            values: counts.iter().map(|(_, count)| float(*count)).collect(),
            y: axis("gradings", ""),
            limit: None,
        },
    )
}

fn figure(id: &str, title: &str, alt: String, plot: Plot) -> Figure {
    Figure {
        id: id.to_owned(),
        title: title.to_owned(),
        alt,
        audience: Audience::Everyone,
        reported_by_subject: false,
        plot,
    }
}

fn axis(label: &str, unit: &str) -> Axis {
    Axis { label: label.to_owned(), unit: unit.to_owned(), log: false }
}

/// Counts and times are far from where this is inexact.
fn float(count: i64) -> f64 {
    count as f64
}
