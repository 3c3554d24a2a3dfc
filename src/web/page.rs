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
        tera.register_filter("ago", |at: i64, _: Kwargs, state: &tera::State| {
            state.get::<i64>("now").map(|now| relative(at, now.unwrap_or(at)))
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

/// Control characters, and those that turn the direction of text, by their code: a log must not
/// look like something that it is not.
pub(super) fn visible(text: &str) -> String {
    crate::course::text::visible(text)
}
