use ndarray::Array;
use serde::Deserialize;
use testat_kit::check::scaled_err;
use testat_kit::draw::{Seed, Stream};
use testat_kit::network::{self, cross_entropy, farthest, loss_and_grads};

use super::*;

/// Computed once in Python with numpy from the same equations: layer by layer, delta_L = (softmax -
/// onehot) / N, then (delta B_l) or (error B_l) times 1 - tanh^2; inputs are rounded to four digits.
#[derive(Deserialize)]
struct Golden {
    rule: String,
    w: Vec<Vec<Vec<f64>>>,
    b: Vec<Vec<f64>>,
    feedback: Vec<Vec<Vec<f64>>>,
    x: Vec<Vec<f64>>,
    y: Vec<i64>,
    dw: Vec<Vec<Vec<f64>>>,
    db: Vec<Vec<f64>>,
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    let flat = rows.iter().flatten().copied().collect();
    Array::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
}

fn layers(w: &[Vec<Vec<f64>>], b: &[Vec<f64>]) -> Vec<Layer> {
    w.iter().zip(b).map(|(w, b)| Layer { w: matrix(w), b: Array1::from(b.clone()) }).collect()
}

#[test]
fn it_agrees_with_values_computed_elsewhere() {
    let all: Vec<Golden> = serde_json::from_str(include_str!("golden.json")).unwrap();
    assert_eq!(all.len(), 4);
    for golden in all {
        let route = if golden.rule == "fa" { Route::Fa } else { Route::Dfa };
        let feedback: Vec<Array2<f64>> = golden.feedback.iter().map(|b| matrix(b)).collect();
        let params = layers(&golden.w, &golden.b);
        let y = Array1::from(golden.y.clone());
        let (grads, _) = feedback_grads(&params, &feedback, &matrix(&golden.x), &y, route);
        for (got, expected) in grads.iter().zip(layers(&golden.dw, &golden.db)) {
            assert!(scaled_err(&got.w, &expected.w) < 1e-12);
            assert!(scaled_err(&got.b, &expected.b) < 1e-12);
        }
    }
}

/// Layers, feedback by `route`, samples and classes.
type Problem = (Vec<Layer>, Vec<Array2<f64>>, Array2<f64>, Array1<i64>);

fn problem(stream: &mut Stream, sizes: &[usize], route: Route) -> Problem {
    let layers = network::draw(stream, sizes, 1.5, 0.3);
    let feedback = route.shapes(sizes).into_iter().map(|shape| stream.normals(shape, 0.6));
    let feedback = feedback.collect();
    (layers, feedback, stream.normals((7, sizes[0]), 1.0), stream.labels(7, *sizes.last().unwrap()))
}

#[test]
fn with_the_transposed_weights_feedback_alignment_is_backpropagation() {
    let mut stream = Seed::new([3; 32]).stream(0);
    for sizes in [&[5, 6, 4][..], &[5, 6, 4, 3], &[4, 5, 6, 5, 3]] {
        let (layers, random, x, y) = problem(&mut stream, sizes, Route::Fa);
        let transposed: Vec<Array2<f64>> =
            layers.iter().skip(1).map(|layer| layer.w.t().to_owned()).collect();
        let (_, exact, _) = loss_and_grads(&layers, &x, &y, ACTIVATION);
        let (fa, _) = feedback_grads(&layers, &transposed, &x, &y, Route::Fa);
        let (backprop, _) = feedback_grads(&layers, &random, &x, &y, Route::Backprop);
        let (other, _) = feedback_grads(&layers, &random, &x, &y, Route::Fa);
        assert!(farthest(&fa, &exact) < 1e-14);
        assert!(farthest(&backprop, &exact) < 1e-14);
        assert!(farthest(&other, &exact) > 0.1);
    }
}

#[test]
fn with_the_product_of_the_feedback_both_rules_agree_on_a_linear_way_back() {
    // Where tanh has slope 1 on the way back, fa multiplies by B2 and then B1: dfa with B2 B1 is the same.
    let mut stream = Seed::new([4; 32]).stream(0);
    let (layers, feedback, x, y) = problem(&mut stream, &[5, 6, 4, 3], Route::Fa);
    let direct = vec![feedback[1].dot(&feedback[0]), feedback[1].clone()];
    let pass = forward(&layers, &x, ACTIVATION);
    let fa = grads_of(&pass, &layers, &feedback, &y, Route::Fa, |_| 1.0);
    let dfa = grads_of(&pass, &layers, &direct, &y, Route::Dfa, |_| 1.0);
    assert!(farthest(&fa, &dfa) < 1e-14);
}

#[test]
fn with_one_hidden_layer_both_rules_are_one() {
    let mut stream = Seed::new([5; 32]).stream(0);
    let (layers, feedback, x, y) = problem(&mut stream, &[5, 6, 4], Route::Fa);
    assert_eq!(Route::Fa.shapes(&[5, 6, 4]), Route::Dfa.shapes(&[5, 6, 4]));
    let (fa, _) = feedback_grads(&layers, &feedback, &x, &y, Route::Fa);
    assert_eq!(fa, feedback_grads(&layers, &feedback, &x, &y, Route::Dfa).0);
}

#[test]
fn the_last_layers_gradient_is_the_finite_difference_of_the_loss_by_every_rule() {
    let mut stream = Seed::new([6; 32]).stream(0);
    for route in [Route::Fa, Route::Dfa, Route::Backprop] {
        let (layers, feedback, x, y) = problem(&mut stream, &[5, 6, 4, 3], route);
        let (grads, _) = feedback_grads(&layers, &feedback, &x, &y, route);
        let last = grads.last().unwrap();
        let loss_at = |bias: bool, at: usize, step: f64| {
            let mut moved = layers.clone();
            let layer = moved.last_mut().unwrap();
            let place = if bias { layer.b.iter_mut().nth(at) } else { layer.w.iter_mut().nth(at) };
            *place.unwrap() += step;
            cross_entropy(&forward(&moved, &x, ACTIVATION).logits, &y)
        };
        for (bias, values) in
            [(false, last.w.iter().collect::<Vec<_>>()), (true, last.b.iter().collect())]
        {
            for (at, exact) in values.into_iter().enumerate() {
                let slope = (loss_at(bias, at, 1e-6) - loss_at(bias, at, -1e-6)) / 2e-6;
                assert!((slope - exact).abs() < 1e-8, "{slope} instead of {exact}");
            }
        }
    }
}

#[test]
fn distance_is_the_largest_share_of_the_way_over_all_tensors() {
    let layer = |w: f64, b: f64| vec![Layer { w: ndarray::arr2(&[[w]]), b: ndarray::arr1(&[b]) }];
    let (far, name) = distance(&layer(3.5, 0.9), &layer(3.0, 1.0), &layer(1.0, 0.0));
    assert_eq!((far, name.as_str()), (0.25, "W0"));
    let (far, _) = distance(&layer(f64::NAN, 0.9), &layer(3.0, 1.0), &layer(1.0, 0.0));
    assert_eq!(far, f64::INFINITY);
}

#[test]
fn the_cosine_is_that_of_the_angle_and_0_without_a_direction() {
    assert!((cosine(&[1.0, 0.0], &[1.0, 1.0]) - 0.5f64.sqrt()).abs() < 1e-15);
    assert_eq!(cosine(&[1.0, 2.0], &[-2.0, -4.0]), -1.0);
    assert_eq!(cosine(&[0.0, 0.0], &[1.0, 1.0]), 0.0);
}
