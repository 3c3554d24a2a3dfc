//! Replace each `Err` by your own lines. The handout says what each function must return; units are ms,
//! mV, MOhm, nA (1 MOhm nA = 1 mV) and Hz.

use ndarray::{Array1, ArrayView1, ArrayView2};
use testat_kit::lif::{Lif, Neuron, Recording, Simulated};
use testat_kit::serve::Problem;

pub struct Solution;

impl Lif for Solution {
    /// `Simulated { v, s }`, both (N, T), of N neurons under the currents `i` (N, T), each from rest.
    fn simulate(&mut self, _i: ArrayView2<f64>, _p: Neuron, _dt: f64) -> Result<Simulated, Problem> {
        Err("simulate is not written yet: begin here".into())
    }

    /// The steady firing rate in Hz for each constant current of `i` (K,).
    fn fi_curve(&mut self, _i: ArrayView1<f64>, _p: Neuron) -> Result<Array1<f64>, Problem> {
        Err("fi_curve is not written yet".into())
    }

    /// The neuron that was recorded: `recording.i`, `.v` and `.s` are (6, T), `.dt` is the step.
    fn identify(&mut self, _recording: Recording<'_>) -> Result<Neuron, Problem> {
        Err("identify is not written yet".into())
    }
}
