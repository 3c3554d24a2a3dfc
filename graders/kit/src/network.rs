//! The multilayer perceptron by which harnesses judge: written from the equations of project 1's handout
//! (Goodfellow, Bengio, Courville: Deep Learning, section 6.5); in `f64` to judge, in `f32` to know how far
//! an honest `f32` solution may lie from it.

use ndarray::{Array1, Array2, Axis, NdFloat};

use crate::check::scaled_err;
use crate::draw::Stream;
pub use crate::layer::Layer;

/// The two precisions.
pub trait Real: NdFloat {
    /// The nearest number of this precision.
    fn of(value: f64) -> Self;
    /// The same number in double precision.
    fn wide(self) -> f64;
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl<F: Real> Layer<F> {
    /// The same layer in another precision.
    pub fn cast<G: Real>(&self) -> Layer<G> {
        let cast = |value: F| G::of(value.wide());
        Layer { w: self.w.mapv(cast), b: self.b.mapv(cast) }
    }
}

/// Every layer in another precision.
pub fn cast<F: Real, G: Real>(layers: &[Layer<F>]) -> Vec<Layer<G>> {
    layers.iter().map(Layer::cast).collect()
}

/// The nonlinearity of the hidden layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(z, 0).
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Its name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
        }
    }

    /// Its value at z.
    pub fn value<F: Real>(self, z: F) -> F {
        match self {
            Self::Relu => z.max(F::zero()),
            Self::Tanh => z.tanh(),
        }
    }

    /// Its derivative at z; 0 for ReLU at 0.
    pub fn slope<F: Real>(self, z: F) -> F {
        match self {
            Self::Relu if z > F::zero() => F::one(),
            Self::Relu => F::zero(),
            Self::Tanh => F::one() - z.tanh() * z.tanh(),
        }
    }
}

/// What a forward pass leaves behind.
#[derive(Clone, Debug)]
pub struct Pass<F> {
    /// Input of each layer, (N, inputs).
    pub inputs: Vec<Array2<F>>,
    /// x W + b of each hidden layer, (N, outputs).
    pub hidden: Vec<Array2<F>>,
    /// x W + b of the last layer, (N, C).
    pub logits: Array2<F>,
}

/// The forward pass of `x` (N, n0).
pub fn forward<F: Real>(layers: &[Layer<F>], x: &Array2<F>, activation: Activation) -> Pass<F> {
    let (mut inputs, mut hidden) = (Vec::new(), Vec::new());
    let mut signal = x.clone();
    for (l, layer) in layers.iter().enumerate() {
        let z = signal.dot(&layer.w) + &layer.b;
        inputs.push(signal);
        if l + 1 < layers.len() {
            signal = z.mapv(|z| activation.value(z));
            hidden.push(z);
        } else {
            signal = z;
        }
    }
    Pass { inputs, hidden, logits: signal }
}

/// The softmax of each row; shifted by its maximum, so that no logit is too large.
pub fn softmax<F: Real>(logits: &Array2<F>) -> Array2<F> {
    let mut p = logits.clone();
    for mut row in p.rows_mut() {
        let max = row.fold(F::neg_infinity(), |max, z| max.max(*z));
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row.mapv_inplace(|e| e / sum);
    }
    p
}

/// The mean over the rows of `-log softmax(logits)[y]`, in nats.
pub fn cross_entropy<F: Real>(logits: &Array2<F>, y: &Array1<i64>) -> F {
    let mut total = F::zero();
    for (row, class) in logits.rows().into_iter().zip(y) {
        let max = row.fold(F::neg_infinity(), |max, z| max.max(*z));
        let sum = row.fold(F::zero(), |sum, z| sum + (*z - max).exp());
        let own = row.get(index(*class)).copied().unwrap_or(F::nan());
        total += sum.ln() + max - own;
    }
    total / F::of(y.len() as f64)
}

