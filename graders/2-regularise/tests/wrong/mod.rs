//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.

use std::time::{SystemTime, UNIX_EPOCH};

use ndarray::{Array2, ArrayView1};
use testat_kit::regularise::{Data, Dropping, Layer, Normed, Norming, Regularise, Trained};
use testat_kit::serve::Problem;

use crate::solution::Solution;

/// What a solution does wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slip {
    BiasesPenalised,
    DoubledGradient,
    SignOfZero,
    NoFactor,
    DropsAtTest,
    KeepAndDropSwapped,
    Transposed,
    AlwaysTraining,
    Unbiased,
    MomentumSwapped,
    PatienceTooLong,
    LastAsBest,
    Panics,
    Clock,
    Untrained,
    Infinite,
    StillToScale,
}

impl Slip {
    /// Each with the check that must catch it, and words that its message must hold.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 17] = [
        (Self::BiasesPenalised, "penalty", "The biases seem to be penalised"),
        (Self::DoubledGradient, "penalty", "l2 counts twice"),
        (Self::SignOfZero, "penalty", "sign(0) = 0"),
        (Self::NoFactor, "dropout", "The factor 1/(1 - q) is missing"),
        (Self::DropsAtTest, "dropout", "Nothing is dropped"),
        (Self::KeepAndDropSwapped, "dropout", "q is the probability to drop"),
        (Self::Transposed, "dropout", "has the shape"),
        (Self::AlwaysTraining, "batch_norm", "the running values normalise"),
        (Self::Unbiased, "batch_norm", "divide by N"),
        (Self::MomentumSwapped, "batch_norm", "not the other way round"),
        (Self::PatienceTooLong, "early_stop", "one epoch too late"),
        (Self::LastAsBest, "early_stop", "The last epoch is returned"),
        (Self::Panics, "early_stop", "it panicked: no such thing"),
        (Self::Clock, "repeatable", "numbers differ"),
        (Self::Untrained, "learn", "median of three"),
        (Self::Infinite, "learn", "must be finite"),
        (Self::StillToScale, "scale", "dropout's factor"),
    ];
}

/// The reference, slipping.
pub(crate) struct Slipping(pub(crate) Slip);

impl Regularise for Slipping {
    fn penalty(
        &mut self,
        params: &[Layer],
        l1: f64,
        l2: f64,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        let (mut value, mut grads) = Solution.penalty(params, l1, l2)?;
        for (layer, grad) in params.iter().zip(&mut grads) {
            match self.0 {
                Slip::BiasesPenalised => {
                    value +=
                        (&layer.b * &layer.b).sum() * 0.5 * l2 + layer.b.mapv(f64::abs).sum() * l1;
                    grad.b = layer.b.mapv(|b| l2 * b + l1 * b.signum());
                }
                Slip::DoubledGradient => grad.w.scaled_add(l2, &layer.w),
                Slip::SignOfZero => grad.w = layer.w.mapv(|w| l2 * w + l1 * w.signum()),
                _ => {}
            }
        }
        Ok((value, grads))
    }

    fn dropout(&mut self, data: Dropping<'_>) -> Result<(Array2<f64>, Array2<f64>), Problem> {
        let (out, dh) = match self.0 {
            Slip::DropsAtTest => Solution.dropout(Dropping { training: true, ..data })?,
            Slip::KeepAndDropSwapped => Solution.dropout(Dropping { q: 1.0 - data.q, ..data })?,
            _ => Solution.dropout(data)?,
        };
        match self.0 {
            Slip::NoFactor if data.training => Ok((out * (1.0 - data.q), dh * (1.0 - data.q))),
            Slip::Transposed => Ok((out.reversed_axes(), dh)),
            // Division by a q of 0 is a slip of its own.
            Slip::KeepAndDropSwapped if data.training && data.q == 0.0 => {
                Ok((data.h.to_owned(), data.dout.to_owned()))
            }
            _ => Ok((out, dh)),
        }
    }

    fn batch_norm(&mut self, data: Norming<'_>) -> Result<Normed, Problem> {
        let samples = data.x.nrows() as f64;
        match self.0 {
            Slip::AlwaysTraining => Solution.batch_norm(Norming { training: true, ..data }),
            Slip::MomentumSwapped => {
                Solution.batch_norm(Norming { momentum: 1.0 - data.momentum, ..data })
            }
            Slip::Unbiased if data.training => {
                let mut normed = Solution.batch_norm(data)?;
                let old = &data.run_var * (1.0 - data.momentum);
                normed.new_var = (normed.new_var - &old) * (samples / (samples - 1.0)) + old;
                Ok(normed)
            }
            _ => Solution.batch_norm(data),
        }
    }

    fn early_stop(
        &mut self,
        val: ArrayView1<f64>,
        patience: i64,
        min_delta: f64,
    ) -> Result<(i64, i64), Problem> {
        match self.0 {
            Slip::PatienceTooLong => Solution.early_stop(val, patience + 1, min_delta),
            Slip::LastAsBest => {
                let (_, stop) = Solution.early_stop(val, patience, min_delta)?;
                Ok((stop, stop))
            }
            #[expect(clippy::panic, reason = "this is what a wrong solution may do")]
            Slip::Panics => panic!("no such thing"),
            _ => Solution.early_stop(val, patience, min_delta),
        }
    }

    fn train(&mut self, data: Data<'_>, params0: &[Layer], seed: i64) -> Result<Trained, Problem> {
        match self.0 {
            Slip::Infinite => {
                let mut params = params0.to_vec();
                params.iter_mut().for_each(|layer| layer.b.fill(f64::INFINITY));
                Ok(params.into())
            }
            #[expect(clippy::disallowed_methods, reason = "the mistake is to look at the clock")]
            Slip::Clock => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                Solution.train(data, params0, i64::from(now.subsec_nanos()))
            }
            Slip::StillToScale => {
                let mut trained = Solution.train(data, params0, seed)?;
                trained.params.iter_mut().skip(1).for_each(|layer| layer.w *= 5.0);
                Ok(trained)
            }
            // Untrained; or it has failed before, and there is no need to train.
            _ => Ok(params0.to_vec().into()),
        }
    }
}
