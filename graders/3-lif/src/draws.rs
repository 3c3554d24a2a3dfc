//! What the student's functions are asked with: everything drawn, every edge in every grading.

use ndarray::{Array1, Array2};
use testat_kit::draw::Stream;
use testat_kit::tally::Turn;

use crate::reference::{Neuron, Run, rate, simulate};

/// Nearest in mV that an integrated potential may lie to the threshold, so that rounding, which is about
/// 1e-12 mV, can't make or lose a spike.
const GAP: f64 = 1e-4;
/// Time constant in ms of the fluctuating currents.
const CORRELATION: f64 = 5.0;

/// One call of `simulate`, with what it should return.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Currents in nA, (N, T).
    pub current: Array2<f64>,
    /// The neuron.
    pub neuron: Neuron,
    /// Step in ms.
    pub dt: f64,
    /// Expected.
    pub run: Run,
}

/// The calls in order: one for each step from 0.05 to 0.5 ms, which between them have the reset above and
/// below rest, t_ref rounded up and down to steps, one neuron and many; the shapes of the call before with
/// other values; a single step; a refractory period of no step; a neuron that rests at its threshold; the
/// first call again.
pub fn cases(stream: &mut Stream) -> Vec<Case> {
    let sizes = [1, 6, stream.between(2, 3), stream.between(4, 8)];
    let (order, kinds) = (stream.permutation(4), stream.permutation(4));
    let mut cases: Vec<Case> = [0.05, 0.1, 0.25, 0.5]
        .into_iter()
        .zip(order)
        .zip(kinds)
        .map(|((dt, size), kind)| {
            let neurons = sizes.get(size).copied().unwrap_or(1);
            let steps = (stream.uniform(200.0, 300.0) / dt) as usize;
            let plan = Plan { dt, above: kind % 2 == 0, up: kind < 2, size: (neurons, steps) };
            case(stream, &plan, if neurons == 1 { "a single neuron" } else { "" })
        })
        .collect();
    let mixed = stream.permutation(4);
    cases = mixed.into_iter().filter_map(|at| cases.get(at).cloned()).collect();
    if let Some(before) = cases.last() {
        let plan = Plan {
            dt: before.dt,
            above: stream.chance(0.5),
            up: stream.chance(0.5),
            size: before.current.dim(),
        };
        let like = case(stream, &plan, "the shapes of the call before with other values");
        cases.push(Case { turn: Turn::Following, ..like });
    }
    cases.extend([single_step(stream), no_hold(stream), at_threshold(stream)]);
    if let Some(first) = cases.first().cloned() {
        let edge = "the first call's arguments again";
        cases.push(Case { edge, turn: Turn::Following, ..first });
    }
    cases
}

/// What is given about a call before it is drawn.
struct Plan {
    dt: f64,
    /// Whether the reset lies above rest.
    above: bool,
    /// Whether t_ref is rounded up to steps.
    up: bool,
    /// Neurons and steps.
    size: (usize, usize),
}

/// Draws until every neuron fires and no rounding can change when.
fn case(stream: &mut Stream, plan: &Plan, edge: &'static str) -> Case {
    let (neurons, dt) = (plan.size.0, plan.dt);
    loop {
        let t_ref = refractory(stream, dt, plan.up);
        let neuron = neuron(stream, plan.above, t_ref);
        let current = currents(stream, &neuron, plan.size, dt);
        let case = run(edge, current, neuron, dt);
        let spikes = case.run.spikes();
        if case.run.gap(neuron.theta) > GAP
            && spikes.iter().all(|count| *count >= 2)
            && spikes.iter().sum::<usize>() >= 5 * neurons
        {
            return case;
        }
    }
}

/// One step alone, in which some neurons fire and others do not.
fn single_step(stream: &mut Stream) -> Case {
    loop {
        let (dt, neurons) = (stream.uniform(0.2, 0.5), stream.between(4, 8));
        let (up, above) = (stream.chance(0.5), stream.chance(0.5));
        let t_ref = refractory(stream, dt, up);
        let neuron = neuron(stream, above, t_ref);
        let just = neuron.rheobase() / (1.0 - neuron.decay(dt));
        let current =
            Array2::from_shape_simple_fn((neurons, 1), || just * stream.uniform(0.3, 1.7));
        let case = run("a single step", current, neuron, dt);
        let spikes: usize = case.run.spikes().iter().sum();
        if case.run.gap(neuron.theta) > GAP && spikes > 0 && spikes < neurons {
            return case;
        }
    }
}

