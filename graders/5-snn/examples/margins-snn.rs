//! How far honest and wrong training lie from the thresholds of `learn`, `active` and `sparse`:
//! `cargo run --example margins-snn -- 200`, or `-- 200 sgd` for the ways whose name holds `sgd`.
//!
//! Each seed draws a lesson as a grading does; each way of training is judged as a grading judges.

#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;

use ndarray::{Array1, Array2, Array3, Axis};
use solution::Solution;
use testat_kit::draw::{Seed, Stream};
use testat_kit::layer::Layer;
use testat_kit::network::{self, Activation, classify, loss_and_grads};
use testat_kit::snn::Spiking;
use testat_snn::coding::encode;
use testat_snn::draws::{Lesson, lesson};
use testat_snn::reference::{Net, bptt, rate, simulate};

/// A way of training.
type Way = fn(&Lesson, &mut Stream) -> Net;

const WAYS: [(&str, Way); 12] = [
    ("reference (Adam)", reference),
    ("sgd with momentum 0.9, rate 0.1", |l, s| descent(l, s, Descent { momentum: 0.9, ..PLAIN })),
    ("sgd, plain, rate 0.2, 50 epochs", |l, s| {
        descent(l, s, Descent { rate: 0.2, epochs: 50, ..PLAIN })
    }),
    ("sgd, plain, rate 0.1, 50 epochs", |l, s| {
        descent(l, s, Descent { rate: 0.1, epochs: 50, ..PLAIN })
    }),
    ("adam, error not carried through time", |l, s| adam(l, s, sliding, local)),
    ("read-out only", |l, s| adam(l, s, sliding, readout_only)),
    ("first step only", |l, s| adam(l, s, first_step, bptt_grads)),
    ("one step, whole image", |l, s| adam(l, s, |x, s| whole(x, s, 1), bptt_grads)),
    ("20 steps, whole image", |l, s| adam(l, s, |x, s| whole(x, s, 20), bptt_grads)),
    ("steps in random order", |l, s| adam(l, s, shuffled_steps, bptt_grads)),
    ("ANN weights, unscaled", ann),
    ("untrained", |l, _| l.start.clone()),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seeds: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(20);
    let only = arguments.next().unwrap_or_default();
    for (name, way) in WAYS.iter().filter(|(name, _)| name.contains(&only)) {
        let (accuracies, rates): (Vec<f64>, Vec<f64>) =
            (0..seeds).map(|seed| judged(seed, *way)).unzip();
        println!("{name}, n {seeds}");
        println!("  accuracy {}", summary(accuracies, &[0.8]));
        println!("  rate {}", summary(rates, &[0.005, 0.6]));
    }
}

fn summary(mut values: Vec<f64>, thresholds: &[f64]) -> String {
    values.sort_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    let sd = (square / (values.len().max(2) - 1) as f64).sqrt();
    let (min, max) = (values.first().copied(), values.last().copied());
    let (min, max) = (min.unwrap_or_default(), max.unwrap_or_default());
    let distances =
        thresholds.iter().map(|t| format!(", (mean - {t}) / sd {:.1}", (mean - t) / sd));
    let distances: String = distances.collect();
    format!("min {min:.4}, mean {mean:.4}, max {max:.4}, sd {sd:.4}{distances}")
}

/// Accuracy and rate.
fn judged(seed: u64, way: Way) -> (f64, f64) {
    let mut bytes = [0x5a; 32];
    bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
    let seed = Seed::new(bytes);
    let lesson = lesson(&mut seed.stream(10));
    let run = simulate(&way(&lesson, &mut seed.stream(99)), &lesson.spikes);
    let accuracy = network::accuracy(&classify(&run.logits), &lesson.test.labels);
    (accuracy, rate(&run.spikes))
}

fn reference(lesson: &Lesson, _: &mut Stream) -> Net {
    let (x, y) = (lesson.train.images.view(), lesson.train.labels.view());
    let trained = Solution.train(x, y, &lesson.start, lesson.seed).map(|trained| trained.params);
    trained.ok().and_then(|params| params.try_into().ok()).unwrap_or_else(|| lesson.start.clone())
}

fn batches(lesson: &Lesson, stream: &mut Stream) -> Vec<(Array2<f32>, Array1<i64>)> {
    let order = stream.permutation(lesson.train.labels.len());
    let select = |rows: &[usize]| {
        let images = lesson.train.images.select(Axis(0), rows);
        (images, lesson.train.labels.select(Axis(0), rows))
    };
    order.chunks(60).map(select).collect()
}

#[derive(Clone, Copy)]
struct Descent {
    rate: f64,
    momentum: f64,
    epochs: usize,
}

const PLAIN: Descent = Descent { rate: 0.1, momentum: 0.0, epochs: 25 };

fn descent(lesson: &Lesson, stream: &mut Stream, how: Descent) -> Net {
    let mut net = lesson.start.clone();
    let mut velocity = zeros(&net);
    for _ in 0..how.epochs {
        for (x, y) in batches(lesson, stream) {
            let grads = bptt_grads(&net, &encode(&x, stream), &y);
            for ((p, v), g) in net.iter_mut().zip(&mut velocity).zip(&grads) {
                v.w = &v.w * how.momentum - &g.w * how.rate;
                v.b = &v.b * how.momentum - &g.b * how.rate;
                p.w += &v.w;
                p.b += &v.b;
            }
        }
    }
    net
}

