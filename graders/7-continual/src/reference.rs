//! The harness's own solution, written from the equations of the handout: the empirical Fisher information
//! (Kirkpatrick et al. 2017), the penalty of elastic weight consolidation, the area under the ROC curve.
//! In `f64` to judge, in `f32` to know how far an honest `f32` solution may lie from it.

use ndarray::{Array1, Array2, s};
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, Real, loss_and_grads};

/// Layers of zeros, shaped as `layers`.
pub fn zeros_like<F: Real>(layers: &[Layer<F>]) -> Vec<Layer<F>> {
    let zeros = |layer: &Layer<F>| Layer {
        w: Array2::zeros(layer.w.dim()),
        b: Array1::zeros(layer.b.dim()),
    };
    layers.iter().map(zeros).collect()
}

/// The mean over the samples of `turn` applied to each one's own gradient of the cross-entropy: with the
/// square the empirical Fisher information, (as `layers`).
pub fn mean_of_gradients<F: Real>(
    layers: &[Layer<F>],
    x: &Array2<F>,
    y: &Array1<i64>,
    turn: impl Fn(F) -> F,
) -> Vec<Layer<F>> {
    let mut sum = zeros_like(layers);
    for row in 0..x.nrows() {
        let (one, class) = (x.slice(s![row..=row, ..]), y.slice(s![row..=row]));
        let (_, grads, _) =
            loss_and_grads(layers, &one.to_owned(), &class.to_owned(), Activation::Relu);
        for (sum, grad) in sum.iter_mut().zip(&grads) {
            sum.w.zip_mut_with(&grad.w, |sum, g| *sum += turn(*g));
            sum.b.zip_mut_with(&grad.b, |sum, g| *sum += turn(*g));
        }
    }
    let count = F::of(x.nrows() as f64);
    for layer in &mut sum {
        layer.w.mapv_inplace(|value| value / count);
        layer.b.mapv_inplace(|value| value / count);
    }
    sum
}

/// The empirical Fisher information of each parameter of a ReLU network: the mean over the samples of the
/// squared gradient of each one's own cross-entropy at its true label.
pub fn fisher_diag<F: Real>(layers: &[Layer<F>], x: &Array2<F>, y: &Array1<i64>) -> Vec<Layer<F>> {
    mean_of_gradients(layers, x, y, |g| g * g)
}

/// lam/2 sum F (p - p_old)^2 and its gradient lam F (p - p_old).
pub fn ewc_penalty<F: Real>(
    params: &[Layer<F>],
    old: &[Layer<F>],
    fisher: &[Layer<F>],
    lam: F,
) -> (F, Vec<Layer<F>>) {
    let (mut value, mut grads) = (F::zero(), Vec::new());
    for ((p, old), f) in params.iter().zip(old).zip(fisher) {
        let (w, b) = (&p.w - &old.w, &p.b - &old.b);
        value += (&f.w * &w * &w).sum() + (&f.b * &b * &b).sum();
        grads.push(Layer { w: w * &f.w * lam, b: b * &f.b * lam });
    }
    (value * lam / F::of(2.0), grads)
}

/// P(stranger > known) + P(stranger = known) / 2, by counting in a sorted list; NaN without both kinds.
pub fn auroc(scores: &[f64], strange: &[bool]) -> f64 {
    let pick = |wanted: bool| -> Vec<f64> {
        let kept = scores.iter().zip(strange).filter(|(_, strange)| **strange == wanted);
        kept.map(|(score, _)| *score).collect()
    };
    between(&pick(false), &pick(true))
}

/// As [`auroc`], of the scores of the known and of the strangers.
pub fn between(known: &[f64], strange: &[f64]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = |score: f64| sorted.partition_point(|other| *other < score);
    let upto = |score: f64| sorted.partition_point(|other| *other <= score);
    // Half for each pair of equals: below and at most, averaged. Whole numbers, so the sum is exact.
    let twice: usize = strange.iter().map(|score| below(*score) + upto(*score)).sum();
    twice as f64 / 2.0 / (known.len() as f64 * strange.len() as f64)
}

#[cfg(test)]
mod tests;
