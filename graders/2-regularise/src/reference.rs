//! The harness's own solution, written from the equations of the handout; in `f64` to judge, in `f32` to
//! know how far an honest `f32` solution may lie from it. The network is the kit's
//! [`network`](testat_kit::network), by which every project judges.

mod baseline;

use ndarray::{Array1, Array2, Axis, Zip};
use testat_kit::network::{Layer, Real, index};

pub use baseline::{EPOCHS, baseline};

/// `l2 / 2 * sum W^2 + l1 * sum |W|` over the weights alone, and its gradient; the derivative of |W| at 0
/// is taken as 0 (Goodfellow, Bengio, Courville: Deep Learning, section 7.1).
pub fn penalty<F: Real>(layers: &[Layer<F>], l1: f64, l2: f64) -> (F, Vec<Layer<F>>) {
    let (l1, l2, half) = (F::of(l1), F::of(l2), F::of(0.5));
    let sign = |w: F| {
        if w > F::zero() {
            F::one()
        } else if w < F::zero() {
            -F::one()
        } else {
            F::zero()
        }
    };
    let mut value = F::zero();
    let grad = |layer: &Layer<F>| {
        value += layer.w.fold(F::zero(), |sum, w| sum + half * l2 * *w * *w + l1 * w.abs());
        Layer { w: layer.w.mapv(|w| l2 * w + l1 * sign(w)), b: Array1::zeros(layer.b.len()) }
    };
    let grads = layers.iter().map(grad).collect();
    (value, grads)
}

/// What `dropout` is asked with.
#[derive(Clone, Debug)]
pub struct Drop {
    /// Activities, (N, H).
    pub h: Array2<f64>,
    /// 1 for each unit kept, 0 for each dropped, (N, H).
    pub mask: Array2<f64>,
    /// Probability with which each unit was dropped.
    pub q: f64,
    /// Gradient with respect to the output, (N, H).
    pub dout: Array2<f64>,
    /// Whether the network is being trained.
    pub training: bool,
}

/// Inverted dropout (Srivastava et al. 2014, section 10): output and gradient with respect to `h`.
pub fn dropout<F: Real>(drop: &Drop) -> (Array2<F>, Array2<F>) {
    let (h, dout) = (drop.h.mapv(F::of), drop.dout.mapv(F::of));
    if !drop.training {
        return (h, dout);
    }
    let factor = drop.mask.mapv(|kept| F::of(kept) / F::of(1.0 - drop.q));
    (h * &factor, dout * &factor)
}

/// What `batch_norm` is asked with.
#[derive(Clone, Debug)]
pub struct Norm {
    /// One sample a row, (N, F).
    pub x: Array2<f64>,
    /// Scale, (F,).
    pub gamma: Array1<f64>,
    /// Shift, (F,).
    pub beta: Array1<f64>,
    /// Running mean, (F,).
    pub mean: Array1<f64>,
    /// Running variance, (F,).
    pub var: Array1<f64>,
    /// Weight of this batch in the running values.
    pub momentum: f64,
    /// Added to the variance.
    pub eps: f64,
    /// Whether the network is being trained.
    pub training: bool,
}

/// What `batch_norm` returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Normed<F = f64> {
    /// Normalised samples, (N, F).
    pub y: Array2<F>,
    /// New running mean, (F,).
    pub mean: Array1<F>,
    /// New running variance, (F,).
    pub var: Array1<F>,
}

/// Batch normalisation (Ioffe and Szegedy 2015, algorithm 1) with the variance of the batch itself (1/N)
/// both for `y` and for the running value.
pub fn batch_norm<F: Real>(norm: &Norm) -> Normed<F> {
    let x = norm.x.mapv(F::of);
    let cast = |values: &Array1<f64>| values.mapv(F::of);
    let (old_mean, old_var) = (cast(&norm.mean), cast(&norm.var));
    let count = F::of(x.nrows() as f64);
    let (mean, var) = if norm.training {
        let mean = x.sum_axis(Axis(0)) / count;
        let square = (&x - &mean).mapv(|d| d * d);
        (mean, square.sum_axis(Axis(0)) / count)
    } else {
        (old_mean.clone(), old_var.clone())
    };
    let scale = Zip::from(&cast(&norm.gamma))
        .and(&var)
        .map_collect(|gamma, var| *gamma / (*var + F::of(norm.eps)).sqrt());
    let y = (&x - &mean) * &scale + &cast(&norm.beta);
    if !norm.training {
        return Normed { y, mean, var };
    }
    let (old, new) = (F::of(1.0 - norm.momentum), F::of(norm.momentum));
    Normed { y, mean: old_mean * old + mean * new, var: old_var * old + var * new }
}

/// What `early_stop` is asked with.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Validation loss after each epoch, (E,).
    pub val: Vec<f64>,
    /// Epochs without improvement after which training ends.
    pub patience: i64,
    /// A loss must be lower than the best so far by more than this.
    pub min_delta: f64,
}

/// The best epoch and the last one run (Prechelt 1998): an epoch improves if its loss is below that of the
/// best epoch less `min_delta`; the first that does not, `patience` epochs after the best, is the last.
pub fn early_stop(watch: &Watch) -> (i64, i64) {
    let (mut best, mut at, mut last) = (f64::INFINITY, -1, -1);
    for (epoch, loss) in (0..).zip(&watch.val) {
        last = epoch;
        if *loss < best - watch.min_delta {
            (best, at) = (*loss, epoch);
        } else if epoch - at >= watch.patience {
            break;
        }
    }
    (at, last)
}

/// The cross-entropy in nats to be expected of these logits (N, C) on fresh labels of images whose true classes
/// are `truth` (N,), when each label is replaced by one of the C - 1 others with probability `wrong`: the mean
/// over the images of -(1 - wrong) log p_true - wrong / (C - 1) sum_others log p. No p does better than 1 - wrong
/// for the true class and wrong / (C - 1) for each other.
pub fn careless_loss(logits: &Array2<f64>, truth: &Array1<i64>, wrong: f64) -> f64 {
    let mut total = 0.0;
    for (row, class) in logits.rows().into_iter().zip(truth) {
        let max = row.fold(f64::NEG_INFINITY, |max: f64, z| max.max(*z));
        let log_sum = row.fold(0.0, |sum, z| sum + (z - max).exp()).ln() + max;
        let own = row.get(index(*class)).copied().unwrap_or(f64::NAN) - log_sum;
        let others = row.sum() - row.len() as f64 * log_sum - own;
        total -= (1.0 - wrong) * own + wrong / (row.len() as f64 - 1.0) * others;
    }
    total / truth.len() as f64
}

#[cfg(test)]
mod tests;
