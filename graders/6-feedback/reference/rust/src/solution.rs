//! Feedback alignment and direct feedback alignment, and plain gradient descent with either.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use testat_kit::feedback::{Feedback, Layer, Rule, Run};
use testat_kit::serve::Problem;

/// A right solution.
pub(crate) struct Solution;

impl Feedback for Solution {
    fn feedback_grads(
        &mut self,
        params: &[Layer],
        feedback: &[Array2<f64>],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
        rule: Rule,
    ) -> Result<Vec<Layer>, Problem> {
        let signals = outputs(params, x);
        let error = output_error(signals.last().ok_or("a network without layers")?, y);
        let mut delta = error.clone();
        let mut grads = Vec::new();
        for l in (0..params.len()).rev() {
            let h = &signals[l];
            grads.push(Layer { w: h.t().dot(&delta), b: delta.sum_axis(Axis(0)) });
            if l > 0 {
                // The first matrix belongs to the first hidden layer. The slope of tanh comes from its value.
                let source = if rule == Rule::Fa { &delta } else { &error };
                delta = source.dot(&feedback[l - 1]) * h.mapv(|h| 1.0 - h * h);
            }
        }
        grads.reverse();
        Ok(grads)
    }

    fn train(&mut self, params0: &[Layer], run: Run<'_>) -> Result<Vec<Layer>, Problem> {
        let x = run.x.mapv(f64::from);
        let mut params = params0.to_vec();
        for step in run.order.rows() {
            let rows: Vec<usize> = step.iter().map(|row| *row as usize).collect();
            let (x, y) = (x.select(Axis(0), &rows), run.y.select(Axis(0), &rows));
            let grads = self.feedback_grads(&params, run.feedback, x.view(), y.view(), run.rule)?;
            for (p, g) in params.iter_mut().zip(&grads) {
                p.w.scaled_add(-run.lr, &g.w);
                p.b.scaled_add(-run.lr, &g.b);
            }
        }
        Ok(params)
    }
}

/// The input of each layer, after tanh, and last the logits.
fn outputs(params: &[Layer], x: ArrayView2<f64>) -> Vec<Array2<f64>> {
    let mut signals = vec![x.to_owned()];
    for (l, layer) in params.iter().enumerate() {
        let z = signals[l].dot(&layer.w) + &layer.b;
        signals.push(if l + 1 < params.len() { z.mapv(f64::tanh) } else { z });
    }
    signals
}

/// dL/dlogits of the mean cross-entropy: (softmax - onehot) / N.
fn output_error(logits: &Array2<f64>, y: ArrayView1<i64>) -> Array2<f64> {
    let mut error = logits.clone();
    for (mut row, class) in error.rows_mut().into_iter().zip(y) {
        let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row /= sum;
        row[*class as usize] -= 1.0;
    }
    error / y.len() as f64
}
