//! What counts, from hand-in to admission list, on both engines.

use jiff::civil::date;
use testat::course::admission::{Basis, Decision, State};
use testat::course::{PersonId, SemesterName, Verdict};
use testat::store::overrides::{self, DecideError, What};
use testat::store::results::{self, AdmissionRow};
use testat::store::{audit, extensions, queue, semesters};

use crate::database::{Course, DAY, MINUTE, new_semester, on_both, outcome, project};

on_both!(
    five_of_seven_admit_and_the_list_says_since_when,
    an_admission_stays_open_while_a_verdict_is_to_come,
    a_late_pass_counts_once_the_student_has_more_time,
    a_stricter_regrade_takes_no_pass_away_but_an_override_does,
    an_admission_of_an_earlier_semester_carries_over_by_legi_number,
    an_override_of_an_admission_wins_until_it_is_taken_back,
    the_list_has_every_student_and_no_instructor,
);

/// After everything of the semester is due.
fn end(t: &Course) -> i64 {
    t.start + 100 * DAY
}

async fn row(t: &Course, person: &PersonId, now: i64) -> AdmissionRow {
    results::admission_of(&t.db, &t.semester, person, now).await.unwrap().unwrap()
}

async fn five_of_seven_admit_and_the_list_says_since_when(t: Course) {
    let person = t.student(1).await;
    let before = row(&t, &person, t.start).await;
    assert_eq!((before.admission.state, before.admission.missing), (State::Open, 5));
    for (number, verdict) in
        [(1, Verdict::Passed), (2, Verdict::Failed), (3, Verdict::Passed), (4, Verdict::Passed)]
    {
        t.finish(&person, number, verdict).await;
    }
    let during = row(&t, &person, t.start + 60 * DAY).await;
    assert_eq!((during.admission.state, during.admission.missing), (State::Open, 2));
    for number in [5, 6, 7] {
        t.finish(&person, number, Verdict::Passed).await;
    }
    let after = row(&t, &person, end(&t)).await;
    assert_eq!((after.admission.state, after.admission.passed), (State::Admitted, 6));
    assert_eq!(after.admission.basis, Basis::Projects);
    let opens = semesters::projects(&t.db, &t.semester).await.unwrap()[5].opens;
    assert_eq!(after.admission.since, Some(opens + DAY + MINUTE), "the fifth pass was project 6");
    assert_eq!(after.projects.len(), 7);
    assert_eq!(after.projects[1].verdict, Some(Verdict::Failed));
    let listed = results::admissions(&t.db, &t.semester, end(&t)).await.unwrap();
    assert_eq!(listed, [after], "the list and the student's own page say the same");
}

async fn an_admission_stays_open_while_a_verdict_is_to_come(t: Course) {
    let person = t.student(1).await;
    for number in 1..=4 {
        t.finish(&person, number, Verdict::Passed).await;
    }
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[6].due;
    let receipt = t.hand_in(&person, 7, due).await;
    let state = async |now| row(&t, &person, now).await.admission.state;
    assert_eq!(state(end(&t)).await, State::Open);
    let mut now = due;
    for _ in 0..3 {
        let lease = t.claim(now).await.unwrap();
        let _ = queue::fault(&t.db, &lease, "ours", now).await.unwrap();
        now += MINUTE;
    }
    assert_eq!(state(end(&t)).await, State::Open, "our fault is never the student's");
    let reason = "try again".parse().unwrap();
    queue::regrade(&t.db, &receipt.submission, &reason, &t.admin, now).await.unwrap();
    t.grade(&receipt.submission, Verdict::Failed, now).await;
    assert_eq!(state(end(&t)).await, State::NotAdmitted);
}

async fn a_late_pass_counts_once_the_student_has_more_time(t: Course) {
    let person = t.student(1).await;
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    let receipt = t.hand_in(&person, 1, due + DAY).await;
    t.grade(&receipt.submission, Verdict::Passed, due + DAY + MINUTE).await;
    let result = row(&t, &person, end(&t)).await.projects.remove(0);
    assert_eq!((result.verdict, result.submissions), (None, 1), "shown, but does not count");
    let new = extensions::NewExtension {
        semester: t.semester.clone(),
        project: project(1),
        person: person.clone(),
        due: due + DAY,
        reason: "military service".parse().unwrap(),
    };
    extensions::give(&t.db, &new, &t.admin, due + 2 * DAY).await.unwrap();
    let result = row(&t, &person, end(&t)).await.projects.remove(0);
    assert_eq!((result.verdict, result.due), (Some(Verdict::Passed), due + DAY));
}

