use ndarray::{Array, Axis, arr1, arr2};
use serde::Deserialize;
use testat_kit::check::scaled_err;
use testat_kit::draw::Seed;

use super::*;

/// Computed once in Python with numpy from the same equations, by a program of its own.
#[derive(Deserialize)]
struct Golden {
    w0: Vec<f64>,
    x: Vec<Vec<f64>>,
    hebb: Rate,
    oja: Rate,
    bcm: Rate,
    stdp: Pairs,
}

/// A rule's own arguments, those of the others where it has none, and its course.
#[derive(Deserialize)]
struct Rate {
    w0: Option<Vec<f64>>,
    x: Option<Vec<Vec<f64>>>,
    eta: f64,
    #[serde(default)]
    decay: f64,
    #[serde(default)]
    theta0: f64,
    #[serde(default)]
    tau: f64,
    w: Vec<Vec<f64>>,
    theta: Option<Vec<f64>>,
}

#[derive(Deserialize)]
struct Pairs {
    w0: Vec<f64>,
    pre: Vec<Vec<u8>>,
    post: Vec<u8>,
    p: [f64; 6],
    dt: f64,
    w: Vec<Vec<f64>>,
}

fn matrix<T: Clone>(rows: &[Vec<T>]) -> Array2<T> {
    let flat = rows.iter().flatten().cloned().collect();
    Array::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
}

fn pairing(p: [f64; 6]) -> Pairing {
    let [a_plus, a_minus, tau_plus, tau_minus, w_min, w_max] = p;
    Pairing { a_plus, a_minus, tau_plus, tau_minus, w_min, w_max }
}

#[test]
fn it_agrees_with_values_computed_elsewhere() {
    let golden: Golden = serde_json::from_str(include_str!("golden.json")).unwrap();
    let all = [
        (RateRule::Hebb { decay: golden.hebb.decay }, &golden.hebb),
        (RateRule::Oja, &golden.oja),
        (RateRule::Bcm { theta0: golden.bcm.theta0, tau: golden.bcm.tau }, &golden.bcm),
    ];
    for (rule, rate) in all {
        let w0 = Array1::from(rate.w0.as_ref().unwrap_or(&golden.w0).clone());
        let x = matrix(rate.x.as_ref().unwrap_or(&golden.x));
        let course: Course = rule.course(&w0, &x, rate.eta);
        assert!(scaled_err(&course.w, &matrix(&rate.w)) < 1e-12, "{rule:?}");
        if let Some(theta) = &rate.theta {
            assert!(scaled_err(&course.theta, &Array1::from(theta.clone())) < 1e-12);
        }
    }
    let Pairs { w0, pre, post, p, dt, w } = golden.stdp;
    let spikes = Spikes { pre: matrix(&pre), post: Array1::from(post), dt };
    let course: Array2<f64> = stdp(&Array1::from(w0), &spikes, &pairing(p));
    assert!(scaled_err(&course, &matrix(&w)) < 1e-12);
}

/// The direction of the largest variance, by repeated multiplication.
fn leading(x: &Array2<f64>) -> Array1<f64> {
    let square = x.t().dot(x);
    let mut w: Array1<f64> = Array1::ones(x.ncols());
    for _ in 0..2000 {
        w = square.dot(&w);
        w /= w.dot(&w).sqrt();
    }
    w
}

/// Oja 1982: the fixed point is the leading eigenvector of the covariance, of length 1.
#[test]
fn ojas_rule_ends_at_the_leading_eigenvector_of_length_one() {
    let mut stream = Seed::new([1; 32]).stream(0);
    for _ in 0..3 {
        let spread = arr1(&[3.0, 1.5, 1.0, 0.7, 0.5]);
        let mixing: Array2<f64> = stream.normals((5, 5), 1.0);
        let sample: Array2<f64> = (stream.normals((500, 5), 1.0) * &spread).dot(&mixing);
        let power = sample.mapv(|v| v * v).sum_axis(Axis(1)).mean().unwrap();
        // Short steps over the same samples many times: the average of the rule.
        let mut w = stream.normals(5, 0.3);
        for _ in 0..60 {
            let course: Course = RateRule::Oja.course(&w, &sample, 2e-3 / power);
            w = course.w.row(500).to_owned();
        }
        let length = w.dot(&w).sqrt();
        assert!((length - 1.0).abs() < 5e-3, "length {length}");
        let cosine = (w.dot(&leading(&sample)) / length).abs();
        assert!(cosine > 0.9999, "cosine {cosine}");
    }
}

/// With one input x held, w grows by the same factor 1 + eta (x^2 - decay) in each step.
#[test]
fn hebbs_rule_with_decay_is_geometric_for_one_input_that_is_held() {
    let (x, eta, decay) = (1.7, 0.01, 2.5);
    let course: Course =
        RateRule::Hebb { decay }.course(&arr1(&[0.4]), &Array2::from_elem((50, 1), x), eta);
    let factor = 1.0 + eta * (x * x - decay);
    for (t, w) in course.w.iter().enumerate() {
        assert!((w - 0.4 * factor.powi(t as i32)).abs() < 1e-12);
    }
}

