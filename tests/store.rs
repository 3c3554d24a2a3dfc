//! People, ways in, semesters, what is handed in, and the audit log, on both engines.

use jiff::civil::date;
use testat::course::access::Scope;
use testat::course::attempts::Refusal;
use testat::course::result::GradingState;
use testat::course::{
    Digest, Language, Role, SecretHash, SubmissionId, UploadKey, Verdict, calendar,
};
use testat::store::extensions::{self, NewExtension};
use testat::store::people::{self, CreateError, NewPerson};
use testat::store::semesters::{self, WindowError};
use testat::store::sessions::{self, Lifetime};
use testat::store::submissions::{self, InsertError, NewSubmission, Taken};
use testat::store::tokens::NewToken;
use testat::store::{Db, Error, audit, invitations, throttle, tokens};

use crate::database::{Course, DAY, Engine, MINUTE, new_semester, on_both, project};

on_both!(
    an_email_address_belongs_to_one_person,
    a_session_ends_idle_or_old_and_with_a_new_password,
    an_invitation_is_used_once,
    a_revoked_or_expired_token_is_none,
    failures_are_counted_by_address_and_by_account,
    a_semester_exists_once_and_its_windows_can_be_moved,
    a_person_meant_semester_is_the_one_that_runs,
    handing_in_is_refused_to_strangers_before_the_window_and_beyond_the_limit,
    uploads_sent_at_once_do_not_pass_the_daily_limit,
    uploads_sent_at_once_under_one_key_are_one_submission,
    a_newer_submission_takes_the_place_of_a_waiting_one,
    a_late_submission_leaves_one_on_time_in_its_place,
    an_extension_makes_late_ones_count,
    lists_show_the_newest_first_and_where_each_stands,
    migrating_twice_changes_nothing,
);

async fn an_email_address_belongs_to_one_person(t: Course) {
    let twin = NewPerson {
        email: "OFFICE@ethz.example".parse().unwrap(),
        family_name: "O".into(),
        first_name: "O".into(),
        admin: false,
    };
    let refused = people::create(&t.db, &twin, None, 5).await;
    assert!(matches!(refused, Err(CreateError::EmailTaken)), "{refused:?}");
    let office = people::by_email(&t.db, &twin.email).await.unwrap().unwrap();
    assert_eq!(
        (office.id.clone(), office.admin, office.has_password),
        (t.admin.clone(), true, false)
    );
    assert_eq!(people::by_id(&t.db, &t.admin).await.unwrap().unwrap(), office);
    assert_eq!(people::all(&t.db).await.unwrap().len(), 1);

    assert!(people::set_admin(&t.db, &t.admin, false, None, 6).await.unwrap());
    let student = t.student(1).await;
    let actor = people::actor(&t.db, &student).await.unwrap().unwrap();
    assert_eq!((actor.admin, actor.role_in(&t.semester)), (false, Some(Role::Student)));
    let actor = people::actor(&t.db, &t.admin).await.unwrap().unwrap();
    assert_eq!((actor.admin, actor.roles), (false, vec![]));
}

async fn a_session_ends_idle_or_old_and_with_a_new_password(t: Course) {
    let life = Lifetime { idle: 30 * MINUTE, absolute: DAY };
    let secret = SecretHash::of("secret");
    sessions::create(&t.db, &secret, &t.admin, 0).await.unwrap();
    assert_eq!(sessions::find(&t.db, &SecretHash::of("other"), life, 1).await.unwrap(), None);
    assert!(sessions::find(&t.db, &secret, life, 20 * MINUTE).await.unwrap().is_some());
    let used = sessions::find(&t.db, &secret, life, 49 * MINUTE).await.unwrap().unwrap();
    assert_eq!(used.seen_at, 20 * MINUTE, "a use keeps it alive");
    assert_eq!(sessions::find(&t.db, &secret, life, 80 * MINUTE).await.unwrap(), None, "idle");

    let busy = SecretHash::of("busy");
    sessions::create(&t.db, &busy, &t.admin, 0).await.unwrap();
    for use_ in 1..=48 {
        let at = use_ * 29 * MINUTE;
        assert!(sessions::find(&t.db, &busy, life, at).await.unwrap().is_some());
    }
    assert_eq!(sessions::find(&t.db, &busy, life, DAY + MINUTE).await.unwrap(), None, "too old");
    assert_eq!(sessions::of_person(&t.db, &t.admin).await.unwrap().len(), 2);
    assert_eq!(sessions::prune(&t.db, life, DAY + MINUTE).await.unwrap(), 2);

    sessions::create(&t.db, &busy, &t.admin, DAY).await.unwrap();
    sessions::delete(&t.db, &busy, DAY).await.unwrap();
    sessions::create(&t.db, &secret, &t.admin, DAY).await.unwrap();
    assert_eq!(
        sessions::delete_all(&t.db, &t.admin, DAY).await.unwrap(),
        1,
        "the other one had ended"
    );
    for secret in ["a", "b"] {
        sessions::create(&t.db, &SecretHash::of(secret), &t.admin, DAY).await.unwrap();
    }
    assert!(people::set_password(&t.db, &t.admin, "$argon2id$x", None, DAY).await.unwrap());
    assert!(sessions::of_person(&t.db, &t.admin).await.unwrap().is_empty());
    people::rehash_password(&t.db, &t.admin, "$argon2id$x", "$argon2id$y").await.unwrap();
    people::rehash_password(&t.db, &t.admin, "$argon2id$x", "$argon2id$z").await.unwrap();
    let known = people::credentials(&t.db, &"office@ethz.example".parse().unwrap()).await.unwrap();
    assert_eq!(known.unwrap().password_hash.as_deref(), Some("$argon2id$y"));
}

