//! A project graded again beside what counts: its gradings are run and kept, and none of them bears on
//! anything until all are applied in one transaction, which can be undone. Discarded, they stay in the
//! history and never count.

use std::collections::BTreeSet;

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::hand_in::{self, Beside, Queued};
use super::queue::Cause;
use super::results::{self, Changed};
use super::{Db, Error, Tx};
use crate::course::{
    GradingId, PersonId, ProjectNumber, Reason, RegradeId, SemesterName, SubmissionId, choice,
};

choice!(
    /// With which seeds a project is graded again.
    Seeds, "a choice of seeds: same or new" {
        /// Each with that of the grading that counts: only the grader differs.
        Same = "same",
        /// Each with a new one.
        New = "new",
    }
);

choice!(
    /// Where a regrade stands.
    State, "a regrade's state" {
        /// Nothing has been decided.
        Open = "open",
        /// Its gradings count.
        Applied = "applied",
        /// Its gradings never count.
        Discarded = "discarded",
        /// Was applied, and what counted before counts again.
        Undone = "undone",
    }
);

/// What is graded again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Whatever was handed in to the project and has been graded.
    Everyone,
    /// Of this, what failed by the check of this id.
    FailedBy(String),
    /// Of this, what these students handed in.
    Students(BTreeSet<PersonId>),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewRegrade {
    /// In which semester.
    pub semester: SemesterName,
    /// Of which project.
    pub project: ProjectNumber,
    /// What of it.
    pub scope: Scope,
    /// With which seeds.
    pub seeds: Seeds,
    /// Why.
    pub reason: Reason,
}

/// A regrade, whatever has become of it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Regrade {
    /// Which.
    pub id: RegradeId,
    /// In which semester.
    pub semester: SemesterName,
    /// Of which project.
    pub project: ProjectNumber,
    /// `everyone`, `failed_by` or `students`.
    pub scope: String,
    /// The check by which they failed, where that is the scope.
    pub failed_by: Option<String>,
    /// With which seeds.
    pub seeds: Seeds,
    /// Why.
    pub reason: String,
    /// Asked for by whom.
    pub asked_by: PersonId,
    /// Asked for when, epoch milliseconds.
    pub asked_at: i64,
    /// Where it stands.
    pub state: State,
    /// Applied or discarded by whom.
    pub decided_by: Option<PersonId>,
    /// Applied or discarded when.
    pub decided_at: Option<i64>,
    /// Undone by whom.
    pub undone_by: Option<PersonId>,
    /// Undone when.
    pub undone_at: Option<i64>,
}

/// How far a regrade is: its gradings by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Progress {
    /// In the queue.
    pub waiting: i64,
    /// At work.
    pub running: i64,
    /// With a verdict.
    pub done: i64,
    /// A person must look.
    pub needs_attention: i64,
    /// Taken out: what counted before goes on counting.
    pub left_out: i64,
}

impl Progress {
    /// All gradings.
    pub fn total(&self) -> i64 {
        self.waiting + self.running + self.done + self.needs_attention + self.left_out
    }
    /// Those that may still come to a verdict.
    pub fn unfinished(&self) -> i64 {
        self.waiting + self.running + self.needs_attention
    }
}

/// A regrade was not begun.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No such project.
    #[error("there is no such project")]
    NoSuchProject,
    /// Another one of the same project has not been decided.
    #[error(
        "another regrade of this project is open: apply or discard it first, so that each has one \
         difference to be looked at"
    )]
    Open,
    /// The scope holds no graded submission.
    #[error("nothing that was handed in and graded fits: there is nothing to be graded again")]
    Nothing,
    /// Someone had one of the submissions graded again at the same moment.
    #[error(
        "one of the submissions was queued to be graded again at this moment; please try again"
    )]
    Collided,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A regrade was not decided.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// It has been decided, or there is no such one.
    #[error("this regrade is {found}, so that can't be done with it any more")]
    Decided {
        /// Where it stands.
        found: State,
    },
    /// No such regrade.
    #[error("there is no such regrade")]
    NoSuchRegrade,
    /// Some of its gradings have no verdict.
    #[error(
        "{count} of its gradings have no verdict yet: wait for them, or leave out those that need \
         attention"
    )]
    Unfinished {
        /// How many.
        count: i64,
    },
    /// Another one was applied since.
    #[error("a later regrade was applied on top of this one: undo that one first")]
    Overtaken,
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

const REGRADE: &str = "SELECT id, semester, project, scope, failed_by, seeds, reason, asked_by,
    asked_at, state, decided_by, decided_at, undone_by, undone_at FROM regrades";

