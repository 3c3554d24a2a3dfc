//! Try your solution at home: `cargo test --release -- --nocapture`. The grader's checks are stricter.

use ndarray::{Array2, arr1};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use testat_kit::lif::{Lif, Neuron, Recording, Simulated};

use crate::solution::Solution;

const KNOWN: Neuron =
    Neuron { v_rest: -70.0, v_reset: -65.0, theta: -50.0, r: 10.0, tau: 8.0, t_ref: 2.0 };

struct Draw(ChaCha8Rng);

impl Draw {
    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Random parameters, as the grader draws them.
    fn neuron(&mut self, dt: f64) -> Neuron {
        let v_rest = self.uniform(-75.0, -60.0);
        let above = self.uniform(0.0, 1.0) < 0.5;
        let reset = if above { self.uniform(2.0, 6.0) } else { self.uniform(-8.0, -2.0) };
        Neuron {
            v_rest,
            v_reset: v_rest + reset,
            theta: v_rest + self.uniform(12.0, 25.0),
            r: self.uniform(5.0, 15.0),
            tau: self.uniform(6.0, 25.0),
            t_ref: ((self.uniform(1.5, 5.0) / dt).floor() + self.uniform(0.6, 0.9)) * dt,
        }
    }

    /// Fluctuating currents around the rheobase, (n, t).
    fn currents(&mut self, p: &Neuron, (n, t): (usize, usize), dt: f64) -> Array2<f64> {
        let rheobase = (p.theta - p.v_rest) / p.r;
        let mut i = Array2::zeros((n, t));
        for mut row in i.rows_mut() {
            let mut x = 0.0;
            for i in &mut row {
                x += (2.0 * dt / 5.0).sqrt() * self.normal() - x * dt / 5.0;
                *i = rheobase * (0.95 + 0.7 * x);
            }
        }
        i
    }
}

#[test]
fn below_the_threshold_a_constant_current_gives_an_exponential() {
    let i = Array2::from_elem((2, 60), 1.5);
    let Simulated { v, s } = Solution.simulate(i.view(), KNOWN, 0.5).unwrap();
    assert!(s.iter().all(|s| *s == 0));
    for ((_, k), v) in v.indexed_iter() {
        let time = 0.5 * (k + 1) as f64;
        let exact = -55.0 - 15.0 * (-time / 8.0).exp();
        assert!((v - exact).abs() < 1e-6, "V is {v} mV after step {k}, and {exact} mV is right");
    }
}

#[test]
fn so_strong_a_current_fires_at_every_free_step() {
    let (i, p) = (Array2::from_elem((1, 12), 200.0), Neuron { t_ref: 1.3, ..KNOWN });
    let Simulated { s, .. } = Solution.simulate(i.view(), p, 0.5).unwrap();
    let at: Vec<usize> = (0..12).filter(|k| s[[0, *k]] == 1).collect();
    assert_eq!(at, [0, 4, 8]);
}

#[test]
fn four_rates_of_the_closed_form() {
    let rate = Solution.fi_curve(arr1(&[1.0, 2.1, 2.5, 4.0]).view(), KNOWN).unwrap();
    println!("rates: {rate:.2} Hz ([0, 41.36, 76.39, 154.39] is right)");
    for (got, right) in rate.iter().zip([0.0, 41.355, 76.392, 154.394]) {
        assert!((got - right).abs() < 0.01 * right + 0.5);
    }
}

#[test]
fn three_neurons_that_your_own_simulation_recorded() {
    for (seed, dt) in [0.05, 0.1, 0.2].into_iter().enumerate() {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed as u64));
        let p = draw.neuron(dt);
        let i = draw.currents(&p, (6, 5000), dt);
        let Simulated { v, s } = Solution.simulate(i.view(), p, dt).unwrap();
        let recording = Recording { i: i.view(), v: v.view(), s: s.view(), dt };
        let found = Solution.identify(recording).unwrap();
        println!("true  {p:?}\nfound {found:?}");
        assert!((found.r / p.r - 1.0).abs() < 1e-3 && (found.tau / p.tau - 1.0).abs() < 1e-3);
        assert!((found.v_rest - p.v_rest).abs() < 0.01 && (found.v_reset - p.v_reset).abs() < 0.01);
    }
}
