//! What is done through a page, the API or the command line, and the lines that it leaves.

use reqwest::Client;
use testat::clock::Clock;
use testat::course::PersonId;
use testat::store::{Db, audit, extensions, invitations, overrides, tokens};

use crate::app::{ADA, Browser, EMMY, LECTURER, OFFICE, PASSWORD, SEMESTER, TestApp, solution};
use crate::server::{ADMIN, STUDENT, Server};
use crate::web_staff::{decide, extend, graded, semester, student_page};

/// The last line so far.
async fn end(db: &Db) -> i64 {
    audit::filtered(db, &audit::Filter::default(), 1)
        .await
        .unwrap()
        .first()
        .map_or(0, |line| line.seq)
}

/// Action and actor of each line after `since`, oldest first.
async fn since(db: &Db, since: i64) -> Vec<(String, Option<PersonId>)> {
    let mut lines = audit::filtered(db, &audit::Filter::default(), 100).await.unwrap();
    lines.retain(|line| line.seq > since);
    lines.into_iter().rev().map(|line| (line.action, line.actor)).collect()
}

/// Does something as someone, and holds the lines that it leaves against the actions named.
struct Acts<'a> {
    app: &'a TestApp,
    from: i64,
}

impl<'a> Acts<'a> {
    async fn begin(app: &'a TestApp) -> Self {
        Self { app, from: end(&app.db).await }
    }

    async fn left(&mut self, what: &str, email: &str, actions: &[&str]) {
        let actor = self.app.person(email).await;
        let found = since(&self.app.db, self.from).await;
        let wanted: Vec<_> =
            actions.iter().map(|action| ((*action).to_owned(), Some(actor.clone()))).collect();
        assert_eq!(found, wanted, "{what}");
        self.from = end(&self.app.db).await;
    }

    async fn left_by_nobody(&mut self, what: &str, actions: &[&str]) {
        let found = since(&self.app.db, self.from).await;
        let wanted: Vec<_> = actions.iter().map(|action| ((*action).to_owned(), None)).collect();
        assert_eq!(found, wanted, "{what}");
        self.from = end(&self.app.db).await;
    }
}

#[tokio::test]
async fn what_a_person_does_with_their_account_is_one_line_each() {
    let app = TestApp::started().await;
    let mut acts = Acts::begin(&app).await;
    let ada = app.signed_in(ADA).await;
    acts.left("a sign-in", ADA, &["person.sign_in"]).await;
    ada.page("/profile").await;
    acts.left("looking", ADA, &[]).await;

    assert!(ada.submit("/profile/tokens", &[("name", "laptop")]).await.status().is_success());
    acts.left("a token", ADA, &["token.create"]).await;
    let person = app.person(ADA).await;
    let token = tokens::of_person(&app.db, &person).await.unwrap().remove(0).id;
    assert_eq!(ada.submit(&format!("/profile/tokens/{token}/revoke"), &[]).await.status(), 303);
    acts.left("a token that ends", ADA, &["token.revoke"]).await;

    assert_eq!(ada.submit("/profile/mail", &[("answer", "on")]).await.status(), 303);
    acts.left("fewer letters", ADA, &["person.set_mail"]).await;

    let fresh = "another correct horse";
    let fields = [("old", PASSWORD), ("password", fresh), ("again", fresh)];
    assert_eq!(ada.submit("/profile/password", &fields).await.status(), 303);
    acts.left("a new password", ADA, &["person.set_password"]).await;

    let ada = app.browser();
    assert_eq!(ada.sign_in(ADA, fresh).await.status(), 303);
    acts.left("a sign-in", ADA, &["person.sign_in"]).await;
    assert_eq!(ada.submit("/sign-out", &[]).await.status(), 303);
    acts.left("a sign-out", ADA, &["person.sign_out"]).await;
    let ada = app.browser();
    ada.sign_in(ADA, fresh).await;
    assert_eq!(ada.submit("/profile/sign-out-everywhere", &[]).await.status(), 303);
    acts.left("a sign-out everywhere", ADA, &["person.sign_in", "person.sign_out_everywhere"])
        .await;

    let (secret, now) = (testat::secret::fresh(), Clock.now());
    invitations::create(&app.db, &person, &secret.hash, now + 60_000, None, now).await.unwrap();
    acts.left_by_nobody("an invitation", &["person.invite"]).await;
    let fields = [("password", fresh), ("again", fresh)];
    let welcome = app.browser().post(&format!("/welcome/{}", secret.text), &fields).await;
    assert_eq!(welcome.status(), 303);
    let both = ["person.redeem_invitation", "person.sign_in"];
    acts.left("a password, and a sign-in with it", ADA, &both).await;
}

