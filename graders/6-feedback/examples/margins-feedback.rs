//! How far honest and wrong runs lie from the thresholds: `cargo run --release --example margins-feedback -- 200`.
//!
//! Each seed draws a lesson of each rule as a grading does; each way of running it is judged as a grading
//! judges: by the distance from our own run, the share of hidden test images and the alignment. `fa` or
//! `dfa` as a second argument measures that rule alone.

use std::time::Instant;

use ndarray::{Array2, Axis};
use testat_feedback::descent::run;
use testat_feedback::draws::{Lesson, STEPS_AN_EPOCH, lesson};
use testat_feedback::own::guesses;
use testat_feedback::reference::{Route, alignment, distance, feedback_grads};
use testat_kit::draw::{Seed, Stream};
use testat_kit::network::{Layer, accuracy, cast};

/// Steps of the whole run.
const STEPS: usize = 1480;

/// A way of running: its name, every how many seeds it is tried, and what it does.
type Way = (&'static str, u64, fn(&Lesson, &mut Stream) -> Vec<Layer>);

const WAYS: [Way; 15] = [
    ("f32, sums reversed", 1, |l, _| cast(&run::<f32>(l, &l.start, l.route, true, |_| ()))),
    ("f64, sums reversed", 20, |l, _| run(l, &l.start, l.route, true, |_| ())),
    ("the last step missing", 10, |l, _| first_steps(l, STEPS - 1)),
    ("two epochs fewer", 20, |l, _| first_steps(l, STEPS - 2 * STEPS_AN_EPOCH)),
    ("a rate 1 % too large", 20, |l, _| stepwise(l, |_| l.route, 0, 0.0, 1.01)),
    ("weight decay 1e-3", 20, |l, _| stepwise(l, |_| l.route, 0, 1e-3, 1.0)),
    ("weight decay 1e-4", 20, |l, _| stepwise(l, |_| l.route, 0, 1e-4, 1.0)),
    ("backpropagation in the last four epochs", 20, |l, _| switched(l, STEPS - 4 * STEPS_AN_EPOCH)),
    ("a quarter, then backpropagation", 20, |l, _| switched(l, STEPS / 4)),
    ("backpropagation", 4, |l, _| run(l, &l.start, Route::Backprop, false, |_| ())),
    ("backpropagation from W_L = B^T", 20, |l, _| {
        run(l, &at_feedback(l), Route::Backprop, false, |_| ())
    }),
    ("feedback of its own", 20, own_feedback),
    ("last layer only", 20, |l, _| stepwise(l, |_| l.route, l.start.len() - 1, 0.0, 1.0)),
    ("W_L = B^T, untrained", 1, |l, _| at_feedback(l)),
    ("untrained", 1, |l, _| l.start.clone()),
];

/// What one way of running gave, seed by seed.
#[derive(Clone, Default)]
struct Found {
    distances: Vec<f64>,
    accuracies: Vec<f64>,
    alignments: Vec<f64>,
    seconds: f64,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seeds: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(20);
    let only = arguments.next();
    for route in [Route::Fa, Route::Dfa] {
        if only.as_ref().is_some_and(|only| only != route.name()) {
            continue;
        }
        let mut found = vec![Found::default(); WAYS.len() + 1];
        for seed in 0..seeds {
            judge(route, seed, &mut found);
        }
        println!("{}, {seeds} seeds:", route.name());
        let names = std::iter::once("the reference").chain(WAYS.iter().map(|way| way.0));
        for (name, found) in names.zip(&found) {
            println!("  {name}: {:.2} s a run", found.seconds / found.distances.len() as f64);
            summary("distance", &found.distances, None);
            summary("accuracy", &found.accuracies, Some(0.8));
            summary("alignment", &found.alignments, Some(0.25));
        }
    }
}

fn judge(route: Route, number: u64, found: &mut [Found]) {
    let mut bytes = [0x5a; 32];
    bytes.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    let seed = Seed::new(bytes);
    let lesson = lesson(&mut seed.stream(10), route);
    let Some((reference, others)) = found.split_first_mut() else { return };
    let begun = Instant::now();
    let ours = run::<f64>(&lesson, &lesson.start, route, false, |_| ());
    reference.add(&lesson, &ours, &ours, begun);
    let due = WAYS.iter().zip(others).filter(|((_, stride, _), _)| number.is_multiple_of(*stride));
    for ((_, _, way), found) in due {
        let begun = Instant::now();
        let end = way(&lesson, &mut seed.stream(99));
        found.add(&lesson, &end, &ours, begun);
    }
}

impl Found {
    fn add(&mut self, lesson: &Lesson, end: &[Layer], ours: &[Layer], begun: Instant) {
        self.seconds += begun.elapsed().as_secs_f64();
        self.distances.push(distance(end, ours, &lesson.start).0);
        self.accuracies.push(accuracy(&guesses(lesson, &cast(end)), &lesson.test.labels));
        self.alignments.push(alignment(end, &lesson.feedback));
    }
}

fn summary(name: &str, values: &[f64], threshold: Option<f64>) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    let sd = (square / (values.len().max(2) - 1) as f64).sqrt();
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match threshold {
        Some(threshold) => println!(
            "    {name}: n {}, min {min:.4}, mean {mean:.4}, max {max:.4}, sd {sd:.4}, z {:.1}",
            values.len(),
            (mean - threshold) / sd
        ),
        None => println!(
            "    {name}: n {}, min {min:.1e}, mean {mean:.1e}, max {max:.1e}",
            values.len()
        ),
    }
}

