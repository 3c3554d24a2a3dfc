//! Excuses, accepted late ones, more time for many and the queue over HTTP: what is shown before it is
//! decided, what is refused, and that each is undone.

use testat::clock::Clock;
use testat::course::Verdict;
use testat::course::result::GradingState;
use testat::store::{acceptances, excuses, extensions, in_queue, pauses, queue, results};

use crate::app::{ADA, EMMY, LECTURER, OFFICE, SEMESTER, TestApp, location, solution};
use crate::web_staff::{semester, student_page};

const REPORT: &str = r#"{"verdict":"passed","seed":"0","runtime":"r","language":"python","log":"",
    "grader":{"slug":"backprop","version":"1.0.0"},"checks":[],"figures":[],
    "usage":{"cpu_ms":1,"wall_ms":1,"peak_memory_bytes":1,"phases":{}}}"#;

async fn handed_in(app: &TestApp) -> String {
    let place = location(&app.signed_in(EMMY).await.upload("solution.py", solution()).await);
    place.rsplit('/').next().unwrap().to_owned()
}

async fn pass_all(app: &TestApp) {
    let now = Clock.now();
    while let Some(lease) = queue::claim(&app.db, "w1", now, now + 60_000).await.unwrap() {
        let outcome = queue::Outcome {
            verdict: Verdict::Passed,
            seed: "0".repeat(64),
            grader_version: "1.0.0-test".to_owned(),
            runtime: "none".to_owned(),
            failed: Vec::new(),
            report: REPORT.to_owned(),
        };
        let held = queue::record(&app.db, &lease, &outcome, Clock.now()).await.unwrap();
        assert_eq!(held, queue::Held::Yes);
    }
}

/// The first project was due before today.
async fn make_past(app: &TestApp) {
    let office = app.signed_in(OFFICE).await;
    let window = [("project", "1"), ("opens", "2020-01-01"), ("due", "2020-02-01")];
    let set = office.submit(&format!("/admin/semesters/{SEMESTER}/windows"), &window).await;
    assert_eq!(set.status(), 303);
}

#[tokio::test]
async fn an_excuse_is_looked_at_given_shown_to_the_student_and_taken_back() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    let emmy = student_page(&app, EMMY).await;
    let form = [("project", "1"), ("needed", "one_fewer"), ("reason", "Ill for two weeks.")];
    let address = format!("{emmy}/excuses");
    let look = lecturer.submit(&address, &form).await;
    assert_eq!(look.status(), 200);
    let page = look.text().await.unwrap();
    for named in
        ["Nothing has been changed yet", "Emmy Noether would be excused", "Ill for two weeks."]
    {
        assert!(page.contains(named), "{named}: {page}");
    }
    let person = app.person(EMMY).await;
    assert!(excuses::of_student(&app.db, &semester(), &person).await.unwrap().is_empty());

    let sure: Vec<_> = form.into_iter().chain([("sure", "yes")]).collect();
    assert_eq!(lecturer.submit(&address, &sure).await.status(), 303);
    let own = app.signed_in(EMMY).await.page(&format!("/semesters/{SEMESTER}")).await;
    assert!(own.contains("You are excused from 1 project,"), "{own}");
    let of_ada = app.signed_in(ADA).await.page(&format!("/semesters/{SEMESTER}")).await;
    assert!(!of_ada.contains("excused"), "the rule of others is as it was");
    assert!(lecturer.page(&emmy).await.contains("excused, one fewer needed"));
    let class = lecturer.page(&format!("/class/{SEMESTER}?project=1&is=excused")).await;
    assert!(class.contains("Noether") && !class.contains("Lovelace"), "{class}");
    let list = app.signed_in(OFFICE).await;
    let list = list.page(&format!("/admin/semesters/{SEMESTER}/admissions")).await;
    assert!(list.contains("needed: excused from 1"), "{list}");
    let token = app.token(EMMY).await;
    let api = app.url(&format!("/api/v1/semesters/{SEMESTER}/results"));
    let api = reqwest::Client::new().get(api).bearer_auth(token).send().await.unwrap();
    let api: serde_json::Value = api.json().await.unwrap();
    assert_eq!(api["results"][0]["excused"], true);
    assert!(api["basis"].as_str().unwrap().ends_with("needed: excused from 1"), "{api}");

    let id = excuses::of_student(&app.db, &semester(), &person).await.unwrap().remove(0).id;
    let back = lecturer.submit(&format!("/excuses/{id}/take-back"), &[]).await;
    assert_eq!(back.status(), 303);
    let own = app.signed_in(EMMY).await.page(&format!("/semesters/{SEMESTER}")).await;
    assert!(!own.contains("excused"), "{own}");
    let wrong = [("project", "1"), ("needed", "none"), ("reason", "Ill.")];
    assert_eq!(lecturer.submit(&address, &wrong).await.status(), 400);
    let wrong = [("project", "9"), ("needed", "stays"), ("reason", "Ill.")];
    assert_eq!(lecturer.submit(&address, &wrong).await.status(), 404);
    let wrong = [("project", "1"), ("needed", "stays"), ("reason", " ")];
    assert_eq!(lecturer.submit(&address, &wrong).await.status(), 422);
}

