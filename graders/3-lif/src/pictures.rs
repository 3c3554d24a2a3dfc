//! What a report of this project shows.

use ndarray::{Array1, Array2, ArrayView1};
use testat_kit::figure::{axis, figure, lines};
use testat_kit::report::{Audience, Axis, Figure, Plot};
use testat_kit::words::number;

use crate::components::band;
use crate::draws::{Case, Sweep};
use crate::identification::{Found, NAMES, errors as in_tolerances};
use crate::reference::rate;

/// Points of one line: enough for the eye, and small in a report.
const POINTS: usize = 300;
/// Length in ms of what is shown of a membrane potential.
const SHOWN: f64 = 100.0;

/// Two membrane potentials and all spikes of one call, the reference beside them.
pub fn of_run(case: &Case, v: &Array2<f64>, s: &Array2<u8>) -> Vec<Figure> {
    let mut figures: Vec<Figure> = [("trace", 0), ("trace-other", 1)]
        .into_iter()
        .filter_map(|(id, n)| trace(id, n, case, v))
        .collect();
    figures.push(raster(case, s));
    figures
}

/// The membrane potential of neuron `n`: the submission's, the reference's and the threshold.
fn trace(id: &str, n: usize, case: &Case, v: &Array2<f64>) -> Option<Figure> {
    let rows = |all: &Array2<f64>| all.rows().into_iter().nth(n).map(|row| row.to_vec());
    let (got, expected) = (rows(v)?, rows(&case.run.v)?);
    let end = ((SHOWN / case.dt) as usize).min(got.len());
    let every = end.div_ceil(POINTS).max(1);
    let line = |values: &[f64]| -> Vec<[f64; 2]> {
        let points = values.iter().take(end).enumerate().step_by(every);
        points.map(|(k, v)| [rounded(k as f64 * case.dt), rounded(v.clamp(-1e4, 1e4))]).collect()
    };
    let last = rounded(end.saturating_sub(1) as f64 * case.dt);
    let theta = rounded(case.neuron.theta);
    let most = got.iter().zip(&expected).take(end).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
    let alt = format!(
        "Membrane potential of neuron {n} over the first {last} ms, as the submission and as the reference \
         have it, with the threshold at {theta} mV; they differ by at most {} mV.",
        number(most)
    );
    let plot = lines(
        axis("time", "ms"),
        axis("membrane potential", "mV"),
        [
            ("reference".to_owned(), line(&expected)),
            ("submission".to_owned(), line(&got)),
            ("threshold".to_owned(), vec![[0.0, theta], [last, theta]]),
        ],
    );
    Some(figure(id, &format!("Membrane potential of neuron {n}"), alt, plot))
}

/// The spikes of each neuron, the submission's and below them the reference's.
fn raster(case: &Case, s: &Array2<u8>) -> Figure {
    let times = |row: ArrayView1<'_, u8>| -> Vec<f64> {
        let fired = row.iter().enumerate().filter(|(_, s)| **s == 1);
        // A wrong solution may fire at every step: a picture needs no more than this.
        fired.take(POINTS).map(|(k, _)| rounded(k as f64 * case.dt)).collect()
    };
    let pairs = s.rows().into_iter().zip(case.run.s.rows());
    let spikes = pairs.flat_map(|(got, expected)| [times(got), times(expected)]).collect();
    let count = |all: &Array2<u8>| all.iter().filter(|s| **s == 1).count();
    let alt = format!(
        "Spikes of {} neurons over {} ms, two rows each: first the submission's, {} in all, then the \
         reference's, {} in all.",
        s.nrows(),
        number(s.ncols() as f64 * case.dt),
        count(s),
        count(&case.run.s)
    );
    let title = "Spikes: for each neuron the submission's row, then the reference's";
    figure("raster", title, alt, Plot::Raster { x: axis("time", "ms"), spikes })
}

/// The rates returned over the current, with the closed form and the band that passes.
pub fn fi_curve(sweep: &Sweep, got: &Array1<f64>) -> Figure {
    let neuron = &sweep.neuron;
    let (low, high) = sweep
        .current
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), i| (l.min(*i), h.max(*i)));
    let along: Vec<f64> = (0..=100).map(|k| low + (high - low) * f64::from(k) / 100.0).collect();
    let line = |name: &str, value: &dyn Fn(f64) -> f64| {
        (name.to_owned(), along.iter().map(|i| [rounded(*i), rounded(value(*i))]).collect())
    };
    let mut points: Vec<[f64; 2]> = sweep
        .current
        .iter()
        .zip(got)
        .map(|(i, f)| [rounded(*i), rounded(f.clamp(-1e5, 1e5))])
        .collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let plot = lines(
        axis("input current", "nA"),
        axis("firing rate", "Hz"),
        [
            ("submission".to_owned(), points),
            line("closed form", &|i| rate(i, neuron)),
            line("lowest that passes", &|i| band(i, neuron).0),
            line("highest that passes", &|i| band(i, neuron).1),
        ],
    );
    let errors = crate::components::errors(got, sweep);
    let outside = errors.iter().filter(|error| **error > 1.0).count();
    let alt = format!(
        "Firing rate over input current from {} to {} nA; the rheobase is {} nA. Of {} rates returned, {outside} \
         lie outside the band that passes.",
        number(low),
        number(high),
        number(neuron.rheobase()),
        got.len()
    );
    figure("fi", "f-I curve", alt, plot)
}

/// The largest error of each parameter in tolerances.
pub fn errors(bars: &[(String, f64)]) -> Figure {
    let worst = bars.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let alt = match worst {
        Some((name, error)) => format!(
            "Largest error of each parameter that `identify` returned, in units of its tolerance; the \
             largest is that of {name} with {error:.1e}."
        ),
        None => "`identify` returned nothing that could be compared.".to_owned(),
    };
    // A logarithm has no 0.
    let drawn = |value: f64| if value.is_finite() { value.clamp(1e-12, 1e6) } else { 1e6 };
    let plot = Plot::Bars {
        labels: bars.iter().map(|(label, _)| label.clone()).collect(),
        values: bars.iter().map(|(_, value)| drawn(*value)).collect(),
        y: Axis { label: "largest error in tolerances".to_owned(), unit: String::new(), log: true },
        limit: Some(1.0),
    };
    figure("identified", "The unknown neurons: error of each parameter", alt, plot)
}

/// True and estimated parameters of each recording, for instructors.
pub fn parameters(found: &[Found<'_>]) -> Figure {
    let mut columns = Vec::new();
    let mut values = vec![Vec::new(); NAMES.len()];
    let mut outside = 0;
    for (at, Found { recording, p }) in found.iter().enumerate() {
        columns.extend([format!("true {}", at + 1), format!("found {}", at + 1)]);
        let truth = recording.neuron.vector();
        for ((row, truth), p) in values.iter_mut().zip(&truth).zip(p) {
            row.extend([rounded(*truth), rounded(p.clamp(-1e6, 1e6))]);
        }
        outside += in_tolerances(p, recording).iter().filter(|error| **error > 1.0).count();
    }
    let plot = Plot::Matrix {
        rows: NAMES.iter().map(|(name, unit)| format!("{name} in {unit}")).collect(),
        columns,
        values,
        row_label: "parameter".to_owned(),
        column_label: "recording".to_owned(),
    };
    let alt = format!(
        "True and estimated parameters of {} recordings; {outside} lie outside their tolerance.",
        found.len()
    );
    let mut figure = figure("parameters", "The unknown neurons: true and estimated", alt, plot);
    figure.audience = Audience::Instructors;
    figure
}

/// Three digits are enough for a picture, and keep the report small.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
