use ndarray::Array;
use serde::Deserialize;

use super::*;
use crate::check::scaled_err;
use crate::draw::Seed;

/// Computed once in Python with numpy from the same equations.
#[derive(Deserialize)]
struct Golden {
    activation: String,
    w: Vec<Vec<Vec<f64>>>,
    b: Vec<Vec<f64>>,
    x: Vec<Vec<f64>>,
    y: Vec<i64>,
    logits: Vec<Vec<f64>>,
    loss: f64,
    dw: Vec<Vec<Vec<f64>>>,
    db: Vec<Vec<f64>>,
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    let flat = rows.iter().flatten().copied().collect();
    Array::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
}

fn layers(w: &[Vec<Vec<f64>>], b: &[Vec<f64>]) -> Vec<Layer<f64>> {
    w.iter().zip(b).map(|(w, b)| Layer { w: matrix(w), b: Array1::from(b.clone()) }).collect()
}

#[test]
fn it_agrees_with_values_computed_elsewhere() {
    let all: Vec<Golden> = serde_json::from_str(include_str!("golden.json")).unwrap();
    assert_eq!(all.len(), 2);
    for golden in all {
        let kind = if golden.activation == "relu" { Activation::Relu } else { Activation::Tanh };
        let (x, y) = (matrix(&golden.x), Array1::from(golden.y.clone()));
        let params = layers(&golden.w, &golden.b);
        let (loss, grads, pass) = loss_and_grads(&params, &x, &y, kind);
        assert!(scaled_err(&pass.logits, &matrix(&golden.logits)) < 1e-12);
        assert!((loss - golden.loss).abs() < 1e-12);
        for (got, expected) in grads.iter().zip(layers(&golden.dw, &golden.db)) {
            assert!(scaled_err(&got.w, &expected.w) < 1e-12);
            assert!(scaled_err(&got.b, &expected.b) < 1e-12);
        }
    }
}

#[test]
fn the_gradient_is_the_finite_difference_of_the_loss() {
    let mut stream = Seed::new([3; 32]).stream(0);
    for kind in [Activation::Relu, Activation::Tanh] {
        let params: Vec<Layer<f64>> = [(5, 6), (6, 4), (4, 3)]
            .map(|size| Layer { w: stream.normals(size, 0.7), b: stream.normals(size.1, 0.3) })
            .to_vec();
        let (x, y) = (stream.normals((7, 5), 1.0), stream.labels(7, 3));
        let (_, grads, _) = loss_and_grads(&params, &x, &y, kind);
        let loss_at = |l: usize, bias: bool, at: usize, step: f64| {
            let mut moved = params.clone();
            let place =
                if bias { moved[l].b.iter_mut().nth(at) } else { moved[l].w.iter_mut().nth(at) };
            *place.unwrap() += step;
            cross_entropy(&forward(&moved, &x, kind).logits, &y)
        };
        for (l, grad) in grads.iter().enumerate() {
            let own = [(false, grad.w.iter().collect::<Vec<_>>()), (true, grad.b.iter().collect())];
            for (bias, values) in own {
                for (at, exact) in values.into_iter().enumerate() {
                    let step = 1e-6;
                    let slope =
                        (loss_at(l, bias, at, step) - loss_at(l, bias, at, -step)) / (2.0 * step);
                    assert!((slope - exact).abs() < 1e-8, "layer {l}: {slope} instead of {exact}");
                }
            }
        }
    }
}

#[test]
fn logits_beyond_all_exponentials_leave_loss_and_gradient_finite() {
    let layer = Layer { w: Array2::eye(2) * 1000.0, b: Array1::from(vec![0.0, -2000.0]) };
    let x = ndarray::arr2(&[[1.0, 1.0], [-1.0, 3.0]]);
    let (loss, grads, _) =
        loss_and_grads(&[layer], &x, &Array1::from(vec![1, 1]), Activation::Relu);
    assert_eq!(loss, 1000.0);
    assert!(grads.iter().all(|g| g.w.iter().chain(&g.b).all(|v: &f64| v.is_finite())));
}

#[test]
fn the_first_of_equal_logits_wins_and_nan_never() {
    let logits = ndarray::arr2(&[[1.0, 1.0, 0.0], [f64::NAN, -5.0, -6.0], [f64::NAN; 3]]);
    assert_eq!(classify(&logits), [0, 1, 0]);
}
