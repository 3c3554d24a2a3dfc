//! What a report of this project shows beside the figures of the kit.

use ndarray::{Array1, Array2, Axis, s};
use testat_kit::figure::{axis, figure, lines};
use testat_kit::network::{accuracy, classify};
use testat_kit::report::{Figure, Plot};

use crate::draws::Probe;
use crate::reference::{Run, THETA};

/// Test images whose spikes are shown.
const SHOWN: usize = 5;
/// Neurons whose potential is shown.
const TRACED: usize = 3;
/// Bars of the histogram of rates.
const BARS: usize = 20;

/// The surrogate as returned, beside the one asked for.
pub fn surrogate(probe: &Probe, slope: &Array1<f64>) -> Figure {
    let line = |name: &str, y: &Array1<f64>| {
        let points = probe.x.iter().zip(y).map(|(x, y)| [short(*x), short(*y)]).collect();
        (name.to_owned(), points)
    };
    let series = [line("asked for", &probe.slope), line("returned", slope)];
    let plot = lines(axis("u - theta", ""), axis("surrogate derivative", ""), series);
    let peak = slope.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let alt = format!(
        "The surrogate derivative around the threshold, as asked for and as returned: a peak of 1 at the \
         threshold is asked for, and the largest value returned is {}.",
        short(peak)
    );
    figure("surrogate", "Surrogate derivative", alt, plot)
}

/// Accuracy if the read-out is stopped after one step, two, ...
pub fn over_time(run: &Run, truth: &Array1<i64>) -> Figure {
    let mut total = Array2::zeros(run.logits.dim());
    let accuracies: Vec<f64> = run
        .readout
        .axis_iter(Axis(1))
        .map(|v| {
            total += &v;
            accuracy(&classify(&total), truth)
        })
        .collect();
    let points = accuracies.iter().enumerate().map(|(t, a)| [(t + 1) as f64, short(*a)]).collect();
    let plot = lines(
        axis("steps used", ""),
        axis("accuracy", ""),
        [("hidden test images".to_owned(), points)],
    );
    let at = |step: usize| {
        let value = accuracies.get(step - 1).copied().unwrap_or_default();
        format!("{:.0} % after {step}", 100.0 * value)
    };
    let alt = format!(
        "Share of hidden test images classified rightly when only the first steps count: {}, {}, {} and {} \
         steps.",
        at(5),
        at(10),
        at(15),
        at(20)
    );
    figure("over-time", "Accuracy by the number of steps used", alt, plot)
}

/// Spikes of every hidden neuron for the first test images, one image after the other.
pub fn raster(run: &Run) -> Figure {
    let (images, steps, neurons) = run.spikes.dim();
    let shown = images.min(SHOWN);
    let mut spikes = vec![Vec::new(); neurons];
    for ((image, step, neuron), z) in run.spikes.slice(s![..shown, .., ..]).indexed_iter() {
        if let Some(own) = spikes.get_mut(neuron).filter(|_| *z == 1) {
            own.push((image * steps + step) as f64);
        }
    }
    let total: usize = spikes.iter().map(Vec::len).sum();
    let silent = spikes.iter().filter(|own| own.is_empty()).count();
    let alt = format!(
        "Spikes of the {neurons} hidden neurons for {shown} hidden test images of {steps} steps each, one \
         after the other: {total} spikes in all, {silent} neurons without any."
    );
    let x = axis(&format!("step ({shown} images, {steps} steps each)"), "");
    figure("raster", "Spikes of the hidden neurons", alt, Plot::Raster { x, spikes })
}

/// Potentials of three neurons while the first test image passes: the one with the most spikes, a middle
/// one, the one with the fewest.
pub fn potentials(run: &Run) -> Figure {
    let (_, steps, neurons) = run.potentials.dim();
    let counts: Vec<usize> = (0..neurons)
        .map(|n| run.spikes.slice(s![..1, .., n]).iter().filter(|z| **z == 1).count())
        .collect();
    let mut order: Vec<usize> = (0..neurons).collect();
    order.sort_by_key(|n| std::cmp::Reverse(counts.get(*n).copied()));
    let chosen = [0, neurons / 2, neurons.saturating_sub(1)];
    let chosen: Vec<(usize, usize)> = chosen
        .iter()
        .filter_map(|at| order.get(*at))
        .filter_map(|n| counts.get(*n).map(|count| (*n, *count)))
        .take(TRACED)
        .collect();
    let mut series: Vec<(String, Vec<[f64; 2]>)> = chosen
        .iter()
        .map(|(n, count)| (format!("neuron {n}, {count} spikes"), trace(run, *n)))
        .collect();
    let last = steps.saturating_sub(1) as f64;
    series.push(("threshold".to_owned(), vec![[0.0, THETA], [last, THETA]]));
    let names: Vec<String> = series.iter().take(TRACED).map(|(name, _)| name.clone()).collect();
    let alt = format!(
        "Potentials of three hidden neurons over {steps} steps of the first hidden test image: {}. A spike \
         is a drop by the threshold, 1.",
        names.join("; ")
    );
    let plot = lines(axis("step", ""), axis("potential u, in thresholds", ""), series);
    figure("potentials", "Potentials of three hidden neurons", alt, plot)
}

/// The potential of one neuron for the first image; at a spike before the reset and after it.
fn trace(run: &Run, neuron: usize) -> Vec<[f64; 2]> {
    let potentials = run.potentials.slice(s![..1, .., neuron]);
    let spikes = run.spikes.slice(s![..1, .., neuron]);
    let mut points = Vec::new();
    for (step, (u, z)) in potentials.iter().zip(&spikes).enumerate() {
        points.push([step as f64, short(*u)]);
        if *z == 1 {
            points.push([step as f64, short(u - THETA)]);
        }
    }
    points
}

/// How many hidden neurons spike how often.
pub fn rates(run: &Run) -> Figure {
    let (images, steps, neurons) = run.spikes.dim();
    let slots = (images * steps).max(1) as f64;
    let rates: Vec<f64> = (0..neurons)
        .map(|n| run.spikes.slice(s![.., .., n]).iter().map(|z| f64::from(*z)).sum::<f64>() / slots)
        .collect();
    let mut values = vec![0.0; BARS];
    for rate in &rates {
        let bar = ((rate * BARS as f64) as usize).min(BARS - 1);
        values.iter_mut().skip(bar).take(1).for_each(|count| *count += 1.0);
    }
    let width = 100 / BARS;
    let labels = (0..BARS).map(|bar| format!("{}-{} %", bar * width, (bar + 1) * width)).collect();
    let (low, high) =
        rates.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), r| (l.min(*r), h.max(*r)));
    let alt = format!(
        "How often each of the {neurons} hidden neurons spikes over all hidden test images, as a share of the \
         steps: from {:.1} % to {:.1} %.",
        100.0 * low,
        100.0 * high
    );
    let y = axis("hidden neurons", "");
    figure("rates", "Firing rates", alt, Plot::Bars { labels, values, y, limit: None })
}

/// Three decimals are enough for a picture, and keep the report small.
fn short(value: f64) -> f64 {
    (value.clamp(-1e3, 1e3) * 1e3).round() / 1e3
}
