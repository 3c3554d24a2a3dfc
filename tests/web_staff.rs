//! What staff decide and see over HTTP: who is refused, that what a page shows is what a file holds,
//! that looking changes nothing, that what is taken back is as if it had never been.

use reqwest::Response;
use reqwest::multipart::{Form, Part};
use testat::clock::Clock;
use testat::course::{SemesterName, SubmissionId, Verdict};
use testat::store::results::AdmissionRow;
use testat::store::roster::Enrolled;
use testat::store::{audit, extensions, overrides, people, queue, results, roster, submissions};

use crate::app::{ADA, Browser, EMMY, LECTURER, OFFICE, PASSWORD, SEMESTER, TestApp};
use crate::app::{location, solution};

pub(crate) const HEADER: &str = "family name,first name,Legi number,e-mail,department,level,role\n";

pub(crate) fn semester() -> SemesterName {
    SEMESTER.parse().unwrap()
}

async fn standing(app: &TestApp, email: &str) -> AdmissionRow {
    let person = app.person(email).await;
    results::admission_of(&app.db, &semester(), &person, Clock.now()).await.unwrap().unwrap()
}

/// All that an import could change, and the last line of the audit log.
async fn everything(app: &TestApp) -> (Vec<Enrolled>, Vec<people::Person>, i64) {
    (
        roster::everyone(&app.db, &semester()).await.unwrap(),
        people::all(&app.db).await.unwrap(),
        audit::filtered(&app.db, &audit::Filter::default(), 1).await.unwrap()[0].seq,
    )
}

pub(crate) async fn student_page(app: &TestApp, email: &str) -> String {
    format!("/class/{SEMESTER}/students/{}", app.person(email).await)
}

async fn preview(app: &TestApp, browser: &Browser, csv: &str) -> Response {
    let form = Form::new()
        .text("form_token", browser.form_token().await)
        .part("file", Part::bytes(csv.as_bytes().to_vec()).file_name("roster.csv"));
    let path = app.url(&format!("/admin/semesters/{SEMESTER}/roster/preview"));
    let request = browser.client.post(path).header("sec-fetch-site", "same-origin");
    request.multipart(form).send().await.unwrap()
}

pub(crate) async fn decide(browser: &Browser, student: &str, project: &str, decision: &str) -> u16 {
    let fields = [("project", project), ("decision", decision), ("reason", "Shown in person.")];
    browser.submit(&format!("{student}/overrides"), &fields).await.status().as_u16()
}

pub(crate) async fn extend(browser: &Browser, student: &str, day: &str) -> u16 {
    let fields = [("project", "1"), ("day", day), ("reason", "Ill, with a certificate.")];
    browser.submit(&format!("{student}/extensions"), &fields).await.status().as_u16()
}

async fn last_override(app: &TestApp, email: &str) -> overrides::Override {
    let person = app.person(email).await;
    overrides::of_student(&app.db, &semester(), &person).await.unwrap().remove(0)
}

/// A submission of Emmy's whose grading has its verdict.
pub(crate) async fn graded(app: &TestApp, verdict: Verdict) -> SubmissionId {
    let place = location(&app.signed_in(EMMY).await.upload("solution.py", solution()).await);
    finish(app, verdict).await;
    place.rsplit('/').next().unwrap().parse().unwrap()
}

/// What a worker does with the grading that is next.
pub(crate) async fn finish(app: &TestApp, verdict: Verdict) {
    let now = Clock.now();
    let lease = queue::claim(&app.db, "test", now, now + 60_000).await.unwrap().unwrap();
    let outcome = queue::Outcome {
        verdict,
        seed: "0".repeat(64),
        grader_version: "1.0.0-test".to_owned(),
        runtime: "none".to_owned(),
        failed: Vec::new(),
        report: "{}".to_owned(),
    };
    let held = queue::record(&app.db, &lease, &outcome, Clock.now()).await.unwrap();
    assert_eq!(held, queue::Held::Yes);
}

/// Addresses that are the staff's.
fn of_staff() -> Vec<testat::web::Listed> {
    let staffs = [
        "/class/",
        "/regrades/",
        "/admin",
        "/overrides/",
        "/extensions/",
        "/excuses/",
        "/acceptances/",
        "/copies/",
        "/comments/",
        "/submissions/{id}/comments",
        "/submissions/{id}/regrade",
        "/submissions/{id}/retry",
        "/submissions/{id}/accept",
    ];
    let all = testat::web::listed().into_iter();
    all.filter(|one| staffs.iter().any(|start| one.pattern.starts_with(start))).collect()
}

