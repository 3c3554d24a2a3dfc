//! Experience replay: a small network, ten images of each class kept as bytes and shown again beside every
//! new task; an image is as strange as it lies far from the nearest one kept.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Ix1, Ix2, concatenate, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testat_kit::continual::{Continual, Layer, State};
use testat_kit::serve::Problem;

/// A right solution.
pub(crate) struct Solution;

/// Sizes of the network.
const SIZES: [usize; 3] = [64, 48, 10];
/// Images kept of each class.
pub(crate) const KEPT: usize = 10;
/// Epochs a task.
const EPOCHS: usize = 25;
/// New samples in a minibatch, and as many remembered ones.
const BATCH: usize = 16;
/// Adam's step.
const RATE: f64 = 2e-3;

impl Continual for Solution {
    fn fisher_diag(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
    ) -> Result<Vec<Layer>, Problem> {
        let mut fisher = zeros_like(params);
        for row in 0..x.nrows() {
            let one = x.slice(s![row..=row, ..]);
            let grads = gradients(params, one, y.slice(s![row..=row]));
            for (f, g) in fisher.iter_mut().zip(&grads) {
                f.w += &(&g.w * &g.w);
                f.b += &(&g.b * &g.b);
            }
        }
        let count = x.nrows() as f64;
        Ok(fisher.into_iter().map(|f| Layer { w: f.w / count, b: f.b / count }).collect())
    }

    fn ewc_penalty(
        &mut self,
        params: &[Layer],
        params_old: &[Layer],
        fisher: &[Layer],
        lam: f64,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        let (mut value, mut grads) = (0.0, Vec::new());
        for ((p, old), f) in params.iter().zip(params_old).zip(fisher) {
            let (w, b) = (&p.w - &old.w, &p.b - &old.b);
            value += 0.5 * lam * ((&f.w * &w * &w).sum() + (&f.b * &b * &b).sum());
            grads.push(Layer { w: w * &f.w * lam, b: b * &f.b * lam });
        }
        Ok((value, grads))
    }

    fn auroc(&mut self, scores: ArrayView1<f64>, is_ood: ArrayView1<u8>) -> Result<f64, Problem> {
        let of = |kind: u8| {
            let kept = scores.iter().zip(is_ood).filter(move |(_, ood)| **ood == kind);
            kept.map(|(score, _)| *score).collect::<Vec<f64>>()
        };
        let (known, strange) = (of(0), of(1));
        let mut twice = 0u64;
        for s in &strange {
            for k in &known {
                twice += if s > k { 2 } else { u64::from(s == k) };
            }
        }
        Ok(twice as f64 / 2.0 / (known.len() * strange.len()) as f64)
    }

    fn learn(
        &mut self,
        state: Option<&State>,
        x: ArrayView2<f32>,
        y: ArrayView1<i64>,
        task: i64,
        seed: i64,
    ) -> Result<State, Problem> {
        let mut generator = ChaCha8Rng::seed_from_u64((seed as u64).wrapping_mul(4) + task as u64);
        let (mut params, mut images, mut classes) = match state {
            Some(state) => (params(state)?, memory(state)?, kept_classes(state)?),
            None => (fresh(&mut generator), Array2::zeros((0, SIZES[0])), Vec::new()),
        };
        let x = x.mapv(f64::from);
        replay(&mut params, &mut generator, &x, y, &images, &classes);
        let mut known: Vec<i64> = y.to_vec();
        known.sort_unstable();
        known.dedup();
        for class in known {
            let rows = (0..y.len()).filter(|row| y[*row] == class).take(KEPT);
            let rows: Vec<usize> = rows.collect();
            images.append(Axis(0), x.select(Axis(0), &rows).view())?;
            classes.extend(rows.iter().map(|_| class));
        }
        Ok(remember(&params, &images, &classes))
    }

    fn predict(&mut self, state: &State, x: ArrayView2<f32>) -> Result<Array1<i64>, Problem> {
        let x = x.mapv(f64::from);
        let outputs = signals(&params(state)?, x.view());
        let logits = outputs.last().ok_or("a network without layers")?;
        Ok(logits.rows().into_iter().map(|row| largest(row) as i64).collect())
    }

    fn ood_score(&mut self, state: &State, x: ArrayView2<f32>) -> Result<Array1<f64>, Problem> {
        let memory = memory(state)?;
        let x = x.mapv(f64::from);
        let nearest = |image: ArrayView1<f64>| {
            let square = |kept: ArrayView1<f64>| (&kept - &image).mapv(|d| d * d).sum();
            memory.rows().into_iter().map(square).fold(f64::INFINITY, f64::min)
        };
        Ok(x.rows().into_iter().map(nearest).collect())
    }
}

