//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.

use std::time::{SystemTime, UNIX_EPOCH};

use ndarray::{Array1, ArrayView1, ArrayView2};
use testat_kit::continual::{Continual, Layer, State};
use testat_kit::serve::Problem;

use crate::solution::Solution;

/// What a solution does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    FisherSum,
    FisherWithoutBias,
    Panics,
    PenaltyTwice,
    PenaltySign,
    TiesForNothing,
    StateTooLarge,
    StateNotFinite,
    StateEmpty,
    ForgetsTheState,
    Clock,
    OneLabelShort,
    ScoresNotFinite,
    ByTheBatch,
    Accumulates,
    LastTaskOnly,
    Constant,
    Flipped,
}

impl Slip {
    /// Each with the check that must catch it, and words that its message must hold.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 18] = [
        (Self::FisherSum, "fisher", "the Fisher information is their mean"),
        (Self::FisherWithoutBias, "fisher", "values of the biases are all 0"),
        (Self::Panics, "ewc", "it panicked: no such thing"),
        (Self::PenaltyTwice, "ewc", "the factor is lam/2"),
        (Self::PenaltySign, "ewc", "the wrong sign"),
        (Self::TiesForNothing, "auroc", "each such pair counts one half"),
        (Self::StateTooLarge, "state", "after task 1 of 4 the state is too large"),
        (Self::StateNotFinite, "state", "every number must be finite"),
        (Self::StateEmpty, "state", "holds no array"),
        (Self::ForgetsTheState, "acc", "median of three"),
        (Self::Clock, "repeatable", "numbers differ"),
        (Self::OneLabelShort, "per_image", "has the shape"),
        (Self::ScoresNotFinite, "per_image", "every number must be finite"),
        (Self::ByTheBatch, "per_image", "labels and scores differ"),
        (Self::Accumulates, "per_image", "labels and scores differ"),
        (Self::LastTaskOnly, "acc", "classified rightly"),
        (Self::Constant, "near", "AUROC 0.50000"),
        (Self::Flipped, "near", "AUROC"),
    ];
}

/// The reference, slipping.
pub(crate) struct Slipping {
    slip: Slip,
    scored: f64,
}

impl Slipping {
    pub(crate) fn new(slip: Slip) -> Self {
        Self { slip, scored: 0.0 }
    }
}

impl Continual for Slipping {
    fn fisher_diag(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
    ) -> Result<Vec<Layer>, Problem> {
        let mut fisher = Solution.fisher_diag(params, x, y)?;
        for f in &mut fisher {
            match self.slip {
                Slip::FisherSum => {
                    f.w *= x.nrows() as f64;
                    f.b *= x.nrows() as f64;
                }
                Slip::FisherWithoutBias => f.b.fill(0.0),
                _ => {}
            }
        }
        Ok(fisher)
    }

    fn ewc_penalty(
        &mut self,
        params: &[Layer],
        params_old: &[Layer],
        fisher: &[Layer],
        lam: f64,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        let (value, mut grads) = Solution.ewc_penalty(params, params_old, fisher, lam)?;
        match self.slip {
            #[expect(clippy::panic, reason = "this is what a wrong solution may do")]
            Slip::Panics => panic!("no such thing"),
            Slip::PenaltyTwice => return Ok((2.0 * value, grads)),
            Slip::PenaltySign => grads.iter_mut().for_each(|g| {
                g.w *= -1.0;
                g.b *= -1.0;
            }),
            _ => {}
        }
        Ok((value, grads))
    }

    fn auroc(&mut self, scores: ArrayView1<f64>, is_ood: ArrayView1<u8>) -> Result<f64, Problem> {
        if self.slip != Slip::TiesForNothing {
            return Solution.auroc(scores, is_ood);
        }
        let of = |kind: u8| scores.iter().zip(is_ood).filter(move |(_, ood)| **ood == kind);
        let above = |stranger: &f64| of(0).filter(|(known, _)| stranger > *known).count();
        let right: usize = of(1).map(|(stranger, _)| above(stranger)).sum();
        Ok(right as f64 / (of(0).count() * of(1).count()) as f64)
    }

    fn learn(
        &mut self,
        state: Option<&State>,
        x: ArrayView2<f32>,
        y: ArrayView1<i64>,
        task: i64,
        seed: i64,
    ) -> Result<State, Problem> {
        let before = if self.slip == Slip::ForgetsTheState { None } else { state };
        #[expect(clippy::disallowed_methods, reason = "the mistake is to look at the clock")]
        let clock = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos();
        let seed = if self.slip == Slip::Clock { i64::from(clock) } else { seed };
        match (self.slip, state) {
            (Slip::StateEmpty, _) => return Ok(State::new()),
            (Slip::LastTaskOnly, Some(state)) => return Ok(state.clone()),
            _ => {}
        }
        let learnt = Solution.learn(before, x, y, task, seed)?;
        Ok(match self.slip {
            Slip::StateTooLarge => learnt.with("all", &x.to_owned()),
            Slip::StateNotFinite => learnt.with("more", &Array1::from(vec![0.0, f64::NAN])),
            _ => learnt,
        })
    }

    fn predict(&mut self, state: &State, x: ArrayView2<f32>) -> Result<Array1<i64>, Problem> {
        let labels = Solution.predict(state, x)?;
        Ok(match self.slip {
            Slip::OneLabelShort => labels.iter().skip(1).copied().collect(),
            _ => labels,
        })
    }

    fn ood_score(&mut self, state: &State, x: ArrayView2<f32>) -> Result<Array1<f64>, Problem> {
        let scores = Solution.ood_score(state, x)?;
        self.scored += 1.0;
        Ok(match self.slip {
            Slip::ScoresNotFinite => scores / 0.0,
            Slip::ByTheBatch => &scores - 0.2 * scores.mean().unwrap_or_default(),
            Slip::Accumulates => scores + 1e-3 * self.scored,
            Slip::Constant => scores * 0.0,
            Slip::Flipped => -scores,
            _ => scores,
        })
    }
}