/// Queues the gradings of a regrade behind whatever students hand in; says how many.
///
/// # Errors
/// When the project is unknown, another regrade of it is open, nothing fits, or it can't be stored.
pub async fn start(
    db: &Db,
    new: &NewRegrade,
    by: &PersonId,
    now: i64,
) -> Result<(RegradeId, usize), StartError> {
    let id = RegradeId::new();
    let mut tx = db.begin().await?;
    insert(&mut tx, &id, new, by, now).await?;
    let mut queued = Vec::new();
    for one in graded(&mut tx, new).await?.iter().filter(|one| one.is_in(&new.scope)) {
        let grading = GradingId::new();
        let again =
            Queued { submission: &one.submission, grading: &grading, cause: Cause::Regrade };
        let seed = one.seed.as_deref().filter(|_| new.seeds == Seeds::Same);
        let beside = Beside { regrade: &id, seed };
        match hand_in::enqueue(&mut tx, &again, Some(&beside), now).await {
            Err(error) if error.is_twice() => return Err(StartError::Collided),
            other => other?,
        }
        queued.push(grading);
    }
    if queued.is_empty() {
        return Err(StartError::Nothing);
    }
    let entry = Entry {
        at: now,
        actor: Some(by),
        action: "regrade.start",
        subject: id.to_string(),
        details: json!({
            "about": format!("{}/{}", new.semester, new.project), "scope": new.scope.word(),
            "failed_by": new.scope.check(), "seeds": new.seeds, "reason": new.reason,
            "gradings": queued,
        }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok((id, queued.len()))
}

impl Scope {
    fn word(&self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::FailedBy(_) => "failed_by",
            Self::Students(_) => "students",
        }
    }
    fn check(&self) -> Option<&str> {
        match self {
            Self::FailedBy(check) => Some(check),
            Self::Everyone | Self::Students(_) => None,
        }
    }
}

async fn insert(
    tx: &mut Tx,
    id: &RegradeId,
    new: &NewRegrade,
    by: &PersonId,
    now: i64,
) -> Result<(), StartError> {
    let inserted = tx
        .run(
            "INSERT INTO regrades
                 (id, semester, project, scope, failed_by, seeds, reason, asked_by, asked_at, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open')",
            args![
                id,
                &new.semester,
                new.project,
                new.scope.word(),
                new.scope.check(),
                new.seeds,
                &new.reason,
                by,
                now,
            ],
        )
        .await;
    match inserted {
        Err(error) if error.is_dangling() => Err(StartError::NoSuchProject),
        Err(error) if error.is_twice() => Err(StartError::Open),
        other => Ok(other.map(|_| ())?),
    }
}

/// A submission with its last grading that counts.
#[derive(sqlx::FromRow)]
struct Last {
    submission: SubmissionId,
    person: PersonId,
    seed: Option<String>,
    failed: Option<String>,
}

impl Last {
    fn is_in(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Everyone => true,
            Scope::FailedBy(check) => {
                self.failed.as_deref().is_some_and(|all| all.split(' ').any(|one| one == check))
            }
            Scope::Students(people) => people.contains(&self.person),
        }
    }
}

/// What waits, runs or was replaced is not graded *again*.
async fn graded(tx: &mut Tx, new: &NewRegrade) -> Result<Vec<Last>, Error> {
    tx.all(
        "SELECT s.id AS submission, s.person, g.seed, r.failed
         FROM submissions s
         JOIN gradings g ON g.submission = s.id
          AND g.number = (SELECT MAX(l.number) FROM gradings l
                          WHERE l.submission = s.id AND l.counts)
         LEFT JOIN reports r ON r.grading = g.id
         WHERE s.semester = $1 AND s.project = $2 AND g.state IN ('done', 'needs_attention')
         ORDER BY s.received_at, s.id",
        args![&new.semester, new.project],
    )
    .await
}

/// Makes the gradings of a regrade count in place of those before them, all or none; says for whom
/// what becomes another.
///
/// # Errors
/// When it has been decided or some of its gradings have no verdict, or it can't be stored.
pub async fn apply(
    db: &Db,
    id: &RegradeId,
    by: &PersonId,
    now: i64,
) -> Result<Vec<Changed>, DecisionError> {
    let mut tx = db.begin().await?;
    let regrade = decide(&mut tx, id, State::Applied, by, now).await?;
    let count = progress_in(&mut tx, id).await?.unfinished();
    if count > 0 {
        return Err(DecisionError::Unfinished { count });
    }
    let before = results::admissions_in(&mut tx, &regrade.semester, None, now).await?;
    let superseded: Vec<(GradingId,)> = tx
        .all(
            "UPDATE gradings SET counts = FALSE, superseded_by = $1
             WHERE counts AND EXISTS (SELECT 1 FROM gradings n WHERE n.regrade = $1
                 AND n.state = 'done' AND n.submission = gradings.submission
                 AND n.number > gradings.number) RETURNING id",
            args![id],
        )
        .await?;
    tx.run("UPDATE gradings SET counts = TRUE WHERE regrade = $1 AND state = 'done'", args![id])
        .await?;
    let after = results::admissions_in(&mut tx, &regrade.semester, None, now).await?;
    let changes = results::changes(&before, &after);
    let details = json!({ "superseded": ids(superseded), "changes": changes });
    conclude(tx, "regrade.apply", id, by, now, details).await?;
    Ok(changes)
}

/// Ends a regrade without anything changing: what of it was not graded yet is not graded any more, and
/// what was stays in the history.
///
/// # Errors
/// When it has been decided, or it can't be stored.
pub async fn discard(
    db: &Db,
    id: &RegradeId,
    by: &PersonId,
    now: i64,
) -> Result<(), DecisionError> {
    let mut tx = db.begin().await?;
    decide(&mut tx, id, State::Discarded, by, now).await?;
    // A worker at one of them finds that its lease is lost, and stops.
    tx.run(
        "UPDATE gradings SET state = 'replaced', lease_until = NULL, progress = NULL
         WHERE regrade = $1 AND state IN ('waiting', 'running', 'needs_attention')",
        args![id],
    )
    .await?;
    conclude(tx, "regrade.discard", id, by, now, json!({})).await
}

/// Takes an applied regrade back: what counted before it counts again, and its own gradings don't.
///
/// # Errors
/// When it is not applied or a later one was applied on top of it, or it can't be stored.
pub async fn undo(db: &Db, id: &RegradeId, by: &PersonId, now: i64) -> Result<(), DecisionError> {
    let mut tx = db.begin().await?;
    let undone = tx
        .run(
            "UPDATE regrades SET state = 'undone', undone_by = $1, undone_at = $2
             WHERE id = $3 AND state = 'applied'",
            args![by, now, id],
        )
        .await?;
    if undone == 0 {
        return Err(why_not(&mut tx, id).await?);
    }
    let (overtaken,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM gradings WHERE regrade = $1 AND superseded_by IS NOT NULL",
            args![id],
        )
        .await?;
    if overtaken > 0 {
        return Err(DecisionError::Overtaken);
    }
    tx.run("UPDATE gradings SET counts = FALSE WHERE regrade = $1", args![id]).await?;
    let restored: Vec<(GradingId,)> = tx
        .all(
            "UPDATE gradings SET counts = TRUE, superseded_by = NULL
             WHERE superseded_by = $1 RETURNING id",
            args![id],
        )
        .await?;
    conclude(tx, "regrade.undo", id, by, now, json!({ "restored": ids(restored) })).await
}

/// What is to be done with the gradings of an open regrade that need attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// Try them again, as often as a new one.
    Retry,
    /// Leave them out: what counts for their submissions goes on counting.
    LeaveOut,
}

