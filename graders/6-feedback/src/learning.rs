//! The checks of training: `run_fa` and `run_dfa`, what follows from them, and `repeatable`.

use std::thread;

use testat_kit::check::Measured;
use testat_kit::draw::{Seed, Stream};
use testat_kit::figure::confusion_figure;
use testat_kit::glyph::CLASSES;
use testat_kit::layer::Layer;
use testat_kit::network::{accuracy, cast, flat};
use testat_kit::run::{Grading, blame};
use testat_kit::subject::Trouble;
use testat_kit::supervisor::Fault;
use testat_kit::words::{error, layers_entry, number, percent};
use testat_kit::{exchange, learning};

use crate::draws::{Lesson, TEST, lesson};
use crate::own::{self, Beside, Own};
use crate::pictures::{self, Shown};
use crate::reference::{Route, alignment, distance};
use crate::{diagnosis, requests, words};

/// Stream of the first data of the first rule; the other rule's lie [`APART`] after it, and those drawn
/// should these not do follow.
const LESSONS: u64 = 10;
/// Streams between the rules.
const APART: u64 = 100;
/// Added to a lesson's stream: the feedback that its figures are held against.
const UNRELATED: u64 = 50;
/// Most draws of a lesson. Hardly one in a hundred is refused, so this many in a row are our mistake.
const DRAWS: u64 = 20;
/// How far beyond the thresholds of `learn` and `align` our own run must end, so that a run as near to it as
/// `run_fa` and `run_dfa` demand can't miss them.
const MARGIN: f64 = 0.05;

/// The rules, each with the check of its run.
const RUNS: [(Route, &str); 2] = [(Route::Fa, "run_fa"), (Route::Dfa, "run_dfa")];

/// Each rule's first lesson.
pub fn first(seed: Seed) -> Vec<Task> {
    (0..RUNS.len()).filter_map(|at| task(seed, at, 0)).collect()
}

/// Decides them all, with these lessons first, and shows what was learnt.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading, first: Vec<Task>) -> Result<(), Fault> {
    let mut outcomes = Vec::new();
    for (outcome, (_, id)) in runs(grading, first)?.into_iter().zip(RUNS) {
        match outcome {
            Ok(outcome) => {
                let measured = of_run(&outcome, grading.threshold(id)?);
                grading.decide(id, measured)?;
                outcomes.push(outcome);
            }
            Err(trouble) => {
                let failed = blame(trouble)?;
                grading.decide(id, failed)?;
            }
        }
    }
    if outcomes.len() < RUNS.len() {
        grading.rest("not measured: a run failed (see the checks `run_fa` and `run_dfa`)")?;
    } else {
        let threshold = grading.threshold("learn")?;
        grading.decide("learn", of_accuracy(&outcomes, threshold))?;
        let threshold = grading.threshold("align")?;
        grading.decide("align", of_alignment(&outcomes, threshold))?;
        let measured = repeatable(&mut outcomes)?;
        grading.decide("repeatable", measured)?;
    }
    show(grading, &outcomes)
}

/// What one rule's run gave.
struct Outcome {
    lesson: Lesson,
    own: Own,
    beside: Beside,
    layers: Vec<Layer>,
    guesses: Vec<usize>,
    /// What the second process returned; taken when it is judged.
    again: Option<Result<Vec<Layer>, Trouble>>,
}

/// One rule's lesson, before it is known whether it will do.
pub struct Task {
    at: usize,
    id: &'static str,
    lesson: Lesson,
    /// Draws the feedback that the figures are held against.
    stream: Stream,
}

/// Each rule's run, made by two fresh processes and meanwhile by ourselves. Data on which our own run would
/// miss what must follow from it, or end elsewhere by rounding alone, are drawn anew.
fn runs(grading: &mut Grading, first: Vec<Task>) -> Result<Vec<Result<Outcome, Trouble>>, Fault> {
    let mut settled: Vec<Option<Result<Outcome, Trouble>>> = RUNS.iter().map(|_| None).collect();
    let mut tasks = first;
    for draw in 1..=DRAWS {
        let (replies, owns) = side_by_side(grading, &tasks)?;
        for ((task, reply), (own, beside)) in tasks.into_iter().zip(replies).zip(owns) {
            let at = task.at;
            let outcome = match reply {
                Ok((layers, again)) if follows(grading, &own)? && beside.steady() => {
                    let guesses = own::guesses(&task.lesson, &cast::<f64, f32>(&layers));
                    let lesson = task.lesson;
                    Ok(Outcome { lesson, own, beside, layers, guesses, again: Some(again) })
                }
                Ok(_) => continue,
                Err(trouble) => Err(trouble),
            };
            if let Some(place) = settled.get_mut(at) {
                *place = Some(outcome);
            }
        }
        let open = (0..RUNS.len()).filter(|at| matches!(settled.get(*at), Some(None)));
        tasks = open.filter_map(|at| task(grading.seed(), at, draw)).collect();
        if tasks.is_empty() {
            break;
        }
    }
    let all: Option<Vec<_>> = settled.into_iter().collect();
    all.ok_or_else(|| Fault::Mistake(format!("no lesson of {DRAWS} draws would do")))
}

fn task(seed: Seed, at: usize, draw: u64) -> Option<Task> {
    let (route, id) = RUNS.get(at).copied()?;
    let number = LESSONS + APART * at as u64 + draw;
    let lesson = lesson(&mut seed.stream(number), route);
    Some(Task { at, id, lesson, stream: seed.stream(number + UNRELATED) })
}

