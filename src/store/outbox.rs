//! Letters on their way out by e-mail. What is to be told is put here in the transaction of what it
//! tells of, so that nothing is told that did not happen, and nothing is lost. A sender claims one
//! letter under a lease; whoever dies with it leaves it to the next.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::{Db, Error, Tx};
use crate::course::notice::{Kind, LONGEST_PAUSE, Notice};
use crate::course::{Email, LetterId, PersonId};

/// A letter that is ours to send until the lease runs out.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Letter {
    /// Which.
    pub id: LetterId,
    /// Of what kind.
    pub kind: Kind,
    /// To which address.
    pub email: Email,
    /// To whom, by first name.
    pub first_name: String,
    /// And family name.
    pub family_name: String,
    /// One line.
    pub subject: String,
    /// Lines of plain text.
    pub body: String,
    /// The page that it leads to.
    pub path: String,
    /// When it was written, epoch milliseconds.
    pub queued_at: i64,
    /// How often sending was begun, this time included; fences our writes.
    pub tries: i64,
}

/// Puts a notice into the outbox as part of `tx`, unless the person does without its kind or was told
/// of the same before.
pub(super) async fn put(
    tx: &mut Tx,
    person: &PersonId,
    notice: &Notice<'_>,
    now: i64,
) -> Result<(), Error> {
    let text = notice.text();
    tx.run(
        "INSERT INTO outbox
             (id, kind, person, about, subject, body, path, state, queued_at, not_before)
         SELECT $1, $2, p.id, $3, $4, $5, $6, 'waiting', $7, $7 FROM people p
         WHERE p.id = $8
           AND NOT EXISTS (SELECT 1 FROM mail_off o WHERE o.person = p.id AND o.kind = $2)
         ON CONFLICT (kind, person, about) DO NOTHING",
        args![
            &LetterId::new(),
            notice.kind(),
            notice.about(),
            text.subject,
            text.body,
            text.path,
            now,
            person,
        ],
    )
    .await?;
    Ok(())
}

/// Claims the next letter until `until` (epoch milliseconds), if one is due: its time has come, or lies
/// farther ahead than any can, as the clock was set back since it was written.
///
/// # Errors
/// When the database fails.
pub async fn claim(db: &Db, now: i64, until: i64) -> Result<Option<Letter>, Error> {
    // Read first: with nothing to do, no write lock is taken.
    let due: Option<(i64,)> = db
        .opt(
            "SELECT not_before FROM outbox
             WHERE state = 'waiting' AND (not_before <= $1 OR not_before > $2) LIMIT 1",
            args![now, now + LONGEST_PAUSE],
        )
        .await?;
    if due.is_none() {
        return Ok(None);
    }
    let sql = format!(
        "UPDATE outbox SET tries = tries + 1, not_before = $2
         WHERE state = 'waiting' AND id = (
             SELECT id FROM outbox
             WHERE state = 'waiting' AND (not_before <= $1 OR not_before > $3)
             ORDER BY not_before, id LIMIT 1 {})
         RETURNING id",
        db.skip_locked()
    );
    let mut tx = db.begin().await?;
    let claimed: Option<(LetterId,)> =
        tx.opt(sqlx::AssertSqlSafe(sql), args![now, until, now + LONGEST_PAUSE]).await?;
    let Some((id,)) = claimed else { return Ok(None) };
    let letter = tx
        .one(
            "SELECT o.id, o.kind, p.email, p.first_name, p.family_name, o.subject, o.body, o.path,
                 o.queued_at, o.tries
             FROM outbox o JOIN people p ON p.id = o.person WHERE o.id = $1",
            args![&id],
        )
        .await?;
    tx.commit().await?;
    Ok(Some(letter))
}

/// Notes that a letter was sent. False if it was not ours any more.
///
/// # Errors
/// When the database fails: the letter is sent again then, under the same Message-ID.
pub async fn sent(db: &Db, letter: &Letter, now: i64) -> Result<bool, Error> {
    let changed = db
        .run(
            "UPDATE outbox SET state = 'sent', fault = NULL, ended_at = $1
             WHERE id = $2 AND tries = $3 AND state = 'waiting'",
            args![now, &letter.id, letter.tries],
        )
        .await?;
    Ok(changed == 1)
}

