//! The checks of what was learnt: `state`, `repeatable`, `per_image`, `acc`, `forget`, `near`, `far`.

use testat_kit::check::Measured;
use testat_kit::draw::Seed;
use testat_kit::learning;
use testat_kit::run::{Grading, blame};
use testat_kit::subject::Trouble;
use testat_kit::supervisor::Fault;
use testat_kit::words::{number, percent};

use crate::course::{self, Alone, Answered, answered};
use crate::judge::{self, ALARMS, Labels, Scores};
use crate::lesson::{AGAIN, Lesson, SHOWN, STRANGERS, TASKS};
use crate::pictures;
use crate::state::State;

/// Stream of the first lesson; the reserves follow.
const LESSONS: u64 = 10;
/// How far a score may move when its image is asked alone, in widths of the middle half of the known
/// images' scores: a matrix product of another shape rounds differently, in `f32` by a millionth or so.
const MOVED: f64 = 1e-3;
/// The checks of learning, in the order of their values.
const IDS: [&str; 4] = ["acc", "forget", "near", "far"];

/// The first lesson.
pub fn first(seed: Seed) -> Lesson {
    Lesson::draw(&mut seed.stream(LESSONS))
}

/// Decides them all, and shows what was learnt.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading, lesson: &Lesson) -> Result<(), Fault> {
    let Some(states) = states(grading, lesson)? else { return Ok(()) };
    let Some(last) = states.last() else { return Ok(()) };
    repeatable(grading, lesson, &states)?;
    let labels = answered(course::predict(grading, lesson, &states))?;
    let scores = answered(course::score(grading, lesson, last))?;
    let per_image = per_image(grading, lesson, last, &labels, &scores)?;
    grading.decide("per_image", per_image)?;
    let scores = scores.map(|scores| Scores::of(lesson, &scores));
    decide(grading, lesson, &labels, &scores)?;
    pictures::show(grading, lesson, &states, &labels, &scores)
}

/// Learns all tasks and decides `state`; none if it failed, and then all others are decided too.
fn states(grading: &mut Grading, lesson: &Lesson) -> Result<Option<Vec<State>>, Fault> {
    let limit = grading.threshold("state")?;
    let states = match course::learn(grading, lesson, limit) {
        Ok(states) => states,
        Err(trouble) => {
            let failed = blame(trouble)?;
            grading.decide("state", failed)?;
            grading.rest("not measured: `learn` failed (see the check `state`)")?;
            return Ok(None);
        }
    };
    let Some(largest) = states.iter().max_by_key(|state| state.size()) else {
        return Err(Fault::Mistake("a lesson has no task".to_owned()));
    };
    let (size, words) = (largest.size() as f64, largest.words(limit));
    let text = if size > limit {
        format!(
            "after task {} of {TASKS} the state is too large: {words}, names included. Keep a sample or a \
             summary of what was shown, and store images as uint8",
            states.len()
        )
    } else {
        format!("the largest state of the {TASKS} tasks has {words}, names included")
    };
    if grading.decide("state", Measured::new(size, text))? {
        return Ok(Some(states));
    }
    grading.show(pictures::bytes(&states, limit))?;
    grading.rest("not measured: the state was not carried on (see the check `state`)")?;
    Ok(None)
}

/// Learns the first and the last task again with the same arguments, each in a fresh process.
fn repeatable(grading: &mut Grading, lesson: &Lesson, states: &[State]) -> Result<(), Fault> {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for task in [0, TASKS - 1] {
        grading.progress("repeatable", task.min(1), 2)?;
        let before = task.checked_sub(1).and_then(|before| states.get(before));
        match course::learn_task(grading, lesson, task, before) {
            Ok(state) => again.extend(state.bits()),
            Err(trouble) => {
                let failed = blame(trouble)?;
                return grading.decide("repeatable", failed).map(|_| ());
            }
        }
        first.extend(states.get(task).map(State::bits).unwrap_or_default());
    }
    grading.decide("repeatable", learning::repeatable("learn", &first, &again)).map(|_| ())
}

/// Whether images asked alone get the answers that they got among others.
fn per_image(
    grading: &mut Grading,
    lesson: &Lesson,
    state: &State,
    labels: &Answered<Labels>,
    scores: &Answered<Vec<f64>>,
) -> Result<Measured, Fault> {
    let (labels, scores) = match (labels, scores) {
        (Ok(labels), Ok(scores)) => (labels, scores),
        (Err(text), _) | (_, Err(text)) => return Ok(Measured::nothing(text.clone())),
    };
    let alone = match course::ask_alone(grading, lesson, state) {
        Ok(alone) => alone,
        Err(trouble) => return blame(trouble),
    };
    Ok(differing(lesson, labels, scores, &alone))
}

