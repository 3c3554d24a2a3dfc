//! The four tasks, taken by the student's program: each call of `learn`, each round of questions in a fresh
//! process, the state carried between them.

use std::fmt;

use ndarray::Array2;
use testat_kit::link::{LinkError, Message};
use testat_kit::run::{Grading, blame};
use testat_kit::subject::{Request, Trouble, unfit};
use testat_kit::supervisor::Fault;

use crate::judge::Labels;
use crate::lesson::{Lesson, TASKS};
use crate::requests;
use crate::state::State;

/// The function that the protocol calls after each task.
pub const PREDICT: &str = "predict";
/// The function that scores how strange an image is.
pub const SCORE: &str = "ood_score";

/// The states after each task, in fresh processes. It ends early at the first state beyond `limit` bytes,
/// which is the last one given back.
///
/// # Errors
/// [`Trouble`].
pub fn learn(grading: &mut Grading, lesson: &Lesson, limit: f64) -> Result<Vec<State>, Trouble> {
    let mut states: Vec<State> = Vec::new();
    for task in 0..TASKS {
        grading.progress("state", task, TASKS)?;
        let state = learn_task(grading, lesson, task, states.last())?;
        let beyond = state.size() as f64 > limit;
        states.push(state);
        if beyond {
            break;
        }
    }
    Ok(states)
}

/// The state after one task, learnt in a fresh process.
///
/// # Errors
/// [`Trouble`].
pub fn learn_task(
    grading: &mut Grading,
    lesson: &Lesson,
    task: usize,
    before: Option<&State>,
) -> Result<State, Trouble> {
    grading.subject.restart()?;
    let request = requests::learn(lesson, task, before)
        .ok_or_else(|| Fault::Mistake(format!("there is no task {task}")))?;
    let reply = grading.subject.ask(request)?;
    State::of(&reply).map_err(unfit("learn"))
}

/// The label of each image asked after each task, a fresh process a task.
///
/// # Errors
/// [`Trouble`].
pub fn predict(
    grading: &mut Grading,
    lesson: &Lesson,
    states: &[State],
) -> Result<Labels, Trouble> {
    let mut all = Vec::new();
    for (state, frames) in states.iter().zip(&lesson.frames) {
        grading.progress("acc", all.len(), TASKS)?;
        grading.subject.restart()?;
        let mut labels = vec![0; lesson.test.labels.len()];
        for rows in frames {
            let request = requests::predict(state, &lesson.test.images, rows);
            let reply = grading.subject.ask(request)?;
            put(&mut labels, rows, read_labels(&reply, rows.len())?);
        }
        all.push(labels);
    }
    Ok(all)
}

/// The score of each image of the gallery, in one fresh process.
///
/// # Errors
/// [`Trouble`].
pub fn score(grading: &mut Grading, lesson: &Lesson, state: &State) -> Result<Vec<f64>, Trouble> {
    grading.progress("near", 0, 1)?;
    grading.subject.restart()?;
    let mut scores = vec![0.0; lesson.gallery.nrows()];
    for rows in &lesson.gallery_frames {
        let reply = grading.subject.ask(requests::ood_score(state, &lesson.gallery, rows))?;
        put(&mut scores, rows, read_scores(&reply, rows.len())?);
    }
    Ok(scores)
}

/// Label and score of some images, each asked alone in one more fresh process.
#[derive(Clone, Debug, Default)]
pub struct Alone {
    /// Row of the gallery, and the label; of test images only.
    pub labels: Vec<(usize, i64)>,
    /// Row of the gallery, and the score.
    pub scores: Vec<(usize, f64)>,
}

/// Asks the lesson's images of `again`, each alone.
///
/// # Errors
/// [`Trouble`].
pub fn ask_alone(grading: &mut Grading, lesson: &Lesson, state: &State) -> Result<Alone, Trouble> {
    grading.progress("per_image", 0, 1)?;
    grading.subject.restart()?;
    let mut alone = Alone::default();
    let one = |grading: &mut Grading, request: Request| grading.subject.ask(request);
    for row in &lesson.again {
        let images: &Array2<f32> = &lesson.gallery;
        if *row < lesson.test.labels.len() {
            let reply = one(grading, requests::predict(state, images, &[*row]))?;
            alone.labels.extend(read_labels(&reply, 1)?.into_iter().map(|label| (*row, label)));
        }
        let reply = one(grading, requests::ood_score(state, images, &[*row]))?;
        alone.scores.extend(read_scores(&reply, 1)?.into_iter().map(|score| (*row, score)));
    }
    Ok(alone)
}

fn read_labels(reply: &Message, count: usize) -> Result<Vec<i64>, Trouble> {
    let read = || -> Result<Vec<i64>, LinkError> {
        reply.expect_only(&["labels".to_owned()], &[])?;
        Ok(reply.integers("labels", &[count])?.into_iter().collect())
    };
    read().map_err(unfit(PREDICT))
}

fn read_scores(reply: &Message, count: usize) -> Result<Vec<f64>, Trouble> {
    let read = || -> Result<Vec<f64>, LinkError> {
        reply.expect_only(&["scores".to_owned()], &[])?;
        Ok(reply.vector("scores", count)?.to_vec())
    };
    read().map_err(unfit(SCORE))
}

fn put<T>(all: &mut [T], rows: &[usize], values: Vec<T>) {
    for (row, value) in rows.iter().zip(values) {
        if let Some(place) = all.get_mut(*row) {
            *place = value;
        }
    }
}

/// Answers, or why there are none, in words for the student.
pub type Answered<T> = Result<T, String>;

/// The answers of a round of questions; our own trouble stays a fault.
///
/// # Errors
/// [`Fault`] if the trouble is ours.
pub fn answered<T>(answers: Result<T, Trouble>) -> Result<Answered<T>, Fault> {
    match answers {
        Ok(answers) => Ok(Ok(answers)),
        Err(trouble) => Ok(Err(blame(trouble)?.message)),
    }
}

/// A state of so many bytes, where fewer are allowed.
pub fn too_large(state: &State, limit: f64) -> Trouble {
    let text = format!("the state is too large: {}", state.words(limit));
    unfit("learn")(LinkError::Refused(text))
}

/// `a, b and c`.
pub fn listed<T: fmt::Display>(items: &[T]) -> String {
    let words: Vec<String> = items.iter().map(ToString::to_string).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
