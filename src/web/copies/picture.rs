//! A group of submissions as dots on a circle, with a line for each pair. The table beside it says the same.

use std::f64::consts::TAU;

/// Room around the circle for the dots.
const MARGIN: f64 = 22.0;
const DOT: f64 = 13.0;

/// The picture as SVG; `pairs` by the numbers of their members, from 1, with their share in percent.
pub(super) fn picture(members: usize, pairs: &[(usize, usize, i64)]) -> String {
    let radius = (members as f64 * 9.0).clamp(44.0, 170.0);
    let side = 2.0 * (radius + MARGIN);
    let at = |number: usize| {
        let turn = TAU * (number as f64 - 1.0) / members as f64 - TAU / 4.0;
        (side / 2.0 + radius * turn.cos(), side / 2.0 + radius * turn.sin())
    };
    let mut svg = format!(
        "<svg class=\"group\" viewBox=\"0 0 {side:.0} {side:.0}\" width=\"{side:.0}\" \
         height=\"{side:.0}\" aria-hidden=\"true\">"
    );
    for (left, right, share) in pairs {
        let ((x1, y1), (x2, y2)) = (at(*left), at(*right));
        let class = strength(*share);
        svg.push_str(&format!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }
    for number in 1..=members {
        let (x, y) = at(number);
        svg.push_str(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{DOT}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{number}</text>",
            y + 4.0
        ));
    }
    svg.push_str("</svg>");
    svg
}

/// How strong a line is.
fn strength(share: i64) -> &'static str {
    match share {
        80.. => "strong",
        60..80 => "middle",
        _ => "weak",
    }
}
