//! The neuron by which everything is judged: exact integration of a current that is constant within each
//! step, and the closed form of its f-I curve (Gerstner, Kistler, Naud and Paninski, Neuronal Dynamics,
//! chapters 1 and 5). Units: ms, mV, MOhm, nA (1 MOhm nA = 1 mV), Hz.

use ndarray::{Array1, Array2};

/// A leaky integrate-and-fire neuron, the vector `p` of a request in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neuron {
    /// Resting potential in mV.
    pub v_rest: f64,
    /// Potential after a spike in mV.
    pub v_reset: f64,
    /// Threshold in mV.
    pub theta: f64,
    /// Membrane resistance in MOhm.
    pub r: f64,
    /// Membrane time constant in ms.
    pub tau: f64,
    /// Absolute refractory period in ms.
    pub t_ref: f64,
}

impl Neuron {
    /// The vector `p`, (6,).
    pub fn vector(&self) -> Array1<f64> {
        let Self { v_rest, v_reset, theta, r, tau, t_ref } = *self;
        ndarray::arr1(&[v_rest, v_reset, theta, r, tau, t_ref])
    }

    /// The current in nA that just does not reach the threshold.
    pub fn rheobase(&self) -> f64 {
        (self.theta - self.v_rest) / self.r
    }

    /// Steps of `dt` ms for which the potential is held after the step of a spike.
    pub fn hold(&self, dt: f64) -> usize {
        (self.t_ref / dt + 0.5).floor() as usize
    }

    /// What is left of a deviation after `dt` ms.
    pub fn decay(&self, dt: f64) -> f64 {
        libm::exp(-dt / self.tau)
    }

    /// The potential in mV that a constant current in nA leads to.
    pub fn aim(&self, current: f64) -> f64 {
        self.v_rest + self.r * current
    }
}

/// What a simulation gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Membrane potential after each step, (N, T) in mV; after a spike, the reset.
    pub v: Array2<f64>,
    /// 1 at each step with a spike, (N, T).
    pub s: Array2<u8>,
    /// The largest potential that was integrated to without a spike.
    pub silent: f64,
    /// The smallest at which a spike came.
    pub firing: f64,
}

impl Run {
    /// Number of spikes of each neuron.
    pub fn spikes(&self) -> Vec<usize> {
        self.s.rows().into_iter().map(|row| row.iter().map(|s| usize::from(*s)).sum()).collect()
    }

    /// How near in mV any integrated potential came to the threshold `theta`.
    pub fn gap(&self, theta: f64) -> f64 {
        (theta - self.silent).min(self.firing - theta)
    }
}

/// N independent neurons over T steps of `dt` ms, each from rest; `current` is (N, T) in nA.
///
/// The equations are those of the handout, section *The neuron*: outside the refractory period
/// V' = v_inf + (V - v_inf) exp(-dt / tau) with v_inf = v_rest + R I, a spike where V' >= theta.
pub fn simulate(current: &Array2<f64>, neuron: &Neuron, dt: f64) -> Run {
    let (decay, hold) = (neuron.decay(dt), neuron.hold(dt));
    let (mut v, mut s) = (Array2::zeros(current.dim()), Array2::zeros(current.dim()));
    let (mut silent, mut firing) = (f64::NEG_INFINITY, f64::INFINITY);
    let rows = current.rows().into_iter().zip(v.rows_mut()).zip(s.rows_mut());
    for ((current, mut v), mut s) in rows {
        let (mut potential, mut held) = (neuron.v_rest, 0);
        for ((current, v), s) in current.iter().zip(&mut v).zip(&mut s) {
            if held > 0 {
                held -= 1;
                potential = neuron.v_reset;
            } else {
                let aim = neuron.aim(*current);
                let stepped = aim + (potential - aim) * decay;
                if stepped >= neuron.theta {
                    firing = firing.min(stepped);
                    *s = 1;
                    potential = neuron.v_reset;
                    held = hold;
                } else {
                    silent = silent.max(stepped);
                    potential = stepped;
                }
            }
            *v = potential;
        }
    }
    Run { v, s, silent, firing }
}

/// The steady rate in Hz under a constant current in nA: 1000 / (t_ref + tau ln((v_inf - v_reset) /
/// (v_inf - theta))), and 0 where v_inf does not exceed the threshold.
pub fn rate(current: f64, neuron: &Neuron) -> f64 {
    let aim = neuron.aim(current);
    if aim <= neuron.theta {
        return 0.0;
    }
    let climb = libm::log((aim - neuron.v_reset) / (aim - neuron.theta));
    1000.0 / (neuron.t_ref + neuron.tau * climb)
}

#[cfg(test)]
mod tests;
