//! The log of all that happened. Each line is hashed together with the hash of the one before, so
//! that a changed, removed or inserted line shows; the head is kept apart, so that a cut tail shows.
//!
//! Whoever can rewrite the whole database can rewrite the whole chain: note [`Verified::hash`] down
//! elsewhere from time to time, and hold it against what is there later ([`examine`]).

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

/// Where the chain does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Lines are missing.
    #[error("the audit log has no line {from}{}", if to > from { format!(" to {to}") } else { String::new() })]
    Missing {
        /// The first line that should be there.
        from: i64,
        /// The last one.
        to: i64,
    },
    /// A line is not what was hashed, or was hashed onto another than the one that is before it now.
    #[error("line {seq} of the audit log, or the one before it, was changed")]
    Changed {
        /// Its place.
        seq: i64,
    },
    /// A line stands where none was ever written.
    #[error("line {seq} of the audit log is before the first one")]
    Inserted {
        /// Its place.
        seq: i64,
    },
    /// The last line is not the one that the head names.
    #[error("the audit log ends at line {last}, but its head is at line {head}")]
    Cut {
        /// The last line there is.
        last: i64,
        /// The line that the head names.
        head: i64,
    },
    /// The last line has another hash than the head.
    #[error("the head of the audit log has another hash than its last line, {last}")]
    Head {
        /// The last line there is.
        last: i64,
    },
    /// There is no head at all.
    #[error("the audit log has no head")]
    NoHead,
    /// A line that was noted down elsewhere is another one now.
    #[error("line {seq} of the audit log does not have the hash that was noted down")]
    Rewritten {
        /// Its place.
        seq: i64,
    },
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] Error),
}

/// All of the log, read once.
#[derive(Debug)]
pub struct Walked {
    /// The last line there is, and its hash.
    pub end: Verified,
    /// Wherever the chain does not hold, in the order of the lines.
    pub broken: Vec<Broken>,
}

const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

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

/// Which lines are wanted; what is none narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those before this line.
    pub before: Option<i64>,
    /// Of this action.
    pub action: Option<String>,
    /// Done by this person.
    pub by: Option<PersonId>,
    /// About this, or about what begins so: `HS2026` has all of its projects' lines.
    pub about: Option<String>,
    /// From this instant on, epoch milliseconds.
    pub from: Option<i64>,
    /// Up to this instant.
    pub to: Option<i64>,
}

impl Filter {
    /// Whether lines are left out, other than by their place.
    pub fn is_narrow(&self) -> bool {
        *self != Self { before: self.before, ..Self::default() }
    }
}

/// At most `limit` lines that fit, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn filtered(db: &Db, filter: &Filter, limit: u32) -> Result<Vec<Line>, Error> {
    db.all(
        "SELECT seq, at, actor, action, subject, details, hash FROM audit
         WHERE seq < $1 AND (CAST($2 AS TEXT) IS NULL OR action = $2)
             AND (CAST($3 AS TEXT) IS NULL OR actor = $3)
             AND (CAST($4 AS TEXT) IS NULL OR SUBSTR(subject, 1, LENGTH($4)) = $4)
             AND at >= $5 AND at <= $6
         ORDER BY seq DESC LIMIT $7",
        args![
            filter.before.unwrap_or(i64::MAX),
            filter.action.clone(),
            filter.by.as_ref(),
            filter.about.clone(),
            filter.from.unwrap_or(i64::MIN),
            filter.to.unwrap_or(i64::MAX),
            limit,
        ],
    )
    .await
}

/// Every action that has a line.
///
/// # Errors
/// When they can't be read.
pub async fn actions(db: &Db) -> Result<Vec<String>, Error> {
    let rows: Vec<(String,)> =
        db.all("SELECT DISTINCT action FROM audit ORDER BY action", vec![]).await?;
    Ok(rows.into_iter().map(|(action,)| action).collect())
}

