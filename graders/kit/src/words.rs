//! The words of a check: what came, what was expected, where, in numbers short enough for a person.

use crate::check::{Worst, scaled_err, worst};
use crate::layer::Layer;
use crate::network::sizes_of;

/// `params of 5-4-3 (2 layers)`.
pub fn params(layers: &[Layer]) -> String {
    let sizes: Vec<String> = sizes_of(layers).iter().map(ToString::to_string).collect();
    let plural = if layers.len() == 1 { "" } else { "s" };
    format!("params of {} ({} layer{plural})", sizes.join("-"), layers.len())
}

/// ` (a single sample)`; nothing for an empty text.
pub fn aside(edge: &str) -> String {
    if edge.is_empty() { String::new() } else { format!(" ({edge})") }
}

/// `97.5 %` of a share between 0 and 1.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// `logits[2, 1] is 0.4312, expected 1.032`.
pub fn entry(name: &str, at: &Worst) -> String {
    let index: Vec<String> = at.index.iter().map(ToString::to_string).collect();
    format!("{name}[{}] is {}, expected {}", index.join(", "), number(at.got), number(at.expected))
}

/// Where two lists of layers differ most, tensor by tensor scaled, in words.
pub fn layers_entry(prefix: &str, got: &[Layer], expected: &[Layer]) -> Option<String> {
    let mut found: Option<(f64, String)> = None;
    for (l, (got, expected)) in got.iter().zip(expected).enumerate() {
        let w = (scaled_err(&got.w, &expected.w), worst(&got.w, &expected.w), "W");
        let b = (scaled_err(&got.b, &expected.b), worst(&got.b, &expected.b), "b");
        for (error, place, letter) in [w, b] {
            if let Some(place) = place
                && found.as_ref().is_none_or(|(most, _)| error > *most)
            {
                found = Some((error, entry(&format!("{prefix}{letter}{l}"), &place)));
            }
        }
    }
    found.map(|(_, words)| words)
}

/// A number in four significant digits, short for a person.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let digits = if size >= 1000.0 {
            1
        } else if size >= 1.0 {
            3
        } else {
            5
        };
        format!("{value:.digits$}")
    } else {
        format!("{value:.3e}")
    }
}

/// A difference or a tolerance, short for a person; a count is a whole number.
pub fn error(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e6).contains(&value) {
        format!("{value:.0}")
    } else if (0.01..1e4).contains(&value) {
        format!("{value:.2}")
    } else {
        format!("{value:.0e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_rounded_to_nothing() {
        let all = [-0.0, 1.23456, -0.012345, 1234.56, 1e-7, 2.5e9].map(number);
        assert_eq!(all, ["0", "1.235", "-0.01235", "1234.6", "1.000e-7", "2.500e9"]);
    }

    #[test]
    fn a_count_is_a_whole_number_and_a_difference_is_not() {
        assert_eq!(
            [0.0, 356.0, 0.5, 1e-4, f64::INFINITY].map(error),
            ["0", "356", "0.50", "1e-4", "inf"]
        );
    }
}