async fn an_invitation_is_used_once(t: Course) {
    let (old, new) = (SecretHash::of("old"), SecretHash::of("new"));
    invitations::create(&t.db, &t.admin, &old, DAY, None, 0).await.unwrap();
    invitations::create(&t.db, &t.admin, &new, DAY, None, 1).await.unwrap();
    assert_eq!(invitations::redeem(&t.db, &old, "h", 2).await.unwrap(), None, "a newer one is out");
    assert_eq!(invitations::redeem(&t.db, &new, "h", DAY).await.unwrap(), None, "expired");
    assert_eq!(invitations::find(&t.db, &new, 2).await.unwrap().as_ref(), Some(&t.admin));
    assert_eq!(invitations::redeem(&t.db, &new, "h", 2).await.unwrap().as_ref(), Some(&t.admin));
    assert_eq!(invitations::redeem(&t.db, &new, "i", 3).await.unwrap(), None, "used up");
    assert_eq!(invitations::find(&t.db, &new, 3).await.unwrap(), None);
    assert!(people::by_id(&t.db, &t.admin).await.unwrap().unwrap().has_password);
}

async fn a_revoked_or_expired_token_is_none(t: Course) {
    let (brief, lasting) = (SecretHash::of("brief"), SecretHash::of("lasting"));
    let new =
        |name, expires_at| NewToken { person: &t.admin, name, scope: Scope::Read, expires_at };
    tokens::create(&t.db, new("laptop", DAY), &brief, Some(&t.admin), 0).await.unwrap();
    let id = tokens::create(&t.db, new("script", 9 * DAY), &lasting, None, 1).await.unwrap();
    assert!(tokens::find(&t.db, &brief, "::1", DAY - 1).await.unwrap().is_some());
    assert!(tokens::find(&t.db, &brief, "::1", DAY).await.unwrap().is_none());
    let found = tokens::find(&t.db, &lasting, "192.0.2.7", DAY).await.unwrap().unwrap();
    assert_eq!((found.id, found.scope, found.last_used_at), (id.clone(), Scope::Read, None));
    let used = tokens::find(&t.db, &lasting, "192.0.2.8", DAY + 1).await.unwrap().unwrap();
    assert_eq!((used.last_used_at, used.last_used_from.as_deref()), (Some(DAY), Some("192.0.2.7")));
    let stranger = t.student(1).await;
    assert!(!tokens::revoke(&t.db, &stranger, &id, None, 5).await.unwrap(), "not theirs");
    assert!(tokens::revoke(&t.db, &t.admin, &id, None, 5).await.unwrap());
    assert!(!tokens::revoke(&t.db, &t.admin, &id, None, 6).await.unwrap());
    assert!(tokens::find(&t.db, &lasting, "::1", 7).await.unwrap().is_none());
    let listed = tokens::of_person(&t.db, &t.admin).await.unwrap();
    assert_eq!(
        listed.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(),
        ["script", "laptop"]
    );
    assert_eq!((listed[0].last_used_at, listed[0].revoked_at), (Some(DAY + 1), Some(5)));
}

