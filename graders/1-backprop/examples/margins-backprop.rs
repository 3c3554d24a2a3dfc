//! How far honest and wrong training lie from the threshold of `learn`: `cargo run --example margins-backprop -- 200`.
//!
//! Each seed draws a lesson as a grading does; each way of training is judged as a grading judges.

#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;

use ndarray::{Array2, Axis};
use solution::Solution;
use testat_backprop::draws::{Lesson, lesson};
use testat_kit::backprop::{Backprop, Layer};
use testat_kit::draw::{Seed, Stream};
use testat_kit::network::{self, Activation, classify, forward, loss_and_grads};

/// A way of training.
type Way = fn(&Lesson, &mut Stream) -> Vec<Layer>;

const WAYS: [(&str, Way); 6] = [
    ("reference (Adam)", adam),
    ("plain SGD, rate 0.1, 60 epochs", |l, s| sgd(l, s, 60, 0.1, |_| true)),
    ("plain SGD, rate 0.05, 30 epochs", |l, s| sgd(l, s, 30, 0.05, |_| true)),
    ("output layer only", |l, s| sgd(l, s, 100, 0.1, |layer| layer == 2)),
    ("last two layers only", |l, s| sgd(l, s, 60, 0.1, |layer| layer > 0)),
    ("untrained", |l, _| l.start.clone()),
];

fn main() {
    let seeds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20);
    for (name, way) in WAYS {
        let mut values: Vec<f64> = (0..seeds).map(|seed| accuracy(seed, way)).collect();
        values.sort_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
        let sd = (square / (values.len().max(2) - 1) as f64).sqrt();
        let (min, max) = (values.first(), values.last());
        println!(
            "{name}: n {seeds}, min {:.4}, mean {mean:.4}, max {:.4}, sd {sd:.4}, (mean - 0.90) / sd {:.1}",
            min.copied().unwrap_or_default(),
            max.copied().unwrap_or_default(),
            (mean - 0.9) / sd
        );
    }
}

fn accuracy(seed: u64, way: Way) -> f64 {
    let mut bytes = [0x5a; 32];
    bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
    let seed = Seed::new(bytes);
    let lesson = lesson(&mut seed.stream(10));
    let trained = way(&lesson, &mut seed.stream(99));
    let logits = forward(&trained, &lesson.test.images.mapv(f64::from), Activation::Relu).logits;
    network::accuracy(&classify(&logits), &lesson.test.labels)
}

fn adam(lesson: &Lesson, _: &mut Stream) -> Vec<Layer> {
    let (x, y) = (lesson.train.images.view(), lesson.train.labels.view());
    Solution.train(x, y, &lesson.start, lesson.seed).map_or_else(|_| Vec::new(), |t| t.params)
}

fn sgd(
    lesson: &Lesson,
    stream: &mut Stream,
    epochs: usize,
    rate: f64,
    trains: fn(usize) -> bool,
) -> Vec<Layer> {
    let x: Array2<f64> = lesson.train.images.mapv(f64::from);
    let mut params = lesson.start.clone();
    for _ in 0..epochs {
        for rows in stream.permutation(x.nrows()).chunks(32) {
            let (x, y) = (x.select(Axis(0), rows), lesson.train.labels.select(Axis(0), rows));
            let (_, grads, _) = loss_and_grads(&params, &x, &y, Activation::Relu);
            for (layer, (p, g)) in params.iter_mut().zip(&grads).enumerate() {
                if trains(layer) {
                    p.w.scaled_add(-rate, &g.w);
                    p.b.scaled_add(-rate, &g.b);
                }
            }
        }
    }
    params
}
