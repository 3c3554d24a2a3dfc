//! What a report of this project shows beside the figures of the kit.

use testat_kit::figure::figure;
use testat_kit::glyph::SIDE;
use testat_kit::layer::Layer;
use testat_kit::report::{Audience, Figure, Plot};

/// How strongly each pixel drives the first layer: root mean square of its weights, by place.
pub fn first_layer(layer: &Layer) -> Figure {
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
