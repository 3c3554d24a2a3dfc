//! Questions about a result, over HTTP: who may ask, answer, close and see, and what each is shown.

use testat::clock::Clock;
use testat::course::question::{MESSAGES_AN_HOUR, State};
use testat::store::{audit, questions, submissions};

use crate::app::{ADA, Browser, EMMY, LECTURER, OFFICE, SEMESTER, TestApp, location};
use crate::post::{BASE, Mailbox};
use crate::web_routes::report_with_checks;
use crate::web_staff::semester;

/// A server with a graded submission of Emmy's, whose report has two checks.
struct Site {
    app: TestApp,
    page: String,
    mail: Mailbox,
}

impl Site {
    async fn open() -> Self {
        let app = TestApp::started().await;
        let emmy = app.signed_in(EMMY).await;
        let page = location(&emmy.upload("solution.py", crate::app::solution()).await);
        report_with_checks(&app).await;
        let mail = Mailbox::empty();
        mail.take(&app.db, Clock.now(), EMMY).await;
        Self { app, page, mail }
    }

    /// Emmy asks; the address of her question's turns.
    async fn asked(&self, check: &str, text: &str) -> String {
        let emmy = self.app.signed_in(EMMY).await;
        let fields = [("check", check), ("text", text)];
        let response = emmy.submit(&format!("{}/questions", self.page), &fields).await;
        let to = location(&response);
        let (page, id) = to.split_once("#question-").unwrap();
        assert_eq!(page, self.page);
        format!("/questions/{id}")
    }

    async fn say(&self, browser: &Browser, question: &str, text: &str) -> u16 {
        let path = format!("{question}/messages");
        browser.submit(&path, &[("text", text)]).await.status().as_u16()
    }

    async fn letters(&self, email: &str) -> Vec<(String, String)> {
        let taken = self.mail.take(&self.app.db, Clock.now(), email).await;
        taken.into_iter().map(|mail| (mail.subject().to_owned(), mail.body)).collect()
    }

    async fn state(&self, question: &str) -> State {
        let id = question.rsplit('/').next().unwrap().parse().unwrap();
        questions::get(&self.app.db, &id).await.unwrap().unwrap().state
    }
}

#[tokio::test]
async fn a_question_goes_to_and_fro_and_each_side_is_told_of_the_others_turns() {
    let site = Site::open().await;
    let (emmy, lecturer) = (site.app.signed_in(EMMY).await, site.app.signed_in(LECTURER).await);
    let question = site.asked("grads", "Why <b>me</b>?\r\nIt is the same sign.").await;
    assert_eq!(site.state(&question).await, State::Open);
    let told = site.letters(LECTURER).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "Question: Backpropagation from scratch, submission 1");
    for words in [
        "Emmy Noether wrote about submission 1 for project 1 (Backpropagation from scratch), check grads:",
        "> Why <b>me</b>?\n> It is the same sign.\n",
        &format!("{BASE}{}#question-", site.page),
    ] {
        assert!(told[0].1.contains(words), "{words}: {}", told[0].1);
    }
    assert_eq!(site.letters(EMMY).await, [], "she knows what she asked");
    assert_eq!(site.letters(ADA).await, []);
    assert_eq!(site.letters(OFFICE).await, [], "who does not teach is not told");

    let class = lecturer.page(&format!("/class/{SEMESTER}")).await;
    assert!(class.contains("<span class=\"badge open\">1<span class=\"visually-hidden\"> open"));
    let list = lecturer.page(&format!("/class/{SEMESTER}/questions")).await;
    for words in
        ["Noether, Emmy", "check <code>grads</code>", "Backpropagation from scratch", &site.page]
    {
        assert!(list.contains(words), "{words}: {list}");
    }

    assert_eq!(site.say(&lecturer, &question, "It is the sign of the loss.").await, 303);
    assert_eq!(site.state(&question).await, State::Answered);
    let told = site.letters(EMMY).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "Answer: Backpropagation from scratch, submission 1");
    assert!(told[0].1.contains("> It is the sign of the loss.\n"), "{}", told[0].1);
    let page = emmy.page(&site.page).await;
    for words in [
        "Why &lt;b&gt;me&lt;/b&gt;?\nIt is the same sign.",
        "It is the sign of the loss.",
        "Benjamin Grewe</strong>, for the course",
        "badge answered",
        "About the check “Gradients”",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let overview = emmy.page(&format!("/semesters/{SEMESTER}")).await;
    let link = format!("{}#question-", site.page);
    assert!(overview.contains("badge answered") && overview.contains(&link), "{overview}");
    let list = lecturer.page(&format!("/class/{SEMESTER}/questions")).await;
    assert!(list.contains("No question waits for an answer."), "{list}");
    let list = lecturer.page(&format!("/class/{SEMESTER}/questions?state=answered")).await;
    assert!(list.contains("Noether, Emmy"), "{list}");

    assert_eq!(emmy.submit(&format!("{question}/close"), &[]).await.status(), 303);
    assert_eq!(site.state(&question).await, State::Closed);
    let told = site.letters(LECTURER).await;
    assert_eq!(told[0].0, "Question closed: Backpropagation from scratch, submission 1");
    assert_eq!(emmy.submit(&format!("{question}/close"), &[]).await.status(), 409);
    assert!(!emmy.page(&format!("/semesters/{SEMESTER}")).await.contains("Your questions"));
    assert_eq!(site.say(&emmy, &question, "One more thing.").await, 303);
    assert_eq!(site.state(&question).await, State::Open, "whoever writes opens it again");
    assert_eq!(site.letters(LECTURER).await.len(), 1);
    assert_eq!(lecturer.submit(&format!("{question}/close"), &[]).await.status(), 303);
    let told = site.letters(EMMY).await;
    assert!(told[0].1.contains("Benjamin Grewe closed the question"), "{told:?}");
}

