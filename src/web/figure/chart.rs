//! Figures with axes: lines, bars, spikes.

use testat_kit::report::{Axis, Series};

use super::scale::{Scale, number};
use super::{Drawn, Pen, cut, width_of};

const WIDTH: f64 = 560.0;
/// Height of the part between the axes.
const DEPTH: f64 = 240.0;
const LEFT: f64 = 68.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 16.0;
/// Room under a horizontal axis for its numbers and its name.
const UNDER: f64 = 52.0;
/// Height of one line of a legend.
const LEGEND_LINE: f64 = 18.0;
/// Colours of the stylesheet.
const COLOURS: usize = 7;
/// With no more points than this a series shows each as a dot.
const FEW: usize = 24;

/// The part between the axes.
#[derive(Clone, Copy)]
struct Frame {
    top: f64,
}

impl Frame {
    fn bottom(self) -> f64 {
        self.top + DEPTH
    }
    fn across(self) -> (f64, f64) {
        (LEFT, WIDTH - RIGHT)
    }
    fn up(self) -> (f64, f64) {
        (self.bottom(), self.top)
    }

    fn horizontal(self, pen: &mut Pen, axis: &Axis, scale: Scale) {
        let base = self.bottom();
        pen.line("axis", (LEFT, base), (WIDTH - RIGHT, base));
        for mark in scale.marks() {
            let x = scale.at(mark);
            pen.line("axis", (x, base), (x, base + 4.0));
            pen.text("tick", "middle", (x, base + 18.0), &number(mark));
        }
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        pen.text("label", "middle", (middle, base + 40.0), &name_of(axis));
    }

    fn vertical(self, pen: &mut Pen, axis: &Axis, scale: Scale) {
        pen.line("axis", (LEFT, self.top), (LEFT, self.bottom()));
        for mark in scale.marks() {
            let y = scale.at(mark);
            pen.line("rule", (LEFT, y), (WIDTH - RIGHT, y));
            pen.text("tick", "end", (LEFT - 8.0, y + 4.0), &number(mark));
        }
        self.upright(pen, &name_of(axis));
    }

    fn upright(self, pen: &mut Pen, name: &str) {
        pen.turned("label", "middle", (14.0, f64::midpoint(self.top, self.bottom())), -90, name);
    }
}

fn name_of(axis: &Axis) -> String {
    let log = if axis.log { " (log)" } else { "" };
    match axis.unit.as_str() {
        "" => format!("{}{log}", axis.label),
        unit => format!("{} [{unit}]{log}", axis.label),
    }
}

