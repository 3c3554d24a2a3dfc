//! What a report of this project shows beside the figures of the kit.

use ndarray::{Array1, Array2};
use testat_kit::figure::{axis, figure, lines};
use testat_kit::report::Figure;
use testat_kit::words::number;

use crate::draws::WindowCase;
use crate::lessons::Cloud;
use crate::reference::{auroc, stdp_window};

/// Weights drawn of each course.
const DRAWN: usize = 3;
/// Points along each course.
const POINTS: usize = 120;
/// Half the width of the drawn STDP window in milliseconds.
const REACH: f64 = 100.0;
/// Bars of the histogram of weights.
const BINS: usize = 20;

/// Four digits are enough for a picture, and keep the report small.
fn short(value: f64) -> f64 {
    let value = value.clamp(-1e6, 1e6);
    if value == 0.0 {
        return 0.0;
    }
    let unit = 10f64.powi(3 - value.abs().log10().floor() as i32);
    (value * unit).round() / unit
}

/// The course of the first weights in the first call of the check `id`: as submitted and as it should be.
pub fn course(id: &str, got: &Array2<f64>, right: &Array2<f64>) -> Figure {
    let last = right.nrows().saturating_sub(1);
    let line = |name: &str, w: &Array2<f64>, at: usize| {
        let stride = last.div_ceil(POINTS).max(1);
        let points = w.column(at).into_iter().enumerate().step_by(stride);
        (format!("w{at}, {name}"), points.map(|(t, w)| [t as f64, short(*w)]).collect())
    };
    let series = (0..right.ncols().min(DRAWN))
        .flat_map(|at| [line("reference", right, at), line("submission", got, at)]);
    let (horizontal, title) = match id {
        "oja" => ("sample", "Oja's rule: weights over the samples"),
        "bcm" => ("sample", "BCM: weights over the samples"),
        _ => ("step", "STDP: weights over the steps"),
    };
    let plot = lines(axis(horizontal, ""), axis("weight", ""), series);
    let most = got.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let alt = format!(
        "The first weights of the first call from {horizontal} 0 to {last}, submission beside \
         reference; over all weights the two differ by at most {}.",
        number(most)
    );
    figure(&format!("weights-{id}"), title, alt, plot)
}

/// The window of the first call: the reference as a curve, and what came for the differences asked.
pub fn window(case: &WindowCase, got: &Array1<f64>) -> Figure {
    let along = |from: f64, to: f64| -> Vec<[f64; 2]> {
        let d = Array1::linspace(from, to, 41);
        let dw = stdp_window(&d, &case.p);
        d.iter().zip(&dw).map(|(d, dw)| [short(*d), short(*dw)]).collect()
    };
    let mut answers: Vec<[f64; 2]> = case
        .d
        .iter()
        .zip(got)
        .filter(|(d, _)| d.abs() <= REACH)
        .map(|(d, dw)| [short(*d), short(*dw)])
        .collect();
    // So few are drawn as dots.
    answers.truncate(24);
    answers.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let series = [
        ("reference, output first".to_owned(), along(-REACH, -0.01)),
        ("reference, input first".to_owned(), along(0.01, REACH)),
        ("submission".to_owned(), answers),
    ];
    let plot = lines(axis("output minus input", "ms"), axis("change of the weight", ""), series);
    let alt = format!(
        "Change of a weight by one pair of spikes: up to {} when the input comes first, down to -{} when \
         the output does, falling off over {} and {} ms.",
        number(case.p.a_plus),
        number(case.p.a_minus),
        number(case.p.tau_plus),
        number(case.p.tau_minus)
    );
    figure("window", "STDP window", alt, plot)
}

/// The plane of the first two principal directions: the cloud's spread, the true directions and the learnt.
pub fn directions(cloud: &Cloud, learnt: &Array2<f64>) -> Figure {
    let ray = |name: String, tip: [f64; 2]| (name, vec![[0.0, 0.0], tip.map(short)]);
    let mut series =
        vec![ray("true, first".to_owned(), [1.0, 0.0]), ray("true, second".to_owned(), [0.0, 1.0])];
    let mut first = Vec::new();
    for (at, column) in learnt.columns().into_iter().take(2).enumerate() {
        let mut tip = [0.0; 2];
        for (to, direction) in tip.iter_mut().zip(cloud.directions.columns()) {
            *to = column.dot(&direction);
        }
        first.push(format!("({}, {})", number(tip[0]), number(tip[1])));
        series.push(ray(format!("learnt, column {at}"), tip));
    }
    // One standard deviation of the cloud, its first direction of length 1.
    let second = (crate::lessons::LEADING[1] / crate::lessons::LEADING[0]).sqrt();
    let turn = |step: u32| f64::from(step) * std::f64::consts::TAU / 48.0;
    let ellipse = (0..=48).map(|step| [short(turn(step).cos()), short(second * turn(step).sin())]);
    series.push(("spread of the samples".to_owned(), ellipse.collect()));
    let plot = lines(
        axis("along the first principal direction", ""),
        axis("along the second", ""),
        series,
    );
    let alt = format!(
        "In the plane of the first two principal directions the learnt columns end at {}; right are (1, 0) \
         and (0, 1), or their opposites.",
        first.join(" and ")
    );
    figure(
        "directions",
        "Learnt directions in the plane of the first two principal ones",
        alt,
        plot,
    )
}

/// How the final weights are distributed, the hidden group beside the others. It counts, and names no input.
pub fn weights(w: &Array1<f64>, group: &[bool]) -> Figure {
    let low = w.fold(f64::INFINITY, |low, w| low.min(*w));
    let high = w.fold(f64::NEG_INFINITY, |high, w| high.max(*w));
    let width = if high > low { (high - low) / BINS as f64 } else { 1.0 };
    let line = |name: &str, wanted: bool| {
        let mut counts = [0.0; BINS];
        for (w, _) in w.iter().zip(group).filter(|(_, of)| **of == wanted) {
            let bin = (((w - low) / width) as usize).min(BINS - 1);
            if let Some(count) = counts.get_mut(bin) {
                *count += 1.0;
            }
        }
        let centre = |at: usize| short(low + (at as f64 + 0.5) * width);
        let points = counts.iter().enumerate().map(|(at, count)| [centre(at), *count]).collect();
        (name.to_owned(), points)
    };
    let series = [line("correlated group", true), line("the other inputs", false)];
    let plot = lines(axis("final weight", ""), axis("inputs", ""), series);
    let mean = |wanted: bool| {
        let all = w.iter().zip(group).filter(|(_, of)| **of == wanted).map(|(w, _)| *w);
        number(Array1::from_iter(all).mean().unwrap_or_default())
    };
    let alt = format!(
        "Final weights from {} to {}: the correlated group has {} on average, the other inputs {}; AUROC {}.",
        number(low),
        number(high),
        mean(true),
        mean(false),
        number(auroc(w, group))
    );
    figure("weights", "Final weights of correlated and other inputs", alt, plot)
}
