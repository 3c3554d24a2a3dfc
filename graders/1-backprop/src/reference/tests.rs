use ndarray::Axis;
use testat_kit::check::scaled_err;
use testat_kit::draw::Seed;

use super::*;

#[test]
fn one_step_of_descent_follows_the_gradient_and_the_second_carries_momentum() {
    let mut stream = Seed::new([4; 32]).stream(0);
    let start = vec![Layer { w: stream.normals((3, 2), 1.0), b: Array1::zeros(2) }];
    let descent = Descent {
        x: stream.normals((4, 3), 1.0),
        y: stream.labels(4, 2),
        order: ndarray::arr2(&[[0, 1], [2, 3]]),
        lr: 0.1,
        momentum: 0.9,
        activation: Activation::Relu,
    };
    let gradient = |params: &[Layer<f64>], rows: [usize; 2]| {
        let (x, y) = (descent.x.select(Axis(0), &rows), descent.y.select(Axis(0), &rows));
        loss_and_grads(params, &x, &y, descent.activation).1.remove(0)
    };
    let first = gradient(&start, [0, 1]);
    let v1 = Layer { w: &first.w * -0.1, b: &first.b * -0.1 };
    let p1 = vec![Layer { w: &start[0].w + &v1.w, b: &start[0].b + &v1.b }];
    let second = gradient(&p1, [2, 3]);
    let w2 = &p1[0].w + &(&v1.w * 0.9 - &second.w * 0.1);
    assert!(scaled_err(&sgd(&start, &descent).0[0].w, &w2) < 1e-14);
}
