//! Mistakes we know: when what came is exactly what a common mistake gives, the message says so.

use ndarray::{Array1, Array2, s};

use crate::draws::{Case, Recording, Sweep};
use crate::identification::errors;
use crate::reference::{Neuron, rate};

/// How near in mV to a known mistake counts as that mistake.
const SAME: f64 = 1e-6;
/// How far in mV off a result of single precision may lie, when the formula is right.
const COARSE: f64 = 1e-3;

const ROUNDING: &str = "The formula seems nearly right and the numbers too coarse: compute and return V in float64, with the exact step.";

/// A simulation that goes wrong in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slip {
    /// V' = V + dt/tau (v_inf - V).
    Euler,
    /// Euler's step and its correction.
    Heun,
    NoLeak,
    NoReset,
    ResetToRest,
    HeldAtRest,
    ForgetsRest,
    FromZero,
    FromReset,
    AtLeastOneHeld,
    Longer,
    Shorter,
    NoHold,
    Integrates,
    Brian,
    Strict,
    BeforeStep,
}

/// Each slip and what is said to it.
const SLIPS: [(Slip, &str); 17] = [
    (
        Slip::Euler,
        "This is what Euler's step gives: between two samples of the current the exponential is exact.",
    ),
    (
        Slip::Heun,
        "This is what Heun's step gives: between two samples of the current the exponential is exact.",
    ),
    (Slip::NoLeak, "This is what comes without the leak."),
    (Slip::NoReset, "V in the step of a spike is the value after the reset."),
    (Slip::ResetToRest, "After a spike the potential goes to v_rest: it should go to v_reset."),
    (Slip::HeldAtRest, "After a spike the potential goes to v_rest: it should go to v_reset."),
    (Slip::ForgetsRest, "v_inf seems to lack v_rest: it is v_rest + R I."),
    (Slip::FromZero, "The potential seems to start at 0: it starts at v_rest."),
    (Slip::FromReset, "The potential seems to start at v_reset: it starts at v_rest."),
    (Slip::AtLeastOneHeld, "Where t_ref is rounded to no step, nothing is held."),
    (
        Slip::Longer,
        "The refractory period is one step too long: V is held for floor(t_ref/dt + 0.5) steps after that of the spike.",
    ),
    (
        Slip::Shorter,
        "The refractory period is one step too short: V is held for floor(t_ref/dt + 0.5) steps after that of the spike.",
    ),
    (
        Slip::NoHold,
        "The refractory period is not used: V is held for floor(t_ref/dt + 0.5) steps after that of the spike.",
    ),
    (
        Slip::Integrates,
        "During the refractory period V is held at v_reset, and does not integrate.",
    ),
    (
        Slip::Brian,
        "This is the refractory period of brian2 for t_ref: it needs (n_ref + 1) dt for what is asked here.",
    ),
    (Slip::Strict, "A potential that meets the threshold exactly fires: V' >= theta."),
    (
        Slip::BeforeStep,
        "V seems to be one step late: V[:, k] is the potential after the step with I[:, k], so V[:, 0] is not v_rest.",
    ),
];

/// What the potential of `simulate` seems to be instead.
pub fn of_potential(got: &Array2<f64>, case: &Case) -> Option<&'static str> {
    let same = |(slip, _): &&(Slip, &str)| differ(got, &slipping(case, *slip).0) <= SAME;
    let known = SLIPS.iter().find(same).map(|(_, words)| *words);
    known.or_else(|| (differ(got, &case.run.v) <= COARSE).then_some(ROUNDING))
}

