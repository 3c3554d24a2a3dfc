//! What the student's functions are asked with: everything drawn, every edge in every grading.

use ndarray::{Array1, Array2};
use testat_kit::check::scaled_err;
use testat_kit::draw::Stream;
use testat_kit::glyph::{Alphabet, Digits, PIXELS, Style};
use testat_kit::network::{
    Activation, Layer, cast, draw, farthest, kink_gap, loss_and_grads, sizes_of,
};
use testat_kit::tally::Turn;

use crate::reference::{Descent, sgd};

/// Nearest that a hidden pre-activation may lie to ReLU's kink, so that rounding can't cross it.
const KINK: f64 = 1e-4;
/// Farthest that our own `f32` twin may lie from the reference: ten times closer than the tolerance.
const TWIN: f64 = 1e-5;
/// Sizes of the network that is trained.
pub const SIZES: [usize; 4] = [PIXELS, 48, 32, 10];
/// Training images.
pub const TRAIN: usize = 1200;
/// Hidden test images.
pub const TEST: usize = 597;

/// One call of `forward` and of `loss_and_grads`, with what they should return.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Parameters.
    pub layers: Vec<Layer>,
    /// Samples, (N, n0).
    pub x: Array2<f64>,
    /// Their classes, (N,).
    pub y: Array1<i64>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
    /// Expected of `forward`.
    pub logits: Array2<f64>,
    /// Expected of `loss_and_grads`.
    pub loss: f64,
    /// Expected of `loss_and_grads`.
    pub grads: Vec<Layer>,
}

/// The calls in order: each activation with 1 to 4 layers, among them N = C and N = 1 for each; the shapes
/// of the call before with other values; logits beyond 800 and below -800; the first call again.
pub fn cases(stream: &mut Stream) -> Vec<Case> {
    let mut cases = Vec::new();
    for activation in [Activation::Relu, Activation::Tanh] {
        let edges = stream.permutation(4);
        for (depth, edge) in (1..=4).zip(edges) {
            let sizes = sizes(stream, depth, (3, 24), (3, 20), (3, 10));
            let classes = sizes.last().copied().unwrap_or_default();
            let (samples, edge) = match edge {
                0 => (classes, "as many samples as classes"),
                1 => (1, "a single sample"),
                _ => (other_than(stream, classes), ""),
            };
            cases.push(case(stream, &sizes, samples, activation, edge, |_, _| true));
        }
    }
    if let Some(before) = cases.last().cloned() {
        let sizes = sizes_of(&before.layers);
        let edge = "the shapes of the call before with other values";
        let like = case(stream, &sizes, before.x.nrows(), before.activation, edge, |_, _| true);
        cases.push(Case { turn: Turn::Following, ..like });
    }
    cases.push(large(stream));
    cases.push(very_negative(stream));
    if let Some(first) = cases.first().cloned() {
        let edge = "the first call's arguments again";
        cases.push(Case { edge, turn: Turn::Following, ..first });
    }
    cases
}

fn large(stream: &mut Stream) -> Case {
    let (depth, top) = (stream.between(2, 3), stream.uniform(850.0, 1500.0));
    let (sizes, samples) = (sizes(stream, depth, (3, 12), (3, 12), (3, 6)), stream.between(4, 8));
    case(stream, &sizes, samples, Activation::Relu, "logits beyond 800", |last, logits| {
        let largest = logits.fold(f64::NEG_INFINITY, |max: f64, z| max.max(*z));
        last.w *= top / largest;
        last.b *= top / largest;
        largest > 0.5
    })
}

fn very_negative(stream: &mut Stream) -> Case {
    let (depth, top) = (stream.between(2, 3), stream.uniform(850.0, 1500.0));
    let (sizes, samples) = (sizes(stream, depth, (3, 12), (3, 12), (3, 6)), stream.between(4, 8));
    case(stream, &sizes, samples, Activation::Tanh, "logits below -800", |last, logits| {
        let largest = logits.fold(1e-3, |max: f64, z| max.max(z.abs()));
        let factor = 300.0 / largest;
        last.w *= factor;
        last.b *= factor;
        last.b -= 300.0 + top;
        true
    })
}