fn many(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

pub(super) fn lines(x: &Axis, y: &Axis, series: &[Series]) -> Drawn {
    let points = || series.iter().flat_map(|one| one.points.iter());
    let mut pen = Pen::default();
    let frame = Frame { top: TOP + legend(&mut pen, series) };
    let across = Scale::over(points().map(|p| p[0]), x.log, frame.across());
    let up = Scale::over(points().map(|p| p[1]), y.log, frame.up());
    frame.vertical(&mut pen, y, up);
    frame.horizontal(&mut pen, x, across);
    for (index, one) in series.iter().enumerate() {
        let colour = index % COLOURS;
        // A point that is no number breaks the line: it must not look measured.
        for run in one.points.split(|point| !point.iter().all(|value| value.is_finite())) {
            let places: Vec<(f64, f64)> =
                run.iter().map(|point| (across.at(point[0]), up.at(point[1]))).collect();
            pen.path(&format!("line series-{colour}"), &places);
            if one.points.len() <= FEW {
                places.iter().for_each(|place| pen.dot(&format!("dot fill-{colour}"), *place));
            }
        }
    }
    (WIDTH, frame.bottom() + UNDER, pen.0)
}

/// Names the lines above the picture, where nothing lies under them; says how high it is.
fn legend(pen: &mut Pen, series: &[Series]) -> f64 {
    const SAMPLE: f64 = 28.0;
    if series.iter().all(|one| one.name.is_empty()) {
        return 0.0;
    }
    let (mut x, mut row) = (LEFT, 0.0);
    for (index, one) in series.iter().enumerate() {
        let name = cut(&one.name, 60);
        let width = SAMPLE + 6.0 + width_of(&name) + 18.0;
        if x > LEFT && x + width > WIDTH - RIGHT {
            (x, row) = (LEFT, row + 1.0);
        }
        let y = 10.0 + row * LEGEND_LINE;
        pen.line(&format!("line series-{}", index % COLOURS), (x, y), (x + SAMPLE, y));
        pen.text("tick", "start", (x + SAMPLE + 6.0, y + 4.0), &name);
        x += width;
    }
    (row + 1.0) * LEGEND_LINE
}

pub(super) fn bars(labels: &[String], values: &[f64], y: &Axis, limit: Option<f64>) -> Drawn {
    let frame = Frame { top: TOP };
    let zero = (!y.log).then_some(0.0);
    let all = values.iter().copied().chain(limit).chain(zero);
    let up = Scale::over(all, y.log, frame.up());
    let ground = zero.map_or(frame.bottom(), |zero| up.at(zero));
    let mut pen = Pen::default();
    frame.vertical(&mut pen, y, up);
    pen.line("axis", (LEFT, ground), (WIDTH - RIGHT, ground));

    let names: Vec<String> = labels.iter().map(|label| cut(label, 18)).collect();
    let step = (WIDTH - LEFT - RIGHT) / many(labels.len().max(1));
    let widest = names.iter().map(|name| width_of(name)).fold(0.0, f64::max);
    let turned = widest > step;
    // Names closer than their height would lie on each other.
    let every = (14.0 / step).ceil().max(1.0) as usize;
    for (index, ((label, name), value)) in labels.iter().zip(&names).zip(values).enumerate() {
        let x = LEFT + step * many(index);
        let (top, base) = (up.at(*value).min(ground), up.at(*value).max(ground));
        let over = !value.is_finite() || limit.is_some_and(|limit| *value > limit);
        let class = if over { "bar over" } else { "bar" };
        let words = format!("{label}: {}", number(*value));
        let size = (step * 0.7, (base - top).max(1.0));
        pen.cell(class, (x + step * 0.15, top.min(frame.bottom() - 1.0)), size, 1.0, &words);
        let middle = (x + step / 2.0, frame.bottom() + 18.0);
        match turned {
            true if index % every == 0 => {
                pen.turned("tick", "end", (middle.0 + 4.0, middle.1 - 4.0), -45, name);
            }
            true => {}
            false => pen.text("tick", "middle", middle, name),
        }
    }
    if let Some(limit) = limit {
        let at = up.at(limit);
        pen.line("limit", (LEFT, at), (WIDTH - RIGHT, at));
        pen.text("tick", "end", (WIDTH - RIGHT, at - 5.0), &format!("limit {}", number(limit)));
    }
    let under = if turned { 20.0 + widest * 0.75 } else { 30.0 };
    (WIDTH, frame.bottom() + under, pen.0)
}

pub(super) fn raster(x: &Axis, spikes: &[Vec<f64>]) -> Drawn {
    let frame = Frame { top: TOP };
    let across = Scale::over(spikes.iter().flatten().copied(), x.log, frame.across());
    let step = DEPTH / many(spikes.len().max(1));
    let mut pen = Pen::default();
    frame.horizontal(&mut pen, x, across);
    pen.line("axis", (LEFT, frame.top), (LEFT, frame.bottom()));
    frame.upright(&mut pen, "neuron");
    let every = (14.0 / step).ceil().max(1.0) as usize;
    for (row, times) in spikes.iter().enumerate() {
        let top = frame.top + step * many(row);
        if row % every == 0 {
            let middle = top + step / 2.0 + 4.0;
            pen.text("tick", "end", (LEFT - 8.0, middle), &row.to_string());
        }
        for time in times.iter().filter(|time| time.is_finite()) {
            let at = across.at(*time);
            pen.line("spike", (at, top + step * 0.1), (at, top + step * 0.9));
        }
    }
    (WIDTH, frame.bottom() + UNDER, pen.0)
}