/// A refractory period so short that it is rounded to no step at all.
fn no_hold(stream: &mut Stream) -> Case {
    loop {
        let dt = stream.uniform(0.2, 0.5);
        let (t_ref, above) = (dt * stream.uniform(0.1, 0.4), stream.chance(0.5));
        let neuron = neuron(stream, above, t_ref);
        let size = (stream.between(2, 5), stream.between(300, 500));
        let current = currents(stream, &neuron, size, dt);
        let case = run("t_ref below half a step", current, neuron, dt);
        if case.run.gap(neuron.theta) > GAP && case.run.spikes().iter().sum::<usize>() >= 5 {
            return case;
        }
    }
}

/// A neuron whose threshold, reset and rest are one, without a current: V' equals the threshold exactly
/// whenever it is free, and a spike is due.
///
/// The resting potential is a power of two, and the decay a one whose complement is exact however it is
/// taken, so that every usual way to write the step, such as a V + (1 - a) v_inf, meets it to the bit.
fn at_threshold(stream: &mut Stream) -> Case {
    loop {
        let (dt, v_rest) = (stream.uniform(0.2, 0.5), -64.0);
        let (up, above) = (stream.chance(0.5), stream.chance(0.5));
        let t_ref = refractory(stream, dt, up);
        let drawn = neuron(stream, above, t_ref);
        let neuron = Neuron { v_rest, v_reset: v_rest, theta: v_rest, ..drawn };
        let current = Array2::zeros((stream.between(2, 4), stream.between(40, 80)));
        let (a, complement) = (neuron.decay(dt), -libm::expm1(-dt / neuron.tau));
        if a + complement == 1.0 && 1.0 + a - a == 1.0 {
            return run("theta = v_reset = v_rest without a current", current, neuron, dt);
        }
    }
}

fn run(edge: &'static str, current: Array2<f64>, neuron: Neuron, dt: f64) -> Case {
    let run = simulate(&current, &neuron, dt);
    Case { edge, turn: Turn::Fresh, current, neuron, dt, run }
}

/// A neuron whose reset lies 2 to 6 mV above rest, or 2 to 8 mV below.
pub fn neuron(stream: &mut Stream, above: bool, t_ref: f64) -> Neuron {
    let v_rest = stream.uniform(-75.0, -60.0);
    let reset = if above { stream.uniform(2.0, 6.0) } else { stream.uniform(-8.0, -2.0) };
    Neuron {
        v_rest,
        v_reset: v_rest + reset,
        theta: v_rest + stream.uniform(12.0, 25.0),
        r: stream.uniform(5.0, 15.0),
        tau: stream.uniform(6.0, 25.0),
        t_ref,
    }
}

/// A refractory period of 1.5 to 5 ms that is no multiple of `dt`: the steps are rounded up or down, and
/// stay away from a half, where ways to round part.
fn refractory(stream: &mut Stream, dt: f64, up: bool) -> f64 {
    let whole = (stream.uniform(1.5, 5.0) / dt).floor();
    let part = if up { stream.uniform(0.6, 0.9) } else { stream.uniform(0.1, 0.4) };
    (whole + part) * dt
}

/// Currents (N, T) in nA around the rheobase, in a random order of neurons: a constant, a sine, the others
/// fluctuating (Ornstein-Uhlenbeck), so that some are negative at times.
fn currents(
    stream: &mut Stream,
    neuron: &Neuron,
    (neurons, steps): (usize, usize),
    dt: f64,
) -> Array2<f64> {
    let rheobase = neuron.rheobase();
    let mut current = Array2::zeros((neurons, steps));
    // A single neuron has any of the three kinds.
    let kinds = stream.permutation(neurons.max(3));
    for (mut row, kind) in current.rows_mut().into_iter().zip(kinds) {
        match kind {
            0 => row.fill(rheobase * stream.uniform(1.5, 2.5)),
            1 => {
                let (period, swing) = (stream.uniform(20.0, 60.0), stream.uniform(0.7, 0.9));
                for (k, i) in row.iter_mut().enumerate() {
                    let phase = std::f64::consts::TAU * k as f64 * dt / period;
                    *i = rheobase * (1.0 + swing * libm::sin(phase));
                }
            }
            _ => {
                let (mut x, kick) = (0.0, (2.0 * dt / CORRELATION).sqrt());
                for i in &mut row {
                    x += kick * stream.normal() - x * dt / CORRELATION;
                    *i = rheobase * (0.95 + 0.7 * x);
                }
            }
        }
    }
    current
}

