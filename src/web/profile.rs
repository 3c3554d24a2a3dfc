//! A person's own account: password, API tokens, sessions.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, LIFETIME, Nothing, Visitor, address_of};
use super::page::see_other;
use super::routes::Routes;
use super::{Shared, State, auth, mail, strength};
use crate::course::TokenId;
use crate::course::access::{Action, On, Scope};
use crate::secret;
use crate::store::tokens::NewToken;
use crate::store::{people, sessions, tokens};

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/profile", show)
        .post("/profile/password", change_password)
        .post("/profile/tokens", make_token)
        .post("/profile/tokens/{id}/revoke", revoke_token)
        .post("/profile/sign-out-everywhere", sign_out_everywhere);
}

#[derive(Serialize)]
struct ProfilePage {
    email: String,
    tokens: Vec<TokenRow>,
    sessions: Vec<SessionRow>,
    shortest: usize,
    mail: Vec<mail::Switch>,
    fresh_token: Option<String>,
    fault: Option<String>,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct TokenRow {
    id: String,
    name: String,
    scope: &'static str,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    last_used_from: Option<String>,
}

#[derive(Serialize)]
struct SessionRow {
    created_at: i64,
    seen_at: i64,
}

async fn page(state: &State, visitor: &Visitor) -> Result<ProfilePage> {
    let person = &visitor.person.id;
    let now = state.now();
    let row = |token: tokens::Token| TokenRow {
        id: token.id.to_string(),
        name: token.name,
        scope: token.scope.as_str(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        last_used_from: token.last_used_from,
    };
    let alive = |s: &sessions::Session| {
        s.seen_at > now - LIFETIME.idle && s.created_at > now - LIFETIME.absolute
    };
    let sessions = sessions::of_person(&state.db, person).await?;
    Ok(ProfilePage {
        email: visitor.person.email.to_string(),
        tokens: tokens::of_person(&state.db, person)
            .await?
            .into_iter()
            .filter(|token| token.holds(now))
            .map(row)
            .collect(),
        sessions: sessions
            .into_iter()
            .filter(alive)
            .map(|s| SessionRow { created_at: s.created_at, seen_at: s.seen_at })
            .collect(),
        shortest: strength::SHORTEST,
        mail: mail::switches(state, visitor).await?,
        fresh_token: None,
        fault: None,
        done: None,
    })
}

fn own(visitor: &Visitor) -> Result<()> {
    visitor.may(Action::ManageOwn, On::Person(&visitor.person.id))
}

async fn show(state: Shared, visitor: Visitor) -> Result<HttpResponse> {
    own(&visitor)?;
    state.page("profile.html", Some(&visitor), page(&state, &visitor).await?)
}

#[derive(Deserialize)]
struct ChangePassword {
    old: String,
    password: String,
    again: String,
}

async fn change_password(
    request: HttpRequest,
    state: Shared,
    visitor: Visitor,
    form: Checked<ChangePassword>,
) -> Result<HttpResponse> {
    own(&visitor)?;
    match try_change(&request, &state, &visitor, form.0).await? {
        Some(fault) => {
            let mut page = page(&state, &visitor).await?;
            page.fault = Some(fault);
            let mut response = state.page("profile.html", Some(&visitor), page)?;
            *response.status_mut() = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        // Changing it signs out everywhere, this browser included.
        None => Ok(see_other("/sign-in?next=/profile")),
    }
}

/// Why the password stays as it is; none when it was changed. A wrong present one counts as a failed
/// sign-in: a browser left signed in must not be a place to guess at.
async fn try_change(
    request: &HttpRequest,
    state: &State,
    visitor: &Visitor,
    form: ChangePassword,
) -> Result<Option<String>> {
    let turn = state.passwords.turn().await?;
    let (address, account) = (address_of(request, state), visitor.person.email.as_str());
    let now = state.now();
    auth::throttled(state, &address, account, now).await?;
    let known = people::credentials(&state.db, &visitor.person.email).await?;
    let hash = known.and_then(|known| known.password_hash);
    let too_long = form.old.len() > strength::LONGEST;
    if too_long || !state.passwords.verify(&turn, form.old, hash).await? {
        let person = Some(&visitor.person.id);
        auth::count_failure(state, &address, account, person, now).await?;
        return Ok(Some("The present password is another.".to_owned()));
    }
    if form.password != form.again {
        return Ok(Some("The two new passwords differ.".to_owned()));
    }
    if let Err(why) = strength::acceptable(&form.password, &visitor.person) {
        return Ok(Some(why.to_string()));
    }
    let hash = state.passwords.hash(&turn, form.password).await?;
    let person = &visitor.person.id;
    people::set_password(&state.db, person, &hash, Some(person), state.now()).await?;
    Ok(None)
}

#[derive(Deserialize)]
struct MakeToken {
    name: String,
    #[serde(default = "narrowest")]
    scope: Scope,
    /// Text: among the flattened fields of a form serde makes no numbers.
    #[serde(default)]
    days: String,
}

fn narrowest() -> Scope {
    Scope::Read
}

/// A semester, unless told otherwise.
const TOKEN_DAYS: i64 = 180;
/// No longer than a year.
const LONGEST_DAYS: i64 = 366;

/// For how long, in milliseconds.
fn lifetime(days: &str) -> Result<i64> {
    let days = if days.is_empty() { Some(TOKEN_DAYS) } else { days.parse().ok() };
    let days = days.filter(|days| (1..=LONGEST_DAYS).contains(days));
    let days = days.ok_or_else(|| {
        Error::Refused(format!("A token holds for a whole number of days, 1 to {LONGEST_DAYS}."))
    })?;
    Ok(days * 24 * 3_600_000)
}

async fn make_token(
    state: Shared,
    visitor: Visitor,
    form: Checked<MakeToken>,
) -> Result<HttpResponse> {
    own(&visitor)?;
    let name = form.0.name.trim();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err(Error::Refused(
            "A token has a name of 1 to 80 characters, so that you know it again.".into(),
        ));
    }
    let secret = secret::fresh();
    let (person, now) = (&visitor.person.id, state.now());
    let expires_at = now + lifetime(&form.0.days)?;
    let new = NewToken { person, name, scope: form.0.scope, expires_at };
    tokens::create(&state.db, new, &secret.hash, Some(person), now).await?;
    let mut page = page(&state, &visitor).await?;
    page.fresh_token = Some(secret.text);
    state.page("profile.html", Some(&visitor), page)
}

async fn revoke_token(
    state: Shared,
    visitor: Visitor,
    id: web::Path<TokenId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    own(&visitor)?;
    let person = &visitor.person.id;
    if tokens::revoke(&state.db, person, &id, Some(person), state.now()).await? {
        Ok(see_other("/profile"))
    } else {
        Err(Error::NotFound)
    }
}

async fn sign_out_everywhere(
    state: Shared,
    visitor: Visitor,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    own(&visitor)?;
    sessions::delete_all(&state.db, &visitor.person.id, state.now()).await?;
    Ok(see_other("/sign-in"))
}