/// Tries all gradings of an open regrade that need attention again, or leaves them out; says how many.
///
/// # Errors
/// When it has been decided, or it can't be stored.
pub async fn unstick(
    db: &Db,
    id: &RegradeId,
    stuck: Stuck,
    by: &PersonId,
    now: i64,
) -> Result<usize, DecisionError> {
    let mut tx = db.begin().await?;
    // Held until the end: what is applied meanwhile would have been counted otherwise.
    let open = tx
        .run("UPDATE regrades SET state = state WHERE id = $1 AND state = 'open'", args![id])
        .await?;
    if open == 0 {
        return Err(why_not(&mut tx, id).await?);
    }
    let (state, action) = match stuck {
        Stuck::Retry => ("waiting", "regrade.retry"),
        Stuck::LeaveOut => ("replaced", "regrade.leave_out"),
    };
    let moved: Vec<(GradingId,)> = tx
        .all(
            "UPDATE gradings SET state = $1, faults = 0, not_before = $2
             WHERE regrade = $3 AND state = 'needs_attention' RETURNING id",
            args![state, now, id],
        )
        .await?;
    let count = moved.len();
    if count > 0 {
        conclude(tx, action, id, by, now, json!({ "gradings": ids(moved) })).await?;
    }
    Ok(count)
}

fn ids(rows: Vec<(GradingId,)>) -> Vec<GradingId> {
    rows.into_iter().map(|(id,)| id).collect()
}

