//! Backpropagation by hand, momentum descent, and Adam to train with.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testat_kit::backprop::{Activation, Backprop, Descent, Layer, Trained};
use testat_kit::serve::Problem;

/// A right solution.
pub(crate) struct Solution;

/// Epochs of training.
const EPOCHS: usize = 40;
/// Samples in a minibatch of training.
const BATCH: usize = 32;
/// Adam's step.
const RATE: f64 = 3e-3;

impl Backprop for Solution {
    fn forward(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        activation: Activation,
    ) -> Result<Array2<f64>, Problem> {
        Ok(pass(params, x, activation).pop().ok_or("a network without layers")?)
    }

    fn loss_and_grads(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
        activation: Activation,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        gradients(params, x, y, activation)
    }

    fn sgd(&mut self, params: &[Layer], data: Descent<'_>) -> Result<Vec<Layer>, Problem> {
        let mut params = params.to_vec();
        let mut velocity = zeros_like(&params);
        for step in data.order.rows() {
            let (x, y) = batch(data.x, data.y, step.iter().map(|i| *i as usize).collect());
            let (_, grads) = gradients(&params, x.view(), y.view(), data.activation)?;
            for ((p, v), g) in params.iter_mut().zip(&mut velocity).zip(&grads) {
                v.w = &v.w * data.momentum - &g.w * data.lr;
                v.b = &v.b * data.momentum - &g.b * data.lr;
                p.w += &v.w;
                p.b += &v.b;
            }
        }
        Ok(params)
    }

    fn train(
        &mut self,
        x: ArrayView2<f32>,
        y: ArrayView1<i64>,
        params0: &[Layer],
        seed: i64,
    ) -> Result<Trained, Problem> {
        let x = x.mapv(f64::from);
        let mut generator = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut params = params0.to_vec();
        let mut adam = Adam { mean: zeros_like(&params), square: zeros_like(&params), steps: 0 };
        let mut curve = Array2::zeros((EPOCHS, 2));
        for epoch in 0..EPOCHS {
            for rows in shuffled(x.nrows(), &mut generator).chunks(BATCH) {
                let (x, y) = batch(x.view(), y, rows.to_vec());
                let (_, grads) = gradients(&params, x.view(), y.view(), Activation::Relu)?;
                adam.step(&mut params, &grads);
            }
            let outputs = pass(&params, x.view(), Activation::Relu);
            let logits = outputs.last().ok_or("a network without layers")?;
            curve[[epoch, 0]] = cross_entropy(logits, y) as f32;
            curve[[epoch, 1]] = accuracy(logits, y) as f32;
        }
        Ok(Trained { params, curve: Some(curve) })
    }
}

/// The input of each layer (after the activation), and last the logits.
fn pass(params: &[Layer], x: ArrayView2<f64>, activation: Activation) -> Vec<Array2<f64>> {
    let mut signals = vec![x.to_owned()];
    for (l, layer) in params.iter().enumerate() {
        let z = signals[l].dot(&layer.w) + &layer.b;
        let hidden = l + 1 < params.len();
        signals.push(match activation {
            Activation::Relu if hidden => z.mapv(|z| z.max(0.0)),
            Activation::Tanh if hidden => z.mapv(f64::tanh),
            _ => z,
        });
    }
    signals
}

/// Loss and gradients, from the last layer to the first.
fn gradients(
    params: &[Layer],
    x: ArrayView2<f64>,
    y: ArrayView1<i64>,
    activation: Activation,
) -> Result<(f64, Vec<Layer>), Problem> {
    let signals = pass(params, x, activation);
    let logits = signals.last().ok_or("a network without layers")?;
    // dL/dz of the last layer is (softmax - onehot) / N.
    let mut delta = softmax(logits);
    for (mut row, class) in delta.rows_mut().into_iter().zip(y) {
        row[*class as usize] -= 1.0;
    }
    delta /= y.len() as f64;
    let mut grads = Vec::new();
    for l in (0..params.len()).rev() {
        let h = &signals[l];
        grads.push(Layer { w: h.t().dot(&delta), b: delta.sum_axis(Axis(0)) });
        if l > 0 {
            // Both derivatives can be had from the output: h > 0 where z > 0, and 1 - tanh(z)^2.
            let slope = match activation {
                Activation::Relu => h.mapv(|h| f64::from(u8::from(h > 0.0))),
                Activation::Tanh => h.mapv(|h| 1.0 - h * h),
            };
            delta = delta.dot(&params[l].w.t()) * slope;
        }
    }
    grads.reverse();
    Ok((cross_entropy(logits, y), grads))
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

fn accuracy(logits: &Array2<f64>, y: ArrayView1<i64>) -> f64 {
    let right = |(row, class): &(ArrayView1<f64>, &i64)| {
        let own = row[**class as usize];
        row.iter().all(|z| *z <= own)
    };
    logits.rows().into_iter().zip(y).filter(right).count() as f64 / y.len() as f64
}

fn batch(x: ArrayView2<f64>, y: ArrayView1<i64>, rows: Vec<usize>) -> (Array2<f64>, Array1<i64>) {
    (x.select(Axis(0), &rows), y.select(Axis(0), &rows))
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
        let update = |p: &mut f64, m: &mut f64, s: &mut f64, g: f64| {
            *m = 0.9 * *m + 0.1 * g;
            *s = 0.999 * *s + 0.001 * g * g;
            *p -= RATE * (*m / first) / ((*s / second).sqrt() + 1e-8);
        };
        for (l, g) in grads.iter().enumerate() {
            let (p, m, s) = (&mut params[l], &mut self.mean[l], &mut self.square[l]);
            for (((p, m), s), g) in p.w.iter_mut().zip(&mut m.w).zip(&mut s.w).zip(&g.w) {
                update(p, m, s, *g);
            }
            for (((p, m), s), g) in p.b.iter_mut().zip(&mut m.b).zip(&mut s.b).zip(&g.b) {
                update(p, m, s, *g);
            }
        }
    }
}
