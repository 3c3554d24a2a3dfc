//! What the student's functions are asked with: everything drawn, every edge in every grading.

use ndarray::{Array1, Array2, Array3, Axis};
use testat_kit::check::scaled_err;
use testat_kit::draw::Stream;
use testat_kit::glyph::{Alphabet, CLASSES, Digits, PIXELS, Style};
use testat_kit::layer::Layer;
use testat_kit::network::farthest;
use testat_kit::tally::Turn;

use crate::coding::encode;
use crate::reference::{Net, THETA, bptt, cast, rate, simulate, surrogate, threshold_gap};

/// Nearest that a potential may lie to the threshold without meeting it, so that rounding can't flip a spike:
/// honest `f32` errs by at most 1.1e-5.
const GAP: f64 = 1e-4;
/// Farthest that our own `f32` twin may lie from the reference: ten times closer than the tolerance.
const TWIN: f64 = 1e-5;
/// Hidden neurons of the network that is trained.
pub const NEURONS: usize = 32;
/// Training images.
pub const TRAIN: usize = 1200;
/// Hidden test images.
pub const TEST: usize = 597;

/// One call of `simulate` and of `bptt`, with what they should return.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Parameters.
    pub net: Net,
    /// Input spikes, (N, T, inputs).
    pub input: Array3<u8>,
    /// Classes, (N,).
    pub y: Array1<i64>,
    /// Expected of `simulate`, (N, C).
    pub logits: Array2<f64>,
    /// Expected of `simulate`, (N, T, H).
    pub spikes: Array3<u8>,
    /// Expected of `bptt`.
    pub loss: f64,
    /// Expected of `bptt`.
    pub grads: Net,
}

/// What makes a case special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Plain,
    SquareInClasses,
    Single,
    OneStep,
    FewSteps,
    Silent,
    NoSpike,
    Large,
    Repeated,
}

impl Edge {
    /// Those that come after a plain first call, in a drawn order.
    const SHAPED: [Self; 8] = [
        Self::Plain,
        Self::SquareInClasses,
        Self::Single,
        Self::OneStep,
        Self::FewSteps,
        Self::Silent,
        Self::NoSpike,
        Self::Large,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::SquareInClasses => "as many samples as classes",
            Self::Single => "a single sample",
            Self::OneStep => {
                "a single step, weights in eighths, some neurons exactly at the threshold"
            }
            Self::FewSteps => "two to four steps",
            Self::Silent => "a sample without any spike and an input that never spikes",
            Self::NoSpike => "no hidden neuron ever spikes",
            Self::Large => "logits beyond 800",
            Self::Repeated => "the shapes of the call before with other values",
        }
    }
}

/// All sizes of one case.
#[derive(Clone, Copy, Debug)]
struct Extent {
    samples: usize,
    steps: usize,
    inputs: usize,
    neurons: usize,
    classes: usize,
}

impl Extent {
    fn draw(stream: &mut Stream, edge: Edge) -> Self {
        let classes = stream.between(3, 6);
        Self {
            samples: match edge {
                Edge::Single => 1,
                Edge::SquareInClasses => classes,
                _ => stream.between(2, 6),
            },
            steps: match edge {
                Edge::OneStep => 1,
                Edge::FewSteps => stream.between(2, 4),
                _ => stream.between(15, 29),
            },
            inputs: stream.between(6, 11),
            neurons: stream.between(8, 19),
            classes,
        }
    }

    fn of(case: &Case) -> Self {
        let (samples, steps, inputs) = case.input.dim();
        let (neurons, classes) = (case.spikes.dim().2, case.logits.ncols());
        Self { samples, steps, inputs, neurons, classes }
    }
}

/// The calls in order: a plain one, by which most mistakes can be told; the other edges in a drawn order; the
/// shapes of the call before with other values; the first call again.
pub fn cases(stream: &mut Stream) -> Vec<Case> {
    let plain = Extent::draw(stream, Edge::Plain);
    let mut cases = vec![case(stream, plain, Edge::Plain)];
    for at in stream.permutation(Edge::SHAPED.len()) {
        let Some(edge) = Edge::SHAPED.get(at).copied() else { continue };
        let extent = Extent::draw(stream, edge);
        cases.push(case(stream, extent, edge));
    }
    if let Some(extent) = cases.last().map(Extent::of) {
        let like = case(stream, extent, Edge::Repeated);
        cases.push(Case { turn: Turn::Following, ..like });
    }
    if let Some(first) = cases.first().cloned() {
        let edge = "the first call's arguments again";
        cases.push(Case { edge, turn: Turn::Following, ..first });
    }
    cases
}