/// Loss, gradient and the forward pass they come from.
pub fn loss_and_grads<F: Real>(
    layers: &[Layer<F>],
    x: &Array2<F>,
    y: &Array1<i64>,
    activation: Activation,
) -> (F, Vec<Layer<F>>, Pass<F>) {
    let pass = forward(layers, x, activation);
    // dL/dlogits = (softmax - onehot) / N; then layer by layer backwards.
    let mut delta = softmax(&pass.logits);
    for (mut row, class) in delta.rows_mut().into_iter().zip(y) {
        if let Some(own) = row.get_mut(index(*class)) {
            *own -= F::one();
        }
    }
    delta.mapv_inplace(|d| d / F::of(y.len() as f64));
    let mut grads = Vec::with_capacity(layers.len());
    for (l, (layer, input)) in layers.iter().zip(&pass.inputs).enumerate().rev() {
        grads.push(Layer { w: input.t().dot(&delta), b: delta.sum_axis(Axis(0)) });
        if let Some(z) = l.checked_sub(1).and_then(|below| pass.hidden.get(below)) {
            delta = delta.dot(&layer.w.t()) * z.mapv(|z| activation.slope(z));
        }
    }
    grads.reverse();
    (cross_entropy(&pass.logits, y), grads, pass)
}

/// How close the nearest hidden pre-activation lies to 0, where ReLU has its kink.
pub fn kink_gap<F: Real>(pass: &Pass<F>) -> f64 {
    let all = pass.hidden.iter().flat_map(|z| z.iter());
    all.fold(f64::INFINITY, |gap, z| gap.min(z.abs().wide()))
}

/// The class of the largest logit of each row; the first of equals, and never one that is NaN.
pub fn classify(logits: &Array2<f64>) -> Vec<usize> {
    let best = |row: ndarray::ArrayView1<f64>| {
        let mut best = (0, f64::NEG_INFINITY);
        for (class, z) in row.iter().enumerate() {
            if *z > best.1 {
                best = (class, *z);
            }
        }
        best.0
    };
    logits.rows().into_iter().map(best).collect()
}

/// A class or sample as an index; beyond every array if it is negative.
pub fn index(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Fresh layers of these sizes, inputs first: W ~ N(0, gain / inputs), b ~ N(0, bias^2).
pub fn draw(stream: &mut Stream, sizes: &[usize], gain: f64, bias: f64) -> Vec<Layer> {
    sizes
        .iter()
        .zip(sizes.iter().skip(1))
        .map(|(&inputs, &outputs)| Layer {
            w: stream.normals((inputs, outputs), (gain / inputs as f64).sqrt()),
            b: stream.normals(outputs, bias),
        })
        .collect()
}

/// Numbers of inputs of each layer, then of outputs.
pub fn sizes_of(layers: &[Layer]) -> Vec<usize> {
    let inputs = layers.first().map(|layer| layer.w.nrows());
    inputs.into_iter().chain(layers.iter().map(|layer| layer.w.ncols())).collect()
}

/// The largest scaled difference over all tensors of two lists of layers.
pub fn farthest(a: &[Layer], b: &[Layer]) -> f64 {
    let errors = a.iter().zip(b).map(|(a, b)| scaled_err(&a.w, &b.w).max(scaled_err(&a.b, &b.b)));
    errors.fold(0.0, f64::max)
}

/// All numbers of the layers in order: W0, b0, W1, ..., row by row.
pub fn flat(layers: &[Layer]) -> Vec<f64> {
    layers.iter().flat_map(|layer| layer.w.iter().chain(&layer.b)).copied().collect()
}

/// The share of `guesses` that are the class in `truth`, 0 to 1; 0 if there are none.
pub fn accuracy(guesses: &[usize], truth: &Array1<i64>) -> f64 {
    let right =
        guesses.iter().zip(truth).filter(|(guess, truth)| **guess == index(**truth)).count();
    right as f64 / guesses.len().max(1) as f64
}

#[cfg(test)]
mod tests;
