//! What the student's rules are asked with: everything drawn, every edge in every grading.

use ndarray::{Array1, Array2};
use testat_kit::check::scaled_err;
use testat_kit::draw::Stream;
use testat_kit::tally::Turn;

use crate::diagnosis::{distance, pair_mistakes, rate_mistakes};
use crate::reference::{Course, Pairing, RateRule, Spikes, stdp, stdp_window};

/// Farthest that our own `f32` twin may lie from the reference: ten times closer than the tolerance.
const TWIN: f64 = 1e-5;
/// Nearest that a known mistake may lie to the reference in an ordinary call: ten times the tolerance.
const APART: f64 = 1e-3;
/// Bound of every weight and threshold: beyond, a rule runs away and any rounding grows with it.
const BOUND: f64 = 100.0;

/// The first call's arguments again.
const AGAIN: &str = "the first call's arguments again";
/// The shapes of the call before with other values.
const LIKE: &str = "the shapes of the call before with other values";

/// One call of `hebb`, `oja` or `bcm`, with what it should return.
#[derive(Clone, Debug)]
pub struct RateCase {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// The rule, with the arguments that it alone has.
    pub rule: RateRule,
    /// Weights at the start, (n,).
    pub w0: Array1<f64>,
    /// Samples, (T, n).
    pub x: Array2<f64>,
    /// Step length.
    pub eta: f64,
    /// Expected.
    pub course: Course,
}

/// Which rule a call is for, its own arguments still to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Hebb's, with decay.
    Hebb,
    /// Oja's.
    Oja,
    /// Of Bienenstock, Cooper and Munro.
    Bcm,
}

impl Kind {
    fn rule(self, stream: &mut Stream) -> RateRule {
        match self {
            Self::Hebb => RateRule::Hebb { decay: stream.uniform(0.5, 4.0) },
            Self::Oja => RateRule::Oja,
            Self::Bcm => {
                RateRule::Bcm { theta0: stream.uniform(0.3, 1.5), tau: stream.uniform(10.0, 60.0) }
            }
        }
    }

    fn eta(self, stream: &mut Stream) -> f64 {
        let eta = stream.uniform(0.005, 0.02);
        // BCM grows with the cube of the weights: shorter steps keep it in bounds.
        if self == Self::Bcm { eta / 5.0 } else { eta }
    }
}

/// The calls in order: three ordinary ones, one input, one sample, for Hebb's rule no decay; the shapes of
/// the call before with other values; the first call again.
pub fn rate_cases(stream: &mut Stream, kind: Kind) -> Vec<RateCase> {
    let mut cases: Vec<RateCase> = (0..3)
        .map(|_| {
            let shape = (stream.between(200, 400), stream.between(3, 8));
            rate_case(stream, kind, shape, "")
        })
        .collect();
    let shape = (stream.between(200, 400), 1);
    cases.push(rate_case(stream, kind, shape, "a single input"));
    let shape = (1, stream.between(3, 8));
    cases.push(rate_case(stream, kind, shape, "a single sample"));
    if kind == Kind::Hebb {
        let shape = (stream.between(30, 60), stream.between(3, 8));
        cases.push(rate_case(stream, kind, shape, "no decay"));
    }
    let shape = (stream.between(200, 400), stream.between(3, 8));
    cases.push(rate_case(stream, kind, shape, ""));
    cases.push(RateCase { turn: Turn::Following, ..rate_case(stream, kind, shape, LIKE) });
    let first = cases.first().cloned();
    cases.extend(first.map(|first| RateCase { edge: AGAIN, turn: Turn::Following, ..first }));
    cases
}

/// Draws until the course goes somewhere, stays bounded, hides no known mistake, and no honest rounding can
/// change it much.
fn rate_case(
    stream: &mut Stream,
    kind: Kind,
    (samples, inputs): (usize, usize),
    edge: &'static str,
) -> RateCase {
    loop {
        let mixing: Array2<f64> = stream.normals((inputs, inputs), 1.0 / (inputs as f64).sqrt());
        let x = stream.normals((samples, inputs), 1.0).dot(&mixing);
        let w0 = stream.normals(inputs, 0.5);
        let mut rule = kind.rule(stream);
        let mut eta = kind.eta(stream);
        if edge == "no decay" {
            rule = RateRule::Hebb { decay: 0.0 };
        }
        if samples == 1 {
            eta *= 10.0;
        }
        let course = rule.course(&w0, &x, eta);
        let case = RateCase { edge, turn: Turn::Fresh, rule, w0, x, eta, course };
        let ordinary = inputs > 1 && samples > 100;
        if bounded(&case.course) && moved(&case.course.w) && steady(&case) {
            let hidden = |case: &RateCase| {
                rate_mistakes(case).iter().any(|(wrong, _)| distance(wrong, &case.course) <= APART)
            };
            if !ordinary || !hidden(&case) {
                return case;
            }
        }
    }
}

fn bounded(course: &Course) -> bool {
    course.w.iter().chain(&course.theta).all(|value| value.abs() < BOUND)
}