/// Draws until the case is worth asking and no honest rounding can change its answer much. `reshape` may
/// change the last layer once it sees the logits, or ask for other ones.
fn case(
    stream: &mut Stream,
    sizes: &[usize],
    samples: usize,
    activation: Activation,
    edge: &'static str,
    reshape: impl Fn(&mut Layer, &Array2<f64>) -> bool,
) -> Case {
    loop {
        let mut layers = draw(stream, sizes, 1.5, 0.3);
        let inputs = sizes.first().copied().unwrap_or_default();
        let classes = sizes.last().copied().unwrap_or_default();
        let x: Array2<f64> = stream.normals((samples, inputs), 1.0);
        let y = stream.labels(samples, classes);
        let (_, _, before) = loss_and_grads(&layers, &x, &y, activation);
        if !layers.last_mut().is_some_and(|last| reshape(last, &before.logits)) {
            continue;
        }
        let (loss, grads, pass) = loss_and_grads(&layers, &x, &y, activation);
        let case = Case {
            edge,
            turn: Turn::Fresh,
            layers,
            x,
            y,
            activation,
            logits: pass.logits.clone(),
            loss,
            grads,
        };
        if kink_gap(&pass) > KINK && informative(&case) && steady(&case) {
            return case;
        }
    }
}

/// Every gradient says something, and the loss is not so small that rounding dominates it.
fn informative(case: &Case) -> bool {
    let largest = |values: &mut dyn Iterator<Item = &f64>| {
        values.fold(0.0, |max: f64, value| max.max(value.abs()))
    };
    case.loss > 0.1
        && case
            .grads
            .iter()
            .all(|grad| largest(&mut grad.w.iter()) > 1e-3 && largest(&mut grad.b.iter()) > 1e-3)
}

/// Our own single-precision twin gives the same within a tenth of the tolerance.
fn steady(case: &Case) -> bool {
    let x = case.x.mapv(|value| value as f32);
    let layers: Vec<Layer<f32>> = cast(&case.layers);
    let (loss, grads, pass) = loss_and_grads(&layers, &x, &case.y, case.activation);
    scaled_err(&pass.logits.mapv(f64::from), &case.logits) <= TWIN
        && (f64::from(loss) - case.loss).abs() <= TWIN * case.loss.abs()
        && farthest(&cast(&grads), &case.grads) <= TWIN
}

/// One call of `sgd`, with what it should return.
#[derive(Clone, Debug)]
pub struct Walk {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Parameters at the start.
    pub layers: Vec<Layer>,
    /// The other arguments.
    pub descent: Descent,
    /// Expected parameters at the end.
    pub end: Vec<Layer>,
}

/// The calls in order: three, with momentum 0 in one, both activations, batches of 1, of 2 to 8 and of 9
/// to 16 samples; then the first again, and at once its shapes with other values.
pub fn walks(stream: &mut Stream) -> Vec<Walk> {
    let (single, still) = (
        Edge { batch: (1, 1), still: false, words: "batches of one sample" },
        Edge { batch: (2, 8), still: true, words: "momentum 0" },
    );
    let plain = Edge { batch: (9, 16), still: false, words: "" };
    // A first call with momentum, since it comes again to show a velocity that was kept.
    let edges = match stream.below(4) {
        0 => [single, plain, still],
        1 => [single, still, plain],
        2 => [plain, single, still],
        _ => [plain, still, single],
    };
    let third = if stream.chance(0.5) { Activation::Relu } else { Activation::Tanh };
    let mut walks: Vec<Walk> = edges
        .into_iter()
        .zip([Activation::Relu, Activation::Tanh, third])
        .map(|(edge, activation)| {
            let extent = Extent::draw(stream, edge.batch);
            walk(stream, &extent, &edge, activation)
        })
        .collect();
    if let Some(first) = walks.first().cloned() {
        let extent = Extent::of(&first);
        let activation = first.descent.activation;
        walks.push(Walk {
            edge: "the first call's arguments again",
            turn: Turn::Following,
            ..first
        });
        let words = "the shapes of the call before with other values";
        let edge = Edge { batch: (1, 1), still: false, words };
        walks.push(Walk { turn: Turn::Following, ..walk(stream, &extent, &edge, activation) });
    }
    walks
}

/// What is special about one call of `sgd`.
struct Edge {
    batch: (usize, usize),
    still: bool,
    words: &'static str,
}

/// All sizes of one call of `sgd`.
struct Extent {
    sizes: Vec<usize>,
    samples: usize,
    steps: usize,
    batch: usize,
}

impl Extent {
    fn draw(stream: &mut Stream, batch: (usize, usize)) -> Self {
        let depth = stream.between(2, 3);
        Self {
            sizes: sizes(stream, depth, (4, 12), (4, 10), (3, 6)),
            samples: stream.between(24, 40),
            steps: stream.between(15, 25),
            batch: stream.between(batch.0, batch.1),
        }
    }

