//! What the student's functions are asked with: everything drawn, every edge in every grading.

use ndarray::{Array1, Array2};
use testat_kit::draw::Stream;
use testat_kit::glyph::{Alphabet, Digits, PIXELS, Style};
use testat_kit::network::{self, Layer, cast, farthest, sizes_of};
use testat_kit::tally::Turn;

use crate::reference::{Route, feedback_grads};

/// Farthest that our own `f32` twin may lie from the reference: ten times closer than the tolerance.
const TWIN: f64 = 1e-5;
/// Training images.
pub const TRAIN: usize = 1200;
/// Hidden test images.
pub const TEST: usize = 597;
/// Epochs of the prescribed run.
pub const EPOCHS: usize = 40;
/// Minibatches of an epoch.
pub const STEPS_AN_EPOCH: usize = 37;
/// Samples of a minibatch.
pub const BATCH: usize = 32;

/// One call of `feedback_grads`, with what it should return.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// The rule.
    pub route: Route,
    /// Parameters.
    pub layers: Vec<Layer>,
    /// B1, B2, ..., one for each hidden layer.
    pub feedback: Vec<Array2<f64>>,
    /// Samples, (N, n0).
    pub x: Array2<f64>,
    /// Their classes, (N,).
    pub y: Array1<i64>,
    /// Expected.
    pub grads: Vec<Layer>,
}

/// The calls in order, the rules in turn: each with 2, 3 and 4 layers, among them N = C and N = 1; logits
/// beyond 800; all layers of one width, where no shape betrays a transposed matrix or the other rule;
/// those very arguments with the other rule; the shapes of an earlier call with other values; the first
/// calls again.
pub fn cases(stream: &mut Stream) -> Vec<Case> {
    const RULES: [Route; 2] = [Route::Fa, Route::Dfa];
    let mut cases = Vec::new();
    let orders = RULES.map(|_| (stream.permutation(3), stream.permutation(3)));
    for turn in 0..3 {
        for (route, (depths, edges)) in RULES.iter().zip(&orders) {
            let depth = 2 + depths.get(turn).copied().unwrap_or_default();
            let sizes = sizes(stream, depth);
            let classes = sizes.last().copied().unwrap_or_default();
            let (samples, edge) = match edges.get(turn) {
                Some(0) => (classes, "as many samples as classes"),
                Some(1) => (1, "a single sample"),
                _ => (other_than(stream, classes), ""),
            };
            cases.push(case(stream, &sizes, samples, *route, edge, None));
        }
    }
    for route in RULES {
        let (depth, samples) = (stream.between(2, 3), stream.between(4, 8));
        let (sizes, top) = (sizes(stream, depth), stream.uniform(850.0, 1500.0));
        cases.push(case(stream, &sizes, samples, route, "logits beyond 800", Some(top)));
    }
    for route in RULES {
        let (depth, width) = (stream.between(3, 4), stream.between(4, 7));
        let samples = other_than(stream, width);
        let edge = "all layers of one width";
        let square = case(stream, &vec![width; depth + 1], samples, route, edge, None);
        cases.push(square.clone());
        if route == Route::Dfa {
            cases.push(under(
                square,
                Route::Fa,
                "the arguments of the call before, the other rule",
            ));
        }
    }
    for route in RULES {
        let Some(before) = cases.iter().rfind(|case| case.route == route).cloned() else {
            continue;
        };
        let edge = "the shapes of an earlier call with other values";
        let like = case(stream, &sizes_of(&before.layers), before.x.nrows(), route, edge, None);
        cases.push(Case { turn: Turn::Following, ..like });
    }
    let again = cases.iter().take(RULES.len()).cloned();
    let again = again.map(|case| Case {
        edge: "the arguments of an earlier call again",
        turn: Turn::Following,
        ..case
    });
    cases.extend(again.collect::<Vec<_>>());
    cases
}