async fn failures_are_counted_by_address_and_by_account(t: Course) {
    use throttle::{Failure, Kind};
    for (address, account, at) in
        [("1.2.3.4", "a@x.ch", 10), ("1.2.3.4", "b@x.ch", 20), ("5.6.7.8", "a@x.ch", 30)]
    {
        let failure = Failure { address, account, person: None, since: 0, free: 5 };
        throttle::record(&t.db, failure, at).await.unwrap();
    }
    let count = async |kind, subject, since| {
        let failures = throttle::count(&t.db, kind, subject, since).await.unwrap();
        (failures.count, failures.last)
    };
    assert_eq!(count(Kind::Address, "1.2.3.4", 0).await, (2, Some(20)));
    assert_eq!(count(Kind::Address, "1.2.3.4", 10).await, (1, Some(20)));
    assert_eq!(count(Kind::Account, "a@x.ch", 0).await, (2, Some(30)));
    assert_eq!(count(Kind::Account, "1.2.3.4", 0).await, (0, None));
    throttle::clear_account(&t.db, "a@x.ch").await.unwrap();
    assert_eq!(count(Kind::Account, "a@x.ch", 0).await, (0, None));
    assert_eq!(count(Kind::Address, "1.2.3.4", 0).await, (2, Some(20)), "the address stays");
    assert_eq!(throttle::prune(&t.db, 20).await.unwrap(), 1);
}

async fn a_semester_exists_once_and_its_windows_can_be_moved(t: Course) {
    let again = new_semester(&t.semester, date(2026, 9, 23));
    let refused = semesters::create(&t.db, &again, None, 9).await;
    assert!(matches!(refused, Err(semesters::CreateError::Twice)), "{refused:?}");
    let mut six = new_semester(&"FS2027".parse().unwrap(), date(2027, 2, 24));
    six.projects.pop();
    let refused = semesters::create(&t.db, &six, None, 9).await;
    assert!(matches!(refused, Err(semesters::CreateError::Projects { named: 6, counted: 7 })));

    let semester = semesters::get(&t.db, &t.semester).await.unwrap().unwrap();
    assert_eq!((semester.first_lecture.as_str(), semester.starts_at), ("2026-09-16", t.start));
    assert_eq!((semester.rule().unwrap().needed(), semester.rule().unwrap().of()), (5, 7));
    let projects = semesters::projects(&t.db, &t.semester).await.unwrap();
    assert_eq!((projects.len(), projects[0].opens), (7, t.start));

    let number = project(1);
    let set = async |opens, due| {
        let window = calendar::Window { project: number, opens, due };
        semesters::set_window(&t.db, &t.semester, window, Some(&t.admin), 10).await
    };
    assert!(matches!(set(5, 4).await, Err(WindowError::Backwards)));
    set(t.start, t.start + DAY).await.unwrap();
    let slug = "backprop".parse().unwrap();
    let moved = semesters::project(&t.db, &t.semester, &slug).await.unwrap().unwrap();
    assert_eq!(moved.due, t.start + DAY);
    let lines = audit::of_subject(&t.db, "HS2026/1").await.unwrap();
    assert_eq!(lines[0].action, "project.set_window");
}

async fn a_person_meant_semester_is_the_one_that_runs(t: Course) {
    let next = new_semester(&"FS2027".parse().unwrap(), date(2027, 2, 24));
    semesters::create(&t.db, &next, None, 9).await.unwrap();
    let person = t.student(1).await;
    t.student_in(&next.name, 1).await;
    let only_next = t.student_in(&next.name, 2).await;
    let current = async |person, now| {
        let found = semesters::current(&t.db, person, now).await.unwrap();
        found.map(|semester| semester.name.to_string())
    };
    let spring = t.start + 170 * DAY;
    assert_eq!(current(&person, t.start - DAY).await.as_deref(), Some("HS2026"), "next to begin");
    assert_eq!(current(&person, t.start + DAY).await.as_deref(), Some("HS2026"));
    assert_eq!(current(&person, spring).await.as_deref(), Some("FS2027"));
    assert_eq!(current(&only_next, t.start + DAY).await.as_deref(), Some("FS2027"));
    assert_eq!(current(&t.admin, spring).await, None);
    let running = semesters::running(&t.db, t.start + DAY).await.unwrap().unwrap();
    assert_eq!(running.name, t.semester);
    assert_eq!(semesters::all(&t.db).await.unwrap()[0].name, next.name, "newest first");
}

