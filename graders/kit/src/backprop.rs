//! Project 1: what a Rust submission implements.

use std::process::ExitCode;
use std::str::FromStr;

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::arguments::{self, images, indices, int, labels, matrix, real};
pub use crate::layer::Layer;
use crate::layer::with_layers;
use crate::link::Message;
use crate::serve::{self, Answers, Problem};

/// The nonlinearity of the hidden layers; the last layer is linear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(z, 0).
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Its name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
        }
    }
}

impl FromStr for Activation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "relu" => Ok(Self::Relu),
            "tanh" => Ok(Self::Tanh),
            other => Err(format!("no activation is called `{other}`")),
        }
    }
}

/// What `train` returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The trained layers, of the shapes they came in.
    pub params: Vec<Layer>,
    /// If you like: (epochs, 2), training loss and training accuracy after each. Shown, never graded.
    pub curve: Option<Array2<f32>>,
}

impl From<Vec<Layer>> for Trained {
    fn from(params: Vec<Layer>) -> Self {
        Self { params, curve: None }
    }
}

/// The four functions of project 1. The handout says what each must compute.
pub trait Backprop {
    /// The logits (N, C) of the rows of `x` (N, n0).
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn forward(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        activation: Activation,
    ) -> Result<Array2<f64>, Problem>;

    /// The mean cross-entropy in nats over the rows of `x`, whose classes are `y` (N,), and its gradient,
    /// one [`Layer`] for each.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn loss_and_grads(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
        activation: Activation,
    ) -> Result<(f64, Vec<Layer>), Problem>;

    /// The layers after one step of gradient descent with momentum for each row of `order` (K, B), which
    /// holds the indices of that step's samples.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn sgd(&mut self, params: &[Layer], data: Descent<'_>) -> Result<Vec<Layer>, Problem>;

    /// Trains the fixed network 64-48-32-10 with ReLU on images `x` (N, 64) of the classes `y` (N,).
    /// Every random choice comes from `seed`.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn train(
        &mut self,
        x: ArrayView2<f32>,
        y: ArrayView1<i64>,
        params0: &[Layer],
        seed: i64,
    ) -> Result<Trained, Problem>;
}

/// The arguments of [`Backprop::sgd`] beside the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Descent<'a> {
    /// All samples, (N, n0).
    pub x: ArrayView2<'a, f64>,
    /// Their classes, (N,).
    pub y: ArrayView1<'a, i64>,
    /// Indices of the samples of each step, (K, B).
    pub order: ArrayView2<'a, i64>,
    /// Learning rate.
    pub lr: f64,
    /// Momentum; 0 for none.
    pub momentum: f64,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
}

/// Serves a solution until the harness closes the pipe: the whole `main` of a submission.
pub fn serve(solution: impl Backprop) -> ExitCode {
    serve::serve(answers(solution))
}

/// A solution as something that answers requests.
pub fn answers(solution: impl Backprop) -> impl Answers {
    Served(solution)
}

struct Served<S>(S);

impl<S: Backprop> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        let Self(solution) = self;
        let params = arguments::layers(request, "")?;
        match op {
            "p1.forward" => {
                let x = matrix(request, "X")?;
                let logits = solution.forward(&params, x.view(), activation(request)?)?;
                Ok(Message::new().with("logits", &logits))
            }
            "p1.grads" => {
                let (x, y) = (matrix(request, "X")?, labels(request, "y")?);
                let kind = activation(request)?;
                let (loss, grads) = solution.loss_and_grads(&params, x.view(), y.view(), kind)?;
                Ok(with_layers(Message::new().with_scalar("loss", loss), "d", &grads))
            }
            "p1.sgd" => {
                let (x, y) = (matrix(request, "X")?, labels(request, "y")?);
                let order = indices(request, "order")?;
                let data = Descent {
                    x: x.view(),
                    y: y.view(),
                    order: order.view(),
                    lr: real(request, "lr")?,
                    momentum: real(request, "momentum")?,
                    activation: activation(request)?,
                };
                Ok(with_layers(Message::new(), "", &solution.sgd(&params, data)?))
            }
            "p1.train" => {
                let x = images(request, "X")?;
                let y = labels(request, "y")?;
                let seed = int(request, "seed")?;
                let trained = solution.train(x.view(), y.view(), &params, seed)?;
                let reply = with_layers(Message::new(), "", &trained.params);
                Ok(match trained.curve {
                    Some(curve) => reply.with("curve", &curve),
                    None => reply,
                })
            }
            other => Err(format!("this version of testat-kit does not know `{other}`").into()),
        }
    }
}

fn activation(request: &Message) -> Result<Activation, Problem> {
    Ok(arguments::text(request, "activation")?.parse()?)
}
