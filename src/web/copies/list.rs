//! The pairs of a project, ranked; and the groups that they make.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::percent;
use super::picture::picture;
use crate::copies::{Cluster, clusters};
use crate::course::access::{Action, On};
use crate::course::{ProjectNumber, SemesterName, SubmissionId};
use crate::store::copies::{self, Run, RunState};
use crate::store::copy_pairs::{self, Pair};
use crate::store::semesters::{self, Project};
use crate::web::Shared;
use crate::web::error::{Error, Result};
use crate::web::guard::{Checked, Visitor};
use crate::web::page::see_other;
use crate::web::routes::Routes;

/// Pairs on one page.
const PAGE: usize = 50;
/// From which share on pairs make a group, in percent; the second is where one begins.
const FROM: [i64; 5] = [30, 50, 70, 80, 90];
const FROM_FIRST: i64 = 50;
/// Groups that are drawn, and members of one; larger ones are only listed.
const DRAWN: usize = 24;
const MEMBERS_DRAWN: usize = 40;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/class/{semester}/copies", page).post("/class/{semester}/copies", ask);
}

/// What a page is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    project: String,
    /// `open`, `reviewed` or nothing.
    #[serde(default)]
    show: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    page: String,
}

#[derive(Serialize)]
struct CopiesPage {
    semester: String,
    projects: Vec<Choice>,
    project: i64,
    title: String,
    /// The search under way, or the last one that failed.
    search: Option<Search>,
    in_hand: bool,
    /// What the last search that was done compared.
    done: Option<Done>,
    show: &'static str,
    found: usize,
    all: usize,
    rows: Vec<PairRow>,
    number: usize,
    pages: usize,
    before: Option<String>,
    after: Option<String>,
    from: i64,
    thresholds: [i64; 5],
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Choice {
    number: i64,
    title: String,
}

#[derive(Serialize)]
struct Search {
    state: &'static str,
    compared: i64,
    total: i64,
    fault: Option<String>,
}

#[derive(Serialize)]
struct Done {
    at: i64,
    total: i64,
    unread: i64,
}

#[derive(Serialize)]
struct PairRow {
    id: String,
    left: String,
    right: String,
    /// If the right one was handed in in another semester.
    elsewhere: Option<String>,
    left_share: i64,
    right_share: i64,
    matched: i64,
    reviewed: bool,
}

/// Submissions that hang together.
#[derive(Serialize)]
struct Group {
    number: usize,
    members: Vec<Member>,
    pairs: Vec<GroupPair>,
    svg: Option<String>,
}

#[derive(Serialize)]
struct Member {
    number: usize,
    name: String,
    elsewhere: Option<String>,
}

#[derive(Serialize)]
struct GroupPair {
    id: String,
    left: usize,
    right: usize,
    share: i64,
}

#[derive(Deserialize)]
struct Ask {
    project: String,
}

async fn ask(
    state: Shared,
    visitor: Visitor,
    semester: web::Path<SemesterName>,
    form: Checked<Ask>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeCopies, On::Semester(&semester)).map_err(|_| Error::NotFound)?;
    let wrong = || Error::Bad(format!("`{}` is no project's number.", form.0.project));
    let number = form.0.project.parse().ok().and_then(ProjectNumber::new).ok_or_else(wrong)?;
    copies::ask(&state.db, &semester, number, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/class/{semester}/copies?project={number}")))
}

async fn page(
    state: Shared,
    visitor: Visitor,
    semester: web::Path<SemesterName>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeCopies, On::Semester(&semester)).map_err(|_| Error::NotFound)?;
    let projects = semesters::projects(&state.db, &semester).await?;
    let project = chosen(&projects, &asked)?;
    let (last, done) = copies::last(&state.db, &semester, project.number).await?;
    let pairs = match &done {
        Some(run) => copy_pairs::of_run(&state.db, &run.id).await?,
        None => Vec::new(),
    };
    let show = show(&asked);
    let found: Vec<&Pair> = pairs.iter().filter(|pair| is_shown(pair, show)).collect();
    let pages = found.len().div_ceil(PAGE).max(1);
    let number = asked.page.parse().unwrap_or(1).clamp(1, pages);
    let from = asked.from.parse().ok().filter(|from| FROM.contains(from)).unwrap_or(FROM_FIRST);
    let to = |page: usize| {
        format!(
            "/class/{semester}/copies?project={}&show={show}&from={from}&page={page}",
            project.number
        )
    };
    let page = CopiesPage {
        semester: semester.to_string(),
        projects: projects.iter().map(Choice::of).collect(),
        project: project.number.get(),
        title: project.title.clone(),
        in_hand: last.as_ref().is_some_and(is_in_hand),
        search: last.filter(|run| run.state != RunState::Done).map(Search::of),
        done: done.as_ref().map(Done::of),
        show,
        all: pairs.len(),
        rows: found.iter().skip((number - 1) * PAGE).take(PAGE).map(|one| row(one)).collect(),
        found: found.len(),
        number,
        pages,
        before: (number > 1).then(|| to(number - 1)),
        after: (number < pages).then(|| to(number + 1)),
        from,
        thresholds: FROM,
        groups: groups(&pairs, from),
    };
    state.page("copies.html", Some(&visitor), page)
}

