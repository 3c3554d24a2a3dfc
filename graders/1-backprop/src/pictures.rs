//! What a report of this project shows.

use ndarray::{Array1, Array2};
use testat_kit::figure::{self, axis, figure};
use testat_kit::glyph::SIDE;
use testat_kit::report::{Audience, Figure, Plot};

use crate::reference::Layer;

/// The error of each tensor over all calls, beside the tolerance.
pub fn errors(bars: &[(String, f64)], tolerance: f64) -> Figure {
    let worst = bars.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let alt = match worst {
        Some((name, error)) => format!(
            "Largest scaled difference of each returned tensor from the reference; the largest is \
             {name} with {error:.1e}, the tolerance {tolerance:.0e}."
        ),
        None => "No function returned anything that could be compared.".to_owned(),
    };
    let title = "Differences from the reference, by tensor";
    figure("errors", title, alt, figure::errors(bars, tolerance))
}

/// How often each invented digit was taken for each.
pub fn confusion(truth: &Array1<i64>, guesses: &[usize]) -> Figure {
    let pairs = truth
        .iter()
        .zip(guesses)
        .filter_map(|(truth, guess)| usize::try_from(*truth).ok().map(|truth| (truth, *guess)));
    let right = truth.iter().zip(guesses).filter(|(t, g)| i64::try_from(**g) == Ok(**t)).count();
    let alt = format!("Of {} hidden test images {right} lie on the diagonal.", guesses.len());
    figure(
        "confusion",
        "Hidden test images: class given by class",
        alt,
        figure::confusion(pairs, 10),
    )
}

/// The learning curve that the submission reported, (E, 2): loss and accuracy of each epoch.
pub fn curve(curve: &Array2<f64>) -> Figure {
    let line = |column: usize| {
        let points =
            curve.column(column).iter().enumerate().map(|(e, v)| [(e + 1) as f64, *v]).collect();
        (
            ["training loss", "training accuracy"]
                .get(column)
                .copied()
                .unwrap_or_default()
                .to_owned(),
            points,
        )
    };
    let plot =
        figure::lines(axis("epoch", ""), axis("loss in nats, accuracy", ""), [line(0), line(1)]);
    let alt = format!(
        "Training loss and accuracy over {} epochs, as the submission reports them.",
        curve.nrows()
    );
    let mut figure = figure("curve", "Learning curve, as reported by the submission", alt, plot);
    figure.reported_by_subject = true;
    figure
}

/// How strongly each pixel drives the first layer: root mean square of its weights, by place.
pub fn first_layer(layer: &Layer<f64>) -> Figure {
    let strength = |pixel: usize| {
        let row = layer.w.rows().into_iter().nth(pixel);
        let square = row.and_then(|row| row.mapv(|w| w * w).mean()).unwrap_or_default().sqrt();
        // Two digits are enough for a picture, and keep the report small.
        (square.min(1e6) * 100.0).round() / 100.0
    };
    let values = (0..SIDE).map(|y| (0..SIDE).map(|x| strength(y * SIDE + x)).collect()).collect();
    let names = |prefix: &str| (0..SIDE).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>();
    let plot = Plot::Matrix {
        rows: names("y"),
        columns: names("x"),
        values,
        row_label: "pixel row".to_owned(),
        column_label: "pixel column".to_owned(),
    };
    let alt = "Root mean square of the first layer's weights at each pixel.";
    let mut figure = figure("first-layer", "First-layer weights by pixel", alt, plot);
    figure.audience = Audience::Instructors;
    figure
}