/// What the spikes of `simulate` seem to be instead.
pub fn of_spikes(got: &Array2<u8>, case: &Case) -> Option<&'static str> {
    let right = &case.run.s;
    let steps = right.ncols();
    let later = |a: &Array2<u8>, b: &Array2<u8>| {
        steps > 1 && a.slice(s![.., 1..]) == b.slice(s![.., ..steps - 1])
    };
    if later(got, right) {
        Some("The spikes come one step late: S[:, k] belongs to the step with I[:, k].")
    } else if later(right, got) {
        Some("The spikes come one step early: S[:, k] belongs to the step with I[:, k].")
    } else if got.iter().zip(right).all(|(got, right)| got + right == 1) {
        Some("0 and 1 are the wrong way round.")
    } else if slipping(case, Slip::Strict).1 == got {
        Some("A potential that meets the threshold exactly fires: V' >= theta.")
    } else if got.iter().all(|s| *s == 0) {
        Some("There are no spikes at all.")
    } else if got.iter().zip(&case.run.v).all(|(s, v)| (*s == 1) == (*v == case.neuron.v_reset)) {
        Some("S is 1 during the refractory period too: a spike is one step.")
    } else {
        let same = |(slip, _): &&(Slip, &str)| slipping(case, *slip).1 == got;
        SLIPS.iter().find(same).map(|(_, words)| *words)
    }
}

fn differ(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.iter().zip(b).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()))
}

/// The case's potential and spikes with one slip.
fn slipping(case: &Case, slip: Slip) -> (Array2<f64>, Array2<u8>) {
    let neuron = &case.neuron;
    let hold = hold(case, slip);
    let (mut v, mut s) = (Array2::zeros(case.current.dim()), Array2::zeros(case.current.dim()));
    let rows = case.current.rows().into_iter().zip(v.rows_mut()).zip(s.rows_mut());
    for ((current, mut v), mut s) in rows {
        let (mut potential, mut left) = (start(neuron, slip), 0usize);
        for ((current, v), s) in current.iter().zip(&mut v).zip(&mut s) {
            let before = potential;
            let stepped = step(potential, *current, case, slip);
            let rest = matches!(slip, Slip::ResetToRest | Slip::HeldAtRest);
            let reset = if rest { neuron.v_rest } else { neuron.v_reset };
            let held = if slip == Slip::HeldAtRest { reset } else { neuron.v_reset };
            potential = if left > 0 && slip != Slip::Integrates { held } else { stepped };
            let fires = left == 0
                && if slip == Slip::Strict {
                    stepped > neuron.theta
                } else {
                    stepped >= neuron.theta
                };
            left = left.saturating_sub(1);
            if fires {
                *s = 1;
                left = hold;
                potential = if slip == Slip::NoReset { stepped } else { reset };
            }
            *v = if slip == Slip::BeforeStep { before } else { potential };
        }
    }
    (v, s)
}

fn hold(case: &Case, slip: Slip) -> usize {
    let hold = case.neuron.hold(case.dt);
    match slip {
        Slip::Longer => hold + 1,
        Slip::Shorter => hold.saturating_sub(1),
        Slip::NoHold => 0,
        Slip::AtLeastOneHeld => hold.max(1),
        Slip::Brian => ((case.neuron.t_ref / case.dt) as usize).saturating_sub(1),
        _ => hold,
    }
}

fn start(neuron: &Neuron, slip: Slip) -> f64 {
    match slip {
        Slip::FromZero => 0.0,
        Slip::FromReset => neuron.v_reset,
        _ => neuron.v_rest,
    }
}

fn step(potential: f64, current: f64, case: &Case, slip: Slip) -> f64 {
    let (neuron, share) = (&case.neuron, case.dt / case.neuron.tau);
    let aim = neuron.aim(current);
    match slip {
        Slip::Euler => potential + share * (aim - potential),
        Slip::Heun => potential + share * (1.0 - share / 2.0) * (aim - potential),
        Slip::NoLeak => potential + share * neuron.r * current,
        Slip::ForgetsRest => {
            let aim = neuron.r * current;
            aim + (potential - aim) * neuron.decay(case.dt)
        }
        _ => aim + (potential - aim) * neuron.decay(case.dt),
    }
}

