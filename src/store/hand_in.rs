//! Handing in: one transaction that takes in a submission, queues its grading and lets older ones that
//! wait give way.

use serde_json::json;

use super::arg::args;
use super::audit::{self, Entry};
use super::queue::Cause;
use super::{Db, Error, Tx, notify};
use crate::course::attempts::{self, Refusal, Timeliness};
use crate::course::calendar;
use crate::course::{
    Digest, GradingId, Language, PersonId, ProjectNumber, RegradeId, SemesterName, SubmissionId,
    UploadKey,
};

/// An upload that has been checked and whose archive is on disk.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// For which semester.
    pub semester: SemesterName,
    /// For which project.
    pub project: ProjectNumber,
    /// By whom.
    pub person: PersonId,
    /// The archive's SHA-256.
    pub digest: Digest,
    /// The archive's bytes.
    pub size: i64,
    /// What the archive was called.
    pub file_name: String,
    /// What it is written in.
    pub language: Language,
    /// When the first byte came, epoch milliseconds.
    pub received_at: i64,
}

/// What was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The submission.
    pub submission: SubmissionId,
    /// Its first grading, waiting.
    pub grading: GradingId,
    /// Which submission of this student and project it is, from 1.
    pub number: i64,
    /// Whether it came late.
    pub late: bool,
    /// The student's own due time, epoch milliseconds.
    pub due: i64,
    /// Older submissions whose waiting grading it took the place of.
    pub replaced: Vec<SubmissionId>,
}

/// A submission that came under a key.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Keyed {
    /// Which.
    pub id: SubmissionId,
    /// Which of its student and project, from 1.
    pub number: i64,
    /// Its archive's SHA-256.
    pub digest: Digest,
}

/// What an upload under a key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A new submission.
    New(Receipt),
    /// The same had come before under this key: nothing was added.
    Before(SubmissionId),
}

/// Nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not a student of this semester.
    #[error("only students of the semester hand in")]
    NotAStudent,
    /// No such project.
    #[error("there is no such project")]
    NoSuchProject,
    /// The key is that of an upload with other bytes.
    #[error("this key belongs to submission {number}, which has other contents")]
    KeyOfAnother {
        /// Which submission of this student and project.
        number: i64,
    },
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Keyed {
    /// The submission, if these are its bytes.
    ///
    /// # Errors
    /// [`InsertError::KeyOfAnother`] if they are others.
    pub fn same(self, digest: &Digest) -> Result<SubmissionId, InsertError> {
        if self.digest == *digest {
            Ok(self.id)
        } else {
            Err(InsertError::KeyOfAnother { number: self.number })
        }
    }
}

/// Takes a submission in: it, its grading in the queue, and the audit line, all or nothing. Once this
/// returns it is kept, whatever happens next.
///
/// Older submissions of the same student and project that still wait to be graded give way, unless
/// they were on time and this one is late.
///
/// # Errors
/// When the rules refuse it (nothing is stored), or it can't be stored.
pub async fn insert(db: &Db, new: &NewSubmission, now: i64) -> Result<Receipt, InsertError> {
    let mut tx = db.begin().await?;
    lock_student(&mut tx, new).await?;
    take_in(tx, new, None, now).await
}

/// The same under a key, once: an upload whose key has come before, by the same student for the same
/// project, is that submission, however many arrive at once.
///
/// # Errors
/// As [`insert`], and [`InsertError::KeyOfAnother`] when the key came with other bytes.
pub async fn insert_once(
    db: &Db,
    new: &NewSubmission,
    key: &UploadKey,
    now: i64,
) -> Result<Taken, InsertError> {
    let mut tx = db.begin().await?;
    // Behind the lock, whatever came under this key is there to be seen; and before the rules, since
    // the upload that came first may be the one that reached the limit.
    lock_student(&mut tx, new).await?;
    let args = args![&new.semester, &new.person, new.project, key];
    let before: Option<Keyed> = tx.opt(BY_KEY, args).await?;
    match before {
        Some(before) => before.same(&new.digest).map(Taken::Before),
        None => take_in(tx, new, Some(key), now).await.map(Taken::New),
    }
}