#[tokio::test]
async fn a_late_submission_is_accepted_on_its_page_and_says_so() {
    let app = TestApp::started().await;
    make_past(&app).await;
    let submission = handed_in(&app).await;
    pass_all(&app).await;
    let lecturer = app.signed_in(LECTURER).await;
    let page = format!("/submissions/{submission}");
    assert!(lecturer.page(&page).await.contains("Accept it though it is late"));
    let own = app.signed_in(EMMY).await;
    assert!(!own.page(&page).await.contains("Accept it though"), "not by the student");
    let person = app.person(EMMY).await;
    let counts = async || {
        let row = results::admission_of(&app.db, &semester(), &person, Clock.now()).await;
        row.unwrap().unwrap().projects[0].verdict
    };
    assert_eq!(counts().await, None);
    let accept = [("reason", "The train stood still.")];
    assert_eq!(lecturer.submit(&format!("{page}/accept"), &accept).await.status(), 303);
    assert_eq!(counts().await, Some(Verdict::Passed));
    let shown = own.page(&page).await;
    assert!(shown.contains("late, accepted") && shown.contains("counts by decision"), "{shown}");
    assert!(shown.contains("late, and accepted: it was due"), "so says the receipt: {shown}");
    let project = own.page(&format!("/semesters/{SEMESTER}/projects/backprop")).await;
    assert!(project.contains("Submission 1 counts"), "{project}");
    let class = lecturer.page(&format!("/class/{SEMESTER}?project=1&is=passed")).await;
    assert!(class.contains("Noether"), "{class}");
    let emmy = student_page(&app, EMMY).await;
    assert!(lecturer.page(&emmy).await.contains("counts though it was late"));
    let id = acceptances::of_student(&app.db, &semester(), &person).await.unwrap().remove(0).id;
    let back = lecturer.submit(&format!("/acceptances/{id}/take-back"), &[]).await;
    assert_eq!(back.status(), 303);
    assert_eq!(counts().await, None);
    let class = lecturer.page(&format!("/class/{SEMESTER}?project=1&is=passed")).await;
    assert!(!class.contains("Noether"), "{class}");
    let path = format!("/submissions/{submission}/accept");
    assert_eq!(lecturer.submit(&path, &[("reason", "")]).await.status(), 422);
}

#[tokio::test]
async fn many_get_more_time_by_boxes_and_numbers_after_a_look() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    let address = format!("/class/{SEMESTER}/extensions");
    assert!(lecturer.page(&address).await.contains("Nobody has more time than the others."));
    let form = [
        ("project", "1"),
        ("day", "2099-01-01"),
        ("reason", "The network was down."),
        ("students", "12345674"),
        ("student-12-345-682", "yes"),
    ];
    let look = lecturer.submit(&address, &form).await;
    assert_eq!(look.status(), 200);
    let look = look.text().await.unwrap();
    assert!(look.contains("2 students may hand in project 1 until Thu 1 Jan 2099"), "{look}");
    assert!(look.contains("Ada Lovelace") && look.contains("Emmy Noether"), "{look}");
    assert!(extensions::standing(&app.db, &semester()).await.unwrap().is_empty());
    let sure: Vec<_> = form.into_iter().chain([("sure", "yes")]).collect();
    assert_eq!(lecturer.submit(&address, &sure).await.status(), 303);
    let standing = extensions::standing(&app.db, &semester()).await.unwrap();
    assert_eq!(standing.len(), 2);
    let page = lecturer.page(&address).await;
    assert!(page.contains("The network was down.") && page.contains("Emmy Noether"), "{page}");
    let back = format!("/extensions/{}/take-back", standing[0].id);
    assert_eq!(lecturer.submit(&back, &[]).await.status(), 303);
    assert_eq!(extensions::standing(&app.db, &semester()).await.unwrap().len(), 1);

    let unknown = [("project", "1"), ("day", "2099-01-01"), ("reason", "Ill."), ("students", "1")];
    let refused = lecturer.submit(&address, &unknown).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("`1`"), "names what is wrong");
    let none = [("project", "1"), ("day", "2099-01-01"), ("reason", "Ill.")];
    assert_eq!(lecturer.submit(&address, &none).await.status(), 422);
    let no_day = [("project", "1"), ("day", "x"), ("reason", "Ill."), ("students", "12345674")];
    assert_eq!(lecturer.submit(&address, &no_day).await.status(), 400);
}

