//! Text that came from outside, made fit to be shown.

/// The text with control characters (but line breaks and tabs) and characters that turn the
/// direction of what follows replaced by their code: what is shown must not look like something
/// that it is not, nor drive a terminal.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if c.is_control() || turns_direction(c) => {
                shown.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => shown.push(c),
        }
    }
    shown
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same on one line: for names and titles, which have no line breaks of their own.
pub fn one_line(text: &str) -> String {
    visible(&text.replace(['\n', '\r', '\t'], " ")).trim().to_owned()
}
