//! The API: problems as RFC 9457, hand-in, description.

use serde_json::{Value, json};
use testat::store::queue;

use crate::app::{ADA, EMMY, LECTURER, OFFICE, SECOND, SEMESTER, TestApp, solution};

async fn call(app: &TestApp, token: Option<&str>, path: &str) -> (u16, String, Value) {
    let mut request = reqwest::Client::new().get(app.url(path));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), kind, response.json().await.unwrap())
}

#[tokio::test]
async fn without_a_token_there_is_a_problem() {
    let app = TestApp::started().await;
    for token in [None, Some("wrong")] {
        let (status, kind, body) = call(&app, token, "/api/v1/me").await;
        assert_eq!((status, kind.as_str()), (401, "application/problem+json"));
        assert_eq!(body["status"], 401);
    }
}

#[tokio::test]
async fn a_session_cookie_is_no_token() {
    let app = TestApp::started().await;
    let browser = app.signed_in(ADA).await;
    assert_eq!(browser.get("/api/v1/me").await.status(), 401);
}

#[tokio::test]
async fn what_one_may_not_see_is_not_found_or_not_allowed() {
    let app = TestApp::started().await;
    let token = app.token(ADA).await;
    for (path, status) in [
        ("/api/v1/semesters/HS2030", 404),
        ("/api/v1/semesters/nonsense", 404),
        ("/api/v1/submissions/01a20cf9-e681-772d-a623-a9b6eca6a121", 404),
        ("/api/v1/submissions/%00", 404),
        ("/api/v1/submissions/no-id'--", 404),
        ("/api/v1/semesters/HS2026/admissions", 403),
        ("/api/v1/nowhere", 404),
    ] {
        let (got, kind, _) = call(&app, Some(&token), path).await;
        assert_eq!((got, kind.as_str()), (status, "application/problem+json"), "{path}");
    }
}

#[tokio::test]
async fn a_student_hands_in_and_follows_by_program() {
    let app = TestApp::started().await;
    let token = app.token(ADA).await;
    let part = reqwest::multipart::Part::bytes(solution()).file_name("solution.py");
    let form = reqwest::multipart::Form::new().part("archive", part);
    let path = format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions");
    let request = reqwest::Client::new().post(app.url(&path)).bearer_auth(&token).multipart(form);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let created: Value = response.json().await.unwrap();
    let (_, _, fetched) = call(&app, Some(&token), &location).await;
    assert_eq!(created["id"], fetched["id"]);
    assert_eq!(fetched["language"], "python");
    assert_eq!(fetched["sha256"], testat::course::Digest::of(&solution()).as_str());
    assert_eq!(fetched["gradings"][0]["state"], "waiting");
    assert_eq!(fetched["gradings"][0]["ahead"], 0);
    let (_, _, results) = call(&app, Some(&token), "/api/v1/semesters/HS2026/results").await;
    assert_eq!((&results["passed"], &results["results"][0]["waiting"]), (&0.into(), &true.into()));
    let (_, _, listed) = call(&app, Some(&token), &path).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_project_without_a_grader_takes_nothing() {
    let app = TestApp::started().await;
    let token = app.token(ADA).await;
    let part = reqwest::multipart::Part::bytes(solution()).file_name("solution.py");
    let form = reqwest::multipart::Form::new().part("archive", part);
    let path = format!("/api/v1/semesters/{SEMESTER}/projects/lif/submissions");
    let request = reqwest::Client::new().post(app.url(&path)).bearer_auth(&token).multipart(form);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 422);
    let problem: Value = response.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("grader is not installed"));
}

