//! How far a grading is, the same as the page shows it and as the stream tells it.

use serde::{Deserialize, Serialize};
use testat_kit::report::Usage;

use super::error::Result;
use super::figure::number;
use super::timeline::{Moments, Phase, timeline};
use super::{CheckInfo, State};
use crate::clock::Millis;
use crate::course::Language;
use crate::course::expectation::{self, Queue};
use crate::course::result::GradingState;
use crate::store::queue::{self, Cause};
use crate::store::submissions::{Grading, Submission};

/// Steps of the bar for each check.
const STEPS: usize = 20;
/// With nobody at work, a grading that waits for longer than this waits for more than its turn.
const STALLED_MS: Millis = 30_000;

/// How far a grading is, in words, as a bar, as a list of phases, and check by check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Stage {
    title: &'static str,
    words: String,
    expected: String,
    done: usize,
    total: usize,
    timeline: Vec<Phase>,
    decided: Vec<DecidedRow>,
}

/// A check that was decided while the grading goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct DecidedRow {
    title: String,
    passed: bool,
    value: Option<String>,
}

/// What a worker notes.
#[derive(Debug, Default, Deserialize)]
struct Noted {
    #[serde(default)]
    phase: String,
    check: Option<String>,
    #[serde(default)]
    done: u32,
    #[serde(default)]
    total: u32,
    #[serde(default)]
    decided: Vec<NotedCheck>,
    #[serde(default)]
    began: Vec<NotedPhase>,
}

#[derive(Debug, Deserialize)]
struct NotedCheck {
    id: String,
    passed: bool,
    value: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct NotedPhase {
    phase: String,
    at: Millis,
}

impl Stage {
    /// Of a grading that waits or runs.
    pub(super) async fn of(
        state: &State,
        submission: &Submission,
        grading: &Grading,
    ) -> Result<Self> {
        // A worker of another version may note it otherwise: then less is said.
        let noted: Option<Noted> =
            grading.progress.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let began = noted.iter().flat_map(|noted| &noted.began);
        let began = began.map(|one| (one.phase.clone(), one.at)).collect();
        let timeline = timeline(&moments(submission, grading, began));
        let waits = grading.state == GradingState::Waiting;
        let (words, expected) = if waits {
            waiting(state, submission, grading).await?
        } else {
            (String::new(), running(state, submission, grading).await?)
        };
        let stage = Self {
            title: if waits { "In the queue" } else { "Being graded" },
            words,
            expected,
            done: 0,
            total: 0,
            timeline,
            decided: Vec::new(),
        };
        if waits {
            return Ok(stage);
        }
        let checks = state.info(&submission.slug).map_or(&[][..], |info| &info.checks);
        Ok(match noted {
            Some(noted) => stage.noted(&noted, checks),
            None => Self { words: "Beginning.".to_owned(), ..stage },
        })
    }

