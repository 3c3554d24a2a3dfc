//! How far honest and wrong runs lie from the thresholds: `cargo run --release --example margins -- 200`.
//!
//! Each seed draws a lesson of each rule as a grading does; each way of running it is judged as a grading
//! judges: by the distance from our own run, the share of hidden test images and the alignment.

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

/// What a way of running may do differently.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    /// Not taken at every seed: every so many.
    stride: u64,
    run: fn(&Lesson, &mut Stream) -> Vec<Layer>,
}

const WAYS: [Way; 16] = [
    Way { name: "ours", stride: 1, run: |l, _| run(l, &l.start, l.route, false, |_| ()) },
    Way {
        name: "f32, sums reversed",
        stride: 1,
        run: |l, _| cast(&run::<f32>(l, &l.start, l.route, true, |_| ())),
    },
    Way {
        name: "f64, sums reversed",
        stride: 1,
        run: |l, _| run(l, &l.start, l.route, true, |_| ()),
    },
    Way {
        name: "backpropagation",
        stride: 1,
        run: |l, _| run(l, &l.start, Route::Backprop, false, |_| ()),
    },
    Way { name: "untrained", stride: 1, run: |l, _| l.start.clone() },
    Way {
        name: "last layer only",
        stride: 4,
        run: |l, _| stepwise(l, |_| l.route, |_| true, 0.0, 1.0),
    },
    Way { name: "W_L = B^T, untrained", stride: 1, run: |l, _| at_feedback(l) },
    Way {
        name: "backpropagation from W_L = B^T",
        stride: 1,
        run: |l, _| run(l, &at_feedback(l), Route::Backprop, false, |_| ()),
    },
    Way { name: "feedback of its own", stride: 1, run: own_feedback },
    Way { name: "the last step missing", stride: 1, run: |l, _| first_steps(l, STEPS - 1) },
    Way {
        name: "two epochs fewer",
        stride: 1,
        run: |l, _| first_steps(l, STEPS - 2 * STEPS_AN_EPOCH),
    },
    Way { name: "a quarter, then backpropagation", stride: 4, run: |l, _| switched(l, STEPS / 4) },
    Way {
        name: "backpropagation in the last four epochs",
        stride: 4,
        run: |l, _| switched(l, STEPS - 4 * STEPS_AN_EPOCH),
    },
    Way {
        name: "weight decay 1e-3",
        stride: 4,
        run: |l, _| stepwise(l, |_| l.route, |_| false, 1e-3, 1.0),
    },
    Way {
        name: "weight decay 1e-4",
        stride: 4,
        run: |l, _| stepwise(l, |_| l.route, |_| false, 1e-4, 1.0),
    },
    Way {
        name: "a rate 1 % too large",
        stride: 4,
        run: |l, _| stepwise(l, |_| l.route, |_| false, 0.0, 1.01),
    },
];

fn main() {
    let seeds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20);
    for route in [Route::Fa, Route::Dfa] {
        println!("{}, {seeds} seeds:", route.name());
        for way in WAYS {
            judge(route, way, seeds);
        }
    }
}

fn judge(route: Route, way: Way, seeds: u64) {
    let (mut far, mut shares, mut cosines) = (Vec::new(), Vec::new(), Vec::new());
    let mut seconds = 0.0;
    for seed in (0..seeds).step_by(way.stride as usize) {
        let mut bytes = [0x5a; 32];
        bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
        let seed = Seed::new(bytes);
        let lesson = lesson(&mut seed.stream(10), route);
        let begun = Instant::now();
        let end = (way.run)(&lesson, &mut seed.stream(99));
        seconds += begun.elapsed().as_secs_f64();
        let ours = run::<f64>(&lesson, &lesson.start, route, false, |_| ());
        far.push(distance(&end, &ours, &lesson.start).0);
        shares.push(accuracy(&guesses(&lesson, &cast(&end)), &lesson.test.labels));
        cosines.push(alignment(&end, &lesson.feedback));
    }
    println!("  {}: {:.2} s a run", way.name, seconds / far.len() as f64);
    far.sort_by(f64::total_cmp);
    let at = |share: f64| far.get((share * (far.len() - 1) as f64) as usize).copied();
    println!(
        "    distance: min {:.1e}, median {:.1e}, max {:.1e}",
        at(0.0).unwrap_or_default(),
        at(0.5).unwrap_or_default(),
        at(1.0).unwrap_or_default()
    );
    summary("accuracy", &shares, 0.8);
    summary("alignment", &cosines, 0.25);
}

fn summary(name: &str, values: &[f64], threshold: f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    let sd = (square / (values.len().max(2) - 1) as f64).sqrt();
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    println!(
        "    {name}: n {}, min {min:.4}, mean {mean:.4}, max {max:.4}, sd {sd:.4}, z {:.1}",
        values.len(),
        (mean - threshold) / sd
    );
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
    stepwise(lesson, route, |_| false, 0.0, 1.0)
}

/// The run step by step from the plain gradients, with a route for each step, some layers kept still, a
/// weight decay and a factor on the rate.
fn stepwise(
    lesson: &Lesson,
    route: impl Fn(usize) -> Route,
    last_only: impl Fn(usize) -> bool,
    decay: f64,
    factor: f64,
) -> Vec<Layer> {
    let x: Array2<f64> = lesson.train.images.mapv(f64::from);
    let (mut layers, lr) = (lesson.start.clone(), lesson.lr * factor);
    for (step, rows) in lesson.order.rows().into_iter().enumerate() {
        let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        let (x, y) = (x.select(Axis(0), &rows), lesson.train.labels.select(Axis(0), &rows));
        let (grads, _) = feedback_grads(&layers, &lesson.feedback, &x, &y, route(step));
        let still = if last_only(step) { layers.len() - 1 } else { 0 };
        for (layer, grad) in layers.iter_mut().zip(&grads).skip(still) {
            layer.w *= 1.0 - lr * decay;
            layer.w.scaled_add(-lr, &grad.w);
            layer.b.scaled_add(-lr, &grad.b);
        }
    }
    layers
}