/// Trains on the new images, each minibatch beside as many remembered ones.
fn replay(
    params: &mut [Layer],
    generator: &mut ChaCha8Rng,
    x: &Array2<f64>,
    y: ArrayView1<i64>,
    images: &Array2<f64>,
    classes: &[i64],
) {
    let mut adam = Adam { mean: zeros_like(params), square: zeros_like(params), steps: 0 };
    for _ in 0..EPOCHS {
        for rows in shuffled(y.len(), generator).chunks(BATCH) {
            let (mut batch, mut labels) = (x.select(Axis(0), rows), y.select(Axis(0), rows));
            if !classes.is_empty() {
                let old: Vec<usize> = (0..BATCH).map(|_| below(classes.len(), generator)).collect();
                let again: Array1<i64> = old.iter().map(|row| classes[*row]).collect();
                let shown = images.select(Axis(0), &old);
                // Both have 64 columns, so they can be put together.
                if let Ok(both) = concatenate(Axis(0), &[batch.view(), shown.view()]) {
                    batch = both;
                    labels = labels.iter().chain(&again).copied().collect();
                }
            }
            let grads = gradients(params, batch.view(), labels.view());
            adam.step(params, &grads);
        }
    }
}

/// The input of each layer, after ReLU, and last the logits.
fn signals(params: &[Layer], x: ArrayView2<f64>) -> Vec<Array2<f64>> {
    let mut signals = vec![x.to_owned()];
    for (l, layer) in params.iter().enumerate() {
        let z = signals[l].dot(&layer.w) + &layer.b;
        signals.push(if l + 1 < params.len() { z.mapv(|z| z.max(0.0)) } else { z });
    }
    signals
}

/// The gradient of the mean cross-entropy.
fn gradients(params: &[Layer], x: ArrayView2<f64>, y: ArrayView1<i64>) -> Vec<Layer> {
    let signals = signals(params, x);
    let mut delta = signals[params.len()].clone();
    for (mut row, class) in delta.rows_mut().into_iter().zip(y) {
        let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row /= sum;
        row[*class as usize] -= 1.0;
    }
    delta /= y.len() as f64;
    let mut grads = Vec::new();
    for (l, layer) in params.iter().enumerate().rev() {
        grads.push(Layer { w: signals[l].t().dot(&delta), b: delta.sum_axis(Axis(0)) });
        if l > 0 {
            delta = delta.dot(&layer.w.t()) * signals[l].mapv(|h| f64::from(u8::from(h > 0.0)));
        }
    }
    grads.reverse();
    grads
}

/// The state: parameters as f32, kept images and their classes as bytes.
fn remember(params: &[Layer], images: &Array2<f64>, classes: &[i64]) -> State {
    let bytes = images.mapv(|pixel| (pixel * 255.0).round() as u8);
    let classes: Array1<u8> = classes.iter().map(|class| *class as u8).collect();
    let state = State::new().with("x", &bytes).with("y", &classes);
    params.iter().enumerate().fold(state, |state, (l, layer)| {
        let (w, b) = (layer.w.mapv(|v| v as f32), layer.b.mapv(|v| v as f32));
        state.with(&format!("W{l}"), &w).with(&format!("b{l}"), &b)
    })
}

fn params(state: &State) -> Result<Vec<Layer>, Problem> {
    let layer = |l: usize| -> Result<Layer, Problem> {
        let w = state.reals(&format!("W{l}"))?.into_dimensionality::<Ix2>()?;
        Ok(Layer { w, b: state.reals(&format!("b{l}"))?.into_dimensionality::<Ix1>()? })
    };
    (0..SIZES.len() - 1).map(layer).collect()
}

fn memory(state: &State) -> Result<Array2<f64>, Problem> {
    let bytes = state.bytes("x")?.into_dimensionality::<Ix2>()?;
    Ok(bytes.mapv(|pixel| f64::from(pixel) / 255.0))
}

fn kept_classes(state: &State) -> Result<Vec<i64>, Problem> {
    Ok(state.bytes("y")?.iter().map(|class| i64::from(*class)).collect())
}

fn fresh(generator: &mut ChaCha8Rng) -> Vec<Layer> {
    let mut layer = |inputs: usize, outputs: usize| {
        let scale = (2.0 / inputs as f64).sqrt();
        let w = Array2::from_shape_simple_fn((inputs, outputs), || scale * normal(generator));
        Layer { w, b: Array1::zeros(outputs) }
    };
    SIZES.windows(2).map(|pair| layer(pair[0], pair[1])).collect()
}

/// A standard normal number (Box and Muller, 1958).
fn normal(generator: &mut ChaCha8Rng) -> f64 {
    let mut unit = || ((generator.next_u64() >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
    (-2.0 * unit().ln()).sqrt() * (std::f64::consts::TAU * unit()).cos()
}

fn largest(row: ArrayView1<f64>) -> usize {
    let mut best = 0;
    for (class, z) in row.iter().enumerate() {
        if *z > row[best] {
            best = class;
        }
    }
    best
}

fn below(count: usize, generator: &mut ChaCha8Rng) -> usize {
    (generator.next_u64() % count as u64) as usize
}

fn shuffled(count: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, below(last + 1, generator));
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