fn adam(
    lesson: &Lesson,
    stream: &mut Stream,
    coding: fn(&Array2<f32>, &mut Stream) -> Array3<u8>,
    grads: fn(&Net, &Array3<u8>, &Array1<i64>) -> Net,
) -> Net {
    let mut net = lesson.start.clone();
    let mut state = Adam { mean: zeros(&net), square: zeros(&net), steps: 0 };
    for _ in 0..25 {
        for (x, y) in batches(lesson, stream) {
            let spikes = coding(&x, stream);
            let grads = grads(&net, &spikes, &y);
            state.step(&mut net, &grads);
        }
    }
    net
}

fn zeros(net: &Net) -> Net {
    net.each_ref().map(|layer| Layer { w: &layer.w * 0.0, b: &layer.b * 0.0 })
}

struct Adam {
    mean: Net,
    square: Net,
    steps: i32,
}

impl Adam {
    fn step(&mut self, net: &mut Net, grads: &Net) {
        self.steps += 1;
        let (first, second) = (1.0 - 0.9_f64.powi(self.steps), 1.0 - 0.999_f64.powi(self.steps));
        let update = |p: &mut f64, m: &mut f64, s: &mut f64, g: f64| {
            *m = 0.9 * *m + 0.1 * g;
            *s = 0.999 * *s + 0.001 * g * g;
            *p -= 3e-3 * (*m / first) / ((*s / second).sqrt() + 1e-8);
        };
        let all = net.iter_mut().zip(&mut self.mean).zip(&mut self.square).zip(grads);
        for (((p, m), s), g) in all {
            for (((p, m), s), g) in p.w.iter_mut().zip(&mut m.w).zip(&mut s.w).zip(&g.w) {
                update(p, m, s, *g);
            }
            for (((p, m), s), g) in p.b.iter_mut().zip(&mut m.b).zip(&mut s.b).zip(&g.b) {
                update(p, m, s, *g);
            }
        }
    }
}

fn sliding(x: &Array2<f32>, stream: &mut Stream) -> Array3<u8> {
    encode(x, stream)
}

fn first_step(x: &Array2<f32>, stream: &mut Stream) -> Array3<u8> {
    encode(x, stream).select(Axis(1), &[0])
}

/// Every pixel in view at every step.
fn whole(x: &Array2<f32>, stream: &mut Stream, steps: usize) -> Array3<u8> {
    let (samples, pixels) = x.dim();
    Array3::from_shape_fn((samples, steps, pixels), |(sample, _, pixel)| {
        let brightness = x.get((sample, pixel)).copied().unwrap_or_default();
        u8::from(stream.chance(f64::from(brightness)))
    })
}

fn shuffled_steps(x: &Array2<f32>, stream: &mut Stream) -> Array3<u8> {
    let spikes = encode(x, stream);
    let order = stream.permutation(spikes.dim().1);
    spikes.select(Axis(1), &order)
}

fn bptt_grads(net: &Net, spikes: &Array3<u8>, y: &Array1<i64>) -> Net {
    bptt(net, spikes, y).1
}

fn readout_only(net: &Net, spikes: &Array3<u8>, y: &Array1<i64>) -> Net {
    let [hidden, output] = bptt(net, spikes, y).1;
    [Layer { w: &hidden.w * 0.0, b: &hidden.b * 0.0 }, output]
}

/// The error reaches a hidden neuron in each step and no earlier one, as rules that are local in time have it.
fn local(net: &Net, spikes: &Array3<u8>, y: &Array1<i64>) -> Net {
    let [hidden, output] = net;
    let (_, [_, of_output], run) = bptt(net, spikes, y);
    let mut own = network::softmax(&run.logits);
    for (mut row, class) in own.rows_mut().into_iter().zip(y) {
        row.iter_mut().skip(network::index(*class)).take(1).for_each(|right| *right -= 1.0);
    }
    let (samples, steps, _) = spikes.dim();
    own /= (samples * steps) as f64;
    let mut of_v = Array2::<f64>::zeros(own.dim());
    let mut of_hidden = Layer { w: &hidden.w * 0.0, b: &hidden.b * 0.0 };
    let backwards = spikes.axis_iter(Axis(1)).zip(run.potentials.axis_iter(Axis(1)));
    for (input, potentials) in backwards.rev() {
        of_v = of_v * 0.9 + &own;
        let of_u = of_v.dot(&output.w.t())
            * potentials.mapv(|u| testat_snn::reference::surrogate(u - 1.0));
        of_hidden.w += &input.mapv(f64::from).t().dot(&of_u);
        of_hidden.b += &of_u.sum_axis(Axis(0));
    }
    [of_hidden, of_output]
}

/// A network of ReLUs, trained on the images as numbers; its weights are handed over as they are.
fn ann(lesson: &Lesson, stream: &mut Stream) -> Net {
    let mut net = lesson.start.clone();
    let mut state = Adam { mean: zeros(&net), square: zeros(&net), steps: 0 };
    for _ in 0..60 {
        for (x, y) in batches(lesson, stream) {
            let (_, grads, _) = loss_and_grads(&net, &x.mapv(f64::from), &y, Activation::Relu);
            if let Ok(grads) = grads.try_into() {
                state.step(&mut net, &grads);
            }
        }
    }
    net
}
