//! How far honest and wrong learning lie from the thresholds of `pca` and `corr`:
//! `cargo run --example margins-plasticity -- 200`.
//!
//! Each seed draws clouds and spike trains as a grading does; each way of learning is judged as a grading
//! judges.

#[path = "../reference/rust/src/solution.rs"]
mod solution;

use ndarray::{Array1, Array2, Axis, Zip};
use solution::Solution;
use testat_kit::draw::{Seed, Stream};
use testat_kit::plasticity::Plasticity;
use testat_plasticity::learning::View;
use testat_plasticity::lessons::{Cloud, GROUP, INPUTS, Trains, clouds, trains};
use testat_plasticity::reference::auroc;

/// A way of finding directions.
type Way = fn(&Cloud, &mut Stream) -> Array2<f64>;

const WAYS: [(&str, Way); 9] = [
    ("reference (Sanger, falling rate)", sanger),
    ("Sanger, constant rate 0.1, 10 passes", |c, s| hebbian(c, s, Output::Sanger, 0.1, 10)),
    ("Sanger, constant rate 0.03, 10 passes", |c, s| hebbian(c, s, Output::Sanger, 0.03, 10)),
    ("Oja's rule one after the other, deflated", deflated),
    ("Oja's subspace rule (no order)", |c, s| hebbian(c, s, Output::Subspace, 0.03, 20)),
    ("Oja's rule for every column", |c, s| hebbian(c, s, Output::Alone, 0.03, 10)),
    ("direction of the mean", mean),
    ("random directions", random),
    ("three times too long", |c, s| sanger(c, s) * 3.0),
];

/// A way of learning from spikes.
type Spiking = fn(&Trains, &mut Stream) -> Array1<f64>;

const SPIKING: [(&str, Spiking); 12] = [
    ("reference (A-/A+ 1.2)", |t, _| reference(t)),
    ("A-/A+ 1.1", |t, _| neuron(t, Neuron { depression: 0.011, ..RIGHT })),
    ("A-/A+ 1.05", |t, _| neuron(t, Neuron { depression: 0.0105, ..RIGHT })),
    ("A-/A+ 1.3", |t, _| neuron(t, Neuron { depression: 0.013, ..RIGHT })),
    ("soft bounds, A-/A+ 1.2", |t, _| neuron(t, Neuron { soft: true, ..RIGHT })),
    ("output by chance, 5 % for each unit of drive", |t, s| chancy(t, s)),
    ("half the amplitudes", |t, _| neuron(t, Neuron { gain: 0.005, depression: 0.006, ..RIGHT })),
    ("output in the step of its inputs", |t, _| neuron(t, Neuron { at_once: true, ..RIGHT })),
    ("gain and loss exchanged", |t, _| {
        neuron(t, Neuron { gain: -0.012, depression: -0.01, ..RIGHT })
    }),
    ("rates alone", |t, _| t.pre.mapv(f64::from).sum_axis(Axis(1))),
    ("the first twelve", |_, _| {
        Array1::from_shape_fn(INPUTS, |at| if at < GROUP { 1.0 } else { 0.0 })
    }),
    ("random weights", |_, s| s.normals(INPUTS, 1.0)),
];

fn main() {
    let seeds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20);
    for (name, way) in WAYS {
        report("pca", name, 0.95, (0..seeds).map(|seed| cosine(seed, way)).collect());
    }
    for (name, way) in SPIKING {
        report("corr", name, 0.90, (0..seeds).map(|seed| area(seed, way)).collect());
    }
}

fn report(check: &str, name: &str, threshold: f64, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let mean = values.iter().sum::<f64>() / count as f64;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    let sd = (square / (count.max(2) - 1) as f64).sqrt();
    let (min, max) = (values.first(), values.last());
    println!(
        "{check}, {name}: n {count}, min {:.4}, mean {mean:.4}, max {:.4}, sd {sd:.4}, \
         (mean - {threshold}) / sd {:.1}",
        min.copied().unwrap_or_default(),
        max.copied().unwrap_or_default(),
        (mean - threshold) / sd
    );
}

fn seed(number: u64) -> Seed {
    let mut bytes = [0x5a; 32];
    bytes.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    Seed::new(bytes)
}

fn cosine(number: u64, way: Way) -> f64 {
    let seed = seed(number);
    let clouds = clouds(&mut seed.stream(10));
    let mut stream = seed.stream(99);
    let learnt: Vec<Array2<f64>> = clouds.iter().map(|cloud| way(cloud, &mut stream)).collect();
    View::of(&clouds, &learnt).least
}

fn area(number: u64, way: Spiking) -> f64 {
    let seed = seed(number);
    let trains = trains(&mut seed.stream(20));
    auroc(&way(&trains, &mut seed.stream(99)), &trains.group)
}

fn sanger(cloud: &Cloud, _: &mut Stream) -> Array2<f64> {
    let found = Solution.learn_pca(cloud.x.view(), cloud.k, cloud.seed);
    found.unwrap_or_else(|_| Array2::zeros((cloud.x.ncols(), cloud.k)))
}