#[tokio::test]
async fn an_instructor_hands_nothing_in() {
    let app = TestApp::started().await;
    let token = app.token(LECTURER).await;
    let form = reqwest::multipart::Form::new()
        .part("archive", reqwest::multipart::Part::bytes(solution()));
    let path = format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions");
    let request = reqwest::Client::new().post(app.url(&path)).bearer_auth(&token).multipart(form);
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_description_is_made_from_the_code() {
    let app = TestApp::started().await;
    let (status, _, description) = call(&app, None, "/api/openapi.json").await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("openapi", description);
}

#[tokio::test]
async fn the_description_says_what_is_sent() {
    let app = TestApp::started().await;
    let (ada, office) = (app.token(ADA).await, app.token(OFFICE).await);
    let response = app.hand_in(&ada, "backprop", "solution.py", solution()).await;
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    crate::web_routes::report_with_every_figure(&app).await;
    let (_, _, graded) = call(&app, Some(&ada), &location).await;
    assert_eq!(graded["gradings"][0]["report"]["figures"].as_array().unwrap().len(), 4);
    let (_, _, description) = call(&app, None, "/api/openapi.json").await;
    let semester = format!("/api/v1/semesters/{SEMESTER}");
    for (token, path, shape) in [
        (&ada, "/api/v1/me".to_owned(), "Me"),
        (&ada, semester.clone(), "SemesterShape"),
        (&ada, format!("{semester}/projects/backprop"), "ProjectShape"),
        (&ada, location, "SubmissionShape"),
        (&ada, format!("{semester}/results"), "StandingShape"),
        (&office, format!("{semester}/admissions"), "AdmissionListShape"),
        (&ada, "/api/v1/nowhere".to_owned(), "Problem"),
    ] {
        let (_, _, sent) = call(&app, Some(token), &path).await;
        let schemas = &description["components"]["schemas"];
        fits(schemas, &schemas[shape], &sent, shape);
    }
}

/// Each field that is sent is described, and each that must be there is.
fn fits(schemas: &Value, schema: &Value, sent: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(schemas, &schemas[name.rsplit('/').next().unwrap()], sent, at);
    }
    if let Some(items) = sent.as_array() {
        return items.iter().for_each(|item| fits(schemas, &schema["items"], item, at));
    }
    let (Some(fields), Some(described)) = (sent.as_object(), schema["properties"].as_object())
    else {
        return;
    };
    for (name, value) in fields {
        let schema = described.get(name).unwrap_or_else(|| panic!("{at}.{name} is not described"));
        fits(schemas, schema, value, &format!("{at}.{name}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(name.as_str().unwrap()), "{at} lacks {name}");
    }
}

#[tokio::test]
async fn machines_can_watch() {
    let app = TestApp::started().await;
    let get = async |path: &str| reqwest::get(app.url(path)).await.unwrap();
    assert_eq!(get("/healthz").await.status(), 200);
    assert_eq!(get("/readyz").await.status(), 200);
    let metrics = get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains("testat_gradings{state=\"waiting\"} 0"), "{metrics}");
}

#[tokio::test]
async fn handing_in_without_a_token_is_asked_for_one() {
    let app = TestApp::started().await;
    let path = format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions");
    let form = reqwest::multipart::Form::new()
        .part("archive", reqwest::multipart::Part::bytes(solution()));
    let response =
        reqwest::Client::new().post(app.url(&path)).multipart(form).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn an_upload_of_unknown_length_is_read_to_its_limit_and_answered() {
    let app = TestApp::started().await;
    let token = app.token(ADA).await;
    for field in ["archive", "other"] {
        let mebibytes = futures_util::stream::iter(
            (0..24).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 1 << 20])),
        );
        let part = reqwest::multipart::Part::stream(reqwest::Body::wrap_stream(mebibytes));
        let form = reqwest::multipart::Form::new().part(field, part.file_name("big.tar"));
        let path = format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions");
        let request =
            reqwest::Client::new().post(app.url(&path)).bearer_auth(&token).multipart(form);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 413, "{field}");
        let problem: Value = response.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("20 MiB"), "{problem}");
    }
}

#[tokio::test]
async fn machines_may_ask_for_the_head_alone() {
    let app = TestApp::started().await;
    for path in ["/healthz", "/static/testat.css", "/sign-in"] {
        let response = reqwest::Client::new().head(app.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn what_the_rules_refuse_leaves_nothing_behind() {
    refused_leaves_nothing(&TestApp::started().await).await;
}

#[tokio::test]
async fn what_the_rules_refuse_leaves_nothing_behind_on_postgresql() {
    refused_leaves_nothing(&TestApp::on(Some(crate::postgres::database().await)).await).await;
}

async fn refused_leaves_nothing(app: &TestApp) {
    let token = app.token(ADA).await;
    let early = app.hand_in(&token, SECOND, "solution.py", solution()).await;
    assert_eq!(early.status(), 409);
    let problem: Value = early.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("This project opens"), "{problem}");
    assert_eq!(app.archives_kept(), 0);
    for n in 0..5 {
        let bytes = format!("VERSION = {n}\n").into_bytes();
        let response = app.hand_in(&token, "backprop", "solution.py", bytes).await;
        assert_eq!(response.status(), if n < 3 { 201 } else { 409 });
    }
    assert_eq!(app.archives_kept(), 3);
}

#[tokio::test]
async fn a_refused_archive_names_the_entry_and_leaves_nothing_behind() {
    let app = TestApp::started().await;
    let token = app.token(ADA).await;
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "data/link", "/etc/passwd").unwrap();
    let response = app.hand_in(&token, "backprop", "work.tar", tar.into_inner().unwrap()).await;
    assert_eq!(response.status(), 422);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("data/link"), "{problem}");
    assert_eq!(app.archives_kept(), 0);
}

