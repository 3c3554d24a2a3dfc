//! The checks of single functions: `spikes`, `logits`, `surrogate`, `bptt`.

use ndarray::{Array1, Array3};
use testat_kit::check::{scaled_err, worst};
use testat_kit::link::Message;
use testat_kit::run::Grading;
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Wrong};
use testat_kit::words::{entry, layers_entry, number};
use testat_kit::{exchange, figure};

use crate::draws::{self, Case, Probe};
use crate::reference::Net;
use crate::{diagnosis, pictures, requests, words};

/// Stream of the arguments of `simulate` and `bptt`.
const CASES: u64 = 1;
/// Stream of the arguments of `surrogate`.
const PROBES: u64 = 2;

/// Decides them all, and shows the errors and the surrogate.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let cases = draws::cases(&mut grading.stream(CASES));
    let probes = draws::probes(&mut grading.stream(PROBES));
    let mut bars = Vec::new();

    let count = "most spikes that differ in one call";
    let mut spikes = Tally::new("simulate", "", grading.threshold("spikes")?).measuring(count);
    let mut logits = Tally::new("simulate", "", grading.threshold("logits")?);
    simulate(grading, &cases, &mut spikes, &mut logits)?;
    // A count of spikes has no place among scaled differences: no bar.
    spikes.settle(grading, "spikes", &mut Vec::new())?;
    logits.settle(grading, "logits", &mut bars)?;

    let mut tally = Tally::new("surrogate", "", grading.threshold("surrogate")?);
    let curve = surrogate(grading, &probes, &mut tally)?;
    tally.settle(grading, "surrogate", &mut bars)?;

    let mut tally = Tally::new("bptt", "", grading.threshold("bptt")?);
    bptt(grading, &cases, &mut tally)?;
    tally.settle(grading, "bptt", &mut bars)?;

    grading.show(figure::errors_figure(&bars, grading.threshold("bptt")?))?;
    match (curve, probes.first()) {
        (Some(curve), Some(probe)) => grading.show(pictures::surrogate(probe, &curve)),
        _ => Ok(()),
    }
}

fn simulate(
    grading: &mut Grading,
    cases: &[Case],
    spikes: &mut Tally,
    logits: &mut Tally,
) -> Result<(), Fault> {
    for (done, case) in cases.iter().enumerate() {
        let at = if spikes.stopped() { "logits" } else { "spikes" };
        grading.progress(at, done, cases.len())?;
        let reply = grading.subject.ask(requests::simulate(case)).and_then(|reply| {
            let both = ["logits".to_owned(), "spikes".to_owned()];
            reply.expect_only(&both, &[]).map_err(unfit("simulate")).map(|()| reply)
        });
        match reply {
            Ok(reply) => {
                spikes_of(&reply, case, spikes)?;
                logits_of(&reply, case, logits)?;
            }
            Err(trouble) => spikes.stop_both(logits, trouble, &words::of_case(case), None)?,
        }
        if spikes.stopped() && logits.stopped() {
            break;
        }
    }
    Ok(())
}

fn spikes_of(reply: &Message, case: &Case, tally: &mut Tally) -> Result<(), Fault> {
    if tally.stopped() {
        return Ok(());
    }
    let read = reply.spikes("spikes", case.spikes.shape()).map_err(unfit("simulate"));
    let shaped = read.and_then(|spikes| {
        let wrong = |e: ndarray::ShapeError| Fault::Mistake(e.to_string());
        spikes.into_dimensionality().map_err(wrong).map_err(Trouble::from)
    });
    match shaped {
        Ok(got) => {
            let differing = got.iter().zip(&case.spikes).filter(|(a, b)| a != b).count();
            tally.note("spikes", differing as f64);
            tally.hold(case.turn, || Wrong {
                arguments: words::of_case(case),
                place: first_spike(&got, &case.spikes),
                hint: diagnosis::of_spikes(&got, case),
            });
            Ok(())
        }
        Err(trouble) => tally.stop(trouble, &words::of_case(case), None),
    }
}

