//! How likely luck alone is to fail a right solution, reckoned from what right ones measured.

use serde::{Deserialize, Serialize};
use testat_kit::report::Comparison;

/// What is known of one check from measuring right solutions with many seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Luck {
    /// Mean of the values.
    pub mean: f64,
    /// Their standard deviation, as of a sample.
    pub sd: f64,
    /// Standard deviations from the mean to the threshold, to the passing side.
    pub z: f64,
    /// The estimated probability that one data set fails a right solution.
    pub once: f64,
    /// The same after the median of three, where that decides (`docs/decisions/0007`).
    pub finally: f64,
}

/// None for fewer than two values, for values without any spread, and for a check that asks for
/// exact equality: nothing there is a matter of luck.
///
/// The tail is a normal one. Only a check with `>=` is counted as decided by the median of three:
/// all of those are learning checks; for one with `<=`, which may be a tolerance, a single data set
/// is counted, which is never too little.
pub fn luck(comparison: Comparison, threshold: f64, values: &[f64]) -> Option<Luck> {
    if values.len() < 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let sd = (squares / (count - 1.0)).sqrt();
    let distance = match comparison {
        Comparison::AtLeast => mean - threshold,
        Comparison::AtMost => threshold - mean,
        Comparison::Exactly => return None,
    };
    // Equal values may differ from their own mean by rounding.
    if sd <= 1e-12 * mean.abs() {
        return None;
    }
    let z = distance / sd;
    let once = below(-z);
    let finally = if comparison == Comparison::AtLeast { two_of_three(once) } else { once };
    Some(Luck { mean, sd, z, once, finally })
}

/// The share of a normal distribution below `z` standard deviations from its mean.
pub fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// The probability that at least two of three independent draws fail, each with probability `p`:
/// 3 p^2 - 2 p^3.
pub fn two_of_three(p: f64) -> f64 {
    p * p * (3.0 - 2.0 * p)
}