/// Leaves a letter to be sent later, not before the time given. False if it was not ours any more.
///
/// # Errors
/// When the database fails: it is tried again when the lease runs out.
pub async fn put_off(
    db: &Db,
    letter: &Letter,
    fault: &str,
    not_before: i64,
) -> Result<bool, Error> {
    let changed = db
        .run(
            "UPDATE outbox SET fault = $1, not_before = $2
             WHERE id = $3 AND tries = $4 AND state = 'waiting'",
            args![fault, not_before, &letter.id, letter.tries],
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a letter up; it is kept, for an admin to see. False if it was not ours any more.
///
/// # Errors
/// When the database fails: it is tried again when the lease runs out.
pub async fn give_up(db: &Db, letter: &Letter, fault: &str, now: i64) -> Result<bool, Error> {
    let changed = db
        .run(
            "UPDATE outbox SET state = 'failed', fault = $1, ended_at = $2
             WHERE id = $3 AND tries = $4 AND state = 'waiting'",
            args![fault, now, &letter.id, letter.tries],
        )
        .await?;
    Ok(changed == 1)
}

/// How many letters are not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Depth {
    /// To be sent, or tried again.
    pub waiting: i64,
    /// Given up.
    pub failed: i64,
    /// Since when the oldest one waits, epoch milliseconds.
    pub oldest: Option<i64>,
}

/// How many letters are not sent.
///
/// # Errors
/// When it can't be read.
pub async fn depth(db: &Db) -> Result<Depth, Error> {
    db.one(
        "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'waiting') AS waiting,
             (SELECT COUNT(*) FROM outbox WHERE state = 'failed') AS failed,
             (SELECT MIN(queued_at) FROM outbox WHERE state = 'waiting') AS oldest",
        vec![],
    )
    .await
}

/// A letter that could not be sent so far, or was given up.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Unsent {
    /// Of what kind.
    pub kind: Kind,
    /// To which address.
    pub email: Email,
    /// When it was written, epoch milliseconds.
    pub queued_at: i64,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried again; none once given up.
    pub again_at: Option<i64>,
    /// What went wrong last.
    pub fault: String,
}

/// Letters with which something went wrong, those given up first, the newest `limit`.
///
/// # Errors
/// When they can't be read.
pub async fn unsent(db: &Db, limit: u32) -> Result<Vec<Unsent>, Error> {
    db.all(
        "SELECT o.kind, p.email, o.queued_at, o.tries, o.fault,
             CASE WHEN o.state = 'waiting' THEN o.not_before END AS again_at
         FROM outbox o JOIN people p ON p.id = o.person
         WHERE o.state IN ('waiting', 'failed') AND o.fault IS NOT NULL
         ORDER BY o.state, o.queued_at DESC, o.id DESC LIMIT $1",
        args![limit],
    )
    .await
}

/// Puts all letters that were given up back into the queue; says how many.
///
/// # Errors
/// When it can't be stored.
pub async fn try_again(db: &Db, by: &PersonId, now: i64) -> Result<u64, Error> {
    let mut tx = db.begin().await?;
    let letters = tx
        .run(
            "UPDATE outbox SET state = 'waiting', ended_at = NULL, tries = 0, not_before = $1
             WHERE state = 'failed'",
            args![now],
        )
        .await?;
    if letters == 0 {
        return Ok(0);
    }
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "mail.try_again",
        subject: "outbox".to_owned(),
        details: json!({ "letters": letters }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(letters)
}

/// Forgets the texts of letters sent before the time given; that they were sent is kept, so that
/// nobody is told of the same twice.
///
/// # Errors
/// When it can't be stored.
pub async fn forget_texts(db: &Db, before: i64) -> Result<u64, Error> {
    db.run(
        "UPDATE outbox SET body = '' WHERE state = 'sent' AND ended_at < $1 AND body <> ''",
        args![before],
    )
    .await
}
