//! What a handler may come back with instead of a page, and how it is shown: as a page to people,
//! as `application/problem+json` under `/api`. Internal text never leaves the log.

use std::error::Error as StdError;
use std::fmt;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;

use super::{Shared, page, trace};
use crate::course::access::{Denied, Scope};
use crate::intake::blobs::BlobError;
use crate::intake::{self, Trouble};
use crate::store;
use crate::store::acceptances::AcceptError;
use crate::store::copies::AskError;
use crate::store::extensions::GiveError;
use crate::store::overrides::DecideError;
use crate::store::pauses::PauseError;
use crate::store::queue::RegradeError;
use crate::store::regrades::{DecisionError, StartError};
use crate::store::semesters::WindowError;

/// A handler's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no page.
#[derive(Debug)]
pub enum Error {
    /// Nobody is signed in.
    SignIn,
    /// It is there, and not for this person.
    Denied,
    /// The person may, and the token does not reach so far.
    Narrow {
        /// The token's scope.
        scope: Scope,
    },
    /// The address does not take this method.
    Method {
        /// Those that it takes.
        allow: String,
    },
    /// It is not there, or this person may not know of it.
    NotFound,
    /// The request makes no sense.
    Bad(String),
    /// It makes sense and is refused; the text says what, why and what to do.
    Refused(String),
    /// Too many bytes.
    TooLarge(String),
    /// Too often.
    Slow {
        /// Seconds until the next try.
        wait_s: i64,
    },
    /// It contradicts what is there.
    Conflict(String),
    /// Not at the moment, and not through the person's fault.
    Unavailable(String),
    /// Our fault; logged, and not shown.
    Fault(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// What may not be done by this person is not there for them.
    pub(super) fn hidden(self) -> Self {
        match self {
            Self::Denied => Self::NotFound,
            other => other,
        }
    }

    /// Seconds until the same request may be answered otherwise.
    fn retry_after_s(&self) -> Option<i64> {
        match self {
            Self::Slow { wait_s } => Some(*wait_s),
            Self::Unavailable(_) => Some(MENDED_IN_S),
            Self::Fault(fault) if passes(fault.as_ref()) => Some(PASSES_IN_S),
            _ => None,
        }
    }

    /// Title and text for the person.
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::SignIn => ("Please sign in", "Nobody is signed in here, or the session has ended.".into()),
            Self::Denied => ("Not allowed", "Your account may not do this.".into()),
            Self::Narrow { scope } => (
                "Not allowed",
                format!("This token's scope is `{scope}`, which does not reach so far: make another on the profile page."),
            ),
            Self::Method { allow } => {
                ("Not possible", format!("This address does not take such a request; it takes {allow}."))
            }
            Self::NotFound => ("Not found", "There is nothing at this address that you could see.".into()),
            Self::Bad(text) => ("This request can't be understood", text.clone()),
            Self::Refused(text) => ("Not accepted", text.clone()),
            Self::TooLarge(text) => ("Too large", text.clone()),
            Self::Slow { wait_s } => ("Too many tries", format!("Please wait {wait_s} seconds and try again.")),
            Self::Conflict(text) => ("Not possible now", text.clone()),
            Self::Fault(fault) if passes(fault.as_ref()) => (
                "Not at the moment",
                "The server's database or disk takes nothing just now, and nothing of this request was kept. Please try again in a moment.".into(),
            ),
            Self::Unavailable(text) => ("Not at the moment", text.clone()),
            Self::Fault(_) => (
                "Our fault",
                "Something went wrong on the server. It has been logged; please try again in a moment.".into(),
            ),
        }
    }
}

/// Seconds until a new try of what failed for want of a database or of room.
const PASSES_IN_S: i64 = 10;
/// The same while nothing is taken in: that a person must mend.
const MENDED_IN_S: i64 = 60;

/// Whether the same request may well succeed a little later: the database is locked or away, or the
/// disk is full.
fn passes(fault: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(fault);
    while let Some(fault) = cause {
        let io = fault.downcast_ref::<std::io::Error>();
        let of_disk = io.is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull);
        let of_store = fault.downcast_ref::<store::Error>();
        if of_disk || of_store.is_some_and(store::Error::passes) {
            return true;
        }
        cause = fault.source();
    }
    false
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(source) => {
                write!(f, "{source}")?;
                let mut cause = source.source();
                while let Some(next) = cause {
                    write!(f, ": {next}")?;
                    cause = next.source();
                }
                Ok(())
            }
            other => f.write_str(&other.words().1),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Denied | Self::Narrow { .. } => StatusCode::FORBIDDEN,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Fault(fault) if passes(fault.as_ref()) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after_s() {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Self::Method { allow } = self {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        response.finish()
    }
}

impl From<Denied> for Error {
    fn from(_: Denied) -> Self {
        Self::Denied
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Rejected(why) => why.into(),
            Trouble::Fault(fault) => Self::Fault(Box::new(fault)),
        }
    }
}

impl From<DecideError> for Error {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Nothing => Self::NotFound,
            DecideError::Store(fault) => fault.into(),
        }
    }
}

impl From<GiveError> for Error {
    fn from(error: GiveError) -> Self {
        match error {
            GiveError::Nothing => Self::NotFound,
            GiveError::Store(fault) => fault.into(),
        }
    }
}

impl From<WindowError> for Error {
    fn from(error: WindowError) -> Self {
        match error {
            WindowError::Backwards => Self::Refused(error.to_string()),
            WindowError::NoSuchProject => Self::NotFound,
            WindowError::Store(fault) => fault.into(),
        }
    }
}

