//! A hand-out as a page: the same Markdown for the site and for the file in a starter kit.

use pulldown_cmark::{Event, Options, Parser};
use tera::{Context, Tera};

/// Stands alone: no link leads out of the file but those that the hand-out itself has.
const PAGE: &str = include_str!("../../templates/handout.html");
const STYLE: &str = include_str!("../../static/testat.css");

/// Markdown as HTML; HTML inside it is dropped, since a hand-out needs none.
pub fn markdown(text: &str) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let events = Parser::new_ext(text, options)
        .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)));
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

/// A hand-out without its first heading, where the page has the title already.
pub fn without_title(handout: &str) -> &str {
    let text = handout.trim_start();
    if !text.starts_with("# ") {
        return text;
    }
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

/// A hand-out as one file that any browser shows, without a server and without a script.
///
/// # Errors
/// The template is wrong.
pub fn page(title: &str, handout: &str) -> Result<String, tera::Error> {
    let mut tera = Tera::new();
    tera.add_raw_template("handout.html", PAGE)?;
    let mut context = Context::new();
    context.insert("title", title);
    context.insert("style", STYLE);
    context.insert("handout", &markdown(handout));
    tera.render("handout.html", &context)
}
