//! The harness's own rules, written from the equations of the handout; in `f64` to judge, in `f32` to know
//! how far an honest `f32` solution may lie from them.
//!
//! Sources: Oja 1982 (eq. 3), Bienenstock, Cooper and Munro 1982 with the threshold of Intrator and Cooper
//! 1992 (a running mean of y squared), Song, Miller and Abbott 2000 (pair-based STDP, all pairs, by traces).

use ndarray::{Array1, Array2, ArrayView1, Zip};
use testat_kit::network::Real;

/// A rule that follows rates: what it has beside its step length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RateRule {
    /// w += eta (y x - decay w).
    Hebb {
        /// Relative to the growth.
        decay: f64,
    },
    /// w += eta y (x - y w).
    Oja,
    /// y = max(w.x, 0); w += eta x y (y - theta), then theta += (y^2 - theta) / tau.
    Bcm {
        /// Threshold at the start.
        theta0: f64,
        /// Time constant of the threshold, in samples.
        tau: f64,
    },
}

/// What weights and threshold went through: one row before the first sample, one after each.
#[derive(Clone, Debug, PartialEq)]
pub struct Course<F = f64> {
    /// (T+1, n).
    pub w: Array2<F>,
    /// (T+1,); as it was given for a rule that has none.
    pub theta: Array1<F>,
}

impl RateRule {
    /// Follows the rule over the rows of `x` (T, n) from `w0` (n,).
    pub fn course<F: Real>(self, w0: &Array1<f64>, x: &Array2<f64>, eta: f64) -> Course<F> {
        let eta = F::of(eta);
        match self {
            Self::Hebb { decay } => {
                let decay = F::of(decay);
                follow(w0, 0.0, x, |w, _, x| {
                    let y = w.dot(&x);
                    Zip::from(w).and(x).for_each(|w, &x| *w += eta * (y * x - decay * *w));
                })
            }
            Self::Oja => follow(w0, 0.0, x, |w, _, x| {
                let y = w.dot(&x);
                Zip::from(w).and(x).for_each(|w, &x| *w += eta * y * (x - y * *w));
            }),
            Self::Bcm { theta0, tau } => {
                let tau = F::of(tau);
                follow(w0, theta0, x, |w, theta: &mut F, x| {
                    let y = w.dot(&x).max(F::zero());
                    // The old threshold decides, then it slides.
                    Zip::from(w).and(x).for_each(|w, &x| *w += eta * x * y * (y - *theta));
                    *theta += (y * y - *theta) / tau;
                })
            }
        }
    }
}

/// Takes `step` over the rows of `x`, and keeps what it makes of weights and threshold.
pub fn follow<F: Real>(
    w0: &Array1<f64>,
    theta0: f64,
    x: &Array2<f64>,
    mut step: impl FnMut(&mut Array1<F>, &mut F, ArrayView1<'_, F>),
) -> Course<F> {
    let (mut w, mut theta) = (w0.mapv(F::of), F::of(theta0));
    let x = x.mapv(F::of);
    let rows = x.nrows() + 1;
    let mut course = Course { w: Array2::zeros((rows, w.len())), theta: Array1::zeros(rows) };
    let samples = std::iter::once(None).chain(x.rows().into_iter().map(Some));
    for ((sample, mut row), threshold) in samples.zip(course.w.rows_mut()).zip(&mut course.theta) {
        if let Some(sample) = sample {
            step(&mut w, &mut theta, sample);
        }
        row.assign(&w);
        *threshold = theta;
    }
    course
}

/// The numbers of pair-based STDP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pairing {
    /// Gain of one pair, input before output, just beside each other.
    pub a_plus: f64,
    /// Loss of one pair, output before input, just beside each other; a positive number.
    pub a_minus: f64,
    /// Time constant of the gain in milliseconds.
    pub tau_plus: f64,
    /// Time constant of the loss in milliseconds.
    pub tau_minus: f64,
    /// Least weight.
    pub w_min: f64,
    /// Largest weight.
    pub w_max: f64,
}

impl Pairing {
    /// `[A+, A-, tau+, tau-, w_min, w_max]`, as a request holds it.
    pub fn to_array(&self) -> Array1<f64> {
        let Self { a_plus, a_minus, tau_plus, tau_minus, w_min, w_max } = *self;
        ndarray::arr1(&[a_plus, a_minus, tau_plus, tau_minus, w_min, w_max])
    }
}

/// Spikes in steps of `dt` milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spikes {
    /// Of the inputs, (n, T).
    pub pre: Array2<u8>,
    /// Of the neuron, (T,).
    pub post: Array1<u8>,
    /// Length of a step in milliseconds.
    pub dt: f64,
}

/// Pair-based STDP from `w0` (n,): the weights (T+1, n) before the first step and after each.
pub fn stdp<F: Real>(w0: &Array1<f64>, spikes: &Spikes, p: &Pairing) -> Array2<F> {
    let keep = |tau: f64| F::of((-spikes.dt / tau).exp());
    let (keep_before, keep_after) = (keep(p.tau_plus), keep(p.tau_minus));
    let (a_plus, a_minus) = (F::of(p.a_plus), F::of(p.a_minus));
    let (least, most) = (F::of(p.w_min), F::of(p.w_max));
    let mut w = w0.mapv(F::of);
    let (mut before, mut after) = (Array1::<F>::zeros(w.len()), F::zero());
    let mut course = Array2::zeros((spikes.post.len() + 1, w.len()));
    let mut rows = course.rows_mut().into_iter();
    rows.by_ref().take(1).for_each(|mut row| row.assign(&w));
    for ((mut row, inputs), fired) in rows.zip(spikes.pre.columns()).zip(&spikes.post) {
        before.mapv_inplace(|trace| trace * keep_before);
        after *= keep_after;
        let fired = F::of(f64::from(*fired));
        Zip::from(&mut w).and(inputs).and(&before).for_each(|w, &input, &before| {
            let change = a_plus * before * fired - a_minus * after * F::of(f64::from(input));
            *w = (*w + change).max(least).min(most);
        });
        // Only now: spikes of one step do not see each other.
        Zip::from(&mut before).and(inputs).for_each(|b, &input| *b += F::of(f64::from(input)));
        after += fired;
        row.assign(&w);
    }
    course
}

/// The change by one pair of spikes, output minus input being `d` milliseconds; 0 for d = 0.
pub fn stdp_window(d: &Array1<f64>, p: &Pairing) -> Array1<f64> {
    d.mapv(|d| {
        if d > 0.0 {
            p.a_plus * (-d / p.tau_plus).exp()
        } else if d < 0.0 {
            -p.a_minus * (d / p.tau_minus).exp()
        } else {
            0.0
        }
    })
}

/// The probability that a weight of the group is larger than one outside it, ties counting half.
pub fn auroc(weights: &Array1<f64>, group: &[bool]) -> f64 {
    let of = |wanted: bool| -> Vec<f64> {
        let all = weights.iter().zip(group);
        all.filter(|(_, in_group)| **in_group == wanted).map(|(w, _)| *w).collect()
    };
    let (inside, outside) = (of(true), of(false));
    let mut wins = 0.0;
    for a in &inside {
        for b in &outside {
            wins += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    wins / (inside.len() * outside.len()) as f64
}

#[cfg(test)]
mod tests;
