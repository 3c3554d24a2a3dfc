//! People: who has a sign-in, with what password, as what.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::access::Actor;
use crate::course::{Email, PersonId, Role, SemesterName};

/// A human with a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// What they sign in with.
    pub email: Email,
    /// Family name.
    pub family_name: String,
    /// First name.
    pub first_name: String,
    /// Whether an admin of the server.
    pub admin: bool,
    /// Whether they have set a password.
    pub has_password: bool,
    /// Since when, epoch milliseconds.
    pub created_at: i64,
}

/// What a new person is known by.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// What they sign in with.
    pub email: Email,
    /// Family name.
    pub family_name: String,
    /// First name.
    pub first_name: String,
    /// Whether an admin of the server.
    pub admin: bool,
}

/// What a sign-in is held against.
#[derive(Clone, sqlx::FromRow)]
pub struct Credentials {
    /// Who.
    pub person: PersonId,
    /// Their password's hash in PHC form; none until they have set one.
    pub password_hash: Option<String>,
}

/// A person was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Someone has this e-mail address.
    #[error("there is a person with this e-mail address already")]
    EmailTaken,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

const PERSON: &str = "SELECT id, email, family_name, first_name, admin,
    password_hash IS NOT NULL AS has_password, created_at FROM people";

/// Creates a person without a password; `by` is none for the command line.
///
/// # Errors
/// When the e-mail address is taken, or it can't be stored.
pub async fn create(
    db: &Db,
    person: &NewPerson,
    by: Option<&PersonId>,
    now: i64,
) -> Result<PersonId, CreateError> {
    let id = PersonId::new();
    let mut tx = db.begin().await?;
    let inserted = tx
        .run(
            "INSERT INTO people (id, email, family_name, first_name, admin, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![&id, &person.email, &person.family_name, &person.first_name, person.admin, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_twice() => return Err(CreateError::EmailTaken),
        other => other?,
    };
    let entry = Entry {
        at: now,
        actor: by,
        action: "person.create",
        subject: id.to_string(),
        details: json!({ "email": person.email, "admin": person.admin }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// The person with this e-mail address.
///
/// # Errors
/// When it can't be read.
pub async fn by_email(db: &Db, email: &Email) -> Result<Option<Person>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{PERSON} WHERE email = $1")), args![email]).await
}

/// The person with this id.
///
/// # Errors
/// When it can't be read.
pub async fn by_id(db: &Db, id: &PersonId) -> Result<Option<Person>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{PERSON} WHERE id = $1")), args![id]).await
}

/// Everyone, by name.
///
/// # Errors
/// When they can't be read.
pub async fn all(db: &Db) -> Result<Vec<Person>, Error> {
    db.all(sqlx::AssertSqlSafe(format!("{PERSON} ORDER BY family_name, first_name, id")), vec![])
        .await
}

/// What a sign-in with this e-mail address is held against.
///
/// # Errors
/// When it can't be read.
pub async fn credentials(db: &Db, email: &Email) -> Result<Option<Credentials>, Error> {
    db.opt("SELECT id AS person, password_hash FROM people WHERE email = $1", args![email]).await
}

/// Sets a person's password (its hash in PHC form) and signs them out everywhere. False if there is no
/// such person.
///
/// # Errors
/// When it can't be stored.
pub async fn set_password(
    db: &Db,
    person: &PersonId,
    password_hash: &str,
    by: Option<&PersonId>,
    now: i64,
) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let changed = tx
        .run("UPDATE people SET password_hash = $1 WHERE id = $2", args![password_hash, person])
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    tx.run("DELETE FROM sessions WHERE person = $1", args![person]).await?;
    let entry = Entry {
        at: now,
        actor: by,
        action: "person.set_password",
        subject: person.to_string(),
        details: json!({}),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// Replaces the stored hash of an unchanged password by one made with newer parameters; leaves the
/// person signed in. Does nothing if the password has changed meanwhile.
///
/// # Errors
/// When it can't be stored.
pub async fn rehash_password(
    db: &Db,
    person: &PersonId,
    old: &str,
    new: &str,
) -> Result<(), Error> {
    db.run(
        "UPDATE people SET password_hash = $1 WHERE id = $2 AND password_hash = $3",
        args![new, person, old],
    )
    .await?;
    Ok(())
}

/// Makes a person an admin of the server, or no longer one. False if there is no such person.
///
/// # Errors
/// When it can't be stored.
pub async fn set_admin(
    db: &Db,
    person: &PersonId,
    admin: bool,
    by: Option<&PersonId>,
    now: i64,
) -> Result<bool, Error> {
    let mut tx = db.begin().await?;
    let changed =
        tx.run("UPDATE people SET admin = $1 WHERE id = $2", args![admin, person]).await?;
    if changed == 0 {
        return Ok(false);
    }
    let entry = Entry {
        at: now,
        actor: by,
        action: "person.set_admin",
        subject: person.to_string(),
        details: json!({ "admin": admin }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// All that decides what a person may; none if there is no such person.
///
/// # Errors
/// When it can't be read.
pub async fn actor(db: &Db, person: &PersonId) -> Result<Option<Actor>, Error> {
    let rows: Vec<(bool, Option<SemesterName>, Option<Role>)> = db
        .all(
            "SELECT p.admin, e.semester, e.role FROM people p
             LEFT JOIN enrolments e ON e.person = p.id WHERE p.id = $1",
            args![person],
        )
        .await?;
    let Some((admin, ..)) = rows.first() else { return Ok(None) };
    Ok(Some(Actor {
        person: person.clone(),
        admin: *admin,
        roles: rows.iter().filter_map(|(_, name, role)| Some((name.clone()?, (*role)?))).collect(),
    }))
}
