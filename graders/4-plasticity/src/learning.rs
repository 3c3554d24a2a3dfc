//! The checks of learning: `pca`, `corr` and `repeatable`.

use ndarray::{Array1, Array2};
use testat_kit::check::Measured;
use testat_kit::learning::{self, repeatable};
use testat_kit::run::{Grading, blame};
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::words::number;

use crate::lessons::{Cloud, Trains, clouds, trains};
use crate::reference::auroc;
use crate::{pictures, requests, words};

/// Stream of the first clouds; those of the reserves follow.
const CLOUDS: u64 = 10;
/// Stream of the first spike trains; those of the reserves follow.
const TRAINS: u64 = 20;
/// How far the length of a direction may lie from 1.
pub const LENGTH: f64 = 0.15;

/// Decides all three, and shows what was learnt.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let lesson = Lesson::draw(grading, 0);
    grading.progress("pca", 0, 1)?;
    let directions = fresh(grading).and_then(|()| all_directions(grading, &lesson.clouds));
    let directions = measured(directions, &words::of_clouds(&lesson.clouds))?;
    grading.progress("corr", 0, 1)?;
    let weights = measured(weights(grading, &lesson.trains), &words::of_trains(&lesson.trains))?;
    let learnt = Learnt { directions, weights };
    grading.progress("repeatable", 0, 1)?;
    if learnt.directions.is_ok() || learnt.weights.is_ok() {
        let repeatable = match again(grading, &lesson, &learnt) {
            Ok(measured) => measured,
            Err(trouble) => blame(trouble)?,
        };
        grading.decide("repeatable", repeatable)?;
    }
    decide(grading, &lesson, &learnt)?;
    grading.rest(
        "not measured: neither learner gave anything to compare (see the checks `pca` and `corr`)",
    )?;
    show(grading, &lesson, &learnt)
}

/// What is to be learnt from.
struct Lesson {
    clouds: Vec<Cloud>,
    trains: Trains,
}

impl Lesson {
    /// The first lesson, or the reserve of this number.
    fn draw(grading: &Grading, reserve: u64) -> Self {
        Self {
            clouds: clouds(&mut grading.stream(CLOUDS + reserve)),
            trains: trains(&mut grading.stream(TRAINS + reserve)),
        }
    }
}

/// What was learnt, or the failed check in its place.
struct Learnt {
    /// (n, k) of each cloud.
    directions: Result<Vec<Array2<f64>>, Measured>,
    /// (n,).
    weights: Result<Array1<f64>, Measured>,
}

/// Trouble becomes the failed check, with what was asked; a fault of ours stays one.
fn measured<T>(learnt: Result<T, Trouble>, arguments: &str) -> Result<Result<T, Measured>, Fault> {
    match learnt {
        Ok(learnt) => Ok(Ok(learnt)),
        Err(trouble) => {
            let mut failed = blame(trouble)?;
            failed.message.push_str(&format!("\nAsked with: {arguments}."));
            Ok(Err(failed))
        }
    }
}

/// Decides `pca` and `corr`: with reserves only if both gave something to measure.
fn decide(grading: &mut Grading, lesson: &Lesson, learnt: &Learnt) -> Result<(), Fault> {
    let (mut ids, mut first) = (Vec::new(), Vec::new());
    let mut view = None;
    match &learnt.directions {
        Ok(directions) => {
            let seen = View::of(&lesson.clouds, directions);
            ids.push("pca");
            first.push(seen.least);
            view = Some(seen);
        }
        Err(failed) => drop(grading.decide("pca", failed.clone())?),
    }
    match &learnt.weights {
        Ok(weights) => {
            ids.push("corr");
            first.push(auroc(weights, &lesson.trains.group));
        }
        Err(failed) => drop(grading.decide("corr", failed.clone())?),
    }
    let sentence = |id: &str, value: f64, threshold: f64| match (id, &view, &learnt.weights) {
        ("pca", Some(view), _) => view.sentence(value, threshold),
        (_, _, Ok(weights)) => corr_sentence(value, threshold, weights, &lesson.trains),
        _ => String::new(),
    };
    learning::decide(grading, &ids, first, sentence, |grading, reserve| {
        let lesson = Lesson::draw(grading, reserve);
        fresh(grading)?;
        let directions = all_directions(grading, &lesson.clouds)?;
        let weights = weights(grading, &lesson.trains)?;
        let least = View::of(&lesson.clouds, &directions).least;
        Ok(vec![least, auroc(&weights, &lesson.trains.group)])
    })
}

fn show(grading: &mut Grading, lesson: &Lesson, learnt: &Learnt) -> Result<(), Fault> {
    if let Ok(directions) = &learnt.directions {
        let pair = lesson.clouds.iter().zip(directions).find(|(cloud, _)| cloud.k == 2);
        if let Some((cloud, columns)) = pair {
            grading.show(pictures::directions(cloud, columns))?;
        }
    }
    match &learnt.weights {
        Ok(weights) => grading.show(pictures::weights(weights, &lesson.trains.group)),
        Err(_) => Ok(()),
    }
}

fn fresh(grading: &mut Grading) -> Result<(), Trouble> {
    grading.subject.restart()
}

