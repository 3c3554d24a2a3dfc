//! Ways of training: honest ones, and wrong ones.

use ndarray::{Array1, Array2, Axis};
use testat_kit::draw::Stream;
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, cross_entropy, forward, softmax};
use testat_kit::regularise::{Data, Regularise};
use testat_regularise::draws::Lesson;

use crate::solution::Solution;

/// A way of training.
pub(crate) type Way = fn(&Lesson, &mut Stream) -> Vec<Layer>;

/// All of them.
pub(crate) const WAYS: [(&str, Way); 21] = [
    ("reference", reference),
    ("L2 0.01, SGD", |l, s| Plan { l2: 0.01, ..SGD }.train(l, s)),
    ("L2 0.02, SGD", |l, s| Plan { l2: 0.02, ..SGD }.train(l, s)),
    ("L2 0.015, Adam", |l, s| Plan { l2: 0.015, ..ADAM }.train(l, s)),
    ("L1 0.001, Adam", |l, s| Plan { l1: 0.001, ..ADAM }.train(l, s)),
    ("dropout 0.5", |l, s| Plan { drop: 0.5, ..ADAM }.train(l, s)),
    ("dropout 0.8", |l, s| Plan { drop: 0.8, ..ADAM }.train(l, s)),
    ("dropout 0.5 and L2 0.005", |l, s| Plan { drop: 0.5, l2: 0.005, ..ADAM }.train(l, s)),
    ("early stopping, Adam", |l, s| Plan { rate: 5e-4, watch: true, ..ADAM }.train(l, s)),
    ("early stopping, SGD", |l, s| Plan { epochs: 40, watch: true, ..SGD }.train(l, s)),
    ("input noise 0.4", |l, s| Plan { noise: 0.4, ..ADAM }.train(l, s)),
    ("label smoothing 0.5 and L2 0.005", |l, s| {
        Plan { smooth: 0.5, l2: 0.005, ..ADAM }.train(l, s)
    }),
    ("unregularised, Adam", |l, s| Plan { epochs: 100, rate: 2e-3, ..ADAM }.train(l, s)),
    ("unregularised, SGD", |l, s| Plan { epochs: 150, rate: 0.05, ..SGD }.train(l, s)),
    ("weak L2 0.0001", |l, s| Plan { epochs: 150, rate: 0.05, l2: 1e-4, ..SGD }.train(l, s)),
    ("too strong L2 0.3", |l, s| Plan { l2: 0.3, ..SGD }.train(l, s)),
    ("class prior", prior),
    ("untrained", |l, _| l.start.clone()),
    ("dropout 0.8 and L2 0.005, factor missing", |l, s| {
        Plan { drop: 0.8, l2: 0.005, inverted: false, ..ADAM }.train(l, s)
    }),
    ("dropout 0.5 and L2 0.005, factor missing", |l, s| {
        Plan { drop: 0.5, l2: 0.005, inverted: false, ..ADAM }.train(l, s)
    }),
    ("reference, scaled down by 1 - q", |l, s| {
        let mut layers = reference(l, s);
        layers.iter_mut().skip(1).for_each(|layer| layer.w *= 0.2);
        layers
    }),
];

fn reference(lesson: &Lesson, _: &mut Stream) -> Vec<Layer> {
    let data = Data {
        x: lesson.train.images.view(),
        y: lesson.train.labels.view(),
        x_val: lesson.validation.images.view(),
        y_val: lesson.validation.labels.view(),
    };
    Solution.train(data, &lesson.start, lesson.seed).map_or_else(|_| Vec::new(), |t| t.params)
}

/// Nothing but how often each label comes.
fn prior(lesson: &Lesson, _: &mut Stream) -> Vec<Layer> {
    let mut layers: Vec<Layer> =
        lesson.start.iter().map(|l| Layer { w: &l.w * 0.0, b: &l.b * 0.0 }).collect();
    if let Some(last) = layers.last_mut() {
        for (class, b) in last.b.iter_mut().enumerate() {
            let count = lesson.train.labels.iter().filter(|y| **y == class as i64).count();
            *b = ((count as f64 + 1e-6) / lesson.train.labels.len() as f64).ln();
        }
    }
    layers
}

const SGD: Plan = Plan {
    epochs: 60,
    rate: 0.02,
    adaptive: false,
    l1: 0.0,
    l2: 0.0,
    drop: 0.0,
    inverted: true,
    noise: 0.0,
    smooth: 0.0,
    watch: false,
};
const ADAM: Plan = Plan { rate: 1e-3, adaptive: true, ..SGD };

