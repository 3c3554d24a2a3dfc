//! Uploads: taken in, listed, with their gradings and reports.

use super::arg::args;
pub use super::hand_in::{
    InsertError, Keyed, NewSubmission, Receipt, Taken, by_key, insert, insert_once, may_hand_in,
};
use super::queue::Cause;
use super::{Db, Error};
use crate::course::result::GradingState;
use crate::course::{
    AcceptanceId, Digest, GradingId, Language, PersonId, ProjectNumber, RegradeId, SemesterName,
    Slug, SubmissionId, Verdict,
};

/// A submission and where the last of its gradings that count stands.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Submission {
    /// Which.
    pub id: SubmissionId,
    /// In which semester.
    pub semester: SemesterName,
    /// For which project.
    pub project: ProjectNumber,
    /// The project's name.
    pub slug: Slug,
    /// By whom.
    pub person: PersonId,
    /// Which of this student and project, from 1.
    pub number: i64,
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
    /// Whether it was late when it came.
    pub late: bool,
    /// The decision by which it counts though it was late, if there is one.
    pub acceptance: Option<AcceptanceId>,
    /// Its last grading.
    pub grading: GradingId,
    /// Where that stands.
    pub state: GradingState,
    /// Its verdict, once done.
    pub verdict: Option<Verdict>,
}

/// One grading, as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Grading {
    /// Which.
    pub id: GradingId,
    /// Of which submission.
    pub submission: SubmissionId,
    /// Which of that submission, from 1.
    pub number: i64,
    /// Why it was queued.
    pub cause: Cause,
    /// Where it stands.
    pub state: GradingState,
    /// Since when it was to be done, epoch milliseconds.
    pub queued_at: i64,
    /// Not tried before, epoch milliseconds.
    pub not_before: i64,
    /// How often a worker began it.
    pub attempt: i64,
    /// How often it ended through our fault.
    pub faults: i64,
    /// The last fault: for instructors and admins, not for students.
    pub fault: Option<String>,
    /// Which worker had or has it.
    pub worker: Option<String>,
    /// How far it is, JSON of the grading's making.
    pub progress: Option<String>,
    /// When a worker last began it.
    pub started_at: Option<i64>,
    /// When it was done.
    pub finished_at: Option<i64>,
    /// The seed, 64 hexadecimal digits, once done.
    pub seed: Option<String>,
    /// The grader's version, once done.
    pub grader_version: Option<String>,
    /// Hash of the subjects' runtime, once done.
    pub runtime: Option<String>,
    /// The verdict, once done.
    pub verdict: Option<Verdict>,
    /// The regrade that it belongs to, if it is one that is run beside.
    pub regrade: Option<RegradeId>,
    /// The regrade that took its place.
    pub superseded_by: Option<RegradeId>,
    /// Whether it is one of those by which the result goes.
    pub counts: bool,
}

impl Grading {
    /// Whether it counts, or did until a regrade took its place: what is only run beside is not for
    /// students.
    pub fn is_of_record(&self) -> bool {
        self.counts || self.superseded_by.is_some()
    }
}

const SUBMISSION: &str = "SELECT s.id, s.semester, s.project, p.slug, s.person, s.number, s.digest,
    s.size, s.file_name, s.language, s.received_at, s.late, c.id AS acceptance,
    g.id AS grading, g.state, g.verdict
    FROM submissions s
    JOIN projects p ON p.semester = s.semester AND p.number = s.project
    LEFT JOIN acceptances c ON c.submission = s.id AND c.revoked_at IS NULL
    JOIN gradings g ON g.submission = s.id
     AND g.number = (SELECT MAX(l.number) FROM gradings l
                     WHERE l.submission = s.id AND l.counts)";
const GRADING: &str = "SELECT id, submission, number, cause, state, queued_at, not_before, attempt,
    faults, fault, worker, progress, started_at, finished_at, seed, grader_version, runtime, verdict,
    regrade, superseded_by, counts FROM gradings";

/// The submission with this id.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &SubmissionId) -> Result<Option<Submission>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{SUBMISSION} WHERE s.id = $1")), args![id]).await
}

/// A student's submissions for one project, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_student(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
    project: ProjectNumber,
) -> Result<Vec<Submission>, Error> {
    let sql = format!(
        "{SUBMISSION} WHERE s.semester = $1 AND s.person = $2 AND s.project = $3
         ORDER BY s.number DESC"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester, person, project]).await
}

/// A semester's submissions, newest first, at most `limit`.
///
/// # Errors
/// When they can't be read.
pub async fn recent(
    db: &Db,
    semester: &SemesterName,
    limit: u32,
) -> Result<Vec<Submission>, Error> {
    let sql = format!(
        "{SUBMISSION} WHERE s.semester = $1 ORDER BY s.received_at DESC, s.id DESC LIMIT $2"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester, limit]).await
}

/// The last submission of every student and project of a semester: the class at a glance.
///
/// # Errors
/// When they can't be read.
pub async fn latest(db: &Db, semester: &SemesterName) -> Result<Vec<Submission>, Error> {
    let sql = format!(
        "{SUBMISSION} WHERE s.semester = $1 AND s.number = (SELECT MAX(n.number) FROM submissions n
             WHERE n.semester = s.semester AND n.person = s.person AND n.project = s.project)
         ORDER BY s.person, s.project"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester]).await
}

/// All gradings of a submission, newest first, those that are run beside included.
///
/// # Errors
/// When they can't be read.
pub async fn gradings(db: &Db, id: &SubmissionId) -> Result<Vec<Grading>, Error> {
    let sql = format!("{GRADING} WHERE submission = $1 ORDER BY number DESC");
    db.all(sqlx::AssertSqlSafe(sql), args![id]).await
}

/// The grading with this id.
///
/// # Errors
/// When it can't be read.
pub async fn grading(db: &Db, id: &GradingId) -> Result<Option<Grading>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{GRADING} WHERE id = $1")), args![id]).await
}

/// The gradings that an instructor must look at, oldest first.
///
/// # Errors
/// When they can't be read.
pub async fn needing_attention(db: &Db, semester: &SemesterName) -> Result<Vec<Grading>, Error> {
    let sql = format!(
        "{GRADING} WHERE semester = $1 AND state = 'needs_attention' AND superseded_by IS NULL
         ORDER BY queued_at, id"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester]).await
}

/// A grading's report as JSON, once it has its verdict.
///
/// # Errors
/// When it can't be read.
pub async fn report(db: &Db, id: &GradingId) -> Result<Option<String>, Error> {
    let found: Option<(String,)> =
        db.opt("SELECT json FROM reports WHERE grading = $1", args![id]).await?;
    Ok(found.map(|(json,)| json))
}

/// The digests of all archives that must be in the blob store, each once.
///
/// # Errors
/// When they can't be read.
pub async fn digests(db: &Db) -> Result<Vec<Digest>, Error> {
    let rows: Vec<(Digest,)> =
        db.all("SELECT DISTINCT digest FROM submissions ORDER BY digest", vec![]).await?;
    Ok(rows.into_iter().map(|(digest,)| digest).collect())
}
