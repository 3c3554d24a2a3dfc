//! The log of all that happened. Each line is hashed together with the hash of the one before, so
//! that a changed, removed or inserted line shows; the head is kept apart, so that a cut tail shows.
//!
//! Whoever can rewrite the whole database can rewrite the whole chain: note [`Verified::hash`] down
//! elsewhere from time to time, and hold it against what is there later.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::arg::args;
use super::{Db, Error, Tx};
use crate::course::{Digest, PersonId, SemesterName};

/// What is written down.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// When, epoch milliseconds.
    pub at: i64,
    /// Who; none for the server itself.
    pub actor: Option<&'a PersonId>,
    /// What was done: `result.override`.
    pub action: &'static str,
    /// To what: an id, or `HS2026/1`.
    pub subject: String,
    /// The rest, as a JSON object.
    pub details: Value,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Its place, from 1.
    pub seq: i64,
    /// When, epoch milliseconds.
    pub at: i64,
    /// Who; none for the server itself.
    pub actor: Option<PersonId>,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The rest, a JSON object.
    pub details: String,
    /// SHA-256 over the hash before and this line.
    pub hash: String,
}

/// The chain held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Lines in it.
    pub lines: i64,
    /// The hash of the last one.
    pub hash: String,
}

/// Why the chain does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A line is missing before this one.
    #[error("line {expected} of the audit log is missing")]
    Missing {
        /// The line that should be there.
        expected: i64,
    },
    /// A line's text is not what was hashed.
    #[error("line {seq} of the audit log was changed")]
    Changed {
        /// Its place.
        seq: i64,
    },
    /// The last line is not what the head says.
    #[error("the audit log ends at line {last}, but its head is at {head}")]
    Cut {
        /// The last line there is.
        last: i64,
        /// The line that the head names.
        head: i64,
    },
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] Error),
}

const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Lines read at a time when verifying.
const PAGE: i64 = 1000;

/// Adds a line as part of `tx`. To be called last: it puts all writers in order until the commit.
pub(super) async fn append(tx: &mut Tx, entry: Entry<'_>) -> Result<(), Error> {
    let (seq, before): (i64, String) = tx
        .one("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash", vec![])
        .await?;
    let details = entry.details.to_string();
    let hash = chain(
        &before,
        seq,
        entry.at,
        entry.actor.map(PersonId::as_str),
        entry.action,
        &entry.subject,
        &details,
    );
    tx.run(
        "INSERT INTO audit (seq, at, actor, action, subject, details, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![seq, entry.at, entry.actor, entry.action, entry.subject, details, &hash],
    )
    .await?;
    tx.run("UPDATE audit_head SET hash = $1 WHERE id = 1", args![hash]).await?;
    Ok(())
}

/// The line of an exported admission list: what was handed out can be known again by its digest.
pub fn export_entry<'a>(
    semester: &SemesterName,
    digest: &Digest,
    actor: Option<&'a PersonId>,
    at: i64,
) -> Entry<'a> {
    Entry {
        at,
        actor,
        action: "admissions.exported",
        subject: semester.to_string(),
        details: json!({ "sha256": digest }),
    }
}

/// Writes down something that changes nothing else, such as an export.
///
/// # Errors
/// When it can't be stored.
pub async fn note(db: &Db, entry: Entry<'_>) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    append(&mut tx, entry).await?;
    tx.commit().await
}

/// At most `limit` lines before line `before`, or the last ones; newest first.
///
/// # Errors
/// When they can't be read.
pub async fn list(db: &Db, before: Option<i64>, limit: u32) -> Result<Vec<Line>, Error> {
    db.all(
        "SELECT seq, at, actor, action, subject, details, hash FROM audit
         WHERE seq < $1 ORDER BY seq DESC LIMIT $2",
        args![before.unwrap_or(i64::MAX), limit],
    )
    .await
}

/// All lines about one thing, oldest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_subject(db: &Db, subject: &str) -> Result<Vec<Line>, Error> {
    db.all(
        "SELECT seq, at, actor, action, subject, details, hash FROM audit
         WHERE subject = $1 ORDER BY seq",
        args![subject],
    )
    .await
}

/// Reads the whole log and holds each line against its hash. Lines added meanwhile are left out.
///
/// # Errors
/// [`Broken`] names the first line that does not fit.
pub async fn verify(db: &Db) -> Result<Verified, Broken> {
    let (head, head_hash): (i64, String) =
        db.one("SELECT seq, hash FROM audit_head WHERE id = 1", vec![]).await?;
    let mut hash = START.to_owned();
    let mut last = 0;
    loop {
        let page: Vec<Line> = db
            .all(
                "SELECT seq, at, actor, action, subject, details, hash FROM audit
                 WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
                args![last, head, PAGE],
            )
            .await?;
        if page.is_empty() {
            break;
        }
        for line in page {
            if line.seq != last + 1 {
                return Err(Broken::Missing { expected: last + 1 });
            }
            let actor = line.actor.as_ref().map(PersonId::as_str);
            hash =
                chain(&hash, line.seq, line.at, actor, &line.action, &line.subject, &line.details);
            if hash != line.hash {
                return Err(Broken::Changed { seq: line.seq });
            }
            last = line.seq;
        }
    }
    if last != head || hash != head_hash {
        return Err(Broken::Cut { last, head });
    }
    Ok(Verified { lines: last, hash })
}

/// SHA-256 over the hash before and the line as one JSON array: no two lines have the same text.
fn chain(
    before: &str,
    seq: i64,
    at: i64,
    actor: Option<&str>,
    action: &str,
    subject: &str,
    details: &str,
) -> String {
    let line = serde_json::json!([seq, at, actor, action, subject, details]).to_string();
    let mut hasher = Sha256::new();
    hasher.update(before.as_bytes());
    hasher.update(line.as_bytes());
    hex::encode(hasher.finalize())
}