#[tokio::test]
async fn a_student_is_refused_on_every_staff_address() {
    let app = TestApp::started().await;
    let emmy = student_page(&app, EMMY).await;
    let submission = graded(&app, Verdict::Failed).await;
    let lecturer = app.signed_in(LECTURER).await;
    assert_eq!(decide(&lecturer, &emmy, "1", "passed").await, 303);
    assert_eq!(extend(&lecturer, &emmy, "2027-02-01").await, 303);
    let person = app.person(EMMY).await;
    let decision = last_override(&app, EMMY).await.id;
    let given = extensions::of_student(&app.db, &semester(), &person).await.unwrap().remove(0);

    let every = of_staff();
    assert!(every.len() >= 16, "the addresses have other names: {every:?}");
    let ada = app.signed_in(ADA).await;
    let before = (everything(&app).await, standing(&app, EMMY).await);
    for testat::web::Listed { method, pattern } in every {
        let id = match pattern.split('/').nth(1) {
            Some("overrides") => decision.to_string(),
            Some("extensions") => given.id.to_string(),
            _ => submission.to_string(),
        };
        let path = pattern
            .replace("{semester}", SEMESTER)
            .replace("{person}", person.as_str())
            .replace("{id}", &id);
        let response = match method.as_str() {
            "GET" => ada.get(&path).await,
            // Each form finds its fields among these, so that none is refused for its shape.
            _ => {
                let decision = if path.ends_with("/overrides") { "failed" } else { "" };
                let fields = [
                    ("project", "1"),
                    ("decision", decision),
                    ("reason", "Because I say so."),
                    ("day", "2027-03-01"),
                    ("opens", "2026-01-01"),
                    ("due", "2027-03-01"),
                    ("csv", HEADER),
                    ("scope", "everyone"),
                    ("seeds", "same"),
                    ("needed", "stays"),
                    ("students", "12-345-674"),
                    ("sure", "yes"),
                    ("email", "new@example.org"),
                    ("family_name", "New"),
                    ("first_name", "Nina"),
                    ("admin", "yes"),
                    ("file", "solution.py"),
                    ("line", "1"),
                    ("text", "Because."),
                    ("note", ""),
                ];
                ada.submit(&path, &fields).await
            }
        };
        let status = response.status().as_u16();
        assert!(status == 403 || status == 404, "{method} {path}: {status}");
        let page = response.text().await.unwrap();
        assert!(!page.contains("Noether"), "{method} {path} tells who is in the class");
    }
    assert_eq!((everything(&app).await, standing(&app, EMMY).await), before);
}

#[tokio::test]
async fn an_instructor_of_another_semester_is_a_stranger() {
    let app = TestApp::started().await;
    let now = Clock.now();
    let other = testat::store::semesters::NewSemester {
        name: "FS2020".parse().unwrap(),
        first_lecture: testat::course::calendar::parse_day("2020-02-19").unwrap(),
        rule: testat::course::admission::Rule::new(1, 1).unwrap(),
        daily_limit: 3,
        due_at: testat::course::calendar::DUE_AT,
        projects: vec![("backprop".parse().unwrap(), "Backpropagation".to_owned())],
    };
    testat::store::semesters::create(&app.db, &other, None, now).await.unwrap();
    let csv = format!("{HEADER}Turing,Alan,,alan@example.org,D-INFK,,instructor\n");
    let rows = testat::intake::roster::read(csv.as_bytes()).unwrap();
    roster::import(&app.db, &other.name, &rows, None, now).await.unwrap();
    let alan = app.person("alan@example.org").await;
    let hash = testat::web::passwords::hash_now(PASSWORD).unwrap();
    people::set_password(&app.db, &alan, &hash, None, now).await.unwrap();

    let alan = app.signed_in("alan@example.org").await;
    let ada = student_page(&app, ADA).await;
    assert_eq!(alan.get("/class/FS2020").await.status(), 200);
    for path in [&format!("/class/{SEMESTER}"), &ada] {
        assert_eq!(alan.get(path).await.status(), 404, "{path}");
    }
    let admissions = alan.get(&format!("/admin/semesters/{SEMESTER}/admissions")).await;
    assert_eq!(admissions.status(), 404);
    assert_eq!(decide(&alan, &ada, "1", "passed").await, 403);
    assert_eq!(extend(&alan, &ada, "2027-02-01").await, 403);
    // Nor is the student found under the semester that is theirs.
    let elsewhere = ada.replace(SEMESTER, "FS2020");
    assert_eq!(alan.get(&elsewhere).await.status(), 404);
    assert_eq!(decide(&alan, &elsewhere, "1", "passed").await, 404);
}

