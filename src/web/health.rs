//! For machines that watch: alive, ready, and figures.

use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse};

use super::Shared;
use super::error::{Error, Result};
use super::guard::Bearer;
use super::routes::Routes;
use crate::course::access::{Action, On};
use crate::store::{outbox, queue};

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/healthz", alive).get("/readyz", ready).get("/metrics", metrics);
}

/// The process answers.
async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("alive\n")
}

/// The store and the archives answer too.
async fn ready(state: Shared) -> HttpResponse {
    let not = |what: &str| {
        HttpResponse::ServiceUnavailable().content_type("text/plain").body(format!("{what}\n"))
    };
    if let Err(fault) = state.db.ping().await {
        tracing::error!(%fault, "Not ready: the store does not answer");
        return not("the store does not answer");
    }
    if let Err(fault) = state.blobs.ping().await {
        tracing::error!(%fault, "Not ready: archives can't be kept");
        return not("archives can't be kept");
    }
    HttpResponse::Ok().content_type("text/plain").body("ready\n")
}

/// Prometheus text format, version 0.0.4; for whoever asks on this machine, or with an admin's token
/// of scope `staff`. For all others there is nothing here.
async fn metrics(
    request: HttpRequest,
    state: Shared,
    bearer: Option<Bearer>,
) -> Result<HttpResponse> {
    let admin = bearer.is_some_and(|bearer| bearer.may(Action::SeeHealth, On::Server).is_ok());
    if !admin && !from_this_machine(&request) {
        return Err(Error::NotFound);
    }
    let depth = queue::depth(&state.db).await?;
    let verdicts = queue::verdicts(&state.db).await?;
    let oldest = depth.oldest.map_or(0, |since| (state.now() - since).max(0));
    let mut text = String::new();
    family(&mut text, "testat_gradings", "gauge", "Gradings that are not done, by state.");
    for (name, count) in [
        ("waiting", depth.waiting),
        ("running", depth.running),
        ("needs_attention", depth.needs_attention),
    ] {
        line(&mut text, &format!("testat_gradings{{state=\"{name}\"}}"), count as f64)?;
    }
    family(
        &mut text,
        "testat_oldest_waiting_seconds",
        "gauge",
        "How long the oldest grading has waited.",
    );
    line(&mut text, "testat_oldest_waiting_seconds", oldest as f64 / 1e3)?;
    family(&mut text, "testat_verdicts_total", "counter", "Gradings done, by verdict.");
    for (verdict, count) in verdicts {
        line(&mut text, &format!("testat_verdicts_total{{verdict=\"{verdict}\"}}"), count as f64)?;
    }
    let letters = outbox::depth(&state.db).await?;
    family(&mut text, "testat_letters", "gauge", "Letters by e-mail that are not sent, by state.");
    for (name, count) in [("waiting", letters.waiting), ("failed", letters.failed)] {
        line(&mut text, &format!("testat_letters{{state=\"{name}\"}}"), count as f64)?;
    }
    family(&mut text, "testat_uptime_seconds", "gauge", "How long this process has served.");
    line(&mut text, "testat_uptime_seconds", (state.now() - state.started_at) as f64 / 1e3)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

/// Over loopback and without a proxy between, which would make everyone look local.
fn from_this_machine(request: &HttpRequest) -> bool {
    let passed_on = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
    request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
        && !passed_on.iter().any(|name| request.headers().contains_key(*name))
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn line(text: &mut String, name: &str, value: f64) -> Result<()> {
    writeln!(text, "{name} {value}").map_err(|fault| Error::Fault(Box::new(fault)))
}
