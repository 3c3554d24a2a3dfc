//! Mistakes we know: when what came is exactly what a common mistake gives, the message says so.

pub mod stopping;

use ndarray::{Array1, Array2, Axis};
use testat_kit::check::scaled_err;
use testat_kit::network::{Layer, farthest};

use crate::draws::{Dropped, Standardised, Story, Weighed};
use crate::reference::{Drop, Norm, Normed, batch_norm, dropout, penalty};
use stopping::{Mistake, mistaken};

/// How near to a known mistake counts as that mistake.
const SAME: f64 = 1e-3;
/// How far off a result of half precision may lie, when the formula is right.
const COARSE: f64 = 4e-3;

const ROUNDING: &str = "The formula seems right and the numbers too coarse: is anything rounded, or computed in float16?";

/// What the value and the gradients of `penalty` seem to be instead.
pub fn of_penalty(value: f64, grads: &[Layer], case: &Weighed) -> Option<&'static str> {
    let (given, (right, expected)) = (&case.given, &case.expected);
    let near = |other: f64| (value - other).abs() <= SAME * other.abs();
    let weights = |other: &[Layer]| {
        grads.iter().zip(other).all(|(got, other)| scaled_err(&got.w, &other.w) <= SAME)
    };
    let with = |l1: f64, l2: f64| penalty::<f64>(&given.layers, l1, l2);
    let biases: f64 = given
        .layers
        .iter()
        .map(|layer| layer.b.fold(0.0, |sum, b| sum + 0.5 * given.l2 * b * b + given.l1 * b.abs()))
        .sum();
    let value_right = near(*right);
    let zeros =
        given.layers.iter().zip(grads).any(|(layer, grad)| {
            layer.w.iter().zip(&grad.w).any(|(w, g)| *w == 0.0 && g.abs() > 1e-9)
        });
    let doubled = 2.0 * given.l2;
    if farthest(grads, expected) <= COARSE && (value - right).abs() <= COARSE * right.abs() {
        Some(ROUNDING)
    } else if biases > 0.0 && near(right + biases) {
        Some("The biases seem to be penalised too: only the weights are.")
    } else if grads.iter().any(|grad| grad.b.iter().any(|b| *b != 0.0)) {
        Some("The gradient of every bias is 0: biases are not penalised.")
    } else if given.l2 > 0.0 && near(with(given.l1, doubled).0) {
        Some("The squares seem to lack the factor 1/2.")
    } else if value_right && given.l2 > 0.0 && weights(&with(given.l1, doubled).1) {
        Some("The value is right, and l2 counts twice in the gradient: d(l2/2 w^2)/dw = l2 w.")
    } else if zeros {
        Some("Where a weight is exactly 0 its gradient is 0 too: sign(0) = 0.")
    } else if near(with(given.l2, given.l1).0) {
        Some("l1 and l2 seem to be swapped.")
    } else if value_right {
        Some("The value is right, the gradients are not.")
    } else {
        None
    }
}

/// What `dropout` seems to do instead.
pub fn of_dropout(out: &Array2<f64>, dh: &Array2<f64>, case: &Dropped) -> Option<&'static str> {
    let given = &case.given;
    let like = |other: &(Array2<f64>, Array2<f64>)| {
        scaled_err(out, &other.0) <= SAME && scaled_err(dh, &other.1) <= SAME
    };
    let with = |change: &dyn Fn(&mut Drop)| {
        let mut drop = given.clone();
        change(&mut drop);
        dropout::<f64>(&drop)
    };
    let (q, keep) = (given.q, 1.0 - given.q);
    let plain = |factor: f64| (&given.h * factor, &given.dout * factor);
    let masked =
        |factor: f64| (&given.h * &given.mask * factor, &given.dout * &given.mask * factor);
    let near = scaled_err(out, &case.expected.0).max(scaled_err(dh, &case.expected.1));
    if near <= COARSE {
        Some(ROUNDING)
    } else if !given.training && like(&with(&|drop| drop.training = true)) {
        Some("Nothing is dropped and nothing scaled when `training` is false.")
    } else if !given.training && scaled_err(out, &plain(keep).0) <= SAME {
        Some("Inverted dropout scales while training and leaves the test alone: out = h there.")
    } else if given.training && like(&masked(1.0)) {
        Some("The factor 1/(1 - q) is missing.")
    } else if given.training && q > 0.0 && like(&masked(1.0 / q)) {
        Some("q is the probability to drop, not to keep.")
    } else if given.training && like(&masked(keep)) {
        Some("The kept units are divided by 1 - q, not multiplied.")
    } else if given.training && like(&with(&|drop| drop.mask.mapv_inplace(|kept| 1.0 - kept))) {
        Some("The mask is 1 for the units that are kept, not for the dropped ones.")
    } else if given.training && like(&plain(1.0)) {
        Some("The mask does not seem to be used.")
    } else if scaled_err(out, &case.expected.0) <= SAME {
        Some(
            "`out` is right, `dh` is not: the gradient passes by the same mask and the same factor.",
        )
    } else {
        None
    }
}

