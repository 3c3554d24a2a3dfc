//! Failed sign-ins, counted by network address and by account, so that guessing is slow wherever it
//! comes from and whichever server of several it asks.

use super::arg::args;
use super::{Db, Error};

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

/// Counts one failed sign-in.
///
/// # Errors
/// When it can't be stored.
pub async fn record(db: &Db, address: &str, account: &str, now: i64) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    for (kind, subject) in [(Kind::Address, address), (Kind::Account, account)] {
        tx.run(
            "INSERT INTO sign_in_failures (id, kind, subject, at) VALUES ($1, $2, $3, $4)",
            args![uuid::Uuid::now_v7().to_string(), kind, subject, now],
        )
        .await?;
    }
    tx.commit().await
}

/// Failures of this address or account after `since`.
///
/// # Errors
/// When they can't be read.
pub async fn count(db: &Db, kind: Kind, subject: &str, since: i64) -> Result<Failures, Error> {
    db.one(
        "SELECT COUNT(*) AS count, MAX(at) AS last FROM sign_in_failures
         WHERE kind = $1 AND subject = $2 AND at > $3",
        args![kind, subject, since],
    )
    .await
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
