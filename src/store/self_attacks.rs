//! What the hosts that grade last found when they attacked themselves: for servers that only have the
//! pages.

use super::arg::args;
use super::{Db, Error};

/// What a host found.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Found {
    /// Which host.
    pub host: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// Whether every attack was held.
    pub passed: bool,
    /// Attack by attack, a JSON array.
    pub findings: String,
}

/// Keeps what a host found, in place of what it found before.
///
/// # Errors
/// When the database fails.
pub async fn put(db: &Db, found: &Found) -> Result<(), Error> {
    db.run(
        "INSERT INTO self_attacks (host, at, passed, findings) VALUES ($1, $2, $3, $4)
         ON CONFLICT (host) DO UPDATE SET at = excluded.at, passed = excluded.passed,
             findings = excluded.findings",
        args![&found.host, found.at, found.passed, &found.findings],
    )
    .await?;
    Ok(())
}

/// What was found since `passed` by those that held, and since `failed` by those that did not: a host
/// that is gone says nothing any more.
///
/// # Errors
/// When the database fails.
pub async fn since(db: &Db, passed: i64, failed: i64) -> Result<Vec<Found>, Error> {
    db.all(
        "SELECT host, at, passed, findings FROM self_attacks
         WHERE (passed AND at >= $1) OR (NOT passed AND at >= $2) ORDER BY host",
        args![passed, failed],
    )
    .await
}
