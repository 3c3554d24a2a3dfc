//! Failed sign-ins, counted by network address and by account, so that guessing is slow wherever it
//! comes from and whichever server of several it asks.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error};
use crate::course::PersonId;

/// What a failure is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The network address it came from.
    Address,
    /// The e-mail address that was tried, whether or not anyone has it.
    Account,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "account",
        }
    }
}

/// How often it failed, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Failures {
    /// How often.
    pub count: i64,
    /// When last, epoch milliseconds.
    pub last: Option<i64>,
}

/// A failed sign-in.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The network address it came from.
    pub address: &'a str,
    /// The e-mail address that was tried.
    pub account: &'a str,
    /// Whose that is.
    pub person: Option<&'a PersonId>,
    /// Failures after this time count.
    pub since: i64,
    /// So many don't slow the account yet.
    pub free: i64,
}

/// Counts one failed sign-in. When it is the one from which on a person's account is slowed, the log
/// gets a line: one, not one for each guess, so that whoever guesses can't fill the log; and none for an
/// address that nobody has, which is no one's to tell of.
///
/// # Errors
/// When it can't be stored.
pub async fn record(db: &Db, failure: Failure<'_>, now: i64) -> Result<(), Error> {
    let Failure { address, account, person, since, free } = failure;
    let mut tx = db.begin().await?;
    for (kind, subject) in [(Kind::Address, address), (Kind::Account, account)] {
        tx.run(
            "INSERT INTO sign_in_failures (id, kind, subject, at) VALUES ($1, $2, $3, $4)",
            args![uuid::Uuid::now_v7().to_string(), kind, subject, now],
        )
        .await?;
    }
    if let Some(person) = person {
        let failures: Failures = tx.one(COUNT, args![Kind::Account, account, since]).await?;
        if failures.count == free {
            let entry = Entry {
                at: now,
                actor: None,
                action: "person.sign_in_slowed",
                subject: person.to_string(),
                details: json!({ "failures": failures.count }),
            };
            audit::append(&mut tx, entry).await?;
        }
    }
    tx.commit().await
}

const COUNT: &str = "SELECT COUNT(*) AS count, MAX(at) AS last FROM sign_in_failures
    WHERE kind = $1 AND subject = $2 AND at > $3";

/// Failures of this address or account after `since`.
///
/// # Errors
/// When they can't be read.
pub async fn count(db: &Db, kind: Kind, subject: &str, since: i64) -> Result<Failures, Error> {
    db.one(COUNT, args![kind, subject, since]).await
}

/// Forgets an account's failures: someone signed in. The address's stay, or one known password would
/// buy free guesses at all others.
///
/// # Errors
/// When it can't be stored.
pub async fn clear_account(db: &Db, account: &str) -> Result<(), Error> {
    db.run(
        "DELETE FROM sign_in_failures WHERE kind = $1 AND subject = $2",
        args![Kind::Account, account],
    )
    .await?;
    Ok(())
}

/// Forgets failures before `before`; says how many.
///
/// # Errors
/// When it can't be stored.
pub async fn prune(db: &Db, before: i64) -> Result<u64, Error> {
    db.run("DELETE FROM sign_in_failures WHERE at < $1", args![before]).await
}