/// What each output takes away from a sample before it learns.
#[derive(Clone, Copy, PartialEq)]
enum Output {
    /// Itself and those before it.
    Sanger,
    /// All outputs.
    Subspace,
    /// Itself.
    Alone,
}

/// Oja's rule with several outputs, `rate` for samples of unit mean square, the samples in order.
fn hebbian(
    cloud: &Cloud,
    stream: &mut Stream,
    kind: Output,
    rate: f64,
    passes: usize,
) -> Array2<f64> {
    let power = cloud.x.mapv(|x| x * x).sum() / cloud.x.nrows() as f64;
    let rate = rate / power;
    let mut w: Array2<f64> = stream.normals((cloud.k, cloud.x.ncols()), 0.1);
    for _ in 0..passes {
        for x in cloud.x.rows() {
            let y = w.dot(&x);
            let old = w.clone();
            let all = &x - &y.dot(&old);
            let mut left = x.to_owned();
            for (at, (mut own, y)) in w.rows_mut().into_iter().zip(&y).enumerate() {
                left.scaled_add(-*y, &old.row(at));
                match kind {
                    Output::Sanger => own.scaled_add(rate * *y, &left),
                    Output::Subspace => own.scaled_add(rate * *y, &all),
                    Output::Alone => {
                        own.scaled_add(rate * *y, &(&x - &(&old.row(at) * *y)));
                    }
                }
            }
        }
    }
    w.reversed_axes()
}

/// Oja's rule for the first direction, which is taken out of the samples before the next.
fn deflated(cloud: &Cloud, stream: &mut Stream) -> Array2<f64> {
    let mut rest = Cloud { k: 1, ..cloud.clone() };
    let mut found = Array2::zeros((cloud.x.ncols(), cloud.k));
    for mut column in found.columns_mut() {
        let learnt = hebbian(&rest, stream, Output::Alone, 0.02, 15);
        let w: Array1<f64> = learnt.index_axis(Axis(1), 0).to_owned();
        for mut x in rest.x.rows_mut() {
            let along = x.dot(&w) / w.dot(&w);
            x.scaled_add(-along, &w);
        }
        column.assign(&w);
    }
    found
}

fn mean(cloud: &Cloud, _: &mut Stream) -> Array2<f64> {
    let mean = cloud.x.sum_axis(Axis(0));
    let mean = &mean / mean.dot(&mean).sqrt();
    Array2::from_shape_fn((cloud.x.ncols(), cloud.k), |(at, _)| mean[at])
}

fn random(cloud: &Cloud, stream: &mut Stream) -> Array2<f64> {
    let mut w: Array2<f64> = stream.normals((cloud.x.ncols(), cloud.k), 1.0);
    for mut column in w.columns_mut() {
        let length = column.dot(&column).sqrt();
        column /= length;
    }
    w
}

fn reference(trains: &Trains) -> Array1<f64> {
    let learnt = Solution.learn_stdp(trains.pre.view(), trains.seed);
    learnt.unwrap_or_else(|_| Array1::zeros(INPUTS))
}

/// The reference's neuron, to be changed.
#[derive(Clone, Copy)]
struct Neuron {
    gain: f64,
    depression: f64,
    /// An output spike registers in the step of the inputs that caused it, after them: the trap.
    at_once: bool,
    /// Gains shrink towards the upper bound, losses towards the lower.
    soft: bool,
}

const RIGHT: Neuron = Neuron { gain: 0.01, depression: 0.012, at_once: false, soft: false };

fn neuron(trains: &Trains, neuron: Neuron) -> Array1<f64> {
    driven(trains, neuron, |u| u > 5.0)
}

fn chancy(trains: &Trains, stream: &mut Stream) -> Array1<f64> {
    driven(trains, RIGHT, |u| stream.chance(0.05 * u))
}

fn driven(trains: &Trains, neuron: Neuron, mut fires: impl FnMut(f64) -> bool) -> Array1<f64> {
    let keep = |tau: f64| f64::exp(-1.0 / tau);
    let mut w = Array1::from_elem(INPUTS, 0.5);
    let (mut before, mut after, mut u, mut fired) = (Array1::zeros(INPUTS), 0.0, 0.0, false);
    for spikes in trains.pre.columns() {
        let spikes = spikes.mapv(f64::from);
        before *= keep(20.0);
        after *= keep(20.0);
        u = if fired { 0.0 } else { u * keep(10.0) };
        if neuron.at_once {
            u += spikes.dot(&w);
            fired = fires(u);
        }
        let gain = if fired { neuron.gain } else { 0.0 };
        let loss = neuron.depression * after;
        Zip::from(&mut w).and(&spikes).and(&before).for_each(|w: &mut f64, spike, before| {
            let (up, down) = if neuron.soft { (1.0 - *w, *w) } else { (1.0, 1.0) };
            *w = (*w + gain * before * up - loss * spike * down).clamp(0.0, 1.0);
        });
        after += f64::from(u8::from(fired));
        before += &spikes;
        if !neuron.at_once {
            u += spikes.dot(&w);
            fired = fires(u);
        }
    }
    w
}