/// One call of `fi_curve`, with what it should return.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Constant currents in nA, (K,), in no order.
    pub current: Array1<f64>,
    /// The neuron.
    pub neuron: Neuron,
    /// Expected rates in Hz, (K,).
    pub rate: Array1<f64>,
}

/// The calls in order: a reset above rest and one below, in either order, each with currents from below 0
/// to five times the rheobase, one just below it and three just above; a single current; the first again.
pub fn sweeps(stream: &mut Stream) -> Vec<Sweep> {
    let above = stream.chance(0.5);
    let mut sweeps: Vec<Sweep> = [above, !above].map(|above| sweep(stream, above)).to_vec();
    let (one, above) = ([stream.uniform(1.1, 3.0)], stream.chance(0.5));
    sweeps.push(sweep_of(stream, above, &one, "a single current"));
    if let Some(first) = sweeps.first().cloned() {
        let edge = "the first call's arguments again";
        sweeps.push(Sweep { edge, turn: Turn::Following, ..first });
    }
    sweeps
}

fn sweep(stream: &mut Stream, above: bool) -> Sweep {
    let mut factors = vec![stream.uniform(-1.0, -0.1), stream.uniform(0.98, 0.995)];
    // Where intervals are longest: counting the few spikes of a window shows here.
    factors.extend((0..3).map(|_| stream.uniform(1.005, 1.02)));
    let common = stream.uniform(0.98, 1.02);
    let ladder = [0.3, 0.7, 0.95, 1.1, 1.3, 1.6, 2.0, 2.6, 3.5, 5.0];
    let kept = stream.between(6, ladder.len());
    let chosen = stream.permutation(ladder.len());
    factors
        .extend(chosen.into_iter().take(kept).filter_map(|at| ladder.get(at)).map(|f| f * common));
    let order = stream.permutation(factors.len());
    let mixed: Vec<f64> = order.into_iter().filter_map(|at| factors.get(at).copied()).collect();
    sweep_of(stream, above, &mixed, "")
}

/// Currents of these multiples of the rheobase. t_ref is a multiple of 0.1 ms, so that a simulation in
/// steps of 0.1 ms holds it exactly.
fn sweep_of(stream: &mut Stream, above: bool, factors: &[f64], edge: &'static str) -> Sweep {
    let t_ref = stream.between(15, 50) as f64 / 10.0;
    let neuron = neuron(stream, above, t_ref);
    let current: Array1<f64> = factors.iter().map(|factor| factor * neuron.rheobase()).collect();
    let rate = current.mapv(|current| rate(current, &neuron));
    Sweep { edge, turn: Turn::Fresh, current, neuron, rate }
}

/// One call of `identify`: a recording, and the neuron that must be found in it.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Currents in nA, (6, T).
    pub current: Array2<f64>,
    /// Never leaves the harness.
    pub neuron: Neuron,
    /// Step in ms.
    pub dt: f64,
    /// What was recorded.
    pub run: Run,
}

/// Neurons of a recording.
pub const RECORDED: usize = 6;

/// The calls in order: one for each step of 0.05, 0.1 and 0.2 ms, mixed, of 500 to 600 ms; the first again.
pub fn recordings(stream: &mut Stream) -> Vec<Recording> {
    let steps = [0.05, 0.1, 0.2];
    let (order, above) = (stream.permutation(3), stream.below(2));
    let mut recordings: Vec<Recording> = order
        .into_iter()
        .filter_map(|at| steps.get(at).copied())
        .enumerate()
        .map(|(at, dt)| recording(stream, dt, at % 2 == above))
        .collect();
    if let Some(first) = recordings.first().cloned() {
        let edge = "the first call's arguments again";
        recordings.push(Recording { edge, turn: Turn::Following, ..first });
    }
    recordings
}

fn recording(stream: &mut Stream, dt: f64, above: bool) -> Recording {
    loop {
        let up = stream.chance(0.5);
        let t_ref = refractory(stream, dt, up);
        let neuron = neuron(stream, above, t_ref);
        let steps = (stream.uniform(500.0, 600.0) / dt) as usize;
        let current = currents(stream, &neuron, (RECORDED, steps), dt);
        let run = simulate(&current, &neuron, dt);
        if run.spikes().iter().sum::<usize>() > 60 {
            return Recording { edge: "", turn: Turn::Fresh, current, neuron, dt, run };
        }
    }
}

#[cfg(test)]
mod tests;
