//! The outbox on both engines: written with what it tells of, sent once, put off, given up, and who is
//! told of what.

use jiff::civil::date;
use testat::course::admission::Decision;
use testat::course::notice::Kind;
use testat::course::{PersonId, Verdict};
use testat::store::extensions::{self, NewExtension};
use testat::store::outbox::{self, Letter};
use testat::store::overrides::{self, What};
use testat::store::{mail_off, reminders, semesters};

use crate::database::{Course, DAY, MINUTE, new_semester, on_both, project};

on_both!(
    a_letter_is_one_senders_until_its_lease_runs_out,
    a_sender_that_was_late_changes_nothing,
    two_senders_never_have_the_same_letter,
    a_clock_that_was_set_back_delays_no_letter,
    a_letter_given_up_is_kept_and_can_be_tried_again,
    what_was_rolled_back_is_told_to_nobody,
    a_deadline_is_told_once_for_each_due_time_to_whom_has_not_passed,
    an_admission_is_told_once_however_often_it_is_reached,
    a_carried_admission_is_no_news,
    more_time_for_all_may_admit_someone,
    what_is_turned_off_is_not_written,
    old_texts_are_forgotten_and_nobody_is_told_twice,
);

const HOUR: i64 = 60 * MINUTE;

/// Claims everything due, marks it sent, and says what each is.
async fn told(t: &Course, now: i64) -> Vec<(Kind, String)> {
    let mut all = Vec::new();
    while let Some(letter) = outbox::claim(&t.db, now, now + MINUTE).await.unwrap() {
        assert!(outbox::sent(&t.db, &letter, now).await.unwrap());
        all.push((letter.kind, letter.subject));
    }
    all
}

async fn kinds(t: &Course, now: i64) -> Vec<Kind> {
    told(t, now).await.into_iter().map(|(kind, _)| kind).collect()
}

async fn claim(t: &Course, now: i64) -> Option<Letter> {
    outbox::claim(&t.db, now, now + MINUTE).await.unwrap()
}

/// A student passes project `number` at `at`.
async fn pass(t: &Course, person: &PersonId, number: i64, at: i64) {
    let receipt = t.hand_in(person, number, at).await;
    t.grade(&receipt.submission, Verdict::Passed, at).await;
}

async fn a_letter_is_one_senders_until_its_lease_runs_out(t: Course) {
    let ada = t.student(1).await;
    let now = t.start + HOUR;
    let receipt = t.hand_in(&ada, 1, now).await;
    assert_eq!(claim(&t, now - 1).await, None, "not before its time");
    let first = claim(&t, now).await.unwrap();
    assert!(first.body.contains(receipt.submission.as_str()), "{}", first.body);
    assert_eq!((first.kind, first.tries), (Kind::Receipt, 1));
    assert_eq!(claim(&t, now + MINUTE - 1).await, None, "it is being sent");
    let again = claim(&t, now + MINUTE).await.unwrap();
    assert_eq!((&again.id, again.tries), (&first.id, 2), "whoever had it has died");
    assert!(outbox::sent(&t.db, &again, now + MINUTE).await.unwrap());
    assert_eq!(claim(&t, now + DAY).await, None);
}

async fn a_sender_that_was_late_changes_nothing(t: Course) {
    let ada = t.student(1).await;
    let now = t.start + HOUR;
    t.hand_in(&ada, 1, now).await;
    let late = claim(&t, now).await.unwrap();
    let holder = claim(&t, now + MINUTE).await.unwrap();
    assert!(!outbox::put_off(&t.db, &late, "late", now).await.unwrap());
    assert!(!outbox::give_up(&t.db, &late, "late", now).await.unwrap());
    assert!(!outbox::sent(&t.db, &late, now).await.unwrap());
    assert!(outbox::put_off(&t.db, &holder, "no connection", now + HOUR).await.unwrap());
    assert_eq!(claim(&t, now + HOUR - 1).await, None);
    let depth = outbox::depth(&t.db).await.unwrap();
    assert_eq!((depth.waiting, depth.failed, depth.oldest), (1, 0, Some(now)));
    let unsent = outbox::unsent(&t.db, 9).await.unwrap();
    assert_eq!((unsent[0].fault.as_str(), unsent[0].again_at), ("no connection", Some(now + HOUR)));
}

async fn two_senders_never_have_the_same_letter(t: Course) {
    let now = t.start + HOUR;
    for n in 1..=12 {
        let person = t.student(n).await;
        t.hand_in(&person, 1, now).await;
    }
    let sender = async |db: testat::store::Db| {
        let mut mine = Vec::new();
        while let Some(letter) = outbox::claim(&db, now, now + MINUTE).await.unwrap() {
            mine.push(letter.id);
        }
        mine
    };
    let (a, b, c) = tokio::join!(sender(t.db.clone()), sender(t.db.clone()), sender(t.db.clone()));
    let mut all = [a, b, c].concat();
    all.sort();
    assert!(all.windows(2).all(|two| two[0] != two[1]), "{all:?}");
    // A sender that finds all that is due in others' hands goes away; what is left is due still.
    all.extend(sender(t.db.clone()).await);
    assert_eq!(all.len(), 12);
}

