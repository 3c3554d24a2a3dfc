//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.

use std::time::{SystemTime, UNIX_EPOCH};

use ndarray::{Array2, ArrayView1, ArrayView2};
use testat_kit::backprop::{Activation, Backprop, Descent, Layer, Trained};
use testat_kit::serve::Problem;

use crate::solution::Solution;

/// What a solution does wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slip {
    Probabilities,
    Transposed,
    Panics,
    SumLoss,
    NoMean,
    NoBias,
    NoMomentum,
    Untrained,
    Infinite,
    Clock,
    OneLayerShort,
}

impl Slip {
    /// Each with the check that must catch it, and words that its message must hold.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 11] = [
        (Self::Probabilities, "forward", "These are probabilities"),
        (Self::Transposed, "forward", "has the shape"),
        (Self::Panics, "forward", "it panicked: no such thing"),
        (Self::SumLoss, "loss", "the loss is their mean"),
        (Self::NoMean, "grads", "N times too large"),
        (Self::NoBias, "grads", "gradients of the biases are all 0"),
        (Self::OneLayerShort, "grads", "is missing"),
        (Self::NoMomentum, "sgd", "the momentum is not used"),
        (Self::Untrained, "learn", "median of three"),
        (Self::Infinite, "learn", "must be finite"),
        (Self::Clock, "repeatable", "numbers differ"),
    ];
}

/// The reference, slipping.
pub(crate) struct Slipping(pub(crate) Slip);

impl Backprop for Slipping {
    fn forward(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        activation: Activation,
    ) -> Result<Array2<f64>, Problem> {
        let logits = Solution.forward(params, x, activation)?;
        match self.0 {
            Slip::Probabilities => {
                let mut p = logits;
                for mut row in p.rows_mut() {
                    let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
                    row.mapv_inplace(|z| (z - max).exp());
                    let sum = row.sum();
                    row /= sum;
                }
                Ok(p)
            }
            Slip::Transposed => Ok(logits.reversed_axes()),
            #[expect(clippy::panic, reason = "this is what a wrong solution may do")]
            Slip::Panics => panic!("no such thing"),
            _ => Ok(logits),
        }
    }

    fn loss_and_grads(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
        activation: Activation,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        let (loss, mut grads) = Solution.loss_and_grads(params, x, y, activation)?;
        let samples = y.len() as f64;
        match self.0 {
            Slip::SumLoss => return Ok((loss * samples, grads)),
            Slip::NoMean => grads.iter_mut().for_each(|g| {
                g.w *= samples;
                g.b *= samples;
            }),
            Slip::NoBias => grads.iter_mut().for_each(|g| g.b.fill(0.0)),
            Slip::OneLayerShort => drop(grads.pop()),
            _ => {}
        }
        Ok((loss, grads))
    }

    fn sgd(&mut self, params: &[Layer], data: Descent<'_>) -> Result<Vec<Layer>, Problem> {
        let momentum = if matches!(self.0, Slip::NoMomentum) { 0.0 } else { data.momentum };
        Solution.sgd(params, Descent { momentum, ..data })
    }

    fn train(
        &mut self,
        x: ArrayView2<f32>,
        y: ArrayView1<i64>,
        params0: &[Layer],
        _seed: i64,
    ) -> Result<Trained, Problem> {
        match self.0 {
            Slip::Infinite => {
                let mut params = params0.to_vec();
                params.iter_mut().for_each(|layer| layer.b.fill(f64::INFINITY));
                Ok(params.into())
            }
            #[expect(clippy::disallowed_methods, reason = "the mistake is to look at the clock")]
            Slip::Clock => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                Solution.train(x, y, params0, i64::from(now.subsec_nanos()))
            }
            // Untrained; or it has failed before, and there is no need to train.
            _ => Ok(params0.to_vec().into()),
        }
    }
}
