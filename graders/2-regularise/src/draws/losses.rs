//! The validation losses that `early_stop` is asked with: each kind told until the mistake it is there for
//! would give another answer.

use testat_kit::draw::Stream;

use super::Case;
use crate::diagnosis::stopping::{Mistake, mistaken};
use crate::reference::{Watch, early_stop};

/// One call of `early_stop`, with the best epoch and the last.
pub type Story = Case<Watch, (i64, i64)>;

/// Nearest that a noisy loss may lie to the bound it must fall below, so that rounding can't turn the answer.
const GAP: f64 = 1e-6;

/// One kind of story: how many, what is special, how it is drawn, which mistakes it must show.
type Kind = (usize, &'static str, fn(&mut Stream) -> Watch, &'static [Mistake]);

const KINDS: [Kind; 10] = [
    (6, "", noisy, &[Mistake::OneTooMany]),
    (6, "", noisy, &[Mistake::OneTooFew]),
    (5, "losses that tie with the best exactly", ties, &[Mistake::TiesCount]),
    (4, "plateaus", plateaus, &[Mistake::TiesCount]),
    (
        6,
        "falls smaller than min_delta that add up",
        creeping,
        &[Mistake::AgainstPrevious, Mistake::Chases],
    ),
    (5, "falls of exactly min_delta", exact, &[Mistake::TiesCount]),
    (3, "a still lower loss after the last epoch", late, &[Mistake::LooksAhead]),
    (2, "losses that only fall", falling, &[]),
    (2, "losses that only rise", rising, &[Mistake::OneTooMany]),
    (1, "a single epoch", single, &[]),
];

/// The 41 calls of `early_stop`: exact ties, plateaus, falls of and below `min_delta`, and noisy losses, with
/// patience 1 to 5; last the first call again.
pub fn stories(stream: &mut Stream) -> Vec<Story> {
    let mut stories = Vec::new();
    for (count, edge, draw, mistakes) in KINDS {
        for _ in 0..count {
            stories.push(story(stream, edge, draw, mistakes));
        }
    }
    super::again(stories)
}

fn story(
    stream: &mut Stream,
    edge: &'static str,
    draw: fn(&mut Stream) -> Watch,
    mistakes: &[Mistake],
) -> Story {
    loop {
        let watch = draw(stream);
        let expected = early_stop(&watch);
        if mistakes.iter().all(|mistake| mistaken(&watch, *mistake) != expected) {
            return Case::fresh(edge, watch, expected);
        }
    }
}

/// A fall, a slow rise, and noise.
fn noisy(stream: &mut Stream) -> Watch {
    loop {
        let (epochs, rise) = (stream.between(8, 39), stream.uniform(0.0, 0.02));
        // exp(-1/8), as products alone: the same on every machine.
        let fall: f64 = 0.882_496_902_584_595_4;
        let min_delta = if stream.chance(0.5) { 0.0 } else { stream.uniform(0.005, 0.03) };
        let val: Vec<f64> = (0..epochs)
            .map(|i| fall.powi(i as i32) + rise * i as f64 + 0.03 * stream.normal())
            .collect();
        let watch = Watch { val, patience: patience(stream, 5), min_delta };
        if clear(&watch) {
            return watch;
        }
    }
}

/// No loss comes near the bound below which it would improve.
fn clear(watch: &Watch) -> bool {
    let mut best = f64::INFINITY;
    watch.val.iter().all(|loss| {
        let bound = best - watch.min_delta;
        if *loss < bound {
            best = *loss;
        }
        (loss - bound).abs() > GAP
    })
}

/// All losses in sixteenths, many of them equal.
fn ties(stream: &mut Stream) -> Watch {
    let epochs = stream.between(6, 20);
    let lowest = stream.between(2, 8);
    let val = (0..epochs)
        .map(|i| {
            let above = (8 - i.min(8)) + if stream.chance(0.5) { 0 } else { stream.below(4) };
            (lowest + above) as f64 / 16.0
        })
        .collect();
    Watch { val, patience: patience(stream, 5), min_delta: 0.0 }
}

/// Runs of equal losses, each run lower than the one before.
fn plateaus(stream: &mut Stream) -> Watch {
    let (mut level, mut val) = (stream.between(16, 24), Vec::new());
    for _ in 0..stream.between(3, 5) {
        let run = stream.between(1, 6);
        val.extend(vec![level as f64 / 8.0; run]);
        level -= stream.between(1, 3);
    }
    Watch { val, patience: patience(stream, 4), min_delta: 0.0 }
}

/// Falls of three to seven eighths of `min_delta`, then a rise.
fn creeping(stream: &mut Stream) -> Watch {
    let (min_delta, mut loss) = (1.0 / 32.0, 2.0);
    let mut val = vec![loss];
    for _ in 0..stream.between(8, 20) {
        loss -= min_delta * stream.between(3, 7) as f64 / 8.0;
        val.push(loss);
    }
    for _ in 0..stream.between(2, 6) {
        loss += min_delta * stream.below(3) as f64;
        val.push(loss);
    }
    Watch { val, patience: stream.between(2, 4) as i64, min_delta }
}

/// Falls of no, one and two times `min_delta`.
fn exact(stream: &mut Stream) -> Watch {
    let min_delta = 1.0 / [16.0, 32.0, 64.0].get(stream.below(3)).copied().unwrap_or(16.0);
    let (mut loss, mut val) = (2.0, Vec::new());
    for _ in 0..stream.between(6, 16) {
        val.push(loss);
        loss -= min_delta * stream.below(3) as f64;
    }
    Watch { val, patience: patience(stream, 4), min_delta }
}

/// A minimum, a rise longer than the patience, and a lower minimum that is never seen.
fn late(stream: &mut Stream) -> Watch {
    let patience = patience(stream, 4);
    let mut val: Vec<f64> = (0..stream.between(3, 8)).map(|i| 3.0 - 0.125 * i as f64).collect();
    val.extend((0..patience + 2).map(|i| 3.0 + 0.125 * i as f64));
    val.extend((0..stream.between(2, 5)).map(|i| 1.0 - 0.125 * i as f64));
    Watch { val, patience, min_delta: 0.0 }
}

fn falling(stream: &mut Stream) -> Watch {
    let val = (0..stream.between(5, 20)).map(|i| 4.0 - 0.125 * i as f64).collect();
    Watch { val, patience: patience(stream, 5), min_delta: 1.0 / 16.0 }
}

fn rising(stream: &mut Stream) -> Watch {
    let val = (0..stream.between(8, 20)).map(|i| 1.0 + 0.125 * i as f64).collect();
    Watch { val, patience: patience(stream, 5), min_delta: 0.0 }
}

fn single(stream: &mut Stream) -> Watch {
    Watch { val: vec![stream.uniform(0.5, 3.0)], patience: patience(stream, 5), min_delta: 0.0 }
}

fn patience(stream: &mut Stream, most: usize) -> i64 {
    stream.between(1, most) as i64
}