#[tokio::test]
async fn another_students_work_is_not_found_and_staff_see_it() {
    let app = TestApp::started().await;
    let ada = app.token(ADA).await;
    let archive = packed();
    let response = app.hand_in(&ada, "backprop", "Lösung 1.tar", archive.clone()).await;
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    for path in [location.clone(), format!("{location}/archive")] {
        let (status, ..) = call(&app, Some(&app.token(EMMY).await), &path).await;
        assert_eq!(status, 404, "{path}");
    }
    for person in [LECTURER, OFFICE] {
        let token = app.token(person).await;
        assert_eq!(call(&app, Some(&token), &location).await.0, 200);
        let address = app.url(&format!("{location}/archive"));
        let request = reqwest::Client::new().get(address).bearer_auth(&token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.bytes().await.unwrap(), archive);
    }
}

#[tokio::test]
async fn staff_read_the_list_that_is_exported() {
    let app = TestApp::started().await;
    let path = format!("/api/v1/semesters/{SEMESTER}/admissions");
    for person in [LECTURER, OFFICE] {
        let (status, _, list) = call(&app, Some(&app.token(person).await), &path).await;
        assert_eq!((status, list["students"].as_array().unwrap().len()), (200, 2));
        assert_eq!(list["students"][0]["legi"], "12-345-674");
        assert_eq!(list["students"][0]["state"], "open");
    }
}

#[tokio::test]
async fn a_revoked_token_opens_nothing() {
    let app = TestApp::started().await;
    let (token, ada) = (app.token(ADA).await, app.person(ADA).await);
    let made = testat::store::tokens::of_person(&app.db, &ada).await.unwrap();
    let now = testat::clock::Clock.now();
    assert!(testat::store::tokens::revoke(&app.db, &ada, &made[0].id, None, now).await.unwrap());
    assert_eq!(call(&app, Some(&token), "/api/v1/me").await.0, 401);
}

/// The solution in an archive.
fn packed() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(solution().len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "solution.py", solution().as_slice()).unwrap();
    tar.into_inner().unwrap()
}

#[tokio::test]
async fn a_report_keeps_from_the_student_what_would_give_a_draw_away() {
    let app = TestApp::started().await;
    let ada = app.token(ADA).await;
    let response = app.hand_in(&ada, "backprop", "solution.py", solution()).await;
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let (_, _, waiting) = call(&app, Some(&ada), &location).await;
    assert_eq!(waiting["gradings"][0]["report"], Value::Null);
    record(&app).await;
    for (person, expected) in [
        (ADA, vec!["curve"]),
        (LECTURER, vec!["curve", "permutation"]),
        (OFFICE, vec!["curve", "permutation"]),
    ] {
        let (_, _, got) = call(&app, Some(&app.token(person).await), &location).await;
        let grading = &got["gradings"][0];
        assert_eq!((&grading["state"], &grading["verdict"]), (&"done".into(), &"failed".into()));
        assert_eq!(grading["report"]["checks"][0]["id"], "grads");
        let figures = grading["report"]["figures"].as_array().unwrap();
        let ids: Vec<_> = figures.iter().map(|figure| figure["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{person}");
    }
}

/// Gives the grading that waits a verdict, with a figure for everyone and one for instructors.
async fn record(app: &TestApp) {
    let figure = |id: &str, audience: &str| {
        let y = json!({ "label": "share" });
        let plot =
            json!({ "kind": "bars", "labels": ["a"], "values": [1.0], "y": y, "limit": null });
        json!({ "id": id, "title": id, "alt": id, "audience": audience, "plot": plot })
    };
    let seed = "5e".repeat(32);
    let report = json!({
        "verdict": "failed", "seed": seed, "runtime": "r", "language": "python", "log": "",
        "grader": { "slug": "backprop", "version": "1.0.0" },
        "checks": [{ "id": "grads", "title": "Gradients", "passed": false, "value": 0.5,
            "comparison": "<=", "threshold": 1e-4, "message": "too far" }],
        "figures": [figure("curve", "everyone"), figure("permutation", "instructors")],
        "usage": { "cpu_ms": 1, "wall_ms": 1, "peak_memory_bytes": 1, "phases": {} },
    });
    let now = testat::clock::Clock.now();
    let lease = queue::claim(&app.db, "w", now, now + 60_000).await.unwrap().unwrap();
    let outcome = queue::Outcome {
        verdict: testat::course::Verdict::Failed,
        seed,
        grader_version: "1.0.0".to_owned(),
        runtime: "r".to_owned(),
        failed: Vec::new(),
        report: report.to_string(),
    };
    let held = queue::record(&app.db, &lease, &outcome, now).await.unwrap();
    assert_eq!(held, queue::Held::Yes);
}
