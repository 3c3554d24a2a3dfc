//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.

use std::time::{SystemTime, UNIX_EPOCH};

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use testat_kit::feedback::{Feedback, Layer, Rule, Run};
use testat_kit::serve::Problem;

use crate::solution::Solution;

/// What a solution does wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slip {
    Backprop,
    Negative,
    NoBias,
    NoMean,
    Panics,
    OneLayerShort,
    OneRule,
    Transposed,
    Unchanged,
    EpochShort,
    BackpropRun,
    FeedbackCopied,
    Decay,
    LastOnly,
    Infinite,
    Clock,
}

impl Slip {
    /// Each with the check that must catch it, and words that its message must hold.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 16] = [
        (Self::Backprop, "fa", "This is backpropagation"),
        (Self::Negative, "fa", "with -B in place of B"),
        (Self::NoBias, "fa", "gradients of the biases are all 0"),
        (Self::NoMean, "fa", "N times too large"),
        (Self::Panics, "fa", "it panicked: no such thing"),
        (Self::OneLayerShort, "fa", "is missing"),
        (Self::Transposed, "fa", "B transposed"),
        (Self::OneRule, "dfa", "result of the other rule"),
        (Self::Unchanged, "run_fa", "come back unchanged"),
        (Self::EpochShort, "run_fa", "after 39 of 40 epochs"),
        (Self::BackpropRun, "run_fa", "weights of backpropagation"),
        (Self::FeedbackCopied, "run_fa", "alignment must be learnt"),
        (Self::Decay, "run_fa", "near, and not the same run"),
        (Self::LastOnly, "run_fa", "Only the last layer has moved"),
        (Self::Infinite, "run_fa", "must be finite"),
        (Self::Clock, "repeatable", "numbers differ"),
    ];
}

/// The reference, slipping.
pub(crate) struct Slipping(pub(crate) Slip);

/// The transposed weights above each hidden layer.
fn transposed(params: &[Layer]) -> Vec<Array2<f64>> {
    params.iter().skip(1).map(|layer| layer.w.t().to_owned()).collect()
}

fn square(feedback: &[Array2<f64>]) -> bool {
    feedback.iter().all(Array2::is_square)
}

impl Feedback for Slipping {
    fn feedback_grads(
        &mut self,
        params: &[Layer],
        feedback: &[Array2<f64>],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
        rule: Rule,
    ) -> Result<Vec<Layer>, Problem> {
        let (feedback, rule) = match self.0 {
            Slip::Backprop => (transposed(params), Rule::Fa),
            Slip::Negative => (feedback.iter().map(|b| b.mapv(|b| -b)).collect(), rule),
            Slip::Transposed if square(feedback) => {
                (feedback.iter().map(|b| b.t().to_owned()).collect(), rule)
            }
            Slip::OneRule if square(feedback) => (feedback.to_vec(), Rule::Fa),
            _ => (feedback.to_vec(), rule),
        };
        let mut grads = Solution.feedback_grads(params, &feedback, x, y, rule)?;
        match self.0 {
            Slip::NoMean => grads.iter_mut().for_each(|g| {
                g.w *= y.len() as f64;
                g.b *= y.len() as f64;
            }),
            Slip::NoBias => grads.iter_mut().for_each(|g| g.b.fill(0.0)),
            Slip::OneLayerShort => drop(grads.pop()),
            #[expect(clippy::panic, reason = "this is what a wrong solution may do")]
            Slip::Panics => panic!("no such thing"),
            _ => {}
        }
        Ok(grads)
    }

    fn train(&mut self, params0: &[Layer], run: Run<'_>) -> Result<Vec<Layer>, Problem> {
        let steps = run.order.nrows();
        let first = |steps: usize| {
            let order = run.order.select(Axis(0), &(0..steps).collect::<Vec<_>>());
            let Run { x, y, feedback, rule, lr, .. } = run;
            Solution.train(params0, Run { x, y, feedback, rule, lr, order: order.view() })
        };
        match self.0 {
            Slip::EpochShort => first(steps - 37),
            Slip::BackpropRun => backprop(params0, run),
            Slip::Decay => {
                let mut params = first(steps)?;
                params.iter_mut().for_each(|layer| layer.w *= 0.99);
                Ok(params)
            }
            Slip::LastOnly => {
                let mut params = first(37)?;
                params.iter_mut().zip(params0).rev().skip(1).for_each(|(p, p0)| *p = p0.clone());
                Ok(params)
            }
            Slip::FeedbackCopied => {
                let mut params = params0.to_vec();
                if let (Some(last), Some(b)) = (params.last_mut(), run.feedback.last()) {
                    last.w = b.t().to_owned();
                }
                Ok(params)
            }
            Slip::Infinite => {
                let mut params = params0.to_vec();
                params.iter_mut().for_each(|layer| layer.b.fill(f64::INFINITY));
                Ok(params)
            }
            #[expect(clippy::disallowed_methods, reason = "the mistake is to look at the clock")]
            Slip::Clock => {
                let mut params = first(steps)?;
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                let hair = 1e-9 * f64::from(now.subsec_nanos()) * 1e-9;
                params.iter_mut().for_each(|layer| layer.w *= 1.0 + hair);
                Ok(params)
            }
            Slip::Unchanged => Ok(params0.to_vec()),
            _ => Err("it has failed before: no need to train".into()),
        }
    }
}

/// The run, with the transposed weights for feedback.
fn backprop(params0: &[Layer], run: Run<'_>) -> Result<Vec<Layer>, Problem> {
    let x = run.x.mapv(f64::from);
    let mut params = params0.to_vec();
    for rows in run.order.rows() {
        let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        let (x, y) = (x.select(Axis(0), &rows), run.y.select(Axis(0), &rows));
        let weights = transposed(&params);
        let grads = Solution.feedback_grads(&params, &weights, x.view(), y.view(), Rule::Fa)?;
        for (p, g) in params.iter_mut().zip(&grads) {
            p.w.scaled_add(-run.lr, &g.w);
            p.b.scaled_add(-run.lr, &g.b);
        }
    }
    Ok(params)
}