/// When something was last done, epoch milliseconds.
///
/// # Errors
/// When it can't be read.
pub async fn last_of(db: &Db, action: &str) -> Result<Option<i64>, Error> {
    let (at,) = db.one("SELECT MAX(at) FROM audit WHERE action = $1", args![action]).await?;
    Ok(at)
}

/// The place of the last line; 0 before the first.
///
/// # Errors
/// When it can't be read.
pub async fn last(db: &Db) -> Result<i64, Error> {
    let (seq,) = db.one("SELECT COALESCE(MAX(seq), 0) FROM audit", vec![]).await?;
    Ok(seq)
}

/// At most `limit` lines after line `line`, oldest first. Lines are committed in their order, so whoever
/// goes on from the last of them misses none.
///
/// # Errors
/// When they can't be read.
pub async fn after(db: &Db, line: i64, limit: u32) -> Result<Vec<Line>, Error> {
    db.all(
        "SELECT seq, at, actor, action, subject, details, hash FROM audit
         WHERE seq > $1 ORDER BY seq LIMIT $2",
        args![line, limit],
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

/// Reads the whole log and holds each line against its hash.
///
/// # Errors
/// [`Broken`] names the first line that does not fit.
pub async fn verify(db: &Db) -> Result<Verified, Broken> {
    let walked = walk(&mut db.snapshot().await?, &mut |_| {}).await?;
    match walked.broken.into_iter().next() {
        Some(broken) => Err(broken),
        None => Ok(walked.end),
    }
}

/// The same, naming everything that does not fit. `known` is the place and the hash of a line that was
/// noted down elsewhere: whoever rewrites the whole chain does not know of it.
///
/// # Errors
/// When it can't be read.
pub async fn examine(db: &Db, known: Option<(i64, &str)>) -> Result<Walked, Error> {
    let mut found = None;
    let mut walked = walk(&mut db.snapshot().await?, &mut |line: &Line| {
        if known.is_some_and(|(seq, _)| seq == line.seq) {
            found = Some(line.hash.clone());
        }
    })
    .await?;
    if let Some((seq, hash)) = known
        && found.as_deref() != Some(hash)
    {
        walked.broken.push(Broken::Rewritten { seq });
    }
    Ok(walked)
}

/// Reads the log from the first line to the last as `tx` sees it, and goes on behind a line that does
/// not fit, from the hash that is stored there.
pub(super) async fn walk(
    tx: &mut Tx,
    each: &mut (dyn FnMut(&Line) + Send),
) -> Result<Walked, Error> {
    let head: Option<(i64, String)> =
        tx.opt("SELECT seq, hash FROM audit_head WHERE id = 1", vec![]).await?;
    let mut end = Verified { lines: 0, hash: START.to_owned() };
    let mut broken = Vec::new();
    tx.each(
        "SELECT seq, at, actor, action, subject, details, hash FROM audit ORDER BY seq",
        |line: Line| -> Result<(), Error> {
            broken.extend(hold(&end, &line));
            each(&line);
            if line.seq < 1 {
                return Ok(());
            }
            end = Verified { lines: line.seq, hash: line.hash };
            Ok(())
        },
    )
    .await?;
    match head {
        None => broken.push(Broken::NoHead),
        Some((seq, _)) if seq != end.lines => {
            broken.push(Broken::Cut { last: end.lines, head: seq });
        }
        Some((_, hash)) if hash != end.hash => broken.push(Broken::Head { last: end.lines }),
        Some(_) => {}
    }
    Ok(Walked { end, broken })
}

/// What is wrong with a line, given the one before.
fn hold(before: &Verified, line: &Line) -> Option<Broken> {
    let expected = before.lines + 1;
    if line.seq < 1 {
        return Some(Broken::Inserted { seq: line.seq });
    }
    if line.seq > expected {
        return Some(Broken::Missing { from: expected, to: line.seq - 1 });
    }
    let actor = line.actor.as_ref().map(PersonId::as_str);
    let Line { seq, at, action, subject, details, .. } = line;
    let hash = chain(&before.hash, *seq, *at, actor, action, subject, details);
    (hash != line.hash).then_some(Broken::Changed { seq: *seq })
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