/// Draws until the case is worth asking and no honest rounding can change its answer much.
fn case(stream: &mut Stream, extent: Extent, edge: Edge) -> Case {
    let Extent { samples, steps, inputs, classes, .. } = extent;
    loop {
        let mut net = net(stream, extent, edge);
        let probability = stream.uniform(0.25, 0.55);
        let mut input = Array3::from_shape_simple_fn((samples, steps, inputs), || {
            u8::from(stream.chance(probability))
        });
        if edge == Edge::Silent {
            let (sample, pixel) = (stream.below(samples), stream.below(inputs));
            input.index_axis_mut(Axis(0), sample).fill(0);
            input.index_axis_mut(Axis(2), pixel).fill(0);
        }
        let y = stream.labels(samples, classes);
        if edge == Edge::Large && !enlarge(&mut net, &input, stream.uniform(850.0, 1500.0)) {
            continue;
        }
        let (loss, grads, run) = bptt(&net, &input, &y);
        let gap = threshold_gap(&run);
        let met = run.potentials.iter().filter(|u| **u == THETA).count();
        let (logits, spikes) = (run.logits, run.spikes);
        let case = Case {
            edge: edge.words(),
            turn: Turn::Fresh,
            net,
            input,
            y,
            logits,
            spikes,
            loss,
            grads,
        };
        if gap >= GAP && fits(&case, edge, met) && informative(&case, edge) && steady(&case) {
            return case;
        }
    }
}

/// Random layers of the sizes of `extent`, made for the edge.
fn net(stream: &mut Stream, extent: Extent, edge: Edge) -> Net {
    let Extent { inputs, neurons, classes, .. } = extent;
    let weights = stream.uniform(0.7, 1.3);
    let output =
        Layer { w: stream.normals((neurons, classes), weights), b: stream.normals(classes, 0.3) };
    let eighths = |least: usize, most: usize, stream: &mut Stream| {
        (stream.between(0, least + most) as f64 - least as f64) / 8.0
    };
    let hidden = match edge {
        Edge::OneStep => Layer {
            w: Array2::from_shape_simple_fn((inputs, neurons), || eighths(4, 8, stream)),
            b: Array1::from_shape_simple_fn(neurons, || eighths(2, 3, stream)),
        },
        Edge::NoSpike => Layer {
            w: stream.normals((inputs, neurons), 0.1),
            b: stream.normals(neurons, 0.1).mapv(|b: f64| -0.1 - b.abs()),
        },
        _ => {
            let (weights, biases) = (stream.uniform(0.35, 0.6), stream.uniform(0.1, 0.3));
            Layer {
                w: stream.normals((inputs, neurons), weights),
                b: stream.normals(neurons, biases),
            }
        }
    };
    [hidden, output]
}

/// Scales the read-out so that its largest logit becomes `top`.
fn enlarge(net: &mut Net, input: &Array3<u8>, top: f64) -> bool {
    let logits = simulate(net, input).logits;
    let largest = logits.fold(f64::NEG_INFINITY, |max, z| max.max(*z));
    let [_, output] = net;
    output.w *= top / largest;
    output.b *= top / largest;
    largest > 0.5
}

/// The case is what its edge says; `met` potentials are exactly the threshold.
fn fits(case: &Case, edge: Edge, met: usize) -> bool {
    let rate = rate(&case.spikes);
    match edge {
        // Two at least, and a spike elsewhere: what takes > for >= is wrong, and not everywhere.
        Edge::OneStep => {
            met >= 2 && case.spikes.iter().filter(|z| **z == 1).count() > met && rate < 0.8
        }
        Edge::NoSpike => rate == 0.0,
        // A bias alone makes some neuron of the silent sample spike.
        Edge::Silent => {
            let mut silent = case.input.outer_iter().zip(case.spikes.outer_iter());
            silent.any(|(input, spikes)| {
                input.iter().all(|s| *s == 0) && spikes.iter().any(|z| *z == 1)
            })
        }
        _ => rate > 0.05 && rate < 0.6,
    }
}

