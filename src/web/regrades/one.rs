//! One regrade: how far it is, what it would change or has changed, and what was decided about it.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{OfRegrade, find, state_words, what_words};
use crate::course::SemesterName;
use crate::store::audit::{self, Line};
use crate::store::regrades::{self, Progress, Regrade, StuckGrading};
use crate::store::results::{self, Changed};
use crate::store::{roster, semesters};
use crate::web::changes_shown::ChangesShown;
use crate::web::decisions_shown::name_of;
use crate::web::error::{Error, Result};
use crate::web::guard::Visitor;
use crate::web::{Shared, State};

#[derive(Serialize)]
struct Page {
    id: String,
    semester: String,
    project: i64,
    title: String,
    what: String,
    reason: String,
    state: &'static str,
    words: &'static str,
    /// Whether it can still be applied or discarded.
    open: bool,
    applied: bool,
    following: bool,
    progress: ProgressShown,
    stuck: Vec<StuckRow>,
    changes: Option<ChangesShown>,
    unchanged: usize,
    acts: Vec<Act>,
}

#[derive(Serialize)]
struct ProgressShown {
    waiting: i64,
    running: i64,
    done: i64,
    needs_attention: i64,
    left_out: i64,
    total: i64,
    ended: i64,
    unfinished: i64,
}

impl From<Progress> for ProgressShown {
    fn from(progress: Progress) -> Self {
        Self {
            waiting: progress.waiting,
            running: progress.running,
            done: progress.done,
            needs_attention: progress.needs_attention,
            left_out: progress.left_out,
            total: progress.total(),
            ended: progress.total() - progress.waiting - progress.running,
            unfinished: progress.unfinished(),
        }
    }
}

#[derive(Serialize)]
struct StuckRow {
    submission: String,
    fault: String,
}

impl From<StuckGrading> for StuckRow {
    fn from(one: StuckGrading) -> Self {
        Self { submission: one.submission.to_string(), fault: one.fault.unwrap_or_default() }
    }
}

/// Something that was done with it.
#[derive(Serialize)]
struct Act {
    words: &'static str,
    by: String,
    at: i64,
}

pub(super) async fn page(state: Shared, visitor: Visitor, id: OfRegrade) -> Result<HttpResponse> {
    let regrade = find(&state, &visitor, &id).await?;
    let page = fill(&state, regrade).await?;
    state.page("regrade.html", Some(&visitor), page)
}

async fn fill(state: &State, regrade: Regrade) -> Result<Page> {
    let projects = semesters::projects(&state.db, &regrade.semester).await?;
    let project = projects.into_iter().find(|project| project.number == regrade.project);
    let progress = regrades::progress(&state.db, &regrade.id).await?;
    let lines = audit::of_subject(&state.db, regrade.id.as_str()).await?;
    let (changes, unchanged) = changes(state, &regrade, &lines).await?;
    let (class, words) = state_words(regrade.state, progress);
    let open = regrade.state == regrades::State::Open;
    let stuck = regrades::stuck(&state.db, &regrade.id).await?;
    let mut acts = Vec::new();
    for line in &lines {
        acts.push(act(state, line).await?);
    }
    Ok(Page {
        id: regrade.id.to_string(),
        semester: regrade.semester.to_string(),
        project: regrade.project.get(),
        title: project.ok_or(Error::NotFound)?.title,
        what: what_words(&regrade),
        state: class,
        words,
        open,
        applied: regrade.state == regrades::State::Applied,
        following: open && progress.waiting + progress.running > 0,
        progress: progress.into(),
        stuck: stuck.into_iter().map(StuckRow::from).collect(),
        changes,
        unchanged,
        acts,
        reason: regrade.reason,
    })
}

/// What an open one would change now, or what an applied one has changed; with how many students for
/// whom nothing becomes another.
async fn changes(
    state: &State,
    regrade: &Regrade,
    lines: &[Line],
) -> Result<(Option<ChangesShown>, usize)> {
    let semester: &SemesterName = &regrade.semester;
    let (changed, students) = match regrade.state {
        regrades::State::Open => {
            results::if_applied(&state.db, semester, &regrade.id, state.now()).await?
        }
        regrades::State::Applied => (noted(lines)?, 0),
        regrades::State::Discarded | regrades::State::Undone => return Ok((None, 0)),
    };
    let everyone = roster::everyone(&state.db, semester).await?;
    let unchanged = students.saturating_sub(changed.len());
    Ok((Some(ChangesShown::of(&changed, &everyone)), unchanged))
}

/// What the line of the audit log says that was changed.
fn noted(lines: &[Line]) -> Result<Vec<Changed>> {
    #[derive(Deserialize)]
    struct Details {
        changes: Vec<Changed>,
    }
    let Some(line) = lines.iter().find(|line| line.action == "regrade.apply") else {
        return Ok(Vec::new());
    };
    Ok(serde_json::from_str::<Details>(&line.details)?.changes)
}

async fn act(state: &State, line: &Line) -> Result<Act> {
    let words = match line.action.as_str() {
        "regrade.start" => "begun",
        "regrade.apply" => "applied",
        "regrade.discard" => "discarded",
        "regrade.undo" => "undone",
        "regrade.retry" => "what needed attention tried again",
        "regrade.leave_out" => "what needed attention left out",
        _ => "changed",
    };
    let by = match &line.actor {
        Some(person) => name_of(state, person).await?,
        None => "the server".to_owned(),
    };
    Ok(Act { words, by, at: line.at })
}
