//! Four local rules, and what two of them find.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testat_kit::plasticity::{Pairing, Plasticity};
use testat_kit::serve::Problem;

/// A right solution.
pub(crate) struct Solution;

/// Passes of Sanger's rule over the samples.
const EPOCHS: usize = 10;
/// Its first rate, of samples of unit mean square.
const RATE: f64 = 0.5;
/// Steps after which the rate is halved.
const HALVED: f64 = 500.0;

/// Largest gain of one pair in `learn_stdp`.
const POTENTIATION: f64 = 0.01;
/// Largest loss of one pair: more than the gain, so that inputs that predict nothing lose.
const DEPRESSION: f64 = 0.012;
/// Time constant of the traces in milliseconds.
const TRACE_MS: f64 = 20.0;
/// Time constant of the neuron in milliseconds.
const MEMBRANE_MS: f64 = 10.0;
/// The neuron fires above it.
const THRESHOLD: f64 = 5.0;

impl Plasticity for Solution {
    fn hebb(
        &mut self,
        w0: ArrayView1<f64>,
        x: ArrayView2<f64>,
        eta: f64,
        decay: f64,
    ) -> Result<Array2<f64>, Problem> {
        let mut w = w0.to_owned();
        let mut course = course(&w, x.nrows());
        for (t, x) in x.rows().into_iter().enumerate() {
            let y = w.dot(&x);
            w = &w + &((&x * y - &w * decay) * eta);
            course.row_mut(t + 1).assign(&w);
        }
        Ok(course)
    }

    fn oja(
        &mut self,
        w0: ArrayView1<f64>,
        x: ArrayView2<f64>,
        eta: f64,
    ) -> Result<Array2<f64>, Problem> {
        let mut w = w0.to_owned();
        let mut course = course(&w, x.nrows());
        for (t, x) in x.rows().into_iter().enumerate() {
            let y = w.dot(&x);
            w = &w + &((&x - &(&w * y)) * (eta * y));
            course.row_mut(t + 1).assign(&w);
        }
        Ok(course)
    }

    fn bcm(
        &mut self,
        w0: ArrayView1<f64>,
        theta0: f64,
        x: ArrayView2<f64>,
        eta: f64,
        tau: f64,
    ) -> Result<(Array2<f64>, Array1<f64>), Problem> {
        let (mut w, mut theta) = (w0.to_owned(), theta0);
        let mut course = course(&w, x.nrows());
        let mut thresholds = vec![theta];
        for (t, x) in x.rows().into_iter().enumerate() {
            let y = w.dot(&x).max(0.0);
            w.scaled_add(eta * y * (y - theta), &x);
            theta += (y * y - theta) / tau;
            course.row_mut(t + 1).assign(&w);
            thresholds.push(theta);
        }
        Ok((course, Array1::from(thresholds)))
    }

    fn stdp(
        &mut self,
        w0: ArrayView1<f64>,
        pre: ArrayView2<u8>,
        post: ArrayView1<u8>,
        p: &Pairing,
        dt: f64,
    ) -> Result<Array2<f64>, Problem> {
        let (keep_plus, keep_minus) = ((-dt / p.tau_plus).exp(), (-dt / p.tau_minus).exp());
        let mut w = w0.to_owned();
        let mut course = course(&w, post.len());
        let (mut before, mut after) = (vec![0.0; w.len()], 0.0);
        for (t, (spikes, fired)) in pre.axis_iter(Axis(1)).zip(post).enumerate() {
            after *= keep_minus;
            for ((w, before), spike) in w.iter_mut().zip(&mut before).zip(spikes) {
                *before *= keep_plus;
                if *spike == 1 {
                    *w -= p.a_minus * after;
                }
                if *fired == 1 {
                    *w += p.a_plus * *before;
                }
                *w = w.clamp(p.w_min, p.w_max);
                // Only now: spikes of one step do not see each other.
                *before += f64::from(*spike);
            }
            after += f64::from(*fired);
            course.row_mut(t + 1).assign(&w);
        }
        Ok(course)
    }

    fn stdp_window(&mut self, d: ArrayView1<f64>, p: &Pairing) -> Result<Array1<f64>, Problem> {
        Ok(d.mapv(|d| match d {
            d if d > 0.0 => p.a_plus * (-d / p.tau_plus).exp(),
            d if d < 0.0 => -p.a_minus * (d / p.tau_minus).exp(),
            _ => 0.0,
        }))
    }

    /// Sanger's rule (1989): Oja's, each output seeing what those before it leave over.
    fn learn_pca(
        &mut self,
        x: ArrayView2<f64>,
        k: usize,
        seed: i64,
    ) -> Result<Array2<f64>, Problem> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed as u64);
        let power = x.iter().map(|x| x * x).sum::<f64>() / x.nrows() as f64;
        let x = x.mapv(|x| x / power.sqrt());
        let mut w = Array2::from_shape_simple_fn((k, x.ncols()), || small(&mut generator));
        let mut step = 0.0;
        for _ in 0..EPOCHS {
            for i in shuffled(x.nrows(), &mut generator) {
                let rate = RATE / (1.0 + step / HALVED);
                let mut left = x.row(i).to_owned();
                // All outputs see the weights as they were before this sample.
                let y = w.dot(&left);
                for (mut w, y) in w.rows_mut().into_iter().zip(&y) {
                    left.scaled_add(-*y, &w);
                    w.scaled_add(rate * *y, &left);
                }
                step += 1.0;
            }
        }
        Ok(w.reversed_axes())
    }

    /// A leaky neuron driven by all inputs; weights between 0 and 1, and no luck in it at all.
    fn learn_stdp(&mut self, pre: ArrayView2<u8>, _seed: i64) -> Result<Array1<f64>, Problem> {
        let (keep_trace, keep_u) = ((-1.0 / TRACE_MS).exp(), (-1.0 / MEMBRANE_MS).exp());
        let inputs = pre.nrows();
        let (mut w, mut before) = (vec![0.5; inputs], vec![0.0; inputs]);
        let (mut after, mut u, mut fired) = (0.0, 0.0, false);
        for spikes in pre.axis_iter(Axis(1)) {
            after *= keep_trace;
            u = if fired { 0.0 } else { u * keep_u };
            for ((w, before), spike) in w.iter_mut().zip(&mut before).zip(spikes) {
                *before *= keep_trace;
                if *spike == 1 {
                    *w = f64::max(*w - DEPRESSION * after, 0.0);
                }
                if fired {
                    // The spike caused in the step before registers now: its causes lie before it.
                    *w = f64::min(*w + POTENTIATION * *before, 1.0);
                }
                if *spike == 1 {
                    *before += 1.0;
                    u += *w;
                }
            }
            after += f64::from(u8::from(fired));
            fired = u > THRESHOLD;
        }
        Ok(Array1::from(w))
    }
}

/// The weights at the start and after each of `steps` steps, the first row filled.
fn course(w0: &Array1<f64>, steps: usize) -> Array2<f64> {
    let mut course = Array2::zeros((steps + 1, w0.len()));
    course.row_mut(0).assign(w0);
    course
}

/// Uniform in -0.1..0.1.
fn small(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64 * 0.2 - 0.1
}

/// The numbers 0..count in a random order.
fn shuffled(count: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, (generator.next_u64() % (last as u64 + 1)) as usize);
    }
    order
}
