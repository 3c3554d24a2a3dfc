//! The checks of training: `learn` and `repeatable`.

use ndarray::Array2;
use testat_kit::check::{Measured, median};
use testat_kit::link::Message;
use testat_kit::run::{Grading, blame};
use testat_kit::subject::Trouble;
use testat_kit::supervisor::Fault;

use crate::components::CHECKS;
use crate::draws::{Lesson, TEST, lesson};
use crate::reference::{Activation, Layer, classify, forward};
use crate::{exchange, pictures};

/// Stream of the first learning task; the reserves follow.
const LESSONS: u64 = 10;

/// Decides both, and shows what was learnt.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    grading.progress("learn", 0, 1)?;
    let first = lesson(&mut grading.stream(LESSONS));
    let outcome = match train(grading, &first) {
        Ok(outcome) => outcome,
        Err(trouble) => {
            let learn = blame(trouble)?;
            grading.decide("learn", learn)?;
            let reason = "not measured: training failed (see the check `learn`)";
            grading.decide("repeatable", Measured::nothing(reason))?;
            return Ok(());
        }
    };
    let accuracy = accuracy(&outcome.guesses, &first);
    let mut learn = Measured::new(accuracy, sentence(accuracy, grading.threshold("learn")?));
    if grading.passes("learn", &learn)? {
        grading.decide("learn", learn.clone())?;
    }
    grading.progress("repeatable", 0, 1)?;
    let repeatable = repeat(grading, &first, &outcome.layers)?;
    if !grading.passes("learn", &learn)? {
        // Bad luck of one draw must fail no one whose every other check holds.
        let else_right = CHECKS.iter().all(|id| grading.passed(id));
        if else_right && grading.passes("repeatable", &repeatable)? {
            learn = reserves(grading, accuracy)?;
        }
        grading.decide("learn", learn)?;
    }
    grading.decide("repeatable", repeatable)?;
    grading.show(pictures::confusion(&first.test.labels, &outcome.guesses))?;
    if let Some(curve) = &outcome.curve {
        grading.show(pictures::curve(curve))?;
    }
    match outcome.layers.first() {
        Some(layer) => grading.show(pictures::first_layer(layer)),
        None => Ok(()),
    }
}

/// What one training gave.
struct Outcome {
    layers: Vec<Layer<f64>>,
    curve: Option<Array2<f64>>,
    guesses: Vec<usize>,
}

/// Trains in a fresh process, and lets our own network run on the hidden images.
fn train(grading: &mut Grading, lesson: &Lesson) -> Result<Outcome, Trouble> {
    grading.subject.restart()?;
    let reply = grading.subject.ask(exchange::train(lesson))?;
    let layers = exchange::layers(&reply, "train", "", &lesson.start, &["curve"])?;
    let images = lesson.test.images.mapv(f64::from);
    let logits = forward(&layers, &images, Activation::Relu).logits;
    Ok(Outcome { guesses: classify(&logits), curve: curve(&reply), layers })
}

/// The subject's own learning curve, if it is one: (E, 2), finite, at most 2,000 epochs.
fn curve(reply: &Message) -> Option<Array2<f64>> {
    let epochs = reply.tensor("curve").and_then(|tensor| match tensor.shape() {
        [epochs @ 1..=2000, 2] => Some(*epochs),
        _ => None,
    })?;
    reply.matrix("curve", (epochs, 2)).ok()
}

fn accuracy(guesses: &[usize], lesson: &Lesson) -> f64 {
    let right = guesses.iter().zip(&lesson.test.labels);
    right.filter(|(guess, truth)| i64::try_from(**guess) == Ok(**truth)).count() as f64
        / TEST as f64
}

fn sentence(accuracy: f64, threshold: f64) -> String {
    format!(
        "with the returned weights {:.1} % of {TEST} hidden test images are classified rightly; \
         at least {:.0} % are required",
        100.0 * accuracy,
        100.0 * threshold
    )
}

/// Second and third fresh data: the median of three decides, and the message says all three.
fn reserves(grading: &mut Grading, first: f64) -> Result<Measured, Fault> {
    let mut values = vec![first];
    for reserve in 1..=2 {
        grading.progress("learn", reserve, 3)?;
        let lesson = lesson(&mut grading.stream(LESSONS + reserve as u64));
        match train(grading, &lesson) {
            Ok(outcome) => values.push(accuracy(&outcome.guesses, &lesson)),
            Err(trouble) => return blame(trouble),
        }
    }
    let shown: Vec<String> = values.iter().map(|value| format!("{:.1} %", 100.0 * value)).collect();
    let middle = median(&values).unwrap_or(first);
    Ok(Measured::new(
        middle,
        format!(
            "{}. This is the median of three fresh data sets ({}), drawn because only this check failed \
             on the first",
            sentence(middle, grading.threshold("learn")?),
            shown.join(", ")
        ),
    ))
}

/// Trains once more with the same arguments in a fresh process, and counts the weights that differ.
fn repeat(grading: &mut Grading, lesson: &Lesson, first: &[Layer<f64>]) -> Result<Measured, Fault> {
    let again = match train(grading, lesson) {
        Ok(outcome) => outcome.layers,
        Err(trouble) => return blame(trouble),
    };
    let all = |layers: &[Layer<f64>]| -> Vec<u64> {
        layers.iter().flat_map(|l| l.w.iter().chain(&l.b)).map(|value| value.to_bits()).collect()
    };
    let (first, again) = (all(first), all(&again));
    let total = first.len();
    let differing = first.iter().zip(&again).filter(|(a, b)| a != b).count();
    let message = if differing == 0 {
        format!(
            "two fresh processes trained with the same arguments returned the same {total} numbers to the bit"
        )
    } else {
        format!(
            "two fresh processes were asked to `train` with the same arguments, and {differing} of {total} \
             numbers differ. Draw every random choice from a generator made from the argument `seed`, never \
             from the clock or the system"
        )
    };
    Ok(Measured::new(differing as f64, message))
}
