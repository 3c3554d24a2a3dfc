//! Searches for copies: asked for, claimed by a process that serves, and what they found. Nothing here is
//! read by what works out a result or an admission.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::queue::Held;
use super::{Db, Error, Tx};
use crate::course::{
    CopyPairId, CopyRunId, Digest, Legi, PersonId, ProjectNumber, SemesterName, Slug, SubmissionId,
};

/// Where a search stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum RunState {
    /// Nobody has begun it.
    Waiting,
    /// A process is at it.
    Running,
    /// What it found is there.
    Done,
    /// It was given up, through our fault.
    Failed,
}

/// One search.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Run {
    /// Which.
    pub id: CopyRunId,
    /// Of which semester's submissions, earlier ones beside them.
    pub semester: SemesterName,
    /// For which project.
    pub project: ProjectNumber,
    /// The project's name.
    pub slug: Slug,
    /// Where it stands.
    pub state: RunState,
    /// By whom it was asked for.
    pub asked_by: PersonId,
    /// When, epoch milliseconds.
    pub asked_at: i64,
    /// How often it was begun: fences what is written.
    pub attempt: i64,
    /// Submissions read so far.
    pub compared: i64,
    /// Submissions in all.
    pub total: i64,
    /// Submissions that could not be compared.
    pub unread: i64,
    /// When it ended, epoch milliseconds.
    pub finished_at: Option<i64>,
    /// Why it failed: for the log and the instructors.
    pub fault: Option<String>,
}

/// A submission that is compared: each student's last one that counts, or their newest.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Compared {
    /// Which.
    pub submission: SubmissionId,
    /// Handed in when the course ran so.
    pub semester: SemesterName,
    /// By whom: the same in every semester.
    pub legi: Legi,
    /// The archive.
    pub digest: Digest,
}

/// A pair that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPair {
    /// One submission.
    pub left: SubmissionId,
    /// The other.
    pub right: SubmissionId,
    /// How much of the one is in the other, in thousandths.
    pub left_share: i64,
    /// The other way round.
    pub right_share: i64,
    /// Tokens in common.
    pub matched: i64,
    /// Where, as JSON of the search's making.
    pub parts: String,
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The pairs.
    pub pairs: Vec<NewPair>,
    /// Submissions that could not be compared.
    pub unread: i64,
}

/// A search was not asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No such project.
    #[error("there is no such project")]
    NoSuchProject,
    /// One is on its way already.
    #[error("This project's submissions are being compared already.")]
    InHand,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Begun so often and not finished, a search is given up.
const ATTEMPTS: i64 = 3;

const RUN: &str = "SELECT r.id, r.semester, r.project, p.slug, r.state, r.asked_by, r.asked_at,
    r.attempt, r.compared, r.total, r.unread, r.finished_at, r.fault FROM copy_runs r
    JOIN projects p ON p.semester = r.semester AND p.number = r.project";

