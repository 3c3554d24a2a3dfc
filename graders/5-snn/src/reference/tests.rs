use ndarray::{Array, Array1, Dimension};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use testat_kit::check::scaled_err;
use testat_kit::draw::{Seed, Stream};

use super::*;

/// Two samples, ten steps, 4-5-3: computed once in Python with numpy from the equations of the handout.
#[derive(Deserialize)]
struct Golden {
    params: [Value; 4],
    #[serde(rename = "S")]
    input: Value,
    y: Vec<i64>,
    logits: Value,
    spikes: Value,
    gap: f64,
    loss: f64,
    grads: [Value; 4],
}

/// Nested lists of numbers as an array.
fn array<T: DeserializeOwned + Clone, D: Dimension>(value: &Value) -> Array<T, D> {
    fn flatten(value: &Value, into: &mut Vec<Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| flatten(item, into)),
            number => into.push(number.clone()),
        }
    }
    let mut shape = Vec::new();
    let mut at = value;
    while let Value::Array(items) = at {
        shape.push(items.len());
        at = &items[0];
    }
    let mut flat = Vec::new();
    flatten(value, &mut flat);
    let flat = flat.into_iter().map(|number| serde_json::from_value(number).unwrap()).collect();
    Array::from_shape_vec(shape, flat).unwrap().into_dimensionality().unwrap()
}

fn net([w0, b0, w1, b1]: &[Value; 4]) -> Net {
    [Layer { w: array(w0), b: array(b0) }, Layer { w: array(w1), b: array(b1) }]
}

#[test]
fn it_agrees_with_values_computed_elsewhere() {
    let golden: Golden = serde_json::from_str(include_str!("golden.json")).unwrap();
    let (params, input) = (net(&golden.params), array(&golden.input));
    let (loss, grads, run) = bptt(&params, &input, &Array1::from(golden.y));
    assert!(scaled_err(&run.logits, &array(&golden.logits)) < 1e-12);
    assert_eq!(run.spikes, array::<u8, _>(&golden.spikes));
    assert!((threshold_gap(&run) - golden.gap).abs() < 1e-12);
    assert!((loss - golden.loss).abs() < 1e-12);
    for (got, expected) in grads.iter().zip(net(&golden.grads)) {
        assert!(scaled_err(&got.w, &expected.w) < 1e-12);
        assert!(scaled_err(&got.b, &expected.b) < 1e-12);
    }
}

fn drawn(stream: &mut Stream) -> (Net, Array3<u8>, Array1<i64>) {
    let net = [(5, 6), (6, 3)]
        .map(|size| Layer { w: stream.normals(size, 0.6), b: stream.normals(size.1, 0.2) });
    let input = Array3::from_shape_simple_fn((4, 12, 5), || u8::from(stream.chance(0.4)));
    (net, input, stream.labels(4, 3))
}

/// The loss of a twin in which a spike moves with the potential as the surrogate says: around `run` each spike
/// is its own value there plus the difference of x / (1 + 5 |x|), whose derivative is the surrogate; the
/// resets stay as they were in `run`. Its true gradient is what `bptt` claims.
fn smooth_loss(net: &Net, input: &Array3<u8>, y: &Array1<i64>, run: &Run) -> f64 {
    let sigmoid = |x: f64| x / (1.0 + 5.0 * x.abs());
    let [hidden, output] = net;
    let (samples, steps, _) = input.dim();
    let mut u = Array2::<f64>::zeros((samples, hidden.b.len()));
    let mut v = Array2::<f64>::zeros((samples, output.b.len()));
    let mut total = v.clone();
    for t in 0..steps {
        u = u * BETA + input.index_axis(Axis(1), t).mapv(f64::from).dot(&hidden.w) + &hidden.b;
        let frozen = run.spikes.index_axis(Axis(1), t).mapv(f64::from);
        let around = run.potentials.index_axis(Axis(1), t);
        let z = &frozen + u.mapv(|u| sigmoid(u - THETA)) - around.mapv(|u| sigmoid(u - THETA));
        u = u - &frozen * THETA;
        v = v * GAMMA + z.dot(&output.w) + &output.b;
        total += &v;
    }
    cross_entropy(&(total / steps as f64), y)
}