impl From<AskError> for Error {
    fn from(error: AskError) -> Self {
        match error {
            AskError::NoSuchProject => Self::NotFound,
            AskError::InHand => Self::Conflict(error.to_string()),
            AskError::Store(fault) => fault.into(),
        }
    }
}

impl From<RegradeError> for Error {
    fn from(error: RegradeError) -> Self {
        match error {
            RegradeError::NoSuchSubmission => Self::NotFound,
            RegradeError::InFlight => Self::Conflict(error.to_string()),
            RegradeError::Store(fault) => fault.into(),
        }
    }
}

impl From<AcceptError> for Error {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::NoSuchSubmission => Self::NotFound,
            AcceptError::OnTime => Self::Conflict(error.to_string()),
            AcceptError::Store(fault) => fault.into(),
        }
    }
}

impl From<PauseError> for Error {
    fn from(error: PauseError) -> Self {
        match error {
            PauseError::NoSuchProject => Self::NotFound,
            PauseError::Already => Self::Conflict(error.to_string()),
            PauseError::Store(fault) => fault.into(),
        }
    }
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NoSuchProject => Self::NotFound,
            StartError::Nothing => Self::Refused(error.to_string()),
            StartError::Open | StartError::Collided => Self::Conflict(error.to_string()),
            StartError::Store(fault) => fault.into(),
        }
    }
}

impl From<DecisionError> for Error {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::NoSuchRegrade => Self::NotFound,
            DecisionError::Decided { .. }
            | DecisionError::Unfinished { .. }
            | DecisionError::Overtaken => Self::Conflict(error.to_string()),
            DecisionError::Store(fault) => fault.into(),
        }
    }
}

macro_rules! our_fault {
    ($($kind:ty),+ $(,)?) => {
        $(impl From<$kind> for Error {
            fn from(fault: $kind) -> Self {
                Self::Fault(Box::new(fault))
            }
        })+
    };
}

our_fault!(
    store::Error,
    crate::export::ExportError,
    BlobError,
    intake::Fault,
    tera::Error,
    serde_json::Error,
    std::io::Error
);

/// RFC 9457.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// Of this one occurrence, to find it in the log.
    instance: String,
}

/// Renders an error for whoever asked, and logs our own.
pub async fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_a_page(&response) {
        return Ok(response);
    }
    let own = response.response().error().and_then(|error| error.as_error::<Error>());
    let (title, detail) = match own {
        Some(error) => error.words(),
        None => of_framework(&response),
    };
    if let Some(fault @ Error::Fault(_)) = own {
        tracing::error!(%fault, "A request failed");
    }
    let request = response.request().clone();
    let kept = [header::RETRY_AFTER, header::ALLOW]
        .map(|name| response.headers().get(&name).cloned().map(|value| (name, value)));
    let mut rendered = if request.path().starts_with("/api/") {
        as_problem(&request, status, title, &detail)?
    } else if matches!(own, Some(Error::SignIn)) {
        to_sign_in(&request)
    } else {
        as_page(&request, status, title, &detail)
    };
    for (name, value) in kept.into_iter().flatten() {
        rendered.headers_mut().insert(name, value);
    }
    Ok(response.into_response(rendered))
}

/// A handler's own answer that says all there is to say, such as a form with its faults.
fn is_a_page(response: &ServiceResponse<BoxBody>) -> bool {
    response.response().error().is_none() && response.headers().contains_key(header::CONTENT_TYPE)
}

/// Errors of the framework itself: an unknown address, a wrong method, a body that does not parse.
fn of_framework(response: &ServiceResponse<BoxBody>) -> (&'static str, String) {
    match response.status() {
        StatusCode::NOT_FOUND => Error::NotFound.words(),
        StatusCode::PAYLOAD_TOO_LARGE => ("Too large", "The request has too many bytes.".into()),
        status if status.is_server_error() => Error::Fault("".into()).words(),
        _ => {
            let text = response.response().error().map_or_else(String::new, ToString::to_string);
            ("This request can't be understood", text)
        }
    }
}

fn as_problem(
    request: &HttpRequest,
    status: StatusCode,
    title: &str,
    detail: &str,
) -> std::result::Result<HttpResponse, serde_json::Error> {
    let instance = format!("urn:uuid:{}", trace::id_of(request));
    let status_number = status.as_u16();
    let problem = Problem { kind: "about:blank", title, status: status_number, detail, instance };
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    Ok(response.content_type("application/problem+json").body(serde_json::to_string(&problem)?))
}

/// And back to what was wanted, if that can be asked for again.
fn to_sign_in(request: &HttpRequest) -> HttpResponse {
    let wanted = request.uri().path_and_query().filter(|_| request.method() == Method::GET);
    let Some(wanted) = wanted else { return page::see_other("/sign-in") };
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_str().as_bytes()).collect();
    page::see_other(&format!("/sign-in?next={next}"))
}

fn as_page(request: &HttpRequest, status: StatusCode, title: &str, detail: &str) -> HttpResponse {
    #[derive(Serialize)]
    struct Context<'a> {
        title: &'a str,
        detail: &'a str,
        status: u16,
        request: String,
    }
    let page = request.app_data::<Shared>().map(|state| {
        let request = trace::id_of(request);
        let context = Context { title, detail, status: status.as_u16(), request };
        state.render("error.html", None, &context)
    });
    let (kind, body) = match page {
        Some(Ok(html)) => ("text/html; charset=utf-8", html),
        _ => ("text/plain; charset=utf-8", detail.to_owned()),
    };
    HttpResponse::build(status).content_type(kind).body(body)
}
