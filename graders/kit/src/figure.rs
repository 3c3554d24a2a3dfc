//! Pictures of what was measured, built as data; the server draws them.

use crate::report::{Audience, Axis, Figure, Plot, Series};

/// An axis with a linear scale.
pub fn axis(label: &str, unit: &str) -> Axis {
    Axis { label: label.to_owned(), unit: unit.to_owned(), log: false }
}

/// A figure for everyone, measured by the harness.
pub fn figure(id: &str, title: &str, alt: impl Into<String>, plot: Plot) -> Figure {
    Figure {
        id: id.to_owned(),
        title: title.to_owned(),
        alt: alt.into(),
        audience: Audience::Everyone,
        reported_by_subject: false,
        plot,
    }
}

/// One bar for each error on a logarithmic axis, beside its tolerance. An error of 0 is drawn at 1e-17,
/// since a logarithm has no 0, and one that is not finite at 1e3.
pub fn errors(bars: &[(String, f64)], tolerance: f64) -> Plot {
    let drawn = |value: f64| if value.is_finite() { value.clamp(1e-17, 1e3) } else { 1e3 };
    Plot::Bars {
        labels: bars.iter().map(|(label, _)| label.clone()).collect(),
        values: bars.iter().map(|(_, value)| drawn(*value)).collect(),
        y: Axis { label: "largest scaled difference".to_owned(), unit: String::new(), log: true },
        limit: Some(tolerance),
    }
}

/// How often each class (row) was taken for each (column). Classes outside 0..`classes` are left out.
pub fn confusion(pairs: impl IntoIterator<Item = (usize, usize)>, classes: usize) -> Plot {
    let mut values = vec![vec![0.0; classes]; classes];
    for (truth, guess) in pairs {
        if let Some(cell) = values.get_mut(truth).and_then(|row| row.get_mut(guess)) {
            *cell += 1.0;
        }
    }
    let names: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
    Plot::Matrix {
        rows: names.clone(),
        columns: names,
        values,
        row_label: "true class".to_owned(),
        column_label: "class given".to_owned(),
    }
}

/// Named lines over a common horizontal axis; points that are not finite are left out.
pub fn lines(x: Axis, y: Axis, series: impl IntoIterator<Item = (String, Vec<[f64; 2]>)>) -> Plot {
    let series = series
        .into_iter()
        .map(|(name, mut points)| {
            points.retain(|point| point.iter().all(|value| value.is_finite()));
            Series { name, points }
        })
        .collect();
    Plot::Lines { x, y, series }
}