const BY_KEY: &str = "SELECT id, number, digest FROM submissions
    WHERE semester = $1 AND person = $2 AND project = $3 AND upload_key = $4";

/// The submission of this student and project that came under this key.
///
/// # Errors
/// When it can't be read.
pub async fn by_key(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
    project: ProjectNumber,
    key: &UploadKey,
) -> Result<Option<Keyed>, Error> {
    db.opt(BY_KEY, args![semester, person, project, key]).await
}

async fn lock_student(tx: &mut Tx, new: &NewSubmission) -> Result<(), InsertError> {
    // Counting up locks the enrolment: two uploads of one student are taken in one after the other,
    // so that the daily limit can't be passed by sending them at once.
    let enrolled = tx
        .run(
            "UPDATE enrolments SET handed_in = handed_in + 1
             WHERE semester = $1 AND person = $2 AND role = 'student'",
            args![&new.semester, &new.person],
        )
        .await?;
    if enrolled == 0 { Err(InsertError::NotAStudent) } else { Ok(()) }
}

async fn take_in(
    mut tx: Tx,
    new: &NewSubmission,
    key: Option<&UploadKey>,
    now: i64,
) -> Result<Receipt, InsertError> {
    let place = place(&mut tx, new).await?;
    attempts::may_hand_in(new.received_at, place.opens, place.today, place.daily_limit)?;
    let due = attempts::own_due(place.due, place.extended);
    let timeliness = attempts::timeliness(new.received_at, due);

    let submission = SubmissionId::new();
    let grading = GradingId::new();
    let stored = Stored { id: &submission, number: place.last + 1, timeliness, key };
    store(&mut tx, new, &stored).await?;
    let first = Queued { submission: &submission, grading: &grading, cause: Cause::Upload };
    enqueue(&mut tx, &first, None, now).await?;
    let replaced = replace_waiting(&mut tx, new, &submission, timeliness).await?;
    let entry = Entry {
        at: now,
        actor: Some(&new.person),
        action: "submission.insert",
        subject: submission.to_string(),
        details: json!({
            "semester": new.semester, "project": new.project, "digest": new.digest,
            "received_at": new.received_at, "late": timeliness.is_late(), "replaced": replaced,
        }),
    };
    audit::append(&mut tx, entry).await?;
    let number = place.last + 1;
    let receipt =
        Receipt { submission, grading, number, late: timeliness.is_late(), due, replaced };
    notify::received(&mut tx, new, &receipt, now).await?;
    tx.commit().await?;
    Ok(receipt)
}

#[derive(sqlx::FromRow)]
struct Place {
    opens: i64,
    due: i64,
    extended: Option<i64>,
    daily_limit: i64,
    today: i64,
    last: i64,
}

const PLACE: &str = "SELECT p.opens, p.due, x.due AS extended, m.daily_limit,
        (SELECT COUNT(*) FROM submissions s WHERE s.semester = p.semester
            AND s.project = p.number AND s.person = $3
            AND s.received_at >= $4 AND s.received_at < $5) AS today,
        (SELECT COALESCE(MAX(s.number), 0) FROM submissions s WHERE s.semester = p.semester
            AND s.project = p.number AND s.person = $3) AS last
    FROM projects p
    JOIN semesters m ON m.name = p.semester
    LEFT JOIN extensions x ON x.semester = p.semester AND x.project = p.number
        AND x.person = $3 AND x.revoked_at IS NULL
    WHERE p.semester = $1 AND p.number = $2";

async fn place(tx: &mut Tx, new: &NewSubmission) -> Result<Place, InsertError> {
    let (day, next) = calendar::day_of(new.received_at);
    let args = args![&new.semester, new.project, &new.person, day, next];
    tx.opt(PLACE, args).await?.ok_or(InsertError::NoSuchProject)
}

