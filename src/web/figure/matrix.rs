//! A heat map with the number in each cell.

use super::{Drawn, Pen, cut, number, width_of};

const CELL: f64 = 36.0;
const ROOM: f64 = 8.0;
/// Room for the name of an axis.
const NAME: f64 = 28.0;
/// A cell can't hold more of a column's name.
const COLUMN_CHARACTERS: usize = 5;
const ROW_CHARACTERS: usize = 16;

/// Draws rows (from the top) by columns; cells that are missing or no numbers stay empty.
pub(super) fn draw(
    (rows, row_label): (&[String], &str),
    (columns, column_label): (&[String], &str),
    values: &[Vec<f64>],
) -> Drawn {
    let rows_shown: Vec<String> = rows.iter().map(|name| cut(name, ROW_CHARACTERS)).collect();
    let widest = rows_shown.iter().map(|name| width_of(name)).fold(0.0, f64::max);
    let (left, top) = (NAME + widest + ROOM, NAME + 24.0);
    let (across, down) = (CELL * count(columns), CELL * count(rows));
    let (low, high) = range(values);

    let mut pen = Pen::default();
    pen.text("label", "middle", (left + across / 2.0, 18.0), column_label);
    pen.turned("label", "middle", (18.0, top + down / 2.0), -90, row_label);
    for (x, name) in places(left).zip(columns) {
        pen.text("tick", "middle", (x + CELL / 2.0, top - 8.0), &cut(name, COLUMN_CHARACTERS));
    }
    for ((y, shown), (name, row)) in places(top).zip(&rows_shown).zip(rows.iter().zip(values)) {
        pen.text("tick", "end", (left - 6.0, y + CELL * 0.6), shown);
        for ((x, column), value) in places(left).zip(columns).zip(row) {
            if !value.is_finite() {
                continue;
            }
            let part = ((value - low) / (high - low)).clamp(0.0, 1.0);
            let words = format!("{row_label} {name}, {column_label} {column}: {}", number(*value));
            pen.cell("cell", (x, y), (CELL, CELL), part, &words);
            pen.text("tick", "middle", (x + CELL / 2.0, y + CELL * 0.6), &short(*value));
        }
    }
    (left + across + ROOM, top + down + ROOM, pen.0)
}

/// Where cell after cell begins.
fn places(start: f64) -> impl Iterator<Item = f64> {
    (0_u16..).map(move |index| start + CELL * f64::from(index))
}

fn count(names: &[String]) -> f64 {
    f64::from(u16::try_from(names.len()).unwrap_or(u16::MAX))
}

/// Smallest and largest value, from zero where nothing is negative.
fn range(values: &[Vec<f64>]) -> (f64, f64) {
    let finite = values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    if high > low { (low.max(-1e150), high.min(1e150)) } else { (low, low + 1.0) }
}

/// A number that fits a cell.
fn short(value: f64) -> String {
    let size = value.abs();
    if size < 1e4 && value == value.trunc() {
        return format!("{value:.0}");
    }
    match size {
        1e4.. => format!("{value:.0e}"),
        100.0.. => format!("{value:.0}"),
        0.005.. => format!("{value:.2}"),
        _ => format!("{value:.0e}"),
    }
}
