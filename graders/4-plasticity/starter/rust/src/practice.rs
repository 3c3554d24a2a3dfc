//! Try your solution at home: `cargo test --release -- --nocapture`. The grader's checks are stricter.

use ndarray::{Array1, Array2, arr1};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use testat_kit::plasticity::{Pairing, Plasticity};

use crate::solution::Solution;

struct Draw(ChaCha8Rng);

impl Draw {
    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.uniform(0.0, 1.0) < probability
    }
}

#[test]
fn hebbs_rule_is_geometric_for_one_input_that_is_held() {
    let w = Solution.hebb(arr1(&[0.4]).view(), Array2::from_elem((200, 1), 1.7).view(), 0.01, 2.5).unwrap();
    assert_eq!(w.dim(), (201, 1));
    for (t, w) in w.iter().enumerate() {
        assert!((w - 0.4 * (1.0 + 0.01 * (1.7 * 1.7 - 2.5f64)).powi(t as i32)).abs() < 1e-9);
    }
}

#[test]
fn ojas_rule_ends_at_length_one() {
    let w = Solution.oja(arr1(&[0.4]).view(), Array2::from_elem((5000, 1), 1.7).view(), 0.01).unwrap();
    assert!((w[[5000, 0]] - 1.0).abs() < 1e-6);
}

#[test]
fn bcm_ends_with_output_and_threshold_at_one() {
    let x = Array2::from_elem((20_000, 1), 1.7);
    let (w, theta) = Solution.bcm(arr1(&[0.4]).view(), 0.3, x.view(), 0.002, 20.0).unwrap();
    assert!((w[[20_000, 0]] * 1.7 - 1.0).abs() < 1e-6 && (theta[20_000] - 1.0).abs() < 1e-6);
    let x = Array2::from_elem((50, 1), 1.7);
    let (w, theta) = Solution.bcm(arr1(&[-0.4]).view(), 2.0, x.view(), 0.01, 20.0).unwrap();
    assert!(w[[50, 0]] == -0.4 && (theta[50] - 2.0 * 0.95f64.powi(50)).abs() < 1e-9);
}

#[test]
fn one_pair_of_spikes_does_what_the_window_says() {
    let p = Pairing {
        a_plus: 0.013,
        a_minus: 0.021,
        tau_plus: 14.0,
        tau_minus: 31.0,
        w_min: 0.0,
        w_max: 1.0,
    };
    for dt in [0.5, 2.0] {
        for gap in [-30i32, -3, -1, 0, 1, 3, 30] {
            let (mut pre, mut post) = (Array2::zeros((1, 100)), Array1::zeros(100));
            pre[[0, 50]] = 1;
            post[(50 + gap) as usize] = 1;
            let w = Solution.stdp(arr1(&[0.5]).view(), pre.view(), post.view(), &p, dt).unwrap();
            let d = f64::from(gap) * dt;
            let dw = Solution.stdp_window(arr1(&[d]).view(), &p).unwrap();
            assert!((w[[100, 0]] - 0.5 - dw[0]).abs() < 1e-12, "output {d} ms after the input");
        }
    }
}

/// Random directions, each at right angles to those before it.
fn rotation(draw: &mut Draw, size: usize) -> Vec<Array1<f64>> {
    let mut all: Vec<Array1<f64>> = Vec::new();
    for _ in 0..size {
        let mut column = Array1::from_shape_simple_fn(size, || draw.normal());
        for _ in 0..2 {
            for done in &all {
                let along = column.dot(done);
                column.scaled_add(-along, done);
            }
        }
        column /= column.dot(&column).sqrt();
        all.push(column);
    }
    all
}

#[test]
fn principal_directions_are_found() {
    for seed in 0..3 {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
        let (n, k, scale) = (15 + 4 * seed as usize, 1 + seed as usize, draw.uniform(0.5, 2.0));
        let directions = rotation(&mut draw, n);
        let mut x = Array2::zeros((2000, n));
        for (at, direction) in directions.iter().enumerate() {
            let variance = match at {
                0 => 8.0,
                1 => 4.0,
                2 => 2.0,
                _ => draw.uniform(0.15, 0.5),
            };
            let size: f64 = scale * f64::sqrt(variance);
            for mut row in x.rows_mut() {
                row.scaled_add(size * draw.normal(), direction);
            }
        }
        let w = Solution.learn_pca(x.view(), k, seed as i64).unwrap();
        for (column, direction) in w.columns().into_iter().zip(&directions) {
            let length = column.dot(&column).sqrt();
            let cosine = (column.dot(direction) / length).abs();
            println!("cloud {seed}: cosine {cosine:.3} (0.95 is required), length {length:.3}");
            assert!(cosine >= 0.95 && (length - 1.0).abs() <= 0.15);
        }
    }
}

#[test]
fn correlated_inputs_end_with_the_larger_weights() {
    for seed in 0..3 {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
        // Here the group is the first twelve; the grader hides it.
        let common: Vec<bool> = (0..60_000).map(|_| draw.chance(0.015)).collect();
        let pre = Array2::from_shape_fn((40, 60_000), |(input, step)| {
            let (own, kept) = (draw.chance(0.003), common[step] && draw.chance(0.8));
            u8::from(if input < 12 { own || kept } else { draw.chance(0.015) })
        });
        let w = Solution.learn_stdp(pre.view(), seed as i64).unwrap();
        let mut area = 0.0;
        for a in w.iter().take(12) {
            for b in w.iter().skip(12) {
                area += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
            }
        }
        area /= 12.0 * 28.0;
        println!("trains {seed}: AUROC {area:.3} (0.90 is required)");
        assert!(area >= 0.9);
    }
}
