//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.

use std::time::{SystemTime, UNIX_EPOCH};

use ndarray::{Array1, ArrayView1, ArrayView2, ArrayView3, Axis};
use testat_kit::serve::Problem;
use testat_kit::snn::{Layer, Simulated, Spiking, Trained};

use crate::solution::Solution;

/// What a solution does wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slip {
    Strict,
    OneStepLate,
    Transposed,
    Panics,
    SumOverSteps,
    Probabilities,
    NotSquared,
    NoMeanOverSteps,
    NoHiddenGradient,
    OneLayerShort,
    Untrained,
    Dead,
    Saturated,
    Infinite,
    Huge,
    Clock,
}

impl Slip {
    /// Each with the check that must catch it, and words that its message must hold.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 15] = [
        (Self::Strict, "spikes", "u >= theta"),
        (Self::OneStepLate, "spikes", "one step late"),
        (Self::Transposed, "spikes", "has the shape"),
        (Self::Panics, "spikes", "it panicked: no such thing"),
        (Self::SumOverSteps, "logits", "the logits are the mean"),
        (Self::Probabilities, "logits", "These are probabilities"),
        (Self::NotSquared, "surrogate", "not squared"),
        (Self::NoMeanOverSteps, "bptt", "T times too large"),
        (Self::NoHiddenGradient, "bptt", "the true derivative of a spike is 0"),
        (Self::OneLayerShort, "bptt", "is missing"),
        (Self::Untrained, "learn", "median of three"),
        (Self::Dead, "active", "spikes in 0.0000 of the steps"),
        (Self::Saturated, "sparse", "spikes in 1.0000 of the steps"),
        (Self::Infinite, "learn", "must be finite"),
        (Self::Clock, "repeatable", "numbers differ"),
    ];
}

/// The reference, slipping.
pub(crate) struct Slipping(pub(crate) Slip);

impl Spiking for Slipping {
    fn simulate(&mut self, params: &[Layer], s: ArrayView3<u8>) -> Result<Simulated, Problem> {
        let steps = s.dim().1;
        let Simulated { mut logits, mut spikes } = Solution.simulate(params, s)?;
        match self.0 {
            // With one step alone potentials meet the threshold exactly.
            Slip::Strict if steps == 1 => {
                let drive =
                    s.index_axis(Axis(1), 0).mapv(f64::from).dot(&params[0].w) + &params[0].b;
                spikes.index_axis_mut(Axis(1), 0).assign(&drive.mapv(|u| u8::from(u > 1.0)));
            }
            Slip::OneStepLate if steps > 1 => {
                let before = spikes.clone();
                for t in 1..steps {
                    spikes.index_axis_mut(Axis(1), t).assign(&before.index_axis(Axis(1), t - 1));
                }
                spikes.index_axis_mut(Axis(1), 0).fill(0);
            }
            Slip::Transposed => spikes.swap_axes(1, 2),
            #[expect(clippy::panic, reason = "this is what a wrong solution may do")]
            Slip::Panics => panic!("no such thing"),
            Slip::SumOverSteps => logits *= steps as f64,
            Slip::Probabilities => {
                for mut row in logits.rows_mut() {
                    let max = row.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
                    row.mapv_inplace(|z| (z - max).exp());
                    let sum = row.sum();
                    row /= sum;
                }
            }
            _ => {}
        }
        Ok(Simulated { logits, spikes })
    }

    fn surrogate(&mut self, x: ArrayView1<f64>) -> Result<Array1<f64>, Problem> {
        let slope = Solution.surrogate(x)?;
        Ok(if matches!(self.0, Slip::NotSquared) { slope.mapv(f64::sqrt) } else { slope })
    }

    fn bptt(
        &mut self,
        params: &[Layer],
        s: ArrayView3<u8>,
        y: ArrayView1<i64>,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        let (loss, mut grads) = Solution.bptt(params, s, y)?;
        match self.0 {
            Slip::NoMeanOverSteps => grads.iter_mut().for_each(|g| {
                g.w *= s.dim().1 as f64;
                g.b *= s.dim().1 as f64;
            }),
            Slip::NoHiddenGradient => {
                grads[0].w.fill(0.0);
                grads[0].b.fill(0.0);
            }
            Slip::OneLayerShort => drop(grads.pop()),
            _ => {}
        }
        Ok((loss, grads))
    }

    fn train(
        &mut self,
        _x: ArrayView2<f32>,
        _y: ArrayView1<i64>,
        params0: &[Layer],
        _seed: i64,
    ) -> Result<Trained, Problem> {
        // Untrained but for the slip: there is no need to train what has failed before.
        let mut params = params0.to_vec();
        match self.0 {
            Slip::Dead => params[0].b.fill(-50.0),
            Slip::Saturated => params[0].b.fill(50.0),
            Slip::Infinite => params[0].b.fill(f64::INFINITY),
            Slip::Huge => params.iter_mut().for_each(|layer| layer.w.mapv_inplace(|w| w * 1e308)),
            #[expect(clippy::disallowed_methods, reason = "the mistake is to look at the clock")]
            Slip::Clock => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                params[1].b.fill(f64::from(now.subsec_nanos()));
            }
            _ => {}
        }
        Ok(params.into())
    }
}