async fn decide(
    tx: &mut Tx,
    id: &RegradeId,
    to: State,
    by: &PersonId,
    now: i64,
) -> Result<Regrade, DecisionError> {
    let decided = tx
        .run(
            "UPDATE regrades SET state = $1, decided_by = $2, decided_at = $3
             WHERE id = $4 AND state = 'open'",
            args![to, by, now, id],
        )
        .await?;
    if decided == 0 {
        return Err(why_not(tx, id).await?);
    }
    let sql = format!("{REGRADE} WHERE id = $1");
    Ok(tx.one(sqlx::AssertSqlSafe(sql), args![id]).await?)
}

async fn why_not(tx: &mut Tx, id: &RegradeId) -> Result<DecisionError, Error> {
    let found: Option<(State,)> =
        tx.opt("SELECT state FROM regrades WHERE id = $1", args![id]).await?;
    Ok(match found {
        Some((found,)) => DecisionError::Decided { found },
        None => DecisionError::NoSuchRegrade,
    })
}

async fn conclude(
    mut tx: Tx,
    action: &'static str,
    id: &RegradeId,
    by: &PersonId,
    now: i64,
    details: serde_json::Value,
) -> Result<(), DecisionError> {
    let entry = Entry { at: now, actor: Some(by), action, subject: id.to_string(), details };
    audit::append(&mut tx, entry).await?;
    Ok(tx.commit().await?)
}

const PROGRESS: &str = "SELECT
        CAST(COALESCE(SUM(CASE state WHEN 'waiting' THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting,
        CAST(COALESCE(SUM(CASE state WHEN 'running' THEN 1 ELSE 0 END), 0) AS BIGINT) AS running,
        CAST(COALESCE(SUM(CASE state WHEN 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS done,
        CAST(COALESCE(SUM(CASE state WHEN 'needs_attention' THEN 1 ELSE 0 END), 0) AS BIGINT)
            AS needs_attention,
        CAST(COALESCE(SUM(CASE state WHEN 'replaced' THEN 1 ELSE 0 END), 0) AS BIGINT) AS left_out
    FROM gradings WHERE regrade = $1";

async fn progress_in(tx: &mut Tx, id: &RegradeId) -> Result<Progress, Error> {
    tx.one(PROGRESS, args![id]).await
}

/// How far it is.
///
/// # Errors
/// When it can't be read.
pub async fn progress(db: &Db, id: &RegradeId) -> Result<Progress, Error> {
    db.one(PROGRESS, args![id]).await
}

/// The regrade with this id.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &RegradeId) -> Result<Option<Regrade>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{REGRADE} WHERE id = $1")), args![id]).await
}

/// All regrades of a semester, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_semester(db: &Db, semester: &SemesterName) -> Result<Vec<Regrade>, Error> {
    let sql = format!("{REGRADE} WHERE semester = $1 ORDER BY asked_at DESC, id DESC");
    db.all(sqlx::AssertSqlSafe(sql), args![semester]).await
}

/// All there are, of all semesters.
pub(super) async fn all_in(tx: &mut Tx) -> Result<Vec<Regrade>, Error> {
    tx.all(REGRADE, vec![]).await
}

/// A grading of a regrade that a person must look at.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StuckGrading {
    /// Of which submission.
    pub submission: SubmissionId,
    /// What went wrong.
    pub fault: Option<String>,
}

/// The gradings of a regrade that need attention, oldest first.
///
/// # Errors
/// When they can't be read.
pub async fn stuck(db: &Db, id: &RegradeId) -> Result<Vec<StuckGrading>, Error> {
    db.all(
        "SELECT submission, fault FROM gradings
         WHERE regrade = $1 AND state = 'needs_attention' ORDER BY queued_at, id",
        args![id],
    )
    .await
}

/// How many graded submissions of a project failed by which check, most first.
///
/// # Errors
/// When they can't be read.
pub async fn failing(
    db: &Db,
    semester: &SemesterName,
    project: ProjectNumber,
) -> Result<Vec<(String, usize)>, Error> {
    let rows: Vec<(String,)> = db
        .all(
            "SELECT r.failed FROM gradings g JOIN reports r ON r.grading = g.id
             WHERE g.semester = $1 AND g.project = $2 AND g.counts AND g.verdict = 'failed'
               AND g.number = (SELECT MAX(l.number) FROM gradings l
                               WHERE l.submission = g.submission AND l.counts)",
            args![semester, project],
        )
        .await?;
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for check in rows.iter().flat_map(|(failed,)| failed.split(' ')).filter(|id| !id.is_empty()) {
        *counts.entry(check.to_owned()).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(counts)
}