fn all_directions(grading: &mut Grading, clouds: &[Cloud]) -> Result<Vec<Array2<f64>>, Trouble> {
    clouds.iter().map(|cloud| directions(grading, cloud)).collect()
}

fn directions(grading: &mut Grading, cloud: &Cloud) -> Result<Array2<f64>, Trouble> {
    let reply = grading.subject.ask(requests::pca(cloud))?;
    let size = (cloud.x.ncols(), cloud.k);
    let read = reply.expect_only(&["W".to_owned()], &[]);
    read.and_then(|()| reply.matrix("W", size)).map_err(unfit("learn_pca"))
}

fn weights(grading: &mut Grading, trains: &Trains) -> Result<Array1<f64>, Trouble> {
    let reply = grading.subject.ask(requests::corr(trains))?;
    let read = reply.expect_only(&["w".to_owned()], &[]);
    read.and_then(|()| reply.vector("w", trains.group.len())).map_err(unfit("learn_stdp"))
}

/// Calls what worked once more in a fresh process, in another order, so that one generator for all calls
/// shows too.
fn again(grading: &mut Grading, lesson: &Lesson, learnt: &Learnt) -> Result<Measured, Trouble> {
    fresh(grading)?;
    let (mut functions, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
    if let Ok(first) = &learnt.weights {
        functions.push("learn_stdp");
        before.extend(first);
        after.extend(weights(grading, &lesson.trains)?);
    }
    if let Ok(all) = &learnt.directions
        && let (Some(cloud), Some(first)) = (lesson.clouds.last(), all.last())
    {
        functions.push("learn_pca");
        before.extend(first);
        after.extend(directions(grading, cloud)?);
    }
    Ok(repeatable(&functions.join("` and `"), &before, &after))
}

/// What learnt directions are like beside the true ones.
pub struct View {
    /// Of each column of each cloud, the absolute cosine; 0 if its length is off. The least of them.
    pub least: f64,
    /// Where that is: cloud, column, the cosine itself, the length.
    place: Option<(usize, usize, f64, f64)>,
    /// What the mistake may be.
    hint: &'static str,
}

impl View {
    /// Compares the columns for each cloud with its first directions, in order.
    pub fn of(clouds: &[Cloud], learnt: &[Array2<f64>]) -> Self {
        let mut view = Self { least: 1.0, place: None, hint: "" };
        for (at, (cloud, columns)) in clouds.iter().zip(learnt).enumerate() {
            let pairs = columns.columns().into_iter().zip(cloud.directions.columns());
            for (column, (w, direction)) in pairs.enumerate() {
                let length = w.dot(&w).sqrt();
                let cosine = (w.dot(&direction) / length.max(1e-12)).abs();
                let value = if (length - 1.0).abs() <= LENGTH { cosine } else { 0.0 };
                if value < view.least || view.place.is_none() {
                    view.least = value;
                    view.place = Some((at, column, cosine, length));
                    view.hint = hint(cloud, columns, column, length);
                }
            }
        }
        view
    }

    fn sentence(&self, least: f64, threshold: f64) -> String {
        let place = self.place.map(|(cloud, column, cosine, length)| {
            format!(
                "; on the first data the least is column {column} of data set {cloud}, with cosine {} and \
                 length {}",
                number(cosine),
                number(length)
            )
        });
        let hint = if least < threshold { self.hint } else { "" };
        format!(
            "over three data sets the least absolute cosine between a returned column and its principal \
             direction is {}, at least {threshold} is required, and a column whose length is off by more \
             than {LENGTH} counts as 0{}{hint}",
            number(least),
            place.unwrap_or_default()
        )
    }
}

/// What a column seems to be instead of its direction.
fn hint(cloud: &Cloud, columns: &Array2<f64>, column: usize, length: f64) -> &'static str {
    let w = columns.column(column);
    let along = |other: ndarray::ArrayView1<f64>| {
        (w.dot(&other) / (length * other.dot(&other).sqrt()).max(1e-12)).abs()
    };
    let of = |all: &Array2<f64>| -> Option<usize> {
        all.columns().into_iter().position(|other| along(other) > 0.95)
    };
    if (length - 1.0).abs() > LENGTH {
        ". Its length should be 1"
    } else if of(columns).is_some_and(|other| other < column) {
        ". It is an earlier column once more: what the first outputs explain must be taken away for the next"
    } else if of(&cloud.directions).is_some() {
        ". It is another principal direction than its place says: the first column is that of the largest \
         variance"
    } else {
        ""
    }
}

fn corr_sentence(shown: f64, threshold: f64, weights: &Array1<f64>, trains: &Trains) -> String {
    let start = weights.first().copied().unwrap_or_default();
    let hint = if shown >= threshold {
        ""
    } else if weights.iter().all(|w| *w == start) {
        ". All weights are equal: nothing was learnt"
    } else if auroc(weights, &trains.group) < 0.3 {
        ". The correlated inputs have the smaller weights: does an output spike come after the inputs that \
         caused it, and does an input before the output strengthen? See the handout"
    } else {
        ""
    };
    format!(
        "a weight of the hidden group is larger than one outside it with probability {} (AUROC), at least \
         {threshold} is required{hint}",
        number(shown)
    )
}
