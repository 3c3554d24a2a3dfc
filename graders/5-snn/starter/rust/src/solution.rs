//! Replace each `Err` by your own lines. The handout says what each function must return. `params` holds two
//! layers, the hidden neurons and the read-out; `testat_kit::snn::encode` turns images into input spikes.

use ndarray::{Array1, ArrayView1, ArrayView2, ArrayView3};
use testat_kit::serve::Problem;
use testat_kit::snn::{Layer, Simulated, Spiking, Trained};

pub struct Solution;

impl Spiking for Solution {
    /// The logits (N, C) and the hidden spikes (N, T, H) for input spikes `s` (N, T, inputs).
    fn simulate(&mut self, _params: &[Layer], _s: ArrayView3<u8>) -> Result<Simulated, Problem> {
        Err("simulate is not written yet: begin here".into())
    }

    /// What stands in for the derivative of a spike, at each distance `x` (M,) from the threshold.
    fn surrogate(&mut self, _x: ArrayView1<f64>) -> Result<Array1<f64>, Problem> {
        Err("surrogate is not written yet".into())
    }

    /// The mean cross-entropy in nats, and its gradient, one `Layer` for each.
    fn bptt(
        &mut self,
        _params: &[Layer],
        _s: ArrayView3<u8>,
        _y: ArrayView1<i64>,
    ) -> Result<(f64, Vec<Layer>), Problem> {
        Err("bptt is not written yet".into())
    }

    /// Trained layers of the network 64-32-10; `x` is (1200, 64). Make one generator of `seed`,
    /// `ChaCha8Rng::seed_from_u64(seed as u64)`, and draw every random choice from it.
    fn train(
        &mut self,
        _x: ArrayView2<f32>,
        _y: ArrayView1<i64>,
        params0: &[Layer],
        _seed: i64,
    ) -> Result<Trained, Problem> {
        Ok(params0.to_vec().into())
    }
}
