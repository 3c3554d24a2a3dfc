//! What students ask about results, and what is answered. A question and all that is written in it stay;
//! every turn is in the audit log, with the digest of what was said.

use serde_json::{Value, json};

use super::arg::{Arg, args};
use super::audit::{self, Entry};
use super::notify::Named;
use super::{Db, Error, Tx, outbox};
use crate::course::notice::{self, Happened, Notice, Turn};
use crate::course::question::{self, HOUR, Side, State, TooOften};
use crate::course::{
    CheckName, Digest, MessageId, MessageText, PersonId, ProjectNumber, QuestionId, SemesterName,
    SubmissionId,
};

/// A question, and whose result it is about.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Question {
    /// Which.
    pub id: QuestionId,
    /// About which submission.
    pub submission: SubmissionId,
    /// In which semester.
    pub semester: SemesterName,
    /// Of which project.
    pub project: ProjectNumber,
    /// Which of the student's submissions for that project, from 1.
    pub number: i64,
    /// Whose.
    pub person: PersonId,
    /// Their family name.
    pub family_name: String,
    /// Their first name.
    pub first_name: String,
    /// About which check, if one.
    pub check_name: Option<CheckName>,
    /// Where it stands.
    pub state: State,
    /// When it was asked, epoch milliseconds.
    pub asked_at: i64,
    /// When something last happened in it.
    pub changed_at: i64,
    /// How many messages there are.
    pub messages: i64,
}

/// What someone wrote in a question.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// In which question.
    pub question: QuestionId,
    /// By whom.
    pub author: PersonId,
    /// Their family name.
    pub family_name: String,
    /// Their first name.
    pub first_name: String,
    /// On which side they wrote.
    pub side: Side,
    /// What they wrote.
    pub text: String,
    /// When, epoch milliseconds.
    pub written_at: i64,
}

/// Someone who writes or closes, on their side.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// Who.
    pub person: &'a PersonId,
    /// On which side.
    pub side: Side,
}

/// Nothing was written or closed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No such submission or question.
    #[error("there is no such submission or question")]
    Nothing,
    /// It was closed before.
    #[error("this question is closed already")]
    Closed,
    /// The rules say no.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

const QUESTION: &str = "SELECT q.id, q.submission, s.semester, s.project, s.number, s.person,
    p.family_name, p.first_name, q.check_name, q.state, q.asked_at, q.changed_at,
    (SELECT COUNT(*) FROM question_messages m WHERE m.question = q.id) AS messages
    FROM questions q
    JOIN submissions s ON s.id = q.submission
    JOIN people p ON p.id = s.person";

