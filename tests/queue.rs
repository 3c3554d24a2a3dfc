//! The queue: every grading exactly once, whoever dies, on both engines.

use std::sync::Arc;
use std::time::Duration;

use testat::course::result::GradingState;
use testat::course::{SubmissionId, Verdict};
use testat::store::queue::{self, Cause, Faulted, Held, RegradeError};
use testat::store::submissions::{self, Grading};
use testat::store::{Db, audit, semesters};

use crate::database::{Course, MINUTE, on_both, outcome};

on_both!(
    every_grading_is_claimed_exactly_once_by_many_workers,
    one_student_and_project_is_never_graded_twice_at_once,
    of_two_that_wait_for_one_student_and_project_many_workers_get_one,
    who_has_fewest_in_the_queue_goes_first,
    an_expired_lease_is_given_to_another_and_the_late_worker_changes_nothing,
    a_heartbeat_keeps_a_lease,
    after_three_faults_a_person_must_look_and_a_regrade_helps,
    a_released_grading_is_begun_anew_at_no_cost,
    a_verdict_is_recorded_with_report_and_audit_line_once,
    an_empty_queue_gives_nothing,
);

async fn last(t: &Course, submission: &SubmissionId) -> Grading {
    submissions::gradings(&t.db, submission).await.unwrap().remove(0)
}

/// Works off all there is, from several connections at once, as several servers would.
async fn every_grading_is_claimed_exactly_once_by_many_workers(t: Course) {
    const STUDENTS: u64 = 30;
    let now = t.start + MINUTE;
    for n in 0..STUDENTS {
        let person = t.student(n).await;
        t.hand_in(&person, 1, now).await;
    }
    let other_server = Db::connect(&t.url).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..6 {
        let db = if n % 2 == 0 { t.db.clone() } else { other_server.clone() };
        workers.spawn(async move {
            let name = format!("worker-{n}");
            let mut done = Vec::new();
            while let Some(lease) = queue::claim(&db, &name, now, now + MINUTE).await.unwrap() {
                tokio::time::sleep(Duration::from_millis(2)).await;
                let held = queue::record(&db, &lease, &outcome(Verdict::Passed), now + 1).await;
                assert_eq!(held.unwrap(), Held::Yes);
                assert_eq!(lease.attempt, 1);
                done.push(lease.grading.to_string());
            }
            done
        });
    }
    let mut done: Vec<String> = workers.join_all().await.concat();
    done.sort();
    let claims = done.len();
    done.dedup();
    assert_eq!((claims, done.len()), (STUDENTS as usize, STUDENTS as usize));
    assert_eq!(queue::depth(&t.db).await.unwrap(), queue::Depth::default());
    audit::verify(&t.db).await.unwrap();
}

async fn one_student_and_project_is_never_graded_twice_at_once(t: Course) {
    let person = t.student(1).await;
    let first = t.hand_in(&person, 1, t.start).await;
    let lease = t.claim(t.start).await.unwrap();
    let second = t.hand_in(&person, 1, t.start + 1).await;
    let t = Arc::new(t);
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let t = t.clone();
        claims.spawn(async move { t.claim(t.start + 2).await });
    }
    assert!(claims.join_all().await.iter().all(Option::is_none), "the first one still runs");
    assert_eq!(lease.submission, first.submission);
    let held = queue::record(&t.db, &lease, &outcome(Verdict::Failed), t.start + 3).await.unwrap();
    assert_eq!(held, Held::Yes);
    assert_eq!(t.claim(t.start + 4).await.unwrap().submission, second.submission);
}

/// One on time and one late wait at once; PostgreSQL would give both away but for the unique index.
async fn of_two_that_wait_for_one_student_and_project_many_workers_get_one(t: Course) {
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    let t = Arc::new(t);
    for n in 0..10 {
        let person = t.student(n).await;
        t.hand_in(&person, 1, due).await;
        t.hand_in(&person, 1, due + MINUTE).await;
        let mut claims = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let t = t.clone();
            claims.spawn(async move { t.claim(due + 2 * MINUTE).await });
        }
        let claimed: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
        assert_eq!(claimed.len(), 1, "round {n}");
        assert_eq!(claimed[0].person, person);
    }
    assert_eq!(queue::depth(&t.db).await.unwrap().running, 10);
}

