//! The harness's own gradients, written from the equations of the handout (Lillicrap et al. 2016 for `fa`,
//! Nokland 2016 for `dfa`); in `f64` to judge, in `f32` to know how far an honest `f32` solution may lie
//! from it.

use ndarray::{Array1, Array2, Axis};
use testat_kit::network::{Activation, Layer, Pass, Real, forward, index, softmax};

/// The nonlinearity of the hidden layers in this project.
pub const ACTIVATION: Activation = Activation::Tanh;

/// The way by which the output error reaches the hidden layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Feedback alignment: layer by layer, a fixed matrix in place of each transposed weight matrix.
    Fa,
    /// Direct feedback alignment: from the output straight to each hidden layer.
    Dfa,
    /// Backpropagation, for comparison: layer by layer through the transposed weights.
    Backprop,
}

impl Route {
    /// Its name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fa => "fa",
            Self::Dfa => "dfa",
            Self::Backprop => "backprop",
        }
    }

    /// Shapes of the feedback matrices of a network of these sizes, inputs first: B1, B2, ..., one for each
    /// hidden layer. Backpropagation is given those of `fa` and uses none.
    pub fn shapes(self, sizes: &[usize]) -> Vec<(usize, usize)> {
        let classes = sizes.last().copied().unwrap_or_default();
        let above = sizes.iter().skip(2);
        let hidden = sizes.iter().skip(1).zip(above);
        hidden
            .map(|(&own, &above)| (if self == Self::Dfa { classes } else { above }, own))
            .collect()
    }
}

/// dL/dlogits of the mean cross-entropy: (softmax - onehot) / N, (N, C).
pub fn output_error<F: Real>(logits: &Array2<F>, y: &Array1<i64>) -> Array2<F> {
    let mut error = softmax(logits);
    for (mut row, class) in error.rows_mut().into_iter().zip(y) {
        if let Some(own) = row.get_mut(index(*class)) {
            *own -= F::one();
        }
    }
    error.mapv_inplace(|e| e / F::of(y.len() as f64));
    error
}

/// What moves the weights of each layer, and the forward pass it comes from. `feedback` holds B1, B2, ...
pub fn feedback_grads<F: Real>(
    layers: &[Layer<F>],
    feedback: &[Array2<F>],
    x: &Array2<F>,
    y: &Array1<i64>,
    route: Route,
) -> (Vec<Layer<F>>, Pass<F>) {
    let pass = forward(layers, x, ACTIVATION);
    let grads = grads_of(&pass, layers, feedback, y, route, |z| ACTIVATION.slope(z));
    (grads, pass)
}

/// As [`feedback_grads`], from a forward pass, and with any `slope` in place of the activation's.
pub fn grads_of<F: Real>(
    pass: &Pass<F>,
    layers: &[Layer<F>],
    feedback: &[Array2<F>],
    y: &Array1<i64>,
    route: Route,
    slope: impl Fn(F) -> F,
) -> Vec<Layer<F>> {
    let error = output_error(&pass.logits, y);
    let mut delta = error.clone();
    let mut grads = Vec::with_capacity(layers.len());
    for (l, (layer, input)) in layers.iter().zip(&pass.inputs).enumerate().rev() {
        grads.push(Layer { w: input.t().dot(&delta), b: delta.sum_axis(Axis(0)) });
        let Some(below) = l.checked_sub(1) else { break };
        let (Some(z), Some(matrix)) = (pass.hidden.get(below), feedback.get(below)) else { break };
        let back = match route {
            Route::Fa => delta.dot(matrix),
            Route::Dfa => error.dot(matrix),
            Route::Backprop => delta.dot(&layer.w.t()),
        };
        delta = back * z.mapv(&slope);
    }
    grads.reverse();
    grads
}

/// The cosine of the angle between two tensors taken as vectors; 0 if one of them has no direction.
pub fn cosine<'a, F: Real>(
    a: impl IntoIterator<Item = &'a F>,
    b: impl IntoIterator<Item = &'a F>,
) -> f64 {
    let (mut both, mut own, mut other) = (0.0, 0.0, 0.0);
    for (a, b) in a.into_iter().zip(b) {
        let (a, b) = (a.wide(), b.wide());
        both += a * b;
        own += a * a;
        other += b * b;
    }
    let length = (own * other).sqrt();
    if length > 0.0 { both / length } else { 0.0 }
}

/// The cosine between the transposed weights of the last layer and the last feedback matrix: what
/// backpropagation would use, and what is used instead. Both routes have it, of the shape (C, `n_{L-1}`).
pub fn alignment<F: Real>(layers: &[Layer<F>], feedback: &[Array2<F>]) -> f64 {
    match (layers.last(), feedback.last()) {
        (Some(last), Some(matrix)) => cosine(last.w.t().iter(), matrix),
        _ => 0.0,
    }
}

/// How far `end` lies from `other`, as a share of the way from `start` to `other`: the largest over all
/// tensors, with the tensor's name. Lengths are Euclidean; what is no number lies infinitely far away.
pub fn distance(end: &[Layer], other: &[Layer], start: &[Layer]) -> (f64, String) {
    let mut farthest = (0.0, String::new());
    for (l, ((end, other), start)) in end.iter().zip(other).zip(start).enumerate() {
        let w = share(end.w.iter(), other.w.iter(), start.w.iter());
        let b = share(end.b.iter(), other.b.iter(), start.b.iter());
        for (share, name) in [(w, format!("W{l}")), (b, format!("b{l}"))] {
            if share > farthest.0 || farthest.1.is_empty() {
                farthest = (share, name);
            }
        }
    }
    farthest
}

fn share<'a>(
    end: impl Iterator<Item = &'a f64>,
    other: impl Iterator<Item = &'a f64>,
    start: impl Iterator<Item = &'a f64>,
) -> f64 {
    let (mut gap, mut way) = (0.0, 0.0);
    for ((end, other), start) in end.zip(other).zip(start) {
        gap += (end - other) * (end - other);
        way += (other - start) * (other - start);
    }
    let share = (gap / way).sqrt();
    if share.is_nan() { f64::INFINITY } else { share }
}

#[cfg(test)]
mod tests;
