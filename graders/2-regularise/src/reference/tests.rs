use ndarray::{arr1, arr2};
use serde::Deserialize;
use testat_kit::check::scaled_err;
use testat_kit::draw::Seed;
use testat_kit::network::{self, Activation, accuracy, classify, forward, sizes_of, softmax};

use super::*;
use crate::draws::lesson;

/// Computed once by a Python prototype (numpy) from the same equations: early stopping, and batch normalisation
/// while training with gamma 1, beta 0, running values 0 and 1, momentum 0.1, eps 1e-5.
#[derive(Deserialize)]
struct Golden {
    p2_early_stop: Stop,
    p2_bn: Batch,
}

#[derive(Deserialize)]
struct Stop {
    val: Vec<f64>,
    patience: i64,
    min_delta: f64,
    best_stop: (i64, i64),
}

#[derive(Deserialize)]
struct Batch {
    x: Vec<[f64; 2]>,
    y: Vec<[f64; 2]>,
    mean: [f64; 2],
    var: [f64; 2],
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

#[test]
fn early_stopping_agrees_with_an_answer_computed_elsewhere() {
    let Stop { val, patience, min_delta, best_stop } = golden().p2_early_stop;
    assert_eq!(early_stop(&Watch { val, patience, min_delta }), best_stop);
}

#[test]
fn early_stopping_goes_through_ties_and_small_falls_as_by_hand() {
    let stop = |val: &[f64], patience, min_delta| {
        early_stop(&Watch { val: val.to_vec(), patience, min_delta })
    };
    assert_eq!(stop(&[1.0], 1, 0.0), (0, 0));
    assert_eq!(stop(&[3.0, 2.0, 1.0], 1, 0.0), (2, 2));
    assert_eq!(stop(&[1.0, 1.0, 1.0, 0.5], 2, 0.0), (0, 2));
    assert_eq!(stop(&[1.0, 1.0, 0.5, 0.75, 0.75], 2, 0.0), (2, 4));
    // Falls of 3/4 of min_delta: the second of each pair improves.
    assert_eq!(stop(&[2.0, 1.25, 0.5, -0.25, -1.0], 3, 1.0), (4, 4));
    assert_eq!(stop(&[2.0, 1.0, 0.0], 2, 1.0), (2, 2));
    assert_eq!(stop(&[2.0, 1.0, 1.0], 2, 1.0), (0, 2));
}

#[test]
fn batch_normalisation_agrees_with_values_computed_elsewhere() {
    let Batch { x, y, mean, var } = golden().p2_bn;
    let norm = Norm {
        x: arr2(&x),
        gamma: Array1::ones(2),
        beta: Array1::zeros(2),
        mean: Array1::zeros(2),
        var: Array1::ones(2),
        momentum: 0.1,
        eps: 1e-5,
        training: true,
    };
    let got = batch_norm::<f64>(&norm);
    assert!(scaled_err(&got.mean, &arr1(&mean)) < 1e-12);
    assert!(scaled_err(&got.var, &arr1(&var)) < 1e-12);
    assert!(scaled_err(&got.y, &arr2(&y)) < 1e-12, "{:?}", got.y);
}

#[test]
fn a_normalised_batch_has_mean_beta_and_variance_gamma_squared() {
    let mut stream = Seed::new([5; 32]).stream(0);
    let norm = Norm {
        x: stream.normals((50, 3), 4.0) + 7.0,
        gamma: arr1(&[0.5, 1.0, 2.0]),
        beta: arr1(&[-1.0, 0.0, 3.0]),
        mean: Array1::zeros(3),
        var: Array1::ones(3),
        momentum: 1.0,
        eps: 0.0,
        training: true,
    };
    let got = batch_norm::<f64>(&norm);
    let (mean, var) = (got.y.mean_axis(Axis(0)).unwrap(), got.y.var_axis(Axis(0), 0.0));
    assert!(scaled_err(&mean, &norm.beta) < 1e-12);
    assert!(scaled_err(&var, &norm.gamma.mapv(|g| g * g)) < 1e-12);
    // With momentum 1 the running values are the batch's, which normalise it just as well.
    let test = Norm { mean: got.mean, var: got.var, training: false, ..norm };
    assert!(scaled_err(&batch_norm::<f64>(&test).y, &got.y) < 1e-12);
}

#[test]
fn the_gradient_of_the_penalty_is_its_finite_difference_and_0_where_the_weight_is() {
    let mut stream = Seed::new([6; 32]).stream(0);
    let layers = network::draw(&mut stream, &[4, 3, 2], 2.0, 0.5);
    let (_, grads) = penalty::<f64>(&layers, 0.3, 0.2);
    for (l, grad) in grads.iter().enumerate() {
        assert!(grad.b.iter().all(|b| *b == 0.0));
        for (at, exact) in grad.w.indexed_iter() {
            let moved = |step: f64| {
                let mut layers = layers.clone();
                layers[l].w[at] += step;
                penalty::<f64>(&layers, 0.3, 0.2).0
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((slope - exact).abs() < 1e-8, "{slope} instead of {exact}");
        }
    }
    let zero = [Layer { w: arr2(&[[0.0, -2.0]]), b: arr1(&[1.0, 1.0]) }];
    let (value, grads) = penalty::<f64>(&zero, 0.5, 0.25);
    assert_eq!((value, grads[0].w.clone()), (1.5, arr2(&[[0.0, -1.0]])));
}

#[test]
fn dropout_leaves_the_mean_and_its_gradient_is_its_finite_difference() {
    let mut stream = Seed::new([7; 32]).stream(0);
    let q = 0.3;
    let mask = Array2::from_shape_simple_fn((200, 200), || f64::from(u8::from(!stream.chance(q))));
    let drop = Drop {
        h: Array2::ones((200, 200)),
        mask,
        q,
        dout: stream.normals((200, 200), 1.0),
        training: true,
    };
    let (out, dh) = dropout::<f64>(&drop);
    assert!((out.mean().unwrap() - 1.0).abs() < 0.02);
    let loss = |h: &Array2<f64>| {
        (dropout::<f64>(&Drop { h: h.clone(), ..drop.clone() }).0 * &drop.dout).sum()
    };
    for at in [[0, 0], [7, 100], [199, 3]] {
        let moved = |step: f64| {
            let mut h = drop.h.clone();
            h[at] += step;
            loss(&h)
        };
        assert!(((moved(1e-3) - moved(-1e-3)) / 2e-3 - dh[at]).abs() < 1e-7);
    }
    let still = Drop { training: false, ..drop.clone() };
    assert_eq!(dropout::<f64>(&still), (still.h, still.dout));
}

#[test]
fn the_expected_loss_is_least_for_the_probabilities_that_the_labels_have() {
    let truth = arr1(&[0, 3, 9]);
    let logits = |gap: f64| {
        Array2::from_shape_fn(
            (3, 10),
            |(row, class)| {
                if class as i64 == truth[row] { gap } else { 0.0 }
            },
        )
    };
    // Half for the true class, 1/18 for each other: a gap of ln 9.
    let least = careless_loss(&logits(9f64.ln()), &truth, 0.5);
    assert!((least - 0.5 * (2f64.ln() + 18f64.ln())).abs() < 1e-12);
    assert!(careless_loss(&logits(2.0), &truth, 0.5) > least);
    assert!(careless_loss(&logits(2.4), &truth, 0.5) > least);
    assert!((careless_loss(&logits(0.0), &truth, 0.5) - 10f64.ln()).abs() < 1e-12);
    assert!(careless_loss(&(logits(1.0) * f64::INFINITY), &truth, 0.5).is_nan());
}

#[test]
fn the_expected_loss_is_the_mean_loss_over_many_careless_labels() {
    let mut stream = Seed::new([8; 32]).stream(0);
    let logits: Array2<f64> = stream.normals((4, 10), 1.0);
    let truth = stream.labels(4, 10);
    let mut total = 0.0;
    let rounds = 20_000;
    for _ in 0..rounds {
        let labels = truth.mapv(|label| {
            if stream.chance(0.5) { (label + 1 + stream.below(9) as i64) % 10 } else { label }
        });
        total += network::cross_entropy(&logits, &labels);
    }
    let mean = total / f64::from(rounds);
    assert!((mean - careless_loss(&logits, &truth, 0.5)).abs() < 0.02, "{mean}");
}

#[test]
fn the_baseline_learns_most_wrong_labels_by_heart_and_repeats_to_the_bit() {
    let lesson = lesson(&mut Seed::new([9; 32]).stream(10));
    let train = || {
        let mut order = Seed::new([9; 32]).stream(20);
        baseline(&lesson.start, &lesson.train.images, &lesson.train.labels, &mut order)
    };
    let layers = train();
    assert_eq!(sizes_of(&layers), [64, 256, 10]);
    let pass =
        |images: &Array2<f32>| forward(&layers, &images.mapv(f64::from), Activation::Relu).logits;
    let by_heart = accuracy(&classify(&pass(&lesson.train.images)), &lesson.train.labels);
    let clean = accuracy(&classify(&pass(&lesson.test.images)), &lesson.test.labels);
    assert!(by_heart > 0.9, "{by_heart}");
    assert!((0.4..0.8).contains(&clean), "{clean}");
    assert!(softmax(&pass(&lesson.test.images)).iter().all(|p| p.is_finite()));
    assert_eq!(train(), layers);
}
