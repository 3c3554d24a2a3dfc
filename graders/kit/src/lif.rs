//! Project 3: what a Rust submission implements.

use std::process::ExitCode;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix2};

use crate::arguments::{bytes, matrix, real, vector};
use crate::link::Message;
use crate::serve::{self, Answers, Problem};

/// A leaky integrate-and-fire neuron, in the units ms, mV, MOhm and nA (1 MOhm nA = 1 mV).
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
    /// The vector `p` of a message, (6,): the fields in their order.
    pub fn to_vector(self) -> Array1<f64> {
        let Self { v_rest, v_reset, theta, r, tau, t_ref } = self;
        ndarray::arr1(&[v_rest, v_reset, theta, r, tau, t_ref])
    }

    /// Reads the vector `p` of a message.
    ///
    /// # Errors
    /// It does not hold six numbers.
    pub fn from_vector(p: &Array1<f64>) -> Result<Self, Problem> {
        match p.to_vec()[..] {
            [v_rest, v_reset, theta, r, tau, t_ref] => {
                Ok(Self { v_rest, v_reset, theta, r, tau, t_ref })
            }
            _ => Err(format!("p holds {} numbers instead of 6", p.len()).into()),
        }
    }
}

/// What [`Lif::simulate`] returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// Membrane potential after each step, (N, T) in mV; after a spike, the reset.
    pub v: Array2<f64>,
    /// 1 at each step with a spike, else 0, (N, T).
    pub s: Array2<u8>,
}

/// What [`Lif::identify`] is given: six runs of one neuron.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// Input currents, (6, T) in nA.
    pub i: ArrayView2<'a, f64>,
    /// Membrane potential after each step, (6, T) in mV.
    pub v: ArrayView2<'a, f64>,
    /// 1 at each step with a spike, (6, T).
    pub s: ArrayView2<'a, u8>,
    /// Step in ms.
    pub dt: f64,
}

/// The three functions of project 3. The handout says what each must compute.
pub trait Lif {
    /// N independent neurons `p` under the currents `i` (N, T) in nA, in steps of `dt` ms, each from rest.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn simulate(&mut self, i: ArrayView2<f64>, p: Neuron, dt: f64) -> Result<Simulated, Problem>;

    /// The steady firing rate in Hz for each constant current of `i` (K,) in nA.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn fi_curve(&mut self, i: ArrayView1<f64>, p: Neuron) -> Result<Array1<f64>, Problem>;

    /// The neuron of which the recording was made.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn identify(&mut self, recording: Recording<'_>) -> Result<Neuron, Problem>;
}

/// Serves a solution until the harness closes the pipe: the whole `main` of a submission.
pub fn serve(solution: impl Lif) -> ExitCode {
    serve::serve(answers(solution))
}

/// A solution as something that answers requests.
pub fn answers(solution: impl Lif) -> impl Answers {
    Served(solution)
}

struct Served<S>(S);

impl<S: Lif> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        let Self(solution) = self;
        match op {
            "p3.simulate" => {
                let (i, p) = (matrix(request, "I")?, vector(request, "p")?);
                let p = Neuron::from_vector(&p)?;
                let Simulated { v, s } = solution.simulate(i.view(), p, real(request, "dt")?)?;
                Ok(Message::new().with("V", &v).with("S", &s))
            }
            "p3.fi" => {
                let (i, p) = (vector(request, "I")?, vector(request, "p")?);
                let p = Neuron::from_vector(&p)?;
                Ok(Message::new().with("rate", &solution.fi_curve(i.view(), p)?))
            }
            "p3.identify" => {
                let (i, v) = (matrix(request, "I")?, matrix(request, "V")?);
                let s = bytes(request, "S")?.into_dimensionality::<Ix2>()?;
                let dt = real(request, "dt")?;
                let recording = Recording { i: i.view(), v: v.view(), s: s.view(), dt };
                Ok(Message::new().with("p", &solution.identify(recording)?.to_vector()))
            }
            other => Err(format!("this version of testat-kit does not know `{other}`").into()),
        }
    }
}
