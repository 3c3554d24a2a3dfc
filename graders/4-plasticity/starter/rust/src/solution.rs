//! Replace each `Err` by your own lines. The handout says what each function must return; a course of the
//! weights has T + 1 rows, row 0 being `w0`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use testat_kit::plasticity::{Pairing, Plasticity};
use testat_kit::serve::Problem;

pub struct Solution;

impl Plasticity for Solution {
    /// The course (T+1, n) by Hebb's rule with decay over the rows of `x` (T, n).
    fn hebb(
        &mut self,
        _w0: ArrayView1<f64>,
        _x: ArrayView2<f64>,
        _eta: f64,
        _decay: f64,
    ) -> Result<Array2<f64>, Problem> {
        Err("hebb is not written yet: begin here".into())
    }

    /// The course (T+1, n) by Oja's rule over the rows of `x` (T, n).
    fn oja(
        &mut self,
        _w0: ArrayView1<f64>,
        _x: ArrayView2<f64>,
        _eta: f64,
    ) -> Result<Array2<f64>, Problem> {
        Err("oja is not written yet".into())
    }

    /// The courses of the weights (T+1, n) and of the threshold (T+1,) by BCM.
    fn bcm(
        &mut self,
        _w0: ArrayView1<f64>,
        _theta0: f64,
        _x: ArrayView2<f64>,
        _eta: f64,
        _tau: f64,
    ) -> Result<(Array2<f64>, Array1<f64>), Problem> {
        Err("bcm is not written yet".into())
    }

    /// The course (T+1, n) by STDP; `pre` is (n, T), `post` (T,), each step `dt` milliseconds.
    fn stdp(
        &mut self,
        _w0: ArrayView1<f64>,
        _pre: ArrayView2<u8>,
        _post: ArrayView1<u8>,
        _p: &Pairing,
        _dt: f64,
    ) -> Result<Array2<f64>, Problem> {
        Err("stdp is not written yet".into())
    }

    /// The change (m,) by one pair of spikes, output minus input being `d` (m,) milliseconds.
    fn stdp_window(&mut self, _d: ArrayView1<f64>, _p: &Pairing) -> Result<Array1<f64>, Problem> {
        Err("stdp_window is not written yet".into())
    }

    /// The first `k` principal directions of `x` (2000, n) as columns (n, k) of length 1. Make one generator
    /// of `seed`, `ChaCha8Rng::seed_from_u64(seed as u64)`, and draw every random choice from it.
    fn learn_pca(
        &mut self,
        x: ArrayView2<f64>,
        k: usize,
        _seed: i64,
    ) -> Result<Array2<f64>, Problem> {
        Ok(Array2::from_shape_fn((x.ncols(), k), |(row, column)| f64::from(u8::from(row == column))))
    }

    /// Weights (40,) that STDP gives the inputs of a neuron of yours; `pre` is (40, 60000), steps of 1 ms.
    fn learn_stdp(&mut self, pre: ArrayView2<u8>, _seed: i64) -> Result<Array1<f64>, Problem> {
        Ok(Array1::from_elem(pre.nrows(), 0.5))
    }
}
