//! What the student's functions are asked with: everything drawn, every edge in every grading.

mod losses;

use ndarray::{Array1, Array2};
use testat_kit::check::scaled_err;
use testat_kit::draw::Stream;
use testat_kit::glyph::{Alphabet, CLASSES, Digits, PIXELS, Style};
use testat_kit::network::{Layer, cast, draw, farthest};
use testat_kit::tally::Turn;

use crate::reference::{Drop, Norm, Normed, batch_norm, dropout, penalty};

pub use losses::{Story, stories};

/// Farthest that our own `f32` twin may lie from the reference: ten times closer than the tolerance.
const TWIN: f64 = 1e-5;
/// Sizes of the network that is trained.
pub const SIZES: [usize; 3] = [PIXELS, 256, 10];
/// Training images.
pub const TRAIN: usize = 800;
/// Validation images.
pub const VALIDATION: usize = 100;
/// Hidden test images.
pub const TEST: usize = 897;
/// Share of wrong labels among those that the student sees.
pub const WRONG: f64 = 0.5;

/// One call, with what it should return.
#[derive(Clone, Debug)]
pub struct Case<A, R> {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Arguments.
    pub given: A,
    /// Expected results.
    pub expected: R,
}

impl<A: Clone, R: Clone> Case<A, R> {
    fn fresh(edge: &'static str, given: A, expected: R) -> Self {
        Self { edge, turn: Turn::Fresh, given, expected }
    }

    fn following(self, edge: &'static str) -> Self {
        Self { edge, turn: Turn::Following, ..self }
    }
}

/// Arguments of `penalty`.
#[derive(Clone, Debug)]
pub struct Weighing {
    /// Parameters; a tenth of the weights is exactly 0, no bias is.
    pub layers: Vec<Layer>,
    /// Factor of the sum of magnitudes.
    pub l1: f64,
    /// Twice the factor of the sum of squares.
    pub l2: f64,
}

/// One call of `penalty`.
pub type Weighed = Case<Weighing, (f64, Vec<Layer>)>;
/// One call of `dropout`.
pub type Dropped = Case<Drop, (Array2<f64>, Array2<f64>)>;
/// One call of `batch_norm`.
pub type Standardised = Case<Norm, Normed>;

/// The calls of `penalty` in order: 1 to 4 layers, among them one with l1 = 0 and one with l2 = 0; both 0; the
/// shapes of the call before with other values; the first call again.
pub fn weighings(stream: &mut Stream) -> Vec<Weighed> {
    let mut calls = Vec::new();
    for (depth, edge) in (1..=4).zip(stream.permutation(4)) {
        let (l1, l2) = (stream.uniform(0.01, 0.5), stream.uniform(0.01, 0.5));
        let (l1, l2, edge) = match edge {
            0 => (0.0, l2, "l1 = 0"),
            1 => (l1, 0.0, "l2 = 0"),
            _ => (l1, l2, ""),
        };
        let sizes: Vec<usize> = (0..=depth).map(|_| stream.between(3, 12)).collect();
        calls.push(weighing(stream, &sizes, l1, l2, edge));
    }
    let sizes = [stream.between(4, 9), stream.between(4, 9), stream.between(3, 6)];
    calls.push(weighing(stream, &sizes, 0.0, 0.0, "l1 = l2 = 0"));
    let (l1, l2) = (stream.uniform(0.01, 0.5), stream.uniform(0.01, 0.5));
    let edge = "the shapes of the call before with other values";
    calls.push(weighing(stream, &sizes, l1, l2, "").following(edge));
    again(calls)
}

fn weighing(stream: &mut Stream, sizes: &[usize], l1: f64, l2: f64, edge: &'static str) -> Weighed {
    loop {
        let mut layers = draw(stream, sizes, 2.0, 0.7);
        for layer in &mut layers {
            let zeros = layer.w.len().div_ceil(10);
            let places = stream.permutation(layer.w.len());
            for place in places.into_iter().take(zeros) {
                layer.w.iter_mut().skip(place).take(1).for_each(|w| *w = 0.0);
            }
        }
        let (value, grads) = penalty::<f64>(&layers, l1, l2);
        let (twin, twins) = penalty::<f32>(&cast(&layers), l1, l2);
        let steady = (f64::from(twin) - value).abs() <= TWIN * value.abs();
        if steady && farthest(&cast(&twins), &grads) <= TWIN {
            return Case::fresh(edge, Weighing { layers, l1, l2 }, (value, grads));
        }
    }
}

/// The calls of `dropout` in order: q small, large, 0 and between, while training and not, one with activities
/// of which half are 0; the shapes of the call before with other values; the first call again.
pub fn droppings(stream: &mut Stream) -> Vec<Dropped> {
    let plans = [
        ((0.1, 0.3), true, false, ""),
        ((0.6, 0.9), false, false, "not training"),
        ((0.0, 0.0), true, false, "q = 0"),
        ((0.6, 0.9), true, false, ""),
        ((0.1, 0.3), false, true, "not training"),
        // The last one trains, so that the mask of the call after it, of the same shape, must be used.
        ((0.3, 0.6), true, true, "h after a ReLU"),
    ];
    let mut calls: Vec<Dropped> = plans
        .into_iter()
        .map(|(q, training, rectified, edge)| {
            let (shape, q) =
                ((stream.between(5, 12), stream.between(6, 16)), stream.uniform(q.0, q.1));
            dropping(stream, shape, q, training, rectified, edge)
        })
        .collect();
    if let Some(before) = calls.last().cloned() {
        let edge = "the shapes of the call before with other values";
        let q = stream.uniform(0.2, 0.7);
        let other = dropping(stream, before.given.h.dim(), q, true, false, "");
        calls.push(other.following(edge));
    }
    again(calls)
}

