//! Project 4: what a Rust submission implements.

use std::process::ExitCode;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix1, Ix2};

use crate::arguments::{bytes, int, matrix, real, vector};
use crate::link::Message;
use crate::serve::{self, Answers, Problem};

/// The numbers of pair-based STDP, in the order of the argument `p` in Python.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pairing {
    /// Gain of one pair, input before output, just beside each other.
    pub a_plus: f64,
    /// Loss of one pair, output before input, just beside each other; a positive number.
    pub a_minus: f64,
    /// Time constant of the gain in milliseconds.
    pub tau_plus: f64,
    /// Time constant of the loss in milliseconds.
    pub tau_minus: f64,
    /// Least weight.
    pub w_min: f64,
    /// Largest weight.
    pub w_max: f64,
}

impl Pairing {
    /// From `[A+, A-, tau+, tau-, w_min, w_max]`.
    ///
    /// # Errors
    /// Another number of entries.
    pub fn of(p: &Array1<f64>) -> Result<Self, Problem> {
        match p.to_vec()[..] {
            [a_plus, a_minus, tau_plus, tau_minus, w_min, w_max] => {
                Ok(Self { a_plus, a_minus, tau_plus, tau_minus, w_min, w_max })
            }
            _ => Err(format!("`p` has {} entries instead of 6", p.len()).into()),
        }
    }
}

/// The seven functions of project 4. The handout says what each must compute.
pub trait Plasticity {
    /// Hebb's rule with decay: the weights (T+1, n) before the first and after each row of `x` (T, n).
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn hebb(
        &mut self,
        w0: ArrayView1<f64>,
        x: ArrayView2<f64>,
        eta: f64,
        decay: f64,
    ) -> Result<Array2<f64>, Problem>;

    /// Oja's rule: the weights (T+1, n) before the first and after each row of `x` (T, n).
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn oja(
        &mut self,
        w0: ArrayView1<f64>,
        x: ArrayView2<f64>,
        eta: f64,
    ) -> Result<Array2<f64>, Problem>;

    /// The rule of Bienenstock, Cooper and Munro: the weights (T+1, n) and the threshold (T+1,) before the
    /// first and after each row of `x` (T, n).
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn bcm(
        &mut self,
        w0: ArrayView1<f64>,
        theta0: f64,
        x: ArrayView2<f64>,
        eta: f64,
        tau: f64,
    ) -> Result<(Array2<f64>, Array1<f64>), Problem>;

    /// Pair-based STDP, all pairs, with traces: the weights (T+1, n) before the first and after each step of
    /// `dt` milliseconds, of the input spikes `pre` (n, T) and the output spikes `post` (T,).
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn stdp(
        &mut self,
        w0: ArrayView1<f64>,
        pre: ArrayView2<u8>,
        post: ArrayView1<u8>,
        p: &Pairing,
        dt: f64,
    ) -> Result<Array2<f64>, Problem>;

    /// The change (m,) by one pair of spikes, output minus input being `d` (m,) milliseconds.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn stdp_window(&mut self, d: ArrayView1<f64>, p: &Pairing) -> Result<Array1<f64>, Problem>;

    /// The first `k` principal directions of the rows of `x` (N, n), of length 1, as columns (n, k).
    /// Every random choice comes from `seed`.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn learn_pca(
        &mut self,
        x: ArrayView2<f64>,
        k: usize,
        seed: i64,
    ) -> Result<Array2<f64>, Problem>;

    /// Weights (n,) that STDP gives the inputs of a neuron of your choice, from their spikes `pre` (n, T) in
    /// steps of 1 ms. Every random choice comes from `seed`.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn learn_stdp(&mut self, pre: ArrayView2<u8>, seed: i64) -> Result<Array1<f64>, Problem>;
}

/// Serves a solution until the harness closes the pipe: the whole `main` of a submission.
pub fn serve(solution: impl Plasticity) -> ExitCode {
    serve::serve(answers(solution))
}

/// A solution as something that answers requests.
pub fn answers(solution: impl Plasticity) -> impl Answers {
    Served(solution)
}

struct Served<S>(S);

impl<S: Plasticity> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        let Self(solution) = self;
        match op {
            "p4.hebb" => {
                let (w0, x) = (vector(request, "w0")?, matrix(request, "X")?);
                let (eta, decay) = (real(request, "eta")?, real(request, "decay")?);
                let w = solution.hebb(w0.view(), x.view(), eta, decay)?;
                Ok(Message::new().with("W", &w))
            }
            "p4.oja" => {
                let (w0, x) = (vector(request, "w0")?, matrix(request, "X")?);
                let w = solution.oja(w0.view(), x.view(), real(request, "eta")?)?;
                Ok(Message::new().with("W", &w))
            }
            "p4.bcm" => {
                let (w0, x) = (vector(request, "w0")?, matrix(request, "X")?);
                let (theta0, eta) = (real(request, "theta0")?, real(request, "eta")?);
                let tau = real(request, "tau")?;
                let (w, theta) = solution.bcm(w0.view(), theta0, x.view(), eta, tau)?;
                Ok(Message::new().with("W", &w).with("theta", &theta))
            }
            "p4.stdp" => {
                let (w0, pre) = (vector(request, "w0")?, spikes(request)?);
                let post = bytes(request, "post")?.into_dimensionality::<Ix1>()?;
                let (p, dt) = (pairing(request)?, real(request, "dt")?);
                let w = solution.stdp(w0.view(), pre.view(), post.view(), &p, dt)?;
                Ok(Message::new().with("W", &w))
            }
            "p4.window" => {
                let d = vector(request, "d")?;
                let dw = solution.stdp_window(d.view(), &pairing(request)?)?;
                Ok(Message::new().with("dw", &dw))
            }
            "p4.pca" => {
                let (x, k) = (matrix(request, "X")?, usize::try_from(int(request, "k")?)?);
                let w = solution.learn_pca(x.view(), k, int(request, "seed")?)?;
                Ok(Message::new().with("W", &w))
            }
            "p4.corr" => {
                let w = solution.learn_stdp(spikes(request)?.view(), int(request, "seed")?)?;
                Ok(Message::new().with("w", &w))
            }
            other => Err(format!("this version of testat-kit does not know `{other}`").into()),
        }
    }
}

fn spikes(request: &Message) -> Result<Array2<u8>, Problem> {
    Ok(bytes(request, "pre")?.into_dimensionality::<Ix2>()?)
}

fn pairing(request: &Message) -> Result<Pairing, Problem> {
    Pairing::of(&vector(request, "p")?)
}
