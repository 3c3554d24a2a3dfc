//! What a report of this project shows beside the figures of the kit. Every number is of the harness's own
//! runs.

use testat_kit::figure::{axis, figure, lines};
use testat_kit::report::Figure;

use crate::own::{Beside, Own};
use crate::reference::Route;

/// One rule's runs.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The rule.
    pub route: Route,
    /// The reference run.
    pub own: &'a Own,
    /// What it is held against.
    pub beside: &'a Beside,
}

/// The angle between the transposed last weights and the feedback, epoch by epoch.
pub fn alignment(shown: &[Shown]) -> Figure {
    let series =
        shown.iter().map(|run| (run.route.name().to_owned(), by_epoch(&run.own.angles.weights)));
    let null = shown.iter().map(|run| run.own.angles.weights_null).fold(0.0, f64::max);
    let words = shown.iter().map(|run| ending(run.route.name(), &run.own.angles.weights));
    let alt = format!(
        "Angle between the transposed weights of the last layer and the feedback matrix, over the epochs of \
         our own runs: {}. Unrelated matrices lie at 90 degrees, give or take {:.1}.",
        words.collect::<Vec<_>>().join("; "),
        2.0 * null
    );
    let series = series.chain(band(null, epochs(shown)));
    let plot = lines(axis("epoch", ""), axis("angle", "degrees"), series);
    figure("alignment", "Forward weights turn towards the feedback", alt, plot)
}

/// The angle between each hidden layer's update and the true gradient, epoch by epoch.
pub fn updates(shown: &[Shown]) -> Figure {
    let named: Vec<(String, &[f64])> = shown
        .iter()
        .flat_map(|run| {
            let several = run.own.angles.updates.len() > 1;
            run.own.angles.updates.iter().enumerate().map(move |(hidden, angles)| {
                let layer = if several { format!(", W{hidden}") } else { String::new() };
                (format!("{}{layer}", run.route.name()), angles.as_slice())
            })
        })
        .collect();
    let null = shown.iter().map(|run| run.own.angles.updates_null).fold(0.0, f64::max);
    let words: Vec<String> = named.iter().map(|(name, angles)| ending(name, angles)).collect();
    let alt = format!(
        "Angle between the update of the hidden weights and the gradient of the loss, over the epochs of our \
         own runs: {}. Below 90 degrees a step goes downhill; with other feedback the angle is 90, give or \
         take {:.1}.",
        words.join("; "),
        2.0 * null
    );
    let series = named.iter().map(|(name, angles)| (name.clone(), by_epoch(angles)));
    let series = series.chain(band(null, epochs(shown)));
    let plot = lines(axis("epoch", ""), axis("angle", "degrees"), series);
    figure("updates", "Updates turn towards the gradient", alt, plot)
}

/// The share of hidden test images classified rightly, beside backpropagation under the same schedule.
pub fn accuracy(shown: &[Shown]) -> Figure {
    let mut series = Vec::new();
    let mut words = Vec::new();
    for run in shown {
        let name = run.route.name();
        series.push((name.to_owned(), run.beside.accuracy.clone()));
        series.push((format!("backprop, network of {name}"), run.beside.accuracy_backprop.clone()));
        let last = |curve: &[[f64; 2]]| curve.last().map_or(0.0, |point| 100.0 * point[1]);
        words.push(format!(
            "{name} ends at {:.1} %, backpropagation from the same start at {:.1} %",
            last(&run.beside.accuracy),
            last(&run.beside.accuracy_backprop)
        ));
    }
    let alt = format!(
        "Share of hidden test images classified rightly over the epochs of our own runs: {}. The start is so \
         small that backpropagation, which multiplies by it, hardly gets off the ground.",
        words.join("; ")
    );
    let plot = lines(axis("epoch", ""), axis("share classified rightly", ""), series);
    figure("accuracy", "Accuracy beside backpropagation from the same start", alt, plot)
}

/// Two lines that hold nearly all angles between things unrelated: 90 degrees, two deviations either side.
fn band(null: f64, epochs: usize) -> impl Iterator<Item = (String, Vec<[f64; 2]>)> {
    let line = move |angle: f64| vec![[0.0, rounded(angle)], [epochs as f64, rounded(angle)]];
    [("unrelated, upper", 90.0 + 2.0 * null), ("unrelated, lower", 90.0 - 2.0 * null)]
        .into_iter()
        .map(move |(name, angle)| (name.to_owned(), line(angle)))
}

fn by_epoch(values: &[f64]) -> Vec<[f64; 2]> {
    values.iter().enumerate().map(|(epoch, value)| [epoch as f64, rounded(*value)]).collect()
}

/// Two digits are enough for a picture, and keep the report small.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn epochs(shown: &[Shown]) -> usize {
    shown.iter().map(|run| run.own.angles.weights.len().saturating_sub(1)).max().unwrap_or_default()
}

fn ending(name: &str, values: &[f64]) -> String {
    let at = |value: Option<&f64>| value.copied().unwrap_or_default();
    format!("{name} from {:.0} to {:.0} degrees", at(values.first()), at(values.last()))
}