#[test]
fn the_gradient_is_the_finite_difference_of_a_smooth_twin_with_the_reset_frozen() {
    let mut stream = Seed::new([3; 32]).stream(0);
    for _ in 0..3 {
        let (params, input, y) = drawn(&mut stream);
        let (loss, grads, run) = bptt(&params, &input, &y);
        assert!(rate(&run.spikes) > 0.05);
        assert!((smooth_loss(&params, &input, &y, &run) - loss).abs() < 1e-12);
        let loss_at = |l: usize, bias: bool, at: usize, step: f64| {
            let mut moved = params.clone();
            let place =
                if bias { moved[l].b.iter_mut().nth(at) } else { moved[l].w.iter_mut().nth(at) };
            *place.unwrap() += step;
            smooth_loss(&moved, &input, &y, &run)
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

/// Without input, drive b a step: u[t] = b (1 - beta^(t+1)) / (1 - beta) until the first spike.
#[test]
fn a_driven_neuron_first_spikes_when_the_closed_form_says_so() {
    for (drive, first) in
        [(0.99, Some(1)), (1.0, Some(0)), (0.3, Some(3)), (0.11, Some(22)), (0.0999, None)]
    {
        let closed = |t: i32| drive * (1.0 - BETA.powi(t + 1)) / (1.0 - BETA);
        assert_eq!((0..60).position(|t| closed(t) >= THETA), first);
        let layer =
            |w: f64, b: f64| Layer { w: Array2::from_elem((1, 1), w), b: Array1::from_elem(1, b) };
        let run = simulate(&[layer(1.0, drive), layer(1.0, 0.0)], &Array3::zeros((1, 60, 1)));
        assert_eq!(run.spikes.iter().position(|z| *z == 1), first, "drive {drive}");
    }
}

#[test]
fn a_spike_takes_exactly_the_threshold_away() {
    let layer =
        |w: f64, b: f64| Layer { w: Array2::from_elem((1, 1), w), b: Array1::from_elem(1, b) };
    let run = simulate(&[layer(0.0, 0.37), layer(1.0, 0.0)], &Array3::zeros((1, 50, 1)));
    let after = |t: usize| run.potentials[[0, t, 0]] - THETA * f64::from(run.spikes[[0, t, 0]]);
    for t in 1..50 {
        assert!((run.potentials[[0, t, 0]] - BETA * after(t - 1) - 0.37).abs() < 1e-14);
    }
    assert!(rate(&run.spikes) > 0.1);
}

#[test]
fn the_read_out_hears_a_spike_in_its_own_step_and_forgets_at_its_own_rate() {
    let mut input = Array3::zeros((1, 3, 1));
    input[[0, 0, 0]] = 1;
    let layer = |w: f64| Layer { w: Array2::from_elem((1, 1), w), b: Array1::zeros(1) };
    let run = simulate(&[layer(1.0), layer(2.0)], &input);
    assert_eq!(run.spikes.iter().copied().collect::<Vec<_>>(), [1, 0, 0]);
    let expected = [2.0, 2.0 * GAMMA, 2.0 * GAMMA * GAMMA];
    assert_eq!(run.readout.iter().copied().collect::<Vec<_>>(), expected);
    assert!((run.logits[[0, 0]] - expected.iter().sum::<f64>() / 3.0).abs() < 1e-15);
}

#[test]
fn logits_beyond_all_exponentials_leave_loss_and_gradient_finite() {
    let (mut params, input, y) = drawn(&mut Seed::new([5; 32]).stream(0));
    params[1].w *= 1e4;
    let (loss, grads, run) = bptt(&params, &input, &y);
    assert!(run.logits.iter().any(|z| *z > 800.0));
    assert!(loss.is_finite());
    assert!(grads.iter().all(|g| g.w.iter().chain(&g.b).all(|v| v.is_finite())));
}