/// A training with momentum 0.9 or with Adam, in minibatches of 32.
struct Plan {
    epochs: usize,
    rate: f64,
    adaptive: bool,
    l1: f64,
    l2: f64,
    drop: f64,
    /// Whether kept units are scaled by 1 / (1 - drop).
    inverted: bool,
    /// Standard deviation of noise on the pixels.
    noise: f64,
    /// Share of the target spread over all classes.
    smooth: f64,
    /// Whether the parameters of the lowest validation loss are returned.
    watch: bool,
}

impl Plan {
    fn train(&self, lesson: &Lesson, stream: &mut Stream) -> Vec<Layer> {
        let images: Array2<f64> = lesson.train.images.mapv(f64::from);
        let validation: Array2<f64> = lesson.validation.images.mapv(f64::from);
        let mut params = lesson.start.clone();
        let mut first: Vec<Layer> =
            params.iter().map(|l| Layer { w: &l.w * 0.0, b: &l.b * 0.0 }).collect();
        let mut second = first.clone();
        let (mut best, mut kept, mut steps) = (f64::INFINITY, params.clone(), 0);
        for _ in 0..self.epochs {
            for rows in stream.permutation(images.nrows()).chunks(32) {
                let x = images.select(Axis(0), rows);
                let y = lesson.train.labels.select(Axis(0), rows);
                let grads = self.grads(&params, x, &y, stream);
                steps += 1;
                for (((p, m), s), g) in
                    params.iter_mut().zip(&mut first).zip(&mut second).zip(&grads)
                {
                    self.step(steps, [&mut p.w, &mut m.w, &mut s.w], &g.w);
                    self.step(steps, [&mut p.b, &mut m.b, &mut s.b], &g.b);
                }
            }
            if self.watch {
                let logits = forward(&params, &validation, Activation::Relu).logits;
                let loss = cross_entropy(&logits, &lesson.validation.labels);
                if loss < best {
                    (best, kept) = (loss, params.clone());
                }
            }
        }
        if self.watch { kept } else { params }
    }

    fn grads(
        &self,
        params: &[Layer],
        mut x: Array2<f64>,
        y: &Array1<i64>,
        stream: &mut Stream,
    ) -> Vec<Layer> {
        let [below, above] = params else { return Vec::new() };
        if self.noise > 0.0 {
            x.mapv_inplace(|pixel| pixel + self.noise * stream.normal());
        }
        let z = x.dot(&below.w) + &below.b;
        let mut factor = Array2::ones(z.dim());
        if self.drop > 0.0 {
            let kept = if self.inverted { 1.0 / (1.0 - self.drop) } else { 1.0 };
            factor.mapv_inplace(|_: f64| if stream.chance(self.drop) { 0.0 } else { kept });
        }
        let h = z.mapv(|z| z.max(0.0)) * &factor;
        let mut delta = softmax(&(h.dot(&above.w) + &above.b)) - self.smooth / 10.0;
        for (mut row, class) in delta.rows_mut().into_iter().zip(y) {
            row.iter_mut().skip(*class as usize).take(1).for_each(|d| *d -= 1.0 - self.smooth);
        }
        delta /= y.len() as f64;
        let mut back = delta.dot(&above.w.t()) * factor;
        back.zip_mut_with(&z, |d, z| *d *= f64::from(u8::from(*z > 0.0)));
        let penalty = |w: &Array2<f64>| w.mapv(|w| self.l2 * w + self.l1 * w.signum());
        vec![
            Layer { w: x.t().dot(&back) + penalty(&below.w), b: back.sum_axis(Axis(0)) },
            Layer { w: h.t().dot(&delta) + penalty(&above.w), b: delta.sum_axis(Axis(0)) },
        ]
    }

    fn step<D: ndarray::Dimension>(
        &self,
        steps: i32,
        [p, m, s]: [&mut ndarray::Array<f64, D>; 3],
        g: &ndarray::Array<f64, D>,
    ) {
        if !self.adaptive {
            m.zip_mut_with(g, |v, g| *v = 0.9 * *v - self.rate * g);
            *p += &*m;
            return;
        }
        let (one, two) = (1.0 - 0.9_f64.powi(steps), 1.0 - 0.999_f64.powi(steps));
        ndarray::Zip::from(p).and(m).and(s).and(g).for_each(|p, m, s, g| {
            *m = 0.9 * *m + 0.1 * g;
            *s = 0.999 * *s + 0.001 * g * g;
            *p -= self.rate * (*m / one) / ((*s / two).sqrt() + 1e-8);
        });
    }
}