/// Some weight has moved by a fiftieth of the largest: short of that, a wrong rule would look right.
fn moved(w: &Array2<f64>) -> bool {
    let start = w.row(0);
    let farthest = w
        .rows()
        .into_iter()
        .flat_map(|row| row.iter().zip(start).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>())
        .fold(0.0, f64::max);
    farthest > 0.02 * w.fold(0.0, |most: f64, w| most.max(w.abs()))
}

/// Our own single-precision twin gives the same within a tenth of the tolerance.
fn steady(case: &RateCase) -> bool {
    let twin = case.rule.course::<f32>(&case.w0, &case.x, case.eta);
    let twin = Course { w: twin.w.mapv(f64::from), theta: twin.theta.mapv(f64::from) };
    distance(&twin, &case.course) <= TWIN
}

/// One call of `stdp`, with what it should return.
#[derive(Clone, Debug)]
pub struct PairCase {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Weights at the start, (n,), within the bounds.
    pub w0: Array1<f64>,
    /// Spikes and the length of a step.
    pub spikes: Spikes,
    /// Amplitudes, time constants and bounds.
    pub p: Pairing,
    /// Expected, (T+1, n).
    pub w: Array2<f64>,
}

/// The calls in order: weights that reach the lower bound, the upper one, and a third ordinary one, with
/// steps of 0.5 ms, 2 ms and a length between, tau+ above and below tau-; one input; one step in which
/// everything fires; the shapes of the call before with other values; the first call again.
pub fn pair_cases(stream: &mut Stream) -> Vec<PairCase> {
    let steps = [0.5, 2.0, stream.uniform(0.6, 1.8)];
    let order = stream.permutation(3);
    let mut lengths = order.into_iter().filter_map(|at| steps.get(at).copied());
    let mut next = || lengths.next().unwrap_or(1.0);
    let lower = Plan { dt: next(), ends: Some(Bound::Lower), edge: "weights reach w_min" };
    let upper = Plan { dt: next(), ends: Some(Bound::Upper), edge: "weights reach w_max" };
    let plain = Plan { dt: next(), ends: None, edge: "" };
    let mut cases: Vec<PairCase> = [lower, upper, plain]
        .into_iter()
        .map(|plan| {
            let shape = (stream.between(3, 8), stream.between(1000, 1800));
            pair_case(stream, &plan, shape)
        })
        .collect();
    let plan = Plan { dt: stream.uniform(0.6, 1.8), ends: None, edge: "a single input" };
    let shape = (1, stream.between(1000, 1800));
    cases.push(pair_case(stream, &plan, shape));
    cases.push(all_at_once(stream));
    let plan = Plan { dt: stream.uniform(0.6, 1.8), ends: None, edge: "" };
    let shape = (stream.between(3, 8), stream.between(1000, 1800));
    cases.push(pair_case(stream, &plan, shape));
    let plan = Plan { dt: stream.uniform(0.6, 1.8), ends: None, edge: LIKE };
    cases.push(PairCase { turn: Turn::Following, ..pair_case(stream, &plan, shape) });
    let first = cases.first().cloned();
    cases.extend(first.map(|first| PairCase { edge: AGAIN, turn: Turn::Following, ..first }));
    cases
}

/// One of the two bounds of a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Lower,
    Upper,
}

/// What one call of `stdp` must have.
struct Plan {
    dt: f64,
    ends: Option<Bound>,
    edge: &'static str,
}

/// Amplitudes, time constants and bounds, with gain or loss the larger in all.
fn pairing(stream: &mut Stream, gains: bool) -> Pairing {
    let (short, long) = (stream.uniform(10.0, 20.0), stream.uniform(22.0, 40.0));
    let (tau_plus, tau_minus) = if gains { (long, short) } else { (short, long) };
    Pairing {
        a_plus: stream.uniform(0.01, 0.03),
        a_minus: stream.uniform(0.01, 0.03),
        tau_plus,
        tau_minus,
        w_min: stream.uniform(-0.1, 0.2),
        w_max: stream.uniform(0.8, 1.2),
    }
}

/// Draws until the weights reach the bound asked for, no known mistake is hidden, and no honest rounding can
/// change them much.
fn pair_case(stream: &mut Stream, plan: &Plan, (inputs, steps): (usize, usize)) -> PairCase {
    loop {
        let gains = match plan.ends {
            Some(bound) => bound == Bound::Upper,
            None => stream.chance(0.5),
        };
        let p = pairing(stream, gains);
        let room = 0.2 * (p.w_max - p.w_min);
        let w0 =
            Array1::from_shape_simple_fn(inputs, || stream.uniform(p.w_min + room, p.w_max - room));
        let rate = stream.uniform(0.03, 0.06);
        let spikes = Spikes {
            pre: Array2::from_shape_simple_fn((inputs, steps), || u8::from(stream.chance(rate))),
            post: Array1::from_shape_simple_fn(steps, || u8::from(stream.chance(rate))),
            dt: plan.dt,
        };
        let w = stdp(&w0, &spikes, &p);
        let case = PairCase { edge: plan.edge, turn: Turn::Fresh, w0, spikes, p, w };
        if reaches(&case, plan.ends) && steady_pairs(&case) && !hides_pairs(&case, plan.ends) {
            return case;
        }
    }
}