/// Every gradient says something (but the read-out's weights, where no neuron spikes), and the loss is not so
/// small that rounding dominates it.
fn informative(case: &Case, edge: Edge) -> bool {
    let largest = |values: &mut dyn Iterator<Item = &f64>| {
        values.fold(0.0, |max: f64, value| max.max(value.abs()))
    };
    let [hidden, output] = &case.grads;
    case.loss > 0.1
        && largest(&mut hidden.w.iter()) > 1e-3
        && largest(&mut hidden.b.iter()) > 1e-3
        && (edge == Edge::NoSpike || largest(&mut output.w.iter()) > 1e-3)
        && largest(&mut output.b.iter()) > 1e-3
}

/// Our own single-precision twin gives the same spikes, and the same numbers within a tenth of the tolerance.
fn steady(case: &Case) -> bool {
    let (loss, grads, run) = bptt::<f32>(&cast(&case.net), &case.input, &case.y);
    run.spikes == case.spikes
        && scaled_err(&run.logits.mapv(f64::from), &case.logits) <= TWIN
        && (f64::from(loss) - case.loss).abs() <= TWIN * case.loss.abs()
        && farthest(&cast::<f32, f64>(&grads), &case.grads) <= TWIN
}

/// One call of `surrogate`, with what it should return.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Distances from the threshold.
    pub x: Array1<f64>,
    /// Expected.
    pub slope: Array1<f64>,
}

/// Half the number of points of the first call of `surrogate`.
const HALF: i32 = 20;

/// The calls in order: evenly spaced around 0, for the picture; any values, an exact 0 among them; a single
/// one; far from the threshold alone; the shape of the call before with other values; the first call again.
pub fn probes(stream: &mut Stream) -> Vec<Probe> {
    let probe = |edge, turn, x: Array1<f64>| Probe { edge, turn, slope: x.mapv(surrogate), x };
    let extent = stream.uniform(1.0, 3.0);
    let even: Array1<f64> =
        (-HALF..=HALF).map(|at| extent * f64::from(at) / f64::from(HALF)).collect();
    let count = stream.between(20, 50);
    let mut any: Array1<f64> = stream.normals(count, 2.0);
    any.iter_mut().skip(stream.below(count)).take(1).for_each(|x| *x = 0.0);
    let (one, many, other) = (far(stream, 1) / 10.0, far(stream, 12), far(stream, 12) / 20.0);
    vec![
        probe("evenly spaced", Turn::Fresh, even.clone()),
        probe("", Turn::Fresh, any),
        probe("a single value", Turn::Fresh, one),
        probe("all far from the threshold", Turn::Fresh, many),
        probe("the shape of the call before with other values", Turn::Following, other),
        probe("the first call's argument again", Turn::Following, even),
    ]
}

/// Distances of 5 to 50 thresholds on either side.
fn far(stream: &mut Stream, count: usize) -> Array1<f64> {
    Array1::from_shape_simple_fn(count, || {
        let side = if stream.chance(0.5) { 1.0 } else { -1.0 };
        side * stream.uniform(5.0, 50.0)
    })
}

/// One learning task.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Goes to the student.
    pub train: Digits,
    /// Never leaves the harness.
    pub test: Digits,
    /// The test images as spikes, (597, 20, 64).
    pub spikes: Array3<u8>,
    /// Weights to begin with.
    pub start: Net,
    /// Seed for the student's own choices.
    pub seed: i64,
}

/// Ten invented digits, images of half of which are inverted, spikes for the hidden ones, and fresh weights.
pub fn lesson(stream: &mut Stream) -> Lesson {
    let style = Style { noise: 0.10, polarity: true, strength: 1.0 };
    let alphabet = Alphabet::draw(stream);
    let train = alphabet.digits(stream, TRAIN, style);
    let test = alphabet.digits(stream, TEST, style);
    let spikes = encode(&test.images, stream);
    let start = [
        Layer { w: stream.normals((PIXELS, NEURONS), 0.12), b: Array1::zeros(NEURONS) },
        Layer { w: stream.normals((NEURONS, CLASSES), 0.1), b: Array1::zeros(CLASSES) },
    ];
    Lesson { train, test, spikes, start, seed: stream.handed_seed() }
}

#[cfg(test)]
mod tests;
