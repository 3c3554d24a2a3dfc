//! Regrades over HTTP: begun, followed, looked at, applied, undone and discarded; who sees what of them.

use testat::clock::Clock;
use testat::course::Verdict;
use testat::store::{queue, regrades, results};

use crate::app::{ADA, EMMY, LECTURER, SEMESTER, TestApp, location, solution};
use crate::web_staff::semester;

async fn begin(app: &TestApp, fields: &[(&str, &str)]) -> reqwest::Response {
    let lecturer = app.signed_in(LECTURER).await;
    let mut all = vec![("project", "1"), ("seeds", "same"), ("reason", "The grader was mended.")];
    all.extend_from_slice(fields);
    lecturer.submit(&format!("/class/{SEMESTER}/regrades"), &all).await
}

/// What a worker does with all that waits.
async fn grade_all(app: &TestApp, verdict: Verdict) {
    let now = Clock.now();
    while let Some(lease) = queue::claim(&app.db, "test", now, now + 60_000).await.unwrap() {
        let outcome = queue::Outcome {
            verdict,
            seed: "0".repeat(64),
            grader_version: "2.0.0-test".to_owned(),
            runtime: "none".to_owned(),
            failed: Vec::new(),
            report: REPORT.to_owned(),
        };
        let held = queue::record(&app.db, &lease, &outcome, Clock.now()).await.unwrap();
        assert_eq!(held, queue::Held::Yes);
    }
}

const REPORT: &str = r#"{"verdict":"passed","seed":"0","runtime":"r","language":"python","log":"",
    "grader":{"slug":"backprop","version":"2.0.0"},"checks":[],"figures":[],
    "usage":{"cpu_ms":1,"wall_ms":1,"peak_memory_bytes":1,"phases":{}}}"#;

/// A submission of Emmy's whose grading has its verdict.
async fn handed_in(app: &TestApp, verdict: Verdict) -> String {
    let place = location(&app.signed_in(EMMY).await.upload("solution.py", solution()).await);
    grade_all(app, verdict).await;
    place.rsplit('/').next().unwrap().to_owned()
}

/// Claims what is next, which then needs attention.
async fn stick(app: &TestApp) {
    let now = Clock.now();
    let lease = queue::claim(&app.db, "test", now, now + 60_000).await.unwrap().unwrap();
    let _ = queue::fault_for_good(&app.db, &lease, "the archive is lost", now).await.unwrap();
}

async fn verdict(app: &TestApp) -> Option<Verdict> {
    let person = app.person(EMMY).await;
    let row = results::admission_of(&app.db, &semester(), &person, Clock.now()).await.unwrap();
    row.unwrap().projects[0].verdict
}

#[tokio::test]
async fn a_regrade_is_followed_looked_at_applied_and_undone() {
    let app = TestApp::started().await;
    let submission = handed_in(&app, Verdict::Failed).await;
    let lecturer = app.signed_in(LECTURER).await;
    let emmy = app.signed_in(EMMY).await;
    let list = format!("/class/{SEMESTER}/regrades");
    assert!(lecturer.page(&list).await.contains("Nothing has been graded again"));
    assert!(lecturer.page(&format!("{list}?project=1")).await.contains("Grade them beside"));
    assert_eq!(lecturer.get(&format!("{list}?project=99")).await.status(), 404);

    let begun = begin(&app, &[("scope", "everyone")]).await;
    assert_eq!(begun.status(), 303);
    let page = location(&begun);
    let running = lecturer.page(&page).await;
    assert!(running.contains("0 of 1 graded") && running.contains("data-fresh"), "{running}");
    assert!(!running.contains("/apply\""), "there is nothing to apply yet");
    assert_eq!(lecturer.submit(&format!("{page}/apply"), &[]).await.status(), 409);
    assert!(lecturer.page(&format!("{list}?project=1")).await.contains("is open"));

    grade_all(&app, Verdict::Passed).await;
    let ready = lecturer.page(&page).await;
    for named in ["1 newly passed", "Emmy Noether", "becomes", "1 student of the semester stays"] {
        assert!(ready.contains(named), "{named}: {ready}");
    }
    assert!(!ready.contains("data-fresh"));
    assert_eq!(verdict(&app).await, Some(Verdict::Failed));
    // Kept from look to look, the class page has to notice each step by itself.
    let passed = format!("/class/{SEMESTER}?project=1&is=passed");
    assert!(!lecturer.page(&passed).await.contains("Noether"));
    let own = emmy.page(&format!("/submissions/{submission}")).await;
    assert!(!own.contains("regrade of the project"), "a student is not shown what is only beside");
    assert_eq!(emmy.get(&format!("/submissions/{submission}?grading=2")).await.status(), 404);
    let of_staff = lecturer.page(&format!("/submissions/{submission}?grading=2")).await;
    assert!(of_staff.contains("no: run beside") && of_staff.contains(&page), "{of_staff}");

    assert_eq!(lecturer.submit(&format!("{page}/apply"), &[]).await.status(), 303);
    assert_eq!(verdict(&app).await, Some(Verdict::Passed));
    assert!(lecturer.page(&passed).await.contains("Noether"));
    let applied = lecturer.page(&page).await;
    assert!(applied.contains("What it changed") && applied.contains("Emmy Noether"), "{applied}");
    let own = emmy.page(&format!("/submissions/{submission}")).await;
    assert!(own.contains("a regrade took its place"), "{own}");
    assert!(!own.contains("/regrades/"), "whose page is not for students");

    assert_eq!(lecturer.submit(&format!("{page}/undo"), &[]).await.status(), 303);
    assert_eq!(verdict(&app).await, Some(Verdict::Failed));
    assert!(!lecturer.page(&passed).await.contains("Noether"));
    let undone = lecturer.page(&page).await;
    assert!(undone.contains("undone by Benjamin Grewe"), "{undone}");
    assert!(lecturer.page(&list).await.contains("The grader was mended."));
}

