//! What the single functions are asked with: everything drawn, every edge in every grading.

use ndarray::{Array1, Array2};
use testat_kit::draw::Stream;
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, cast, draw, farthest, forward, kink_gap, sizes_of};
use testat_kit::tally::Turn;

use crate::reference::{auroc, ewc_penalty, fisher_diag};

/// Nearest that a hidden pre-activation may lie to ReLU's kink, so that rounding can't cross it.
const KINK: f64 = 1e-4;
/// Farthest that our own `f32` twin may lie from the reference: ten times closer than the tolerance.
const TWIN: f64 = 1e-5;

const OTHER_VALUES: &str = "the shapes of the call before with other values";
const AGAIN: &str = "the first call's arguments again";

/// One call of `fisher_diag`, with what it should return.
#[derive(Clone, Debug)]
pub struct Fisher {
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
    /// Expected.
    pub fisher: Vec<Layer>,
}

/// The calls in order: one, two and three layers, a single sample among them and as many samples as
/// classes; then the shapes of the call before with other values; then the first call again.
pub fn fishers(stream: &mut Stream) -> Vec<Fisher> {
    let mut cases = Vec::new();
    let edges = stream.permutation(3);
    for (depth, edge) in (1..=3).zip(edges) {
        let sizes = sizes(stream, depth);
        let classes = sizes.last().copied().unwrap_or_default();
        let (samples, edge) = match edge {
            0 => (1, "a single sample"),
            1 => (classes, "as many samples as classes"),
            _ => (other_than(stream, classes), ""),
        };
        cases.push(fisher(stream, &sizes, samples, edge));
    }
    // A call of many samples comes first again, since a sum kept from earlier calls shows there.
    let (depth, samples) = (stream.between(2, 3), stream.between(12, 25));
    let sizes = sizes(stream, depth);
    cases.insert(0, fisher(stream, &sizes, samples, ""));
    if let Some(before) = cases.last().cloned() {
        let like = fisher(stream, &sizes_of(&before.layers), before.x.nrows(), OTHER_VALUES);
        cases.push(Fisher { turn: Turn::Following, ..like });
    }
    if let Some(first) = cases.first().cloned() {
        cases.push(Fisher { edge: AGAIN, turn: Turn::Following, ..first });
    }
    cases
}

/// Draws until every part says something and no honest rounding can change it much.
fn fisher(stream: &mut Stream, sizes: &[usize], samples: usize, edge: &'static str) -> Fisher {
    let (inputs, classes) = (sizes.first().copied(), sizes.last().copied());
    loop {
        let layers = draw(stream, sizes, 2.0, 0.3);
        let x: Array2<f64> = stream.normals((samples, inputs.unwrap_or_default()), 1.0);
        let y = stream.labels(samples, classes.unwrap_or_default());
        if kink_gap(&forward(&layers, &x, Activation::Relu)) <= KINK {
            continue;
        }
        let fisher = fisher_diag(&layers, &x, &y);
        let says = |value: &f64| *value > 1e-4;
        let informative = fisher.iter().all(|f| f.w.iter().any(says) && f.b.iter().any(says));
        let twin = fisher_diag::<f32>(&cast(&layers), &x.mapv(|value| value as f32), &y);
        if informative && farthest(&cast(&twin), &fisher) <= TWIN {
            return Fisher { edge, turn: Turn::Fresh, layers, x, y, fisher };
        }
    }
}

/// One call of `ewc_penalty`, with what it should return.
#[derive(Clone, Debug)]
pub struct Ewc {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Parameters.
    pub params: Vec<Layer>,
    /// Parameters after the last task.
    pub old: Vec<Layer>,
    /// Fisher information, at least 0.
    pub fisher: Vec<Layer>,
    /// Strength of the penalty.
    pub lam: f64,
    /// Expected.
    pub value: f64,
    /// Expected.
    pub grads: Vec<Layer>,
}