#[tokio::test]
async fn guesses_are_one_line_when_they_begin_to_be_slowed() {
    let app = TestApp::started().await;
    let mut acts = Acts::begin(&app).await;
    for guess in ["a", "b", "c", "d"] {
        assert_eq!(app.browser().sign_in(ADA, guess).await.status(), 401);
        assert_eq!(app.browser().sign_in("nobody@example.org", guess).await.status(), 401);
    }
    acts.left_by_nobody("four guesses", &[]).await;
    app.browser().sign_in(ADA, "e").await;
    app.browser().sign_in("nobody@example.org", "e").await;
    acts.left_by_nobody("the fifth", &["person.sign_in_slowed"]).await;
    assert_eq!(app.browser().sign_in(ADA, "f").await.status(), 429);
    acts.left_by_nobody("one that was not tried", &[]).await;
}

async fn last_override(app: &TestApp, email: &str) -> String {
    let person = app.person(email).await;
    let all = overrides::of_student(&app.db, &semester(), &person).await.unwrap();
    all[0].id.to_string()
}

async fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) {
    let response = browser.submit(path, fields).await;
    let status = response.status();
    assert!(status.is_success() || status == 303, "{path}: {status}");
}

#[tokio::test]
async fn what_staff_decide_is_one_line_each() {
    let app = TestApp::started().await;
    let (lecturer, office) = (app.signed_in(LECTURER).await, app.signed_in(OFFICE).await);
    let emmy = student_page(&app, EMMY).await;
    let submission = graded(&app, testat::course::Verdict::Failed).await;
    let mut acts = Acts::begin(&app).await;

    assert_eq!(decide(&lecturer, &emmy, "1", "passed").await, 303);
    acts.left("a result", LECTURER, &["result.override"]).await;
    let id = last_override(&app, EMMY).await;
    submit(&lecturer, &format!("/overrides/{id}/take-back"), &[]).await;
    acts.left("taken back", LECTURER, &["result.take_back_override"]).await;
    assert_eq!(decide(&office, &emmy, "", "admitted").await, 303);
    acts.left("an admission", OFFICE, &["admission.override"]).await;
    let id = last_override(&app, EMMY).await;
    submit(&office, &format!("/overrides/{id}/take-back"), &[]).await;
    acts.left("taken back", OFFICE, &["admission.take_back_override"]).await;

    assert_eq!(extend(&lecturer, &emmy, "2099-01-01").await, 303);
    acts.left("more time", LECTURER, &["extension.give"]).await;
    let person = app.person(EMMY).await;
    let given = extensions::of_student(&app.db, &semester(), &person).await.unwrap().remove(0);
    submit(&lecturer, &format!("/extensions/{}/take-back", given.id), &[]).await;
    acts.left("taken back", LECTURER, &["extension.take_back"]).await;
    let why = [("reason", "The grader was mended.")];
    submit(&lecturer, &format!("/submissions/{submission}/regrade"), &why).await;
    acts.left("grading again", LECTURER, &["grading.regrade"]).await;

    let window = [("project", "1"), ("opens", "2026-01-01"), ("due", "2099-01-01")];
    submit(&office, &format!("/admin/semesters/{SEMESTER}/windows"), &window).await;
    acts.left("a window", OFFICE, &["project.set_window"]).await;
    let roster = format!(
        "{}Turing,Alan,12-345-690,alan@example.org,D-INFK,MSc,student\n",
        crate::web_staff::HEADER
    );
    let path = format!("/admin/semesters/{SEMESTER}/roster/import");
    submit(&office, &path, &[("csv", &roster)]).await;
    acts.left("a roster", OFFICE, &["roster.import"]).await;
    let line = audit::filtered(&app.db, &audit::Filter::default(), 1).await.unwrap().remove(0);
    let alan = app.person("alan@example.org").await;
    let details: serde_json::Value = serde_json::from_str(&line.details).unwrap();
    let who = serde_json::json!([{ "person": alan, "role": "student", "change": "added" }]);
    assert_eq!(details["people"], who);
}