#[tokio::test]
async fn what_needs_attention_is_named_and_left_out_on_the_page() {
    let app = TestApp::started().await;
    handed_in(&app, Verdict::Passed).await;
    let page = location(&begin(&app, &[("scope", "students"), ("students", "12345682")]).await);
    stick(&app).await;
    let lecturer = app.signed_in(LECTURER).await;
    let stuck = lecturer.page(&page).await;
    assert!(stuck.contains("the archive is lost") && stuck.contains("Leave them out"), "{stuck}");
    assert_eq!(lecturer.submit(&format!("{page}/retry"), &[]).await.status(), 303);
    stick(&app).await;
    assert_eq!(lecturer.submit(&format!("{page}/leave-out"), &[]).await.status(), 303);
    let ready = lecturer.page(&page).await;
    assert!(ready.contains("1 left out") && ready.contains("Nobody's result"), "{ready}");
    assert_eq!(lecturer.submit(&format!("{page}/discard"), &[]).await.status(), 303);
    assert_eq!(lecturer.submit(&format!("{page}/apply"), &[]).await.status(), 409);
    assert_eq!(verdict(&app).await, Some(Verdict::Passed));
}

#[tokio::test]
async fn a_regrade_that_makes_no_sense_is_refused_and_says_why() {
    let app = TestApp::started().await;
    handed_in(&app, Verdict::Failed).await;
    type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);
    let cases: [Case<'_>; 6] = [
        (&[("scope", "everyone"), ("reason", " ")], 422, "A reason has"),
        (&[("scope", "students"), ("students", "99-999-999, 12-345-682")], 422, "99-999-999"),
        (&[("scope", "students"), ("students", "\n")], 422, "No Legi number was given"),
        (&[("scope", "failed_by"), ("failed_by", "no-such")], 422, "nothing that was handed in"),
        (&[("scope", "everybody")], 400, "everybody"),
        (&[("scope", "everyone"), ("project", "99")], 404, "nothing at this address"),
    ];
    for (fields, status, named) in cases {
        // A field that is there twice is refused, so each case has its own.
        let lecturer = app.signed_in(LECTURER).await;
        let defaults = [("project", "1"), ("seeds", "same"), ("reason", "A reason.")];
        let given = |name: &str| fields.iter().any(|(known, _)| *known == name);
        let mut all: Vec<_> = defaults.into_iter().filter(|(name, _)| !given(name)).collect();
        all.extend_from_slice(fields);
        let answer = lecturer.submit(&format!("/class/{SEMESTER}/regrades"), &all).await;
        assert_eq!(answer.status(), status, "{fields:?}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(named), "{named}: {said}");
    }
    assert!(regrades::of_semester(&app.db, &semester()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_admin_who_is_a_student_of_the_semester_regrades_nothing_of_it() {
    let app = TestApp::started().await;
    let ada = app.person(ADA).await;
    testat::store::people::set_admin(&app.db, &ada, true, None, Clock.now()).await.unwrap();
    let browser = app.signed_in(ADA).await;
    assert_eq!(browser.get(&format!("/class/{SEMESTER}/regrades")).await.status(), 404);
    let page = location(&{
        handed_in(&app, Verdict::Failed).await;
        begin(&app, &[("scope", "everyone")]).await
    });
    assert_eq!(browser.get(&page).await.status(), 404);
    assert_eq!(browser.submit(&format!("{page}/discard"), &[]).await.status(), 404);
}
