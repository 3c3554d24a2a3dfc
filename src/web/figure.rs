//! Figures of a report drawn as SVG: text alternatives, axes with units, colours from the
//! stylesheet so that they fit light and dark.

use std::fmt::Write as _;

use testat_kit::report::{Axis, Figure, Plot, Series};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 56.0;
const TICKS: usize = 5;

/// The figure as an SVG element, every text in it escaped.
pub fn svg(figure: &Figure) -> String {
    let (width, height, body) = match &figure.plot {
        Plot::Lines { x, y, series } => (WIDTH, HEIGHT, lines(x, y, series)),
        Plot::Bars { labels, values, y, limit } => (WIDTH, HEIGHT, bars(labels, values, y, *limit)),
        Plot::Raster { x, spikes } => (WIDTH, HEIGHT, raster(x, spikes)),
        Plot::Matrix { rows, columns, values, row_label, column_label } => {
            matrix(rows, columns, values, row_label, column_label)
        }
    };
    format!(
        "<svg class=\"figure\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title>{}</title><desc>{}</desc>{body}</svg>",
        escape(&figure.alt),
        escape(&figure.title),
        escape(&figure.alt)
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in super::page::visible(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// From values to a stretch of pixels.
struct Scale {
    log: bool,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Over all finite values that the axis can show, with a little room.
    fn over(values: impl Iterator<Item = f64>, log: bool, from: f64, to: f64) -> Self {
        let shown = values
            .filter(|v| v.is_finite() && (!log || *v > 0.0))
            .map(|v| if log { v.log10() } else { v });
        let (mut low, mut high) =
            shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if !low.is_finite() {
            (low, high) = (0.0, 1.0);
        }
        if log {
            (low, high) = (low.floor(), high.ceil());
        }
        if high - low < 1e-12 {
            (low, high) = (low - 0.5, high + 0.5);
        }
        Self { log, low, high, from, to }
    }

    /// Where a value lies; what the axis can't show lies at its lower end.
    fn at(&self, value: f64) -> f64 {
        let value = match (self.log, value > 0.0) {
            (true, true) => value.log10(),
            (true, false) => self.low,
            (false, _) => value,
        };
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + part * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.log {
            let decades = (self.high - self.low).max(1.0);
            let step = (decades / TICKS as f64).ceil().max(1.0);
            let count = (decades / step) as usize;
            return (0..=count).map(|i| 10_f64.powf(self.low + step * i as f64)).collect();
        }
        let rough = (self.high - self.low) / TICKS as f64;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|m| m * magnitude)
            .into_iter()
            .find(|s| *s >= rough)
            .unwrap_or(rough);
        let first = (self.low / step).ceil();
        let count = ((self.high / step).floor() - first).max(0.0) as usize;
        (0..=count.min(20)).map(|i| (first + i as f64) * step).collect()
    }
}

fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn label_of(axis: &Axis) -> String {
    let unit = if axis.unit.is_empty() { String::new() } else { format!(" [{}]", axis.unit) };
    escape(&format!("{}{unit}", axis.label))
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, class: &str, words: &str) {
    let _ = write!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

fn horizontal(out: &mut String, axis: &Axis, scale: &Scale) {
    let base = HEIGHT - BOTTOM;
    let _ = write!(
        out,
        "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{base}\" x2=\"{}\" y2=\"{base}\"/>",
        WIDTH - RIGHT
    );
    for tick in scale.ticks() {
        let x = scale.at(tick);
        let _ = write!(
            out,
            "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{base}\" x2=\"{x:.1}\" y2=\"{}\"/>",
            base + 4.0
        );
        text(out, x, base + 18.0, "middle", "tick", &number(tick));
    }
    text(out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14.0, "middle", "label", &label_of(axis));
}

fn vertical(out: &mut String, axis: &Axis, scale: &Scale) {
    let _ = write!(
        out,
        "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{TOP}\" x2=\"{LEFT}\" y2=\"{}\"/>",
        HEIGHT - BOTTOM
    );
    for tick in scale.ticks() {
        let y = scale.at(tick);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\"/>",
            WIDTH - RIGHT
        );
        text(out, LEFT - 8.0, y + 4.0, "end", "tick", &number(tick));
    }
    let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    let _ = write!(
        out,
        "<text class=\"label\" transform=\"translate(16 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        label_of(axis)
    );
}

fn lines(x: &Axis, y: &Axis, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|s| s.points.iter());
    let across = Scale::over(points().map(|p| p[0]), x.log, LEFT, WIDTH - RIGHT);
    let up = Scale::over(points().map(|p| p[1]), y.log, HEIGHT - BOTTOM, TOP);
    let mut out = String::new();
    vertical(&mut out, y, &up);
    horizontal(&mut out, x, &across);
    for (index, one) in series.iter().enumerate() {
        let finite = one.points.iter().filter(|p| p[0].is_finite() && p[1].is_finite());
        let path: Vec<String> =
            finite.map(|p| format!("{:.1},{:.1}", across.at(p[0]), up.at(p[1]))).collect();
        let _ = write!(
            out,
            "<polyline class=\"line series-{}\" points=\"{}\"/>",
            index % 6,
            path.join(" ")
        );
        let row = TOP + 14.0 * index as f64 + 6.0;
        let _ = write!(
            out,
            "<line class=\"line series-{}\" x1=\"{}\" y1=\"{row:.1}\" x2=\"{}\" y2=\"{row:.1}\"/>",
            index % 6,
            WIDTH - RIGHT - 150.0,
            WIDTH - RIGHT - 130.0
        );
        text(&mut out, WIDTH - RIGHT - 124.0, row + 4.0, "start", "tick", &escape(&one.name));
    }
    out
}

fn bars(labels: &[String], values: &[f64], y: &Axis, limit: Option<f64>) -> String {
    let low = if y.log { None } else { Some(0.0) };
    let up =
        Scale::over(values.iter().copied().chain(limit).chain(low), y.log, HEIGHT - BOTTOM, TOP);
    let mut out = String::new();
    vertical(&mut out, y, &up);
    let step = (WIDTH - LEFT - RIGHT) / labels.len().max(1) as f64;
    for (index, (label, value)) in labels.iter().zip(values).enumerate() {
        let x = LEFT + step * index as f64;
        let top = up.at(*value);
        let over = limit.is_some_and(|limit| *value > limit) || !value.is_finite();
        let _ = write!(
            out,
            "<rect class=\"bar{}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            if over { " over" } else { "" },
            x + step * 0.15,
            step * 0.7,
            (HEIGHT - BOTTOM - top).max(1.0)
        );
        text(&mut out, x + step / 2.0, HEIGHT - BOTTOM + 18.0, "middle", "tick", &escape(label));
    }
    if let Some(limit) = limit {
        let y = up.at(limit);
        let _ = write!(
            out,
            "<line class=\"limit\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\"/>",
            WIDTH - RIGHT
        );
        text(&mut out, WIDTH - RIGHT, y - 5.0, "end", "tick", &format!("limit {}", number(limit)));
    }
    out
}

fn raster(x: &Axis, spikes: &[Vec<f64>]) -> String {
    let across = Scale::over(spikes.iter().flatten().copied(), x.log, LEFT, WIDTH - RIGHT);
    let step = (HEIGHT - TOP - BOTTOM) / spikes.len().max(1) as f64;
    let mut out = String::new();
    horizontal(&mut out, x, &across);
    for (row, times) in spikes.iter().enumerate() {
        let top = TOP + step * row as f64;
        for time in times.iter().filter(|time| time.is_finite()) {
            let at = across.at(*time);
            let _ = write!(
                out,
                "<line class=\"line series-0\" x1=\"{at:.1}\" y1=\"{:.1}\" x2=\"{at:.1}\" y2=\"{:.1}\"/>",
                top + step * 0.1,
                top + step * 0.9
            );
        }
    }
    let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    let _ = write!(
        out,
        "<text class=\"label\" transform=\"translate(16 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">neuron</text>"
    );
    out
}

fn matrix(
    rows: &[String],
    columns: &[String],
    values: &[Vec<f64>],
    row_label: &str,
    column_label: &str,
) -> (f64, f64, String) {
    const CELL: f64 = 36.0;
    const EDGE: f64 = 64.0;
    let (width, height) =
        (EDGE + CELL * columns.len() as f64 + 8.0, EDGE + CELL * rows.len() as f64 + 8.0);
    let finite = values.iter().flatten().copied().filter(|v| v.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let span = if high > low { high - low } else { 1.0 };
    let mut out = String::new();
    for (i, row) in values.iter().enumerate().take(rows.len()) {
        let y = EDGE + CELL * i as f64;
        text(&mut out, EDGE - 6.0, y + CELL * 0.62, "end", "tick", &escape(&rows[i]));
        for (j, value) in row.iter().enumerate().take(columns.len()) {
            let x = EDGE + CELL * j as f64;
            let part = if value.is_finite() { ((value - low) / span).clamp(0.0, 1.0) } else { 0.0 };
            let _ = write!(
                out,
                "<rect class=\"cell\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{CELL}\" height=\"{CELL}\" fill-opacity=\"{part:.2}\"/>"
            );
            let class = if part > 0.55 { "tick on-cell" } else { "tick" };
            text(&mut out, x + CELL / 2.0, y + CELL * 0.62, "middle", class, &short(*value));
        }
    }
    for (j, column) in columns.iter().enumerate() {
        text(
            &mut out,
            EDGE + CELL * (j as f64 + 0.5),
            EDGE - 8.0,
            "middle",
            "tick",
            &escape(column),
        );
    }
    text(
        &mut out,
        EDGE + CELL * columns.len() as f64 / 2.0,
        22.0,
        "middle",
        "label",
        &escape(column_label),
    );
    let _ = write!(
        out,
        "<text class=\"label\" transform=\"translate(18 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        EDGE + CELL * rows.len() as f64 / 2.0,
        escape(row_label)
    );
    (width, height, out)
}

/// A number that fits a cell.
fn short(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e5 {
        return format!("{value:.0}");
    }
    format!("{value:.2}")
}
