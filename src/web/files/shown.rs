//! Text as coloured lines of HTML: every character of it escaped, nothing in it but `span`s with a class.

use crate::code::{Grammar, Kind, Token, lines, tokens};
use crate::web::page::visible;

/// Characters of a line that are shown.
const LINE: usize = 1_000;

/// A line of a file, escaped.
#[derive(Clone, Debug)]
pub(in crate::web) struct Line(pub(in crate::web) String);

/// The lines of a text; coloured where its language is known and it can be read in time.
pub(in crate::web) fn coloured(path: &str, text: &str) -> Vec<Line> {
    let found = Grammar::of_path(path).and_then(|grammar| tokens(grammar, text));
    let mut left = found.as_deref().unwrap_or_default();
    let begin = text.as_ptr() as usize;
    lines(text)
        .map(|line| {
            // A line is a piece of the text: where it stands there tells which tokens are in it.
            let from = line.as_ptr() as usize - begin;
            let to = from + line.len();
            while left.first().is_some_and(|token| token.end <= from) {
                left = &left[1..];
            }
            Line(one_line(text, from, to, left))
        })
        .collect()
}

/// From `from` to `to` of the text, as far as that is shown.
fn one_line(text: &str, from: usize, to: usize, tokens: &[Token]) -> String {
    let line = text.get(from..to).unwrap_or_default();
    let shown = line.char_indices().nth(LINE).map_or(to, |(cut, _)| from + cut);
    let mut html = String::with_capacity(line.len() * 2);
    let mut at = from;
    for token in tokens.iter().take_while(|token| token.start < shown) {
        let (start, end) = (token.start.max(at), token.end.min(shown));
        plain(&mut html, text.get(at..start).unwrap_or_default());
        let inside = text.get(start..end).unwrap_or_default();
        match class(token.kind) {
            Some(class) => {
                html.push_str("<span class=\"");
                html.push_str(class);
                html.push_str("\">");
                plain(&mut html, inside);
                html.push_str("</span>");
            }
            None => plain(&mut html, inside),
        }
        at = end.max(at);
    }
    plain(&mut html, text.get(at..shown).unwrap_or_default());
    let beyond = text.get(shown..to).unwrap_or_default().chars().count();
    if beyond > 0 {
        html.push_str(&format!("<span class=\"beyond\">… and {beyond} more characters</span>"));
    }
    html
}

fn class(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Comment => Some("comment"),
        Kind::Text => Some("text"),
        Kind::Number => Some("number"),
        Kind::Keyword => Some("keyword"),
        Kind::Function => Some("function"),
        Kind::Type => Some("type"),
        Kind::Name | Kind::Sign => None,
    }
}

fn plain(html: &mut String, text: &str) {
    for letter in visible(text).chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
}

/// A path as a fragment of an address and as an element's id, the same for both.
pub(in crate::web) fn anchor(path: &str) -> String {
    url::form_urlencoded::byte_serialize(path.as_bytes()).collect()
}