/// The same arguments under another rule, which the shapes must allow.
fn under(case: Case, route: Route, edge: &'static str) -> Case {
    let (grads, _) = feedback_grads(&case.layers, &case.feedback, &case.x, &case.y, route);
    Case { edge, route, grads, ..case }
}

/// Draws until the case is worth asking and no honest rounding can change its answer much. With `top` the
/// last layer is scaled until the largest logit is that.
fn case(
    stream: &mut Stream,
    sizes: &[usize],
    samples: usize,
    route: Route,
    edge: &'static str,
    top: Option<f64>,
) -> Case {
    loop {
        let mut layers = network::draw(stream, sizes, 1.5, 0.3);
        let inputs = sizes.first().copied().unwrap_or_default();
        let classes = sizes.last().copied().unwrap_or_default();
        let strength = stream.uniform(0.5, 1.5);
        let feedback = draw_feedback(stream, sizes, route, strength);
        let x: Array2<f64> = stream.normals((samples, inputs), 1.0);
        let y = stream.labels(samples, classes);
        if let (Some(top), Some(last)) = (top, layers.len().checked_sub(1)) {
            let logits = feedback_grads(&layers, &feedback, &x, &y, route).1.logits;
            let largest = logits.fold(1e-3, |max: f64, z| max.max(*z));
            if let Some(last) = layers.get_mut(last) {
                last.w *= top / largest;
                last.b *= top / largest;
            }
        }
        let (grads, _) = feedback_grads(&layers, &feedback, &x, &y, route);
        let case = Case { edge, turn: Turn::Fresh, route, layers, feedback, x, y, grads };
        if informative(&case) && steady(&case) {
            return case;
        }
    }
}

/// B1, B2, ... of `route`: N(0, strength^2 / rows).
fn draw_feedback(
    stream: &mut Stream,
    sizes: &[usize],
    route: Route,
    strength: f64,
) -> Vec<Array2<f64>> {
    let shapes = route.shapes(sizes);
    let draw = |shape: (usize, usize)| stream.normals(shape, strength / (shape.0 as f64).sqrt());
    shapes.into_iter().map(draw).collect()
}

/// Every gradient says something, and differs from what backpropagation would give.
fn informative(case: &Case) -> bool {
    let largest = |values: &mut dyn Iterator<Item = &f64>| {
        values.fold(0.0, |max: f64, value| max.max(value.abs()))
    };
    let (backprop, _) =
        feedback_grads(&case.layers, &case.feedback, &case.x, &case.y, Route::Backprop);
    farthest(&case.grads, &backprop) > 0.05
        && case
            .grads
            .iter()
            .all(|grad| largest(&mut grad.w.iter()) > 1e-3 && largest(&mut grad.b.iter()) > 1e-3)
}

/// Our own single-precision twin gives the same within a tenth of the tolerance.
fn steady(case: &Case) -> bool {
    let layers: Vec<Layer<f32>> = cast(&case.layers);
    let feedback: Vec<Array2<f32>> =
        case.feedback.iter().map(|b| b.mapv(|value| value as f32)).collect();
    let x = case.x.mapv(|value| value as f32);
    let (grads, _) = feedback_grads(&layers, &feedback, &x, &case.y, case.route);
    farthest(&cast(&grads), &case.grads) <= TWIN
}

/// One prescribed run.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The rule.
    pub route: Route,
    /// Goes to the student.
    pub train: Digits,
    /// Never leaves the harness.
    pub test: Digits,
    /// Weights to begin with.
    pub start: Vec<Layer>,
    /// B1, B2, ..., fresh.
    pub feedback: Vec<Array2<f64>>,
    /// The samples of each step, (1480, 32).
    pub order: Array2<i64>,
    /// Learning rate.
    pub lr: f64,
}

