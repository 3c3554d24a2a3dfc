//! Who is told of what instructors decide for several, or beside what counts, on both engines.

use testat::course::admission::Needed;
use testat::course::notice::Kind;
use testat::course::{PersonId, RegradeId, Verdict};
use testat::store::excuses::{self, NewExcuse};
use testat::store::extensions::{self, NewExtension};
use testat::store::foreseen::Whether;
use testat::store::regrades::{self, NewRegrade, Scope, Seeds};
use testat::store::{acceptances, outbox, queue, reminders, semesters};

use crate::database::{Course, DAY, MINUTE, on_both, outcome, project};

on_both!(
    what_is_run_beside_is_told_once_it_is_applied_to_those_whose_result_changes,
    a_regrade_may_admit_someone,
    an_excuse_that_admits_is_told_once_it_is_given,
    a_late_one_that_is_accepted_may_admit_someone,
    each_of_many_who_get_more_time_is_told,
    whoever_is_excused_is_not_reminded,
);

const HOUR: i64 = 60 * MINUTE;

/// Claims everything due, marks it sent, and says what each is.
async fn told(t: &Course, now: i64) -> Vec<(Kind, String)> {
    let mut all = Vec::new();
    while let Some(letter) = outbox::claim(&t.db, now, now + MINUTE).await.unwrap() {
        assert!(outbox::sent(&t.db, &letter, now).await.unwrap());
        all.push((letter.kind, format!("{}: {}", letter.first_name, letter.subject)));
    }
    all
}

async fn kinds(t: &Course, now: i64) -> Vec<Kind> {
    told(t, now).await.into_iter().map(|(kind, _)| kind).collect()
}

/// When the project opens and when it is due.
async fn window(t: &Course, number: i64) -> (i64, i64) {
    let all = semesters::projects(&t.db, &t.semester).await.unwrap();
    let found = all.into_iter().find(|one| one.number == project(number)).unwrap();
    (found.opens, found.due)
}

async fn hand_in(t: &Course, person: &PersonId, number: i64, verdict: Verdict, at: i64) {
    let receipt = t.hand_in(person, number, at).await;
    t.grade(&receipt.submission, verdict, at).await;
}

/// Someone who has passed the first four projects, told of it.
async fn four_passed(t: &Course) -> PersonId {
    let ada = t.student(1).await;
    for number in 1..=4 {
        let at = window(t, number).await.0 + HOUR;
        hand_in(t, &ada, number, Verdict::Passed, at).await;
    }
    let so_far = kinds(t, window(t, 5).await.0).await;
    assert!(!so_far.contains(&Kind::Admission) && so_far.len() == 8, "{so_far:?}");
    ada
}

/// The project graded again beside, with this verdict for everyone.
async fn run_beside(t: &Course, number: i64, verdict: Verdict, now: i64) -> RegradeId {
    let new = NewRegrade {
        semester: t.semester.clone(),
        project: project(number),
        scope: Scope::Everyone,
        seeds: Seeds::New,
        reason: "The grader was mended.".parse().unwrap(),
    };
    let (id, _) = regrades::start(&t.db, &new, &t.admin, now).await.unwrap();
    while let Some(lease) = t.claim(now).await {
        let held = queue::record(&t.db, &lease, &outcome(verdict), now).await.unwrap();
        assert_eq!(held, queue::Held::Yes);
    }
    id
}

async fn what_is_run_beside_is_told_once_it_is_applied_to_those_whose_result_changes(t: Course) {
    let (ada, emmy) = (t.student(1).await, t.student(2).await);
    let now = t.start + DAY;
    hand_in(&t, &ada, 1, Verdict::Passed, now).await;
    hand_in(&t, &emmy, 1, Verdict::Failed, now).await;
    assert_eq!(kinds(&t, now).await.len(), 4);
    let id = run_beside(&t, 1, Verdict::Failed, now).await;
    assert_eq!(told(&t, now).await, [], "nothing counts of it yet");
    regrades::apply(&t.db, &id, &t.admin, now).await.unwrap();
    let applied = told(&t, now).await;
    assert_eq!(applied.len(), 1, "Emmy had failed before: {applied:?}");
    assert!(applied[0].1.contains("Failed after a regrade"), "{applied:?}");
    regrades::undo(&t.db, &id, &t.admin, now).await.unwrap();
    let undone = told(&t, now).await;
    assert_eq!(undone.len(), 1, "{undone:?}");
    assert!(undone[0].1.contains("Passed after a regrade"), "{undone:?}");

    let id = run_beside(&t, 1, Verdict::Failed, now).await;
    regrades::discard(&t.db, &id, &t.admin, now).await.unwrap();
    assert_eq!(told(&t, now).await, [], "what was discarded is told to nobody");
}

