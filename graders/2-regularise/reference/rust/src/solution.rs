//! Penalties, dropout, batch normalisation and early stopping by hand; a network trained with L2 and dropout.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testat_kit::regularise::{Data, Dropping, Layer, Normed, Norming, Regularise, Trained};
use testat_kit::serve::Problem;

/// A right solution.
pub(crate) struct Solution;

/// Epochs of training.
const EPOCHS: usize = 30;
/// Samples in a minibatch of training.
const BATCH: usize = 32;
/// Adam's step.
const RATE: f64 = 1e-3;
/// Probability with which a hidden unit is dropped.
const DROP: f64 = 0.8;
/// Strength of the L2 penalty.
const L2: f64 = 0.005;

impl Regularise for Solution {
    fn penalty(
        &mut self,
        params: &[Layer],
        l1: f64,
        l2: f64,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        // Not f64::signum, which is 1 at 0.
        let sign = |w: f64| f64::from(i8::from(w > 0.0) - i8::from(w < 0.0));
        let mut value = 0.0;
        let mut grads = Vec::new();
        for Layer { w, b } in params {
            value += 0.5 * l2 * (w * w).sum() + l1 * w.mapv(f64::abs).sum();
            grads.push(Layer { w: w.mapv(|w| l2 * w + l1 * sign(w)), b: Array1::zeros(b.len()) });
        }
        Ok((value, grads))
    }

    fn dropout(&mut self, data: Dropping<'_>) -> Result<(Array2<f64>, Array2<f64>), Problem> {
        if !data.training {
            return Ok((data.h.to_owned(), data.dout.to_owned()));
        }
        let factor = data.mask.mapv(|kept| kept / (1.0 - data.q));
        Ok((&data.h * &factor, &data.dout * &factor))
    }

    fn batch_norm(&mut self, data: Norming<'_>) -> Result<Normed, Problem> {
        let Norming { x, gamma, beta, run_mean, run_var, momentum, eps, training } = data;
        let normalise = |mean: &Array1<f64>, var: &Array1<f64>| {
            (&x - mean) / var.mapv(|v| (v + eps).sqrt()) * gamma + beta
        };
        if !training {
            let (new_mean, new_var) = (run_mean.to_owned(), run_var.to_owned());
            return Ok(Normed { y: normalise(&new_mean, &new_var), new_mean, new_var });
        }
        let mean = x.mean_axis(Axis(0)).ok_or("a batch without samples")?;
        let var = x.var_axis(Axis(0), 0.0);
        let blend = |old: ArrayView1<f64>, new: &Array1<f64>| {
            old.mapv(|old| (1.0 - momentum) * old) + new * momentum
        };
        Ok(Normed {
            y: normalise(&mean, &var),
            new_mean: blend(run_mean, &mean),
            new_var: blend(run_var, &var),
        })
    }

    fn early_stop(
        &mut self,
        val: ArrayView1<f64>,
        patience: i64,
        min_delta: f64,
    ) -> Result<(i64, i64), Problem> {
        let (mut lowest, mut best) = (f64::INFINITY, -1);
        for (epoch, loss) in (0..).zip(val) {
            if *loss < lowest - min_delta {
                (lowest, best) = (*loss, epoch);
            } else if epoch - best >= patience {
                return Ok((best, epoch));
            }
        }
        Ok((best, val.len() as i64 - 1))
    }

    fn train(&mut self, data: Data<'_>, params0: &[Layer], seed: i64) -> Result<Trained, Problem> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed as u64);
        let (x, x_val) = (data.x.mapv(f64::from), data.x_val.mapv(f64::from));
        let mut params = params0.to_vec();
        let mut adam = Adam { mean: zeros_like(&params), square: zeros_like(&params), steps: 0 };
        let mut curve = Array2::zeros((EPOCHS, 2));
        for epoch in 0..EPOCHS {
            for rows in shuffled(x.nrows(), &mut generator).chunks(BATCH) {
                let (x, y) = (x.select(Axis(0), rows), data.y.select(Axis(0), rows));
                let units = params.first().map_or(0, |layer| layer.b.len());
                let mask = Array2::from_shape_simple_fn((rows.len(), units), || {
                    f64::from(u8::from(uniform(&mut generator) >= DROP))
                });
                let grads = self.gradients(&params, x.view(), &y, &mask)?;
                adam.step(&mut params, &grads);
            }
            curve[[epoch, 0]] = cross_entropy(&logits(&params, x.view())?, data.y) as f32;
            curve[[epoch, 1]] = cross_entropy(&logits(&params, x_val.view())?, data.y_val) as f32;
        }
        Ok(Trained { params, curve: Some(curve) })
    }
}