async fn a_clock_that_was_set_back_delays_no_letter(t: Course) {
    let ada = t.student(1).await;
    let future = t.start + 9 * DAY;
    t.hand_in(&ada, 1, future).await;
    let now = future - 8 * DAY;
    let letter = claim(&t, now).await.unwrap();
    assert!(outbox::put_off(&t.db, &letter, "no connection", now + HOUR).await.unwrap());
    assert_eq!(claim(&t, now).await, None);
}

async fn a_letter_given_up_is_kept_and_can_be_tried_again(t: Course) {
    let ada = t.student(1).await;
    let now = t.start + HOUR;
    t.hand_in(&ada, 1, now).await;
    let letter = claim(&t, now).await.unwrap();
    assert!(outbox::give_up(&t.db, &letter, "550 no such box", now).await.unwrap());
    assert_eq!(claim(&t, now + 9 * DAY).await, None);
    let depth = outbox::depth(&t.db).await.unwrap();
    assert_eq!((depth.waiting, depth.failed), (0, 1));
    let unsent = outbox::unsent(&t.db, 9).await.unwrap();
    assert_eq!((unsent[0].fault.as_str(), unsent[0].again_at), ("550 no such box", None));
    assert_eq!(outbox::try_again(&t.db, &t.admin, now + DAY).await.unwrap(), 1);
    assert_eq!(outbox::try_again(&t.db, &t.admin, now + DAY).await.unwrap(), 0);
    assert_eq!(claim(&t, now + DAY).await.unwrap().tries, 1);
}

async fn what_was_rolled_back_is_told_to_nobody(t: Course) {
    let ada = t.student(1).await;
    // Before the project opens.
    assert!(t.try_hand_in(&ada, 1, t.start - MINUTE).await.is_err());
    let new = NewExtension {
        semester: t.semester.clone(),
        project: project(1),
        person: PersonId::new(),
        due: t.start + DAY,
        reason: "was ill".parse().unwrap(),
    };
    assert!(extensions::give(&t.db, &new, &t.admin, t.start).await.is_err());
    assert_eq!(kinds(&t, t.start + DAY).await, []);
}

async fn a_deadline_is_told_once_for_each_due_time_to_whom_has_not_passed(t: Course) {
    let (ada, emmy) = (t.student(1).await, t.student(2).await);
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    pass(&t, &ada, 1, t.start + HOUR).await;
    kinds(&t, t.start + HOUR).await;

    reminders::remind(&t.db, due - 48 * HOUR - 1).await.unwrap();
    assert_eq!(kinds(&t, due).await, [], "three days before");
    for now in [due - 48 * HOUR, due - 47 * HOUR, due - 1] {
        reminders::remind(&t.db, now).await.unwrap();
    }
    let subject = "Due Tue 29 Sep 2026, 23:59 CEST: ";
    let all = told(&t, due).await;
    assert_eq!(all.len(), 1, "Ada has passed, Emmy is told once: {all:?}");
    assert!(all[0].0 == Kind::Deadline && all[0].1.starts_with(subject), "{all:?}");

    let new = NewExtension {
        semester: t.semester.clone(),
        project: project(1),
        person: emmy.clone(),
        due: due + 3 * DAY,
        reason: "was ill".parse().unwrap(),
    };
    extensions::give(&t.db, &new, &t.admin, due - HOUR).await.unwrap();
    assert_eq!(kinds(&t, due).await, [Kind::Extension]);
    reminders::remind(&t.db, due - HOUR).await.unwrap();
    assert_eq!(kinds(&t, due).await, [], "she has more than two days again");
    let receipt = t.hand_in(&emmy, 1, due + 2 * DAY).await;
    assert_eq!(kinds(&t, due + 2 * DAY).await, [Kind::Receipt]);
    reminders::remind(&t.db, due + 2 * DAY).await.unwrap();
    assert_eq!(kinds(&t, due + 2 * DAY).await, [], "her verdict is still to come");
    t.grade(&receipt.submission, Verdict::Failed, due + 2 * DAY).await;
    reminders::remind(&t.db, due + 2 * DAY).await.unwrap();
    assert_eq!(kinds(&t, due + 2 * DAY).await, [Kind::Verdict, Kind::Deadline]);
    reminders::remind(&t.db, due + 3 * DAY).await.unwrap();
    assert_eq!(kinds(&t, due + 3 * DAY).await, [], "what is past is past");
}

