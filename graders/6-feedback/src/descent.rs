//! The prescribed run: 1480 steps of gradient descent, the same as the student's `train`, as fast as it
//! can be, since the harness makes four runs in every grading. One set of buffers, and no gradient is
//! ever written down: each step adds it to the weights at once.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};
use testat_kit::glyph::PIXELS;
use testat_kit::network::{Layer, Real, cast, index};

use crate::draws::{Lesson, STEPS_AN_EPOCH};
use crate::reference::Route;
use crate::tanh::Tanh;

/// Runs `lesson` by `route`, which need not be its own, and returns the layers at the end. Before the
/// first step and after every epoch `watch` sees the layers. With `reversed` the samples of each
/// minibatch come from the last to the first: the same run with its sums in another order.
pub fn run<F: Real + Tanh>(
    lesson: &Lesson,
    start: &[Layer],
    route: Route,
    reversed: bool,
    mut watch: impl FnMut(&[Layer<F>]),
) -> Vec<Layer<F>> {
    let images: Vec<F> = lesson.train.images.iter().map(|p| F::of(f64::from(*p))).collect();
    let feedback: Vec<Array2<F>> = lesson.feedback.iter().map(|b| b.mapv(F::of)).collect();
    let mut layers: Vec<Layer<F>> = cast(start);
    let mut desk = Desk::new(&layers, lesson.order.ncols());
    watch(&layers);
    for (step, rows) in lesson.order.rows().into_iter().enumerate() {
        let last = rows.len().saturating_sub(1);
        for (at, (mut into, class)) in
            desk.batch.rows_mut().into_iter().zip(&mut desk.classes).enumerate()
        {
            let sample = rows.get(if reversed { last - at } else { at }).copied();
            let sample = index(sample.unwrap_or_default());
            let image = images.chunks_exact(PIXELS).nth(sample).unwrap_or_default();
            into.iter_mut().zip(image).for_each(|(to, from)| *to = *from);
            *class = index(lesson.train.labels.get(sample).copied().unwrap_or_default());
        }
        desk.step(&mut layers, &feedback, F::of(lesson.lr), route);
        if (step + 1) % STEPS_AN_EPOCH == 0 {
            watch(&layers);
        }
    }
    layers
}

/// The buffers of one run.
struct Desk<F> {
    /// The minibatch, (B, n0), and its classes.
    batch: Array2<F>,
    classes: Vec<usize>,
    /// Output of each layer after the activation, (B, outputs); of the last the logits, then the error.
    signals: Vec<Array2<F>>,
    /// What travels back to each hidden layer, (B, outputs).
    deltas: Vec<Array2<F>>,
}

impl<F: Real + Tanh> Desk<F> {
    fn new(layers: &[Layer<F>], samples: usize) -> Self {
        let inputs = layers.first().map(|layer| layer.w.nrows()).unwrap_or_default();
        let zeros = |layer: &Layer<F>| Array2::zeros((samples, layer.w.ncols()));
        Self {
            batch: Array2::zeros((samples, inputs)),
            classes: vec![0; samples],
            signals: layers.iter().map(zeros).collect(),
            deltas: layers.iter().map(zeros).collect(),
        }
    }

    /// One step on the minibatch that lies in the buffers.
    fn step(&mut self, layers: &mut [Layer<F>], feedback: &[Array2<F>], lr: F, route: Route) {
        self.forward(layers);
        self.error();
        self.back(layers, feedback, route);
        let inputs = std::iter::once(&self.batch).chain(&self.signals);
        for ((layer, input), delta) in layers.iter_mut().zip(inputs).zip(&self.deltas) {
            general_mat_mul(-lr, &input.t(), delta, F::one(), &mut layer.w);
            for row in delta.rows() {
                layer.b.scaled_add(-lr, &row);
            }
        }
    }