async fn who_has_fewest_in_the_queue_goes_first(t: Course) {
    // Project 2 is open, so project 1 can be handed in too, late.
    let now = t.start + 15 * 24 * 60 * MINUTE;
    let (busy, patient, newcomer) = (t.student(1).await, t.student(2).await, t.student(3).await);
    let busy_1 = t.hand_in(&busy, 1, now).await;
    let busy_2 = t.hand_in(&busy, 2, now + 1).await;
    let patient_1 = t.hand_in(&patient, 1, now + 2).await;
    let newcomer_1 = t.hand_in(&newcomer, 2, now + 3).await;
    let mut ahead = Vec::new();
    for receipt in [&patient_1, &newcomer_1, &busy_1, &busy_2] {
        ahead.push(queue::ahead_of(&t.db, &receipt.grading).await.unwrap());
    }
    assert_eq!(ahead, [Some(0), Some(1), Some(2), Some(3)]);
    let mut order = Vec::new();
    while let Some(lease) = t.claim(now + 4).await {
        order.push(lease.submission);
    }
    let expected = [&patient_1, &newcomer_1, &busy_1, &busy_2].map(|r| r.submission.clone());
    assert_eq!(order, expected, "the one with two waits for those with one");
    assert_eq!(queue::ahead_of(&t.db, &busy_1.grading).await.unwrap(), None, "it runs");
}

async fn an_expired_lease_is_given_to_another_and_the_late_worker_changes_nothing(t: Course) {
    let person = t.student(1).await;
    let receipt = t.hand_in(&person, 1, t.start).await;
    let late = t.claim(t.start).await.unwrap();
    let expiry = t.start + MINUTE;
    assert_eq!(queue::reap(&t.db, expiry).await.unwrap(), [], "not yet");
    let reaped = queue::reap(&t.db, expiry + 1).await.unwrap();
    assert_eq!(reaped, [(receipt.grading.clone(), Faulted::Again { not_before: expiry + 5_001 })]);
    assert!(t.claim(expiry + 5_000).await.is_none(), "it waits a little");
    let lease = t.claim(expiry + 5_001).await.unwrap();
    assert_eq!((lease.attempt, lease.grading.clone()), (2, receipt.grading));

    let db = &t.db;
    assert_eq!(queue::heartbeat(db, &late, expiry * 2).await.unwrap(), Held::Lost);
    assert_eq!(queue::progress(db, &late, "{}").await.unwrap(), Held::Lost);
    assert_eq!(queue::release(db, &late).await.unwrap(), Held::Lost);
    assert_eq!(queue::fault(db, &late, "?", expiry).await.unwrap(), Faulted::Lost);
    let passed = outcome(Verdict::Passed);
    assert_eq!(queue::record(db, &late, &passed, expiry).await.unwrap(), Held::Lost);
    let grading = last(&t, &receipt.submission).await;
    assert_eq!((grading.state, grading.verdict), (GradingState::Running, None));
    assert_eq!(grading.fault.as_deref(), Some("worker worker-1 stopped answering"));

    let failed = outcome(Verdict::Failed);
    assert_eq!(queue::record(db, &lease, &failed, expiry + 6_000).await.unwrap(), Held::Yes);
    assert_eq!(queue::record(db, &lease, &passed, expiry + 6_001).await.unwrap(), Held::Lost);
    assert_eq!(last(&t, &receipt.submission).await.verdict, Some(Verdict::Failed));
}

