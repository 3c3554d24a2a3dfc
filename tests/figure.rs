//! Figures as SVG: whatever the data, nothing leaves the drawing and no text becomes markup.

use testat::web::figure::svg;
use testat_kit::report::{Audience, Axis, Figure, Plot, Series};

const HOSTILE: &str = "</text><script>alert(1)</script> & \"'\u{202e}";

fn axis(label: &str, log: bool) -> Axis {
    Axis { label: label.into(), unit: String::new(), log }
}

fn drawn(plot: Plot) -> String {
    svg(&Figure {
        id: "one".into(),
        title: HOSTILE.into(),
        alt: "In words.".into(),
        audience: Audience::Everyone,
        reported_by_subject: false,
        plot,
    })
}

fn lines(points: Vec<[f64; 2]>, log: bool) -> Plot {
    let series = vec![Series { name: HOSTILE.into(), points }];
    Plot::Lines { x: axis("step", false), y: axis(HOSTILE, log), series }
}

fn bars(values: Vec<f64>, log: bool, limit: Option<f64>) -> Plot {
    let labels = values.iter().map(|_| HOSTILE.to_owned()).collect();
    Plot::Bars { labels, values, y: axis(HOSTILE, log), limit }
}

fn matrix(values: Vec<Vec<f64>>) -> Plot {
    Plot::Matrix {
        rows: values.iter().map(|_| HOSTILE.to_owned()).collect(),
        columns: values.first().into_iter().flatten().map(|_| HOSTILE.to_owned()).collect(),
        values,
        row_label: HOSTILE.into(),
        column_label: HOSTILE.into(),
    }
}

fn raster(spikes: Vec<Vec<f64>>) -> Plot {
    Plot::Raster { x: axis(HOSTILE, false), spikes }
}

/// The values of an attribute, in order.
fn numbers(svg: &str, attribute: &str) -> Vec<f64> {
    let start = format!(" {attribute}=\"");
    let parts = svg.split(&start).skip(1);
    parts.map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn text_never_becomes_markup() {
    for plot in [
        lines(vec![[0.0, 1.0], [1.0, 2.0]], false),
        bars(vec![1.0, 2.0], false, Some(1.5)),
        matrix(vec![vec![1.0, 2.0], vec![3.0, 4.0]]),
        raster(vec![vec![0.1, 0.2], vec![]]),
    ] {
        let svg = drawn(plot);
        assert!(!svg.contains("<script"), "{svg}");
        assert!(!svg.contains('\u{202e}'), "text is turned round: {svg}");
        assert!(svg.contains("&lt;script&gt;"), "{svg}");
        assert!(svg.contains("role=\"img\"") && svg.contains("<desc id=\"desc-one\">In words."));
    }
}

#[test]
fn every_place_is_a_finite_number_whatever_the_data() {
    let odd = [0.0, -1.0, 1e-300, -1e308, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, 5e-324];
    let points = odd.iter().flat_map(|x| odd.iter().map(|y| [*x, *y])).collect::<Vec<_>>();
    let mut plots = vec![
        matrix(vec![odd.to_vec(), odd.to_vec()]),
        matrix(vec![vec![], vec![1.0]]),
        matrix(vec![]),
        raster(vec![odd.to_vec(), vec![]]),
        raster(vec![]),
    ];
    for log in [false, true] {
        plots.extend([
            lines(points.clone(), log),
            lines(vec![], log),
            lines(vec![[1.0, 1.0]], log),
            bars(odd.to_vec(), log, None),
            bars(vec![0.0], log, Some(f64::NAN)),
            bars(vec![], log, Some(0.0)),
        ]);
    }
    for plot in plots {
        let svg = drawn(plot.clone());
        for bad in ["NaN", "inf", "=\"-0.0\""] {
            assert!(!svg.contains(bad), "{bad} in the drawing of {plot:?}: {svg}");
        }
        for attribute in ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"] {
            for number in numbers(&svg, attribute) {
                assert!((0.0..2000.0).contains(&number), "{attribute}={number} of {plot:?}");
            }
        }
        assert!(svg.len() < 60_000, "{} bytes", svg.len());
    }
}

#[test]
fn a_zero_on_a_logarithmic_axis_lies_at_its_lower_end() {
    let svg = drawn(bars(vec![0.0, 1e-6, 1e-2], true, Some(1e-4)));
    let heights = numbers(&svg, "height");
    assert_eq!(heights[0], 1.0, "a thin line at the ground: {svg}");
    assert!(heights[2] > 200.0, "{heights:?}");
    for mark in [">1e-6<", ">1e-5<", ">1e-4<", ">0.01<", ">limit 1e-4<", " (log)<"] {
        assert!(svg.contains(mark), "{mark}: {svg}");
    }
    let over = svg.matches("class=\"bar over\"").count();
    assert_eq!(over, 1, "only the bar beyond the limit stands out");
}

#[test]
fn bars_below_zero_hang_from_it() {
    let svg = drawn(bars(vec![-2.0, 2.0], false, None));
    let bars: Vec<&str> = svg.split("<rect").skip(1).collect();
    let [(below, down), (above, up)] =
        [0, 1].map(|bar| (numbers(bars[bar], "y")[0], numbers(bars[bar], "height")[0]));
    assert_eq!(down, up, "{svg}");
    assert!((above + up - below).abs() < 0.2, "one begins where the other ends: {svg}");
}

#[test]
fn a_point_that_is_no_number_breaks_the_line() {
    let svg = drawn(lines(vec![[0.0, 1.0], [1.0, f64::NAN], [2.0, 3.0], [3.0, 4.0]], false));
    assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
    assert_eq!(svg.matches("<circle").count(), 3, "few points are dots too");
}

#[test]
fn marks_are_round() {
    let svg = drawn(lines(vec![[0.0, 0.0], [30.0, 0.97]], false));
    for mark in [">0<", ">10<", ">20<", ">30<", ">0.2<", ">0.8<"] {
        assert!(svg.contains(mark), "{mark}: {svg}");
    }
}
