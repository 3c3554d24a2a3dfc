//! Which kinds of letters a person does without.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::PersonId;
use crate::course::notice::Kind;

/// The kinds that a person has turned off.
///
/// # Errors
/// When they can't be read.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<Kind>, Error> {
    let rows: Vec<(Kind,)> =
        db.all("SELECT kind FROM mail_off WHERE person = $1 ORDER BY kind", args![person]).await?;
    Ok(rows.into_iter().map(|(kind,)| kind).collect())
}

/// Turns these kinds off for a person and all others on; letters that wait already are still sent.
///
/// # Errors
/// When it can't be stored, or a kind is one that always comes.
pub async fn set(db: &Db, person: &PersonId, off: &[Kind], now: i64) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    tx.run("DELETE FROM mail_off WHERE person = $1", args![person]).await?;
    for kind in off {
        tx.run("INSERT INTO mail_off (person, kind) VALUES ($1, $2)", args![person, *kind]).await?;
    }
    let entry = Entry {
        at: now,
        actor: Some(person),
        action: "person.set_mail",
        subject: person.to_string(),
        details: json!({ "off": off }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await
}
