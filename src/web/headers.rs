//! What every response tells the browser: what it may load, show and pass on. The strictest that the
//! pages work with; what is no page of ours is not shown as one.

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

use super::{Cookies, Shared, submit};

/// For our own pages: our own script, style and pictures, nothing inline, in nobody's frame.
const OF_PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// For all else, which someone else may have written: nothing at all, in an origin of its own.
const OF_FILE: &str = "default-src 'none'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'; sandbox";
/// Devices and powers that no page needs.
const POWERS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
    encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), \
    microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), \
    screen-wake-lock=(), usb=(), xr-spatial-tracking=()";
/// A year.
const TLS_ALONE: &str = "max-age=31536000";

const FIXED: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // No stricter: with `no-referrer` a form of ours would come with `Origin: null`.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
];

/// Notes when the request came, and puts the headers on what goes back.
pub(super) async fn headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let asset = request.path().starts_with("/static/");
    let mut over_tls = false;
    if let Some(state) = request.app_data::<Shared>() {
        over_tls = state.cookies == Cookies::Secure;
        let arrived = submit::Arrived(state.now());
        request.extensions_mut().insert(arrived);
    }
    let mut response = next.call(request).await?;
    let sent = response.headers_mut();
    let policy = if is_page(sent) { OF_PAGE } else { OF_FILE };
    set(sent, header::CONTENT_SECURITY_POLICY, policy);
    set(sent, HeaderName::from_static("permissions-policy"), POWERS);
    for (name, value) in FIXED {
        set(sent, name, value);
    }
    if over_tls {
        set(sent, header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    if !asset && !sent.contains_key(header::CACHE_CONTROL) {
        set(sent, header::CACHE_CONTROL, "no-store");
    }
    Ok(response)
}

fn set(sent: &mut HeaderMap, name: HeaderName, value: &'static str) {
    sent.insert(name, HeaderValue::from_static(value));
}

/// Only templates of ours are HTML, and a file to be saved never is.
fn is_page(sent: &HeaderMap) -> bool {
    let kind = sent.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
        && !sent.contains_key(header::CONTENT_DISPOSITION)
}
