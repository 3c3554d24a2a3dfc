//! Gradings that wait and run. A worker claims one under a lease and keeps it alive by a heartbeat;
//! every write of a worker carries the lease's `attempt`, which only ever rises, so that a worker that
//! was given up changes nothing any more.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
pub use super::faulted::{Faulted, fault, fault_for_good, pull_back, reap};
pub use super::regrading::{RegradeError, regrade};
use super::{Db, Error, notify};
use crate::course::{
    Digest, GradingId, Language, PersonId, ProjectNumber, SemesterName, Slug, SubmissionId, Verdict,
};

/// Why a grading was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum Cause {
    /// A student handed in.
    Upload,
    /// An instructor asked for it again.
    Regrade,
}

impl Cause {
    /// The word itself, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Regrade => "regrade",
        }
    }
}

/// A grading that is ours until the lease runs out, with all that is needed to do it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Lease {
    /// The grading.
    pub grading: GradingId,
    /// Fences our writes.
    pub attempt: i64,
    /// Which grading of the submission, from 1.
    pub number: i64,
    /// The submission.
    pub submission: SubmissionId,
    /// Its semester.
    pub semester: SemesterName,
    /// Its project.
    pub project: ProjectNumber,
    /// The project's name.
    pub slug: Slug,
    /// Its student.
    pub person: PersonId,
    /// The archive's SHA-256.
    pub digest: Digest,
    /// The archive's bytes.
    pub size: i64,
    /// What the archive was called.
    pub file_name: String,
    /// What it is written in.
    pub language: Language,
    /// When it was queued, epoch milliseconds.
    pub queued_at: i64,
    /// The seed to be used, if it is not to be a new one.
    pub seed: Option<String>,
}

/// Whether a worker's write took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Held {
    /// The lease was ours.
    Yes,
    /// It was not ours any more; nothing was changed. Stop.
    Lost,
}

/// How a grading ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The seed, 64 hexadecimal digits.
    pub seed: String,
    /// The grader's version.
    pub grader_version: String,
    /// Hash of the subjects' runtime.
    pub runtime: String,
    /// Ids of the checks that failed, in the report's order.
    pub failed: Vec<String>,
    /// The report as JSON.
    pub report: String,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Depth {
    /// Waiting, ready or not.
    pub waiting: i64,
    /// Running.
    pub running: i64,
    /// A person must look.
    pub needs_attention: i64,
    /// Since when the oldest one waits, epoch milliseconds.
    pub oldest: Option<i64>,
}

/// Of a grading `g`: its project is graded at present.
const NOT_PAUSED: &str = "NOT EXISTS (SELECT 1 FROM pauses z WHERE z.semester = g.semester
    AND z.project = g.project AND z.resumed_at IS NULL)";

/// Tries of one claim that met another worker's at the same student and project.
const CLAIM_TRIES: u32 = 5;

/// Claims the next grading until `until` (epoch milliseconds), if one is ready.
///
/// What students hand in goes before what instructors have graded again. Fair between students: who
/// has the fewest waiting and running goes first, then who waits longest. Never two running of one
/// student and project, and none of a project whose grading is paused.
///
/// # Errors
/// When the database fails.
pub async fn claim(db: &Db, worker: &str, now: i64, until: i64) -> Result<Option<Lease>, Error> {
    // Read first: a worker that finds nothing to do takes no write lock.
    let ready: Option<(i64,)> = db
        .opt(
            "SELECT not_before FROM gradings WHERE state = 'waiting' AND not_before <= $1 LIMIT 1",
            args![now],
        )
        .await?;
    if ready.is_none() {
        return Ok(None);
    }
    for _ in 0..CLAIM_TRIES {
        match try_claim(db, worker, now, until).await {
            // PostgreSQL let another worker claim the same student's other grading meanwhile.
            Err(error) if error.is_twice() => {}
            other => return other,
        }
    }
    Ok(None)
}

