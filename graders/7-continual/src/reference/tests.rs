use ndarray::{Array, arr1, arr2};
use serde::Deserialize;
use testat_kit::check::scaled_err;
use testat_kit::draw::Seed;
use testat_kit::network::{cross_entropy, forward};

use super::*;

/// Computed once in Python with numpy from the same equations, sample by sample.
#[derive(Deserialize)]
struct Golden {
    params: Nested,
    #[serde(rename = "X")]
    x: Vec<Vec<f64>>,
    y: Vec<i64>,
    fisher: Nested,
    auroc_scores: Vec<f64>,
    auroc_ood: Vec<u8>,
    auroc: f64,
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    let flat = rows.iter().flatten().copied().collect();
    Array::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
}

/// A matrix, row by row.
type Rows = Vec<Vec<f64>>;
/// W0, b0, W1, b1.
type Nested = (Rows, Vec<f64>, Rows, Vec<f64>);

fn layers((w0, b0, w1, b1): &Nested) -> Vec<Layer> {
    let layer = |w: &[Vec<f64>], b: &[f64]| Layer { w: matrix(w), b: Array1::from(b.to_vec()) };
    vec![layer(w0, b0), layer(w1, b1)]
}

#[test]
fn it_agrees_with_values_computed_elsewhere() {
    let golden: Golden = serde_json::from_str(include_str!("golden.json")).unwrap();
    let (x, y) = (matrix(&golden.x), Array1::from(golden.y.clone()));
    let got = fisher_diag(&layers(&golden.params), &x, &y);
    for (got, expected) in got.iter().zip(layers(&golden.fisher)) {
        assert!(scaled_err(&got.w, &expected.w) < 1e-12);
        assert!(scaled_err(&got.b, &expected.b) < 1e-12);
    }
    let strange: Vec<bool> = golden.auroc_ood.iter().map(|ood| *ood == 1).collect();
    assert!((auroc(&golden.auroc_scores, &strange) - golden.auroc).abs() < 1e-15);
}

/// For one linear layer the gradient of a sample is x (p - onehot): the Fisher information in closed form.
#[test]
fn the_fisher_information_of_a_linear_classifier_is_its_closed_form() {
    let mut stream = Seed::new([5; 32]).stream(0);
    let layer = Layer { w: stream.normals((3, 4), 0.8), b: stream.normals(4, 0.3) };
    let (x, y) = (stream.normals((6, 3), 1.0), stream.labels(6, 4));
    let p = testat_kit::network::softmax(&(x.dot(&layer.w) + &layer.b));
    let got = fisher_diag(&[layer], &x, &y);
    for class in 0..4 {
        for input in 0..3 {
            let own = |n: usize| p[[n, class]] - f64::from(u8::from(y[n] == class as i64));
            let mean = (0..6).map(|n| (x[[n, input]] * own(n)).powi(2)).sum::<f64>() / 6.0;
            assert!((got[0].w[[input, class]] - mean).abs() < 1e-14);
        }
    }
}

#[test]
fn the_fisher_information_is_the_mean_square_of_each_samples_finite_difference() {
    let mut stream = Seed::new([6; 32]).stream(0);
    let params: Vec<Layer> = [(4, 5), (5, 3)]
        .map(|size| Layer { w: stream.normals(size, 0.7), b: stream.normals(size.1, 0.3) })
        .to_vec();
    let (x, y): (Array2<f64>, _) = (stream.normals((5, 4), 1.0), stream.labels(5, 3));
    let got = fisher_diag(&params, &x, &y);
    let loss = |at: (usize, usize), step: f64, n: usize| {
        let mut moved = params.clone();
        moved[0].w[at] += step;
        let one = x.slice(s![n..=n, ..]).to_owned();
        cross_entropy(&forward(&moved, &one, Activation::Relu).logits, &arr1(&[y[n]]))
    };
    for at in ndarray::indices((4, 5)) {
        let slope = |n: usize| (loss(at, 1e-6, n) - loss(at, -1e-6, n)) / 2e-6;
        let mean = (0..5).map(|n| slope(n).powi(2)).sum::<f64>() / 5.0;
        assert!((got[0].w[at] - mean).abs() < 1e-8);
    }
}

#[test]
fn the_gradient_of_the_penalty_is_its_finite_difference() {
    let mut stream = Seed::new([7; 32]).stream(0);
    let mut draw = || -> Vec<Layer> {
        vec![Layer { w: stream.normals((3, 2), 1.0), b: stream.normals(2, 1.0) }]
    };
    let (params, old) = (draw(), draw());
    let fisher = vec![Layer { w: draw()[0].w.mapv(f64::abs), b: draw()[0].b.mapv(f64::abs) }];
    let (_, grads) = ewc_penalty(&params, &old, &fisher, 3.5);
    for at in ndarray::indices((3, 2)) {
        let value = |step: f64| {
            let mut moved = params.clone();
            moved[0].w[at] += step;
            ewc_penalty(&moved, &old, &fisher, 3.5).0
        };
        let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
        assert!((slope - grads[0].w[at]).abs() < 1e-8);
    }
    let one = vec![Layer { w: arr2(&[[3.0]]), b: arr1(&[0.0]) }];
    let zero = zeros_like(&one);
    let weight = vec![Layer { w: arr2(&[[2.0]]), b: arr1(&[5.0]) }];
    assert_eq!(ewc_penalty(&one, &zero, &weight, 10.0).0, 90.0);
}

#[test]
fn the_area_is_the_share_of_pairs_ranked_rightly_ties_counting_half() {
    let mut stream = Seed::new([8; 32]).stream(0);
    for _ in 0..20 {
        let known: Vec<f64> = (0..stream.between(1, 30)).map(|_| stream.below(6) as f64).collect();
        let strange: Vec<f64> = (0..stream.between(1, 9)).map(|_| stream.below(7) as f64).collect();
        let mut pairs = 0.0;
        for s in &strange {
            for k in &known {
                pairs += if s > k { 1.0 } else { 0.5 * f64::from(u8::from(s == k)) };
            }
        }
        let all = (known.len() * strange.len()) as f64;
        assert!((between(&known, &strange) - pairs / all).abs() < 1e-14);
    }
    assert_eq!(between(&[1.0, 1.0], &[1.0]), 0.5);
    assert_eq!((between(&[0.0], &[1.0, 2.0]), between(&[3.0], &[1.0])), (1.0, 0.0));
}
