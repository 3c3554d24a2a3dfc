//! Signing in and out, and the link with which a person sets their first password.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor, address_of};
use super::page::see_other;
use super::routes::Routes;
use super::{Shared, State, strength};
use crate::clock::Millis;
use crate::course::{Email, PersonId, SecretHash};
use crate::secret;
use crate::store::people::Person;
use crate::store::throttle::{self, Failure, Kind};
use crate::store::{invitations, people, sessions};

/// Failures are counted over this time.
pub(super) const WINDOW_MS: i64 = 15 * 60_000;
/// So many are free for an account, then each next try waits longer.
const FREE_OF_ACCOUNT: i64 = 5;
/// A lecture hall shares one address.
const FREE_OF_ADDRESS: i64 = 50;
/// The longest wait.
const LONGEST_WAIT_MS: i64 = 5 * 60_000;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/sign-in", show_sign_in)
        .post("/sign-in", sign_in)
        .post("/sign-out", sign_out)
        .get("/welcome/{secret}", show_welcome)
        .post("/welcome/{secret}", set_password);
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: String,
}

#[derive(Serialize)]
struct SignInPage<'a> {
    email: &'a str,
    next: &'a str,
    fault: Option<&'a str>,
}

async fn show_sign_in(state: Shared, wanted: web::Query<Wanted>) -> Result<HttpResponse> {
    state.page("sign_in.html", None, SignInPage { email: "", next: &wanted.next, fault: None })
}

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    request: HttpRequest,
    state: Shared,
    form: web::Form<SignIn>,
) -> Result<HttpResponse> {
    let SignIn { email, password, next } = form.into_inner();
    match try_sign_in(&request, &state, &email, password).await? {
        Some(person) => {
            // What the browser was before, it is no more: whoever planted that session stays outside.
            if let Some(earlier) = request.cookie(state.cookies.name()) {
                let earlier = SecretHash::of(earlier.value());
                sessions::delete(&state.db, &earlier, state.now()).await?;
            }
            let cookie = begin_session(&state, &person).await?;
            let mut response = see_other(own_path(&next));
            response.add_cookie(&cookie).map_err(|fault| Error::Fault(fault.to_string().into()))?;
            Ok(response)
        }
        None => {
            let fault = Some("E-mail address and password do not belong together.");
            let mut page = state.page(
                "sign_in.html",
                None,
                SignInPage { email: &email, next: &next, fault },
            )?;
            *page.status_mut() = actix_web::http::StatusCode::UNAUTHORIZED;
            Ok(page)
        }
    }
}

/// Counts a wrong password against the account and the address it came from.
pub(super) async fn count_failure(
    state: &State,
    address: &str,
    account: &str,
    person: Option<&PersonId>,
    now: Millis,
) -> Result<()> {
    let since = now - WINDOW_MS;
    let failure = Failure { address, account, person, since, free: FREE_OF_ACCOUNT };
    Ok(throttle::record(&state.db, failure, now).await?)
}

/// The person, if the password is theirs. An unknown address takes as long and counts as much.
/// The turn comes first: between looking at the failures and counting one more, few others look.
async fn try_sign_in(
    request: &HttpRequest,
    state: &State,
    email: &str,
    password: String,
) -> Result<Option<PersonId>> {
    let email: Option<Email> = email.parse().ok();
    let account = email.as_ref().map_or("not an address", Email::as_str);
    let address = address_of(request, state);
    let turn = state.passwords.turn().await?;
    let now = state.now();
    throttled(state, &address, account, now).await?;
    let known = match &email {
        Some(email) => people::credentials(&state.db, email).await?,
        None => None,
    };
    let (person, hash) =
        known.map_or((None, None), |known| (Some(known.person), known.password_hash));
    let too_long = password.len() > strength::LONGEST;
    let tried = if too_long { String::new() } else { password };
    let right = state.passwords.verify(&turn, tried, hash).await?;
    if right && !too_long {
        throttle::clear_account(&state.db, account).await?;
        return Ok(person);
    }
    count_failure(state, &address, account, person.as_ref(), now).await?;
    Ok(None)
}

