//! A project graded again beside what counts: its gradings are run and kept, and none of them bears on
//! anything until all are applied in one transaction, which can be undone. Discarded, they stay in the
//! history and never count.

use std::collections::BTreeSet;

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::hand_in::{self, Beside, Queued};
use super::queue::Cause;
use super::{Db, Error, Tx};
use crate::course::{
    GradingId, PersonId, ProjectNumber, Reason, RegradeId, SemesterName, SubmissionId, choice,
};

mod decided;

pub use self::decided::{DecisionError, Stuck, apply, discard, undo, unstick};

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