/// With weights that stand still the threshold runs into y^2 exponentially; where both move and the input is
/// held, y = theta = y^2 is the only fixed point with y > 0, so both end at 1.
#[test]
fn the_threshold_of_bcm_follows_the_square_of_y_and_ends_at_one() {
    let (w0, x) = (arr1(&[0.5, 0.2]), Array2::from_elem((60, 2), 1.0));
    let rule = RateRule::Bcm { theta0: 2.0, tau: 20.0 };
    let still: Course = rule.course(&w0, &x, 0.0);
    let y: f64 = 0.7;
    for (t, theta) in still.theta.iter().enumerate() {
        let right = y * y + (2.0 - y * y) * 0.95f64.powi(t as i32);
        assert!((theta - right).abs() < 1e-12);
    }
    let x = Array2::from_elem((20_000, 2), 1.0);
    let course: Course = rule.course(&w0, &x, 0.002);
    let end = course.w.row(20_000);
    assert!((end.sum() - 1.0).abs() < 1e-9 && (course.theta[20_000] - 1.0).abs() < 1e-9);
    // Below the threshold the weights fall, above it they grow.
    let first: Course = rule.course(&w0, &arr2(&[[1.0, 1.0], [1.0, 1.0]]), 0.01);
    assert!(first.w[[1, 0]] < 0.5);
    let low = RateRule::Bcm { theta0: 0.1, tau: 20.0 };
    let first: Course = low.course(&w0, &arr2(&[[1.0, 1.0], [1.0, 1.0]]), 0.01);
    assert!(first.w[[1, 0]] > 0.5);
}

#[test]
fn a_silent_neuron_learns_nothing_by_bcm() {
    let rule = RateRule::Bcm { theta0: 1.0, tau: 10.0 };
    let course: Course = rule.course(&arr1(&[-0.5]), &Array2::ones((5, 1)), 0.1);
    assert!(course.w.iter().all(|w| *w == -0.5));
    assert!((course.theta[5] - 0.9f64.powi(5)).abs() < 1e-15);
}

/// One pair moves a weight by the window's value at their difference, whatever the step.
#[test]
fn one_pair_of_spikes_moves_the_weight_by_the_window() {
    let p = pairing([0.013, 0.021, 14.0, 31.0, 0.0, 1.0]);
    for dt in [0.5, 1.0, 2.0] {
        for gap in [-40i32, -3, -1, 0, 1, 2, 17, 55] {
            let (mut pre, mut post) = (Array2::zeros((1, 150)), Array1::zeros(150));
            pre[[0, 70]] = 1;
            post[(70 + gap) as usize] = 1;
            let course: Array2<f64> = stdp(&arr1(&[0.5]), &Spikes { pre, post, dt }, &p);
            let moved = course[[150, 0]] - 0.5;
            let window = stdp_window(&arr1(&[f64::from(gap) * dt]), &p)[0];
            assert!((moved - window).abs() < 1e-15, "dt {dt}, gap {gap}: {moved} and {window}");
        }
    }
}

/// Far from the bounds all pairs add up: the sum of the window over every pair of spikes.
#[test]
fn away_from_the_bounds_stdp_is_the_sum_of_the_window_over_all_pairs() {
    let mut stream = Seed::new([2; 32]).stream(0);
    let p = pairing([0.02, 0.011, 17.0, 29.0, -1e9, 1e9]);
    let (pre, post) = (
        Array2::from_shape_simple_fn((3, 400), || u8::from(stream.chance(0.1))),
        Array1::from_shape_simple_fn(400, || u8::from(stream.chance(0.1))),
    );
    let spikes = Spikes { pre, post, dt: 0.5 };
    let course: Array2<f64> = stdp(&Array1::zeros(3), &spikes, &p);
    for (input, train) in spikes.pre.rows().into_iter().enumerate() {
        let mut sum = 0.0;
        for (a, _) in train.iter().enumerate().filter(|(_, s)| **s == 1) {
            for (b, _) in spikes.post.iter().enumerate().filter(|(_, s)| **s == 1) {
                sum += stdp_window(&arr1(&[(b as f64 - a as f64) * 0.5]), &p)[0];
            }
        }
        assert!((course[[400, input]] - sum).abs() < 1e-12);
    }
}

#[test]
fn the_window_is_zero_at_zero_and_has_the_signs_of_its_sides() {
    let p = pairing([0.02, 0.03, 10.0, 40.0, 0.0, 1.0]);
    let dw = stdp_window(&arr1(&[0.0, 10.0, -40.0, 6e4, -6e4]), &p);
    let e = std::f64::consts::E;
    assert!(scaled_err(&dw, &arr1(&[0.0, 0.02 / e, -0.03 / e, 0.0, 0.0])) < 1e-15);
}

#[test]
fn auroc_counts_ties_half() {
    let group = [true, true, false, false];
    assert_eq!(auroc(&arr1(&[1.0, 1.0, 0.0, 0.0]), &group), 1.0);
    assert_eq!(auroc(&arr1(&[0.5; 4]), &group), 0.5);
    assert_eq!(auroc(&arr1(&[0.0, 1.0, 1.0, 2.0]), &group), 0.125);
}