/// Asks for a search.
///
/// # Errors
/// When there is no such project, one is on its way, or it can't be stored.
pub async fn ask(
    db: &Db,
    semester: &SemesterName,
    project: ProjectNumber,
    by: &PersonId,
    now: i64,
) -> Result<CopyRunId, AskError> {
    let id = CopyRunId::new();
    let mut tx = db.begin().await?;
    let inserted = tx
        .run(
            "INSERT INTO copy_runs (id, semester, project, state, asked_by, asked_at)
             VALUES ($1, $2, $3, 'waiting', $4, $5)",
            args![&id, semester, project, by, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_dangling() => return Err(AskError::NoSuchProject),
        Err(error) if error.is_twice() => return Err(AskError::InHand),
        other => other?,
    };
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "copies.search",
        subject: format!("{semester}/{project}"),
        details: json!({ "run": id }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// Claims the search that waits longest, until `until` (epoch milliseconds); one whose process has died
/// waits too. What was begun too often is given up on the way.
///
/// # Errors
/// When the database fails.
pub async fn claim(db: &Db, now: i64, until: i64) -> Result<Option<Run>, Error> {
    // Read first: asked every few seconds, and mostly in vain.
    let ready: Option<(CopyRunId,)> = db
        .opt(
            "SELECT id FROM copy_runs
             WHERE state = 'waiting' OR (state = 'running' AND lease_until < $1) LIMIT 1",
            args![now],
        )
        .await?;
    if ready.is_none() {
        return Ok(None);
    }
    db.run(
        "UPDATE copy_runs SET state = 'failed', lease_until = NULL, finished_at = $1,
             fault = 'It was begun several times and never came to its end.'
         WHERE state = 'running' AND lease_until < $1 AND attempt >= $2",
        args![now, ATTEMPTS],
    )
    .await?;
    let sql = format!(
        "UPDATE copy_runs SET state = 'running', attempt = attempt + 1, lease_until = $2, compared = 0
         WHERE id = (SELECT id FROM copy_runs
                     WHERE state = 'waiting' OR (state = 'running' AND lease_until < $1)
                     ORDER BY asked_at, id LIMIT 1 {})
         RETURNING id",
        db.skip_locked()
    );
    let mut tx = db.begin().await?;
    let claimed: Option<(CopyRunId,)> = tx.opt(sqlx::AssertSqlSafe(sql), args![now, until]).await?;
    let Some((id,)) = claimed else { return Ok(None) };
    let run = tx.one(sqlx::AssertSqlSafe(format!("{RUN} WHERE r.id = $1")), args![&id]).await?;
    tx.commit().await?;
    Ok(Some(run))
}

/// Notes how far a search is, and keeps it until `until`.
///
/// # Errors
/// When the database fails.
pub async fn progress(
    db: &Db,
    run: &Run,
    compared: i64,
    total: i64,
    until: i64,
) -> Result<Held, Error> {
    let changed = db
        .run(
            "UPDATE copy_runs SET compared = $1, total = $2, lease_until = $3
             WHERE id = $4 AND attempt = $5 AND state = 'running'",
            args![compared, total, until, &run.id, run.attempt],
        )
        .await?;
    Ok(if changed == 1 { Held::Yes } else { Held::Lost })
}

/// Stores what was found, in place of what earlier searches of the project found.
///
/// # Errors
/// When the database fails.
pub async fn record(db: &Db, run: &Run, found: &Found, now: i64) -> Result<Held, Error> {
    let mut tx = db.begin().await?;
    let changed = tx
        .run(
            "UPDATE copy_runs SET state = 'done', lease_until = NULL, finished_at = $1, unread = $2
             WHERE id = $3 AND attempt = $4 AND state = 'running'",
            args![now, found.unread, &run.id, run.attempt],
        )
        .await?;
    if changed == 0 {
        return Ok(Held::Lost);
    }
    tx.run(
        "DELETE FROM copy_pairs WHERE run IN
             (SELECT id FROM copy_runs WHERE semester = $1 AND project = $2)",
        args![&run.semester, run.project],
    )
    .await?;
    for pair in &found.pairs {
        insert(&mut tx, &run.id, pair).await?;
    }
    let entry = Entry {
        at: now,
        actor: None,
        action: "copies.done",
        subject: format!("{}/{}", run.semester, run.project),
        details: json!({ "run": run.id, "pairs": found.pairs.len(), "unread": found.unread }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Held::Yes)
}

async fn insert(tx: &mut Tx, run: &CopyRunId, pair: &NewPair) -> Result<(), Error> {
    tx.run(
        "INSERT INTO copy_pairs
             (id, run, left_one, right_one, left_share, right_share, matched, parts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            &CopyPairId::new(),
            run,
            &pair.left,
            &pair.right,
            pair.left_share,
            pair.right_share,
            pair.matched,
            &pair.parts
        ],
    )
    .await?;
    Ok(())
}

/// Puts a search back, for whoever comes next: its process is told to stop.
///
/// # Errors
/// When the database fails: the lease runs out then.
pub async fn release(db: &Db, run: &Run) -> Result<Held, Error> {
    let changed = db
        .run(
            "UPDATE copy_runs SET state = 'waiting', lease_until = NULL
             WHERE id = $1 AND attempt = $2 AND state = 'running'",
            args![&run.id, run.attempt],
        )
        .await?;
    Ok(if changed == 1 { Held::Yes } else { Held::Lost })
}

/// Gives a search up: it can't be done, through our fault.
///
/// # Errors
/// When the database fails.
pub async fn give_up(db: &Db, run: &Run, fault: &str, now: i64) -> Result<Held, Error> {
    let changed = db
        .run(
            "UPDATE copy_runs SET state = 'failed', lease_until = NULL, finished_at = $1, fault = $2
             WHERE id = $3 AND attempt = $4 AND state = 'running'",
            args![now, fault, &run.id, run.attempt],
        )
        .await?;
    Ok(if changed == 1 { Held::Yes } else { Held::Lost })
}

/// The last search of a project, and the last one that is done.
///
/// # Errors
/// When they can't be read.
pub async fn last(
    db: &Db,
    semester: &SemesterName,
    project: ProjectNumber,
) -> Result<(Option<Run>, Option<Run>), Error> {
    let newest = "ORDER BY r.asked_at DESC, r.id DESC LIMIT 1";
    let of = format!("{RUN} WHERE r.semester = $1 AND r.project = $2");
    let any =
        db.opt(sqlx::AssertSqlSafe(format!("{of} {newest}")), args![semester, project]).await?;
    let done = format!("{of} AND r.state = 'done' {newest}");
    Ok((any, db.opt(sqlx::AssertSqlSafe(done), args![semester, project]).await?))
}

/// What is compared: of every student who handed the project in, in this semester or an earlier one, the
/// last submission that passed on time, or else the newest.
///
/// # Errors
/// When it can't be read.
pub async fn to_compare(
    db: &Db,
    semester: &SemesterName,
    slug: &Slug,
) -> Result<Vec<Compared>, Error> {
    db.all(
        "SELECT s.id AS submission, s.semester, e.legi, s.digest
         FROM submissions s
         JOIN projects p ON p.semester = s.semester AND p.number = s.project
         JOIN semesters m ON m.name = s.semester
         JOIN enrolments e ON e.semester = s.semester AND e.person = s.person
         WHERE p.slug = $1 AND e.legi IS NOT NULL
           AND m.starts_at <= (SELECT starts_at FROM semesters WHERE name = $2)
           AND s.number = COALESCE(
               (SELECT MAX(c.number) FROM submissions c
                JOIN gradings g ON g.submission = c.id AND g.verdict = 'passed' AND g.counts
                WHERE c.semester = s.semester AND c.person = s.person AND c.project = s.project
                  AND (NOT c.late OR EXISTS (SELECT 1 FROM acceptances a
                      WHERE a.submission = c.id AND a.revoked_at IS NULL))),
               (SELECT MAX(n.number) FROM submissions n
                WHERE n.semester = s.semester AND n.person = s.person AND n.project = s.project))
         ORDER BY m.starts_at DESC, s.semester, s.id",
        args![slug, semester],
    )
    .await
}
