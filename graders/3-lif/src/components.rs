//! The checks of single functions: `voltage` and `spikes` of `simulate`, `fi` of `fi_curve`.

use ndarray::{Array1, Array2, Ix2};
use testat_kit::link::{LinkError, Message};
use testat_kit::run::Grading;
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Wrong};

use crate::draws::{self, Case, RECORDED, Sweep};
use crate::reference::Neuron;
use crate::{diagnosis, pictures, requests, words};

/// Stream of the arguments of `simulate`.
const CASES: u64 = 1;
/// Stream of the arguments of `fi_curve`.
const SWEEPS: u64 = 2;

/// Decides them all, and shows what was simulated.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let cases = draws::cases(&mut grading.stream(CASES));
    let mut voltage = Tally::new("simulate", "", grading.threshold("voltage")?)
        .measuring("largest difference in mV");
    let mut spikes = Tally::new("simulate", "", grading.threshold("spikes")?)
        .measuring("most entries of S that differ in one call:");
    let seen = simulate(grading, &cases, &mut voltage, &mut spikes)?;
    voltage.settle(grading, "voltage", &mut Vec::new())?;
    spikes.settle(grading, "spikes", &mut Vec::new())?;
    for figure in seen.iter().flat_map(|seen| pictures::of_run(seen.case, &seen.v, &seen.s)) {
        grading.show(figure)?;
    }
    fi(grading)
}

/// What came for the case that is shown: the first that went wrong, else one of six neurons.
struct Seen<'a> {
    case: &'a Case,
    v: Array2<f64>,
    s: Array2<u8>,
    wrong: bool,
}

impl<'a> Seen<'a> {
    /// This case, if it is worth more than the one seen so far.
    fn better(case: &'a Case, v: Array2<f64>, s: Array2<u8>, sofar: Option<&Self>) -> Option<Self> {
        let wrong = s != case.run.s || farthest(&v, &case.run.v) > NOTICEABLE;
        let worth = (wrong && case.current.ncols() > 1) || case.current.nrows() == RECORDED;
        let new = sofar.is_none_or(|sofar| wrong && !sofar.wrong);
        (worth && new).then_some(Self { case, v, s, wrong })
    }
}

/// Difference in mV for which a case is shown as one that went wrong.
const NOTICEABLE: f64 = 1e-6;

/// The largest difference of two arrays of one shape.
fn farthest(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.iter().zip(b).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()))
}

fn simulate<'a>(
    grading: &mut Grading,
    cases: &'a [Case],
    voltage: &mut Tally,
    spikes: &mut Tally,
) -> Result<Option<Seen<'a>>, Fault> {
    let mut seen = None;
    for (done, case) in cases.iter().enumerate() {
        let at = if voltage.stopped() { "spikes" } else { "voltage" };
        grading.progress(at, done, cases.len())?;
        match grading.subject.ask(requests::simulate(case)) {
            Ok(reply) => {
                let v = voltage_of(&reply, case, voltage)?;
                let s = spikes_of(&reply, case, spikes)?;
                if let (Some(v), Some(s)) = (v, s) {
                    seen = Seen::better(case, v, s, seen.as_ref()).or(seen);
                }
            }
            Err(trouble) => voltage.stop_both(spikes, trouble, &words::of_case(case), None)?,
        }
        if voltage.stopped() && spikes.stopped() {
            break;
        }
    }
    Ok(seen)
}

fn voltage_of(
    reply: &Message,
    case: &Case,
    tally: &mut Tally,
) -> Result<Option<Array2<f64>>, Fault> {
    if tally.stopped() {
        return Ok(None);
    }
    match reply.matrix("V", case.run.v.dim()).map_err(unfit("simulate")) {
        Ok(v) => {
            tally.note("V", farthest(&v, &case.run.v));
            tally.hold(case.turn, || Wrong {
                arguments: words::of_case(case),
                place: words::first_potential(&v, case),
                hint: diagnosis::of_potential(&v, case),
            });
            Ok(Some(v))
        }
        Err(trouble) => {
            let hint = "Is there a division by 0, or a logarithm of a number below 0?";
            tally.stop(trouble, &words::of_case(case), Some(hint))?;
            Ok(None)
        }
    }
}