/// The first spike that differs, earliest step first: later ones may follow from it.
fn first_spike(got: &Array3<u8>, expected: &Array3<u8>) -> Option<String> {
    let differing = got.indexed_iter().zip(expected).filter(|((_, got), expected)| got != expected);
    let ((index, got), expected) = differing.min_by_key(|(((_, step, _), _), _)| *step)?;
    let (sample, step, neuron) = index;
    Some(format!("earliest, spikes[{sample}, {step}, {neuron}] is {got}, expected {expected}"))
}

fn logits_of(reply: &Message, case: &Case, tally: &mut Tally) -> Result<(), Fault> {
    if tally.stopped() {
        return Ok(());
    }
    match reply.matrix("logits", case.logits.dim()).map_err(unfit("simulate")) {
        Ok(got) => {
            tally.note("logits", scaled_err(&got, &case.logits));
            tally.hold(case.turn, || Wrong {
                arguments: words::of_case(case),
                place: worst(&got, &case.logits).map(|at| entry("logits", &at)),
                hint: diagnosis::of_logits(&got, case),
            });
            Ok(())
        }
        Err(trouble) => tally.stop(trouble, &words::of_case(case), None),
    }
}

/// Also what came for the first, evenly spaced probe.
fn surrogate(
    grading: &mut Grading,
    probes: &[Probe],
    tally: &mut Tally,
) -> Result<Option<Array1<f64>>, Fault> {
    let mut curve = None;
    for (done, probe) in probes.iter().enumerate() {
        grading.progress("surrogate", done, probes.len())?;
        let reply = grading.subject.ask(requests::surrogate(probe)).and_then(|reply| {
            let only = ["slope".to_owned()];
            let read = reply.expect_only(&only, &[]);
            read.and_then(|()| reply.vector("slope", probe.x.len())).map_err(unfit("surrogate"))
        });
        match reply {
            Ok(slope) => {
                tally.note("surrogate", scaled_err(&slope, &probe.slope));
                tally.hold(probe.turn, || Wrong {
                    arguments: words::of_probe(probe),
                    place: slope_entry(&slope, probe),
                    hint: diagnosis::of_slope(&slope, probe),
                });
                curve.get_or_insert(slope);
            }
            Err(trouble) => {
                tally.stop(trouble, &words::of_probe(probe), None)?;
                break;
            }
        }
    }
    Ok(curve)
}

/// Where a slope differs most, with its x.
fn slope_entry(slope: &Array1<f64>, probe: &Probe) -> Option<String> {
    let at = worst(slope, &probe.slope)?;
    let x = at.index.first().and_then(|index| probe.x.get(*index))?;
    let (got, expected) = (number(at.got), number(at.expected));
    Some(format!("at x = {} it is {got}, expected {expected}", number(*x)))
}

fn bptt(grading: &mut Grading, cases: &[Case], tally: &mut Tally) -> Result<(), Fault> {
    for (done, case) in cases.iter().enumerate() {
        grading.progress("bptt", done, cases.len())?;
        let reply = grading.subject.ask(requests::bptt(case)).and_then(|reply| {
            let grads = exchange::layers(&reply, "bptt", "d", &case.net, &["loss"])?;
            Ok((reply.scalar("loss").map_err(unfit("bptt"))?, grads))
        });
        let overflow = diagnosis::overflows(case).then_some(diagnosis::OVERFLOW);
        match reply {
            Ok((loss, grads)) => {
                let error = (loss - case.loss).abs() / case.loss.abs().max(1e-8);
                tally.note("loss", error);
                tally.note_layers("d", &grads, &case.grads);
                let wrong_loss = error > grading.threshold("bptt")?;
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_case(case),
                    place: if wrong_loss {
                        Some(loss_entry(loss, case))
                    } else {
                        layers_entry("d", &grads, &case.grads)
                    },
                    hint: if wrong_loss {
                        diagnosis::of_loss(loss, case)
                    } else {
                        as_net(&grads).and_then(|grads| diagnosis::of_grads(grads, case))
                    },
                });
            }
            Err(trouble) => return tally.stop(trouble, &words::of_case(case), overflow),
        }
    }
    Ok(())
}

fn loss_entry(loss: f64, case: &Case) -> String {
    format!("the loss is {}, expected {}", number(loss), number(case.loss))
}

/// Two layers as a network.
fn as_net(layers: &[testat_kit::layer::Layer]) -> Option<&Net> {
    layers.try_into().ok()
}
