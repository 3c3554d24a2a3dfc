//! What the student's learners are given: clouds with known principal directions, spike trains with a
//! hidden group.

use ndarray::{Array1, Array2, Axis};
use testat_kit::draw::Stream;

/// Samples of a cloud.
pub const SAMPLES: usize = 2000;
/// Variances along the first directions of a cloud, before its scale.
pub const LEADING: [f64; 3] = [8.0, 4.0, 2.0];
/// Largest variance along the other directions, before the cloud's scale; the smallest is 0.3 of it.
pub const OTHERS: f64 = 0.5;

/// Inputs of the neuron that learns by STDP.
pub const INPUTS: usize = 40;
/// Of those, the group that is correlated.
pub const GROUP: usize = 12;
/// Steps of 1 ms: one minute.
pub const STEPS: usize = 60_000;
/// Probability of a spike in one step: 15 Hz.
pub const RATE: f64 = 0.015;
/// Probability with which an input of the group keeps a spike of the common train.
pub const SHARE: f64 = 0.8;

/// A cloud of samples around 0.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Samples, (N, n).
    pub x: Array2<f64>,
    /// How many directions are asked for.
    pub k: usize,
    /// All true principal directions as columns, largest variance first, (n, n).
    pub directions: Array2<f64>,
    /// Seed for the student's own choices.
    pub seed: i64,
}

/// Three clouds, of which 1, 2 and 3 directions are asked for, in a drawn order.
pub fn clouds(stream: &mut Stream) -> Vec<Cloud> {
    stream.permutation(3).into_iter().map(|at| cloud(stream, at + 1)).collect()
}

/// Independent normal numbers along random directions, with falling variances.
fn cloud(stream: &mut Stream, k: usize) -> Cloud {
    let inputs = stream.between(15, 25);
    let scale = stream.uniform(0.5, 2.0);
    let directions = rotation(stream, inputs);
    let mut x: Array2<f64> = stream.normals((SAMPLES, inputs), scale);
    for (at, mut column) in x.columns_mut().into_iter().enumerate() {
        let variance = match LEADING.get(at) {
            Some(variance) => *variance,
            None => OTHERS * stream.uniform(0.3, 1.0),
        };
        column *= variance.sqrt();
    }
    Cloud { x: x.dot(&directions.t()), k, directions, seed: stream.handed_seed() }
}

/// A random rotation: normal columns, each freed of those before it (Gram and Schmidt) and made unit.
fn rotation(stream: &mut Stream, size: usize) -> Array2<f64> {
    let mut rotation: Array2<f64> = Array2::zeros((size, size));
    for at in 0..size {
        let mut column: Array1<f64> = stream.normals(size, 1.0);
        // Twice is enough for full precision.
        for _ in 0..2 {
            for done in rotation.columns().into_iter().take(at) {
                let along = column.dot(&done);
                column.scaled_add(-along, &done);
            }
        }
        let length = column.dot(&column).sqrt();
        rotation.index_axis_mut(Axis(1), at).assign(&(column / length));
    }
    rotation
}

/// Input spikes, some of them correlated.
#[derive(Clone, Debug)]
pub struct Trains {
    /// Spikes, (n, T).
    pub pre: Array2<u8>,
    /// Which inputs are of the group, as many as inputs.
    pub group: Vec<bool>,
    /// Seed for the student's own choices.
    pub seed: i64,
}

/// Poisson trains of one rate; those of the hidden group keep most spikes of a common train, and have fewer
/// of their own.
pub fn trains(stream: &mut Stream) -> Trains {
    let mut group = vec![false; INPUTS];
    for at in stream.permutation(INPUTS).into_iter().take(GROUP) {
        if let Some(input) = group.get_mut(at) {
            *input = true;
        }
    }
    // Exactly as many spikes as expected: else the whole group would fire a little more, or less, together.
    let mut common = stream.permutation(STEPS);
    common.truncate((RATE * STEPS as f64).round() as usize);
    let mut pre = Array2::zeros((INPUTS, STEPS));
    for (mut train, correlated) in pre.rows_mut().into_iter().zip(&group) {
        let mut spikes =
            if *correlated { poisson(stream, RATE * (1.0 - SHARE)) } else { poisson(stream, RATE) };
        if *correlated {
            spikes.extend(common.iter().filter(|_| stream.chance(SHARE)));
        }
        for at in spikes {
            if let Some(step) = train.get_mut(at) {
                *step = 1;
            }
        }
    }
    Trains { pre, group, seed: stream.handed_seed() }
}

/// The steps in which a train with this probability of a spike a step has one, gap by gap.
fn poisson(stream: &mut Stream, rate: f64) -> Vec<usize> {
    let (mut spikes, mut at) = (Vec::new(), 0);
    loop {
        // Of libm, so that a seed draws the same trains on every machine.
        at += (libm::log(1.0 - stream.uniform(0.0, 1.0)) / libm::log(1.0 - rate)) as usize;
        if at >= STEPS {
            return spikes;
        }
        spikes.push(at);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use testat_kit::check::scaled_err;
    use testat_kit::draw::Seed;

    use super::*;

    #[test]
    fn the_directions_are_a_rotation_and_the_cloud_has_its_variances_along_them() {
        let clouds = clouds(&mut Seed::new([1; 32]).stream(0));
        let mut counts: Vec<usize> = clouds.iter().map(|cloud| cloud.k).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 2, 3]);
        for cloud in clouds {
            let size = cloud.directions.nrows();
            let square = cloud.directions.t().dot(&cloud.directions);
            assert!(scaled_err(&square, &Array2::eye(size)) < 1e-12);
            let along = cloud.x.dot(&cloud.directions);
            let variances: Vec<f64> =
                along.columns().into_iter().map(|c| c.dot(&c) / SAMPLES as f64).collect();
            let ratio = |a: usize, b: usize| variances[a] / variances[b];
            assert!((1.7..2.3).contains(&ratio(0, 1)) && (1.7..2.3).contains(&ratio(1, 2)));
            assert!(variances[3..].iter().all(|v| v / variances[2] < 0.3));
        }
    }

    #[test]
    fn every_input_fires_at_one_rate_and_only_the_group_fires_together() {
        let trains = trains(&mut Seed::new([2; 32]).stream(0));
        assert_eq!(trains.group.iter().filter(|g| **g).count(), GROUP);
        let rates = trains.pre.map_axis(Axis(1), |t| t.iter().filter(|s| **s == 1).count());
        let expected = RATE * STEPS as f64;
        assert!(rates.iter().all(|rate| (*rate as f64 - expected).abs() < 5.0 * expected.sqrt()));
        let together = |a: usize, b: usize| {
            let both = trains.pre.row(a).into_iter().zip(trains.pre.row(b));
            both.filter(|(a, b)| **a == 1 && **b == 1).count()
        };
        for a in 0..INPUTS {
            for b in 0..a {
                let both = trains.group[a] && trains.group[b];
                assert_eq!(together(a, b) > 100, both, "{a} and {b}");
            }
        }
    }
}
