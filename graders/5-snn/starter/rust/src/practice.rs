//! Try your solution at home: `cargo test --release -- --nocapture`. The grader's checks are stricter.

use ndarray::{Array1, Array2, Array3, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use testat_kit::snn::{Layer, Spiking, encode};

use crate::solution::Solution;

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

    fn layer(&mut self, inputs: usize, outputs: usize, weights: f64, biases: f64) -> Layer {
        Layer {
            w: Array2::from_shape_simple_fn((inputs, outputs), || weights * self.normal()),
            b: Array1::from_shape_simple_fn(outputs, || biases * self.normal()),
        }
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
        let gap = |other: &Vec<f64>| image.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
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
        let glyph = glyphs[class].map(|s| s.map(|p| p.map(|c| c + 0.05 * draw.normal())));
        let (angle, scale) = (draw.uniform(-12.0, 12.0).to_radians(), draw.uniform(-0.1, 0.1).exp());
        let shift = [draw.uniform(-0.07, 0.07), draw.uniform(-0.07, 0.07)];
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

/// What a simulation leaves behind, if `spikes` (N, T, H) are right: the potentials before each reset.
fn potentials_of(params: &[Layer], s: &Array3<f64>, spikes: &Array3<f64>) -> Array3<f64> {
    let mut u = Array2::<f64>::zeros((s.dim().0, params[0].b.len()));
    let mut potentials = Array3::zeros(spikes.dim());
    for t in 0..s.dim().1 {
        u = u * 0.9 + s.index_axis(Axis(1), t).dot(&params[0].w) + &params[0].b;
        potentials.index_axis_mut(Axis(1), t).assign(&u);
        u = u - spikes.index_axis(Axis(1), t);
    }
    potentials
}

/// The loss of a twin in which a spike moves with the potential as the surrogate says, and the resets stay as
/// they are in `spikes`: its true gradient is what `bptt` must return.
fn smooth_loss(
    params: &[Layer],
    s: &Array3<f64>,
    y: &Array1<i64>,
    spikes: &Array3<f64>,
    potentials: &Array3<f64>,
) -> f64 {
    let sigmoid = |x: f64| x / (1.0 + 5.0 * x.abs());
    let (samples, steps, _) = s.dim();
    let mut u = Array2::<f64>::zeros((samples, params[0].b.len()));
    let mut v = Array2::<f64>::zeros((samples, params[1].b.len()));
    let mut total = v.clone();
    for t in 0..steps {
        u = u * 0.9 + s.index_axis(Axis(1), t).dot(&params[0].w) + &params[0].b;
        let around = potentials.index_axis(Axis(1), t).mapv(|u| sigmoid(u - 1.0));
        let z = &spikes.index_axis(Axis(1), t) + u.mapv(|u| sigmoid(u - 1.0)) - around;
        u = u - spikes.index_axis(Axis(1), t);
        v = v * 0.9 + z.dot(&params[1].w) + &params[1].b;
        total += &v;
    }
    let logits = total / steps as f64;
    let own = logits.rows().into_iter().zip(y).map(|(row, class)| {
        let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
        row.mapv(|z| (z - max).exp()).sum().ln() + max - row[*class as usize]
    });
    own.sum::<f64>() / samples as f64
}

#[test]
fn gradients_agree_with_finite_differences() {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(0));
    for (samples, steps) in [(1, 1), (4, 12), (3, 25)] {
        let mut params = vec![draw.layer(5, 6, 0.6, 0.2), draw.layer(6, 3, 0.6, 0.2)];
        let s = Array3::from_shape_simple_fn((samples, steps, 5), || u8::from(draw.below(5) < 2));
        let y = Array1::from_shape_simple_fn(samples, || draw.below(3) as i64);
        let spikes = Solution.simulate(&params, s.view()).unwrap().spikes.mapv(f64::from);
        let (loss, grads) = Solution.bptt(&params, s.view(), y.view()).unwrap();
        let s = s.mapv(f64::from);
        let potentials = potentials_of(&params, &s, &spikes);
        let right = potentials.iter().zip(&spikes).all(|(u, z)| (*u >= 1.0) == (*z == 1.0));
        assert!(right, "the spikes are not those of the potentials");
        let at_present = smooth_loss(&params, &s, &y, &spikes, &potentials);
        assert!((loss - at_present).abs() < 1e-9, "the loss is {loss}, not {at_present}");
        for l in 0..2 {
            for at in ndarray::indices(params[l].w.dim()) {
                let old = params[l].w[at];
                params[l].w[at] = old + 1e-6;
                let above = smooth_loss(&params, &s, &y, &spikes, &potentials);
                params[l].w[at] = old - 1e-6;
                let below = smooth_loss(&params, &s, &y, &spikes, &potentials);
                params[l].w[at] = old;
                let (slope, got) = ((above - below) / 2e-6, grads[l].w[at]);
                assert!((slope - got).abs() < 1e-7, "dW{l}[{at:?}] is {got}, the slope {slope}");
            }
        }
    }
}

#[test]
fn training_learns_invented_digits() {
    for seed in 0..3 {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
        let glyphs = alphabet(&mut draw);
        let (x, y) = samples(&mut draw, &glyphs, 1200);
        let (x_test, y_test) = samples(&mut draw, &glyphs, 597);
        let params0 = [draw.layer(64, 32, 0.12, 0.0), draw.layer(32, 10, 0.1, 0.0)];
        let trained = Solution.train(x.view(), y.view(), &params0, seed as i64).unwrap();
        let input = encode(&x_test.view(), || draw.uniform(0.0, 1.0));
        let simulated = Solution.simulate(&trained.params, input.view()).unwrap();
        let right = simulated.logits.rows().into_iter().zip(&y_test).filter(|(row, class)| {
            let own = row[**class as usize];
            row.iter().all(|z| *z <= own)
        });
        let accuracy = right.count() as f64 / 597.0;
        let rate = simulated.spikes.mapv(f64::from).mean().unwrap();
        println!(
            "alphabet {seed}: {:.1} % right (80 % are required), a neuron spikes in {rate:.3} of the steps \
             (0.005 to 0.6)",
            100.0 * accuracy
        );
        assert!(accuracy >= 0.8 && (0.005..=0.6).contains(&rate));
    }
}