async fn a_heartbeat_keeps_a_lease(t: Course) {
    let person = t.student(1).await;
    let receipt = t.hand_in(&person, 1, t.start).await;
    let lease = t.claim(t.start).await.unwrap();
    let later = t.start + 5 * MINUTE;
    assert_eq!(queue::heartbeat(&t.db, &lease, later).await.unwrap(), Held::Yes);
    assert_eq!(queue::reap(&t.db, later).await.unwrap(), []);
    assert_eq!(queue::progress(&t.db, &lease, r#"{"check":"forward"}"#).await.unwrap(), Held::Yes);
    let grading = last(&t, &receipt.submission).await;
    assert_eq!(grading.progress.as_deref(), Some(r#"{"check":"forward"}"#));
    assert_eq!(grading.worker.as_deref(), Some("worker-1"));
}

async fn after_three_faults_a_person_must_look_and_a_regrade_helps(t: Course) {
    let person = t.student(1).await;
    let receipt = t.hand_in(&person, 1, t.start).await;
    let mut now = t.start;
    let mut ends = Vec::new();
    for _ in 0..3 {
        let lease = t.claim(now).await.unwrap();
        ends.push(queue::fault(&t.db, &lease, "the disk is full", now).await.unwrap());
        now += MINUTE;
    }
    assert_eq!(
        ends,
        [
            Faulted::Again { not_before: t.start + 5_000 },
            Faulted::Again { not_before: t.start + MINUTE + 25_000 },
            Faulted::NeedsAttention
        ]
    );
    assert!(t.claim(now + 99 * MINUTE).await.is_none());
    let stuck = submissions::needing_attention(&t.db, &t.semester).await.unwrap();
    assert_eq!(stuck[0].fault.as_deref(), Some("the disk is full"));
    assert_eq!(queue::depth(&t.db).await.unwrap().needs_attention, 1);

    let reason = "the disk was emptied".parse().unwrap();
    let nothing = queue::regrade(&t.db, &SubmissionId::new(), &reason, &t.admin, now).await;
    assert!(matches!(nothing, Err(RegradeError::NoSuchSubmission)));
    let id = receipt.submission.clone();
    let grading = queue::regrade(&t.db, &id, &reason, &t.admin, now).await.unwrap();
    let again = queue::regrade(&t.db, &id, &reason, &t.admin, now).await;
    assert!(matches!(again, Err(RegradeError::InFlight)), "{again:?}");
    let lease = t.claim(now).await.unwrap();
    assert_eq!((lease.grading.clone(), lease.number), (grading, 2));
    assert_eq!(
        queue::record(&t.db, &lease, &outcome(Verdict::Passed), now).await.unwrap(),
        Held::Yes
    );
    let states: Vec<_> = submissions::gradings(&t.db, &id)
        .await
        .unwrap()
        .into_iter()
        .map(|g| (g.number, g.cause, g.state))
        .collect();
    assert_eq!(
        states,
        [(2, Cause::Regrade, GradingState::Done), (1, Cause::Upload, GradingState::Replaced)]
    );
    let actions: Vec<_> = audit::of_subject(&t.db, id.as_str())
        .await
        .unwrap()
        .into_iter()
        .map(|line| line.action)
        .collect();
    assert_eq!(
        actions,
        ["submission.insert", "grading.needs_attention", "grading.regrade", "grading.done"]
    );
}

async fn a_released_grading_is_begun_anew_at_no_cost(t: Course) {
    let person = t.student(1).await;
    let receipt = t.hand_in(&person, 1, t.start).await;
    for round in 1..=5 {
        let lease = t.claim(t.start).await.unwrap();
        assert_eq!(lease.attempt, round, "the fence rises all the same");
        assert_eq!(queue::release(&t.db, &lease).await.unwrap(), Held::Yes);
        assert_eq!(queue::release(&t.db, &lease).await.unwrap(), Held::Lost);
    }
    let grading = last(&t, &receipt.submission).await;
    assert_eq!((grading.state, grading.faults), (GradingState::Waiting, 0));
    let depth = queue::depth(&t.db).await.unwrap();
    assert_eq!((depth.waiting, depth.oldest), (1, Some(t.start)));
}

async fn a_verdict_is_recorded_with_report_and_audit_line_once(t: Course) {
    let person = t.student(1).await;
    let receipt = t.hand_in(&person, 1, t.start).await;
    assert_eq!(submissions::report(&t.db, &receipt.grading).await.unwrap(), None);
    t.grade(&receipt.submission, Verdict::Passed, t.start + 9).await;
    let grading = submissions::grading(&t.db, &receipt.grading).await.unwrap().unwrap();
    assert_eq!(
        (grading.verdict, grading.finished_at, grading.grader_version.as_deref()),
        (Some(Verdict::Passed), Some(t.start + 9), Some("1.0.0-abc"))
    );
    assert_eq!(submissions::report(&t.db, &receipt.grading).await.unwrap().as_deref(), Some("{}"));
    let lines = audit::of_subject(&t.db, receipt.submission.as_str()).await.unwrap();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].details.contains(r#""verdict":"passed""#), "{}", lines[1].details);
}

async fn an_empty_queue_gives_nothing(t: Course) {
    assert!(t.claim(t.start).await.is_none());
    assert_eq!(queue::reap(&t.db, t.start).await.unwrap(), []);
    assert_eq!(queue::depth(&t.db).await.unwrap(), queue::Depth::default());
}