async fn a_regrade_may_admit_someone(t: Course) {
    let ada = four_passed(&t).await;
    let now = window(&t, 5).await.0 + HOUR;
    hand_in(&t, &ada, 5, Verdict::Failed, now).await;
    assert_eq!(kinds(&t, now).await, [Kind::Receipt, Kind::Verdict]);
    let id = run_beside(&t, 5, Verdict::Passed, now).await;
    assert_eq!(told(&t, now).await, []);
    regrades::apply(&t.db, &id, &t.admin, now).await.unwrap();
    assert_eq!(kinds(&t, now).await, [Kind::Verdict, Kind::Admission]);
}

async fn an_excuse_that_admits_is_told_once_it_is_given(t: Course) {
    let ada = four_passed(&t).await;
    let now = window(&t, 5).await.0;
    let new = NewExcuse {
        semester: t.semester.clone(),
        project: project(5),
        person: ada,
        needed: Needed::OneFewer,
        reason: "Ill, with a certificate.".parse().unwrap(),
    };
    excuses::give(&t.db, &new, &t.admin, now, Whether::Tried).await.unwrap();
    assert_eq!(told(&t, now).await, [], "it was only looked at");
    excuses::give(&t.db, &new, &t.admin, now, Whether::Made).await.unwrap();
    assert_eq!(kinds(&t, now).await, [Kind::Admission]);
}

async fn a_late_one_that_is_accepted_may_admit_someone(t: Course) {
    let ada = four_passed(&t).await;
    let now = window(&t, 5).await.1 + DAY;
    let late = t.hand_in(&ada, 5, now).await.submission;
    t.grade(&late, Verdict::Passed, now).await;
    assert_eq!(kinds(&t, now).await, [Kind::Receipt, Kind::Verdict]);
    let reason = "The train stood still.".parse().unwrap();
    acceptances::give(&t.db, &late, &reason, &t.admin, now).await.unwrap();
    assert_eq!(kinds(&t, now).await, [Kind::Admission]);
}

async fn each_of_many_who_get_more_time_is_told(t: Course) {
    let people = [t.student(1).await, t.student(2).await];
    let due = window(&t, 1).await.1;
    let new = |person: &PersonId| NewExtension {
        semester: t.semester.clone(),
        project: project(1),
        person: person.clone(),
        due: due + DAY,
        reason: "The network was down.".parse().unwrap(),
    };
    let all: Vec<_> = people.iter().map(new).collect();
    let give = async |whether| {
        extensions::give_all(&t.db, &t.semester, &all, &t.admin, t.start, whether).await.unwrap()
    };
    give(Whether::Tried).await;
    assert_eq!(told(&t, t.start).await, [], "it was only looked at");
    give(Whether::Made).await;
    assert_eq!(kinds(&t, t.start).await, [Kind::Extension; 2]);
}

async fn whoever_is_excused_is_not_reminded(t: Course) {
    let (ada, _emmy) = (t.student(1).await, t.student(2).await);
    let near = window(&t, 1).await.1 - HOUR;
    let new = NewExcuse {
        semester: t.semester.clone(),
        project: project(1),
        person: ada,
        needed: Needed::Stays,
        reason: "Ill, with a certificate.".parse().unwrap(),
    };
    excuses::give(&t.db, &new, &t.admin, near, Whether::Made).await.unwrap();
    reminders::remind(&t.db, near).await.unwrap();
    assert_eq!(kinds(&t, near).await, [Kind::Deadline]);
}
