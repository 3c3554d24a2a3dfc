//! A spiking network simulated, differentiated through time by hand, and trained with Adam.

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, Axis, Zip, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testat_kit::serve::Problem;
use testat_kit::snn::{Layer, Simulated, Spiking, Trained, encode};

/// A right solution.
pub(crate) struct Solution;

/// Leak of the membrane potential, a step.
const BETA: f64 = 0.9;
/// Leak of the read-out, a step.
const GAMMA: f64 = 0.9;
/// Threshold.
const THETA: f64 = 1.0;
/// Epochs of training.
const EPOCHS: usize = 25;
/// Samples in a minibatch of training.
const BATCH: usize = 60;
/// Adam's step.
const RATE: f64 = 3e-3;

impl Spiking for Solution {
    fn simulate(&mut self, params: &[Layer], s: ArrayView3<u8>) -> Result<Simulated, Problem> {
        let Run { logits, spikes, .. } = run(params, s)?;
        Ok(Simulated { logits, spikes: spikes.mapv(|z| z as u8) })
    }

    fn surrogate(&mut self, x: ArrayView1<f64>) -> Result<Array1<f64>, Problem> {
        Ok(x.mapv(slope))
    }

    fn bptt(
        &mut self,
        params: &[Layer],
        s: ArrayView3<u8>,
        y: ArrayView1<i64>,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        let run = run(params, s)?;
        Ok((cross_entropy(&run.logits, y), gradients(params, s, y, &run)?))
    }

    fn train(
        &mut self,
        x: ArrayView2<f32>,
        y: ArrayView1<i64>,
        params0: &[Layer],
        seed: i64,
    ) -> Result<Trained, Problem> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut params = params0.to_vec();
        let mut adam = Adam { mean: zeros_like(&params), square: zeros_like(&params), steps: 0 };
        let mut curve = Array2::zeros((EPOCHS, 2));
        for epoch in 0..EPOCHS {
            let (mut loss, mut right) = (0.0, 0.0);
            for rows in shuffled(x.nrows(), &mut generator).chunks(BATCH) {
                let (x, y) = (x.select(Axis(0), rows), y.select(Axis(0), rows));
                // Fresh spikes for every image in every epoch.
                let spikes = encode(&x.view(), || uniform(&mut generator));
                let run = run(&params, spikes.view())?;
                loss += cross_entropy(&run.logits, y.view()) * rows.len() as f64;
                right += accuracy(&run.logits, y.view()) * rows.len() as f64;
                let grads = gradients(&params, spikes.view(), y.view(), &run)?;
                adam.step(&mut params, &grads);
            }
            curve[[epoch, 0]] = (loss / x.nrows() as f64) as f32;
            curve[[epoch, 1]] = (right / x.nrows() as f64) as f32;
        }
        Ok(Trained { params, curve: Some(curve) })
    }
}

/// What stands in for the derivative of a spike.
fn slope(x: f64) -> f64 {
    (1.0 + 5.0 * x.abs()).powi(-2)
}

/// What a simulation leaves behind.
struct Run {
    logits: Array2<f64>,
    /// (N, T, H), 0 or 1.
    spikes: Array3<f64>,
    /// (N, T, H), before the reset.
    potentials: Array3<f64>,
}

fn run(params: &[Layer], input: ArrayView3<u8>) -> Result<Run, Problem> {
    let [hidden, output] = params else { return Err("two layers are due".into()) };
    let (samples, steps, _) = input.dim();
    let mut spikes = Array3::zeros((samples, steps, hidden.b.len()));
    let mut potentials = drive(input, hidden);
    let mut logits = Array2::zeros((samples, output.b.len()));
    let (mut u, mut v) = (Array2::zeros((samples, hidden.b.len())), logits.clone());
    for t in 0..steps {
        Zip::from(&mut u)
            .and(potentials.slice_mut(s![.., t, ..]))
            .and(spikes.slice_mut(s![.., t, ..]))
            .for_each(|u, potential, z| {
                *potential += BETA * *u;
                *z = f64::from(u8::from(*potential >= THETA));
                *u = *potential - THETA * *z;
            });
        v = v * GAMMA + spikes.slice(s![.., t, ..]).dot(&output.w) + &output.b;
        logits += &v;
    }
    logits /= steps as f64;
    Ok(Run { logits, spikes, potentials })
}

/// S W0 + b0 for every sample and step. A spike is an event: only the rows of W0 whose input spiked are added.
fn drive(input: ArrayView3<u8>, hidden: &Layer) -> Array3<f64> {
    let (samples, steps, _) = input.dim();
    let mut drive = Array3::zeros((samples, steps, hidden.b.len()));
    for (input, mut drive) in input.outer_iter().zip(drive.outer_iter_mut()) {
        for (input, mut drive) in input.rows().into_iter().zip(drive.rows_mut()) {
            drive.assign(&hidden.b);
            for (spike, row) in input.iter().zip(hidden.w.rows()) {
                if *spike == 1 {
                    drive += &row;
                }
            }
        }
    }
    drive
}

/// Gradients of the loss, from the last step to the first.
fn gradients(
    params: &[Layer],
    input: ArrayView3<u8>,
    y: ArrayView1<i64>,
    run: &Run,
) -> Result<Vec<Layer>, Problem> {
    let Run { logits, spikes, potentials } = run;
    let [hidden, output] = params else { return Err("two layers are due".into()) };
    let (samples, steps, _) = input.dim();
    // Each step's v counts 1/T in the logits, whose gradient is (softmax - onehot) / N.
    let mut d = softmax(logits);
    for (mut row, class) in d.rows_mut().into_iter().zip(y) {
        row[*class as usize] -= 1.0;
    }
    d /= (samples * steps) as f64;
    let mut grads = zeros_like(params);
    let mut gv = Array2::<f64>::zeros(d.dim());
    let mut gu = Array2::<f64>::zeros((samples, hidden.b.len()));
    for t in (0..steps).rev() {
        gv = gv * GAMMA + &d;
        grads[1].w += &spikes.slice(s![.., t, ..]).t().dot(&gv);
        grads[1].b += &gv.sum_axis(Axis(0));
        // The reset is taken as a constant: beta alone leads from u[t + 1] back to u[t].
        let gz = gv.dot(&output.w.t());
        let now = potentials.slice(s![.., t, ..]);
        Zip::from(&mut gu)
            .and(&gz)
            .and(&now)
            .for_each(|gu, gz, u| *gu = BETA * *gu + gz * slope(u - THETA));
        grads[0].b += &gu.sum_axis(Axis(0));
        for (input, gu) in input.outer_iter().zip(gu.rows()) {
            for (spike, mut row) in input.row(t).iter().zip(grads[0].w.rows_mut()) {
                if *spike == 1 {
                    row += &gu;
                }
            }
        }
    }
    Ok(grads)
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

/// Uniform from 0 to 1.
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
