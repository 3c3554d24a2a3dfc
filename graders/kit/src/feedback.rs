//! Project 6: what a Rust submission implements.

use std::process::ExitCode;
use std::str::FromStr;

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::arguments::{self, images, indices, labels, matrix, real};
pub use crate::layer::{Layer, with_layers};
use crate::link::Message;
use crate::serve::{self, Answers, Problem};

/// How the output error reaches the hidden layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Feedback alignment: layer by layer, a fixed matrix in place of each transposed weight matrix.
    Fa,
    /// Direct feedback alignment: from the output straight to each hidden layer.
    Dfa,
}

impl Rule {
    /// Its name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fa => "fa",
            Self::Dfa => "dfa",
        }
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "fa" => Ok(Self::Fa),
            "dfa" => Ok(Self::Dfa),
            other => Err(format!("no rule is called `{other}`")),
        }
    }
}

/// The two functions of project 6. The handout says what each must compute.
pub trait Feedback {
    /// What moves the weights and biases of each layer of a tanh network with a linear output, one
    /// [`Layer`] for each: the samples are the rows of `x` (N, n0), their classes `y` (N,). `feedback` holds
    /// the fixed matrices B1, B2, ..., one for each hidden layer, of the shapes that `rule` needs.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn feedback_grads(
        &mut self,
        params: &[Layer],
        feedback: &[Array2<f64>],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
        rule: Rule,
    ) -> Result<Vec<Layer>, Problem>;

    /// The layers after the prescribed run: one plain step for each row of `run.order`.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn train(&mut self, params0: &[Layer], run: Run<'_>) -> Result<Vec<Layer>, Problem>;
}

/// The arguments of [`Feedback::train`] beside the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Images, (1200, 64).
    pub x: ArrayView2<'a, f32>,
    /// Their classes, (1200,).
    pub y: ArrayView1<'a, i64>,
    /// B1, B2, ..., one for each hidden layer.
    pub feedback: &'a [Array2<f64>],
    /// How they are used.
    pub rule: Rule,
    /// Indices of the samples of each step, (1480, 32).
    pub order: ArrayView2<'a, i64>,
    /// Learning rate.
    pub lr: f64,
}

/// Serves a solution until the harness closes the pipe: the whole `main` of a submission.
pub fn serve(solution: impl Feedback) -> ExitCode {
    serve::serve(answers(solution))
}

/// A solution as something that answers requests.
pub fn answers(solution: impl Feedback) -> impl Answers {
    Served(solution)
}

struct Served<S>(S);

impl<S: Feedback> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        let Self(solution) = self;
        let params = arguments::layers(request, "")?;
        let feedback = feedback(request)?;
        let rule: Rule = arguments::text(request, "rule")?.parse()?;
        let y = labels(request, "y")?;
        match op {
            "p6.grads" => {
                let x = matrix(request, "X")?;
                let grads =
                    solution.feedback_grads(&params, &feedback, x.view(), y.view(), rule)?;
                Ok(with_layers(Message::new(), "d", &grads))
            }
            "p6.train" => {
                let (x, order) = (images(request, "X")?, indices(request, "order")?);
                let run = Run {
                    x: x.view(),
                    y: y.view(),
                    feedback: &feedback,
                    rule,
                    order: order.view(),
                    lr: real(request, "lr")?,
                };
                Ok(with_layers(Message::new(), "", &solution.train(&params, run)?))
            }
            other => Err(format!("this version of testat-kit does not know `{other}`").into()),
        }
    }
}

/// The matrices `B1`, `B2`, ..., as many as there are.
fn feedback(request: &Message) -> Result<Vec<Array2<f64>>, Problem> {
    let mut matrices = Vec::new();
    while request.tensor(&format!("B{}", matrices.len() + 1)).is_some() {
        matrices.push(matrix(request, &format!("B{}", matrices.len() + 1))?);
    }
    Ok(matrices)
}