async fn try_claim(db: &Db, worker: &str, now: i64, until: i64) -> Result<Option<Lease>, Error> {
    // `=`, not IN: the sub-query is then evaluated once.
    let sql = format!(
        "UPDATE gradings SET state = 'running', attempt = attempt + 1, worker = $1,
             started_at = $2, lease_until = $3, progress = NULL
         WHERE state = 'waiting' AND id = (
             SELECT g.id FROM gradings g
             WHERE g.state = 'waiting' AND g.not_before <= $2 AND {NOT_PAUSED}
               AND NOT EXISTS (SELECT 1 FROM gradings r WHERE r.state = 'running'
                   AND r.semester = g.semester AND r.person = g.person AND r.project = g.project)
             ORDER BY CASE g.cause WHEN 'upload' THEN 0 ELSE 1 END,
                 (SELECT COUNT(*) FROM gradings o
                  WHERE o.person = g.person AND o.state IN ('waiting', 'running')
                    AND (o.cause = 'upload' OR g.cause = 'regrade')),
                 g.queued_at, g.id
             LIMIT 1 {})
         RETURNING id, attempt",
        db.skip_locked()
    );
    let mut tx = db.begin().await?;
    let claimed: Option<(GradingId, i64)> =
        tx.opt(sqlx::AssertSqlSafe(sql), args![worker, now, until]).await?;
    let Some((grading, _)) = claimed else { return Ok(None) };
    let lease: Lease = tx
        .one(
            "SELECT g.id AS grading, g.attempt, g.number, g.submission, g.semester, g.project,
                 p.slug, g.person, s.digest, s.size, s.file_name, s.language, g.queued_at,
                 g.seed
             FROM gradings g
             JOIN submissions s ON s.id = g.submission
             JOIN projects p ON p.semester = g.semester AND p.number = g.project
             WHERE g.id = $1",
            args![&grading],
        )
        .await?;
    tx.commit().await?;
    Ok(Some(lease))
}

/// Keeps a lease alive until `until`.
///
/// # Errors
/// When the database fails: the lease runs out then, unless a later heartbeat gets through.
pub async fn heartbeat(db: &Db, lease: &Lease, until: i64) -> Result<Held, Error> {
    let changed = db
        .run(
            "UPDATE gradings SET lease_until = $1
             WHERE id = $2 AND attempt = $3 AND state = 'running'",
            args![until, &lease.grading, lease.attempt],
        )
        .await?;
    Ok(held(changed))
}

/// Notes how far a grading is, as JSON for the page to follow.
///
/// # Errors
/// When the database fails.
pub async fn progress(db: &Db, lease: &Lease, json: &str) -> Result<Held, Error> {
    let changed = db
        .run(
            "UPDATE gradings SET progress = $1 WHERE id = $2 AND attempt = $3 AND state = 'running'",
            args![json, &lease.grading, lease.attempt],
        )
        .await?;
    Ok(held(changed))
}

/// Puts a grading back as it was, to be begun anew by anyone: for a worker that is told to stop.
///
/// # Errors
/// When the database fails: the lease runs out then.
pub async fn release(db: &Db, lease: &Lease) -> Result<Held, Error> {
    let changed = db
        .run(
            "UPDATE gradings SET state = 'waiting', lease_until = NULL, worker = NULL,
                 started_at = NULL, progress = NULL
             WHERE id = $1 AND attempt = $2 AND state = 'running'",
            args![&lease.grading, lease.attempt],
        )
        .await?;
    Ok(held(changed))
}

/// Records a verdict with its report and the audit line, all or nothing.
///
/// # Errors
/// When the database fails: nothing is recorded then.
pub async fn record(db: &Db, lease: &Lease, outcome: &Outcome, now: i64) -> Result<Held, Error> {
    let mut tx = db.begin().await?;
    let recorded: Option<(bool,)> = tx
        .opt(
            "UPDATE gradings SET state = 'done', verdict = $1, seed = $2, grader_version = $3,
                 runtime = $4, finished_at = $5, lease_until = NULL, progress = NULL
             WHERE id = $6 AND attempt = $7 AND state = 'running' RETURNING counts",
            args![
                outcome.verdict,
                &outcome.seed,
                &outcome.grader_version,
                &outcome.runtime,
                now,
                &lease.grading,
                lease.attempt,
            ],
        )
        .await?;
    let Some((counts,)) = recorded else { return Ok(Held::Lost) };
    tx.run(
        "INSERT INTO reports (grading, failed, json) VALUES ($1, $2, $3)",
        args![&lease.grading, outcome.failed.join(" "), &outcome.report],
    )
    .await?;
    let entry = Entry {
        at: now,
        actor: None,
        action: "grading.done",
        subject: lease.submission.to_string(),
        details: json!({
            "grading": lease.grading, "verdict": outcome.verdict, "seed": outcome.seed,
            "grader": outcome.grader_version, "runtime": outcome.runtime,
            "report": Digest::of(outcome.report.as_bytes()),
        }),
    };
    audit::append(&mut tx, entry).await?;
    // What is run beside is told once it is applied, and then only where a result changes.
    if counts {
        notify::graded(&mut tx, lease, outcome.verdict, now).await?;
    }
    tx.commit().await?;
    Ok(Held::Yes)
}