/// The calls in order: one to three layers, a third of the Fisher information 0 in one, `lam` below and
/// above 1; parameters that have not moved; then other values; then the first call again.
pub fn penalties(stream: &mut Stream) -> Vec<Ewc> {
    let mut cases: Vec<Ewc> = Vec::new();
    let some_zero = stream.below(3) + 1;
    let small = stream.below(3) + 1;
    for depth in 1..=3 {
        let sizes = sizes(stream, depth);
        let lam =
            if depth == small { stream.uniform(0.05, 0.8) } else { stream.uniform(2.0, 200.0) };
        let share = if depth == some_zero { 1.0 / 3.0 } else { 0.0 };
        let edge = if depth == some_zero { "a third of the Fisher information is 0" } else { "" };
        cases.push(penalty(stream, &sizes, lam, share, edge));
    }
    let (still, lam) = (sizes(stream, 2), stream.uniform(2.0, 50.0));
    let moved = penalty(stream, &still, lam, 0.0, "params equal to params_old");
    let (value, grads) = ewc_penalty(&moved.old, &moved.old, &moved.fisher, lam);
    cases.push(Ewc { params: moved.old.clone(), value, grads, ..moved });
    let lam = stream.uniform(2.0, 200.0);
    let like = penalty(stream, &still, lam, 0.0, OTHER_VALUES);
    cases.push(Ewc { turn: Turn::Following, ..like });
    if let Some(first) = cases.first().cloned() {
        cases.push(Ewc { edge: AGAIN, turn: Turn::Following, ..first });
    }
    cases
}

/// Draws until no honest rounding can change the case much.
fn penalty(stream: &mut Stream, sizes: &[usize], lam: f64, zeros: f64, edge: &'static str) -> Ewc {
    loop {
        let (params, old) = (draw(stream, sizes, 2.0, 0.3), draw(stream, sizes, 2.0, 0.3));
        let mut fisher = draw(stream, sizes, 2.0, 0.3);
        for value in fisher.iter_mut().flat_map(|layer| layer.w.iter_mut().chain(&mut layer.b)) {
            let zero = zeros > 0.0 && stream.chance(zeros);
            *value = if zero { 0.0 } else { *value * *value };
        }
        let (value, grads) = ewc_penalty(&params, &old, &fisher, lam);
        let (low, twin) =
            ewc_penalty::<f32>(&cast(&params), &cast(&old), &cast(&fisher), lam as f32);
        let steady = (f64::from(low) - value).abs() <= TWIN * value;
        if steady && value > 1e-3 && farthest(&cast(&twin), &grads) <= TWIN {
            return Ewc { edge, turn: Turn::Fresh, params, old, fisher, lam, value, grads };
        }
    }
}

/// One call of `auroc`, with what it should return.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// What is special about it, in words; empty for nothing.
    pub edge: &'static str,
    /// What it is there for.
    pub turn: Turn,
    /// Scores, (n,).
    pub scores: Array1<f64>,
    /// 1 for a stranger, (n,).
    pub strange: Array1<u8>,
    /// Expected.
    pub area: f64,
}