fn spikes_of(reply: &Message, case: &Case, tally: &mut Tally) -> Result<Option<Array2<u8>>, Fault> {
    if tally.stopped() {
        return Ok(None);
    }
    match spikes(reply, case).map_err(unfit("simulate")) {
        Ok(s) => {
            let differing = s.iter().zip(&case.run.s).filter(|(a, b)| a != b).count();
            tally.note("S", differing as f64);
            tally.hold(case.turn, || Wrong {
                arguments: words::of_case(case),
                place: words::first_spike(&s, case),
                hint: diagnosis::of_spikes(&s, case),
            });
            Ok(Some(s))
        }
        Err(trouble) => {
            tally.stop(trouble, &words::of_case(case), None)?;
            Ok(None)
        }
    }
}

fn spikes(reply: &Message, case: &Case) -> Result<Array2<u8>, LinkError> {
    let (neurons, steps) = case.run.s.dim();
    let array = reply.spikes("S", &[neurons, steps])?;
    array.into_dimensionality::<Ix2>().map_err(|e| LinkError::Malformed(e.to_string()))
}

fn fi(grading: &mut Grading) -> Result<(), Fault> {
    let sweeps = draws::sweeps(&mut grading.stream(SWEEPS));
    let mut tally = Tally::new("fi_curve", "", grading.threshold("fi")?)
        .measuring("largest difference in tolerances");
    let mut shown = None;
    for (done, sweep) in sweeps.iter().enumerate() {
        grading.progress("fi", done, sweeps.len())?;
        match ask(grading, sweep) {
            Ok(rate) => {
                let errors = errors(&rate, sweep);
                tally.note("rate", errors.fold(0.0, |most: f64, error| most.max(*error)));
                tally.hold(sweep.turn, || Wrong {
                    arguments: words::of_sweep(sweep),
                    place: words::worst_rate(&rate, sweep, &errors),
                    hint: diagnosis::of_rates(&rate, sweep),
                });
                shown.get_or_insert((sweep, rate));
            }
            Err(trouble) => {
                let hint = "Below the rheobase the logarithm has no value: the rate is 0 there.";
                tally.stop(trouble, &words::of_sweep(sweep), Some(hint))?;
                break;
            }
        }
    }
    tally.settle(grading, "fi", &mut Vec::new())?;
    match shown {
        Some((sweep, rate)) => grading.show(pictures::fi_curve(sweep, &rate)),
        None => Ok(()),
    }
}

fn ask(grading: &mut Grading, sweep: &Sweep) -> Result<Array1<f64>, Trouble> {
    let reply = grading.subject.ask(requests::fi_curve(sweep))?;
    let only = reply.expect_only(&["rate".to_owned()], &[]);
    only.and_then(|()| reply.vector("rate", sweep.rate.len())).map_err(unfit("fi_curve"))
}

/// Share of an interval by which it may differ, and the time in ms on top: an interval that is simulated in
/// steps of 0.1 ms or less is too long by less than one step.
const INTERVAL: (f64, f64) = (0.01, 0.1);
/// Rate in Hz that a neuron below its rheobase may have.
const SILENT: f64 = 0.5;

/// How far each rate lies from the expected one, in tolerances: intervals where the neuron fires, the rate
/// itself where it does not.
pub fn errors(rate: &Array1<f64>, sweep: &Sweep) -> Array1<f64> {
    let error = |(got, expected): (&f64, &f64)| {
        if *expected > 0.0 {
            let interval = 1000.0 / expected;
            (1000.0 / got.max(1e-3) - interval).abs() / tolerance(interval)
        } else {
            got.abs() / SILENT
        }
    };
    rate.iter().zip(&sweep.rate).map(error).collect()
}

fn tolerance(interval: f64) -> f64 {
    INTERVAL.0 * interval + INTERVAL.1
}

/// The rates in Hz between which a rate passes at this current in nA.
pub fn band(current: f64, neuron: &Neuron) -> (f64, f64) {
    let rate = crate::reference::rate(current, neuron);
    if rate > 0.0 {
        let interval = 1000.0 / rate;
        let around = tolerance(interval);
        (1000.0 / (interval + around), 1000.0 / (interval - around))
    } else {
        (0.0, SILENT)
    }
}
