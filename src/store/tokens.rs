//! Bearer tokens of the API, by the hash of their secret.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::access::Scope;
use crate::course::{PersonId, SecretHash, TokenId};

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// Whose.
    pub person: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// What it lends of its owner's rights.
    pub scope: Scope,
    /// Made when, epoch milliseconds.
    pub created_at: i64,
    /// Until when it holds.
    pub expires_at: i64,
    /// Last used, to the minute.
    pub last_used_at: Option<i64>,
    /// Last used from which network address.
    pub last_used_from: Option<String>,
    /// Revoked when.
    pub revoked_at: Option<i64>,
}

impl Token {
    /// Whether it opens anything.
    pub fn holds(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}

/// What a new token is.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// Whose.
    pub person: &'a PersonId,
    /// What its owner calls it.
    pub name: &'a str,
    /// What it lends of its owner's rights.
    pub scope: Scope,
    /// Until when it holds.
    pub expires_at: i64,
}

/// A use is written down at most so often, unless it came from another place.
const TOUCH_EVERY: i64 = 60_000;

const TOKEN: &str = "SELECT id, person, name, scope, created_at, expires_at, last_used_at,
    last_used_from, revoked_at FROM tokens";

/// Makes a token; `by` is none for the command line.
///
/// # Errors
/// When it can't be stored.
pub async fn create(
    db: &Db,
    new: NewToken<'_>,
    secret: &SecretHash,
    by: Option<&PersonId>,
    now: i64,
) -> Result<TokenId, Error> {
    let id = TokenId::new();
    let NewToken { person, name, scope, expires_at } = new;
    let mut tx = db.begin().await?;
    tx.run(
        "INSERT INTO tokens (id, person, name, scope, secret_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![&id, person, name, scope, secret, now, expires_at],
    )
    .await?;
    let entry = Entry {
        at: now,
        actor: by,
        action: "token.create",
        subject: id.to_string(),
        details: json!({ "person": person, "name": name, "scope": scope, "expires_at": expires_at }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// The token with this secret, if it is neither revoked nor expired, and marks it as used from a
/// network address.
///
/// # Errors
/// When it can't be read.
pub async fn find(
    db: &Db,
    secret: &SecretHash,
    from: &str,
    now: i64,
) -> Result<Option<Token>, Error> {
    let query = format!("{TOKEN} WHERE secret_hash = $1");
    let token: Option<Token> = db.opt(sqlx::AssertSqlSafe(query), args![secret]).await?;
    let Some(token) = token.filter(|token| token.holds(now)) else { return Ok(None) };
    let noted = token.last_used_at.is_some_and(|at| now - at < TOUCH_EVERY)
        && token.last_used_from.as_deref() == Some(from);
    if !noted {
        db.run(
            "UPDATE tokens SET last_used_at = $1, last_used_from = $2 WHERE id = $3",
            args![now, from, &token.id],
        )
        .await?;
    }
    Ok(Some(token))
}

/// A person's tokens, newest first, those that hold no more included.
///
/// # Errors
/// When they can't be read.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<Token>, Error> {
    let query = format!("{TOKEN} WHERE person = $1 ORDER BY created_at DESC, id DESC");
    db.all(sqlx::AssertSqlSafe(query), args![person]).await
}

/// Revokes one of a person's tokens. False if they have no such token that is not revoked yet.
///
/// # Errors
/// When it can't be stored.
pub async fn revoke(
    db: &Db,
    person: &PersonId,
    id: &TokenId,
    by: Option<&PersonId>,
    now: i64,
) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let changed = tx
        .run(
            "UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND person = $3 AND revoked_at IS NULL",
            args![now, id, person],
        )
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    let entry = Entry {
        at: now,
        actor: by,
        action: "token.revoke",
        subject: id.to_string(),
        details: json!({ "person": person }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}
