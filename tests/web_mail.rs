//! Letters over a student's story: each kind once, in a mailbox folder; what is turned off; what an admin
//! sees of letters that went wrong.

use testat::clock::Clock;
use testat::course::Verdict;
use testat::course::notice::Kind;
use testat::store::people::{self, NewPerson};
use testat::store::{audit, mail_off, outbox, reminders, roster, semesters, submissions};

use crate::app::{ADA, EMMY, LECTURER, OFFICE, SEMESTER, TestApp, location, solution};
use crate::post::{BASE, Mail, Mailbox};
use crate::web_staff::{decide, extend, graded, semester, student_page};

/// Subjects of what someone has got since the last look.
async fn subjects(app: &TestApp, mail: &Mailbox, now: i64, email: &str) -> Vec<String> {
    let taken = mail.take(&app.db, now, email).await;
    taken.iter().map(|mail| mail.subject().to_owned()).collect()
}

#[tokio::test]
async fn each_kind_of_letter_comes_once() {
    let (app, mail) = (TestApp::started().await, Mailbox::empty());
    let now = Clock.now();
    let id = graded(&app, Verdict::Failed).await;
    let letters = mail.take(&app.db, Clock.now(), EMMY).await;
    let told: Vec<_> = letters.iter().map(Mail::subject).collect();
    let title = "Backpropagation from scratch";
    let expected =
        [format!("Received: {title}, submission 1"), format!("Failed: {title}, submission 1")];
    assert_eq!(told, expected);
    let kept = submissions::get(&app.db, &id).await.unwrap().unwrap();
    for words in [
        "Hello Emmy,\n".to_owned(),
        format!("SHA-256: {}\n", kept.digest),
        format!("Submission: {id}\n"),
        testat::course::calendar::to_the_millisecond(kept.received_at),
        format!("{BASE}/submissions/{id}\n"),
    ] {
        assert!(letters[0].body.contains(&words), "{words}: {}", letters[0].body);
    }
    assert_eq!(letters[0].header("To"), "\"Emmy Noether\" <emmy@example.org>");
    assert_eq!(letters[0].header("From"), "Testat <testat@example.org>");
    assert_eq!(letters[0].header("Auto-Submitted"), "auto-generated");
    assert_eq!(letters[0].header("MIME-Version"), "1.0");
    assert_eq!(letters[0].header("Content-Type"), "text/plain; charset=utf-8");
    assert!(letters[0].header("Message-ID").ends_with("@example.org>"));

    let due = semesters::projects(&app.db, &semester()).await.unwrap()[0].due;
    reminders::remind(&app.db, due - 1000).await.unwrap();
    reminders::remind(&app.db, due - 500).await.unwrap();
    let told = subjects(&app, &mail, due, EMMY).await;
    assert!(told.len() == 1 && told[0].starts_with("Due ") && told[0].ends_with(title), "{told:?}");

    let (lecturer, emmy) = (app.signed_in(LECTURER).await, student_page(&app, EMMY).await);
    assert_eq!(extend(&lecturer, &emmy, "2099-01-01").await, 303);
    assert_eq!(subjects(&app, &mail, now + 9999, EMMY).await, [format!("More time: {title}")]);
    for project in ["1", "2", "3", "4", "5", "6"] {
        assert_eq!(decide(&lecturer, &emmy, project, "passed").await, 303);
    }
    let told = subjects(&app, &mail, due, EMMY).await;
    let admitted: Vec<_> = told.iter().filter(|s| s.starts_with("Admitted")).collect();
    assert_eq!(admitted, [&format!("Admitted to the exam of {SEMESTER}")]);
    assert_eq!(told.len(), 7, "{told:?}");
    assert_eq!(mail.deliver(&app.db, due + 400 * 86_400_000).await, 0, "nothing is left");
}

