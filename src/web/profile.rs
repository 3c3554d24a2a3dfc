//! A person's own account: password, API tokens, sessions.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, LIFETIME, Visitor};
use super::page::see_other;
use super::{Shared, State, passwords};
use crate::course::TokenId;
use crate::course::access::{Action, On};
use crate::secret;
use crate::store::{people, sessions, tokens};

/// Addresses of this file.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/profile", web::get().to(show))
        .route("/profile/password", web::post().to(change_password))
        .route("/profile/tokens", web::post().to(make_token))
        .route("/profile/tokens/{id}/revoke", web::post().to(revoke_token))
        .route("/profile/sign-out-everywhere", web::post().to(sign_out_everywhere));
}

#[derive(Serialize)]
struct ProfilePage {
    email: String,
    tokens: Vec<TokenRow>,
    sessions: Vec<SessionRow>,
    shortest: usize,
    fresh_token: Option<String>,
    fault: Option<String>,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct TokenRow {
    id: String,
    name: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

#[derive(Serialize)]
struct SessionRow {
    created_at: i64,
    seen_at: i64,
}

async fn page(state: &State, visitor: &Visitor) -> Result<ProfilePage> {
    let person = &visitor.person.id;
    let live = |token: &tokens::Token| token.revoked_at.is_none();
    let row = |token: tokens::Token| TokenRow {
        id: token.id.to_string(),
        name: token.name,
        created_at: token.created_at,
        last_used_at: token.last_used_at,
    };
    let now = state.now();
    let alive = |s: &sessions::Session| {
        s.seen_at > now - LIFETIME.idle && s.created_at > now - LIFETIME.absolute
    };
    let sessions = sessions::of_person(&state.db, person).await?;
    Ok(ProfilePage {
        email: visitor.person.email.to_string(),
        tokens: tokens::of_person(&state.db, person)
            .await?
            .into_iter()
            .filter(live)
            .map(row)
            .collect(),
        sessions: sessions
            .into_iter()
            .filter(alive)
            .map(|s| SessionRow { created_at: s.created_at, seen_at: s.seen_at })
            .collect(),
        shortest: passwords::SHORTEST,
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
    state: Shared,
    visitor: Visitor,
    form: Checked<ChangePassword>,
) -> Result<HttpResponse> {
    own(&visitor)?;
    match try_change(&state, &visitor, form.0).await? {
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

/// Why the password stays as it is; none when it was changed.
async fn try_change(
    state: &State,
    visitor: &Visitor,
    form: ChangePassword,
) -> Result<Option<String>> {
    let turn = state.passwords.turn().await?;
    let known = people::credentials(&state.db, &visitor.person.email).await?;
    let hash = known.and_then(|known| known.password_hash);
    if form.old.len() > passwords::LONGEST || !state.passwords.verify(&turn, form.old, hash).await?
    {
        return Ok(Some("The present password is another.".to_owned()));
    }
    if form.password != form.again {
        return Ok(Some("The two new passwords differ.".to_owned()));
    }
    if let Err(why) = passwords::acceptable(&form.password) {
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
}

async fn make_token(
    state: Shared,
    visitor: Visitor,
    form: Checked<MakeToken>,
) -> Result<HttpResponse> {
    own(&visitor)?;
    let name = form.0.name.trim();
    if name.is_empty() || name.chars().count() > 80 {
        return Err(Error::Refused(
            "A token has a name of 1 to 80 characters, so that you know it again.".into(),
        ));
    }
    let secret = secret::fresh();
    let person = &visitor.person.id;
    tokens::create(&state.db, person, name, &secret.hash, None, Some(person), state.now()).await?;
    let mut page = page(&state, &visitor).await?;
    page.fresh_token = Some(secret.text);
    state.page("profile.html", Some(&visitor), page)
}

#[derive(Deserialize)]
struct Nothing {}

async fn revoke_token(
    state: Shared,
    visitor: Visitor,
    id: web::Path<TokenId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    own(&visitor)?;
    if tokens::revoke(&state.db, &visitor.person.id, &id, state.now()).await? {
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
