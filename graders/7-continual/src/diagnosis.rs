//! Mistakes we know: when what came is exactly what a common mistake gives, the message says so.

use ndarray::Array1;
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, classify, farthest, forward, loss_and_grads};

use crate::draws::{Ewc, Fisher, Ranking};
use crate::reference::{ewc_penalty, fisher_diag, mean_of_gradients, zeros_like};

/// How near to a known mistake counts as that mistake.
const SAME: f64 = 1e-3;
/// How far off a result of half precision may lie, when the formula is right.
const COARSE: f64 = 4e-3;

const ROUNDING: &str = "The formula seems right and the numbers too coarse: is anything rounded, or computed in float16?";

/// What `fisher_diag` seems to do instead.
pub fn of_fisher(got: &[Layer], case: &Fisher) -> Option<&'static str> {
    let same = |other: &[Layer]| farthest(got, other) <= SAME;
    let Fisher { layers, x, y, fisher, .. } = case;
    let samples = y.len() as f64;
    let (_, mean_gradient, _) = loss_and_grads(layers, x, y, Activation::Relu);
    let of_mean: Vec<Layer> =
        mean_gradient.iter().map(|g| Layer { w: &g.w * &g.w, b: &g.b * &g.b }).collect();
    let own = classify(&forward(layers, x, Activation::Relu).logits);
    let own = Array1::from_iter(own.iter().map(|class| *class as i64));
    if farthest(got, fisher) <= COARSE {
        Some(ROUNDING)
    } else if samples > 1.0 && same(&of_mean) {
        Some(
            "This is the square of the mean gradient: square each sample's own gradient, then take the mean of the squares.",
        )
    } else if samples > 1.0 && same(&scaled(&of_mean, samples)) {
        Some("This is the square of the mean gradient times N, not the mean of the squares.")
    } else if samples > 1.0 && same(&scaled(fisher, samples)) {
        Some("This is the sum over the samples: the Fisher information is their mean.")
    } else if samples > 1.0 && same(&scaled(fisher, 1.0 / samples)) {
        Some(
            "Every value is N times too small: is a gradient divided by N that belongs to one sample alone?",
        )
    } else if samples > 1.0 && same(&scaled(fisher, 1.0 / (samples * samples))) {
        Some(
            "Every value is N² times too small: the gradient of one sample's own loss has no factor 1/N.",
        )
    } else if same(&mean_of_gradients(layers, x, y, |g| g)) {
        Some("This is the mean gradient: the squares are missing.")
    } else if same(&mean_of_gradients(layers, x, y, f64::abs)) {
        Some("This is the mean of the gradients' sizes: they must be squared.")
    } else if same(&fisher_diag(layers, x, &own)) {
        Some("This is what comes with the network's own guesses as labels: take the true labels y.")
    } else if got.iter().all(|f| f.b.iter().all(|b| *b == 0.0)) {
        Some("The values of the biases are all 0: their gradients count like all others.")
    } else {
        None
    }
}

fn scaled(layers: &[Layer], factor: f64) -> Vec<Layer> {
    layers.iter().map(|l| Layer { w: &l.w * factor, b: &l.b * factor }).collect()
}

/// What `ewc_penalty` seems to do instead.
pub fn of_ewc(value: f64, got: &[Layer], case: &Ewc) -> Option<&'static str> {
    let Ewc { params, old, fisher, lam, .. } = case;
    let close = |other: f64| (value - other).abs() <= SAME * other.abs();
    let same = |other: &[Layer]| farthest(got, other) <= SAME;
    let values_right = close(case.value);
    let ones: Vec<Layer> =
        zeros_like(fisher).iter().map(|f| Layer { w: &f.w + 1.0, b: &f.b + 1.0 }).collect();
    let (plain, _) = ewc_penalty(params, old, &ones, *lam);
    let (unscaled, unscaled_grads) = ewc_penalty(params, old, fisher, 1.0);
    let count: usize = params.iter().map(|p| p.w.len() + p.b.len()).sum();
    if (value - case.value).abs() <= COARSE * case.value.abs()
        && farthest(got, &case.grads) <= COARSE
    {
        Some(ROUNDING)
    } else if case.value == 0.0 {
        Some("Parameters that have not moved cost nothing: the value and every gradient are 0.")
    } else if close(2.0 * case.value) {
        Some("The value is twice too large: the factor is lam/2.")
    } else if close(plain) {
        Some("The Fisher information is not used: each squared change is weighted by its F.")
    } else if close(unscaled) || close(2.0 * unscaled) {
        Some("lam is not used.")
    } else if close(case.value / count as f64) {
        Some("This is the mean over the parameters: the penalty is their sum.")
    } else if values_right && same(&scaled(&case.grads, -1.0)) {
        Some(
            "The value is right and the gradients have the wrong sign: they are with respect to params, not params_old.",
        )
    } else if values_right && (same(&scaled(&case.grads, 0.5)) || same(&scaled(&case.grads, 2.0))) {
        Some(
            "The value is right, and the gradients are off by a factor of 2: the 2 of the square cancels the 1/2.",
        )
    } else if values_right && same(&unscaled_grads) {
        Some("The value is right, and the gradients lack the factor lam.")
    } else if got.iter().all(|g| g.b.iter().all(|b| *b == 0.0)) {
        Some("The gradients of the biases are all 0: they count like all other parameters.")
    } else {
        None
    }
}

/// What `auroc` seems to do instead.
pub fn of_ranking(got: f64, case: &Ranking) -> Option<&'static str> {
    let same = |other: f64| (got - other).abs() <= 1e-9;
    let (mut less, mut equal, mut pairs) = (0.0, 0.0, 0.0);
    let all = || case.scores.iter().zip(&case.strange);
    for (stranger, _) in all().filter(|(_, strange)| **strange == 1) {
        for (known, _) in all().filter(|(_, strange)| **strange == 0) {
            less += f64::from(u8::from(known < stranger));
            equal += f64::from(u8::from(known == stranger));
            pairs += 1.0;
        }
    }
    if equal > 0.0 && same(less / pairs) {
        Some("Equal scores count for nothing here: each such pair counts one half.")
    } else if equal > 0.0 && same((less + equal) / pairs) {
        Some("Equal scores count in full here: each such pair counts one half.")
    } else if same(1.0 - case.area) {
        Some("The ranking is the wrong way round: a stranger should score higher.")
    } else if !(0.0..=1.0).contains(&got) {
        Some("A probability lies between 0 and 1.")
    } else if equal > 0.0 && (got - case.area).abs() < 0.2 {
        Some("Are ties broken by their place in the list? Each pair of equals counts one half.")
    } else {
        None
    }
}