async fn a_stricter_regrade_takes_no_pass_away_but_an_override_does(t: Course) {
    let person = t.student(1).await;
    let receipt = t.finish(&person, 1, Verdict::Passed).await;
    let now = end(&t);
    let reason = "grader 1.1 is out".parse().unwrap();
    queue::regrade(&t.db, &receipt.submission, &reason, &t.admin, now).await.unwrap();
    let lease = t.claim(now).await.unwrap();
    let _ = queue::record(&t.db, &lease, &outcome(Verdict::Failed), now).await.unwrap();
    let verdict = async || row(&t, &person, now).await.projects[0].verdict;
    assert_eq!(verdict().await, Some(Verdict::Passed));

    let what = What::Result(project(1), Verdict::Failed);
    let reason = "not their own work".parse().unwrap();
    let by = &t.admin;
    let id = overrides::decide(&t.db, &t.semester, &person, what, &reason, by, now).await.unwrap();
    let result = row(&t, &person, now).await.projects.remove(0);
    assert_eq!((result.verdict, result.overridden), (Some(Verdict::Failed), true));
    assert_eq!(result.since, Some(now));
    assert!(overrides::take_back(&t.db, &id, by, now + 1).await.unwrap());
    assert!(!overrides::take_back(&t.db, &id, by, now + 2).await.unwrap());
    assert_eq!(verdict().await, Some(Verdict::Passed));
    let kept = overrides::get(&t.db, &id).await.unwrap().unwrap();
    assert_eq!((kept.decision.as_str(), kept.revoked_at), ("failed", Some(now + 1)));
}

async fn an_admission_of_an_earlier_semester_carries_over_by_legi_number(t: Course) {
    let person = t.student(1).await;
    let failed = t.student(2).await;
    for number in 1..=5 {
        t.finish(&person, number, Verdict::Passed).await;
    }
    t.finish(&failed, 1, Verdict::Passed).await;
    for (name, day) in [("FS2027", date(2027, 2, 24)), ("HS2027", date(2027, 9, 22))] {
        let name: SemesterName = name.parse().unwrap();
        semesters::create(&t.db, &new_semester(&name, day), None, 9).await.unwrap();
        t.student_in(&name, 1).await;
        t.student_in(&name, 2).await;
        let rows = results::admissions(&t.db, &name, t.start + 600 * DAY).await.unwrap();
        let hs2026 = Basis::CarriedOver { semester: t.semester.clone() };
        let said: Vec<_> =
            rows.iter().map(|row| (row.admission.state, row.admission.basis.clone())).collect();
        assert_eq!(
            said,
            [(State::Admitted, hs2026), (State::NotAdmitted, Basis::Projects)],
            "{name}: the first admission is named"
        );
        let earned = row(&t, &person, end(&t)).await.admission.since;
        assert_eq!(rows[0].admission.since, earned);
        assert_eq!((rows[0].admission.passed, rows[0].admission.missing), (0, 0));
    }
    let first = row(&t, &person, end(&t)).await;
    assert_eq!(first.admission.basis, Basis::Projects, "nothing carries backwards");
}

async fn an_override_of_an_admission_wins_until_it_is_taken_back(t: Course) {
    let person = t.student(1).await;
    let now = end(&t);
    let decide = async |what, reason: &str| {
        let reason = reason.parse().unwrap();
        overrides::decide(&t.db, &t.semester, &person, what, &reason, &t.admin, now).await
    };
    let stranger = overrides::decide(
        &t.db,
        &t.semester,
        &t.admin,
        What::Admission(Decision::Admitted),
        &"why not".parse().unwrap(),
        &t.admin,
        now,
    )
    .await;
    assert!(matches!(stranger, Err(DecideError::Nothing)), "{stranger:?}");
    let unknown = decide(What::Result(project(9), Verdict::Passed), "why not").await;
    assert!(matches!(unknown, Err(DecideError::Nothing)), "{unknown:?}");

    decide(What::Admission(Decision::NotAdmitted), "first thought").await.unwrap();
    let id =
        decide(What::Admission(Decision::Admitted), "admitted on paper in 2024").await.unwrap();
    let admitted = row(&t, &person, now).await.admission;
    assert_eq!((admitted.state, admitted.basis), (State::Admitted, Basis::Override));
    assert_eq!(overrides::standing(&t.db, &t.semester).await.unwrap().len(), 1, "one stands");
    assert!(overrides::take_back(&t.db, &id, &t.admin, now).await.unwrap());
    assert_eq!(row(&t, &person, now).await.admission.state, State::NotAdmitted);
    assert_eq!(overrides::of_student(&t.db, &t.semester, &person).await.unwrap().len(), 2);
    let lines = audit::of_subject(&t.db, &format!("{}/{person}", t.semester)).await.unwrap();
    assert_eq!(lines.len(), 3);
    audit::verify(&t.db).await.unwrap();
}

async fn the_list_has_every_student_and_no_instructor(t: Course) {
    for n in [3, 1, 2] {
        t.student(n).await;
    }
    let mut assistant = crate::database::student_row(9);
    assistant.role = testat::course::Role::Instructor;
    testat::store::roster::import(&t.db, &t.semester, &[assistant], None, 5).await.unwrap();
    let rows = results::admissions(&t.db, &t.semester, t.start).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.family_name.as_str()).collect();
    assert_eq!(names, ["Family001", "Family002", "Family003"]);
    let nobody = results::admission_of(&t.db, &t.semester, &t.admin, t.start).await.unwrap();
    assert_eq!(nobody, None);
}