/// The layers that a fresh process returned, and what a second one did.
type Reply = Result<(Vec<Layer>, Result<Vec<Layer>, Trouble>), Trouble>;
/// Our own runs of one lesson.
type Ours = (Own, Beside);

/// Asks for all runs while a thread of our own makes ours: they take about as long, the starts of the
/// processes included.
fn side_by_side(grading: &mut Grading, tasks: &[Task]) -> Result<(Vec<Reply>, Vec<Ours>), Fault> {
    thread::scope(|scope| {
        let ours = scope.spawn(|| {
            let work = |task: &Task| {
                let own = own::reference(&task.lesson, task.stream.clone());
                let beside = own::beside(&task.lesson, &own);
                (own, beside)
            };
            tasks.iter().map(work).collect::<Vec<_>>()
        });
        let replies = tasks.iter().map(|task| twice(grading, task)).collect();
        let owns = ours.join().map_err(|_| Fault::Mistake("our own runs panicked".to_owned()))?;
        Ok((replies, owns))
    })
}

/// The run of two fresh processes; there is no second one if the first fails.
fn twice(grading: &mut Grading, task: &Task) -> Reply {
    grading.progress(task.id, 0, 2)?;
    let first = train(grading, &task.lesson)?;
    grading.progress(task.id, 1, 2)?;
    Ok((first, train(grading, &task.lesson)))
}

fn train(grading: &mut Grading, lesson: &Lesson) -> Result<Vec<Layer>, Trouble> {
    grading.subject.restart()?;
    let reply = grading.subject.ask(requests::train(lesson))?;
    exchange::layers(&reply, "train", "", &lesson.start, &[])
}

/// Whether our own run learns and aligns well beyond the thresholds.
fn follows(grading: &Grading, own: &Own) -> Result<bool, Fault> {
    Ok(own.accuracy >= grading.threshold("learn")? + MARGIN
        && own.alignment >= grading.threshold("align")? + MARGIN)
}

fn of_run(outcome: &Outcome, threshold: f64) -> Measured {
    let Outcome { lesson, own, layers, beside, .. } = outcome;
    let (far, name) = distance(layers, &own.end, &lesson.start);
    let arguments = words::of_lesson(lesson);
    if far <= threshold {
        let text = format!(
            "`train` with {arguments}: every tensor ends where ours does, up to {} of the way it went ({name})",
            number(far)
        );
        return Measured::new(far, text);
    }
    let place = layers_entry("", layers, &own.end).map(|at| format!(": {at}")).unwrap_or_default();
    let hint = diagnosis::of_run(layers, lesson, own, beside);
    let text = format!(
        "`train` with {arguments}: {name} ends {} of the way it should go from where it should be{place}. {hint}",
        error(far)
    );
    Measured::new(far, text)
}

fn of_accuracy(outcomes: &[Outcome], threshold: f64) -> Measured {
    let value = |outcome: &Outcome| accuracy(&outcome.guesses, &outcome.lesson.test.labels);
    let (least, each) = least(outcomes, value, percent);
    let text = format!(
        "with the returned weights our own network classifies rightly, of {TEST} hidden test images: {each}; \
         at least {:.0} % are required of both. Where the runs are right, this follows",
        100.0 * threshold
    );
    Measured::new(least, text)
}

fn of_alignment(outcomes: &[Outcome], threshold: f64) -> Measured {
    let value = |outcome: &Outcome| alignment(&outcome.layers, &outcome.lesson.feedback);
    let (least, each) = least(outcomes, value, |cosine| format!("{cosine:.3}"));
    let text = format!(
        "cosine between the transposed weights of the last layer and the last feedback matrix: {each}; at \
         least {threshold} is required of both. Where the runs are right, this follows"
    );
    Measured::new(least, text)
}

/// The smallest value, and all of them in words.
fn least(
    outcomes: &[Outcome],
    value: impl Fn(&Outcome) -> f64,
    words: impl Fn(f64) -> String,
) -> (f64, String) {
    let values: Vec<(Route, f64)> =
        outcomes.iter().map(|outcome| (outcome.lesson.route, value(outcome))).collect();
    let each = values.iter().map(|(route, value)| format!("{} by {}", words(*value), route.name()));
    let least = values.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
    (least, each.collect::<Vec<_>>().join(", "))
}

/// Both rules' runs once more in fresh processes: how many numbers differ.
fn repeatable(outcomes: &mut [Outcome]) -> Result<Measured, Fault> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        first.extend(flat(&outcome.layers));
        match outcome.again.take() {
            Some(Ok(layers)) => second.extend(flat(&layers)),
            Some(Err(trouble)) => return blame(trouble),
            None => {}
        }
    }
    Ok(learning::repeatable("train", &first, &second))
}

fn show(grading: &Grading, outcomes: &[Outcome]) -> Result<(), Fault> {
    let shown: Vec<Shown> = outcomes
        .iter()
        .map(|outcome| Shown {
            route: outcome.lesson.route,
            own: &outcome.own,
            beside: &outcome.beside,
        })
        .collect();
    if !shown.is_empty() {
        grading.show(pictures::alignment(&shown))?;
        grading.show(pictures::updates(&shown))?;
        grading.show(pictures::accuracy(&shown))?;
    }
    for outcome in outcomes {
        let name = outcome.lesson.route.name();
        let mut figure = confusion_figure(&outcome.lesson.test.labels, &outcome.guesses, CLASSES);
        figure.id = format!("confusion-{name}");
        figure.title = format!("{} ({name})", figure.title);
        grading.show(figure)?;
    }
    Ok(())
}
