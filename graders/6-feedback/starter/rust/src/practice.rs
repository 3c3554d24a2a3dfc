//! Try your solution at home: `cargo test --release -- --nocapture`. The grader's checks are stricter.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use testat_kit::feedback::{Feedback, Layer, Rule, Run};

use crate::solution::Solution;

/// How strongly images differ from their glyph, as in the grader's runs.
const STRENGTH: f64 = 0.7;

struct Draw(ChaCha8Rng);

impl Draw {
    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.0.next_u64() % count as u64) as usize
    }

    fn layers(&mut self, sizes: &[usize], gain: f64, bias: f64) -> Vec<Layer> {
        let pairs = sizes.iter().zip(&sizes[1..]);
        pairs
            .map(|(&inputs, &outputs)| Layer {
                w: Array2::from_shape_simple_fn((inputs, outputs), || {
                    self.normal() * (gain / inputs as f64).sqrt()
                }),
                b: Array1::from_shape_simple_fn(outputs, || bias * self.normal()),
            })
            .collect()
    }
}

type Glyph = [[[f64; 2]; 3]; 2];

/// Image of two strokes of three control points each: a pen of Gaussian darkness.
fn raster(glyph: &Glyph, place: impl Fn([f64; 2]) -> [f64; 2]) -> Vec<f64> {
    let mut points = Vec::new();
    for stroke in glyph {
        for step in 0..9 {
            let t = f64::from(step) / 8.0;
            let weights = [(1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t];
            let at = |axis: usize| (0..3).map(|k| weights[k] * stroke[k][axis]).sum::<f64>();
            points.push(place([at(0), at(1)]));
        }
    }
    let pixel = |at: usize| {
        let (x, y) = (((at % 8) as f64 + 0.5) / 8.0, ((at / 8) as f64 + 0.5) / 8.0);
        let square = points.iter().map(|p| (p[0] - x).powi(2) + (p[1] - y).powi(2));
        (-square.fold(f64::INFINITY, f64::min) / (2.0 * 0.075 * 0.075)).exp()
    };
    (0..64).map(pixel).collect()
}

/// Ten glyphs whose clean images lie apart.
fn alphabet(draw: &mut Draw) -> Vec<Glyph> {
    let (mut glyphs, mut images): (Vec<Glyph>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    while glyphs.len() < 10 {
        let glyph = [(); 2].map(|()| [(); 3].map(|()| [(); 2].map(|()| draw.uniform(0.08, 0.92))));
        let image = raster(&glyph, |p| p);
        let gap = |other: &Vec<f64>| {
            image.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        };
        if images.iter().all(|other| gap(other) > 2.2) {
            glyphs.push(glyph);
            images.push(image);
        }
    }
    glyphs
}

/// Images (count, 64) and their classes: jittered, turned, noisy, half inverted.
fn samples(draw: &mut Draw, glyphs: &[Glyph], count: usize) -> (Array2<f32>, Array1<i64>) {
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let class = draw.below(10);
        let glyph =
            glyphs[class].map(|s| s.map(|p| p.map(|c| c + 0.05 * STRENGTH * draw.normal())));
        let angle = (STRENGTH * draw.uniform(-12.0, 12.0)).to_radians();
        let scale = (STRENGTH * draw.uniform(-0.1, 0.1)).exp();
        let shift = [(); 2].map(|()| STRENGTH * draw.uniform(-0.07, 0.07));
        let (c, s) = (angle.cos() * scale, angle.sin() * scale);
        let image = raster(&glyph, |[x, y]| {
            let (x, y) = (x - 0.5, y - 0.5);
            [c * x - s * y + 0.5 + shift[0], s * x + c * y + 0.5 + shift[1]]
        });
        let inverted = draw.below(2) == 1;
        for pixel in image {
            let pixel = (pixel + 0.1 * draw.normal()).clamp(0.0, 1.0);
            images.push(if inverted { 1.0 - pixel } else { pixel } as f32);
        }
        classes.push(class as i64);
    }
    (Array2::from_shape_vec((count, 64), images).unwrap(), Array1::from(classes))
}

/// The network's output: tanh in every layer but the last.
fn logits(params: &[Layer], x: ArrayView2<f64>) -> Array2<f64> {
    let mut signal = x.to_owned();
    for (l, layer) in params.iter().enumerate() {
        let z = signal.dot(&layer.w) + &layer.b;
        signal = if l + 1 < params.len() { z.mapv(f64::tanh) } else { z };
    }
    signal
}

fn loss(params: &[Layer], x: ArrayView2<f64>, y: ArrayView1<i64>) -> f64 {
    let own = |(row, class): (ArrayView1<f64>, &i64)| {
        let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
        row.mapv(|z| (z - max).exp()).sum().ln() + max - row[*class as usize]
    };
    logits(params, x).rows().into_iter().zip(y).map(own).sum::<f64>() / y.len() as f64
}

#[test]
fn with_the_transposed_weights_fa_gives_the_gradient_of_the_loss() {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(0));
    for sizes in [&[5, 6, 4][..], &[4, 6, 5, 3], &[5, 5, 5, 5]] {
        let mut params = draw.layers(sizes, 1.5, 0.3);
        let x = Array2::from_shape_simple_fn((7, sizes[0]), || draw.normal());
        let y = Array1::from_shape_simple_fn(7, || draw.below(*sizes.last().unwrap()) as i64);
        let feedback: Vec<_> = params.iter().skip(1).map(|layer| layer.w.t().to_owned()).collect();
        let grads =
            Solution.feedback_grads(&params, &feedback, x.view(), y.view(), Rule::Fa).unwrap();
        for l in 0..params.len() {
            for at in ndarray::indices(params[l].w.dim()) {
                let old = params[l].w[at];
                params[l].w[at] = old + 1e-6;
                let above = loss(&params, x.view(), y.view());
                params[l].w[at] = old - 1e-6;
                let below = loss(&params, x.view(), y.view());
                params[l].w[at] = old;
                let (slope, got) = ((above - below) / 2e-6, grads[l].w[at]);
                assert!((slope - got).abs() < 1e-7, "dW{l}[{at:?}] is {got}, the slope {slope}");
            }
        }
    }
}

