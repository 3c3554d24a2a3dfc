//! Mistakes we know: when what came is exactly what a common mistake gives, the message says so.

use ndarray::{Array2, Axis};
use testat_kit::check::scaled_err;
use testat_kit::network::{
    Activation, Layer, Pass, cross_entropy, farthest, forward, loss_and_grads, softmax,
};

use crate::draws::{Case, Walk};
use crate::reference::{Descent, sgd};

/// How near to a known mistake counts as that mistake.
const SAME: f64 = 1e-3;
/// How far off a result of half precision may lie, when the formula is right.
const COARSE: f64 = 4e-3;

const ROUNDING: &str = "The formula seems right and the numbers too coarse: is anything rounded, or computed in float16?";

/// What `forward` seems to do instead.
pub fn of_logits(got: &Array2<f64>, case: &Case) -> Option<&'static str> {
    let same = |other: &Array2<f64>| scaled_err(got, other) <= SAME;
    let kind = case.activation;
    let other = match kind {
        Activation::Relu => Activation::Tanh,
        Activation::Tanh => Activation::Relu,
    };
    let without_bias: Vec<Layer> =
        case.layers.iter().map(|l| Layer { w: l.w.clone(), b: &l.b * 0.0 }).collect();
    if scaled_err(got, &case.logits) <= COARSE {
        Some(ROUNDING)
    } else if same(&softmax(&case.logits)) {
        Some(
            "These are probabilities: return the logits, the last layer's x W + b, without softmax.",
        )
    } else if same(&case.logits.mapv(|z| kind.value(z))) {
        Some("The activation seems to be applied to the last layer too, which is linear.")
    } else if same(&forward(&case.layers, &case.x, other).logits) {
        Some("This is the result of the other activation: is the argument `activation` used?")
    } else if same(&forward(&without_bias, &case.x, kind).logits) {
        Some("This is the result without the biases.")
    } else {
        None
    }
}

/// What the loss seems to be instead.
pub fn of_loss(got: f64, case: &Case) -> Option<&'static str> {
    let same = |other: f64| (got - other).abs() <= SAME * other.abs();
    let samples = case.y.len() as f64;
    if (got - case.loss).abs() <= COARSE * case.loss.abs() {
        Some(ROUNDING)
    } else if overflows(case) && got > 0.0 && got < case.loss {
        Some(
            "The loss is cut short: log(p + 1e-12) ends near 27. Work with logits less their maximum, and no epsilon.",
        )
    } else if samples > 1.0 && same(case.loss * samples) {
        Some("This is the sum over the samples: the loss is their mean.")
    } else if same(case.loss / std::f64::consts::LN_2) {
        Some("This is the loss in bits: use the natural logarithm.")
    } else if same(-case.loss) {
        Some("The sign is the wrong way round.")
    } else if same(case.loss / case.logits.ncols() as f64) {
        Some("This is the mean over samples and classes: the mean is over the samples alone.")
    } else {
        None
    }
}

/// What the gradients seem to be instead.
pub fn of_grads(got: &[Layer], case: &Case) -> Option<&'static str> {
    let same = |other: &[Layer]| farthest(got, other) <= SAME;
    let samples = case.y.len() as f64;
    let scaled = |factor: f64| -> Vec<Layer> {
        case.grads.iter().map(|g| Layer { w: &g.w * factor, b: &g.b * factor }).collect()
    };
    let weights_right =
        got.iter().zip(&case.grads).all(|(got, right)| scaled_err(&got.w, &right.w) <= SAME);
    let pass = forward(&case.layers, &case.x, case.activation);
    let kind = case.activation;
    if farthest(got, &case.grads) <= COARSE {
        Some(ROUNDING)
    } else if samples > 1.0 && same(&scaled(samples)) {
        Some(
            "Every gradient is N times too large: the loss is a mean, so its gradient has a factor 1/N.",
        )
    } else if same(&scaled(-1.0)) {
        Some("The sign is the wrong way round.")
    } else if weights_right && got.iter().all(|g| g.b.iter().all(|b| *b == 0.0)) {
        Some(
            "The gradients of the biases are all 0: each is the sum of that layer's deltas over the samples.",
        )
    } else if weights_right {
        Some("The gradients of the weights are right, those of the biases are not.")
    } else if same(&backward(case, &pass, |_| 1.0)) {
        Some("This is what comes without the activation's derivative on the way back.")
    } else if same(&backward(case, &pass, |z| kind.slope(kind.value(z)))) {
        Some("This is what comes when the activation's derivative is taken at h instead of z.")
    } else {
        None
    }
}

