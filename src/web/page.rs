//! Pages: templates in the binary, the few filters they use, and what every page has.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header;
use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Kwargs, Tera};

use super::State;
use super::error::Result;
use super::guard::Visitor;
use crate::course::{Role, calendar};
pub use crate::export::handout::markdown;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

/// Stylesheet and script.
#[derive(RustEmbed)]
#[folder = "static/"]
pub(super) struct Assets;

/// All templates, parsed.
#[derive(Debug)]
pub(super) struct Pages(Tera);

impl Pages {
    /// Parses the embedded templates: a fault in one shows at start, not at a visitor's request.
    pub(super) fn load() -> std::result::Result<Self, tera::Error> {
        let mut tera = Tera::new();
        tera.register_filter("time", |at: i64, _: Kwargs, _: &tera::State| calendar::in_words(at));
        tera.register_filter("clock", |at: i64, _: Kwargs, _: &tera::State| {
            zoned(at, "%-d %b, %H:%M:%S")
        });
        tera.register_filter("exactly", |at: i64, _: Kwargs, _: &tera::State| {
            zoned(at, "%a %-d %b %Y, %H:%M:%S.%3f %Z")
        });
        tera.register_filter("ago", |at: i64, _: Kwargs, state: &tera::State| {
            state.get::<i64>("now").map(|now| relative(at, now.unwrap_or(at)))
        });
        tera.register_filter("left", |until: i64, _: Kwargs, state: &tera::State| {
            state.get::<i64>("now").map(|now| left(until, now.unwrap_or(until)))
        });
        tera.register_filter("visible", |text: Cow<'_, str>, _: Kwargs, _: &tera::State| {
            visible(&text)
        });
        let mut sources = Vec::new();
        for name in Templates::iter() {
            if let Some(file) = Templates::get(&name) {
                sources.push((name.into_owned(), String::from_utf8_lossy(&file.data).into_owned()));
            }
        }
        tera.add_raw_templates(sources)?;
        Ok(Self(tera))
    }
}

/// Who is signed in, as every page shows it.
#[derive(Serialize)]
struct Me<'a> {
    name: String,
    email: &'a str,
    admin: bool,
    instructor: bool,
    student: bool,
}

impl<'a> Me<'a> {
    fn of(visitor: &'a Visitor) -> Self {
        let has = |role: Role| visitor.actor.roles.iter().any(|(_, is)| *is == role);
        Self {
            name: format!("{} {}", visitor.person.first_name, visitor.person.family_name),
            email: visitor.person.email.as_str(),
            admin: visitor.actor.admin,
            instructor: has(Role::Instructor),
            student: has(Role::Student),
        }
    }
}

impl State {
    /// A page as a response.
    pub fn page(
        &self,
        template: &str,
        visitor: Option<&Visitor>,
        context: impl Serialize,
    ) -> Result<HttpResponse> {
        let html = self.render(template, visitor, &context)?;
        Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
    }

    /// A page as text.
    pub(super) fn render(
        &self,
        template: &str,
        visitor: Option<&Visitor>,
        context: &impl Serialize,
    ) -> std::result::Result<String, tera::Error> {
        let mut all = Context::from_serialize(context)?;
        all.insert("me", &visitor.map(Me::of));
        all.insert("form_token", &visitor.map_or("", |visitor| visitor.form_token.as_str()));
        all.insert("now", &self.now());
        self.pages.0.render(template, &all)
    }
}

/// Go there, with GET.
pub fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}

fn zoned(at: i64, form: &str) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(instant) => instant.to_zoned_datetime(calendar::zurich()).strftime(form).to_string(),
        Err(_) => "an unknown time".to_owned(),
    }
}

/// `in 3 days`, `2 hours ago`.
fn relative(at: i64, now: i64) -> String {
    let seconds = (at - now).abs() / 1000;
    let (count, unit) = match seconds {
        0..60 => {
            return if at >= now { "in a moment".to_owned() } else { "a moment ago".to_owned() };
        }
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if at >= now {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

/// `3 days 4 h left`, `12 min left`: what a person plans by, in the two largest units.
fn left(until: i64, now: i64) -> String {
    let minutes = (until - now).max(0) / 60_000;
    let (days, hours) = (minutes / 1440, minutes / 60 % 24);
    match (days, hours, minutes % 60) {
        (0, 0, 0) => "less than a minute left".to_owned(),
        (0, 0, minutes) => format!("{minutes} min left"),
        (0, hours, minutes) => format!("{hours} h {minutes} min left"),
        (1, hours, _) => format!("1 day {hours} h left"),
        (days, hours, _) => format!("{days} days {hours} h left"),
    }
}

/// A small number as a word, as sentences have it.
pub(super) fn in_words(number: u32) -> String {
    const WORDS: [&str; 13] = [
        "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let word = usize::try_from(number).ok().and_then(|place| WORDS.get(place));
    word.map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// Control characters, and those that turn the direction of text, by their code: a log must not
/// look like something that it is not.
pub(super) fn visible(text: &str) -> String {
    crate::course::text::visible(text)
}

#[cfg(test)]
mod tests {
    use super::{in_words, left};

    #[test]
    fn time_left_is_said_in_the_two_largest_units() {
        const MINUTE: i64 = 60_000;
        for (ms, words) in [
            (-1, "less than a minute left"),
            (MINUTE - 1, "less than a minute left"),
            (59 * MINUTE, "59 min left"),
            (61 * MINUTE, "1 h 1 min left"),
            (24 * 60 * MINUTE, "1 day 0 h left"),
            ((2 * 24 + 5) * 60 * MINUTE + MINUTE, "2 days 5 h left"),
        ] {
            assert_eq!(left(ms, 0), words);
        }
    }

    #[test]
    fn small_numbers_are_words() {
        assert_eq!([0, 1, 12, 13].map(in_words), ["none", "one", "twelve", "13"]);
    }
}
