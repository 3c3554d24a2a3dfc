//! `testat admin token`, `tokens` and `revoke-token`: API tokens from the command line.

use anyhow::bail;

use super::known;
use crate::clock::Clock;
use crate::course::access::Scope;
use crate::course::{Email, TokenId};
use crate::secret;
use crate::store::Db;
use crate::store::tokens::{self, NewToken};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A token as it is asked for.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Whose
    email: Email,
    /// What it is for
    #[arg(long, default_value = "command line")]
    name: String,
    /// read, submit (and read) or staff (and read)
    #[arg(long, default_value = "submit")]
    scope: Scope,
    /// How many days it holds
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(i64).range(1..=366))]
    days: i64,
}

/// Makes one and prints its secret, once.
pub(super) async fn make(db: &Db, wanted: &Wanted) -> anyhow::Result<()> {
    let person = known(db, &wanted.email).await?;
    let secret = secret::fresh();
    let now = Clock.now();
    let new = NewToken {
        person: &person,
        name: &wanted.name,
        scope: wanted.scope,
        expires_at: now + wanted.days * DAY_MS,
    };
    tokens::create(db, new, &secret.hash, None, now).await?;
    println!("{}", secret.text);
    Ok(())
}

/// Lists a person's tokens, one a line.
pub(super) async fn list(db: &Db, email: &Email) -> anyhow::Result<()> {
    let now = Clock.now();
    for token in tokens::of_person(db, &known(db, email).await?).await? {
        let state = match token.revoked_at {
            Some(_) => "revoked",
            None if token.holds(now) => "holds",
            None => "expired",
        };
        let used = match (token.last_used_at, &token.last_used_from) {
            (Some(at), Some(from)) => format!("last used {} from {from}", instant(at)),
            _ => "never used".to_owned(),
        };
        println!(
            "{}  {}  {state}, until {}, {used}  {}",
            token.id,
            token.scope,
            instant(token.expires_at),
            crate::course::text::visible(&token.name)
        );
    }
    Ok(())
}

/// Revokes one.
pub(super) async fn revoke(db: &Db, email: &Email, id: &TokenId) -> anyhow::Result<()> {
    if !tokens::revoke(db, &known(db, email).await?, id, None, Clock.now()).await? {
        bail!("{email} has no token {id} that is not revoked yet");
    }
    println!("{id} is revoked");
    Ok(())
}

/// `2026-09-29T21:59:59Z`.
fn instant(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| "an unknown time".to_owned(), |at| at.strftime("%FT%TZ").to_string())
}
