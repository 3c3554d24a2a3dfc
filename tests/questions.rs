//! Questions in the store, on both engines: who is told, and that a limit holds against messages sent at
//! once.

use testat::course::notice::Kind;
use testat::course::question::{MESSAGES_AN_HOUR, Side, State};
use testat::course::{PersonId, QuestionId, Role, SubmissionId};
use testat::store::questions::{self, Author, WriteError};
use testat::store::roster::{self, RosterRow};
use testat::store::{Db, outbox};

use crate::database::{Course, MINUTE, on_both, student_row};

on_both!(
    messages_sent_at_once_do_not_pass_the_limit,
    all_who_teach_are_told_and_afterwards_whoever_took_part,
    what_is_not_there_is_not_asked_about,
);

fn by<'a>(person: &'a PersonId, side: Side) -> Author<'a> {
    Author { person, side }
}

async fn ask(t: &Course, about: &SubmissionId, person: &PersonId, now: i64) -> QuestionId {
    let text = "Why?".parse().unwrap();
    questions::ask(&t.db, about, None, &text, by(person, Side::Student), now).await.unwrap()
}

async fn instructor(t: &Course, n: u64) -> PersonId {
    let row = RosterRow { legi: None, role: Role::Instructor, ..student_row(n) };
    let done = roster::import(&t.db, &t.semester, &[row], None, 5).await.unwrap();
    done.rows[0].person.clone().unwrap()
}

/// Kinds and addresses of what is due, now sent.
async fn told(db: &Db, now: i64) -> Vec<(Kind, String)> {
    let mut all = Vec::new();
    while let Some(letter) = outbox::claim(db, now, now + MINUTE).await.unwrap() {
        assert!(outbox::sent(db, &letter, now).await.unwrap());
        all.push((letter.kind, letter.email.to_string()));
    }
    all.retain(|(kind, _)| *kind != Kind::Receipt);
    all
}

async fn messages_sent_at_once_do_not_pass_the_limit(t: Course) {
    let ada = t.student(1).await;
    let now = t.start + MINUTE;
    let about = t.hand_in(&ada, 1, now).await.submission;
    let question = ask(&t, &about, &ada, now).await;
    let write = async || {
        let text = "And?".parse().unwrap();
        questions::write(&t.db, &question, &text, by(&ada, Side::Student), now).await
    };
    let all = futures_util::future::join_all((0..MESSAGES_AN_HOUR + 5).map(|_| write())).await;
    let written = all.iter().filter(|one| one.is_ok()).count();
    assert_eq!(i64::try_from(written).unwrap(), MESSAGES_AN_HOUR - 1, "and the question itself");
    let refused = all.iter().filter(|one| matches!(one, Err(WriteError::TooOften(_)))).count();
    assert_eq!(written + refused, all.len());
    let kept = questions::get(&t.db, &question).await.unwrap().unwrap();
    assert_eq!(kept.messages, MESSAGES_AN_HOUR);
}

async fn all_who_teach_are_told_and_afterwards_whoever_took_part(t: Course) {
    let ada = t.student(1).await;
    let (first, second) = (instructor(&t, 90).await, instructor(&t, 91).await);
    let now = t.start + MINUTE;
    let about = t.hand_in(&ada, 1, now).await.submission;
    let question = ask(&t, &about, &ada, now).await;
    let staff = |n: u64| (Kind::Question, format!("student{n}@ethz.example"));
    assert_eq!(told(&t.db, now).await, [staff(90), staff(91)]);

    let answer = "So.".parse().unwrap();
    for person in [&second, &t.admin] {
        let author = by(person, Side::Staff);
        questions::write(&t.db, &question, &answer, author, now).await.unwrap();
    }
    let student = (Kind::Answer, "student1@ethz.example".to_owned());
    assert_eq!(told(&t.db, now).await, [student.clone(), student.clone()]);
    questions::close(&t.db, &question, by(&ada, Side::Student), now).await.unwrap();
    let office = (Kind::Question, "office@ethz.example".to_owned());
    let mut closed = told(&t.db, now).await;
    closed.sort();
    assert_eq!(closed, [office, staff(91)], "the first had no part in it");
    let again = questions::close(&t.db, &question, by(&first, Side::Staff), now).await;
    assert!(matches!(again, Err(WriteError::Closed)), "{again:?}");
    assert_eq!(told(&t.db, now).await, []);
    let kept = questions::get(&t.db, &question).await.unwrap().unwrap();
    assert_eq!(kept.state, State::Closed);
    let counted = questions::count(&t.db, &t.semester).await.unwrap();
    assert_eq!(counted, [(State::Closed, 1)]);
}

async fn what_is_not_there_is_not_asked_about(t: Course) {
    let ada = t.student(1).await;
    let text = "Why?".parse().unwrap();
    let author = by(&ada, Side::Student);
    let asked = questions::ask(&t.db, &SubmissionId::new(), None, &text, author, t.start).await;
    assert!(matches!(asked, Err(WriteError::Nothing)), "{asked:?}");
    let written = questions::write(&t.db, &QuestionId::new(), &text, author, t.start).await;
    assert!(matches!(written, Err(WriteError::Nothing)), "{written:?}");
    let closed = questions::close(&t.db, &QuestionId::new(), author, t.start).await;
    assert!(matches!(closed, Err(WriteError::Nothing)), "{closed:?}");
    assert_eq!(told(&t.db, t.start).await, []);
}
