//! Figures of a report drawn as SVG: a text alternative in each, axes with units, colours from the
//! stylesheet so that they fit light and dark, and lines told apart by their dashes too.

mod chart;
mod matrix;
mod scale;

use std::fmt::Write as _;

use testat_kit::report::{Figure, Plot};

pub(super) use scale::number;

/// The figure as an SVG element.
///
/// Every text in it is escaped and every coordinate is a finite number, whatever the data.
pub fn svg(figure: &Figure) -> String {
    let (width, height, body) = match &figure.plot {
        Plot::Lines { x, y, series } => chart::lines(x, y, series),
        Plot::Bars { labels, values, y, limit } => chart::bars(labels, values, y, *limit),
        Plot::Raster { x, spikes } => chart::raster(x, spikes),
        Plot::Matrix { rows, columns, values, row_label, column_label } => {
            matrix::draw((rows, row_label), (columns, column_label), values)
        }
    };
    let id: String = figure.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!(
        "<svg class=\"figure\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
         aria-labelledby=\"title-{id} desc-{id}\" xmlns=\"http://www.w3.org/2000/svg\">\
         <title id=\"title-{id}\">{}</title><desc id=\"desc-{id}\">{}</desc>{body}</svg>",
        escape(&figure.title),
        escape(&figure.alt)
    )
}

/// Width, height and elements of a picture.
type Drawn = (f64, f64, String);

/// About the width of a character of a figure's text.
const CHARACTER: f64 = 6.6;

/// A text's width, about.
fn width_of(text: &str) -> f64 {
    CHARACTER * f64::from(u16::try_from(text.chars().count()).unwrap_or(u16::MAX))
}

/// The text's start, with a sign that there is more.
fn cut(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    text.chars().take(characters.saturating_sub(1)).chain(['…']).collect()
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

/// The elements of a picture as they are drawn. Writing to a string can't fail.
#[derive(Default)]
struct Pen(String);

impl Pen {
    fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = write!(
            self.0,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(self.0, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
    }

    fn dot(&mut self, class: &str, (x, y): (f64, f64)) {
        let _ = write!(self.0, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>");
    }

    /// A rectangle with what shows when it is pointed at.
    fn cell(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        (w, h): (f64, f64),
        opacity: f64,
        words: &str,
    ) {
        let _ = write!(
            self.0,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" \
             fill-opacity=\"{opacity:.2}\"><title>{}</title></rect>",
            escape(words)
        );
    }

    fn text(&mut self, class: &str, anchor: &str, (x, y): (f64, f64), words: &str) {
        let _ = write!(
            self.0,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(words)
        );
    }

    fn turned(&mut self, class: &str, anchor: &str, (x, y): (f64, f64), degrees: i16, words: &str) {
        let _ = write!(
            self.0,
            "<text class=\"{class}\" transform=\"translate({x:.1} {y:.1}) rotate({degrees})\" \
             text-anchor=\"{anchor}\">{}</text>",
            escape(words)
        );
    }
}
