//! The checks of training: `repeatable`, `active`, `sparse` and `learn`.

use testat_kit::figure::{confusion_figure, curve_figure};
use testat_kit::glyph::CLASSES;
use testat_kit::network::{accuracy, classify, flat};
use testat_kit::report::Figure;
use testat_kit::run::{Grading, blame};
use testat_kit::subject::Trouble;
use testat_kit::supervisor::Fault;
use testat_kit::words::percent;
use testat_kit::{exchange, learning};

use crate::draws::{Lesson, TEST, lesson};
use crate::reference::{Net, Run, rate, simulate};
use crate::{pictures, requests};

/// Stream of the first learning task; the reserves follow.
const LESSONS: u64 = 10;
/// What is measured on each data set, in this order.
const LEARNT: [&str; 3] = ["active", "sparse", "learn"];

/// Decides them all, and shows what was learnt.
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
            return grading.rest("not measured: training failed (see the check `learn`)");
        }
    };
    grading.progress("repeatable", 0, 1)?;
    let repeatable = match train(grading, &first) {
        Ok(again) => learning::repeatable("train", &flat(&outcome.net), &flat(&again.net)),
        Err(trouble) => blame(trouble)?,
    };
    grading.decide("repeatable", repeatable)?;
    let values = measure(&outcome, &first);
    learning::decide(grading, &LEARNT, values, sentence, |grading, reserve| {
        let lesson = lesson(&mut grading.stream(LESSONS + reserve));
        let outcome = train(grading, &lesson)?;
        Ok(measure(&outcome, &lesson))
    })?;
    show(grading, &first, outcome)
}

fn show(grading: &mut Grading, lesson: &Lesson, outcome: Outcome) -> Result<(), Fault> {
    let truth = &lesson.test.labels;
    grading.show(pictures::over_time(&outcome.run, truth))?;
    grading.show(confusion_figure(truth, &outcome.guesses, CLASSES))?;
    grading.show(pictures::raster(&outcome.run))?;
    grading.show(pictures::potentials(&outcome.run))?;
    grading.show(pictures::rates(&outcome.run))?;
    outcome.curve.map_or(Ok(()), |curve| grading.show(curve))
}

/// What one training gave.
struct Outcome {
    net: Net,
    curve: Option<Figure>,
    run: Run,
    guesses: Vec<usize>,
}

/// Trains in a fresh process, and lets our own simulation run on the hidden images.
fn train(grading: &mut Grading, lesson: &Lesson) -> Result<Outcome, Trouble> {
    grading.subject.restart()?;
    let reply = grading.subject.ask(requests::train(lesson))?;
    let layers = exchange::layers(&reply, "train", "", &lesson.start, &["curve"])?;
    let net = Net::try_from(layers)
        .map_err(|layers| Fault::Mistake(format!("{} layers instead of two", layers.len())))?;
    let run = simulate(&net, &lesson.spikes);
    let curve = curve_figure(&reply, ["training loss", "training accuracy"]);
    Ok(Outcome { guesses: classify(&run.logits), curve, run, net })
}

/// The values of [`LEARNT`].
fn measure(outcome: &Outcome, lesson: &Lesson) -> Vec<f64> {
    let rate = rate(&outcome.run.spikes);
    vec![rate, rate, accuracy(&outcome.guesses, &lesson.test.labels)]
}

fn sentence(id: &str, value: f64, threshold: f64) -> String {
    match id {
        "active" => format!(
            "over {TEST} hidden test images a hidden neuron spikes in {value:.4} of the steps; at least \
             {threshold} are required"
        ),
        "sparse" => format!(
            "over {TEST} hidden test images a hidden neuron spikes in {value:.4} of the steps; at most \
             {threshold} are allowed"
        ),
        _ => format!(
            "with the returned weights {} of {TEST} hidden test images are classified rightly; at least \
             {:.0} % are required",
            percent(value),
            100.0 * threshold
        ),
    }
}
