//! Pictures of what was measured, built as data; the server draws them.

use ndarray::Array1;

use crate::link::Message;
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

/// The figure `errors`: the error of each tensor over all calls, beside the tolerance.
pub fn errors_figure(bars: &[(String, f64)], tolerance: f64) -> Figure {
    let worst = bars.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let alt = match worst {
        Some((name, error)) => format!(
            "Largest scaled difference of each returned tensor from the reference; the largest is \
             {name} with {error:.1e}, the tolerance {tolerance:.0e}."
        ),
        None => "No function returned anything that could be compared.".to_owned(),
    };
    let title = "Differences from the reference, by tensor";
    figure("errors", title, alt, errors(bars, tolerance))
}

/// The figure `confusion`: how often each class of hidden test images was taken for each.
pub fn confusion_figure(truth: &Array1<i64>, guesses: &[usize], classes: usize) -> Figure {
    let truth = truth.iter().map(|class| usize::try_from(*class).unwrap_or(usize::MAX));
    let pairs: Vec<(usize, usize)> = truth.zip(guesses.iter().copied()).collect();
    let right = pairs.iter().filter(|(truth, guess)| truth == guess).count();
    let alt = format!("Of {} hidden test images {right} lie on the diagonal.", pairs.len());
    let title = "Hidden test images: class given by class";
    figure("confusion", title, alt, confusion(pairs, classes))
}

/// The figure `curve`: the learning curve that a reply of training may carry as `curve`, (E, 2), finite, at
/// most 2,000 epochs; `names` are its two columns. None if there is none or it is anything else.
pub fn curve_figure(reply: &Message, names: [&str; 2]) -> Option<Figure> {
    let epochs = reply.tensor("curve").and_then(|tensor| match tensor.shape() {
        [epochs @ 1..=2000, 2] => Some(*epochs),
        _ => None,
    })?;
    let curve = reply.matrix("curve", (epochs, 2)).ok()?;
    let line = |(column, name): (usize, &str)| {
        let values = curve.column(column);
        let points = values.iter().enumerate().map(|(e, v)| [(e + 1) as f64, *v]).collect();
        (name.to_owned(), points)
    };
    let series = names.into_iter().enumerate().map(line);
    let plot = lines(axis("epoch", ""), axis("loss in nats, accuracy", ""), series);
    let alt = format!(
        "{} and {} over {epochs} epochs, as the submission reports them.",
        names[0], names[1]
    );
    let mut figure = figure("curve", "Learning curve, as reported by the submission", alt, plot);
    figure.reported_by_subject = true;
    Some(figure)
}
