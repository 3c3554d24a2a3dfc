//! For machines that watch: alive, ready, and figures.

use std::fmt::Write as _;

use actix_web::{HttpResponse, web};

use super::Shared;
use super::error::{Error, Result};
use crate::store::queue;

/// Addresses of this file.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/healthz", web::get().to(alive))
        .route("/readyz", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
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

/// Prometheus text format, version 0.0.4.
async fn metrics(state: Shared) -> Result<HttpResponse> {
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
    family(&mut text, "testat_uptime_seconds", "gauge", "How long this process has served.");
    line(&mut text, "testat_uptime_seconds", (state.now() - state.started_at) as f64 / 1e3)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn line(text: &mut String, name: &str, value: f64) -> Result<()> {
    writeln!(text, "{name} {value}").map_err(|fault| Error::Fault(Box::new(fault)))
}
