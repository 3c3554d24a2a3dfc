//! The same network trained without any regularisation: what a submission is held against.

use ndarray::{Array1, Array2, Axis, Zip};
use testat_kit::draw::Stream;
use testat_kit::network::{Activation, Layer, cast, loss_and_grads};

/// Epochs of the baseline: enough to learn nine tenths of the wrong labels by heart.
pub const EPOCHS: usize = 100;
/// Samples in a minibatch.
const BATCH: usize = 32;
/// Adam's step.
const RATE: f32 = 2e-3;
/// Adam's decay of the mean gradient.
const FIRST: f32 = 0.9;
/// Adam's decay of the mean square.
const SECOND: f32 = 0.999;
/// Keeps Adam's divisor from 0.
const EPSILON: f32 = 1e-8;

/// The layers after [`EPOCHS`] epochs of Adam (Kingma and Ba 2015) from `start` on shuffled minibatches of
/// the images (N, n0) and their labels (N,). In single precision, which is twice as fast and as good here.
pub fn baseline(
    start: &[Layer],
    images: &Array2<f32>,
    labels: &Array1<i64>,
    stream: &mut Stream,
) -> Vec<Layer> {
    let mut params: Vec<Layer<f32>> = cast(start);
    let mut mean: Vec<Layer<f32>> = params.iter().map(zero).collect();
    let mut square = mean.clone();
    let (mut first, mut second) = (1.0, 1.0);
    for _ in 0..EPOCHS {
        for rows in stream.permutation(labels.len()).chunks(BATCH) {
            let (x, y) = (images.select(Axis(0), rows), labels.select(Axis(0), rows));
            let (_, grads, _) = loss_and_grads(&params, &x, &y, Activation::Relu);
            first *= FIRST;
            second *= SECOND;
            // In place and over whole tensors, which the compiler turns into vector instructions.
            let step = |p: &mut f32, m: &mut f32, s: &mut f32, g: &f32| {
                *m = FIRST * *m + (1.0 - FIRST) * g;
                *s = SECOND * *s + (1.0 - SECOND) * g * g;
                *p -= RATE * (*m / (1.0 - first)) / ((*s / (1.0 - second)).sqrt() + EPSILON);
            };
            for (((p, m), s), g) in params.iter_mut().zip(&mut mean).zip(&mut square).zip(&grads) {
                Zip::from(&mut p.w).and(&mut m.w).and(&mut s.w).and(&g.w).for_each(step);
                Zip::from(&mut p.b).and(&mut m.b).and(&mut s.b).and(&g.b).for_each(step);
            }
        }
    }
    cast(&params)
}

fn zero(layer: &Layer<f32>) -> Layer<f32> {
    Layer { w: Array2::zeros(layer.w.dim()), b: Array1::zeros(layer.b.len()) }
}
