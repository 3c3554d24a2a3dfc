//! Replace the `Err` by your own lines.

use ndarray::ArrayView1;
use testat_kit::serve::Problem;

use crate::project::Parity;

pub struct Solution;

impl Parity for Solution {
    fn parity(&mut self, _spikes: ArrayView1<u8>) -> Result<i64, Problem> {
        Err("parity is not written yet".into())
    }
}