#[tokio::test]
async fn nobody_decides_their_own_case() {
    let app = TestApp::started().await;
    let ada = app.person(ADA).await;
    people::set_admin(&app.db, &ada, true, None, Clock.now()).await.unwrap();
    let browser = app.signed_in(ADA).await;
    let (own, emmy) = (student_page(&app, ADA).await, student_page(&app, EMMY).await);
    assert_eq!(decide(&browser, &own, "1", "passed").await, 403);
    assert_eq!(decide(&browser, &own, "", "admitted").await, 403);
    assert_eq!(extend(&browser, &own, "2027-02-01").await, 403);
    assert_eq!(decide(&browser, &emmy, "1", "passed").await, 303, "an admin otherwise");
    assert!(!browser.page(&own).await.contains("/overrides\""), "no form that would be refused");
}

#[tokio::test]
async fn a_roster_dry_run_names_each_change_and_makes_none() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let csv = format!(
        "{HEADER}Lovelace,Ada,12-345-674,ada@example.org,D-PHYS,MSc,student\n\
         Hopper,Grace,12-345-690,grace@example.org,D-INFK,MSc,student\n"
    );
    let before = everything(&app).await;
    let page = preview(&app, &office, &csv).await.text().await.unwrap();
    assert!(page.contains("department: D-INFK → D-PHYS"), "{page}");
    assert!(page.contains("grace@example.org") && page.contains("<td>new</td>"), "{page}");
    assert_eq!(everything(&app).await, before);

    let import = format!("/admin/semesters/{SEMESTER}/roster/import");
    assert_eq!(office.submit(&import, &[("csv", &csv)]).await.status(), 200);
    let after = everything(&app).await;
    assert_eq!(after.0.len(), before.0.len() + 1);
    let ada = after.0.iter().find(|one| one.email.as_str() == ADA).unwrap();
    assert_eq!(ada.department, "D-PHYS", "the file's dry run told the truth");
    let again = preview(&app, &office, &csv).await.text().await.unwrap();
    assert_eq!(again.matches("<td>unchanged</td>").count(), 2, "{again}");
}

#[tokio::test]
async fn a_bad_row_is_named_by_line_and_column_and_the_good_ones_stay_out_too() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let csv = format!(
        "{HEADER}Hopper,Grace,12-345-690,grace@example.org,D-INFK,MSc,student\n\
         Turing,Alan,,alan@example.org,D-INFK,MSc,student\n\
         Gauss,Carl,,not an address,D-MATH,,instructor\n"
    );
    let before = everything(&app).await;
    let page = preview(&app, &office, &csv).await.text().await.unwrap();
    for named in ["line 3, Legi number", "line 4, e-mail", "Nothing was changed."] {
        assert!(page.contains(named), "{named}: {page}");
    }
    assert!(!page.contains("/roster/import"), "there is nothing to import");
    let import = format!("/admin/semesters/{SEMESTER}/roster/import");
    let refused = office.submit(&import, &[("csv", &csv)]).await;
    assert_eq!(refused.status(), 422, "even where the dry run was passed by");
    assert!(refused.text().await.unwrap().contains("line 3, Legi number"));
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn an_override_changes_the_result_and_taking_it_back_restores_it() {
    let app = TestApp::started().await;
    graded(&app, Verdict::Failed).await;
    let lecturer = app.signed_in(LECTURER).await;
    let emmy = student_page(&app, EMMY).await;
    let before = standing(&app, EMMY).await;
    assert_eq!(before.projects[0].verdict, Some(Verdict::Failed));

    assert_eq!(decide(&lecturer, &emmy, "1", "passed").await, 303);
    let during = standing(&app, EMMY).await;
    assert_eq!(during.projects[0].verdict, Some(Verdict::Passed));
    assert!(during.projects[0].overridden && during.admission.passed == 1);
    assert_eq!(during.projects[1..], before.projects[1..], "no other result moves");

    let decision = last_override(&app, EMMY).await;
    assert_eq!(decision.decided_by, app.person(LECTURER).await);
    assert_eq!(decision.reason, "Shown in person.");
    let take_back = format!("/overrides/{}/take-back", decision.id);
    assert_eq!(lecturer.submit(&take_back, &[]).await.status(), 303);
    assert_eq!(standing(&app, EMMY).await, before);
    assert!(last_override(&app, EMMY).await.revoked_at.is_some(), "taken back, not erased");
    assert!(lecturer.page(&emmy).await.contains("taken back"));

    let lines = audit::filtered(&app.db, &audit::Filter::default(), 2).await.unwrap();
    let actions: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["result.take_back_override", "result.override"]);
    let log = app.signed_in(OFFICE).await.page("/admin/audit?verify=yes").await;
    assert!(log.contains("result.override") && log.contains("lines, unbroken."), "{log}");
}