/// Backpropagation with another slope in place of the activation's.
fn backward(case: &Case, pass: &Pass<f64>, slope: impl Fn(f64) -> f64) -> Vec<Layer> {
    let mut delta = softmax(&pass.logits);
    for (mut row, class) in delta.rows_mut().into_iter().zip(&case.y) {
        if let Some(own) = usize::try_from(*class).ok().and_then(|class| row.get_mut(class)) {
            *own -= 1.0;
        }
    }
    delta /= case.y.len() as f64;
    let mut grads = Vec::new();
    for (l, (layer, input)) in case.layers.iter().zip(&pass.inputs).enumerate().rev() {
        grads.push(Layer { w: input.t().dot(&delta), b: delta.sum_axis(Axis(0)) });
        if let Some(z) = l.checked_sub(1).and_then(|below| pass.hidden.get(below)) {
            delta = delta.dot(&layer.w.t()) * z.mapv(&slope);
        }
    }
    grads.reverse();
    grads
}

/// What `sgd` seems to do instead.
pub fn of_walk(got: &[Layer], walk: &Walk) -> Option<&'static str> {
    let same = |other: &[Layer]| farthest(got, other) <= SAME;
    let with = |change: &dyn Fn(&mut Descent)| {
        let mut descent = walk.descent.clone();
        change(&mut descent);
        sgd(&walk.layers, &descent).0
    };
    let momentum = walk.descent.momentum;
    let batch = walk.descent.order.ncols() as f64;
    if farthest(got, &walk.end) <= COARSE {
        Some(ROUNDING)
    } else if same(&walk.layers) {
        Some("The parameters come back unchanged.")
    } else if momentum > 0.0 && same(&with(&|d| d.momentum = 0.0)) {
        Some("This is plain gradient descent: the momentum is not used.")
    } else if momentum > 0.0 && same(&with(&|d| d.lr *= 1.0 - momentum)) {
        Some(
            "The gradient seems to be weighted by 1 - momentum: v = momentum v - lr g has no such factor.",
        )
    } else if momentum > 0.0 && same(&nesterov(walk)) {
        Some("This is Nesterov's momentum: here the gradient is taken at p, before the step.")
    } else if batch > 1.0 && same(&with(&|d| d.lr *= batch)) {
        Some("Every step is B times too long: the gradient of a minibatch is a mean.")
    } else if same(&with(&|d| d.order.invert_axis(Axis(0)))) {
        Some("The rows of `order` seem to be taken from the last to the first.")
    } else {
        None
    }
}

/// The walk with the gradient taken ahead, at p + momentum v.
fn nesterov(walk: &Walk) -> Vec<Layer> {
    let Descent { x, y, order, lr, momentum, activation } = &walk.descent;
    let mut params = walk.layers.clone();
    let mut velocity: Vec<Layer> =
        params.iter().map(|p| Layer { w: &p.w * 0.0, b: &p.b * 0.0 }).collect();
    for step in order.rows() {
        let rows: Vec<usize> = step.iter().filter_map(|i| usize::try_from(*i).ok()).collect();
        let ahead: Vec<Layer> = params
            .iter()
            .zip(&velocity)
            .map(|(p, v)| Layer { w: &p.w + &v.w * *momentum, b: &p.b + &v.b * *momentum })
            .collect();
        let (batch, classes) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let (_, grads, _) = loss_and_grads(&ahead, &batch, &classes, *activation);
        for ((p, v), g) in params.iter_mut().zip(&mut velocity).zip(grads) {
            *v = Layer { w: &v.w * *momentum - g.w * *lr, b: &v.b * *momentum - g.b * *lr };
            p.w += &v.w;
            p.b += &v.b;
        }
    }
    params
}

/// Whether the loss of these logits is not finite when the exponentials are taken as they are.
pub fn overflows(case: &Case) -> bool {
    let sums: Vec<f64> =
        case.logits.mapv(f64::exp).rows().into_iter().map(|row| row.sum()).collect();
    cross_entropy(&case.logits, &case.y).is_finite()
        && sums.iter().any(|sum| !sum.is_finite() || *sum == 0.0)
}