async fn handing_in_is_refused_to_strangers_before_the_window_and_beyond_the_limit(t: Course) {
    let person = t.student(1).await;
    let refused = t.try_hand_in(&t.admin, 1, t.start).await;
    assert!(matches!(refused, Err(InsertError::NotAStudent)), "{refused:?}");
    let refused = t.try_hand_in(&person, 9, t.start).await;
    assert!(matches!(refused, Err(InsertError::NoSuchProject)), "{refused:?}");
    let refused = t.try_hand_in(&person, 2, t.start).await;
    assert!(
        matches!(refused, Err(InsertError::Refused(Refusal::NotYetOpen { .. }))),
        "{refused:?}"
    );
    for n in 0..20 {
        assert_eq!(t.hand_in(&person, 1, t.start + n * MINUTE).await.number, n + 1);
    }
    let refused = t.try_hand_in(&person, 1, t.start + DAY - 1).await;
    let Err(InsertError::Refused(Refusal::DailyLimit { limit, again_from })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((limit, again_from), (20, t.start + DAY));
    assert_eq!(t.hand_in(&person, 1, again_from).await.number, 21, "the next day begins at zero");
    let listed = submissions::of_student(&t.db, &t.semester, &person, project(1)).await.unwrap();
    assert_eq!(listed.len(), 21, "what was refused left no trace");
    assert_eq!(submissions::digests(&t.db).await.unwrap().len(), 21);
}

async fn uploads_sent_at_once_do_not_pass_the_daily_limit(t: Course) {
    let person = t.student(1).await;
    for n in 0..17 {
        t.hand_in(&person, 1, t.start + n).await;
    }
    let results = futures_util::future::join_all(
        (0..8).map(|n| t.try_hand_in(&person, 1, t.start + 100 + n)),
    )
    .await;
    let taken = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(taken, 3, "{results:?}");
}

async fn uploads_sent_at_once_under_one_key_are_one_submission(t: Course) {
    let person = t.student(1).await;
    let key: UploadKey = "one-attempt".parse().unwrap();
    let new = |digest: &str| NewSubmission {
        semester: t.semester.clone(),
        project: project(1),
        person: person.clone(),
        digest: Digest::of(digest.as_bytes()),
        size: 1234,
        file_name: "solution.zip".into(),
        language: Language::Python,
        received_at: t.start,
    };
    let sent: Vec<_> = (0..8)
        .map(|_| {
            let (db, new, key, now) = (t.db.clone(), new("same"), key.clone(), t.start);
            tokio::spawn(async move { submissions::insert_once(&db, &new, &key, now).await })
        })
        .collect();
    let (mut made, mut repeated) = (Vec::new(), Vec::new());
    for one in sent {
        match one.await.unwrap().unwrap() {
            Taken::New(receipt) => made.push(receipt.submission),
            Taken::Before(submission) => repeated.push(submission),
        }
    }
    assert_eq!((made.len(), repeated.len()), (1, 7));
    assert!(repeated.iter().all(|one| *one == made[0]));
    let other = submissions::insert_once(&t.db, &new("other"), &key, t.start).await;
    assert!(matches!(other, Err(InsertError::KeyOfAnother { number: 1 })), "{other:?}");
    let stored = submissions::of_student(&t.db, &t.semester, &person, project(1)).await.unwrap();
    assert_eq!(stored.len(), 1);
    let found = submissions::by_key(&t.db, &t.semester, &person, project(1), &key).await.unwrap();
    assert_eq!(found.unwrap().id, made[0]);
}

async fn a_newer_submission_takes_the_place_of_a_waiting_one(t: Course) {
    let (person, other) = (t.student(1).await, t.student(2).await);
    let first = t.hand_in(&person, 1, t.start).await;
    let others = t.hand_in(&other, 1, t.start + 1).await;
    let second = t.hand_in(&person, 1, t.start + 2).await;
    assert_eq!(second.replaced, std::slice::from_ref(&first.submission));
    let state = async |id: &SubmissionId| submissions::get(&t.db, id).await.unwrap().unwrap().state;
    assert_eq!(state(&first.submission).await, GradingState::Replaced);
    assert_eq!(state(&others.submission).await, GradingState::Waiting, "another student's stays");

    let lease = t.claim(t.start + 3).await.unwrap();
    assert_eq!(lease.submission, others.submission);
    let lease = t.claim(t.start + 3).await.unwrap();
    assert_eq!(lease.submission, second.submission);
    let third = t.hand_in(&person, 1, t.start + 4).await;
    assert_eq!(third.replaced, [], "what runs is not replaced");
    assert_eq!(state(&second.submission).await, GradingState::Running);
}

async fn a_late_submission_leaves_one_on_time_in_its_place(t: Course) {
    let person = t.student(1).await;
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    let on_time = t.hand_in(&person, 1, due).await;
    let late = t.hand_in(&person, 1, due + MINUTE).await;
    assert_eq!((on_time.late, late.late), (false, true));
    assert_eq!(late.replaced, []);
    let later = t.hand_in(&person, 1, due + 2 * MINUTE).await;
    assert_eq!(later.replaced, [late.submission]);
}

async fn an_extension_makes_late_ones_count(t: Course) {
    let person = t.student(1).await;
    let due = semesters::projects(&t.db, &t.semester).await.unwrap()[0].due;
    let new = |number, due| NewExtension {
        semester: t.semester.clone(),
        project: project(number),
        person: person.clone(),
        due,
        reason: "was ill".parse().unwrap(),
    };
    let nothing = extensions::give(&t.db, &new(9, due), &t.admin, due).await;
    assert!(matches!(nothing, Err(extensions::GiveError::Nothing)), "{nothing:?}");
    assert!(t.hand_in(&person, 1, due + 60 * MINUTE).await.late);
    extensions::give(&t.db, &new(1, due + 2 * DAY), &t.admin, due).await.unwrap();
    let id = extensions::give(&t.db, &new(1, due + DAY), &t.admin, due).await.unwrap();
    let receipt = t.hand_in(&person, 1, due + DAY).await;
    assert_eq!((receipt.late, receipt.due), (false, due + DAY), "the last one given holds");
    assert!(t.hand_in(&person, 1, due + DAY + MINUTE).await.late);

    assert!(extensions::take_back(&t.db, &id, &t.admin, due + DAY).await.unwrap());
    assert!(!extensions::take_back(&t.db, &id, &t.admin, due + DAY).await.unwrap());
    let kept = extensions::of_student(&t.db, &t.semester, &person).await.unwrap();
    assert_eq!(kept.len(), 2, "nothing is erased");
    assert!(kept.iter().all(|extension| extension.revoked_at.is_some()));
    assert_eq!(extensions::get(&t.db, &id).await.unwrap().unwrap().reason, "was ill");
}

async fn lists_show_the_newest_first_and_where_each_stands(t: Course) {
    let (one, two) = (t.student(1).await, t.student(2).await);
    let first = t.finish(&one, 1, Verdict::Failed).await;
    let other = t.hand_in(&two, 1, t.start + 2 * DAY).await;
    let second = t.hand_in(&one, 1, t.start + 3 * DAY).await;
    let said = |list: Vec<submissions::Submission>| -> Vec<_> {
        list.into_iter().map(|one| (one.id, one.number, one.state, one.verdict)).collect()
    };
    let waiting = GradingState::Waiting;
    let first = (first.submission, 1, GradingState::Done, Some(Verdict::Failed));
    let other = (other.submission, 1, waiting, None);
    let second = (second.submission, 2, waiting, None);
    let recent = submissions::recent(&t.db, &t.semester, 2).await.unwrap();
    assert_eq!(said(recent), [second.clone(), other.clone()]);
    let of_one = submissions::of_student(&t.db, &t.semester, &one, project(1)).await.unwrap();
    assert_eq!(of_one[0].slug.as_str(), "backprop");
    assert_eq!(said(of_one), [second.clone(), first]);
    let latest = submissions::latest(&t.db, &t.semester).await.unwrap();
    assert_eq!(said(latest), [second, other]);
}

async fn migrating_twice_changes_nothing(t: Course) {
    t.db.migrate().await.unwrap();
    t.db.ping().await.unwrap();
    let again = Db::connect(&t.url).await.unwrap();
    again.migrate().await.unwrap();
    assert_eq!(people::all(&again).await.unwrap().len(), 1);
    again.close().await;
    t.db.close().await;
    assert!(t.db.ping().await.is_err());
}

#[tokio::test]
async fn a_database_of_no_known_kind_is_refused_without_repeating_its_password() {
    for url in ["", "mysql://u:hunter2@host/db", "sqlite::memory:", "/tmp/x.db"] {
        let refused = Db::connect(url).await;
        assert!(matches!(refused, Err(Error::Url)), "{url}");
        assert!(!format!("{refused:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn on_sqlite_what_is_committed_is_synced_and_foreign_keys_hold() {
    let t = Course::begin(Engine::Sqlite).await;
    let Db::Sqlite { write, read } = &t.db else { panic!("not SQLite") };
    let pragma = async |name: &'static str| {
        sqlx::query_scalar::<_, i64>(name).fetch_one(write).await.unwrap()
    };
    assert_eq!(pragma("PRAGMA synchronous").await, 2, "FULL");
    assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(write).await.unwrap();
    assert_eq!(mode, "wal");
    let refused = sqlx::query("DELETE FROM audit").execute(read).await;
    assert!(refused.is_err(), "readers can't write");
}