#[tokio::test]
async fn the_queue_is_looked_at_paused_and_resumed_and_what_is_stuck_tried_again() {
    let app = TestApp::started().await;
    let (lecturer, office) = (app.signed_in(LECTURER).await, app.signed_in(OFFICE).await);
    let page = format!("/class/{SEMESTER}/queue");
    let empty = lecturer.page(&page).await;
    assert!(empty.contains("Nothing waits.") && empty.contains("Nothing needs attention."));
    let submission = handed_in(&app).await;
    assert!(lecturer.page(&page).await.contains("1 waiting"));
    let why = [("project", "1"), ("reason", "The grader is being mended.")];
    let pause = format!("/class/{SEMESTER}/pauses");
    assert_eq!(lecturer.submit(&pause, &why).await.status(), 303);
    assert_eq!(lecturer.submit(&pause, &why).await.status(), 409);
    assert_eq!(lecturer.submit(&pause, &[("project", "1"), ("reason", "")]).await.status(), 422);
    let own = app.signed_in(EMMY).await.page(&format!("/submissions/{submission}")).await;
    for named in ["Grading of this project is paused", "The grader is being mended."] {
        assert!(own.contains(named), "{named}: {own}");
    }
    let now = Clock.now();
    assert_eq!(queue::claim(&app.db, "w1", now, now + 60_000).await.unwrap(), None);
    let of_server = office.page("/admin/queue").await;
    assert!(of_server.contains("The grader is being mended."), "{of_server}");
    assert_eq!(lecturer.get("/admin/queue").await.status(), 404);
    let end = lecturer.submit(&format!("{pause}/end"), &[("project", "1")]).await;
    assert_eq!(end.status(), 303);
    assert!(pauses::lasting(&app.db, None).await.unwrap().is_empty());

    let lease = queue::claim(&app.db, "host/7/1", now, now + 60_000).await.unwrap().unwrap();
    assert!(lecturer.page(&page).await.contains("host/7/1"), "which worker has it");
    let _ = queue::fault_for_good(&app.db, &lease, "the archive is lost", now).await.unwrap();
    let stuck = lecturer.page(&format!("/class/{SEMESTER}/attention")).await;
    assert!(stuck.contains("the archive is lost") && stuck.contains("Try again"), "{stuck}");
    let retry = lecturer.submit(&format!("/submissions/{submission}/retry"), &[]).await;
    assert_eq!(retry.status(), 303);
    let waiting = in_queue::part(&app.db, None, GradingState::Waiting, 9).await.unwrap();
    assert_eq!(waiting.count, 1);
    pass_all(&app).await;
}

#[tokio::test]
async fn nobody_excuses_or_accepts_in_their_own_case() {
    let app = TestApp::started().await;
    let emmy = app.person(EMMY).await;
    testat::store::people::set_admin(&app.db, &emmy, true, None, Clock.now()).await.unwrap();
    make_past(&app).await;
    let submission = handed_in(&app).await;
    let browser = app.signed_in(EMMY).await;
    let own = student_page(&app, EMMY).await;
    let form = [("project", "1"), ("needed", "stays"), ("reason", "Ill."), ("sure", "yes")];
    assert_eq!(browser.submit(&format!("{own}/excuses"), &form).await.status(), 403);
    let accept = format!("/submissions/{submission}/accept");
    assert_eq!(browser.submit(&accept, &[("reason", "Ill.")]).await.status(), 404);
    let many = [
        ("project", "1"),
        ("day", "2099-01-01"),
        ("reason", "Ill."),
        ("students", "12-345-674, 12-345-682"),
        ("sure", "yes"),
    ];
    let refused = browser.submit(&format!("/class/{SEMESTER}/extensions"), &many).await;
    assert_eq!(refused.status(), 403);
    assert!(extensions::standing(&app.db, &semester()).await.unwrap().is_empty());
}
