//! What is decided about one student's work, on both engines: excuses, late ones that are accepted, more
//! time for many, pauses of the queue. Each is undone without a trace in what counts.

use testat::course::admission::{Needed, State};
use testat::course::counting::{self, Part};
use testat::course::result::GradingState;
use testat::course::{PersonId, Verdict};
use testat::store::acceptances::{self, AcceptError};
use testat::store::excuses::{self, NewExcuse};
use testat::store::extensions::{self, GiveError, NewExtension};
use testat::store::foreseen::Whether;
use testat::store::pauses::{self, PauseError};
use testat::store::results::{self, AdmissionRow};
use testat::store::{
    audit, copies, in_queue, integrity, queue, semesters, statistics, submissions,
};

use crate::database::{Course, DAY, MINUTE, on_both, project, tamper};

on_both!(
    what_an_excuse_would_change_is_said_before_it_is_given_and_undone_without_a_trace,
    an_excuse_from_nothing_is_refused,
    a_late_submission_is_accepted_and_the_acceptance_taken_back,
    many_get_more_time_together_or_none_does,
    nothing_of_a_paused_project_is_claimed_until_it_is_resumed,
    what_needs_attention_is_tried_again_as_the_same_grading,
    each_of_these_rows_is_held_against_the_log,
);

async fn row(t: &Course, person: &PersonId, now: i64) -> AdmissionRow {
    results::admission_of(&t.db, &t.semester, person, now).await.unwrap().unwrap()
}

/// The end of the semester: all is past.
fn end(t: &Course) -> i64 {
    t.start + 200 * DAY
}

fn excuse(t: &Course, person: &PersonId, number: i64, needed: Needed) -> NewExcuse {
    NewExcuse {
        semester: t.semester.clone(),
        project: project(number),
        person: person.clone(),
        needed,
        reason: "Ill, with a certificate.".parse().unwrap(),
    }
}

async fn faults(t: &Course) -> Vec<String> {
    let judge = |_: &str| Err("it is empty".to_owned());
    let found = integrity::examine(&t.db, &judge).await.unwrap().faults;
    let said = found.iter().map(ToString::to_string);
    said.filter(|fault| !fault.ends_with("can't be read: it is empty")).collect()
}