/// Sizes of the network that `route` trains: one hidden layer for `fa`, two for `dfa`.
pub fn network_sizes(route: Route) -> &'static [usize] {
    match route {
        Route::Dfa => &[PIXELS, 128, 64, 10],
        Route::Fa | Route::Backprop => &[PIXELS, 128, 10],
    }
}

/// Ten invented digits, images of half of which are inverted, small fresh weights, fresh feedback, and the
/// order of every sample in 40 epochs.
pub fn lesson(stream: &mut Stream, route: Route) -> Lesson {
    let style = Style { noise: 0.10, polarity: true, strength: 0.7 };
    let alphabet = Alphabet::draw(stream);
    let train = alphabet.digits(stream, TRAIN, style);
    let test = alphabet.digits(stream, TEST, style);
    let sizes = network_sizes(route);
    let start = network::draw(stream, sizes, 0.01, 0.0);
    let feedback = draw_feedback(stream, sizes, route, 1.0);
    let mut order = Array2::zeros((EPOCHS * STEPS_AN_EPOCH, BATCH));
    let drawn = (0..EPOCHS).flat_map(|_| {
        stream.permutation(TRAIN).into_iter().take(STEPS_AN_EPOCH * BATCH).collect::<Vec<_>>()
    });
    order.iter_mut().zip(drawn).for_each(|(to, from)| *to = from as i64);
    Lesson { route, train, test, start, feedback, order, lr: stream.uniform(0.05, 0.08) }
}

/// Sizes of a network of `depth` layers, inputs first.
fn sizes(stream: &mut Stream, depth: usize) -> Vec<usize> {
    let mut sizes = vec![stream.between(5, 14)];
    sizes.extend((1..depth).map(|_| stream.between(4, 11)));
    sizes.push(stream.between(3, 7));
    sizes
}

/// A number of samples that is neither 1 nor the number of classes.
fn other_than(stream: &mut Stream, classes: usize) -> usize {
    loop {
        let samples = stream.between(2, 17);
        if samples != classes {
            return samples;
        }
    }
}

#[cfg(test)]
mod tests {
    use testat_kit::draw::Seed;

    use super::*;

    #[test]
    fn every_grading_has_every_edge() {
        for seed in 0..12 {
            let cases = cases(&mut Seed::new([seed; 32]).stream(1));
            assert_eq!(cases.len(), 15);
            for route in [Route::Fa, Route::Dfa] {
                let own: Vec<&Case> =
                    cases.iter().take(6).filter(|case| case.route == route).collect();
                let mut depths: Vec<usize> = own.iter().map(|case| case.layers.len()).collect();
                depths.sort_unstable();
                assert_eq!(depths, [2, 3, 4]);
                assert!(own.iter().any(|case| case.x.nrows() == 1));
                let classes = |case: &Case| case.layers.last().map(|last| last.w.ncols());
                assert!(own.iter().any(|case| Some(case.x.nrows()) == classes(case)));
                for case in &cases {
                    let shapes: Vec<_> = case.feedback.iter().map(Array2::dim).collect();
                    assert_eq!(shapes, case.route.shapes(&sizes_of(&case.layers)));
                }
                assert!(
                    cases.iter().filter(|c| c.route == route && c.turn == Turn::Following).count()
                        == 2
                );
            }
            assert_eq!(cases.first().map(|c| &c.x), cases.get(13).map(|c| &c.x));
        }
    }

    #[test]
    fn an_order_visits_each_sample_at_most_once_an_epoch() {
        let lesson = lesson(&mut Seed::new([1; 32]).stream(10), Route::Fa);
        assert_eq!(lesson.order.dim(), (1480, 32));
        let samples: Vec<i64> = lesson.order.iter().copied().collect();
        for epoch in samples.chunks(STEPS_AN_EPOCH * BATCH) {
            let mut epoch = epoch.to_vec();
            epoch.sort_unstable();
            epoch.dedup();
            assert_eq!(epoch.len(), 1184);
        }
        assert!((0.05..0.08).contains(&lesson.lr));
    }
}
