//! Project 2: what a Rust submission implements.

use std::process::ExitCode;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::arguments::{flag, images, int, labels, layers, matrix, real, vector};
pub use crate::layer::Layer;
use crate::layer::with_layers;
use crate::link::Message;
use crate::serve::{self, Answers, Problem};

/// What `train` returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The trained layers, of the shapes they came in, for use without dropout.
    pub params: Vec<Layer>,
    /// If you like: (epochs, 2), training and validation loss after each. Shown, never graded.
    pub curve: Option<Array2<f32>>,
}

impl From<Vec<Layer>> for Trained {
    fn from(params: Vec<Layer>) -> Self {
        Self { params, curve: None }
    }
}

/// The arguments of [`Regularise::dropout`].
#[derive(Clone, Copy, Debug)]
pub struct Dropping<'a> {
    /// Activities, (N, H).
    pub h: ArrayView2<'a, f64>,
    /// 1 for each unit that is kept and 0 for each that is dropped, (N, H).
    pub mask: ArrayView2<'a, f64>,
    /// Probability with which each unit was dropped, 0 <= q < 1.
    pub q: f64,
    /// Gradient of the loss with respect to the output, (N, H).
    pub dout: ArrayView2<'a, f64>,
    /// Whether the network is being trained.
    pub training: bool,
}

/// The arguments of [`Regularise::batch_norm`].
#[derive(Clone, Copy, Debug)]
pub struct Norming<'a> {
    /// One sample a row, (N, F).
    pub x: ArrayView2<'a, f64>,
    /// Scale of each feature, (F,).
    pub gamma: ArrayView1<'a, f64>,
    /// Shift of each feature, (F,).
    pub beta: ArrayView1<'a, f64>,
    /// Running mean of each feature, (F,).
    pub run_mean: ArrayView1<'a, f64>,
    /// Running variance of each feature, (F,).
    pub run_var: ArrayView1<'a, f64>,
    /// Weight of the present batch in the running values.
    pub momentum: f64,
    /// Added to the variance.
    pub eps: f64,
    /// Whether the network is being trained.
    pub training: bool,
}

/// What `batch_norm` returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Normed {
    /// Normalised samples, (N, F).
    pub y: Array2<f64>,
    /// The new running mean, (F,).
    pub new_mean: Array1<f64>,
    /// The new running variance, (F,).
    pub new_var: Array1<f64>,
}

/// The arguments of [`Regularise::train`] beside the parameters and the seed.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Images to train on, (800, 64).
    pub x: ArrayView2<'a, f32>,
    /// Their labels, half of them wrong, (800,).
    pub y: ArrayView1<'a, i64>,
    /// Images to validate with, (100, 64).
    pub x_val: ArrayView2<'a, f32>,
    /// Their labels, half of them wrong, (100,).
    pub y_val: ArrayView1<'a, i64>,
}

/// The five functions of project 2. The handout says what each must compute.
pub trait Regularise {
    /// The penalty `l2 / 2 * sum W^2 + l1 * sum |W|` over the weights alone, and its gradient, one [`Layer`]
    /// for each.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn penalty(&mut self, params: &[Layer], l1: f64, l2: f64)
    -> Result<(f64, Vec<Layer>), Problem>;

    /// Inverted dropout: the output and the gradient with respect to `h`, both (N, H).
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn dropout(&mut self, data: Dropping<'_>) -> Result<(Array2<f64>, Array2<f64>), Problem>;

    /// Batch normalisation of one layer.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn batch_norm(&mut self, data: Norming<'_>) -> Result<Normed, Problem>;

    /// The best epoch and the last one run, counted from 0, for the validation losses `val` (E,).
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn early_stop(
        &mut self,
        val: ArrayView1<f64>,
        patience: i64,
        min_delta: f64,
    ) -> Result<(i64, i64), Problem>;

    /// Trains the fixed network 64-256-10 with ReLU on labels half of which are wrong. Every random choice
    /// comes from `seed`.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn train(&mut self, data: Data<'_>, params0: &[Layer], seed: i64) -> Result<Trained, Problem>;
}

/// Serves a solution until the harness closes the pipe: the whole `main` of a submission.
pub fn serve(solution: impl Regularise) -> ExitCode {
    serve::serve(answers(solution))
}

/// A solution as something that answers requests.
pub fn answers(solution: impl Regularise) -> impl Answers {
    Served(solution)
}

struct Served<S>(S);

impl<S: Regularise> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        let Self(solution) = self;
        match op {
            "p2.penalty" => {
                let (l1, l2) = (real(request, "l1")?, real(request, "l2")?);
                let (value, grads) = solution.penalty(&layers(request, "")?, l1, l2)?;
                Ok(with_layers(Message::new().with_scalar("value", value), "d", &grads))
            }
            "p2.dropout" => dropout(solution, request),
            "p2.batch_norm" => batch_norm(solution, request),
            "p2.early_stop" => {
                let val = vector(request, "val")?;
                let (patience, min_delta) =
                    (int(request, "patience")?, real(request, "min_delta")?);
                let (best, stop) = solution.early_stop(val.view(), patience, min_delta)?;
                Ok(Message::new().with_integer("best", best).with_integer("stop", stop))
            }
            "p2.train" => train(solution, request),
            other => Err(format!("this version of testat-kit does not know `{other}`").into()),
        }
    }
}

fn dropout(solution: &mut impl Regularise, request: &Message) -> Result<Message, Problem> {
    let (h, mask) = (matrix(request, "h")?, matrix(request, "mask")?);
    let dout = matrix(request, "dout")?;
    let (out, dh) = solution.dropout(Dropping {
        h: h.view(),
        mask: mask.view(),
        q: real(request, "q")?,
        dout: dout.view(),
        training: flag(request, "training")?,
    })?;
    Ok(Message::new().with("out", &out).with("dh", &dh))
}

fn batch_norm(solution: &mut impl Regularise, request: &Message) -> Result<Message, Problem> {
    let x = matrix(request, "x")?;
    let (gamma, beta) = (vector(request, "gamma")?, vector(request, "beta")?);
    let (run_mean, run_var) = (vector(request, "run_mean")?, vector(request, "run_var")?);
    let normed = solution.batch_norm(Norming {
        x: x.view(),
        gamma: gamma.view(),
        beta: beta.view(),
        run_mean: run_mean.view(),
        run_var: run_var.view(),
        momentum: real(request, "momentum")?,
        eps: real(request, "eps")?,
        training: flag(request, "training")?,
    })?;
    let Normed { y, new_mean, new_var } = &normed;
    Ok(Message::new().with("y", y).with("new_mean", new_mean).with("new_var", new_var))
}

fn train(solution: &mut impl Regularise, request: &Message) -> Result<Message, Problem> {
    let (x, y) = (images(request, "X")?, labels(request, "y")?);
    let (x_val, y_val) = (images(request, "Xval")?, labels(request, "yval")?);
    let data = Data { x: x.view(), y: y.view(), x_val: x_val.view(), y_val: y_val.view() };
    let trained = solution.train(data, &layers(request, "")?, int(request, "seed")?)?;
    let reply = with_layers(Message::new(), "", &trained.params);
    Ok(match trained.curve {
        Some(curve) => reply.with("curve", &curve),
        None => reply,
    })
}
