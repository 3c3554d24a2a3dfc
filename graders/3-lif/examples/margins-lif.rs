//! How far honest and wrong solutions lie from the thresholds of `fi` and `identify`:
//! `cargo run --example margins-lif -- 200`.
//!
//! Each seed draws as a grading does, and each way is judged as a grading judges: by its worst call. The data
//! have no noise, so the spread is that of the draws; a right solution's is that of rounding.

#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;

use ndarray::{Array1, Array2, s};
use solution::Solution;
use testat_kit::draw::Seed;
use testat_kit::lif;
use testat_kit::lif::Lif;
use testat_lif::components;
use testat_lif::draws::{Case, Recording, Sweep, cases, recordings, sweeps};
use testat_lif::identification;
use testat_lif::reference::{Neuron, rate, simulate};

/// Potentials of a case, worked out in some way.
type Simulation = fn(&Case) -> Array2<f64>;
/// A curve, worked out in some way.
type Curve = fn(&Sweep) -> Array1<f64>;
/// Parameters of a neuron, worked out in some way.
type Identification = fn(&Recording) -> [f64; 6];

const SIMULATIONS: [(&str, Simulation); 6] = [
    ("reference", |case| simulated(case, |_| ())),
    ("single precision, result alone", |case| {
        simulated(case, |_| ()).mapv(|v| f64::from(v as f32))
    }),
    ("refractory period one step longer", |case| simulated(case, |c| c.neuron.t_ref += c.dt)),
    ("t_ref / dt cut", |case| {
        simulated(case, |c| c.neuron.t_ref = (c.neuron.t_ref / c.dt).floor() * c.dt)
    }),
    ("reset to rest", |case| simulated(case, |c| c.neuron.v_reset = c.neuron.v_rest)),
    ("tau off by 1e-4", |case| simulated(case, |c| c.neuron.tau *= 1.0001)),
];

const CURVES: [(&str, Curve); 9] = [
    ("reference (closed form)", closed_form),
    ("simulated, dt 0.05", |sweep| intervals(sweep, 0.05)),
    ("simulated, dt 0.1", |sweep| intervals(sweep, 0.1)),
    ("simulated, dt 0.5", |sweep| intervals(sweep, 0.5)),
    ("spikes counted for 100 ms", |sweep| counted(sweep, 100.0)),
    ("spikes counted for 1 s", |sweep| counted(sweep, 1000.0)),
    ("spikes counted for 10 s", |sweep| counted(sweep, 10_000.0)),
    ("no refractory period", |sweep| changed(sweep, |p| p.t_ref = 0.0)),
    ("from rest", |sweep| changed(sweep, |p| p.v_reset = p.v_rest)),
];

const IDENTIFICATIONS: [(&str, Identification); 7] = [
    ("reference (regression)", regression),
    ("theta = largest V", |r| with(r, |p| p[2] = largest(r))),
    ("theta = mean V before a spike", |r| with(r, |p| p[2] = before_spikes(r))),
    ("tau of Euler's slope", |r| with(r, |p| p[4] = r.dt / (1.0 - (-r.dt / p[4]).exp()))),
    ("t_ref one step longer", |r| with(r, |p| p[5] += r.dt)),
    ("t_ref left out", |r| with(r, |p| p[5] = 0.0)),
    ("a textbook's constants", |_| [-70.0, -65.0, -50.0, 10.0, 8.0, 2.0]),
];

fn main() {
    let seeds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20);
    for (name, way) in SIMULATIONS {
        print("voltage", 1e-6, name, seeds, |seed| {
            let cases = cases(&mut seed.stream(1));
            worst(cases.iter().map(|case| {
                let off = (way(case) - &case.run.v).mapv(f64::abs);
                worst(off.into_iter())
            }))
        });
    }
    for (name, way) in CURVES {
        print("fi", 1.0, name, seeds, |seed| {
            let sweeps = sweeps(&mut seed.stream(2));
            worst(sweeps.iter().flat_map(|sweep| components::errors(&way(sweep), sweep)))
        });
    }
    for (name, way) in IDENTIFICATIONS {
        print("identify", 1.0, name, seeds, |seed| {
            let recordings = recordings(&mut seed.stream(10));
            worst(recordings.iter().flat_map(|r| identification::errors(&way(r), r)))
        });
    }
}