/// Whether the rules would take in what this student sends for this project at `received_at`: asked
/// before the archive is kept, so that what will be refused takes no room. [`insert`] decides.
///
/// # Errors
/// When the rules refuse it, there is no such project, or it can't be read.
pub async fn may_hand_in(
    db: &Db,
    semester: &SemesterName,
    project: ProjectNumber,
    person: &PersonId,
    received_at: i64,
) -> Result<(), InsertError> {
    let (day, next) = calendar::day_of(received_at);
    let place: Option<Place> = db.opt(PLACE, args![semester, project, person, day, next]).await?;
    let place = place.ok_or(InsertError::NoSuchProject)?;
    Ok(attempts::may_hand_in(received_at, place.opens, place.today, place.daily_limit)?)
}

/// What is decided about a new submission when it is stored.
struct Stored<'a> {
    id: &'a SubmissionId,
    number: i64,
    timeliness: Timeliness,
    key: Option<&'a UploadKey>,
}

async fn store(tx: &mut Tx, new: &NewSubmission, stored: &Stored<'_>) -> Result<(), Error> {
    tx.run(
        "INSERT INTO submissions (id, semester, project, person, number, digest, size, file_name,
             language, received_at, late, upload_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            stored.id,
            &new.semester,
            new.project,
            &new.person,
            stored.number,
            &new.digest,
            new.size,
            &new.file_name,
            new.language,
            new.received_at,
            stored.timeliness.is_late(),
            stored.key,
        ],
    )
    .await?;
    Ok(())
}

/// What is queued: the next grading of a submission.
pub(super) struct Queued<'a> {
    pub(super) submission: &'a SubmissionId,
    pub(super) grading: &'a GradingId,
    pub(super) cause: Cause,
}

/// Run beside what counts.
pub(super) struct Beside<'a> {
    pub(super) regrade: &'a RegradeId,
    /// The seed to be used; a new one if there is none.
    pub(super) seed: Option<&'a str>,
}

/// Queues the next grading of a submission; one that is run beside does not count.
pub(super) async fn enqueue(
    tx: &mut Tx,
    queued: &Queued<'_>,
    beside: Option<&Beside<'_>>,
    now: i64,
) -> Result<(), Error> {
    let regrade = beside.map(|beside| beside.regrade);
    let seed = beside.and_then(|beside| beside.seed);
    tx.run(
        "INSERT INTO gradings
             (id, submission, number, semester, project, person, cause, state, queued_at,
              not_before, regrade, seed, counts)
         SELECT $1, s.id, (SELECT COALESCE(MAX(g.number), 0) + 1 FROM gradings g
                           WHERE g.submission = s.id),
                s.semester, s.project, s.person, $2, 'waiting', $3, $3, $5, $6, $7
         FROM submissions s WHERE s.id = $4",
        args![
            queued.grading,
            queued.cause,
            now,
            queued.submission,
            regrade,
            seed,
            beside.is_none(),
        ],
    )
    .await?;
    Ok(())
}

/// Only first gradings give way: what an instructor asked for is done.
async fn replace_waiting(
    tx: &mut Tx,
    new: &NewSubmission,
    newer: &SubmissionId,
    timeliness: Timeliness,
) -> Result<Vec<SubmissionId>, Error> {
    let waiting: Vec<(GradingId, SubmissionId, bool)> = tx
        .all(
            "SELECT g.id, s.id, s.late FROM gradings g JOIN submissions s ON s.id = g.submission
             WHERE g.semester = $1 AND g.project = $2 AND g.person = $3 AND g.state = 'waiting'
               AND g.cause = 'upload' AND s.id <> $4 ORDER BY s.number",
            args![&new.semester, new.project, &new.person, newer],
        )
        .await?;
    let mut replaced = Vec::new();
    for (grading, submission, late) in waiting {
        let older = if late { Timeliness::Late } else { Timeliness::OnTime };
        if !attempts::replaces(timeliness, older) {
            continue;
        }
        // A worker may have claimed it since; then it runs.
        let changed = tx
            .run(
                "UPDATE gradings SET state = 'replaced' WHERE id = $1 AND state = 'waiting'",
                args![&grading],
            )
            .await?;
        if changed == 1 {
            replaced.push(submission);
        }
    }
    Ok(replaced)
}