    fn forward(&mut self, layers: &[Layer<F>]) {
        let hidden = layers.len().saturating_sub(1);
        for (l, layer) in layers.iter().enumerate() {
            let (before, from) = self.signals.split_at_mut(l);
            let Some(into) = from.first_mut() else { return };
            into.rows_mut().into_iter().for_each(|mut row| row.assign(&layer.b));
            let input = before.last().unwrap_or(&self.batch);
            general_mat_mul(F::one(), input, &layer.w, F::one(), into);
            if l < hidden {
                into.mapv_inplace(Tanh::fast_tanh);
            }
        }
    }

    /// The error of the output, (softmax - onehot) / N, into the last of the deltas.
    fn error(&mut self) {
        let (Some(logits), Some(delta)) = (self.signals.last(), self.deltas.last_mut()) else {
            return;
        };
        let samples = F::of(self.classes.len() as f64);
        delta.assign(logits);
        for (mut row, class) in delta.rows_mut().into_iter().zip(&self.classes) {
            let max = row.fold(F::neg_infinity(), |max, z| max.max(*z));
            row.mapv_inplace(|z| (z - max).exp());
            let sum = row.sum();
            row.mapv_inplace(|e| e / sum);
            if let Some(own) = row.get_mut(*class) {
                *own -= F::one();
            }
            row.mapv_inplace(|e| e / samples);
        }
    }

    fn back(&mut self, layers: &[Layer<F>], feedback: &[Array2<F>], route: Route) {
        let weights: Vec<ArrayView2<F>> = layers.iter().skip(1).map(|l| l.w.t()).collect();
        for below in (0..weights.len()).rev() {
            let (to, from) = self.deltas.split_at_mut(below + 1);
            let source = if route == Route::Dfa { from.last() } else { from.first() };
            let matrix = match route {
                Route::Backprop => weights.get(below).copied(),
                Route::Fa | Route::Dfa => feedback.get(below).map(|b| b.view()),
            };
            let (Some(into), Some(source), Some(matrix), Some(h)) =
                (to.last_mut(), source, matrix, self.signals.get(below))
            else {
                return;
            };
            general_mat_mul(F::one(), source, &matrix, F::zero(), into);
            // The derivative of tanh from its value: 1 - h^2.
            into.zip_mut_with(h, |delta, h| *delta *= F::one() - *h * *h);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, s};
    use testat_kit::draw::Seed;
    use testat_kit::network::farthest;

    use super::*;
    use crate::draws::lesson;
    use crate::reference::feedback_grads;

    /// The same run from the plain gradients, one allocation after the other.
    fn plainly(lesson: &Lesson, route: Route) -> Vec<Layer> {
        let x = lesson.train.images.mapv(f64::from);
        let mut layers = lesson.start.clone();
        for rows in lesson.order.rows() {
            let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
            let (x, y) = (x.select(Axis(0), &rows), lesson.train.labels.select(Axis(0), &rows));
            let (grads, _) = feedback_grads(&layers, &lesson.feedback, &x, &y, route);
            for (layer, grad) in layers.iter_mut().zip(&grads) {
                layer.w.scaled_add(-lesson.lr, &grad.w);
                layer.b.scaled_add(-lesson.lr, &grad.b);
            }
        }
        layers
    }

    #[test]
    fn the_fast_run_is_the_plain_one_and_is_watched_after_every_epoch() {
        for (own, seed) in [(Route::Fa, 1), (Route::Dfa, 2)] {
            let mut lesson = lesson(&mut Seed::new([seed; 32]).stream(10), own);
            lesson.order = lesson.order.slice(s![..2 * STEPS_AN_EPOCH, ..]).to_owned();
            for route in [own, Route::Backprop] {
                let mut seen = Vec::new();
                let watch = |layers: &[Layer]| seen.push(layers.to_vec());
                let end = run::<f64>(&lesson, &lesson.start, route, false, watch);
                assert!(farthest(&end, &plainly(&lesson, route)) < 1e-12);
                assert_eq!(
                    (seen.len(), seen.first(), seen.last()),
                    (3, Some(&lesson.start), Some(&end))
                );
                let reversed = run::<f64>(&lesson, &lesson.start, route, true, |_| ());
                assert!(farthest(&reversed, &end) < 1e-12);
            }
        }
    }
}