async fn what_an_excuse_would_change_is_said_before_it_is_given_and_undone_without_a_trace(
    t: Course,
) {
    let person = t.student(1).await;
    for number in 1..=4 {
        t.finish(&person, number, Verdict::Passed).await;
    }
    let before = row(&t, &person, end(&t)).await;
    assert_eq!(before.admission.state, State::NotAdmitted);
    let lines = audit::last(&t.db).await.unwrap();
    for (needed, flips) in [(Needed::Stays, false), (Needed::OneFewer, true)] {
        let new = excuse(&t, &person, 5, needed);
        let would = excuses::give(&t.db, &new, &t.admin, end(&t), Whether::Tried).await.unwrap();
        assert_eq!(would.iter().any(|one| one.change.admission.is_some()), flips, "{needed}");
    }
    assert_eq!(row(&t, &person, end(&t)).await, before, "nothing was kept of what was tried");
    assert_eq!(audit::last(&t.db).await.unwrap(), lines);

    let new = excuse(&t, &person, 5, Needed::OneFewer);
    excuses::give(&t.db, &new, &t.admin, end(&t), Whether::Made).await.unwrap();
    let during = row(&t, &person, end(&t)).await;
    let admission = &during.admission;
    assert_eq!((admission.state, admission.passed, admission.excused), (State::Admitted, 4, 1));
    assert_eq!((admission.rule.needed(), admission.rule.of()), (4, 6));
    assert!(during.projects[4].excused);
    assert_eq!(
        testat::export::basis_words(admission),
        "projects, 4 of 6 needed: excused from 1",
        "the list says so"
    );
    assert_eq!(faults(&t).await, Vec::<String>::new());

    let id = excuses::of_student(&t.db, &t.semester, &person).await.unwrap().remove(0).id;
    assert!(excuses::take_back(&t.db, &id, &t.admin, end(&t)).await.unwrap());
    assert!(!excuses::take_back(&t.db, &id, &t.admin, end(&t)).await.unwrap());
    assert_eq!(row(&t, &person, end(&t)).await, before);
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

async fn an_excuse_from_nothing_is_refused(t: Course) {
    let person = t.student(1).await;
    for new in [excuse(&t, &person, 9, Needed::Stays), excuse(&t, &t.admin, 1, Needed::Stays)] {
        let refused = excuses::give(&t.db, &new, &t.admin, end(&t), Whether::Made).await;
        assert!(matches!(refused, Err(GiveError::Nothing)), "{refused:?}");
    }
}

/// What each submission for project 1 is to its result.
async fn parts(t: &Course, person: &PersonId, due: i64) -> Vec<Part> {
    let handed = results::handed(&t.db, &t.semester, person, project(1)).await.unwrap();
    let handed: Vec<_> = handed.into_iter().map(|(_, one)| one).collect();
    counting::parts(&handed, false, due)
}

async fn a_late_submission_is_accepted_and_the_acceptance_taken_back(t: Course) {
    let person = t.student(1).await;
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    let on_time = t.hand_in(&person, 1, due - MINUTE).await.submission;
    t.grade(&on_time, Verdict::Failed, due).await;
    let late = t.hand_in(&person, 1, due + MINUTE).await.submission;
    t.grade(&late, Verdict::Passed, due + 2 * MINUTE).await;
    let before = row(&t, &person, end(&t)).await;
    assert_eq!(before.projects[0].verdict, Some(Verdict::Failed));
    let reason = "The train stood still.".parse().unwrap();
    let refused = acceptances::give(&t.db, &on_time, &reason, &t.admin, end(&t)).await;
    assert!(matches!(refused, Err(AcceptError::OnTime)), "{refused:?}");
    let unknown = acceptances::give(&t.db, &Default::default(), &reason, &t.admin, end(&t)).await;
    assert!(matches!(unknown, Err(AcceptError::NoSuchSubmission)), "{unknown:?}");

    acceptances::give(&t.db, &late, &reason, &t.admin, end(&t)).await.unwrap();
    // Once more, with another reason: the first ends.
    let id = acceptances::give(&t.db, &late, &reason, &t.admin, end(&t)).await.unwrap();
    assert_eq!(row(&t, &person, end(&t)).await.projects[0].verdict, Some(Verdict::Passed));
    assert_eq!(parts(&t, &person, due).await, [Part::NotPassed, Part::Counts]);
    let passes = statistics::first_passes(&t.db, &t.semester).await.unwrap();
    assert_eq!(passes.iter().map(|one| one.number).collect::<Vec<_>>(), [2]);
    let slug = "backprop".parse().unwrap();
    let compared = copies::to_compare(&t.db, &t.semester, &slug).await.unwrap();
    assert_eq!(compared.iter().map(|one| &one.submission).collect::<Vec<_>>(), [&late]);
    let all = acceptances::of_student(&t.db, &t.semester, &person).await.unwrap();
    assert_eq!(all.iter().filter(|one| one.revoked_at.is_none()).count(), 1);
    assert_eq!(submissions::get(&t.db, &late).await.unwrap().unwrap().acceptance, Some(id.clone()));
    assert_eq!(faults(&t).await, Vec::<String>::new());
    assert!(acceptances::take_back(&t.db, &id, &t.admin, end(&t)).await.unwrap());
    assert!(!acceptances::take_back(&t.db, &id, &t.admin, end(&t)).await.unwrap());
    assert_eq!(parts(&t, &person, due).await, [Part::NotPassed, Part::Late]);
    assert_eq!(row(&t, &person, end(&t)).await, before);
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

async fn many_get_more_time_together_or_none_does(t: Course) {
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    let people = [t.student(1).await, t.student(2).await];
    for person in &people {
        let late = t.hand_in(person, 1, due + MINUTE).await.submission;
        t.grade(&late, Verdict::Passed, due + 2 * MINUTE).await;
    }
    let new = |person: &PersonId| NewExtension {
        semester: t.semester.clone(),
        project: project(1),
        person: person.clone(),
        due: due + DAY,
        reason: "The network was down.".parse().unwrap(),
    };
    let give = async |all: &[NewExtension], whether| {
        extensions::give_all(&t.db, &t.semester, all, &t.admin, end(&t), whether).await
    };
    let all: Vec<_> = people.iter().map(new).collect();
    let with_a_stranger = [new(&people[0]), new(&t.admin)];
    let refused = give(&with_a_stranger, Whether::Made).await;
    assert!(matches!(refused, Err(GiveError::Nothing)), "{refused:?}");
    let would = give(&all, Whether::Tried).await.unwrap();
    assert_eq!(would.len(), 2);
    assert!(extensions::standing(&t.db, &t.semester).await.unwrap().is_empty());
    assert_eq!(give(&all, Whether::Made).await.unwrap(), would);
    assert_eq!(extensions::standing(&t.db, &t.semester).await.unwrap().len(), 2);
    for person in &people {
        assert_eq!(row(&t, person, end(&t)).await.projects[0].verdict, Some(Verdict::Passed));
    }
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

async fn nothing_of_a_paused_project_is_claimed_until_it_is_resumed(t: Course) {
    // Project 2 is open, so project 1 can be handed in too, late.
    let now = t.start + 15 * DAY;
    let (one, two) = (t.student(1).await, t.student(2).await);
    let held = t.hand_in(&one, 1, now).await;
    let other = t.hand_in(&two, 2, now + 1).await;
    let reason = "The grader is mended.".parse().unwrap();
    let pause = async |number| {
        pauses::pause(&t.db, &t.semester, project(number), &reason, &t.admin, now).await
    };
    pause(1).await.unwrap();
    assert!(matches!(pause(1).await, Err(PauseError::Already)));
    assert!(matches!(pause(9).await, Err(PauseError::NoSuchProject)));
    assert_eq!(queue::ahead_of(&t.db, &held.grading).await.unwrap(), None);
    assert_eq!(queue::ahead_of(&t.db, &other.grading).await.unwrap(), Some(0));
    assert_eq!(t.claim(now + 2).await.unwrap().grading, other.grading);
    assert_eq!(t.claim(now + 2).await, None);
    let waiting = in_queue::part(&t.db, Some(&t.semester), GradingState::Waiting, 9).await.unwrap();
    assert_eq!((waiting.count, &waiting.listed[0].grading), (1, &held.grading));
    assert!(t.try_hand_in(&two, 1, now + 3).await.is_ok(), "it is taken in all the same");
    assert!(pauses::resume(&t.db, &t.semester, project(1), &t.admin, now).await.unwrap());
    assert!(!pauses::resume(&t.db, &t.semester, project(1), &t.admin, now).await.unwrap());
    assert_eq!(t.claim(now + 4).await.unwrap().grading, held.grading);
    pause(1).await.unwrap();
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

async fn what_needs_attention_is_tried_again_as_the_same_grading(t: Course) {
    let person = t.student(1).await;
    let receipt = t.hand_in(&person, 1, t.start).await;
    let lease = t.claim(t.start).await.unwrap();
    let again = || in_queue::retry(&t.db, &receipt.submission, &t.admin, t.start + 2);
    assert!(!again().await.unwrap(), "it runs");
    let _ = queue::fault_for_good(&t.db, &lease, "lost", t.start + 1).await.unwrap();
    let stuck = in_queue::part(&t.db, None, GradingState::NeedsAttention, 9).await.unwrap();
    assert_eq!((stuck.count, stuck.listed[0].fault.as_deref()), (1, Some("lost")));
    assert!(again().await.unwrap());
    assert!(!again().await.unwrap(), "once");
    let lease = t.claim(t.start + 2).await.unwrap();
    assert_eq!((lease.grading, lease.number, lease.attempt), (receipt.grading, 1, 2));
}

async fn each_of_these_rows_is_held_against_the_log(t: Course) {
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    let person = t.student(1).await;
    let late = t.hand_in(&person, 1, due + MINUTE).await.submission;
    let reason = "The train stood still.".parse().unwrap();
    acceptances::give(&t.db, &late, &reason, &t.admin, end(&t)).await.unwrap();
    let new = excuse(&t, &person, 5, Needed::OneFewer);
    excuses::give(&t.db, &new, &t.admin, end(&t), Whether::Made).await.unwrap();
    assert_eq!(faults(&t).await, Vec::<String>::new());
    for (sql, back, named) in [
        (
            "UPDATE excuses SET needed = 'stays'",
            "UPDATE excuses SET needed = 'one_fewer'",
            "`needed` is \"stays\", but the audit log says \"one_fewer\"",
        ),
        (
            "UPDATE excuses SET revoked_at = 5",
            "UPDATE excuses SET revoked_at = NULL",
            "`standing` is false",
        ),
        (
            "UPDATE acceptances SET reason = 'x'",
            "UPDATE acceptances SET reason = 'The train stood still.'",
            "`reason` is \"x\"",
        ),
        ("DELETE FROM acceptances", "SELECT 1", "is in the audit log, but it is not stored"),
    ] {
        tamper(&t.url, sql).await;
        let found = faults(&t).await;
        assert!(found.iter().any(|fault| fault.contains(named)), "{sql}: {found:#?}");
        tamper(&t.url, back).await;
    }
}
