//! The checks of training: `repeatable`, `learn`, `gain`, `scale`.

use testat_kit::draw::Seed;
use testat_kit::figure::{confusion_figure, curve_figure};
use testat_kit::glyph::CLASSES;
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, accuracy, classify, flat, forward};
use testat_kit::report::Figure;
use testat_kit::run::{Grading, blame};
use testat_kit::subject::Trouble;
use testat_kit::supervisor::Fault;
use testat_kit::words::{number, percent};
use testat_kit::{exchange, learning};

use crate::draws::{Lesson, TEST, WRONG, lesson};
use crate::reference::{baseline, careless_loss};
use crate::{pictures, requests};

/// Stream of the first learning task; the reserves follow.
const LESSONS: u64 = 10;
/// Stream of the first baseline; those of the reserves follow.
const BASELINES: u64 = 20;

/// The checks decided by what was learnt, in the order of [`Outcome::values`].
const LEARNT: [&str; 3] = ["learn", "gain", "scale"];

/// The first learning task.
pub fn first(seed: Seed) -> Lesson {
    lesson(&mut seed.stream(LESSONS))
}

/// Decides them all, and shows what was learnt.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading, first: &Lesson) -> Result<(), Fault> {
    grading.progress("learn", 0, 1)?;
    let outcome = match train(grading, first, 0) {
        Ok(outcome) => outcome,
        Err(trouble) => {
            let learn = blame(trouble)?;
            grading.decide("learn", learn)?;
            return grading.rest("not measured: training failed (see the check `learn`)");
        }
    };
    grading.progress("repeatable", 0, 1)?;
    let repeatable = match once_more(grading, first) {
        Ok(again) => learning::repeatable("train", &flat(&outcome.layers), &flat(&again)),
        Err(trouble) => blame(trouble)?,
    };
    grading.decide("repeatable", repeatable)?;
    learning::decide(grading, &LEARNT, outcome.values(), sentence, |grading, reserve| {
        let lesson = lesson(&mut grading.stream(LESSONS + reserve));
        Ok(train(grading, &lesson, reserve)?.values())
    })?;
    show(grading, first, outcome)
}

fn show(grading: &mut Grading, lesson: &Lesson, outcome: Outcome) -> Result<(), Fault> {
    let thresholds = (grading.threshold("learn")?, grading.threshold("gain")?);
    grading.show(pictures::beside(outcome.accuracy, outcome.baseline, thresholds))?;
    grading.show(confusion_figure(&lesson.test.labels, &outcome.guesses, CLASSES))?;
    grading.show(pictures::classes(&lesson.test.labels, &outcome.guesses))?;
    grading.show(pictures::weights(&outcome.layers, &outcome.unregularised))?;
    match outcome.curve {
        Some(curve) => grading.show(curve),
        None => Ok(()),
    }
}

/// What one training gave, and ours beside it.
struct Outcome {
    layers: Vec<Layer>,
    curve: Option<Figure>,
    guesses: Vec<usize>,
    accuracy: f64,
    loss: f64,
    /// Our own layers, trained without regularisation.
    unregularised: Vec<Layer>,
    /// Their accuracy.
    baseline: f64,
}

impl Outcome {
    fn values(&self) -> Vec<f64> {
        vec![self.accuracy, self.accuracy - self.baseline, self.loss]
    }
}

/// Trains in a fresh process, ours beside it, and lets our own network run on the hidden images with the
/// weights of both.
fn train(grading: &mut Grading, lesson: &Lesson, reserve: u64) -> Result<Outcome, Trouble> {
    let mut stream = grading.stream(BASELINES + reserve);
    grading.subject.restart()?;
    let (reply, unregularised) = grading.subject.ask_beside(requests::train(lesson), || {
        baseline(&lesson.start, &lesson.train.images, &lesson.train.labels, &mut stream)
    })?;
    let reply = reply?;
    let layers = exchange::layers(&reply, "train", "", &lesson.start, &["curve"])?;
    let (images, truth) = (lesson.test.images.mapv(f64::from), &lesson.test.labels);
    let logits = |layers: &[Layer]| forward(layers, &images, Activation::Relu).logits;
    let (own, theirs) = (logits(&unregularised), logits(&layers));
    let guesses = classify(&theirs);
    Ok(Outcome {
        accuracy: accuracy(&guesses, truth),
        loss: careless_loss(&theirs, truth, WRONG),
        baseline: accuracy(&classify(&own), truth),
        curve: curve_figure(&reply, ["training loss", "validation loss"]),
        guesses,
        layers,
        unregularised,
    })
}

/// The same training in another fresh process.
fn once_more(grading: &mut Grading, lesson: &Lesson) -> Result<Vec<Layer>, Trouble> {
    grading.subject.restart()?;
    let reply = grading.subject.ask(requests::train(lesson))?;
    exchange::layers(&reply, "train", "", &lesson.start, &["curve"])
}

fn sentence(id: &str, value: f64, threshold: f64) -> String {
    match id {
        "learn" => format!(
            "with the returned weights {} of {TEST} hidden test images are classified rightly; at least \
             {:.0} % are required",
            percent(value),
            100.0 * threshold
        ),
        "gain" => format!(
            "our own training of the same network on the same labels, without any regularisation, gets \
             {:.1} percentage points {} of the hidden test images right; at least {:.0} fewer are required",
            100.0 * value.abs(),
            if value < 0.0 { "more" } else { "fewer" },
            100.0 * threshold
        ),
        _ => format!(
            "on fresh labels, half of them wrong like those of training, the returned weights' expected loss \
             is {} nats; at most {} are allowed, and 1.792 is the least possible{}",
            number(value),
            number(threshold),
            if value > threshold {
                ". Weights do worse that still need dropout's factor 1 - q, have it twice, or know wrong \
                 labels by heart"
            } else {
                ""
            }
        ),
    }
}
