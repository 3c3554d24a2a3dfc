//! Mistakes we know: when what came is exactly what a common mistake gives, the message says so.

use ndarray::Array2;
use testat_kit::check::scaled_err;
use testat_kit::layer::Layer;
use testat_kit::network::{cast, cross_entropy, farthest, forward};

use crate::draws::{Case, EPOCHS, Lesson};
use crate::own::{Beside, Own, Snapshots};
use crate::reference::{ACTIVATION, Route, cosine, distance, grads_of};

/// How near to a known mistake counts as that mistake.
const SAME: f64 = 1e-3;
/// How far off a result of half precision may lie, when the formula is right.
const COARSE: f64 = 4e-3;
/// How near to a run in single precision counts as that run, as a share of its length.
const NEAR: f64 = 2e-2;

const ROUNDING: &str = "The formula seems right and the numbers too coarse: is anything rounded, or computed in float16?";

/// What the gradients seem to be instead.
pub fn of_grads(got: &[Layer], case: &Case) -> Option<&'static str> {
    let same = |other: &[Layer]| farthest(got, other) <= SAME;
    let samples = case.y.len() as f64;
    let weights_right =
        got.iter().zip(&case.grads).all(|(got, right)| scaled_err(&got.w, &right.w) <= SAME);
    if farthest(got, &case.grads) <= COARSE {
        Some(ROUNDING)
    } else if samples > 1.0 && same(&scaled(&case.grads, samples)) {
        Some(
            "Every gradient is N times too large: the loss is a mean, so its gradient has a factor 1/N.",
        )
    } else if same(&scaled(&case.grads, -1.0)) {
        Some("The sign is the wrong way round.")
    } else if weights_right && got.iter().all(|g| g.b.iter().all(|b| *b == 0.0)) {
        Some(
            "The gradients of the biases are all 0: each is the sum of that layer's deltas over the samples.",
        )
    } else if weights_right {
        Some("The gradients of the weights are right, those of the biases are not.")
    } else {
        of_route(got, case)
    }
}

/// Whether the error seems to come back by another way.
fn of_route(got: &[Layer], case: &Case) -> Option<&'static str> {
    let pass = forward(&case.layers, &case.x, ACTIVATION);
    let by = |feedback: &[Array2<f64>], route: Route, slope: &dyn Fn(f64) -> f64| {
        let fits = route == Route::Backprop || fits(feedback, case, route);
        let grads = || grads_of(&pass, &case.layers, feedback, &case.y, route, slope);
        fits && farthest(got, &grads()) <= SAME
    };
    let slope = |z: f64| ACTIVATION.slope(z);
    let other = if case.route == Route::Dfa { Route::Fa } else { Route::Dfa };
    let negative: Vec<Array2<f64>> = case.feedback.iter().map(|b| b.mapv(|b| -b)).collect();
    let transposed: Vec<Array2<f64>> = case.feedback.iter().map(|b| b.t().to_owned()).collect();
    let signs: Vec<Array2<f64>> =
        case.layers.iter().skip(1).map(|layer| layer.w.t().mapv(f64::signum)).collect();
    if by(&case.feedback, Route::Backprop, &slope) {
        Some("This is backpropagation: the transposed weights are used where B belongs.")
    } else if by(&signs, Route::Fa, &slope) {
        Some("This comes with the signs of the transposed weights: use B, and no part of W.")
    } else if by(&negative, case.route, &slope) {
        Some("This is what comes with -B in place of B.")
    } else if by(&transposed, case.route, &slope) {
        Some(
            "This is what comes with B transposed: delta_l has the rows of X, and B is used as it is.",
        )
    } else if by(&case.feedback, other, &slope) {
        Some("This is the result of the other rule: is the argument `rule` used?")
    } else if by(&case.feedback, case.route, &|_| 1.0) {
        Some("This is what comes without the derivative of tanh on the way back.")
    } else if by(&case.feedback, case.route, &|z: f64| ACTIVATION.slope(z.tanh())) {
        Some("This is what comes when the derivative of tanh is taken at h instead of z.")
    } else {
        None
    }
}

/// Whether matrices have the shapes that `route` needs, so that it can be reckoned with them.
fn fits(feedback: &[Array2<f64>], case: &Case, route: Route) -> bool {
    let sizes = testat_kit::network::sizes_of(&case.layers);
    feedback.iter().map(Array2::dim).eq(route.shapes(&sizes))
}

fn scaled(layers: &[Layer], factor: f64) -> Vec<Layer> {
    layers.iter().map(|l| Layer { w: &l.w * factor, b: &l.b * factor }).collect()
}

/// A hint for results that are not finite where a softmax taken literally overflows.
pub fn overflow(case: &Case) -> Option<&'static str> {
    let logits = forward(&case.layers, &case.x, ACTIVATION).logits;
    let sums = logits.mapv(f64::exp).rows().into_iter().map(|row| row.sum()).collect::<Vec<_>>();
    let literally = sums.iter().all(|sum| sum.is_finite() && *sum > 0.0);
    (cross_entropy(&logits, &case.y).is_finite() && !literally).then_some(
        "With such logits exp overflows or vanishes: subtract each row's maximum before the exponentials.",
    )
}

/// What a run seems to have done instead.
pub fn of_run(got: &[Layer], lesson: &Lesson, own: &Own, beside: &Beside) -> String {
    let Some((last, hidden)) = got.split_last() else { return String::new() };
    let (still, start_of_hidden) = (got == lesson.start, lesson.start.get(..hidden.len()));
    if still {
        return "The parameters come back unchanged.".to_owned();
    }
    if lesson.feedback.last().is_some_and(|b| scaled_err(&last.w, &b.t()) <= SAME) {
        return "The last weights are the feedback itself: alignment must be learnt.".to_owned();
    }
    if Some(hidden) == start_of_hidden {
        return "Only the last layer has moved.".to_owned();
    }
    if let Some(epoch) = reached(got, lesson, &own.snapshots, EPOCHS) {
        return format!(
            "Here our own run stands after {epoch} of {EPOCHS} epochs: is every row of `order` used?"
        );
    }
    if reached(got, lesson, &beside.backprop, EPOCHS + 1).is_some() {
        return "These are the weights of backpropagation: is B used while training?".to_owned();
    }
    let straight = got
        .iter()
        .zip(&own.end)
        .zip(&lesson.start)
        .all(|((got, end), start)| cosine(&(&got.w - &start.w), &(&end.w - &start.w)) > 0.999);
    let far = distance(got, &own.end, &lesson.start).0;
    if straight && far > 0.1 {
        "The weights have moved in the right direction and by the wrong length: is each step lr times the \
         gradient, once?"
            .to_owned()
    } else if far < 0.1 {
        "That is near, and not the same run: every row of `order` in turn, B in every step, lr as given, \
         float32 or better, and neither momentum nor weight decay."
            .to_owned()
    } else {
        "Every row of `order` in turn is one step: p = p - lr g, with g from `feedback_grads` on these \
         samples, this B and this rule; lr stays as given."
            .to_owned()
    }
}

/// The first epoch below `limit` at which a run stood where `got` stands.
fn reached(got: &[Layer], lesson: &Lesson, run: &Snapshots, limit: usize) -> Option<usize> {
    let here = |layers: &Vec<Layer<f32>>| {
        let layers: Vec<Layer> = cast(layers);
        distance(got, &layers, &lesson.start).0 <= NEAR / 10.0
    };
    let mut epochs = run.iter().enumerate().take(limit).skip(1);
    epochs.find(|(_, layers)| here(layers)).map(|(epoch, _)| epoch)
}