#[test]
fn both_rules_learn_invented_digits_and_align() {
    for (rule, sizes) in [(Rule::Fa, &[64, 128, 10][..]), (Rule::Dfa, &[64, 128, 64, 10])] {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(1));
        let glyphs = alphabet(&mut draw);
        let (x, y) = samples(&mut draw, &glyphs, 1200);
        let (x_test, y_test) = samples(&mut draw, &glyphs, 597);
        let params0 = draw.layers(sizes, 0.01, 0.0);
        let feedback: Vec<Array2<f64>> = (1..sizes.len() - 1)
            .map(|l| {
                let rows = if rule == Rule::Fa { sizes[l + 1] } else { 10 };
                let normal = || draw.normal() / (rows as f64).sqrt();
                Array2::from_shape_simple_fn((rows, sizes[l]), normal)
            })
            .collect();
        let order = order(&mut draw);
        let run = Run {
            x: x.view(),
            y: y.view(),
            feedback: &feedback,
            rule,
            order: order.view(),
            lr: draw.uniform(0.05, 0.08),
        };
        let params = Solution.train(&params0, run).unwrap();
        let logits = logits(&params, x_test.mapv(f64::from).view());
        let right = logits.rows().into_iter().zip(&y_test).filter(|(row, class)| {
            let own = row[**class as usize];
            row.iter().all(|z| *z <= own)
        });
        let accuracy = right.count() as f64 / 597.0;
        let (w, b) = (params.last().unwrap().w.t().to_owned(), feedback.last().unwrap());
        let length = |m: &Array2<f64>| m.mapv(|v| v * v).sum().sqrt();
        let cosine = (&w * b).sum() / (length(&w) * length(b));
        println!("{rule:?}: {:.1} % right, alignment {cosine:.2}", 100.0 * accuracy);
        assert!(accuracy >= 0.8 && cosine >= 0.25);
    }
}

/// 40 epochs of 37 minibatches of 32 samples.
fn order(draw: &mut Draw) -> Array2<i64> {
    let mut all = Vec::new();
    for _ in 0..40 {
        let mut epoch: Vec<i64> = (0..1200).collect();
        for last in (1..epoch.len()).rev() {
            epoch.swap(last, draw.below(last + 1));
        }
        all.extend(&epoch[..1184]);
    }
    Array2::from_shape_vec((1480, 32), all).unwrap()
}
