//! One-time links with which a person sets their password, by the hash of their secret.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::{PersonId, SecretHash};

/// How long a link can be used, milliseconds.
pub const LIFETIME: i64 = 30 * 24 * 60 * 60 * 1000;

/// Makes a link for a person; earlier ones that were not used end with it.
///
/// # Errors
/// When it can't be stored.
pub async fn create(
    db: &Db,
    person: &PersonId,
    secret: &SecretHash,
    expires_at: i64,
    by: Option<&PersonId>,
    now: i64,
) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    tx.run("DELETE FROM invitations WHERE person = $1 AND used_at IS NULL", args![person]).await?;
    tx.run(
        "INSERT INTO invitations (secret_hash, person, created_at, expires_at)
         VALUES ($1, $2, $3, $4)",
        args![secret, person, now, expires_at],
    )
    .await?;
    let entry = Entry {
        at: now,
        actor: by,
        action: "person.invite",
        subject: person.to_string(),
        details: json!({ "expires_at": expires_at }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await
}

/// Whose link this is, if it still can be used: for the form that asks for the password.
///
/// # Errors
/// When it can't be read.
pub async fn find(db: &Db, secret: &SecretHash, now: i64) -> Result<Option<PersonId>, Error> {
    let found: Option<(PersonId,)> = db
        .opt(
            "SELECT person FROM invitations
             WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2",
            args![secret, now],
        )
        .await?;
    Ok(found.map(|(person,)| person))
}

/// Uses a link up: sets the person's password (its hash in PHC form) and signs them out everywhere.
/// None if the link was used, has expired or never was.
///
/// # Errors
/// When it can't be stored.
pub async fn redeem(
    db: &Db,
    secret: &SecretHash,
    password_hash: &str,
    now: i64,
) -> Result<Option<PersonId>, Error> {
    let mut tx = db.begin().await?;
    let used: Option<(PersonId,)> = tx
        .opt(
            "UPDATE invitations SET used_at = $1
             WHERE secret_hash = $2 AND used_at IS NULL AND expires_at > $1 RETURNING person",
            args![now, secret],
        )
        .await?;
    let Some((person,)) = used else { return Ok(None) };
    tx.run("UPDATE people SET password_hash = $1 WHERE id = $2", args![password_hash, &person])
        .await?;
    tx.run("DELETE FROM sessions WHERE person = $1", args![&person]).await?;
    let entry = Entry {
        at: now,
        actor: Some(&person),
        action: "person.redeem_invitation",
        subject: person.to_string(),
        details: json!({}),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Some(person))
}
