use serde::Deserialize;
use testat_kit::draw::Seed;

use super::*;
use crate::draws;

/// Computed once in Python with numpy from the same equations (the program `p3_lif.py` of the project's
/// specification: function `lif` for two neurons over 60 steps, `f_theory` for four currents).
#[derive(Deserialize)]
struct Golden {
    p: [f64; 6],
    dt: f64,
    i: Vec<Vec<f64>>,
    v: Vec<Vec<f64>>,
    s: Vec<Vec<u8>>,
    fi_p: [f64; 6],
    fi_i: Vec<f64>,
    fi_rate: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

fn neuron([v_rest, v_reset, theta, r, tau, t_ref]: [f64; 6]) -> Neuron {
    Neuron { v_rest, v_reset, theta, r, tau, t_ref }
}

fn matrix<T: Clone>(rows: &[Vec<T>]) -> Array2<T> {
    let flat = rows.iter().flatten().cloned().collect();
    Array2::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
}

#[test]
fn it_agrees_with_values_computed_elsewhere() {
    let golden = golden();
    let run = simulate(&matrix(&golden.i), &neuron(golden.p), golden.dt);
    assert_eq!(run.s, matrix(&golden.s));
    assert!((&run.v - &matrix(&golden.v)).iter().all(|d| d.abs() < 1e-12));
    for (current, expected) in golden.fi_i.iter().zip(&golden.fi_rate) {
        assert!((rate(*current, &neuron(golden.fi_p)) - expected).abs() < 1e-12);
    }
}

/// The closed form, known without any simulation, and the simulation, which knows no logarithm, must meet:
/// every simulated interval is the exact one, lengthened to the next step.
#[test]
fn simulated_intervals_are_those_of_the_closed_form() {
    let mut stream = Seed::new([5; 32]).stream(0);
    for above in [true, false] {
        for _ in 0..10 {
            let dt = 0.01;
            let t_ref = stream.between(150, 500) as f64 * dt;
            let neuron = draws::neuron(&mut stream, above, t_ref);
            let current = neuron.rheobase() * stream.uniform(1.02, 5.0);
            let run = simulate(&Array2::from_elem((1, 60_000), current), &neuron, dt);
            let at: Vec<usize> = (0..60_000).filter(|k| run.s[[0, *k]] == 1).collect();
            let exact = 1000.0 / rate(current, &neuron);
            for pair in at.windows(2) {
                let interval = (pair[1] - pair[0]) as f64 * dt;
                assert!(
                    (-1e-9..dt + 1e-9).contains(&(interval - exact)),
                    "{interval} ms simulated, {exact} ms exact"
                );
            }
            assert!(at.len() > 2);
        }
    }
}

/// Below the threshold a constant current has the textbook's solution, whatever the step.
#[test]
fn without_spikes_the_potential_is_the_exponential() {
    let neuron = neuron([-70.0, -65.0, -50.0, 10.0, 8.0, 2.0]);
    for dt in [0.05, 0.5, 3.0] {
        let run = simulate(&Array2::from_elem((1, 50), 1.5), &neuron, dt);
        for (k, v) in run.v.iter().enumerate() {
            let time = (k + 1) as f64 * dt;
            assert!((v - (-55.0 - 15.0 * (-time / 8.0).exp())).abs() < 1e-12);
        }
    }
}

#[test]
fn a_refractory_period_is_rounded_to_steps_and_may_be_none() {
    let with = |t_ref: f64| neuron([-70.0, -65.0, -50.0, 10.0, 8.0, t_ref]);
    let holds = [0.0, 0.24, 0.26, 1.2, 1.3].map(|t_ref| with(t_ref).hold(0.5));
    assert_eq!(holds, [0, 0, 1, 2, 3]);
    // So strong a current fires at every free step.
    let strong = Array2::from_elem((1, 7), 200.0);
    let spikes = |t_ref: f64| simulate(&strong, &with(t_ref), 0.5).s.into_raw_vec_and_offset().0;
    assert_eq!(spikes(0.2), [1; 7]);
    assert_eq!(spikes(0.9), [1, 0, 0, 1, 0, 0, 1]);
}

#[test]
fn a_potential_that_meets_the_threshold_exactly_fires() {
    let at_threshold = neuron([-64.0, -70.0, -64.0, 10.0, 8.0, 2.0]);
    let run = simulate(&Array2::zeros((1, 5)), &at_threshold, 0.5);
    assert_eq!(run.s.row(0).to_vec(), [1, 0, 0, 0, 0]);
    assert_eq!(run.gap(-64.0), 0.0);
    assert_eq!(rate(0.0, &at_threshold), 0.0);
}
