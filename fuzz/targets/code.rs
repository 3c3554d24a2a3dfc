//! Program text: tokens stand in its order and between whole characters, and reading it ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testat::code::{Grammar, lines, text, tokens};
use testat::copies::{File, Known, Limits, Source, fingerprints};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let (grammar, path) = match choice % 2 {
        0 => (Grammar::Python, "solution.py"),
        _ => (Grammar::Rust, "src/solution.rs"),
    };
    let Some(text) = text(bytes, true) else { return };
    let mut end = 0;
    for token in tokens(grammar, text).unwrap_or_default() {
        assert!(token.start >= end && token.end > token.start, "{token:?}");
        assert!(text.get(token.start..token.end).is_some(), "{token:?}");
        end = token.end;
    }
    let last = u32::try_from(lines(text).count()).unwrap();
    let file = File { path: path.to_owned(), text: text.to_owned() };
    for print in fingerprints(&Source::of(&[file], Limits::default()), &Known::default()) {
        assert!(1 <= print.from && print.from <= print.to && print.to <= last, "{print:?}");
    }
});