impl Solution {
    /// Gradients of the cross-entropy with dropout in the hidden layer, and of the L2 penalty.
    fn gradients(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        y: &Array1<i64>,
        mask: &Array2<f64>,
    ) -> Result<Vec<Layer>, Problem> {
        let [first, second] = params else { return Err("two layers were expected".into()) };
        let z = x.dot(&first.w) + &first.b;
        let h = z.mapv(|z| z.max(0.0));
        let dropped = |solution: &mut Self, h: &Array2<f64>, dout: &Array2<f64>| {
            let (h, mask, dout) = (h.view(), mask.view(), dout.view());
            solution.dropout(Dropping { h, mask, q: DROP, dout, training: true })
        };
        let (out, _) = dropped(self, &h, &h)?;
        let mut delta = softmax(&(out.dot(&second.w) + &second.b));
        for (mut row, class) in delta.rows_mut().into_iter().zip(y) {
            row[*class as usize] -= 1.0;
        }
        delta /= y.len() as f64;
        let (_, mut below) = dropped(self, &h, &delta.dot(&second.w.t()))?;
        below.zip_mut_with(&z, |d, z| *d *= f64::from(u8::from(*z > 0.0)));
        let (_, mut grads) = self.penalty(params, 0.0, L2)?;
        for (grad, (input, delta)) in grads.iter_mut().zip([(x, &below), (out.view(), &delta)]) {
            grad.w += &input.t().dot(delta);
            grad.b += &delta.sum_axis(Axis(0));
        }
        Ok(grads)
    }
}

/// The network as it is used: nothing is dropped.
fn logits(params: &[Layer], x: ArrayView2<f64>) -> Result<Array2<f64>, Problem> {
    let [first, second] = params else { return Err("two layers were expected".into()) };
    Ok((x.dot(&first.w) + &first.b).mapv(|z| z.max(0.0)).dot(&second.w) + &second.b)
}

fn softmax(logits: &Array2<f64>) -> Array2<f64> {
    let mut p = logits.clone();
    for mut row in p.rows_mut() {
        let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row /= sum;
    }
    p
}

fn cross_entropy(logits: &Array2<f64>, y: ArrayView1<i64>) -> f64 {
    let own = |(row, class): (ArrayView1<f64>, &i64)| {
        let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
        row.mapv(|z| (z - max).exp()).sum().ln() + max - row[*class as usize]
    };
    logits.rows().into_iter().zip(y).map(own).sum::<f64>() / y.len() as f64
}

fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn shuffled(count: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, (generator.next_u64() % (last as u64 + 1)) as usize);
    }
    order
}

fn zeros_like(params: &[Layer]) -> Vec<Layer> {
    params.iter().map(|p| Layer { w: &p.w * 0.0, b: &p.b * 0.0 }).collect()
}

/// Adam (Kingma and Ba, 2015): steps scaled by running means of the gradient and of its square.
struct Adam {
    mean: Vec<Layer>,
    square: Vec<Layer>,
    steps: i32,
}

impl Adam {
    fn step(&mut self, params: &mut [Layer], grads: &[Layer]) {
        self.steps += 1;
        let (first, second) = (1.0 - 0.9f64.powi(self.steps), 1.0 - 0.999f64.powi(self.steps));
        let update = |p: &mut f64, m: &mut f64, s: &mut f64, g: &f64| {
            *m = 0.9 * *m + 0.1 * g;
            *s = 0.999 * *s + 0.001 * g * g;
            *p -= RATE * (*m / first) / ((*s / second).sqrt() + 1e-8);
        };
        let state = self.mean.iter_mut().zip(&mut self.square);
        for ((p, g), (m, s)) in params.iter_mut().zip(grads).zip(state) {
            Zip::from(&mut p.w).and(&mut m.w).and(&mut s.w).and(&g.w).for_each(update);
            Zip::from(&mut p.b).and(&mut m.b).and(&mut s.b).and(&g.b).for_each(update);
        }
    }
}
