//! Bearer tokens of the API, by the hash of their secret.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
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
    /// Made when, epoch milliseconds.
    pub created_at: i64,
    /// Until when it holds; none for ever.
    pub expires_at: Option<i64>,
    /// Last used, to the minute.
    pub last_used_at: Option<i64>,
    /// Revoked when.
    pub revoked_at: Option<i64>,
}

/// A use is written down at most so often.
const TOUCH_EVERY: i64 = 60_000;

/// Makes a token; `by` is none for the command line.
///
/// # Errors
/// When it can't be stored.
pub async fn create(
    db: &Db,
    person: &PersonId,
    name: &str,
    secret: &SecretHash,
    expires_at: Option<i64>,
    by: Option<&PersonId>,
    now: i64,
) -> Result<TokenId, Error> {
    let id = TokenId::new();
    let mut tx = db.begin().await?;
    tx.run(
        "INSERT INTO tokens (id, person, name, secret_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![&id, person, name, secret, now, expires_at],
    )
    .await?;
    let entry = Entry {
        at: now,
        actor: by,
        action: "token.create",
        subject: id.to_string(),
        details: json!({ "person": person, "name": name }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// The token with this secret, if it is neither revoked nor expired, and marks it as used.
///
/// # Errors
/// When it can't be read.
pub async fn find(db: &Db, secret: &SecretHash, now: i64) -> Result<Option<Token>, Error> {
    let token: Option<Token> = db
        .opt(
            "SELECT id, person, name, created_at, expires_at, last_used_at, revoked_at FROM tokens
             WHERE secret_hash = $1 AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > $2)",
            args![secret, now],
        )
        .await?;
    if let Some(token) = &token
        && token.last_used_at.is_none_or(|at| now - at >= TOUCH_EVERY)
    {
        db.run("UPDATE tokens SET last_used_at = $1 WHERE id = $2", args![now, &token.id]).await?;
    }
    Ok(token)
}

/// A person's tokens, newest first, revoked ones included.
///
/// # Errors
/// When they can't be read.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<Token>, Error> {
    db.all(
        "SELECT id, person, name, created_at, expires_at, last_used_at, revoked_at FROM tokens
         WHERE person = $1 ORDER BY created_at DESC, id DESC",
        args![person],
    )
    .await
}

/// Revokes a person's own token. False if they have no such live token.
///
/// # Errors
/// When it can't be stored.
pub async fn revoke(db: &Db, person: &PersonId, id: &TokenId, now: i64) -> Result<bool, Error> {
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
        actor: Some(person),
        action: "token.revoke",
        subject: id.to_string(),
        details: json!({}),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}
