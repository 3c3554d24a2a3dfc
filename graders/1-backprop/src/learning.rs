//! The checks of training: `learn` and `repeatable`.

use testat_kit::draw::Seed;
use testat_kit::figure::{confusion_figure, curve_figure};
use testat_kit::glyph::CLASSES;
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, accuracy, classify, flat, forward};
use testat_kit::report::Figure;
use testat_kit::run::{Grading, blame};
use testat_kit::subject::Trouble;
use testat_kit::supervisor::Fault;
use testat_kit::words::percent;
use testat_kit::{exchange, learning};

use crate::draws::{Lesson, TEST, lesson};
use crate::{pictures, requests};

/// Stream of the first learning task; the reserves follow.
const LESSONS: u64 = 10;

/// The first learning task.
pub fn first(seed: Seed) -> Lesson {
    lesson(&mut seed.stream(LESSONS))
}

/// Decides both on the first task, and shows what was learnt.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading, first: &Lesson) -> Result<(), Fault> {
    grading.progress("learn", 0, 1)?;
    let outcome = match train(grading, first) {
        Ok(outcome) => outcome,
        Err(trouble) => {
            let learn = blame(trouble)?;
            grading.decide("learn", learn)?;
            return grading.rest("not measured: training failed (see the check `learn`)");
        }
    };
    grading.progress("repeatable", 0, 1)?;
    let repeatable = match train(grading, first) {
        Ok(again) => learning::repeatable("train", &flat(&outcome.layers), &flat(&again.layers)),
        Err(trouble) => blame(trouble)?,
    };
    grading.decide("repeatable", repeatable)?;
    let values = vec![accuracy(&outcome.guesses, &first.test.labels)];
    learning::decide(grading, &["learn"], values, sentence, |grading, reserve| {
        let lesson = lesson(&mut grading.stream(LESSONS + reserve));
        let outcome = train(grading, &lesson)?;
        Ok(vec![accuracy(&outcome.guesses, &lesson.test.labels)])
    })?;
    show(grading, first, outcome)
}

fn show(grading: &mut Grading, lesson: &Lesson, outcome: Outcome) -> Result<(), Fault> {
    grading.show(confusion_figure(&lesson.test.labels, &outcome.guesses, CLASSES))?;
    if let Some(curve) = outcome.curve {
        grading.show(curve)?;
    }
    match outcome.layers.first() {
        Some(layer) => grading.show(pictures::first_layer(layer)),
        None => Ok(()),
    }
}

/// What one training gave.
struct Outcome {
    layers: Vec<Layer>,
    curve: Option<Figure>,
    guesses: Vec<usize>,
}

/// Trains in a fresh process, and lets our own network run on the hidden images.
fn train(grading: &mut Grading, lesson: &Lesson) -> Result<Outcome, Trouble> {
    grading.subject.restart()?;
    let reply = grading.subject.ask(requests::train(lesson))?;
    let layers = exchange::layers(&reply, "train", "", &lesson.start, &["curve"])?;
    let images = lesson.test.images.mapv(f64::from);
    let logits = forward(&layers, &images, Activation::Relu).logits;
    let curve = curve_figure(&reply, ["training loss", "training accuracy"]);
    Ok(Outcome { guesses: classify(&logits), curve, layers })
}

fn sentence(_: &str, accuracy: f64, threshold: f64) -> String {
    format!(
        "with the returned weights {} of {TEST} hidden test images are classified rightly; at least \
         {:.0} % are required",
        percent(accuracy),
        100.0 * threshold
    )
}