fn worst(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

/// One line: the values over all seeds, and how many decades their geometric mean lies from the threshold,
/// in standard deviations too (an error spans decades, so its logarithm is what is normal).
fn print(check: &str, limit: f64, name: &str, seeds: u64, value: impl Fn(Seed) -> f64) {
    let of = |number: u64| {
        let mut bytes = [0x5a; 32];
        bytes.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
        value(Seed::new(bytes)).max(1e-17)
    };
    let mut values: Vec<f64> = (0..seeds).map(of).collect();
    values.sort_by(f64::total_cmp);
    let logs: Vec<f64> = values.iter().map(|value| (value / limit).log10()).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let square = logs.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>();
    let sd = (square / (logs.len().max(2) - 1) as f64).sqrt();
    let passed = values.iter().filter(|value| **value <= limit).count();
    let (min, max) = (values.first(), values.last());
    println!(
        "{check}, {name}: n {seeds}, passed {passed}, min {:.2e}, max {:.2e}, decades to the threshold \
         {mean:+.2}, sd {sd:.2}, z {:+.1}",
        min.copied().unwrap_or_default(),
        max.copied().unwrap_or_default(),
        mean / sd.max(1e-3)
    );
}

fn simulated(case: &Case, change: fn(&mut Case)) -> Array2<f64> {
    let mut changed = case.clone();
    change(&mut changed);
    let p = given(&changed.neuron);
    Solution.simulate(case.current.view(), p, changed.dt).map(|run| run.v).unwrap_or_default()
}

fn given(neuron: &Neuron) -> lif::Neuron {
    let Neuron { v_rest, v_reset, theta, r, tau, t_ref } = *neuron;
    lif::Neuron { v_rest, v_reset, theta, r, tau, t_ref }
}

fn closed_form(sweep: &Sweep) -> Array1<f64> {
    Solution.fi_curve(sweep.current.view(), given(&sweep.neuron)).unwrap_or_default()
}

fn changed(sweep: &Sweep, change: fn(&mut Neuron)) -> Array1<f64> {
    let mut neuron = sweep.neuron;
    change(&mut neuron);
    sweep.current.mapv(|current| rate(current, &neuron))
}

/// Spike times in ms under each current, over `length` ms.
fn spikes(sweep: &Sweep, length: f64, dt: f64) -> Vec<Vec<f64>> {
    let steps = (length / dt) as usize;
    let current = Array2::from_shape_fn((sweep.current.len(), steps), |(n, _)| sweep.current[n]);
    let run = simulate(&current, &sweep.neuron, dt);
    let times = |n| {
        let row = run.s.slice(s![n, ..]);
        row.iter().enumerate().filter(|(_, s)| **s == 1).map(|(k, _)| k as f64 * dt).collect()
    };
    (0..sweep.current.len()).map(times).collect()
}

fn intervals(sweep: &Sweep, dt: f64) -> Array1<f64> {
    let rate = |times: Vec<f64>| match times[..] {
        [first, .., last] => 1000.0 * (times.len() - 1) as f64 / (last - first),
        _ => 0.0,
    };
    spikes(sweep, 1000.0, dt).into_iter().map(rate).collect()
}

fn counted(sweep: &Sweep, length: f64) -> Array1<f64> {
    let rate = |times: Vec<f64>| 1000.0 * times.len() as f64 / length;
    spikes(sweep, length, 0.05).into_iter().map(rate).collect()
}

fn regression(recording: &Recording) -> [f64; 6] {
    let (i, v, s) = (recording.current.view(), recording.run.v.view(), recording.run.s.view());
    let found = Solution.identify(lif::Recording { i, v, s, dt: recording.dt });
    found.map(|p| [p.v_rest, p.v_reset, p.theta, p.r, p.tau, p.t_ref]).unwrap_or_default()
}

fn with(recording: &Recording, change: impl Fn(&mut [f64; 6])) -> [f64; 6] {
    let mut p = regression(recording);
    change(&mut p);
    p
}

fn largest(recording: &Recording) -> f64 {
    recording.run.v.fold(f64::NEG_INFINITY, |most: f64, v| most.max(*v))
}

fn before_spikes(recording: &Recording) -> f64 {
    let (v, s) = (&recording.run.v, &recording.run.s);
    let fired = s.indexed_iter().filter(|((_, k), s)| *k > 0 && **s == 1);
    let before: Vec<f64> = fired.map(|((n, k), _)| v[[n, k - 1]]).collect();
    before.iter().sum::<f64>() / before.len() as f64
}