/// Asks about a submission, or about one check of its report.
///
/// # Errors
/// When the submission is unknown, the student asked too often, or it can't be stored.
pub async fn ask(
    db: &Db,
    submission: &SubmissionId,
    check: Option<&CheckName>,
    text: &MessageText,
    by: Author<'_>,
    now: i64,
) -> Result<QuestionId, WriteError> {
    let id = QuestionId::new();
    let state = question::after_message(by.side);
    let mut tx = db.begin().await?;
    let inserted = tx
        .run(
            "INSERT INTO questions (id, submission, check_name, state, asked_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $5)",
            args![&id, submission, check, state, now],
        )
        .await;
    match inserted {
        Err(error) if error.is_dangling() => return Err(WriteError::Nothing),
        other => other?,
    };
    let said = say(&mut tx, &id, text, by, now).await?;
    let details = json!({
        "submission": submission, "check": check, "message": said, "sha256": digest(text),
    });
    note(&mut tx, "question.ask", &id, by, details, now).await?;
    tell(&mut tx, &id, by, Turn::Message { id: &said, text: text.as_str() }, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// Writes in a question; it is open or answered then, by who writes.
///
/// # Errors
/// When there is no such question, the student wrote too often, or it can't be stored.
pub async fn write(
    db: &Db,
    id: &QuestionId,
    text: &MessageText,
    by: Author<'_>,
    now: i64,
) -> Result<MessageId, WriteError> {
    let state = question::after_message(by.side);
    let mut tx = db.begin().await?;
    let changed = tx
        .run(
            "UPDATE questions SET state = $1, changed_at = $2 WHERE id = $3",
            args![state, now, id],
        )
        .await?;
    if changed == 0 {
        return Err(WriteError::Nothing);
    }
    let said = say(&mut tx, id, text, by, now).await?;
    let details = json!({ "state": state, "message": said, "sha256": digest(text) });
    note(&mut tx, "question.write", id, by, details, now).await?;
    tell(&mut tx, id, by, Turn::Message { id: &said, text: text.as_str() }, now).await?;
    tx.commit().await?;
    Ok(said)
}

/// Closes a question; writing in it opens it again.
///
/// # Errors
/// When there is no such question, it is closed already, or it can't be stored.
pub async fn close(db: &Db, id: &QuestionId, by: Author<'_>, now: i64) -> Result<(), WriteError> {
    let mut tx = db.begin().await?;
    // The row is locked by this, so that of two who close at once one is told.
    let state: Option<(State,)> = tx
        .opt(
            "UPDATE questions SET changed_at = changed_at WHERE id = $1 RETURNING state",
            args![id],
        )
        .await?;
    let (state,) = state.ok_or(WriteError::Nothing)?;
    let closed = question::after_close(state).ok_or(WriteError::Closed)?;
    tx.run(
        "UPDATE questions SET state = $1, changed_at = $2 WHERE id = $3",
        args![closed, now, id],
    )
    .await?;
    note(&mut tx, "question.close", id, by, json!({ "from": state }), now).await?;
    tell(&mut tx, id, by, Turn::Closed { at: now }, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn say(
    tx: &mut Tx,
    question: &QuestionId,
    text: &MessageText,
    by: Author<'_>,
    now: i64,
) -> Result<MessageId, WriteError> {
    // Locks the author: messages sent at once are counted one after the other.
    tx.run("UPDATE people SET admin = admin WHERE id = $1", args![by.person]).await?;
    let (count, first): (i64, Option<i64>) = tx
        .one(
            "SELECT COUNT(*), MIN(written_at) FROM question_messages
             WHERE author = $1 AND side = $2 AND written_at > $3",
            args![by.person, by.side, now - HOUR],
        )
        .await?;
    question::may_write(by.side, count, first.unwrap_or(now))?;
    let id = MessageId::new();
    tx.run(
        "INSERT INTO question_messages (id, question, author, side, text, written_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![&id, question, by.person, by.side, text, now],
    )
    .await?;
    Ok(id)
}

/// What was said can be held against the log without being in it.
fn digest(text: &MessageText) -> Digest {
    Digest::of(text.as_str().as_bytes())
}

async fn note(
    tx: &mut Tx,
    action: &'static str,
    id: &QuestionId,
    by: Author<'_>,
    details: Value,
    now: i64,
) -> Result<(), Error> {
    let subject = id.to_string();
    audit::append(tx, Entry { at: now, actor: Some(by.person), action, subject, details }).await
}

/// The other side: the student, or the semester's instructors and whoever else of the staff has written
/// in it. That a student closed it is told to those alone who had a part in it.
async fn tell(
    tx: &mut Tx,
    id: &QuestionId,
    by: Author<'_>,
    turn: Turn<'_>,
    now: i64,
) -> Result<(), Error> {
    let sql = sqlx::AssertSqlSafe(format!("{QUESTION} WHERE q.id = $1"));
    let question: Question = tx.one(sql, args![id]).await?;
    let named = Named::read(tx, &question.semester, question.project).await?;
    let (author,): (String,) = tx
        .one("SELECT first_name || ' ' || family_name FROM people WHERE id = $1", args![by.person])
        .await?;
    let notice = Notice::Question(Happened {
        question: id,
        submission: notice::Submission {
            id: &question.submission,
            project: named.of(&question.semester, question.project),
            number: question.number,
        },
        check: question.check_name.as_ref(),
        author: &author,
        side: by.side,
        turn,
    });
    let told = match by.side {
        Side::Staff => vec![question.person.clone()],
        Side::Student => staff_of(tx, &question, matches!(turn, Turn::Message { .. })).await?,
    };
    for person in told.iter().filter(|person| *person != by.person) {
        outbox::put(tx, person, &notice, now).await?;
    }
    Ok(())
}

async fn staff_of(tx: &mut Tx, question: &Question, all: bool) -> Result<Vec<PersonId>, Error> {
    let rows: Vec<(PersonId,)> = tx
        .all(
            "SELECT e.person AS who FROM enrolments e
             WHERE e.semester = $1 AND e.role = 'instructor' AND $2
             UNION SELECT m.author AS who FROM question_messages m
             WHERE m.question = $3 AND m.side = 'staff' ORDER BY who",
            args![&question.semester, all, &question.id],
        )
        .await?;
    Ok(rows.into_iter().map(|(person,)| person).collect())
}

/// The question with this id.
///
/// # Errors
/// When it can't be read.
pub async fn get(db: &Db, id: &QuestionId) -> Result<Option<Question>, Error> {
    db.opt(sqlx::AssertSqlSafe(format!("{QUESTION} WHERE q.id = $1")), args![id]).await
}

/// The questions about a submission, oldest first.
///
/// # Errors
/// When they can't be read.
pub async fn of_submission(db: &Db, id: &SubmissionId) -> Result<Vec<Question>, Error> {
    let sql = format!("{QUESTION} WHERE q.submission = $1 ORDER BY q.asked_at, q.id");
    db.all(sqlx::AssertSqlSafe(sql), args![id]).await
}

/// All that was written about a submission, in order.
///
/// # Errors
/// When it can't be read.
pub async fn messages(db: &Db, submission: &SubmissionId) -> Result<Vec<Message>, Error> {
    db.all(
        "SELECT m.id, m.question, m.author, p.family_name, p.first_name, m.side, m.text, m.written_at
         FROM question_messages m
         JOIN questions q ON q.id = m.question
         JOIN people p ON p.id = m.author
         WHERE q.submission = $1 ORDER BY m.written_at, m.id",
        args![submission],
    )
    .await
}

/// A student's questions of a semester that are not closed, those answered first.
///
/// # Errors
/// When they can't be read.
pub async fn of_student(
    db: &Db,
    semester: &SemesterName,
    student: &PersonId,
) -> Result<Vec<Question>, Error> {
    let sql = format!(
        "{QUESTION} WHERE s.semester = $1 AND s.person = $2 AND q.state IN ('answered', 'open')
         ORDER BY q.state, q.changed_at DESC, q.id"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester, student]).await
}

/// A semester's questions, those that have waited longest first, at most `limit`; of one state alone, if
/// one is given.
///
/// # Errors
/// When they can't be read.
pub async fn of_semester(
    db: &Db,
    semester: &SemesterName,
    state: Option<State>,
    limit: u32,
) -> Result<Vec<Question>, Error> {
    let state = Arg::Text(state.map(|state| state.as_str().to_owned()));
    let sql = format!(
        "{QUESTION} WHERE s.semester = $1 AND (CAST($2 AS TEXT) IS NULL OR q.state = $2)
         ORDER BY q.changed_at, q.id LIMIT $3"
    );
    db.all(sqlx::AssertSqlSafe(sql), args![semester, state, limit]).await
}

/// How many of a semester's questions stand where.
///
/// # Errors
/// When they can't be counted.
pub async fn count(db: &Db, semester: &SemesterName) -> Result<Vec<(State, i64)>, Error> {
    db.all(
        "SELECT q.state, COUNT(*) FROM questions q JOIN submissions s ON s.id = q.submission
         WHERE s.semester = $1 GROUP BY q.state ORDER BY q.state",
        args![semester],
    )
    .await
}
