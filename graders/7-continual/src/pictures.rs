//! What a report of this project shows.

use testat_kit::figure::{axis, confusion, figure, lines};
use testat_kit::report::{Figure, Plot};
use testat_kit::run::Grading;
use testat_kit::supervisor::Fault;
use testat_kit::words::percent;

use crate::course::{Answered, listed};
use crate::judge::{self, Labels, Matrix, Scores};
use crate::lesson::{Lesson, SHOWN, TASKS};
use crate::state::{State, grouped};

/// Most points of a ROC curve.
const POINTS: usize = 100;
/// Bins of the histogram of scores.
const BINS: usize = 30;

/// Shows everything there is.
///
/// # Errors
/// [`Fault`] if the supervisor is gone.
pub fn show(
    grading: &mut Grading,
    lesson: &Lesson,
    states: &[State],
    labels: &Answered<Labels>,
    scores: &Answered<Scores>,
) -> Result<(), Fault> {
    if let Ok(labels) = labels {
        let matrix = judge::matrix(lesson, labels);
        grading.show(forgetting(&matrix))?;
        grading.show(over_time(&matrix))?;
        grading.show(confused(lesson, labels))?;
    }
    if let Ok(scores) = scores {
        grading.show(roc(scores))?;
        grading.show(histogram(scores))?;
    }
    grading.show(bytes(states, grading.threshold("state")?))
}

fn tasks() -> Vec<String> {
    (1..=TASKS).map(|task| format!("task {task}")).collect()
}

/// M[t, u] as a heat map.
fn forgetting(matrix: &Matrix) -> Figure {
    let shares: Vec<Vec<f64>> = matrix
        .iter()
        .map(|row| row.iter().map(|value| (value * 1e3).round() / 1e3).collect())
        .collect();
    let end = matrix.last().copied().unwrap_or_default().map(percent);
    let alt = format!(
        "Accuracy on the classes of each task (columns) after each task (rows), 0 where a task had not come \
         yet; after the last task {}.",
        listed(&end)
    );
    let plot = Plot::Matrix {
        rows: tasks(),
        columns: tasks(),
        values: shares,
        row_label: "after learning".to_owned(),
        column_label: "accuracy on".to_owned(),
    };
    figure("forgetting", "What is still known after each task", alt, plot)
}

/// One line a task: its accuracy from when it was learnt on.
fn over_time(matrix: &Matrix) -> Figure {
    let line = |u: usize| {
        let own = matrix.iter().enumerate().skip(u);
        let points = own.filter_map(|(t, row)| Some([(t + 1) as f64, *row.get(u)?])).collect();
        (format!("classes of task {}", u + 1), points)
    };
    let plot = lines(axis("tasks learnt", ""), axis("accuracy", ""), (0..TASKS).map(line));
    let lost: Vec<String> = (0..TASKS - 1)
        .map(|u| {
            let at =
                |t: usize| matrix.get(t).and_then(|row| row.get(u)).copied().unwrap_or_default();
            format!("task {} from {} to {}", u + 1, percent(at(u)), percent(at(TASKS - 1)))
        })
        .collect();
    let alt = format!("Accuracy on each task over time: {}.", listed(&lost));
    figure("over-time", "Accuracy of each task over time", alt, plot)
}

/// How often each class was taken for each after the last task, both in the order learnt.
fn confused(lesson: &Lesson, labels: &Labels) -> Figure {
    let last = labels.last().map(Vec::as_slice).unwrap_or_default();
    let place = |class: i64| lesson.place(class).unwrap_or(usize::MAX);
    let pairs: Vec<(usize, usize)> = lesson
        .test
        .labels
        .iter()
        .zip(last)
        .map(|(truth, guess)| (place(*truth), place(*guess)))
        .collect();
    let right = pairs.iter().filter(|(truth, guess)| truth == guess).count();
    let never = pairs.iter().filter(|(_, guess)| *guess == usize::MAX).count();
    let alt = format!(
        "Of {} hidden test images {right} lie on the diagonal; {never} were given a class that no task \
         showed. The classes stand in the order learnt, two a task.",
        pairs.len()
    );
    let title = "After the last task: class given by class, in the order learnt";
    figure("confusion", title, alt, confusion(pairs, SHOWN))
}