fn reaches(case: &PairCase, ends: Option<Bound>) -> bool {
    match ends {
        Some(Bound::Lower) => case.w.iter().any(|w| *w == case.p.w_min),
        Some(Bound::Upper) => case.w.iter().any(|w| *w == case.p.w_max),
        None => true,
    }
}

fn steady_pairs(case: &PairCase) -> bool {
    let twin = stdp::<f32>(&case.w0, &case.spikes, &case.p).mapv(f64::from);
    scaled_err(&twin, &case.w) <= TWIN
}

/// Whether a known mistake lies too near; that of the bounds only where one must be reached, that of the
/// step's length only where it is not about 1 ms.
fn hides_pairs(case: &PairCase, ends: Option<Bound>) -> bool {
    let near = |(wrong, _): &(Array2<f64>, &str)| scaled_err(wrong, &case.w) <= APART;
    let mistakes = pair_mistakes(case);
    let length_shows = (case.spikes.dt - 1.0).abs() > 0.3;
    mistakes.iter().take(4).any(near)
        || length_shows && mistakes.get(4).is_some_and(near)
        || ends.is_some() && mistakes.get(5).is_some_and(near)
}

/// A single step in which every input and the neuron fire: nothing changes.
fn all_at_once(stream: &mut Stream) -> PairCase {
    let gains = stream.chance(0.5);
    let p = pairing(stream, gains);
    let inputs = stream.between(3, 8);
    let w0 = Array1::from_shape_simple_fn(inputs, || stream.uniform(0.3, 0.7));
    let spikes = Spikes {
        pre: Array2::from_elem((inputs, 1), 1),
        post: Array1::from_elem(1, 1),
        dt: stream.uniform(0.5, 2.0),
    };
    let w = stdp(&w0, &spikes, &p);
    PairCase { edge: "one step in which all fire", turn: Turn::Fresh, w0, spikes, p, w }
}

/// One call of `stdp_window`, with what it should return.
#[derive(Clone, Debug)]
pub struct WindowCase {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Output minus input in milliseconds, (m,).
    pub d: Array1<f64>,
    /// Amplitudes, time constants and bounds.
    pub p: Pairing,
    /// Expected, (m,).
    pub dw: Array1<f64>,
}

/// The calls in order: three with 0, just beside 0 (0.05 to 0.5 ms), far out (0.2 to 60 s) and many between;
/// 0 alone; only far from 0; the shapes of the call before with other values; the first call again.
pub fn window_cases(stream: &mut Stream) -> Vec<WindowCase> {
    let mut cases: Vec<WindowCase> = (0..3)
        .map(|_| {
            let count = stream.between(20, 40);
            window_case(stream, "", |stream| mixed(stream, count))
        })
        .collect();
    cases.push(window_case(stream, "0 alone", |_| vec![0.0]));
    cases.push(window_case(stream, "80 to 140 ms apart", |stream| {
        (0..12).map(|at| signed(at, stream.uniform(80.0, 140.0))).collect()
    }));
    let count = stream.between(20, 40);
    cases.push(window_case(stream, "", |stream| mixed(stream, count)));
    let like = window_case(stream, LIKE, |stream| mixed(stream, count));
    cases.push(WindowCase { turn: Turn::Following, ..like });
    let first = cases.first().cloned();
    cases.extend(first.map(|first| WindowCase { edge: AGAIN, turn: Turn::Following, ..first }));
    cases
}

fn signed(at: usize, size: f64) -> f64 {
    if at.is_multiple_of(2) { size } else { -size }
}

/// 0, one each just beside it, far out and very far out on both sides, the rest within 80 ms; shuffled.
fn mixed(stream: &mut Stream, count: usize) -> Vec<f64> {
    let mut all = vec![0.0];
    for at in 0..2 {
        all.push(signed(at, stream.uniform(0.05, 0.5)));
        all.push(signed(at, stream.uniform(200.0, 400.0)));
        all.push(signed(at, stream.uniform(30_000.0, 60_000.0)));
    }
    all.extend((7..count).map(|at| signed(at, stream.uniform(0.5, 80.0))));
    let order = stream.permutation(all.len());
    order.into_iter().filter_map(|at| all.get(at).copied()).collect()
}

fn window_case(
    stream: &mut Stream,
    edge: &'static str,
    differences: impl FnOnce(&mut Stream) -> Vec<f64>,
) -> WindowCase {
    let d = Array1::from(differences(stream));
    let gains = stream.chance(0.5);
    let p = pairing(stream, gains);
    let dw = stdp_window(&d, &p);
    WindowCase { edge, turn: Turn::Fresh, d, p, dw }
}

#[cfg(test)]
mod tests;
