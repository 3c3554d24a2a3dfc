//! What a report of this project shows beside the figures of the kit.

use ndarray::Array1;
use testat_kit::figure::{axis, figure, lines};
use testat_kit::glyph::CLASSES;
use testat_kit::layer::Layer;
use testat_kit::network::index;
use testat_kit::report::{Figure, Plot};
use testat_kit::words::percent;

/// Bins of the histogram of weights.
const BINS: usize = 40;
/// Right end of that histogram; larger weights are counted in the last bin.
const LARGEST: f64 = 1.0;

/// The submission's accuracy beside our own without regularisation; `thresholds` are those of `learn` and
/// `gain`.
pub fn beside(accuracy: f64, baseline: f64, thresholds: (f64, f64)) -> Figure {
    let (learn, gain) = thresholds;
    let bars = [
        ("without regularisation", baseline),
        ("that and the required gain", baseline + gain),
        ("this submission", accuracy),
    ];
    let plot = Plot::Bars {
        labels: bars.iter().map(|(name, _)| (*name).to_owned()).collect(),
        values: bars.iter().map(|(_, value)| *value).collect(),
        y: axis("share of hidden test images classified rightly", ""),
        limit: Some(learn),
    };
    let alt = format!(
        "Without regularisation {} of the hidden test images are classified rightly, with the submission's \
         weights {}; required are {} and {}.",
        percent(baseline),
        percent(accuracy),
        percent(learn),
        percent(baseline + gain)
    );
    figure("beside", "With and without regularisation", alt, plot)
}

/// The share of each class's hidden test images that is classified rightly.
pub fn classes(truth: &Array1<i64>, guesses: &[usize]) -> Figure {
    let share = |class: usize| {
        let own = truth.iter().zip(guesses).filter(|(truth, _)| index(**truth) == class);
        let (right, all) = own.fold((0, 0), |(right, all), (_, guess)| {
            (right + usize::from(*guess == class), all + 1)
        });
        right as f64 / f64::from(all.max(1))
    };
    let shares: Vec<f64> = (0..CLASSES).map(share).collect();
    let lowest = shares.iter().copied().fold(1.0, f64::min);
    let plot = Plot::Bars {
        labels: (0..CLASSES).map(|class| class.to_string()).collect(),
        values: shares,
        y: axis("share classified rightly", ""),
        limit: None,
    };
    let alt = format!("Accuracy for each of the ten classes; the lowest is {}.", percent(lowest));
    figure("classes", "Hidden test images: accuracy by class", alt, plot)
}

/// How large the weights are, beside those of our own training without regularisation.
pub fn weights(layers: &[Layer], unregularised: &[Layer]) -> Figure {
    let histogram = |layers: &[Layer]| -> Vec<[f64; 2]> {
        let mut counts = [0_u32; BINS];
        for w in layers.iter().flat_map(|layer| &layer.w) {
            let bin = (w.abs().min(LARGEST) / LARGEST * BINS as f64) as usize;
            if let Some(count) = counts.get_mut(bin.min(BINS - 1)) {
                *count += 1;
            }
        }
        let all: u32 = counts.iter().sum();
        let share = |count: u32| f64::from(count) / f64::from(all.max(1));
        let middle = |bin: usize| (bin as f64 + 0.5) * LARGEST / BINS as f64;
        counts.iter().enumerate().map(|(bin, count)| [middle(bin), share(*count)]).collect()
    };
    let series = [
        ("without regularisation".to_owned(), histogram(unregularised)),
        ("this submission".to_owned(), histogram(layers)),
    ];
    let plot =
        lines(axis("magnitude of a weight, |w|", ""), axis("share of all weights", ""), series);
    let alt = format!(
        "Histogram of the magnitudes of all weights. Their mean is {:.3} without regularisation and {:.3} in \
         this submission.",
        mean(unregularised),
        mean(layers)
    );
    figure("weights", "How large the weights are", alt, plot)
}

fn mean(layers: &[Layer]) -> f64 {
    let count: usize = layers.iter().map(|layer| layer.w.len()).sum();
    let sum: f64 = layers.iter().flat_map(|layer| &layer.w).map(|w| w.abs()).sum();
    sum / count.max(1) as f64
}
