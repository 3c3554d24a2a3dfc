//! Project 7: what a Rust submission implements.

use std::collections::BTreeMap;
use std::process::ExitCode;

use ndarray::{Array1, ArrayD, ArrayView1, ArrayView2};

use crate::arguments::{images, int, labels, layers, matrix, real, vector};
pub use crate::layer::Layer;
use crate::layer::with_layers;
use crate::link::{Dtype, Message, Tensor};
use crate::serve::{self, Answers, Problem};

/// What stands before the name of each of a state's tensors in a message.
pub const STATE: &str = "state.";

/// All that a learner remembers from task to task: arrays by name.
///
/// Its size is the bytes of all arrays and of their names together. Arrays of `f64`, `f32`, `i64`, `i32`,
/// `i16`, `i8` and `u8` may be stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    arrays: BTreeMap<String, Tensor>,
}

impl State {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same state with the array `name` stored: `state.with("means", &means)`.
    #[must_use]
    pub fn with(mut self, name: &str, array: impl Into<Tensor>) -> Self {
        self.arrays.insert(name.to_owned(), array.into());
        self
    }

    /// Whether there is an array of this name.
    pub fn has(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    /// The real numbers `name`, stored as `f64` or `f32`.
    ///
    /// # Errors
    /// Missing, or of another type.
    pub fn reals(&self, name: &str) -> Result<ArrayD<f64>, Problem> {
        Ok(self.tensor(name)?.to_f64(name)?)
    }

    /// The whole numbers `name`, stored as `i64` or `i32`.
    ///
    /// # Errors
    /// Missing, or of another type.
    pub fn integers(&self, name: &str) -> Result<ArrayD<i64>, Problem> {
        Ok(self.tensor(name)?.to_i64(name)?)
    }

    /// The bytes `name`, stored as `u8`.
    ///
    /// # Errors
    /// Missing, or of another type.
    pub fn bytes(&self, name: &str) -> Result<ArrayD<u8>, Problem> {
        Ok(self.tensor(name)?.to_u8(name)?)
    }

    /// The array `name` as it is, of whatever type: [`Tensor::bytes`] holds its numbers, little-endian.
    ///
    /// # Errors
    /// Missing.
    pub fn tensor(&self, name: &str) -> Result<&Tensor, Problem> {
        self.arrays.get(name).ok_or_else(|| format!("the state holds no `{name}`").into())
    }

    /// Bytes of all arrays and of their names together.
    pub fn size(&self) -> usize {
        self.arrays.iter().map(|(name, array)| name.len() + array.bytes().len()).sum()
    }

    /// The same message with every array as the tensor `state.<name>`; with the field `state`, none, if
    /// there is no state.
    #[must_use]
    pub fn carried(state: Option<&Self>, message: Message) -> Message {
        match state {
            None => message.with_field("state", "none"),
            Some(state) => state.arrays.iter().fold(message, |message, (name, array)| {
                message.with(format!("{STATE}{name}"), array.clone())
            }),
        }
    }

    /// The state that a message carries, if any.
    pub fn of(message: &Message) -> Option<Self> {
        if message.field("state") == Some("none") {
            return None;
        }
        let arrays = message.names().filter_map(|name| {
            let short = name.strip_prefix(STATE)?;
            Some((short.to_owned(), message.tensor(name)?.clone()))
        });
        Some(Self { arrays: arrays.collect() })
    }

    /// Its arrays by name.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }
}

/// Types that an array of a state may have.
pub const TYPES: [Dtype; 8] =
    [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::I64, Dtype::I32, Dtype::I16, Dtype::I8, Dtype::U8];

/// The six functions of project 7. The handout says what each must compute.
pub trait Continual {
    /// The empirical Fisher information of each parameter of a ReLU network: the mean over the rows of `x`
    /// (N, n0), whose classes are `y` (N,), of the squared gradient of that sample's cross-entropy.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn fisher_diag(
        &mut self,
        params: &[Layer],
        x: ArrayView2<f64>,
        y: ArrayView1<i64>,
    ) -> Result<Vec<Layer>, Problem>;

    /// lam/2 times the sum of F (p - p_old)^2, and its gradient with respect to `params`.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn ewc_penalty(
        &mut self,
        params: &[Layer],
        params_old: &[Layer],
        fisher: &[Layer],
        lam: f64,
    ) -> Result<(f64, Vec<Layer>), Problem>;

    /// The probability that a stranger (`is_ood` 1) scores higher than a known one (`is_ood` 0), equal
    /// scores counting half.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn auroc(&mut self, scores: ArrayView1<f64>, is_ood: ArrayView1<u8>) -> Result<f64, Problem>;

    /// The state after one more task: images `x` (n, 64) of two new classes `y` (n,). `state` is what the
    /// last task's call returned, none at the first. Every random choice comes from `seed`.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn learn(
        &mut self,
        state: Option<&State>,
        x: ArrayView2<f32>,
        y: ArrayView1<i64>,
        task: i64,
        seed: i64,
    ) -> Result<State, Problem>;

    /// The class of each row of `x` (n, 64), among all learnt so far.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn predict(&mut self, state: &State, x: ArrayView2<f32>) -> Result<Array1<i64>, Problem>;

    /// How strange each row of `x` (n, 64) is; larger is stranger.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn ood_score(&mut self, state: &State, x: ArrayView2<f32>) -> Result<Array1<f64>, Problem>;
}

/// Serves a solution until the harness closes the pipe: the whole `main` of a submission.
pub fn serve(solution: impl Continual) -> ExitCode {
    serve::serve(answers(solution))
}

/// A solution as something that answers requests.
pub fn answers(solution: impl Continual) -> impl Answers {
    Served(solution)
}

struct Served<S>(S);

impl<S: Continual> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        let Self(solution) = self;
        let reply = Message::new();
        match op {
            "p7.fisher" => {
                let (x, y) = (matrix(request, "X")?, labels(request, "y")?);
                let fisher = solution.fisher_diag(&layers(request, "")?, x.view(), y.view())?;
                Ok(with_layers(reply, "F", &fisher))
            }
            "p7.ewc" => {
                let (params, old) = (layers(request, "")?, layers(request, "old")?);
                let (fisher, lam) = (layers(request, "F")?, real(request, "lam")?);
                let (value, grads) = solution.ewc_penalty(&params, &old, &fisher, lam)?;
                Ok(with_layers(reply.with_scalar("value", value), "d", &grads))
            }
            "p7.auroc" => {
                let scores = vector(request, "scores")?;
                let ood = crate::arguments::bytes(request, "is_ood")?;
                let ood = ood.into_dimensionality::<ndarray::Ix1>()?;
                Ok(reply.with_scalar("auroc", solution.auroc(scores.view(), ood.view())?))
            }
            "p7.learn" => {
                let (x, y) = (images(request, "X")?, labels(request, "y")?);
                let (task, seed) = (int(request, "task")?, int(request, "seed")?);
                let before = State::of(request);
                let state = solution.learn(before.as_ref(), x.view(), y.view(), task, seed)?;
                Ok(State::carried(Some(&state), reply))
            }
            "p7.predict" => {
                let state = State::of(request).unwrap_or_default();
                let labels = solution.predict(&state, images(request, "X")?.view())?;
                Ok(reply.with("labels", &labels))
            }
            "p7.ood" => {
                let state = State::of(request).unwrap_or_default();
                let scores = solution.ood_score(&state, images(request, "X")?.view())?;
                Ok(reply.with("scores", &scores))
            }
            other => Err(format!("this version of testat-kit does not know `{other}`").into()),
        }
    }
}