/// The start with the feedback itself as the last weights.
fn at_feedback(lesson: &Lesson) -> Vec<Layer> {
    let mut start = lesson.start.clone();
    if let (Some(last), Some(matrix)) = (start.last_mut(), lesson.feedback.last()) {
        last.w = matrix.t().to_owned();
    }
    start
}

fn own_feedback(lesson: &Lesson, stream: &mut Stream) -> Vec<Layer> {
    let mut lesson = lesson.clone();
    for matrix in &mut lesson.feedback {
        *matrix = stream.normals(matrix.dim(), 1.0 / (matrix.nrows() as f64).sqrt());
    }
    run(&lesson, &lesson.start, lesson.route, false, |_| ())
}

fn first_steps(lesson: &Lesson, steps: usize) -> Vec<Layer> {
    let mut lesson = lesson.clone();
    lesson.order = lesson.order.select(Axis(0), &(0..steps).collect::<Vec<_>>());
    run(&lesson, &lesson.start, lesson.route, false, |_| ())
}

fn switched(lesson: &Lesson, steps: usize) -> Vec<Layer> {
    let route = |step| if step < steps { lesson.route } else { Route::Backprop };
    stepwise(lesson, route, 0, 0.0, 1.0)
}

/// The run step by step from the plain gradients: a route for each step, the first `still` layers kept as
/// they are, a weight decay, and a factor on the rate.
fn stepwise(
    lesson: &Lesson,
    route: impl Fn(usize) -> Route,
    still: usize,
    decay: f64,
    factor: f64,
) -> Vec<Layer> {
    let x: Array2<f64> = lesson.train.images.mapv(f64::from);
    let (mut layers, lr) = (lesson.start.clone(), lesson.lr * factor);
    for (step, rows) in lesson.order.rows().into_iter().enumerate() {
        let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        let (x, y) = (x.select(Axis(0), &rows), lesson.train.labels.select(Axis(0), &rows));
        let (grads, _) = feedback_grads(&layers, &lesson.feedback, &x, &y, route(step));
        for (layer, grad) in layers.iter_mut().zip(&grads).skip(still) {
            layer.w *= 1.0 - lr * decay;
            layer.w.scaled_add(-lr, &grad.w);
            layer.b.scaled_add(-lr, &grad.b);
        }
    }
    layers
}