fn dropping(
    stream: &mut Stream,
    shape: (usize, usize),
    q: f64,
    training: bool,
    rectified: bool,
    edge: &'static str,
) -> Dropped {
    loop {
        let mut h: Array2<f64> = stream.normals(shape, 1.0);
        if rectified {
            h.mapv_inplace(|h| h.max(0.0));
        }
        let mask = Array2::from_shape_simple_fn(shape, || f64::from(u8::from(!stream.chance(q))));
        let dout = stream.normals(shape, 1.0);
        let kept = mask.sum() / mask.len() as f64;
        let drop = Drop { h, mask, q, dout, training };
        let (out, dh) = dropout::<f64>(&drop);
        // The share that was kept by chance must not be mistaken for 1 - q.
        if q == 0.0 || (kept > 0.05 && (kept / (1.0 - q) - 1.0).abs() > 0.005) {
            return Case::fresh(edge, drop, (out, dh));
        }
    }
}

/// The calls of `batch_norm` in order: training with eps 1e-5 and 1e-2 and with two samples; not training, once
/// with a single sample; the shapes of the call before with other values; the first call again. While training
/// there is always a constant feature and one whose variance is about eps.
pub fn normings(stream: &mut Stream) -> Vec<Standardised> {
    let plans = [
        (1e-5, (6, 20), true, "eps 1e-5"),
        (1e-2, (6, 20), false, "not training"),
        (1e-2, (2, 2), true, "two samples, eps 1e-2"),
        (1e-5, (1, 1), false, "not training, a single sample"),
        (1e-2, (6, 20), true, "eps 1e-2"),
        (1e-5, (3, 12), true, "eps 1e-5"),
    ];
    let mut calls: Vec<Standardised> = plans
        .into_iter()
        .map(|(eps, samples, training, edge)| {
            let shape = (stream.between(samples.0, samples.1), stream.between(4, 9));
            norming(stream, shape, eps, training, edge)
        })
        .collect();
    if let Some(before) = calls.last().cloned() {
        let edge = "the shapes of the call before with other values";
        calls.push(norming(stream, before.given.x.dim(), 1e-5, true, "").following(edge));
    }
    again(calls)
}

fn norming(
    stream: &mut Stream,
    shape: (usize, usize),
    eps: f64,
    training: bool,
    edge: &'static str,
) -> Standardised {
    let features = shape.1;
    loop {
        let mut x: Array2<f64> = stream.normals(shape, 1.0);
        for (at, mut column) in stream.permutation(features).into_iter().zip(x.columns_mut()) {
            // Eighths: their sums are exact in every precision, so that a constant has no variance at all.
            let centre = (stream.below(33) as f64 - 16.0) / 8.0;
            let spread = match at {
                0 => 0.0,
                1 => eps.sqrt() * stream.uniform(0.3, 1.0),
                _ => stream.uniform(0.5, 3.0),
            };
            column.mapv_inplace(|value| centre + spread * value);
        }
        let mut vector =
            |low, high| Array1::from_shape_simple_fn(features, || stream.uniform(low, high));
        let (gamma, beta) = (vector(0.5, 2.0), vector(-1.5, 1.5));
        let (mean, var) = (vector(-2.0, 2.0), vector(0.5, 2.0));
        let momentum = stream.uniform(0.05, 0.5);
        let norm = Norm { x, gamma, beta, mean, var, momentum, eps, training };
        let (expected, twin) = (batch_norm::<f64>(&norm), batch_norm::<f32>(&norm));
        if apart(&twin, &expected) <= TWIN {
            return Case::fresh(edge, norm, expected);
        }
    }
}

fn apart(twin: &Normed<f32>, expected: &Normed) -> f64 {
    scaled_err(&twin.y.mapv(f64::from), &expected.y)
        .max(scaled_err(&twin.mean.mapv(f64::from), &expected.mean))
        .max(scaled_err(&twin.var.mapv(f64::from), &expected.var))
}

/// The calls, and after them the first once more.
fn again<A: Clone, R: Clone>(mut calls: Vec<Case<A, R>>) -> Vec<Case<A, R>> {
    if let Some(first) = calls.first().cloned() {
        calls.push(first.following("the first call's arguments again"));
    }
    calls
}

/// One learning task.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Images (800, 64) and labels, half of which are wrong.
    pub train: Digits,
    /// Images (100, 64) and labels, half of which are wrong.
    pub validation: Digits,
    /// Never leaves the harness; its labels are right.
    pub test: Digits,
    /// Weights to begin with.
    pub start: Vec<Layer>,
    /// Seed for the student's own choices.
    pub seed: i64,
}

/// Ten invented digits, half of whose labels are replaced by another one, and fresh weights.
pub fn lesson(stream: &mut Stream) -> Lesson {
    let style = Style { noise: 0.10, polarity: false, strength: 0.5 };
    let alphabet = Alphabet::draw(stream);
    let mut train = alphabet.digits(stream, TRAIN, style);
    let mut validation = alphabet.digits(stream, VALIDATION, style);
    let test = alphabet.digits(stream, TEST, style);
    mislabel(stream, &mut train);
    mislabel(stream, &mut validation);
    let start = draw(stream, &SIZES, 2.0, 0.0);
    Lesson { train, validation, test, start, seed: stream.handed_seed() }
}

/// Replaces each label with probability one half by one of the nine others.
fn mislabel(stream: &mut Stream, digits: &mut Digits) {
    for label in &mut digits.labels {
        if stream.chance(WRONG) {
            *label = (*label + 1 + stream.below(CLASSES - 1) as i64) % CLASSES as i64;
        }
    }
}

#[cfg(test)]
mod tests;