fn differing(lesson: &Lesson, labels: &Labels, scores: &[f64], alone: &Alone) -> Measured {
    let known = scores.get(..lesson.test.labels.len()).unwrap_or(scores);
    let scale = judge::spread(known);
    let among = |row: usize| scores.get(row).copied().unwrap_or(f64::NAN);
    let label = |row: usize| labels.last().and_then(|labels| labels.get(row)).copied();
    // Relative to a score itself nothing is allowed, or a huge offset would hide any difference.
    let same = |row: usize, score: f64| (among(row) - score).abs() <= MOVED * scale;
    let moved = |(row, score): &&(usize, f64)| !same(*row, *score);
    let other: Vec<&(usize, f64)> = alone.scores.iter().filter(moved).collect();
    let relabelled: Vec<_> =
        alone.labels.iter().filter(|(row, own)| label(*row) != Some(*own)).collect();
    let (count, wrong) = (alone.scores.len() + alone.labels.len(), other.len() + relabelled.len());
    if wrong == 0 {
        let text = format!(
            "{AGAIN} images were asked again, each alone in a fresh process: all {count} labels and scores \
             are the same"
        );
        return Measured::new(0.0, text);
    }
    let mut examples = Vec::new();
    if let Some((row, own)) = relabelled.first() {
        let before = label(*row).unwrap_or_default();
        examples.push(format!("one image's label was {before} among others and is {own} alone"));
    }
    if let Some((row, own)) = other.first() {
        let (before, own) = (number(among(*row)), number(*own));
        examples.push(format!("one image's score was {before} among others and is {own} alone"));
    }
    let text = format!(
        "{AGAIN} images were asked again, each alone in a fresh process, and {wrong} of {count} labels and \
         scores differ: {}. An answer depends on its image and on the state alone, not on the other images of \
         a call, on earlier calls or on chance",
        course::listed(&examples)
    );
    Measured::new(wrong as f64, text)
}

/// Decides what was learnt; what could not be asked is not measured.
fn decide(
    grading: &mut Grading,
    lesson: &Lesson,
    labels: &Answered<Labels>,
    scores: &Answered<Scores>,
) -> Result<(), Fault> {
    let started = grading.subject.started();
    let tests = lesson.test.labels.len();
    let words =
        |id: &str, value: f64, threshold: f64| sentence(id, value, threshold, (tests, started));
    if let (Ok(labels), Ok(scores)) = (labels, scores) {
        let first = values(lesson, labels, scores);
        return learning::decide(grading, &IDS, first, words, reserve);
    }
    let labelled = labels.as_ref().ok().map(|labels| of_labels(lesson, labels));
    let scored = scores.as_ref().ok().map(of_scores);
    let all = [(labelled, course::PREDICT), (scored, course::SCORE)];
    for (ids, (values, function)) in IDS.chunks(2).zip(all) {
        for (at, id) in ids.iter().enumerate() {
            let threshold = grading.threshold(id)?;
            let measured = match values.and_then(|values| values.get(at).copied()) {
                Some(value) => Measured::new(value, words(id, value, threshold)),
                None => Measured::nothing(format!(
                    "not measured: `{function}` did not answer (see the check `per_image`)"
                )),
            };
            grading.decide(id, measured)?;
        }
    }
    Ok(())
}

fn values(lesson: &Lesson, labels: &Labels, scores: &Scores) -> Vec<f64> {
    of_labels(lesson, labels).into_iter().chain(of_scores(scores)).collect()
}

fn of_labels(lesson: &Lesson, labels: &Labels) -> [f64; 2] {
    let matrix = judge::matrix(lesson, labels);
    [judge::accuracy(lesson, labels), judge::forgetting(&matrix)]
}

fn of_scores(scores: &Scores) -> [f64; 2] {
    [scores.near_area(), scores.far_detected()]
}

/// The values of one more fresh lesson.
fn reserve(grading: &mut Grading, number: u64) -> Result<Vec<f64>, Trouble> {
    let limit = grading.threshold("state").map_err(Trouble::Fault)?;
    let lesson = Lesson::draw(&mut grading.stream(LESSONS + number));
    let states = course::learn(grading, &lesson, limit)?;
    let Some(last) = states.last().filter(|_| states.len() == TASKS) else {
        return Err(Fault::Mistake("a lesson has no task".to_owned()).into());
    };
    if last.size() as f64 > limit {
        return Err(course::too_large(last, limit));
    }
    let labels = course::predict(grading, &lesson, &states)?;
    let scores = Scores::of(&lesson, &course::score(grading, &lesson, last)?);
    Ok(values(&lesson, &labels, &scores))
}

fn sentence(id: &str, value: f64, threshold: f64, (tests, started): (usize, u32)) -> String {
    let wanted = 100.0 * threshold;
    match id {
        "acc" => format!(
            "after the last task {} of {tests} hidden test images of all {SHOWN} classes are classified \
             rightly, at least {wanted:.0} % are required; {started} fresh processes had been started by then",
            percent(value)
        ),
        "forget" => format!(
            "of its best accuracy a task has lost {} on average by the end, at most {wanted:.0} % are allowed",
            percent(value)
        ),
        "near" => format!(
            "AUROC {} for {STRANGERS} images of glyphs never shown against {tests} known ones, at least {} is \
             required",
            number(value),
            number(threshold)
        ),
        _ => format!(
            "{} of {STRANGERS} shuffled images score above all but {:.0} % of the known ones, at least \
             {wanted:.0} % are required",
            percent(value),
            100.0 * ALARMS
        ),
    }
}