/// Refuses a guess at an account's password, from an address, that comes too soon after others.
pub(super) async fn throttled(state: &State, address: &str, account: &str, now: i64) -> Result<()> {
    waited(state, Kind::Address, address, FREE_OF_ADDRESS, now).await?;
    waited(state, Kind::Account, account, FREE_OF_ACCOUNT, now).await
}

/// After the free failures each next try waits twice as long as the one before.
async fn waited(state: &State, kind: Kind, subject: &str, free: i64, now: i64) -> Result<()> {
    let failures = throttle::count(&state.db, kind, subject, now - WINDOW_MS).await?;
    let Some(last) = failures.last.filter(|_| failures.count >= free) else { return Ok(()) };
    let doublings = u32::try_from((failures.count - free).min(10)).unwrap_or(10);
    let wait = (1000 * 2_i64.pow(doublings)).min(LONGEST_WAIT_MS);
    let left = last + wait - now;
    if left > 0 { Err(Error::Slow { wait_s: (left + 999) / 1000 }) } else { Ok(()) }
}

async fn begin_session(
    state: &State,
    person: &PersonId,
) -> Result<actix_web::cookie::Cookie<'static>> {
    let secret = secret::fresh();
    sessions::create(&state.db, &secret.hash, person, state.now()).await?;
    Ok(state.cookies.carry(secret.text))
}

/// Only a path of this server: `//elsewhere` and `/\elsewhere` are other servers to a browser.
fn own_path(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    if own { next } else { "/" }
}

async fn sign_out(
    state: Shared,
    visitor: Visitor,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    sessions::delete(&state.db, &visitor.session, state.now()).await?;
    let mut response = see_other("/sign-in");
    response
        .add_cookie(&state.cookies.end())
        .map_err(|fault| Error::Fault(fault.to_string().into()))?;
    Ok(response)
}

#[derive(Serialize)]
struct WelcomePage {
    email: String,
    name: String,
    shortest: usize,
    fault: Option<String>,
}

/// Whose link this is, if it still can be used.
async fn invited(state: &State, secret: &SecretHash) -> Result<Person> {
    let person = invitations::find(&state.db, secret, state.now()).await?.ok_or(Error::NotFound)?;
    people::by_id(&state.db, &person).await?.ok_or(Error::NotFound)
}

fn welcome_page(state: &State, person: &Person, fault: Option<String>) -> Result<HttpResponse> {
    let page = WelcomePage {
        email: person.email.to_string(),
        name: person.first_name.clone(),
        shortest: strength::SHORTEST,
        fault,
    };
    state.page("welcome.html", None, page)
}

async fn show_welcome(state: Shared, secret: web::Path<String>) -> Result<HttpResponse> {
    welcome_page(&state, &invited(&state, &SecretHash::of(&secret)).await?, None)
}

#[derive(Deserialize)]
struct NewPassword {
    password: String,
    again: String,
}

async fn set_password(
    state: Shared,
    secret: web::Path<String>,
    form: web::Form<NewPassword>,
) -> Result<HttpResponse> {
    let secret = SecretHash::of(&secret);
    let NewPassword { password, again } = form.into_inner();
    // First of all: a hash for a link that nobody was given would be work for nothing.
    let person = invited(&state, &secret).await?;
    let fault = if password == again {
        strength::acceptable(&password, &person).err().map(|why| why.to_string())
    } else {
        Some("The two passwords differ.".to_owned())
    };
    if fault.is_some() {
        let mut page = welcome_page(&state, &person, fault)?;
        *page.status_mut() = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page);
    }
    let hash = state.passwords.hash(&state.passwords.turn().await?, password).await?;
    let person = invitations::redeem(&state.db, &secret, &hash, state.now())
        .await?
        .ok_or(Error::NotFound)?;
    let cookie = begin_session(&state, &person).await?;
    let mut response = see_other("/");
    response.add_cookie(&cookie).map_err(|fault| Error::Fault(fault.to_string().into()))?;
    Ok(response)
}
