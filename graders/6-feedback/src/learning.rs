//! The checks of training: `run_fa` and `run_dfa`, what follows from them, and `repeatable`.

use testat_kit::check::Measured;
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

/// Stream of the first run's data of each rule; those drawn after them, should they not do, follow.
const LESSONS: u64 = 10;
/// Streams between the rules.
const APART: u64 = 100;
/// Added to a lesson's stream: what its figures are held against.
const UNRELATED: u64 = 50;
/// Most draws of a lesson. None of the first 200 was ever refused, so this many in a row are our mistake.
const DRAWS: u64 = 10;
/// How far beyond the thresholds of `learn` and `align` our own run must end, so that a run as near to it as
/// `run_fa` and `run_dfa` demand can't miss them.
const MARGIN: f64 = 0.05;

/// The rules, each with the check of its run.
const RUNS: [(Route, &str); 2] = [(Route::Fa, "run_fa"), (Route::Dfa, "run_dfa")];

/// Decides them all, and shows what was learnt.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let mut outcomes = Vec::new();
    for (route, id) in RUNS {
        match train(grading, route, id) {
            Ok(outcome) => {
                let measured = of_run(&outcome);
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

/// Lets two fresh processes make the prescribed run, while we make our own beside them. Data on which our
/// own run would miss what must follow from it, or end elsewhere by rounding alone, are drawn anew.
fn train(grading: &mut Grading, route: Route, id: &'static str) -> Result<Outcome, Trouble> {
    let first = LESSONS + if route == Route::Dfa { APART } else { 0 };
    for draw in first..first + DRAWS {
        grading.progress(id, 0, 2)?;
        let lesson = lesson(&mut grading.stream(draw), route);
        let stream = grading.stream(draw + UNRELATED);
        let (layers, own) = ask(grading, &lesson, || own::reference(&lesson, stream))?;
        let layers = layers?;
        if !follows(grading, &own)? {
            continue;
        }
        grading.progress(id, 1, 2)?;
        let (again, beside) = ask(grading, &lesson, || own::beside(&lesson, &own))?;
        if beside.steady() {
            let guesses = own::guesses(&lesson, &cast::<f64, f32>(&layers));
            return Ok(Outcome { lesson, own, beside, layers, guesses, again: Some(again) });
        }
    }
    Err(Fault::Mistake(format!("{DRAWS} draws for `{id}` were all unfit")).into())
}

/// The run of a fresh process, with `work` done meanwhile.
fn ask<T: Send>(
    grading: &mut Grading,
    lesson: &Lesson,
    work: impl FnOnce() -> T + Send,
) -> Result<(Result<Vec<Layer>, Trouble>, T), Trouble> {
    grading.subject.restart()?;
    let (reply, done) = grading.subject.ask_beside(requests::train(lesson), work)?;
    let layers = reply.and_then(|reply| exchange::layers(&reply, "train", "", &lesson.start, &[]));
    Ok((layers, done))
}

/// Whether our own run learns and aligns well beyond the thresholds.
fn follows(grading: &Grading, own: &Own) -> Result<bool, Fault> {
    Ok(own.accuracy >= grading.threshold("learn")? + MARGIN
        && own.alignment >= grading.threshold("align")? + MARGIN)
}

fn of_run(outcome: &Outcome) -> Measured {
    let Outcome { lesson, own, layers, beside, .. } = outcome;
    let (far, name) = distance(layers, &own.end, &lesson.start);
    let arguments = words::of_lesson(lesson);
    if far <= 1e-3 {
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