    fn noted(self, noted: &Noted, checks: &[CheckInfo]) -> Self {
        let decided = noted.decided.iter().map(|one| DecidedRow::of(one, checks)).collect();
        let stage = Self { decided, ..self };
        let words = |words: &str| words.to_owned();
        let Some(check) = &noted.check else {
            let words = words(match noted.phase.as_str() {
                "unpack" => "Unpacking the archive.",
                "build" => "Building the program.",
                "start" => "Starting the program.",
                _ => "Checking the program.",
            });
            return Self { words, ..stage };
        };
        let Some(place) = checks.iter().position(|info| info.id == *check) else {
            return Self { words: words("Checking the program."), ..stage };
        };
        let within = STEPS * noted.done as usize / noted.total.max(1) as usize;
        Self {
            words: format!("Check {} of {}: {}.", place + 1, checks.len(), checks[place].title),
            done: place * STEPS + within.min(STEPS),
            total: checks.len() * STEPS,
            ..stage
        }
    }
}

impl DecidedRow {
    fn of(noted: &NotedCheck, checks: &[CheckInfo]) -> Self {
        let info = checks.iter().find(|info| info.id == noted.id);
        Self {
            title: info.map_or_else(|| noted.id.clone(), |info| info.title.clone()),
            passed: noted.passed,
            value: noted.value.map(number),
        }
    }
}

/// The times of a grading that are in the store, with those of its phases.
pub(super) fn moments(
    submission: &Submission,
    grading: &Grading,
    began: Vec<(String, Millis)>,
) -> Moments {
    Moments {
        received: (grading.cause == Cause::Upload).then_some(submission.received_at),
        queued: grading.queued_at,
        began,
        recorded: grading.finished_at,
        builds: submission.language == Language::Rust,
    }
}

/// When each phase of a grading that is done began: its report says what each took.
pub(super) fn began_by(usage: &Usage, grading: &Grading) -> Vec<(String, Millis)> {
    let Some(started) = grading.started_at else { return Vec::new() };
    let took = |phase: &str| usage.phases.get(phase).copied();
    let mut at = started as f64 + took("claim").unwrap_or(0.0);
    let mut began = Vec::new();
    for phase in ["unpack", "build", "start", "grade"] {
        if let Some(ms) = took(phase) {
            began.push((phase.to_owned(), at as Millis));
            at += ms;
        }
    }
    began
}

/// The place in the queue, and what may be expected.
async fn waiting(
    state: &State,
    submission: &Submission,
    grading: &Grading,
) -> Result<(String, String)> {
    if grading.not_before > state.now() {
        let words = "Waiting for another try: the last one failed, through no fault of yours.";
        return Ok((words.to_owned(), String::new()));
    }
    let Some(ahead) = queue::ahead_of(&state.db, &grading.id).await? else {
        let words = "Waiting until the pause of this project is over.";
        return Ok((words.to_owned(), String::new()));
    };
    let words = match ahead {
        0 => "Waiting: yours is next.".to_owned(),
        1 => "Waiting: one submission is ahead of yours.".to_owned(),
        n => format!("Waiting: {n} submissions are ahead of yours."),
    };
    let running = queue::running(&state.db).await?;
    if running == 0 && state.now() - grading.queued_at > STALLED_MS {
        let none = "Nothing is being graded at the moment, so when it begins can't be said.";
        return Ok((words, none.to_owned()));
    }
    let measured = state.spread(&submission.slug, submission.language).await?;
    let expected = measured.map(|spread| {
        let range = expectation::of_waiting(&spread, Queue { ahead, running });
        let range = expectation::in_words(range);
        let at_work = match running {
            0 => String::new(),
            1 => "; one is being graded now".to_owned(),
            n => format!("; {n} are being graded now"),
        };
        format!("Expected until the verdict: {range} ({}{at_work}).", basis(&spread, submission))
    });
    Ok((words, expected.unwrap_or_else(|| unmeasured(state, submission))))
}

/// How much longer a grading that runs may take.
async fn running(state: &State, submission: &Submission, grading: &Grading) -> Result<String> {
    let Some(started) = grading.started_at else { return Ok(String::new()) };
    let Some(spread) = state.spread(&submission.slug, submission.language).await? else {
        return Ok(unmeasured(state, submission));
    };
    let basis = basis(&spread, submission);
    Ok(match expectation::of_running(&spread, state.now() - started) {
        Some(range) => {
            format!("Expected: {} more ({basis}).", expectation::in_words(range))
        }
        None => format!("It takes longer than nine of ten others did ({basis})."),
    })
}

fn basis(spread: &expectation::Spread, submission: &Submission) -> String {
    let language = match submission.language {
        Language::Python => "Python",
        Language::Rust => "Rust",
    };
    format!("from the last {} gradings of this project in {language}", spread.measured)
}

fn unmeasured(state: &State, submission: &Submission) -> String {
    let limit = state.info(&submission.slug).map(|info| info.wall_s);
    let limit = limit.map(|seconds| format!(" A program is ended after {seconds} s."));
    let few = "How long it takes can't be said yet: too few gradings have been measured.";
    format!("{few}{}", limit.unwrap_or_default())
}