#[tokio::test]
async fn what_is_decided_about_many_or_late_work_is_one_line_each() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    let emmy = student_page(&app, EMMY).await;
    graded(&app, testat::course::Verdict::Failed).await;
    let mut acts = Acts::begin(&app).await;
    let class = format!("/class/{SEMESTER}");

    let pause = [("project", "2"), ("reason", "The grader is mended.")];
    submit(&lecturer, &format!("{class}/pauses"), &pause).await;
    acts.left("a pause", LECTURER, &["queue.pause"]).await;
    submit(&lecturer, &format!("{class}/pauses/end"), &[("project", "2")]).await;
    acts.left("its end", LECTURER, &["queue.resume"]).await;
    submit(&lecturer, &format!("{class}/pauses/end"), &[("project", "2")]).await;
    acts.left("what was not paused", LECTURER, &[]).await;

    let many = [
        ("project", "1"),
        ("day", "2099-01-01"),
        ("reason", "The network was down."),
        ("students", "12-345-674, 12-345-682"),
    ];
    submit(&lecturer, &format!("{class}/extensions"), &many).await;
    acts.left("a look", LECTURER, &[]).await;
    let sure: Vec<_> = many.into_iter().chain([("sure", "yes")]).collect();
    submit(&lecturer, &format!("{class}/extensions"), &sure).await;
    acts.left("more time for two", LECTURER, &["extension.give", "extension.give"]).await;

    let excuse = [("project", "1"), ("needed", "stays"), ("reason", "Ill.")];
    submit(&lecturer, &format!("{emmy}/excuses"), &excuse).await;
    acts.left("a look", LECTURER, &[]).await;
    let sure: Vec<_> = excuse.into_iter().chain([("sure", "yes")]).collect();
    submit(&lecturer, &format!("{emmy}/excuses"), &sure).await;
    acts.left("an excuse", LECTURER, &["excuse.give"]).await;
    let person = app.person(EMMY).await;
    let all = testat::store::excuses::of_student(&app.db, &semester(), &person).await.unwrap();
    submit(&lecturer, &format!("/excuses/{}/take-back", all[0].id), &[]).await;
    acts.left("taken back", LECTURER, &["excuse.take_back"]).await;

    let regrade =
        [("project", "1"), ("scope", "everyone"), ("seeds", "new"), ("reason", "It was mended.")];
    submit(&lecturer, &format!("{class}/regrades"), &regrade).await;
    acts.left("a regrade", LECTURER, &["regrade.start"]).await;
    let all = testat::store::regrades::of_semester(&app.db, &semester()).await.unwrap();
    submit(&lecturer, &format!("/regrades/{}/retry", all[0].id), &[]).await;
    acts.left("nothing to be tried again", LECTURER, &[]).await;
    submit(&lecturer, &format!("/regrades/{}/discard", all[0].id), &[]).await;
    acts.left("a regrade that ends", LECTURER, &["regrade.discard"]).await;
}