async fn an_admission_is_told_once_however_often_it_is_reached(t: Course) {
    let ada = t.student(1).await;
    let windows = semesters::projects(&t.db, &t.semester).await.unwrap();
    for number in 1..=4 {
        pass(&t, &ada, number, windows[number as usize - 1].opens + HOUR).await;
    }
    let now = windows[4].opens + HOUR;
    let so_far = kinds(&t, now).await;
    assert!(!so_far.contains(&Kind::Admission) && so_far.len() == 8, "{so_far:?}");
    pass(&t, &ada, 5, now).await;
    assert_eq!(kinds(&t, now).await, [Kind::Receipt, Kind::Verdict, Kind::Admission]);
    pass(&t, &ada, 6, windows[5].opens + HOUR).await;
    let reason = "by mistake".parse().unwrap();
    let (db, by, semester) = (&t.db, &t.admin, &t.semester);
    let decide = async |what, at| {
        overrides::decide(db, semester, &ada, what, &reason, by, at).await.unwrap()
    };
    let later = windows[6].opens;
    let id = decide(What::Admission(Decision::NotAdmitted), later).await;
    assert!(overrides::take_back(db, &id, by, later).await.unwrap());
    let id = decide(What::Result(project(1), Verdict::Failed), later).await;
    assert!(overrides::take_back(db, &id, by, later).await.unwrap());
    let again = kinds(&t, later).await;
    assert_eq!(again, [Kind::Receipt, Kind::Verdict, Kind::Verdict], "and no admission");
}

async fn a_carried_admission_is_no_news(t: Course) {
    let ada = t.student(1).await;
    let reason = "years ago".parse().unwrap();
    let what = What::Admission(Decision::Admitted);
    overrides::decide(&t.db, &t.semester, &ada, what, &reason, &t.admin, t.start).await.unwrap();
    assert_eq!(kinds(&t, t.start).await, [Kind::Admission]);

    let next = "FS2027".parse().unwrap();
    let first = date(2027, 2, 22);
    semesters::create(&t.db, &new_semester(&next, first), None, t.start).await.unwrap();
    let again = t.student_in(&next, 1).await;
    assert_eq!(again, ada);
    let opens = semesters::projects(&t.db, &next).await.unwrap()[0].opens;
    let what = What::Result(project(1), Verdict::Passed);
    overrides::decide(&t.db, &next, &ada, what, &reason, &t.admin, opens).await.unwrap();
    assert_eq!(kinds(&t, opens).await, [Kind::Verdict]);
}

async fn more_time_for_all_may_admit_someone(t: Course) {
    let ada = t.student(1).await;
    let windows = semesters::projects(&t.db, &t.semester).await.unwrap();
    for number in 1..=4 {
        pass(&t, &ada, number, windows[number as usize - 1].opens + HOUR).await;
    }
    let late = windows[4].due + DAY;
    pass(&t, &ada, 5, late).await;
    let so_far = kinds(&t, late).await;
    assert!(!so_far.contains(&Kind::Admission) && so_far.len() == 10, "{so_far:?}");
    let window = testat::course::calendar::Window {
        project: project(5),
        opens: windows[4].opens,
        due: late + HOUR,
    };
    semesters::set_window(&t.db, &t.semester, window, Some(&t.admin), late).await.unwrap();
    assert_eq!(kinds(&t, late).await, [Kind::Admission]);
}

async fn what_is_turned_off_is_not_written(t: Course) {
    let ada = t.student(1).await;
    let now = t.start + HOUR;
    mail_off::set(&t.db, &ada, &[Kind::Verdict, Kind::Admission], now).await.unwrap();
    assert_eq!(mail_off::of_person(&t.db, &ada).await.unwrap(), [Kind::Admission, Kind::Verdict]);
    pass(&t, &ada, 1, now).await;
    assert_eq!(kinds(&t, now).await, [Kind::Receipt]);
    mail_off::set(&t.db, &ada, &[], now).await.unwrap();
    pass(&t, &ada, 1, now + HOUR).await;
    assert_eq!(kinds(&t, now + HOUR).await, [Kind::Receipt, Kind::Verdict]);
    assert!(mail_off::set(&t.db, &ada, &[Kind::Receipt], now).await.is_err(), "always comes");
}

async fn old_texts_are_forgotten_and_nobody_is_told_twice(t: Course) {
    let emmy = t.student(2).await;
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    reminders::remind(&t.db, due - HOUR).await.unwrap();
    assert_eq!(outbox::forget_texts(&t.db, due + DAY).await.unwrap(), 0, "not sent yet");
    assert_eq!(kinds(&t, due).await, [Kind::Deadline]);
    assert_eq!(outbox::forget_texts(&t.db, due).await.unwrap(), 0);
    assert_eq!(outbox::forget_texts(&t.db, due + 1).await.unwrap(), 1);
    assert_eq!(outbox::forget_texts(&t.db, due + 1).await.unwrap(), 0);
    reminders::remind(&t.db, due - HOUR).await.unwrap();
    assert_eq!(kinds(&t, due).await, []);
    drop(emmy);
}