/// What the rates of `fi_curve` seem to be instead.
pub fn of_rates(got: &Array1<f64>, sweep: &Sweep) -> Option<&'static str> {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 * b.abs() + 1e-9;
    let same = |other: &dyn Fn(f64, f64) -> f64| {
        let all = got.iter().zip(&sweep.rate).zip(&sweep.current);
        all.clone().all(|((got, right), current)| near(*got, other(*right, *current)))
    };
    let with = |change: &dyn Fn(&mut Neuron)| {
        let mut neuron = sweep.neuron;
        change(&mut neuron);
        same(&|_, current| rate(current, &neuron))
    };
    let interval = |rate: f64| if rate > 0.0 { 1000.0 / rate } else { 0.0 };
    let silent = |fires: bool| {
        let pairs = got.iter().zip(&sweep.rate);
        pairs.filter(|(_, right)| (**right > 0.0) == fires).any(|(got, _)| (*got > 0.5) != fires)
    };
    let tens = got.iter().all(|rate| near(*rate, 10.0 * (rate / 10.0).round()));
    if same(&|right, _| right / 1000.0) {
        Some("These are spikes per millisecond: the rate is in Hz, spikes per second.")
    } else if same(&|right, _| interval(right)) {
        Some("These are the intervals in ms: the rate is 1000 divided by that.")
    } else if with(&|neuron| neuron.t_ref = 0.0) {
        Some("This is the rate without the refractory period.")
    } else if with(&|neuron| neuron.v_reset = neuron.v_rest) {
        Some("Every interval begins at v_rest: it begins at v_reset.")
    } else if tens && got.iter().any(|rate| *rate > 0.0) {
        Some(
            "All rates are multiples of 10 Hz, as if spikes were counted for 100 ms: measure the intervals between spikes instead.",
        )
    } else if silent(false) {
        Some(
            "There are spikes below the rheobase: where v_inf does not exceed theta the rate is 0.",
        )
    } else if silent(true) {
        Some(
            "A neuron that fires is taken to be silent: just above the rheobase an interval lasts more than 100 ms.",
        )
    } else {
        None
    }
}

/// What `identify` seems to do instead; `earlier` is what it found in the first recording.
pub fn of_neuron(
    p: &[f64; 6],
    recording: &Recording,
    earlier: Option<[f64; 6]>,
) -> Option<&'static str> {
    let [_, _, theta, _, tau, t_ref] = *p;
    let (neuron, dt) = (&recording.neuron, recording.dt);
    let [v_rest_off, _, theta_off, r_off, tau_off, t_ref_off] =
        errors(p, recording).map(|e| e > 1.0);
    let held = neuron.hold(dt) as f64 * dt;
    let steps = (t_ref - held) / dt;
    // The slope that a regression finds is exp(-dt/tau); taken for 1 - dt/tau it gives this.
    let linear = dt / (1.0 - neuron.decay(dt));
    if earlier == Some(*p) {
        Some("Different neurons get the same answer: the parameters must come from the recording.")
    } else if tau_off && (tau / linear - 1.0).abs() < 1e-6 {
        Some("tau is what Euler's step makes of the slope: exp(-dt/tau) is not 1 - dt/tau.")
    } else if tau_off && t_ref_off && (tau / neuron.tau / (t_ref / held) - 1.0).abs() < 1e-6 {
        Some("tau and t_ref are wrong by the same factor: is the argument `dt` used?")
    } else if v_rest_off && r_off && tau_off {
        Some(
            "Is the regression made of free steps alone, without those of a spike and of the refractory period, and does it take V[k-1] and I[k] to V[k]?",
        )
    } else if theta_off && theta < recording.run.silent {
        Some("theta lies below a potential that was reached without a spike.")
    } else if theta_off {
        Some("theta lies above a potential at which a spike came.")
    } else if t_ref_off && t_ref == 0.0 {
        Some("The refractory period can be read off: V stays at v_reset after a spike.")
    } else if t_ref_off && (t_ref * dt - held).abs() < 0.5 * dt {
        Some("t_ref seems to be a number of steps: it is a time in ms.")
    } else if t_ref_off && (steps - 1.0).abs() < 0.5 {
        Some("t_ref is one step too long: the step of the spike itself does not count.")
    } else if t_ref_off && (steps + 1.0).abs() < 0.5 {
        Some("t_ref is one step too short: count every step after the spike at which V is held.")
    } else {
        None
    }
}