#[tokio::test]
async fn what_leaves_the_server_or_comes_in_is_one_line_each() {
    let app = TestApp::started().await;
    let (ada, office) = (app.signed_in(ADA).await, app.signed_in(OFFICE).await);
    let token = app.token(LECTURER).await;
    let mut acts = Acts::begin(&app).await;
    assert_eq!(ada.upload("solution.py", solution()).await.status(), 303);
    acts.left("an upload", ADA, &["submission.insert"]).await;

    let path = format!("/admin/semesters/{SEMESTER}/admissions");
    office.page(&path).await;
    office.page("/admin/audit?verify=yes").await;
    acts.left("looking", OFFICE, &[]).await;
    for format in ["csv", "json", "xlsx"] {
        assert_eq!(office.get(&format!("{path}?format={format}")).await.status(), 200);
        acts.left("an export", OFFICE, &["admissions.exported"]).await;
    }
    let api = app.url(&format!("/api/v1/semesters/{SEMESTER}/admissions"));
    let listed = Client::new().get(api).bearer_auth(&token).send().await.unwrap();
    assert_eq!(listed.status(), 200);
    acts.left("an instructor's export through the API", LECTURER, &["admissions.exported"]).await;
}

#[tokio::test]
async fn what_is_done_from_the_command_line_is_one_line_each_by_nobody() {
    let mut server = Server::prepared(None);
    let db = Db::connect(&server.database_url()).await.unwrap();
    let again = server.data().join("roster.csv");
    let again = again.to_str().unwrap();
    let backup = server.data().join("backup");
    let backup = backup.to_str().unwrap();
    let person = ["person", "add", "new@example.org", "--family", "N", "--given", "N"];
    let acts: [(&[&str], &[&str]); 11] = [
        (&["semester", "add", "FS2031", "--first-lecture", "2031-02-19"], &["semester.create"]),
        // One link for each of the three who have no password yet.
        (
            &["roster", "import", again, "--semester", SEMESTER],
            &["roster.import", "person.invite", "person.invite", "person.invite"],
        ),
        (&["roster", "import", again, "--semester", SEMESTER, "--dry-run"], &[]),
        (&person, &["person.create", "person.invite"]),
        (&["person", "invite", STUDENT], &["person.invite"]),
        (&["person", "admin", STUDENT], &["person.set_admin"]),
        (&["person", "admin", STUDENT, "--revoke"], &["person.set_admin"]),
        (&["token", ADMIN], &["token.create"]),
        (&["export", "admissions", "--semester", SEMESTER], &["admissions.exported"]),
        (&["backup", backup], &["server.backup"]),
        (&["audit", "verify"], &[]),
    ];
    for (arguments, actions) in acts {
        let from = end(&db).await;
        server.admin(arguments);
        let wanted: Vec<_> = actions.iter().map(|action| ((*action).to_owned(), None)).collect();
        assert_eq!(since(&db, from).await, wanted, "{arguments:?}");
    }
    let from = end(&db).await;
    let mut command = server.command();
    command.env("TESTAT_WORKERS", "0");
    server.start_as(command);
    assert_eq!(since(&db, from).await, [("server.start".to_owned(), None)]);
}

#[tokio::test]
async fn the_command_line_names_all_that_is_broken_and_fails() {
    let server = Server::prepared(None);
    let said = server.admin(&["audit", "verify"]);
    let hash = said.trim().rsplit(' ').next().unwrap().to_owned();
    let lines: i64 = said.split(' ').next().unwrap().parse().unwrap();
    server.admin(&["audit", "verify", "--known", &format!("{lines}:{hash}")]);
    let other = server.try_admin(&["audit", "verify", "--known", &format!("1:{hash}")]);
    assert!(!other.status.success());
    let sql = "UPDATE audit SET subject = 'x' WHERE seq = 2; DELETE FROM audit WHERE seq = 4";
    crate::database::tamper(&server.database_url(), sql).await;
    let found = server.try_admin(&["audit", "verify"]);
    assert_eq!(found.status.code(), Some(1));
    let said = String::from_utf8(found.stdout).unwrap();
    assert!(said.contains("line 2 of the audit log"), "{said}");
    assert!(said.contains("has no line 4"), "{said}");
    let everything = server.try_admin(&["verify"]);
    assert_eq!(everything.status.code(), Some(1));
    let said = String::from_utf8(everything.stdout).unwrap();
    assert!(said.contains("WRONG  line 2 of the audit log"), "{said}");
}