    fn of(walk: &Walk) -> Self {
        let (steps, batch) = walk.descent.order.dim();
        let samples = walk.descent.y.len();
        Self { sizes: sizes_of(&walk.layers), samples, steps, batch }
    }
}

/// Draws until the walk goes somewhere, stays bounded, and no honest rounding can change its end much.
fn walk(stream: &mut Stream, extent: &Extent, edge: &Edge, activation: Activation) -> Walk {
    let Extent { sizes, samples, steps, batch } = extent;
    loop {
        let mut order = Array2::zeros((*steps, *batch));
        for mut row in order.rows_mut() {
            let drawn = stream.permutation(*samples);
            row.iter_mut().zip(drawn).for_each(|(to, from)| *to = from as i64);
        }
        let descent = Descent {
            x: stream.normals((*samples, sizes.first().copied().unwrap_or_default()), 1.0),
            y: stream.labels(*samples, sizes.last().copied().unwrap_or_default()),
            order,
            lr: stream.uniform(0.01, 0.2),
            momentum: if edge.still { 0.0 } else { stream.uniform(0.5, 0.95) },
            activation,
        };
        let layers = draw(stream, sizes, 1.0, 0.0);
        let (end, gap) = sgd(&layers, &descent);
        let bounded = end.iter().all(|p| p.w.iter().chain(&p.b).all(|v| v.abs() < 100.0));
        // Short of a step worth measuring, a wrong rule would look right.
        let moved = farthest(&layers, &end) > 0.05;
        if bounded && moved && (gap > KINK || activation == Activation::Tanh) {
            let twin = sgd::<f32>(&cast(&layers), &descent).0;
            if farthest(&cast(&twin), &end) <= TWIN {
                return Walk { edge: edge.words, turn: Turn::Fresh, layers, descent, end };
            }
        }
    }
}

/// One learning task.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Goes to the student.
    pub train: Digits,
    /// Never leaves the harness.
    pub test: Digits,
    /// Weights to begin with.
    pub start: Vec<Layer>,
    /// Seed for the student's own choices.
    pub seed: i64,
}

/// Ten invented digits, images of half of which are inverted, and fresh weights.
pub fn lesson(stream: &mut Stream) -> Lesson {
    let style = Style { noise: 0.10, polarity: true, strength: 1.0 };
    let alphabet = Alphabet::draw(stream);
    let train = alphabet.digits(stream, TRAIN, style);
    let test = alphabet.digits(stream, TEST, style);
    let start = draw(stream, &SIZES, 2.0, 0.0);
    Lesson { train, test, start, seed: stream.handed_seed() }
}

fn sizes(
    stream: &mut Stream,
    depth: usize,
    input: (usize, usize),
    hidden: (usize, usize),
    output: (usize, usize),
) -> Vec<usize> {
    let mut sizes = vec![stream.between(input.0, input.1)];
    sizes.extend((1..depth).map(|_| stream.between(hidden.0, hidden.1)));
    sizes.push(stream.between(output.0, output.1));
    sizes
}

/// A number of samples that is neither 1 nor the number of classes.
fn other_than(stream: &mut Stream, classes: usize) -> usize {
    loop {
        let samples = stream.between(2, 23);
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
            assert_eq!(cases.len(), 12);
            for activation in [Activation::Relu, Activation::Tanh] {
                let own: Vec<&Case> =
                    cases.iter().take(8).filter(|c| c.activation == activation).collect();
                let mut depths: Vec<usize> = own.iter().map(|c| c.layers.len()).collect();
                depths.sort_unstable();
                assert_eq!(depths, [1, 2, 3, 4]);
                assert!(own.iter().any(|c| c.x.nrows() == 1));
                assert!(own.iter().any(|c| c.x.nrows() == c.logits.ncols()));
            }
            assert!(cases.iter().any(|c| c.logits.iter().any(|z| *z > 800.0)));
            assert!(cases.iter().any(|c| c.logits.iter().all(|z| *z < -800.0)));
            assert_eq!(cases.first().map(|c| &c.x), cases.last().map(|c| &c.x));
            let walks = walks(&mut Seed::new([seed; 32]).stream(2));
            assert_eq!(walks.iter().filter(|w| w.descent.momentum == 0.0).count(), 1);
            assert_eq!(walks.len(), 5);
            assert!(walks.iter().any(|w| w.descent.order.ncols() == 1));
            assert!(walks.iter().any(|w| w.descent.activation == Activation::Relu));
            assert!(walks.iter().any(|w| w.descent.activation == Activation::Tanh));
        }
    }
}
