//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.

use std::time::{SystemTime, UNIX_EPOCH};

use ndarray::{Array1, ArrayView1, ArrayView2, s};
use testat_kit::lif::{Lif, Neuron, Recording, Simulated};
use testat_kit::serve::Problem;

use crate::solution::Solution;

/// What a solution does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    SinglePrecision,
    OneStepLonger,
    ResetToRest,
    OneNeuron,
    Infinite,
    Panics,
    SpikesLate,
    NoSpikes,
    Kilohertz,
    NoRefractory,
    InHundredMilliseconds,
    SilentNearRheobase,
    Textbook,
    ThetaBeforeSpikes,
    EulerSlope,
    InSteps,
    Clock,
}

impl Slip {
    /// Each with the check that must catch it, and words that its message must hold.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 17] = [
        (Self::SinglePrecision, "voltage", "compute and return V in float64"),
        (Self::OneStepLonger, "voltage", "one step too long"),
        (Self::ResetToRest, "voltage", "should go to v_reset"),
        (Self::OneNeuron, "voltage", "has the shape"),
        (Self::Infinite, "voltage", "must be finite"),
        (Self::Panics, "voltage", "it panicked: no such thing"),
        (Self::SpikesLate, "spikes", "one step late"),
        (Self::NoSpikes, "spikes", "no spikes at all"),
        (Self::Kilohertz, "fi", "the rate is in Hz"),
        (Self::NoRefractory, "fi", "without the refractory period"),
        (Self::InHundredMilliseconds, "fi", "multiples of 10 Hz"),
        (Self::SilentNearRheobase, "fi", "taken to be silent"),
        (Self::Textbook, "identify", "times its tolerance"),
        (Self::ThetaBeforeSpikes, "identify", "theta lies below"),
        (Self::EulerSlope, "identify", "Euler's step makes of the slope"),
        (Self::InSteps, "identify", "a number of steps"),
        (Self::Clock, "repeatable", "numbers differ"),
    ];
}

/// The reference, slipping.
pub(crate) struct Slipping(pub(crate) Slip);

impl Lif for Slipping {
    fn simulate(
        &mut self,
        i: ArrayView2<f64>,
        mut p: Neuron,
        dt: f64,
    ) -> Result<Simulated, Problem> {
        match self.0 {
            Slip::OneStepLonger => p.t_ref += dt,
            Slip::ResetToRest => p.v_reset = p.v_rest,
            _ => {}
        }
        let mut run = Solution.simulate(i, p, dt)?;
        match self.0 {
            Slip::SinglePrecision => run.v.mapv_inplace(|v| f64::from(v as f32)),
            Slip::OneNeuron => {
                run.v = run.v.slice(s![..1, ..]).to_owned();
                run.s = run.s.slice(s![..1, ..]).to_owned();
            }
            Slip::Infinite => run.v.mapv_inplace(|_| f64::INFINITY),
            #[expect(clippy::panic, reason = "this is what a wrong solution may do")]
            Slip::Panics => panic!("no such thing"),
            Slip::SpikesLate => {
                let right = run.s.clone();
                run.s.fill(0);
                let steps = right.ncols();
                run.s.slice_mut(s![.., 1..]).assign(&right.slice(s![.., ..steps - 1]));
            }
            Slip::NoSpikes => run.s.fill(0),
            _ => {}
        }
        Ok(run)
    }

    fn fi_curve(&mut self, i: ArrayView1<f64>, p: Neuron) -> Result<Array1<f64>, Problem> {
        let rate = Solution.fi_curve(i, p)?;
        Ok(match self.0 {
            Slip::Kilohertz => rate / 1000.0,
            Slip::NoRefractory => Solution.fi_curve(i, Neuron { t_ref: 0.0, ..p })?,
            Slip::InHundredMilliseconds => rate.mapv(|rate| 10.0 * (rate / 10.0).floor()),
            Slip::SilentNearRheobase => rate.mapv(|rate| if rate < 20.0 { 0.0 } else { rate }),
            _ => rate,
        })
    }

    fn identify(&mut self, recording: Recording<'_>) -> Result<Neuron, Problem> {
        let mut neuron = Solution.identify(recording)?;
        let Recording { v, s, dt, .. } = recording;
        match self.0 {
            Slip::Textbook => {
                let (v_rest, v_reset, theta) = (-70.0, -65.0, -50.0);
                return Ok(Neuron { v_rest, v_reset, theta, r: 10.0, tau: 8.0, t_ref: 2.0 });
            }
            Slip::ThetaBeforeSpikes => {
                let fired = s.indexed_iter().filter(|((_, k), s)| *k > 0 && **s == 1);
                let before: Vec<f64> = fired.map(|((n, k), _)| v[[n, k - 1]]).collect();
                neuron.theta = before.iter().sum::<f64>() / before.len() as f64;
            }
            Slip::EulerSlope => neuron.tau = dt / (1.0 - (-dt / neuron.tau).exp()),
            Slip::InSteps => neuron.t_ref /= dt,
            #[expect(clippy::disallowed_methods, reason = "the mistake is to look at the clock")]
            Slip::Clock => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                neuron.v_rest += 1e-12 * f64::from(now.subsec_nanos());
            }
            _ => {}
        }
        Ok(neuron)
    }
}
