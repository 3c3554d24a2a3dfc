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
use crate::{pictures, requests};

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
    let clouds = clouds(&mut grading.stream(CLOUDS));
    let trains = trains(&mut grading.stream(TRAINS));
    grading.progress("pca", 0, 1)?;
    let directions = fresh(grading).and_then(|()| all_directions(grading, &clouds));
    grading.progress("corr", 0, 1)?;
    let weights = weights(grading, &trains);
    match (directions, weights) {
        (Ok(directions), Ok(weights)) => {
            let lesson = Lesson { clouds, trains };
            decide(grading, &lesson, &Learnt { directions, weights })
        }
        (directions, weights) => one_failed(grading, &clouds, &trains, directions, weights),
    }
}

/// What is to be learnt from.
struct Lesson {
    clouds: Vec<Cloud>,
    trains: Trains,
}

/// What was learnt.
struct Learnt {
    /// (n, k) of each cloud.
    directions: Vec<Array2<f64>>,
    /// (n,).
    weights: Array1<f64>,
}

fn decide(grading: &mut Grading, lesson: &Lesson, learnt: &Learnt) -> Result<(), Fault> {
    grading.progress("repeatable", 0, 1)?;
    let repeated = match again(grading, lesson, learnt) {
        Ok(measured) => measured,
        Err(trouble) => blame(trouble)?,
    };
    grading.decide("repeatable", repeated)?;
    let view = View::of(&lesson.clouds, &learnt.directions);
    let value = auroc(&learnt.weights, &lesson.trains.group);
    let words = |id: &str, shown: f64, threshold: f64| match id {
        "pca" => view.sentence(shown, threshold),
        _ => corr_sentence(shown, threshold, &learnt.weights, value),
    };
    let first = vec![view.least, value];
    learning::decide(grading, &["pca", "corr"], first, words, |grading, reserve| {
        let clouds = clouds(&mut grading.stream(CLOUDS + reserve));
        let trains = trains(&mut grading.stream(TRAINS + reserve));
        fresh(grading)?;
        let directions = all_directions(grading, &clouds)?;
        let weights = weights(grading, &trains)?;
        Ok(vec![View::of(&clouds, &directions).least, auroc(&weights, &trains.group)])
    })?;
    let pair = lesson.clouds.iter().zip(&learnt.directions).find(|(cloud, _)| cloud.k == 2);
    if let Some((cloud, columns)) = pair {
        grading.show(pictures::directions(cloud, columns))?;
    }
    grading.show(pictures::weights(&learnt.weights, &lesson.trains.group, value))
}

/// Decides when at least one of the two gave nothing to measure.
fn one_failed(
    grading: &mut Grading,
    clouds: &[Cloud],
    trains: &Trains,
    directions: Result<Vec<Array2<f64>>, Trouble>,
    weights: Result<Array1<f64>, Trouble>,
) -> Result<(), Fault> {
    let pca = match directions {
        Ok(directions) => {
            let view = View::of(clouds, &directions);
            Measured::new(view.least, view.sentence(view.least, grading.threshold("pca")?))
        }
        Err(trouble) => blame(trouble)?,
    };
    grading.decide("pca", pca)?;
    let corr = match weights {
        Ok(weights) => {
            let value = auroc(&weights, &trains.group);
            let threshold = grading.threshold("corr")?;
            Measured::new(value, corr_sentence(value, threshold, &weights, value))
        }
        Err(trouble) => blame(trouble)?,
    };
    grading.decide("corr", corr)?;
    grading.rest("not measured: learning gave nothing to compare (see the checks `pca` and `corr`)")
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

/// Calls both learners once more in a fresh process, in another order, so that one generator for all
/// calls shows too.
fn again(grading: &mut Grading, lesson: &Lesson, learnt: &Learnt) -> Result<Measured, Trouble> {
    fresh(grading)?;
    let again = weights(grading, &lesson.trains)?;
    let mut numbers = (learnt.weights.to_vec(), again.to_vec());
    if let (Some(cloud), Some(first)) = (lesson.clouds.last(), learnt.directions.last()) {
        numbers.0.extend(first);
        numbers.1.extend(&directions(grading, cloud)?);
    }
    Ok(repeatable("learn_stdp` and `learn_pca", &numbers.0, &numbers.1))
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

fn corr_sentence(shown: f64, threshold: f64, weights: &Array1<f64>, first: f64) -> String {
    let start = weights.first().copied().unwrap_or_default();
    let hint = if shown >= threshold {
        ""
    } else if weights.iter().all(|w| *w == start) {
        ". All weights are equal: nothing was learnt"
    } else if first < 0.3 {
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
