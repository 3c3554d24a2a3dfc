//! The harness's own runs: the reference that judges, its twin in single precision, backpropagation under
//! the same schedule, and what the figures show of them.

use ndarray::{Array2, Axis, s};
use testat_kit::draw::Stream;
use testat_kit::network::{Layer, accuracy, cast, classify, forward};

use crate::descent::run;
use crate::draws::Lesson;
use crate::reference::{ACTIVATION, Route, alignment, cosine, distance, feedback_grads, grads_of};

/// Farthest that the `f32` twin, its sums reversed, may end from the reference: a tenth of the threshold
/// of a run. Beyond it two honest programs could part ways, and other data are drawn.
const TWIN: f64 = 1e-4;
/// Training images on which the update is held against the true gradient.
const PROBE: usize = 64;
/// Epochs between two points of the accuracy curve.
const STRIDE: usize = 2;
/// Epochs between two looks at unrelated feedback, and matrices drawn at each.
const NULL: (usize, usize) = (10, 6);

/// The layers after each epoch, the start first.
pub type Snapshots = Vec<Vec<Layer<f32>>>;

/// The reference run.
#[derive(Clone, Debug)]
pub struct Own {
    /// The layers at the end.
    pub end: Vec<Layer>,
    /// After each epoch.
    pub snapshots: Snapshots,
    /// Share of the hidden test images that it classifies rightly at the end.
    pub accuracy: f64,
    /// Cosine between last weights and feedback at the end.
    pub alignment: f64,
    /// Angles in degrees over the epochs.
    pub angles: Angles,
}

/// Angles in degrees, after each epoch, the start first.
#[derive(Clone, Debug, Default)]
pub struct Angles {
    /// Between the transposed weights of the last layer and the feedback.
    pub weights: Vec<f64>,
    /// For each hidden layer: between the update of its weights and the true gradient.
    pub updates: Vec<Vec<f64>>,
    /// Standard deviation, about 90 degrees, for weights and a feedback that have nothing to do with each
    /// other: 1 / sqrt(n) radians for n numbers.
    pub weights_null: f64,
    /// The same for the update, measured with feedback matrices drawn afresh.
    pub updates_null: f64,
}

/// Makes the reference run. `stream` draws the feedback that the angles are held against.
pub fn reference(lesson: &Lesson, mut stream: Stream) -> Own {
    let mut snapshots = Snapshots::new();
    let end = run::<f64>(lesson, &lesson.start, lesson.route, false, |layers| {
        snapshots.push(cast(layers));
    });
    Own {
        accuracy: share(lesson, &cast::<f64, f32>(&end)),
        alignment: alignment(&end, &lesson.feedback),
        angles: angles(lesson, &snapshots, &mut stream),
        end,
        snapshots,
    }
}

/// What the reference run is held against.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Distance of the twin from the reference.
    pub twin: f64,
    /// Backpropagation's layers after each epoch of the same schedule.
    pub backprop: Snapshots,
    /// Epoch and share of the hidden test images classified rightly: by the rule.
    pub accuracy: Vec<[f64; 2]>,
    /// The same, by backpropagation.
    pub accuracy_backprop: Vec<[f64; 2]>,
}

impl Beside {
    /// Whether no honest rounding can end far from the reference.
    pub fn steady(&self) -> bool {
        self.twin <= TWIN
    }
}

/// Makes the twin's run and backpropagation's.
pub fn beside(lesson: &Lesson, own: &Own) -> Beside {
    let twin: Vec<Layer> = cast(&run::<f32>(lesson, &lesson.start, lesson.route, true, |_| ()));
    let mut backprop = Snapshots::new();
    run::<f32>(lesson, &lesson.start, Route::Backprop, false, |layers| {
        backprop.push(layers.to_vec());
    });
    Beside {
        twin: distance(&twin, &own.end, &lesson.start).0,
        accuracy: curve(lesson, &own.snapshots),
        accuracy_backprop: curve(lesson, &backprop),
        backprop,
    }
}

fn curve(lesson: &Lesson, snapshots: &Snapshots) -> Vec<[f64; 2]> {
    let points = snapshots.iter().enumerate().step_by(STRIDE);
    points.map(|(epoch, layers)| [epoch as f64, share(lesson, layers)]).collect()
}

/// Share of the hidden test images that these layers classify rightly.
fn share(lesson: &Lesson, layers: &[Layer<f32>]) -> f64 {
    accuracy(&guesses(lesson, layers), &lesson.test.labels)
}

/// The classes that these layers give the hidden test images.
pub fn guesses(lesson: &Lesson, layers: &[Layer<f32>]) -> Vec<usize> {
    classify(&forward(layers, &lesson.test.images, ACTIVATION).logits.mapv(f64::from))
}

fn angles(lesson: &Lesson, snapshots: &Snapshots, stream: &mut Stream) -> Angles {
    let probe = lesson.train.images.len_of(Axis(0)).min(PROBE);
    let x = lesson.train.images.slice(s![..probe, ..]).to_owned();
    let y = lesson.train.labels.slice(s![..probe]).to_owned();
    let feedback: Vec<Array2<f32>> =
        lesson.feedback.iter().map(|b| b.mapv(|value| value as f32)).collect();
    let mut angles = Angles {
        updates: vec![Vec::new(); feedback.len()],
        weights_null: null_of(feedback.last().map(Array2::len).unwrap_or_default()),
        ..Angles::default()
    };
    let mut unrelated = Vec::new();
    for (epoch, layers) in snapshots.iter().enumerate() {
        angles.weights.push(degrees(alignment(layers, &feedback)));
        let (truth, pass) = feedback_grads(layers, &feedback, &x, &y, Route::Backprop);
        let slope = |z| ACTIVATION.slope(z);
        let grads = grads_of(&pass, layers, &feedback, &y, lesson.route, slope);
        for (line, angle) in angles.updates.iter_mut().zip(between(&grads, &truth)) {
            line.push(angle);
        }
        if epoch > 0 && epoch % NULL.0 == 0 {
            for _ in 0..NULL.1 {
                let other = like(&feedback, stream);
                let grads = grads_of(&pass, layers, &other, &y, lesson.route, slope);
                unrelated.extend(between(&grads, &truth).take(feedback.len()));
            }
        }
    }
    let square = unrelated.iter().map(|angle| (angle - 90.0) * (angle - 90.0)).sum::<f64>();
    angles.updates_null = (square / unrelated.len().max(1) as f64).sqrt();
    angles
}

/// The angle between two updates of each layer's weights.
fn between<'a>(grads: &'a [Layer<f32>], truth: &'a [Layer<f32>]) -> impl Iterator<Item = f64> + 'a {
    grads.iter().zip(truth).map(|(grad, truth)| degrees(cosine(&grad.w, &truth.w)))
}

/// Matrices of the same shapes and distribution that have nothing to do with these.
fn like(feedback: &[Array2<f32>], stream: &mut Stream) -> Vec<Array2<f32>> {
    let draw = |b: &Array2<f32>| {
        let deviation = 1.0 / (b.nrows() as f64).sqrt();
        stream.normals(b.dim(), deviation).mapv(|value: f64| value as f32)
    };
    feedback.iter().map(draw).collect()
}

fn null_of(numbers: usize) -> f64 {
    (1.0 / (numbers.max(1) as f64).sqrt()).to_degrees()
}

fn degrees(cosine: f64) -> f64 {
    cosine.clamp(-1.0, 1.0).acos().to_degrees()
}
