//! What a harness says and what is stored of it: read or refused, and any figure is drawn without markup
//! of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testat::web::figure::svg;
use testat_kit::report::{Event, Figure, Report};

fn draw(figure: &Figure) {
    let drawn = svg(figure);
    assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"));
    let markup = drawn.to_lowercase();
    for tag in ["<script", "<foreignobject", "<image", "<a ", "<style"] {
        assert!(!markup.contains(tag), "{tag} in the figure");
    }
    for number in ["nan", "inf"] {
        assert!(!markup.contains(&format!("=\"{number}")), "{number} in an attribute");
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Event::Figure(figure)) = serde_json::from_slice::<Event>(bytes) {
        draw(&figure);
    }
    let Ok(report) = serde_json::from_slice::<Report>(bytes) else { return };
    report.figures.iter().for_each(draw);
    if let Ok(text) = serde_json::to_vec(&report) {
        let again: Result<Report, _> = serde_json::from_slice(&text);
        assert!(again.is_ok(), "written, it can't be read: {:?}", again.err());
    }
});