/// Share of strangers detected over the share of known images taken for strangers.
fn roc(scores: &Scores) -> Figure {
    let mut cuts: Vec<f64> = scores.known.clone();
    cuts.sort_by(|a, b| b.total_cmp(a));
    let above = |all: &[f64], cut: f64| {
        all.iter().filter(|score| **score > cut).count() as f64 / all.len().max(1) as f64
    };
    let step = cuts.len().div_ceil(POINTS).max(1);
    let curve = |strangers: &[f64]| {
        let mut points = vec![[0.0, 0.0]];
        points.extend(
            cuts.iter()
                .step_by(step)
                .map(|cut| [round(above(&scores.known, *cut)), round(above(strangers, *cut))]),
        );
        points.push([1.0, 1.0]);
        points.dedup();
        points
    };
    let series = [
        ("near: glyphs never shown".to_owned(), curve(&scores.near)),
        ("far: shuffled pixels".to_owned(), curve(&scores.far)),
    ];
    let x = axis("share of known images above the alarm", "");
    let plot = lines(x, axis("share of strangers above it", ""), series);
    let alt = format!(
        "Two curves from (0, 0) to (1, 1). The area under the one of near strangers is {:.3}, of far ones \
         {:.3}; at 5 % false alarms {} of the far ones are detected.",
        scores.near_area(),
        scores.far_area(),
        percent(scores.far_detected())
    );
    figure("roc", "Telling strangers from known images (ROC)", alt, plot)
}

/// How the scores of the three groups are distributed, over the middle 98 % of all.
fn histogram(scores: &Scores) -> Figure {
    let groups = [
        ("known", &scores.known),
        ("near strangers", &scores.near),
        ("far strangers", &scores.far),
    ];
    let mut all: Vec<f64> = groups.iter().flat_map(|(_, scores)| scores.iter()).copied().collect();
    all.sort_by(f64::total_cmp);
    let at = |share: usize| all.get(all.len().saturating_sub(1) * share / 100).copied();
    let (low, high) = (at(1).unwrap_or_default(), at(99).unwrap_or_default());
    let width = ((high - low) / BINS as f64).max(f64::MIN_POSITIVE);
    let series = groups.map(|(name, scores)| {
        let mut counts = [0u32; BINS];
        for score in scores {
            // What lies outside counts at the edge; a cast of a float keeps within bounds.
            let bin = (((score - low) / width) as usize).min(BINS - 1);
            if let Some(count) = counts.get_mut(bin) {
                *count += 1;
            }
        }
        let total = scores.len().max(1) as f64;
        let points = counts.iter().enumerate().map(|(bin, count)| {
            [low + (bin as f64 + 0.5) * width, round(f64::from(*count) / total)]
        });
        (name.to_owned(), points.collect())
    });
    let plot = lines(axis("score", ""), axis("share of the group", ""), series);
    let median = |scores: &[f64]| {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        testat_kit::words::number(middle)
    };
    let alt = format!(
        "Share of each group in {BINS} bins of the score; the medians are {} for known images, {} for near \
         and {} for far strangers.",
        median(&scores.known),
        median(&scores.near),
        median(&scores.far)
    );
    figure("scores", "Scores of known images and of strangers", alt, plot)
}

/// Bytes of the state after each task, beside the limit.
pub fn bytes(states: &[State], limit: f64) -> Figure {
    let sizes: Vec<usize> = states.iter().map(State::size).collect();
    let shown: Vec<String> = sizes.iter().map(|size| grouped(*size)).collect();
    let alt = format!(
        "Bytes of the state after each task: {}; {} are allowed.",
        listed(&shown),
        grouped(limit as usize)
    );
    let plot = Plot::Bars {
        labels: tasks().into_iter().take(sizes.len()).map(|task| format!("after {task}")).collect(),
        values: sizes.iter().map(|size| *size as f64).collect(),
        y: axis("size of the state", "bytes"),
        limit: Some(limit),
    };
    figure("bytes", "Memory used, against the limit", alt, plot)
}

/// Four digits are enough for a picture, and keep the report small.
fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