#[tokio::test]
async fn only_an_admin_decides_an_admission_and_takes_it_back() {
    let app = TestApp::started().await;
    let (lecturer, office) = (app.signed_in(LECTURER).await, app.signed_in(OFFICE).await);
    let emmy = student_page(&app, EMMY).await;
    let before = standing(&app, EMMY).await;
    assert_eq!(decide(&lecturer, &emmy, "", "admitted").await, 403);
    assert_eq!(standing(&app, EMMY).await, before);
    assert_eq!(decide(&office, &emmy, "", "admitted").await, 303);
    assert_eq!(standing(&app, EMMY).await.admission.missing, 0);
    let take_back = format!("/overrides/{}/take-back", last_override(&app, EMMY).await.id);
    assert_eq!(lecturer.submit(&take_back, &[]).await.status(), 404);
    assert!(standing(&app, EMMY).await != before, "it still stands");
    assert_eq!(office.submit(&take_back, &[]).await.status(), 303);
    assert_eq!(standing(&app, EMMY).await, before);
    assert_eq!(decide(&office, &emmy, "1", "admitted").await, 400, "a verdict is asked for");
    assert_eq!(decide(&office, &emmy, "99", "passed").await, 404);
}

#[tokio::test]
async fn an_extension_moves_one_students_due_time_and_can_be_taken_back() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    let emmy = student_page(&app, EMMY).await;
    let (before, ada) = (standing(&app, EMMY).await, standing(&app, ADA).await);
    assert_eq!(extend(&lecturer, &emmy, "2027-02-31").await, 400);
    assert_eq!(extend(&lecturer, &emmy, "2027-02-01").await, 303);
    let day = testat::course::calendar::parse_day("2027-02-01").unwrap();
    let end = testat::course::calendar::instant_of(day, testat::course::calendar::DUE_AT);
    assert_eq!(Some(standing(&app, EMMY).await.projects[0].due), end);
    assert_eq!(standing(&app, ADA).await.projects, ada.projects);
    let person = app.person(EMMY).await;
    let given = extensions::of_student(&app.db, &semester(), &person).await.unwrap().remove(0);
    let take_back = format!("/extensions/{}/take-back", given.id);
    assert_eq!(lecturer.submit(&take_back, &[]).await.status(), 303);
    assert_eq!(standing(&app, EMMY).await.projects, before.projects);
}

#[tokio::test]
async fn grading_again_needs_a_reason_and_a_grading_that_has_ended() {
    let app = TestApp::started().await;
    let submission = graded(&app, Verdict::Failed).await;
    let lecturer = app.signed_in(LECTURER).await;
    let path = format!("/submissions/{submission}/regrade");
    let again = async |reason| lecturer.submit(&path, &[("reason", reason)]).await.status();
    assert_eq!(again("  ").await, 422);
    assert_eq!(submissions::gradings(&app.db, &submission).await.unwrap().len(), 1);
    assert_eq!(again("The grader was wrong.").await, 303);
    assert_eq!(again("And once more.").await, 409, "the first one still waits");
    finish(&app, Verdict::Passed).await;
    assert_eq!(submissions::gradings(&app.db, &submission).await.unwrap().len(), 2);
    assert_eq!(standing(&app, EMMY).await.projects[0].verdict, Some(Verdict::Passed));
}

#[tokio::test]
async fn an_admin_moves_a_window_and_no_window_runs_backwards() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let path = format!("/admin/semesters/{SEMESTER}/windows");
    let set = async |opens, due| {
        let fields = [("project", "1"), ("opens", opens), ("due", due)];
        let response = office.submit(&path, &fields).await;
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let before = standing(&app, ADA).await;
    assert_eq!(set("2027-03-01", "2027-02-01").await.0, 422);
    assert_eq!(standing(&app, ADA).await, before);
    let (status, page) = set("2026-01-01", "2027-02-01").await;
    assert_eq!(status, 303, "{page}");
    let day = testat::course::calendar::parse_day("2027-02-01").unwrap();
    let end = testat::course::calendar::instant_of(day, testat::course::calendar::DUE_AT);
    assert_eq!(Some(standing(&app, ADA).await.projects[0].due), end);
}