/// The calls in order: no ties, ties, strangers that score lower, heavy ties, all equal, more strangers than
/// a byte counts, negative scores far apart, one stranger, one known image; then the first call again.
pub fn rankings(stream: &mut Stream) -> Vec<Ranking> {
    let mut cases = vec![
        ranking(stream, (30, 80), 0.4, "", |stream, odd| stream.normal() + 0.7 * odd),
        ranking(stream, (30, 80), 0.4, "scores rounded to tenths", |stream, odd| {
            ((stream.normal() + 0.5 * odd) * 10.0).round() / 10.0
        }),
        ranking(stream, (20, 60), 0.5, "strangers score lower", |stream, odd| {
            stream.normal() - 1.5 * odd
        }),
        ranking(stream, (20, 60), 0.5, "three values only: heavy ties", |stream, _| {
            stream.below(3) as f64
        }),
        ranking(stream, (5, 40), 0.5, "all scores equal", |_, _| 0.25),
        ranking(stream, (600, 700), 0.6, "more than 300 strangers", |stream, odd| {
            ((stream.normal() + 0.4 * odd) * 20.0).round() / 20.0
        }),
        ranking(stream, (20, 40), 0.5, "negative scores of very different sizes", |stream, odd| {
            let root = stream.uniform(0.1, 10.0 - odd);
            -root * root * root * root * root * root * root
        }),
    ];
    for (edge, value) in [("a single stranger", 1u8), ("a single known one", 0)] {
        let count = stream.between(8, 30);
        let own = stream.below(count);
        let strange = Array1::from_shape_fn(count, |at| if at == own { value } else { 1 - value });
        let scores = Array1::from_shape_simple_fn(count, || stream.below(9) as f64 / 4.0);
        cases.push(ranked(edge, scores, strange));
    }
    if let Some(first) = cases.first().cloned() {
        cases.push(Ranking { edge: AGAIN, turn: Turn::Following, ..first });
    }
    cases
}

fn ranking(
    stream: &mut Stream,
    (low, high): (usize, usize),
    share: f64,
    edge: &'static str,
    score: impl Fn(&mut Stream, f64) -> f64,
) -> Ranking {
    let count = stream.between(low, high);
    loop {
        let strange = Array1::from_shape_simple_fn(count, || u8::from(stream.chance(share)));
        let odd: usize = strange.iter().map(|strange| usize::from(*strange)).sum();
        if odd > 0 && odd < count && (edge != "more than 300 strangers" || odd > 300) {
            let scores = strange.mapv(|strange| score(stream, f64::from(strange)));
            return ranked(edge, scores, strange);
        }
    }
}

fn ranked(edge: &'static str, scores: Array1<f64>, strange: Array1<u8>) -> Ranking {
    let kinds: Vec<bool> = strange.iter().map(|strange| *strange == 1).collect();
    let area = auroc(&scores.to_vec(), &kinds);
    Ranking { edge, turn: Turn::Fresh, scores, strange, area }
}

fn sizes(stream: &mut Stream, depth: usize) -> Vec<usize> {
    let mut sizes = vec![stream.between(3, 16)];
    sizes.extend((1..depth).map(|_| stream.between(3, 12)));
    sizes.push(stream.between(3, 7));
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
            let fishers = fishers(&mut Seed::new([seed; 32]).stream(1));
            assert_eq!(fishers.len(), 6);
            for depth in 1..=3 {
                assert!(fishers.iter().any(|case| case.layers.len() == depth));
            }
            assert!(fishers.iter().any(|case| case.x.nrows() == 1));
            assert!(fishers.iter().any(|case| case.x.nrows() >= 12));
            assert_eq!(fishers[0].x, fishers[5].x);
            let penalties = penalties(&mut Seed::new([seed; 32]).stream(2));
            assert_eq!(penalties.len(), 6);
            assert!(penalties.iter().any(|case| case.lam < 1.0));
            assert_eq!(penalties.iter().filter(|case| case.value == 0.0).count(), 1);
            let none =
                |case: &Ewc| case.fisher[0].w.iter().chain(&case.fisher[0].b).any(|f| *f == 0.0);
            assert!(penalties.iter().any(none));
            let rankings = rankings(&mut Seed::new([seed; 32]).stream(3));
            assert_eq!(rankings.len(), 10);
            assert!(rankings.iter().any(|case| case.area < 0.4));
            assert!(
                rankings.iter().any(|case| case.edge == "all scores equal" && case.area == 0.5)
            );
            assert!(
                rankings.iter().any(|case| case.strange.iter().filter(|s| **s == 1).count() == 1)
            );
            assert!(
                rankings.iter().any(|case| case.strange.iter().filter(|s| **s == 1).count() > 300)
            );
            assert!(rankings.iter().all(|case| (0.0..=1.0).contains(&case.area)));
        }
    }
}