/// What `batch_norm` seems to do instead.
pub fn of_norm(got: &Normed, case: &Standardised) -> Option<&'static str> {
    let given = &case.given;
    let with = |change: &dyn Fn(&mut Norm)| {
        let mut norm = given.clone();
        change(&mut norm);
        batch_norm::<f64>(&norm)
    };
    let y = |other: &Array2<f64>| scaled_err(&got.y, other) <= SAME;
    let var = |other: &Array1<f64>| scaled_err(&got.var, other) <= SAME;
    let right = &case.expected;
    let apart = scaled_err(&got.y, &right.y)
        .max(scaled_err(&got.mean, &right.mean))
        .max(scaled_err(&got.var, &right.var));
    if apart <= COARSE {
        return Some(ROUNDING);
    }
    if !given.training {
        let always = with(&|norm| norm.training = true);
        return if y(&always.y) {
            Some("When `training` is false the running values normalise, not those of the batch.")
        } else if y(&right.y) {
            Some("When `training` is false the running values come back unchanged.")
        } else if y(&outside(given, &given.mean, &given.var)) {
            Some("eps belongs under the root: sqrt(var + eps).")
        } else {
            None
        };
    }
    let never = with(&|norm| norm.training = false);
    let swapped = with(&|norm| norm.momentum = 1.0 - norm.momentum);
    let samples = given.x.nrows() as f64;
    let (mean, own) = batch(&given.x);
    let unbiased = &own * (samples / (samples - 1.0));
    let running =
        |batch: &Array1<f64>| &given.var * (1.0 - given.momentum) + batch * given.momentum;
    if y(&inside(given, &mean, &unbiased)) || (y(&right.y) && var(&running(&unbiased))) {
        Some(
            "The variance is that of the batch itself: divide by N, not by N - 1 (also in the running value).",
        )
    } else if y(&outside(given, &mean, &own)) {
        Some("eps belongs under the root: sqrt(var + eps).")
    } else if y(&right.y) && scaled_err(&got.mean, &swapped.mean) <= SAME {
        Some(
            "The new running value is (1 - momentum) old + momentum batch, not the other way round.",
        )
    } else if y(&right.y) && scaled_err(&got.mean, &given.mean) <= SAME {
        Some("While training the running mean and variance must be updated.")
    } else if y(&right.y) && var(&running(&own.mapv(f64::sqrt))) {
        Some("The second running value is a variance, not a standard deviation.")
    } else if y(&never.y) {
        Some("While training the mean and variance of the batch normalise, not the running ones.")
    } else if y(&inside(given, &right.mean, &right.var)) {
        Some("While training the batch's own values normalise, not the updated running ones.")
    } else if y(&right.y) {
        Some("`y` is right, the running values are not.")
    } else {
        None
    }
}

/// Mean and variance (1/N) of each feature.
fn batch(x: &Array2<f64>) -> (Array1<f64>, Array1<f64>) {
    let samples = x.nrows().max(1) as f64;
    let mean = x.sum_axis(Axis(0)) / samples;
    let var = (x - &mean).mapv(|d| d * d).sum_axis(Axis(0)) / samples;
    (mean, var)
}

/// Normalised by these values, eps under the root.
fn inside(norm: &Norm, mean: &Array1<f64>, var: &Array1<f64>) -> Array2<f64> {
    (&norm.x - mean) / var.mapv(|v| (v + norm.eps).sqrt()) * &norm.gamma + &norm.beta
}

/// Normalised by these values, eps beside the root.
fn outside(norm: &Norm, mean: &Array1<f64>, var: &Array1<f64>) -> Array2<f64> {
    (&norm.x - mean) / var.mapv(|v| v.sqrt() + norm.eps) * &norm.gamma + &norm.beta
}

/// What `early_stop` seems to do instead, over all calls: the first mistake that explains every answer.
pub fn of_stops(answers: &[(i64, i64)], stories: &[Story]) -> Option<&'static str> {
    let explains = |mistake: Mistake| {
        answers.iter().zip(stories).all(|(got, case)| *got == mistaken(&case.given, mistake))
    };
    Mistake::ALL.into_iter().find(|(mistake, _)| explains(*mistake)).map(|(_, words)| words)
}

#[cfg(test)]
mod tests;
