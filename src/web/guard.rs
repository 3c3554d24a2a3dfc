//! Who asks, and whether the request can be theirs: sessions, bearer tokens, and the two guards
//! against forged requests.

use std::future::Future;
use std::pin::Pin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieDuration};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{Error, Result};
use super::routes::by_program;
use super::{Shared, State};
use crate::course::access::{Action, Actor, On, Scope, may};
use crate::course::{PersonId, SecretHash};
use crate::store::people::{self, Person};
use crate::store::sessions::{self, Lifetime};
use crate::store::tokens;

/// Signed out after half a day without use, and after two weeks in any case.
pub(super) const LIFETIME: Lifetime =
    Lifetime { idle: 12 * 3_600_000, absolute: 14 * 24 * 3_600_000 };

/// How the session's cookie is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookies {
    /// Only over TLS, and so with a name that no subdomain can set.
    Secure,
    /// For a server that is reached over loopback alone.
    Loopback,
}

impl Cookies {
    /// Name of the session's cookie.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-testat",
            Self::Loopback => "testat",
        }
    }

    /// The cookie that carries a session.
    pub(super) fn carry(self, secret: String) -> Cookie<'static> {
        Cookie::build(self.name(), secret)
            .path("/")
            .http_only(true)
            .secure(self == Self::Secure)
            .same_site(SameSite::Lax)
            .max_age(CookieDuration::milliseconds(LIFETIME.absolute))
            .finish()
    }

    /// The cookie that ends it.
    pub(super) fn end(self) -> Cookie<'static> {
        let mut cookie = self.carry(String::new());
        cookie.make_removal();
        cookie
    }
}

/// A person at a browser.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who.
    pub person: Person,
    /// What decides what they may.
    pub actor: Actor,
    /// Goes into each form, and must come back.
    pub form_token: String,
    /// Their session.
    pub session: SecretHash,
}

/// A program with a token.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Whose token.
    pub person: Person,
    /// What decides what they may.
    pub actor: Actor,
    /// How much of it the token lends.
    pub scope: Scope,
}

impl Visitor {
    /// Goes on only if the person may.
    ///
    /// # Errors
    /// [`Error::Denied`] otherwise.
    pub fn may(&self, action: Action, on: On<'_>) -> Result<()> {
        Ok(may(&self.actor, action, on)?)
    }
}

impl Bearer {
    /// Goes on only if the person may, and the token reaches so far.
    ///
    /// # Errors
    /// [`Error::Denied`] or [`Error::Narrow`] otherwise.
    pub fn may(&self, action: Action, on: On<'_>) -> Result<()> {
        may(&self.actor, action, on)?;
        if self.scope.reaches(&self.actor, action, on) {
            Ok(())
        } else {
            Err(Error::Narrow { scope: self.scope })
        }
    }

    /// The same for what one may not even know of.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the person may not, [`Error::Narrow`] if only the token is too narrow.
    pub fn may_see(&self, action: Action, on: On<'_>) -> Result<()> {
        self.may(action, on).map_err(Error::hidden)
    }
}

/// Derived from the session's secret, which no other site can read.
fn form_token(secret: &str) -> String {
    SecretHash::of(&format!("form token of {secret}")).to_string()
}

async fn who(state: &State, person: &PersonId) -> Result<(Person, Actor)> {
    let found = people::by_id(&state.db, person).await?;
    let actor = people::actor(&state.db, person).await?;
    found.zip(actor).ok_or(Error::SignIn)
}

fn state_of(request: &HttpRequest) -> Result<Shared> {
    request.app_data::<Shared>().cloned().ok_or_else(|| Error::Fault("no state".into()))
}

async fn visitor(request: HttpRequest) -> Result<Visitor> {
    let state = state_of(&request)?;
    let cookie = request.cookie(state.cookies.name()).ok_or(Error::SignIn)?;
    let secret = SecretHash::of(cookie.value());
    let session =
        sessions::find(&state.db, &secret, LIFETIME, state.now()).await?.ok_or(Error::SignIn)?;
    let (person, actor) = who(&state, &session.person).await?;
    Ok(Visitor { person, actor, form_token: form_token(cookie.value()), session: secret })
}

async fn bearer(request: HttpRequest) -> Result<Bearer> {
    let state = state_of(&request)?;
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = given
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret)
        .ok_or(Error::SignIn)?;
    let from = address_of(&request, &state);
    let token = tokens::find(&state.db, &SecretHash::of(secret.trim()), &from, state.now()).await?;
    let token = token.ok_or(Error::SignIn)?;
    let (person, actor) = who(&state, &token.person).await?;
    Ok(Bearer { person, actor, scope: token.scope })
}

type Later<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Later<Self>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(visitor(request.clone()))
    }
}

impl FromRequest for Bearer {
    type Error = Error;
    type Future = Later<Self>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(bearer(request.clone()))
    }
}

/// A form of the person's own: its `form_token` is their session's.
#[derive(Clone, Debug)]
pub struct Checked<T>(pub T);

/// The fields of a form that is a button alone.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Nothing {}

#[derive(Deserialize)]
struct WithToken<T> {
    form_token: String,
    #[serde(flatten)]
    fields: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for Checked<T> {
    type Error = Error;
    type Future = Later<Self>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = web::Form::<WithToken<T>>::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let form = form.await.map_err(|fault| unreadable(&fault))?.into_inner();
            check_form_token(&visitor(request).await?, &form.form_token)?;
            Ok(Self(form.fields))
        })
    }
}

fn unreadable(fault: &actix_web::Error) -> Error {
    match fault.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge("The form has too many bytes.".into()),
        _ => Error::Bad(fault.to_string()),
    }
}

/// Holds a form's token against the session's.
///
/// # Errors
/// [`Error::Bad`] if it is another.
pub(super) fn check_form_token(visitor: &Visitor, given: &str) -> Result<()> {
    // Both are hashes of 256 random bits: comparing them in unequal time tells nothing useful.
    if given == visitor.form_token {
        Ok(())
    } else {
        Err(Error::Bad("The form is out of date: please reload the page and send it again.".into()))
    }
}

/// Refuses a state-changing request that another site made the browser send.
///
/// The API is left out: it takes bearer tokens alone, which no other site can make a browser send.
pub(super) async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let by_token = by_program(&request);
    if !safe && !by_token && !from_own_page(&request) {
        return Ok(request.error_response(Error::Denied));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Answers HEAD as GET; the connection leaves the body out by itself.
pub(super) async fn head_as_get(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    // A grading followed live would be followed for nobody.
    if request.method() == Method::HEAD && !request.path().ends_with("/live") {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// Browsers say where a request comes from; what says nothing is not believed.
fn from_own_page(request: &ServiceRequest) -> bool {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = text("origin").and_then(|origin| url::Url::parse(origin).ok()) else {
        return false;
    };
    let Some(host) = origin.host_str() else { return false };
    let from = origin.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    text("host").is_some_and(|own| own == from)
}

/// Where a request comes from, for throttling.
pub(super) fn address_of(request: &HttpRequest, state: &State) -> String {
    if state.trust_proxy
        && let Some(forwarded) =
            request.headers().get("x-forwarded-for").and_then(|v| v.to_str().ok())
        && let Some(last) = forwarded.rsplit(',').next()
    {
        return last.trim().chars().take(64).collect();
    }
    request.peer_addr().map_or_else(|| "unknown".to_owned(), |peer| peer.ip().to_string())
}