#[tokio::test]
async fn what_is_turned_off_does_not_come_and_the_receipt_always_does() {
    let (app, mail) = (TestApp::started().await, Mailbox::empty());
    let emmy = app.signed_in(EMMY).await;
    let page = emmy.page("/profile").await;
    assert_eq!(page.matches("type=\"checkbox\"").count(), 5, "{page}");
    assert_eq!(page.matches(" checked").count(), 5, "all are on at first: {page}");
    assert!(!page.contains("name=\"receipt\"") && !page.contains("name=\"question\""), "{page}");
    let response = emmy.submit("/profile/mail", &[("answer", "on"), ("receipt", "on")]).await;
    assert_eq!(location(&response), "/profile#mail");
    assert_eq!(emmy.page("/profile").await.matches(" checked").count(), 1);

    graded(&app, Verdict::Passed).await;
    let told = subjects(&app, &mail, Clock.now(), EMMY).await;
    assert_eq!(told, ["Received: Backpropagation from scratch, submission 1"]);
    let line = audit::filtered(&app.db, &audit::Filter::default(), 20).await.unwrap();
    assert!(line.iter().any(|line| line.action == "person.set_mail"), "{line:?}");

    let lecturer = app.signed_in(LECTURER).await;
    assert_eq!(lecturer.page("/profile").await.matches("type=\"checkbox\"").count(), 1);
    assert_eq!(lecturer.submit("/profile/mail", &[]).await.status(), 303);
    let person = app.person(LECTURER).await;
    assert_eq!(mail_off::of_person(&app.db, &person).await.unwrap(), [Kind::Question]);
    let page = format!("/submissions/{}", submission_of(&app).await);
    let asked = emmy.submit(&format!("{page}/questions"), &[("text", "Why?")]).await;
    assert_eq!(asked.status(), 303);
    assert_eq!(subjects(&app, &mail, Clock.now(), LECTURER).await, Vec::<String>::new());
}

async fn submission_of(app: &TestApp) -> String {
    let all = submissions::recent(&app.db, &semester(), 1).await.unwrap();
    all[0].id.to_string()
}

#[tokio::test]
async fn a_line_break_in_a_name_makes_no_header() {
    let (app, mail) = (TestApp::started().await, Mailbox::empty());
    let now = Clock.now();
    // No roster brings such a name in; whoever writes to the database could.
    let person = NewPerson {
        email: "mallory@example.org".parse().unwrap(),
        family_name: "Mallory\r\nBcc: everyone@example.org\r\n\r\nHello".to_owned(),
        first_name: "M\u{202e}\nX-Spam: no".to_owned(),
        admin: false,
    };
    people::create(&app.db, &person, None, now).await.unwrap();
    let csv = format!(
        "{}Mallory,M,12-345-690,mallory@example.org,D-INFK,MSc,student\n",
        crate::web_staff::HEADER
    );
    let rows = testat::intake::roster::read(csv.as_bytes()).unwrap();
    roster::import(&app.db, &semester(), &rows, None, now).await.unwrap();
    let due = semesters::projects(&app.db, &semester()).await.unwrap()[0].due;
    reminders::remind(&app.db, due - 1000).await.unwrap();
    let letters = mail.take(&app.db, due, "mallory@example.org").await;
    assert_eq!(letters.len(), 1);
    let mut names: Vec<_> =
        letters[0].head.iter().map(|line| line.split(':').next().unwrap()).collect();
    names.sort_unstable();
    let usual = [
        "Auto-Submitted",
        "Content-Transfer-Encoding",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
    ];
    let known: Vec<_> = names.iter().filter(|name| usual.contains(name)).collect();
    assert_eq!(known.len(), names.len(), "{:?}", letters[0].head);
    assert!(letters[0].body.starts_with("Hello "), "{}", letters[0].body);
}

#[tokio::test]
async fn an_admin_sees_letters_that_went_wrong_and_has_them_tried_again() {
    let app = TestApp::started().await;
    let emmy = app.signed_in(EMMY).await;
    assert_eq!(emmy.upload("solution.py", solution()).await.status(), 303);
    let office = app.signed_in(OFFICE).await;
    let page = office.page("/admin").await;
    assert!(page.contains("1 waiting") && !page.contains("given up"), "{page}");
    let now = Clock.now();
    let letter = outbox::claim(&app.db, now, now + 60_000).await.unwrap().unwrap();
    let fault = "550 no <such> box";
    assert!(outbox::give_up(&app.db, &letter, fault, now).await.unwrap());
    let page = office.page("/admin").await;
    for words in ["1 given up", "550 no &lt;such&gt; box", EMMY, "Try those given up again"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let metrics = office.page("/metrics").await;
    assert!(metrics.contains("testat_letters{state=\"failed\"} 1\n"), "{metrics}");
    assert_eq!(app.signed_in(ADA).await.submit("/admin/mail/again", &[]).await.status(), 403);
    assert_eq!(office.submit("/admin/mail/again", &[]).await.status(), 303);
    let depth = outbox::depth(&app.db).await.unwrap();
    assert_eq!((depth.waiting, depth.failed), (1, 0));
    let line = audit::filtered(&app.db, &audit::Filter::default(), 1).await.unwrap().remove(0);
    assert_eq!(line.action, "mail.try_again");
    assert_eq!(line.actor, Some(app.person(OFFICE).await));
    let mail = Mailbox::empty();
    assert_eq!(mail.take(&app.db, Clock.now(), EMMY).await.len(), 1);
}
