//! Project 1: what a Rust submission implements.

use std::process::ExitCode;
use std::str::FromStr;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix1, Ix2};

use crate::link::Message;
use crate::serve::{self, Answers, Problem};

/// One layer's parameters, or their gradient: y = x W + b, rows of x being samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// (inputs, outputs).
    pub w: Array2<f64>,
    /// (outputs,).
    pub b: Array1<f64>,
}

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
        let params = layers(request)?;
        match op {
            "p1.forward" => {
                let x = matrix(request, "X")?;
                let logits = solution.forward(&params, x.view(), activation(request)?)?;
                Ok(Message::new().with("logits", &logits))
            }
            "p1.grads" => {
                let (x, y) = (matrix(request, "X")?, labels(request)?);
                let kind = activation(request)?;
                let (loss, grads) = solution.loss_and_grads(&params, x.view(), y.view(), kind)?;
                Ok(with_layers(Message::new().with_scalar("loss", loss), "d", &grads))
            }
            "p1.sgd" => {
                let (x, y) = (matrix(request, "X")?, labels(request)?);
                let order = tensor(request, "order")?.to_i64("order")?;
                let order = order.into_dimensionality::<Ix2>()?;
                let data = Descent {
                    x: x.view(),
                    y: y.view(),
                    order: order.view(),
                    lr: request.scalar("lr")?,
                    momentum: request.scalar("momentum")?,
                    activation: activation(request)?,
                };
                Ok(with_layers(Message::new(), "", &solution.sgd(&params, data)?))
            }
            "p1.train" => {
                let x = tensor(request, "X")?.to_f32("X")?.into_dimensionality::<Ix2>()?;
                let y = labels(request)?;
                let seed = request.integers("seed", &[1])?.first().copied().unwrap_or_default();
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

/// Adds layers as `W0`, `b0`, `W1`, ... with `prefix` before each name.
pub fn with_layers(message: Message, prefix: &str, layers: &[Layer]) -> Message {
    layers.iter().enumerate().fold(message, |message, (l, layer)| {
        message.with(format!("{prefix}W{l}"), &layer.w).with(format!("{prefix}b{l}"), &layer.b)
    })
}

fn tensor<'a>(request: &'a Message, name: &str) -> Result<&'a crate::link::Tensor, Problem> {
    request.tensor(name).ok_or_else(|| format!("the request holds no `{name}`").into())
}

fn matrix(request: &Message, name: &str) -> Result<Array2<f64>, Problem> {
    Ok(tensor(request, name)?.to_f64(name)?.into_dimensionality::<Ix2>()?)
}

fn labels(request: &Message) -> Result<Array1<i64>, Problem> {
    Ok(tensor(request, "y")?.to_i64("y")?.into_dimensionality::<Ix1>()?)
}

fn activation(request: &Message) -> Result<Activation, Problem> {
    Ok(request.field("activation").ok_or("the request names no activation")?.parse()?)
}

fn layers(request: &Message) -> Result<Vec<Layer>, Problem> {
    let mut layers = Vec::new();
    while request.tensor(&format!("W{}", layers.len())).is_some() {
        let (w, b) = (format!("W{}", layers.len()), format!("b{}", layers.len()));
        layers.push(Layer {
            w: matrix(request, &w)?,
            b: tensor(request, &b)?.to_f64(&b)?.into_dimensionality::<Ix1>()?,
        });
    }
    Ok(layers)
}
