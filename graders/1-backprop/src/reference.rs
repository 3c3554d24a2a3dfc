//! The harness's own `sgd`, written from the equations of the handout. Forward pass, loss and gradient are the
//! kit's [`network`](testat_kit::network), by which every project judges.

use ndarray::{Array1, Array2, Axis};
use testat_kit::network::{Activation, Layer, Real, index, kink_gap, loss_and_grads};

/// What `sgd` is asked with, beside the layers.
#[derive(Clone, Debug)]
pub struct Descent {
    /// All samples, (M, n0).
    pub x: Array2<f64>,
    /// Their classes, (M,).
    pub y: Array1<i64>,
    /// The samples of each step, (K, B).
    pub order: Array2<i64>,
    /// Learning rate.
    pub lr: f64,
    /// Momentum.
    pub momentum: f64,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
}

/// The layers after all steps, and how close any hidden pre-activation came to 0 on the way.
pub fn sgd<F: Real>(layers: &[Layer<F>], descent: &Descent) -> (Vec<Layer<F>>, f64) {
    let (lr, momentum) = (F::of(descent.lr), F::of(descent.momentum));
    let x = descent.x.mapv(F::of);
    let mut params = layers.to_vec();
    let mut velocity: Vec<Layer<F>> = layers
        .iter()
        .map(|layer| Layer { w: Array2::zeros(layer.w.dim()), b: Array1::zeros(layer.b.dim()) })
        .collect();
    let mut gap = f64::INFINITY;
    for step in descent.order.rows() {
        let rows: Vec<usize> = step.iter().map(|sample| index(*sample)).collect();
        let (batch, classes) = (x.select(Axis(0), &rows), descent.y.select(Axis(0), &rows));
        let (_, grads, pass) = loss_and_grads(&params, &batch, &classes, descent.activation);
        gap = gap.min(kink_gap(&pass));
        for ((p, v), g) in params.iter_mut().zip(&mut velocity).zip(&grads) {
            v.w.zip_mut_with(&g.w, |v, g| *v = momentum * *v - lr * *g);
            v.b.zip_mut_with(&g.b, |v, g| *v = momentum * *v - lr * *g);
            p.w += &v.w;
            p.b += &v.b;
        }
    }
    (params, gap)
}

#[cfg(test)]
mod tests;