/// The project that is asked for; the first if none is.
fn chosen<'a>(projects: &'a [Project], asked: &Asked) -> Result<&'a Project> {
    let found = match asked.project.as_str() {
        "" => projects.first(),
        text => projects.iter().find(|project| project.number.to_string() == text),
    };
    found.ok_or(Error::NotFound)
}

fn show(asked: &Asked) -> &'static str {
    match asked.show.as_str() {
        "open" => "open",
        "reviewed" => "reviewed",
        _ => "",
    }
}

fn is_shown(pair: &Pair, show: &str) -> bool {
    match show {
        "open" => pair.review.is_none(),
        "reviewed" => pair.review.is_some(),
        _ => true,
    }
}

fn is_in_hand(run: &Run) -> bool {
    matches!(run.state, RunState::Waiting | RunState::Running)
}

impl Choice {
    fn of(project: &Project) -> Self {
        Self { number: project.number.get(), title: project.title.clone() }
    }
}

impl Search {
    fn of(run: Run) -> Self {
        let state = match run.state {
            RunState::Waiting => "waiting",
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Failed => "failed",
        };
        Self { state, compared: run.compared, total: run.total, fault: run.fault }
    }
}

impl Done {
    fn of(run: &Run) -> Self {
        let at = run.finished_at.unwrap_or(run.asked_at);
        Self { at, total: run.total, unread: run.unread }
    }
}

/// The semester of the right one, where it is another.
fn elsewhere(pair: &Pair) -> Option<String> {
    (pair.right_semester != pair.semester).then(|| pair.right_semester.to_string())
}

fn row(pair: &Pair) -> PairRow {
    PairRow {
        id: pair.id.to_string(),
        left: pair.left_name.clone(),
        right: pair.right_name.clone(),
        elsewhere: elsewhere(pair),
        left_share: percent(pair.left_share),
        right_share: percent(pair.right_share),
        matched: pair.matched,
        reviewed: pair.review.is_some(),
    }
}

/// The larger of a pair's shares, in percent.
fn larger(pair: &Pair) -> i64 {
    percent(pair.left_share.max(pair.right_share))
}

/// The groups that pairs make of which one is to be found in the other by so many percent.
fn groups(pairs: &[Pair], from: i64) -> Vec<Group> {
    let pairs: Vec<&Pair> = pairs.iter().filter(|pair| larger(pair) >= from).collect();
    let mut known: Vec<(&SubmissionId, Member)> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    let mut edges = Vec::new();
    for pair in &pairs {
        let mut number = |id, name: &str, elsewhere| {
            *numbers.entry(id).or_insert_with(|| {
                known.push((id, Member { number: 0, name: name.to_owned(), elsewhere }));
                known.len() - 1
            })
        };
        let left = number(&pair.left_one, &pair.left_name, None);
        edges.push((left, number(&pair.right_one, &pair.right_name, elsewhere(pair))));
    }
    let found = clusters(known.len(), &edges);
    let mut members: Vec<Option<Member>> = known.into_iter().map(|(_, one)| Some(one)).collect();
    let groups = found.iter().enumerate();
    groups.map(|(place, cluster)| group(place, cluster, &pairs, &edges, &mut members)).collect()
}

fn group(
    place: usize,
    cluster: &Cluster,
    pairs: &[&Pair],
    edges: &[(usize, usize)],
    members: &mut [Option<Member>],
) -> Group {
    // Within its group each member has a number from 1, as the picture shows it.
    let within = |member: usize| {
        cluster.members.iter().position(|one| *one == member).map_or(0, |place| place + 1)
    };
    let own: Vec<GroupPair> = cluster
        .pairs
        .iter()
        .map(|number| GroupPair {
            id: pairs[*number].id.to_string(),
            left: within(edges[*number].0),
            right: within(edges[*number].1),
            share: larger(pairs[*number]),
        })
        .collect();
    let drawn = place < DRAWN && cluster.members.len() <= MEMBERS_DRAWN;
    let lines: Vec<(usize, usize, i64)> =
        own.iter().map(|pair| (pair.left, pair.right, pair.share)).collect();
    let named =
        cluster.members.iter().zip(1..).filter_map(|(member, number)| {
            members[*member].take().map(|one| Member { number, ..one })
        });
    Group {
        number: place + 1,
        members: named.collect(),
        svg: drawn.then(|| picture(cluster.members.len(), &lines)),
        pairs: own,
    }
}
