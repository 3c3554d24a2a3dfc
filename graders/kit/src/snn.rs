//! Project 5: what a Rust submission implements.

use std::process::ExitCode;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, Ix3};

use crate::arguments::{self, bytes, images, int, labels, vector};
pub use crate::layer::Layer;
use crate::layer::with_layers;
use crate::link::Message;
use crate::serve::{self, Answers, Problem};

/// Steps for which an image is shown.
pub const STEPS: usize = 20;

/// What `simulate` returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The mean of the read-out over the steps, (N, C).
    pub logits: Array2<f64>,
    /// Spikes of the hidden neurons, (N, T, H), each 0 or 1.
    pub spikes: Array3<u8>,
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

/// The four functions of project 5. The handout says what each must compute. `params` holds two layers: the
/// hidden neurons, then the read-out.
pub trait Spiking {
    /// Lets the network run on input spikes `s` (N, T, inputs), each 0 or 1.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn simulate(&mut self, params: &[Layer], s: ArrayView3<u8>) -> Result<Simulated, Problem>;

    /// What stands in for the derivative of a spike, at each distance `x` (M,) from the threshold.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn surrogate(&mut self, x: ArrayView1<f64>) -> Result<Array1<f64>, Problem>;

    /// The mean cross-entropy in nats of the logits for input spikes `s` (N, T, inputs), whose classes are
    /// `y` (N,), and its gradient through time, one [`Layer`] for each.
    ///
    /// # Errors
    /// Any problem; its text is shown in the report.
    fn bptt(
        &mut self,
        params: &[Layer],
        s: ArrayView3<u8>,
        y: ArrayView1<i64>,
    ) -> Result<(f64, Vec<Layer>), Problem>;

    /// Trains the fixed network of 64 inputs, 32 hidden neurons and 10 outputs on images `x` (N, 64) of the
    /// classes `y` (N,). Every random choice comes from `seed`.
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

/// Images (N, 64) as input spikes (N, 20, 64), as the grader shows them: row r of an image is in view during
/// steps 2r to 2r + 5, and a pixel in view spikes with a probability that is its brightness.
/// `uniform` is asked for numbers from 0 to 1, one for each pixel and step in view.
pub fn encode(x: &ArrayView2<f32>, mut uniform: impl FnMut() -> f64) -> Array3<u8> {
    let mut spikes = Array3::zeros((x.nrows(), STEPS, x.ncols()));
    for ((sample, step, pixel), spike) in spikes.indexed_iter_mut() {
        let begin = 2 * (pixel / 8);
        if let Some(brightness) =
            x.get((sample, pixel)).filter(|_| step >= begin && step < begin + 6)
        {
            *spike = u8::from(uniform() < f64::from(*brightness));
        }
    }
    spikes
}

/// Serves a solution until the harness closes the pipe: the whole `main` of a submission.
pub fn serve(solution: impl Spiking) -> ExitCode {
    serve::serve(answers(solution))
}

/// A solution as something that answers requests.
pub fn answers(solution: impl Spiking) -> impl Answers {
    Served(solution)
}

struct Served<S>(S);

impl<S: Spiking> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        let Self(solution) = self;
        let params = arguments::layers(request, "")?;
        match op {
            "p5.simulate" => {
                let Simulated { logits, spikes } =
                    solution.simulate(&params, spikes(request)?.view())?;
                Ok(Message::new().with("logits", &logits).with("spikes", &spikes))
            }
            "p5.surrogate" => {
                let slope = solution.surrogate(vector(request, "x")?.view())?;
                Ok(Message::new().with("slope", &slope))
            }
            "p5.bptt" => {
                let (s, y) = (spikes(request)?, labels(request, "y")?);
                let (loss, grads) = solution.bptt(&params, s.view(), y.view())?;
                Ok(with_layers(Message::new().with_scalar("loss", loss), "d", &grads))
            }
            "p5.train" => {
                let (x, y) = (images(request, "X")?, labels(request, "y")?);
                let trained = solution.train(x.view(), y.view(), &params, int(request, "seed")?)?;
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

fn spikes(request: &Message) -> Result<Array3<u8>, Problem> {
    Ok(bytes(request, "S")?.into_dimensionality::<Ix3>()?)
}