/// How much there is to do.
///
/// # Errors
/// When it can't be read.
pub async fn depth(db: &Db) -> Result<Depth, Error> {
    db.one(
        "SELECT (SELECT COUNT(*) FROM gradings WHERE state = 'waiting') AS waiting,
             (SELECT COUNT(*) FROM gradings WHERE state = 'running') AS running,
             (SELECT COUNT(*) FROM gradings WHERE state = 'needs_attention'
                 AND superseded_by IS NULL) AS needs_attention,
             (SELECT MIN(queued_at) FROM gradings WHERE state = 'waiting') AS oldest",
        vec![],
    )
    .await
}

/// How many run.
///
/// # Errors
/// When it can't be read.
pub async fn running(db: &Db) -> Result<i64, Error> {
    let (running,): (i64,) =
        db.one("SELECT COUNT(*) FROM gradings WHERE state = 'running'", vec![]).await?;
    Ok(running)
}

/// A grading that a person must look at.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Stuck {
    /// Of which submission.
    pub submission: SubmissionId,
    /// In which semester.
    pub semester: SemesterName,
    /// What went wrong.
    pub fault: Option<String>,
}

/// Gradings that a person must look at, of all semesters, the newest `limit`.
///
/// # Errors
/// When they can't be read.
pub async fn stuck(db: &Db, limit: u32) -> Result<Vec<Stuck>, Error> {
    db.all(
        "SELECT submission, semester, fault FROM gradings
         WHERE state = 'needs_attention' AND superseded_by IS NULL
         ORDER BY queued_at DESC, id DESC LIMIT $1",
        args![limit],
    )
    .await
}

/// How many waiting gradings come before this one at present, in the order of claims; none if it does
/// not wait, or its project's grading is paused.
///
/// # Errors
/// When it can't be read.
pub async fn ahead_of(db: &Db, grading: &GradingId) -> Result<Option<i64>, Error> {
    let sql = format!(
        "WITH busy AS (SELECT person, COUNT(*) AS n,
                               SUM(CASE cause WHEN 'upload' THEN 1 ELSE 0 END) AS uploads
                           FROM gradings
                           WHERE state IN ('waiting', 'running') GROUP BY person),
                  line AS (SELECT g.id, ROW_NUMBER() OVER (ORDER BY
                               CASE g.cause WHEN 'upload' THEN 0 ELSE 1 END,
                               CASE g.cause WHEN 'upload' THEN b.uploads ELSE b.n END,
                               g.queued_at, g.id) AS place
                           FROM gradings g JOIN busy b ON b.person = g.person
                           WHERE g.state = 'waiting' AND {NOT_PAUSED})
             SELECT place - 1 FROM line WHERE id = $1"
    );
    let row: Option<(i64,)> = db.opt(sqlx::AssertSqlSafe(sql), args![grading]).await?;
    Ok(row.map(|(ahead,)| ahead))
}

fn held(changed: u64) -> Held {
    if changed == 0 { Held::Lost } else { Held::Yes }
}

/// How many gradings ended with which verdict.
///
/// # Errors
/// When the database fails.
pub async fn verdicts(db: &Db) -> Result<Vec<(Verdict, i64)>, Error> {
    db.all(
        "SELECT verdict, COUNT(*) FROM gradings WHERE state = 'done' GROUP BY verdict ORDER BY verdict",
        vec![],
    )
    .await
}