#[tokio::test]
async fn nobody_but_the_student_and_the_staff_sees_or_touches_a_question() {
    let site = Site::open().await;
    let question = site.asked("", "Between us.").await;
    let ada = site.app.signed_in(ADA).await;
    assert_eq!(ada.get(&site.page).await.status(), 404);
    assert_eq!(site.say(&ada, &question, "Me too!").await, 404);
    assert_eq!(ada.submit(&format!("{question}/close"), &[]).await.status(), 404);
    let fields = [("check", ""), ("text", "What did she do?")];
    let asked = ada.submit(&format!("{}/questions", site.page), &fields).await;
    assert_eq!(asked.status(), 404);
    let list = format!("/class/{SEMESTER}/questions");
    assert_eq!(ada.get(&list).await.status(), 404);
    for email in [LECTURER, OFFICE] {
        let staff = site.app.signed_in(email).await;
        assert!(staff.page(&site.page).await.contains("Between us."), "{email}");
        assert!(staff.page(&list).await.contains("Noether, Emmy"), "{email}");
        let asked = staff.submit(&format!("{}/questions", site.page), &fields).await;
        assert_eq!(asked.status(), 403, "{email} answers and does not ask");
    }
    let id = question.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(questions::get(&site.app.db, &id).await.unwrap().unwrap().messages, 1);
    assert_eq!(site.letters(ADA).await, []);
}

#[tokio::test]
async fn each_check_of_a_report_leads_to_a_form_that_has_chosen_it() {
    let site = Site::open().await;
    let emmy = site.app.signed_in(EMMY).await;
    let page = emmy.page(&site.page).await;
    let link = format!("{}?ask=grads#ask", site.page);
    assert!(page.contains(&format!("href=\"{link}\"")), "{page}");
    assert!(!page.contains(" selected"), "{page}");
    let chosen = emmy.page(&format!("{}?ask=grads", site.page)).await;
    assert!(chosen.contains("<option value=\"grads\" selected>Gradients</option>"), "{chosen}");
    let staff = site.app.signed_in(LECTURER).await.page(&site.page).await;
    assert!(!staff.contains("Ask about"), "{staff}");
}

#[tokio::test]
async fn what_is_no_question_is_refused_with_what_is_wrong() {
    let site = Site::open().await;
    let emmy = site.app.signed_in(EMMY).await;
    let path = format!("{}/questions", site.page);
    let long = "x".repeat(5001);
    for (check, text, status, words) in [
        ("", "  ", 422, "1 to 5,000 characters"),
        ("", long.as_str(), 422, "this one has 5001 characters"),
        ("", "a\u{0}b", 422, "no control characters"),
        ("nonsense", "Why?", 400, "no such check"),
        ("<script>", "Why?", 400, "no such check"),
    ] {
        let response = emmy.submit(&path, &[("check", check), ("text", text)]).await;
        assert_eq!(response.status(), status, "{check} {text:?}");
        let page = response.text().await.unwrap();
        assert!(page.contains(words), "{words}: {page}");
    }
    let id = site.page.rsplit('/').next().unwrap().parse().unwrap();
    assert!(submissions::get(&site.app.db, &id).await.unwrap().is_some());
    assert_eq!(questions::of_submission(&site.app.db, &id).await.unwrap(), []);
    let longest = "ß".repeat(5000);
    let question = site.asked("", &longest).await;
    assert!(emmy.page(&site.page).await.contains(&longest));
    assert_eq!(site.state(&question).await, State::Open);
}

#[tokio::test]
async fn a_student_who_writes_too_often_is_told_when_they_may_again() {
    let site = Site::open().await;
    let question = site.asked("", "First.").await;
    let emmy = site.app.signed_in(EMMY).await;
    for n in 1..MESSAGES_AN_HOUR {
        assert_eq!(site.say(&emmy, &question, "And?").await, 303, "{n}");
    }
    let refused = emmy.submit(&format!("{question}/messages"), &[("text", "And?")]).await;
    assert_eq!(refused.status(), 429);
    let wait: i64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    let lecturer = site.app.signed_in(LECTURER).await;
    assert_eq!(site.say(&lecturer, &question, "Because.").await, 303, "staff go on");
}

#[tokio::test]
async fn every_turn_of_a_question_is_in_the_audit_log_without_its_words() {
    let site = Site::open().await;
    let question = site.asked("grads", "A secret of mine.").await;
    let lecturer = site.app.signed_in(LECTURER).await;
    site.say(&lecturer, &question, "Another secret.").await;
    lecturer.submit(&format!("{question}/close"), &[]).await;
    let id = question.rsplit('/').next().unwrap();
    let lines = audit::of_subject(&site.app.db, id).await.unwrap();
    let said: Vec<_> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(said, ["question.ask", "question.write", "question.close"]);
    let emmy = site.app.person(EMMY).await;
    assert_eq!(lines[0].actor.as_ref(), Some(&emmy));
    assert!(lines.iter().all(|line| !line.details.contains("secret")), "{lines:?}");
    let all = questions::of_semester(&site.app.db, &semester(), None, 9).await.unwrap();
    assert_eq!(all.len(), 1);
}
