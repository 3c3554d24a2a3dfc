//! Signed-in browsers, by the hash of their secret.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::{PersonId, SecretHash};

/// How long a session lives, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Without being used.
    pub idle: i64,
    /// In all.
    pub absolute: i64,
}

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// Whose.
    pub person: PersonId,
    /// Since when, epoch milliseconds.
    pub created_at: i64,
    /// Last used, to the minute, epoch milliseconds.
    pub seen_at: i64,
}

/// A use is written down at most so often: a page with ten requests is one write at most.
const TOUCH_EVERY: i64 = 60_000;

/// Begins a session.
///
/// # Errors
/// When it can't be stored.
pub async fn create(
    db: &Db,
    secret: &SecretHash,
    person: &PersonId,
    now: i64,
) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    tx.run(
        "INSERT INTO sessions (secret_hash, person, created_at, seen_at) VALUES ($1, $2, $3, $3)",
        args![secret, person, now],
    )
    .await?;
    audit::append(&mut tx, own_act("person.sign_in", person, json!({}), now)).await?;
    tx.commit().await
}

/// The session with this secret, if it has not expired, and marks it as used.
///
/// # Errors
/// When it can't be read.
pub async fn find(
    db: &Db,
    secret: &SecretHash,
    lifetime: Lifetime,
    now: i64,
) -> Result<Option<Session>, Error> {
    let session: Option<Session> = db
        .opt(
            "SELECT person, created_at, seen_at FROM sessions
             WHERE secret_hash = $1 AND seen_at > $2 AND created_at > $3",
            args![secret, now - lifetime.idle, now - lifetime.absolute],
        )
        .await?;
    if session.as_ref().is_some_and(|session| now - session.seen_at >= TOUCH_EVERY) {
        db.run("UPDATE sessions SET seen_at = $1 WHERE secret_hash = $2", args![now, secret])
            .await?;
    }
    Ok(session)
}

/// A person's sessions, last used first.
///
/// # Errors
/// When they can't be read.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<Session>, Error> {
    db.all(
        "SELECT person, created_at, seen_at FROM sessions WHERE person = $1 ORDER BY seen_at DESC",
        args![person],
    )
    .await
}

/// Ends one session; does nothing if it has ended.
///
/// # Errors
/// When it can't be stored.
pub async fn delete(db: &Db, secret: &SecretHash, now: i64) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    let ended: Option<(PersonId,)> = tx
        .opt("DELETE FROM sessions WHERE secret_hash = $1 RETURNING person", args![secret])
        .await?;
    let Some((person,)) = ended else { return Ok(()) };
    audit::append(&mut tx, own_act("person.sign_out", &person, json!({}), now)).await?;
    tx.commit().await
}

/// Signs a person out everywhere; says of how many places.
///
/// # Errors
/// When it can't be stored.
pub async fn delete_all(db: &Db, person: &PersonId, now: i64) -> Result<u64, Error> {
    let mut tx = db.begin().await?;
    let ended = tx.run("DELETE FROM sessions WHERE person = $1", args![person]).await?;
    let details = json!({ "sessions": ended });
    audit::append(&mut tx, own_act("person.sign_out_everywhere", person, details, now)).await?;
    tx.commit().await?;
    Ok(ended)
}

/// What a person did with their own account.
fn own_act<'a>(
    action: &'static str,
    person: &'a PersonId,
    details: serde_json::Value,
    now: i64,
) -> Entry<'a> {
    Entry { at: now, actor: Some(person), action, subject: person.to_string(), details }
}

/// Forgets sessions that have expired; says how many.
///
/// # Errors
/// When it can't be stored.
pub async fn prune(db: &Db, lifetime: Lifetime, now: i64) -> Result<u64, Error> {
    db.run(
        "DELETE FROM sessions WHERE seen_at <= $1 OR created_at <= $2",
        args![now - lifetime.idle, now - lifetime.absolute],
    )
    .await
}
