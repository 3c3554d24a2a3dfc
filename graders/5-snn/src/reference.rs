//! The harness's own network, written from the equations of the handout; in `f64` to judge, in `f32` to know
//! how far an honest `f32` solution may lie from it.
//!
//! Leaky integrate-and-fire neurons in steps of time with a reset by subtraction (Eshraghian et al. 2023),
//! differentiated by surrogate gradients (Neftci, Mostafa and Zenke 2019).

use ndarray::{Array2, Array3, Axis};
use testat_kit::layer::Layer;
use testat_kit::network::{Real, cross_entropy, index, softmax};

/// Share of its potential that a hidden neuron keeps from one step to the next.
pub const BETA: f64 = 0.9;
/// Share of its value that the read-out keeps from one step to the next.
pub const GAMMA: f64 = 0.9;
/// Potential at which a neuron spikes, and by which a spike lowers it.
pub const THETA: f64 = 1.0;
/// How steeply the surrogate derivative falls off on both sides of the threshold.
pub const STEEPNESS: f64 = 5.0;

/// Hidden neurons, then read-out.
pub type Net<F = f64> = [Layer<F>; 2];

/// The network in another precision.
pub fn cast<F: Real, G: Real>(net: &Net<F>) -> Net<G> {
    net.each_ref().map(Layer::cast)
}

/// What a simulation leaves behind.
#[derive(Clone, Debug)]
pub struct Run<F = f64> {
    /// Potentials of the hidden neurons before any reset, (N, T, H).
    pub potentials: Array3<F>,
    /// Their spikes, (N, T, H).
    pub spikes: Array3<u8>,
    /// The read-out after each step, (N, T, C).
    pub readout: Array3<F>,
    /// The mean of the read-out over the steps, (N, C).
    pub logits: Array2<F>,
}

/// Lets the network run on input spikes (N, T, inputs), T at least 1.
pub fn simulate<F: Real>(net: &Net<F>, input: &Array3<u8>) -> Run<F> {
    let [hidden, output] = net;
    let (samples, steps, _) = input.dim();
    let (neurons, classes) = (hidden.b.len(), output.b.len());
    let mut run = Run {
        potentials: Array3::zeros((samples, steps, neurons)),
        spikes: Array3::zeros((samples, steps, neurons)),
        readout: Array3::zeros((samples, steps, classes)),
        logits: Array2::zeros((samples, classes)),
    };
    let (beta, gamma, theta) = (F::of(BETA), F::of(GAMMA), F::of(THETA));
    let mut u = Array2::zeros((samples, neurons));
    let mut v = Array2::zeros((samples, classes));
    let later = run.potentials.axis_iter_mut(Axis(1));
    let later = later.zip(run.spikes.axis_iter_mut(Axis(1)));
    let later = later.zip(run.readout.axis_iter_mut(Axis(1)));
    for (input, ((mut potentials, mut spikes), mut readout)) in input.axis_iter(Axis(1)).zip(later)
    {
        u = u * beta + input.mapv(number).dot(&hidden.w) + &hidden.b;
        potentials.assign(&u);
        let z = u.mapv(|u| u8::from(u >= theta));
        spikes.assign(&z);
        let z = z.mapv(number::<F>);
        u.zip_mut_with(&z, |u, z| *u -= theta * *z);
        v = v * gamma + z.dot(&output.w) + &output.b;
        readout.assign(&v);
    }
    run.logits = run.readout.sum_axis(Axis(1)) / F::of(steps as f64);
    run
}

/// What stands in for the derivative of a spike, at a distance `x` from the threshold.
pub fn surrogate<F: Real>(x: F) -> F {
    let denominator = F::one() + F::of(STEEPNESS) * x.abs();
    F::one() / (denominator * denominator)
}

/// Loss, gradient and the simulation they come from: backpropagation through time with the surrogate for the
/// spike's derivative, the reset held constant.
pub fn bptt<F: Real>(
    net: &Net<F>,
    input: &Array3<u8>,
    y: &ndarray::Array1<i64>,
) -> (F, Net<F>, Run<F>) {
    let run = simulate(net, input);
    let [hidden, output] = net;
    let (samples, steps, _) = input.dim();
    let (beta, gamma, theta) = (F::of(BETA), F::of(GAMMA), F::of(THETA));
    let mut grads =
        net.each_ref().map(|layer| Layer { w: &layer.w * F::zero(), b: &layer.b * F::zero() });
    // dL/dv of one step alone is (softmax - onehot) / (N T).
    let mut own = softmax(&run.logits);
    for (mut row, class) in own.rows_mut().into_iter().zip(y) {
        if let Some(right) = row.get_mut(index(*class)) {
            *right -= F::one();
        }
    }
    own.mapv_inplace(|d| d / F::of((samples * steps) as f64));
    let mut of_v = Array2::zeros(own.dim());
    let mut of_u = Array2::zeros((samples, hidden.b.len()));
    let [of_hidden, of_output] = &mut grads;
    let backwards = input.axis_iter(Axis(1)).zip(run.spikes.axis_iter(Axis(1)));
    let backwards = backwards.zip(run.potentials.axis_iter(Axis(1)));
    for ((input, spikes), potentials) in backwards.rev() {
        of_v = of_v * gamma + &own;
        of_output.w += &spikes.mapv(number::<F>).t().dot(&of_v);
        of_output.b += &of_v.sum_axis(Axis(0));
        let of_z = of_v.dot(&output.w.t());
        of_u = of_u * beta + of_z * potentials.mapv(|u| surrogate(u - theta));
        of_hidden.w += &input.mapv(number::<F>).t().dot(&of_u);
        of_hidden.b += &of_u.sum_axis(Axis(0));
    }
    (cross_entropy(&run.logits, y), grads, run)
}

/// How close the nearest potential lies to the threshold without meeting it exactly.
pub fn threshold_gap<F: Real>(run: &Run<F>) -> f64 {
    let distances = run.potentials.iter().map(|u| (u.wide() - THETA).abs());
    distances.filter(|distance| *distance > 0.0).fold(f64::INFINITY, f64::min)
}

/// The share of all neurons and steps with a spike: mean spikes of a neuron in a step.
pub fn rate(spikes: &Array3<u8>) -> f64 {
    spikes.iter().map(|spike| f64::from(*spike)).sum::<f64>() / spikes.len().max(1) as f64
}

/// A spike as a number.
fn number<F: Real>(spike: u8) -> F {
    F::of(f64::from(spike))
}

#[cfg(test)]
mod tests;
