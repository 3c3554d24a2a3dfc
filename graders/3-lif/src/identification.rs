//! The checks of the unknown neuron: `identify` and `repeatable`.

use testat_kit::check::Measured;
use testat_kit::draw::Seed;
use testat_kit::learning;
use testat_kit::run::{Grading, blame};
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Wrong};
use testat_kit::words::number;

use crate::draws::{self, Recording};
use crate::{diagnosis, pictures, requests, words};

/// Stream of the recordings.
const RECORDINGS: u64 = 10;

/// The parameters in the order of `p`, each with its unit.
pub const NAMES: [(&str, &str); 6] = [
    ("v_rest", "mV"),
    ("v_reset", "mV"),
    ("theta", "mV"),
    ("R", "MOhm"),
    ("tau", "ms"),
    ("t_ref", "ms"),
];

/// How far in mV `v_rest` and `v_reset` may lie from the truth. The data have no noise: a regression finds
/// the first to about 1e-9 mV, and the second stands in them.
const POTENTIAL: f64 = 0.01;
/// How far in mV `theta` may lie outside the bracket that the data allow.
const THRESHOLD: f64 = 0.01;
/// Largest relative error of `R` and `tau`.
const RELATIVE: f64 = 1e-3;
/// How far in steps `t_ref` may lie from the whole number of steps for which the potential was held.
const STEPS: f64 = 0.5;

/// The neurons to identify, as recorded.
pub fn recordings(seed: Seed) -> Vec<Recording> {
    draws::recordings(&mut seed.stream(RECORDINGS))
}

/// Decides both, and shows what was found.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading, recordings: &[Recording]) -> Result<(), Fault> {
    let mut tally = Tally::new("identify", "", grading.threshold("identify")?)
        .measuring("largest error in tolerances");
    let mut found: Vec<Found<'_>> = Vec::new();
    for (done, recording) in recordings.iter().enumerate() {
        grading.progress("identify", done, recordings.len())?;
        match ask(grading, recording) {
            Ok(p) => {
                let earlier = found.first().map(|found| found.p);
                note(&mut tally, &p, recording, earlier);
                found.push(Found { recording, p });
            }
            Err(trouble) => {
                tally.stop(trouble, &words::of_recording(recording), None)?;
                break;
            }
        }
    }
    let complete = !tally.stopped();
    let mut bars = Vec::new();
    tally.settle(grading, "identify", &mut bars)?;
    let Some(first) = found.first().filter(|_| complete) else {
        return grading.rest("not measured: `identify` failed (see the check `identify`)");
    };
    grading.progress("repeatable", 0, 1)?;
    let repeatable = repeat(grading, first)?;
    grading.decide("repeatable", repeatable)?;
    grading.show(pictures::errors(&bars))?;
    grading.show(pictures::parameters(&found))
}

/// What `identify` found in a recording.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// The parameters returned.
    pub p: [f64; 6],
}

fn ask(grading: &mut Grading, recording: &Recording) -> Result<[f64; 6], Trouble> {
    let reply = grading.subject.ask(requests::identify(recording))?;
    let only = reply.expect_only(&["p".to_owned()], &[]);
    let p = only.and_then(|()| reply.vector("p", NAMES.len())).map_err(unfit("identify"))?;
    let mut values = [0.0; 6];
    values.iter_mut().zip(&p).for_each(|(to, from)| *to = *from);
    Ok(values)
}

fn note(tally: &mut Tally, p: &[f64; 6], recording: &Recording, earlier: Option<[f64; 6]>) {
    let errors = errors(p, recording);
    for ((name, _), error) in NAMES.iter().zip(errors) {
        tally.note(name, error);
    }
    tally.hold(recording.turn, || Wrong {
        arguments: words::of_recording(recording),
        place: place(p, recording),
        hint: diagnosis::of_neuron(p, recording, earlier),
    });
}

/// The error of each parameter in tolerances, in the order of `p`.
///
/// The truth cannot be had closer than the recording tells: `theta` lies between the largest potential
/// without a spike and the smallest with one, and of `t_ref` only the rounded number of steps is seen.
pub fn errors(p: &[f64; 6], recording: &Recording) -> [f64; 6] {
    let (neuron, run, dt) = (&recording.neuron, &recording.run, recording.dt);
    let [v_rest, v_reset, theta, r, tau, t_ref] = *p;
    let outside = (run.silent - theta).max(theta - run.firing).max(0.0);
    [
        (v_rest - neuron.v_rest).abs() / POTENTIAL,
        (v_reset - neuron.v_reset).abs() / POTENTIAL,
        outside / THRESHOLD,
        (r / neuron.r - 1.0).abs() / RELATIVE,
        (tau / neuron.tau - 1.0).abs() / RELATIVE,
        (t_ref / dt - neuron.hold(dt) as f64).abs() / STEPS,
    ]
}

/// The parameters beyond their tolerance, and by how much.
fn place(p: &[f64; 6], recording: &Recording) -> Option<String> {
    let truth = recording.neuron.vector();
    let all = NAMES.iter().zip(p).zip(&truth).zip(errors(p, recording));
    let wrong: Vec<String> = all
        .filter(|(_, error)| *error > 1.0)
        .map(|((((name, unit), p), truth), error)| {
            let off = number((p - truth).abs());
            let way = if p < truth { "too small" } else { "too large" };
            format!("{name} is {off} {unit} {way}, {} times its tolerance", number(error))
        })
        .collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// Asks once more for the first recording in a fresh process.
fn repeat(grading: &mut Grading, first: &Found<'_>) -> Result<Measured, Fault> {
    let again = grading.subject.restart().and_then(|()| ask(grading, first.recording));
    let again = match again {
        Ok(again) => again,
        Err(trouble) => return blame(trouble),
    };
    let measured = learning::repeatable("identify", &first.p, &again);
    Ok(match measured.value {
        Some(differing) if differing > 0.0 => Measured::new(
            differing,
            format!(
                "two fresh processes called `identify` with the same recording, and {differing} of {} \
                 numbers differ. Nothing here needs chance; a generator, if you use one, must start from \
                 a fixed number, never from the clock or the system",
                NAMES.len()
            ),
        ),
        _ => measured,
    })
}
