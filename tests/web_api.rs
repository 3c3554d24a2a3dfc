//! The API: problems as RFC 9457, hand-in, description.

use serde_json::Value;

use crate::app::{ADA, LECTURER, SEMESTER, TestApp, solution};

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
    let mut addresses: Vec<String> = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        addresses
            .extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    addresses.sort();
    insta::assert_snapshot!(addresses.join("\n"), @r"
    get /api/v1/me
    get /api/v1/semesters
    get /api/v1/semesters/{semester}
    get /api/v1/semesters/{semester}/admissions
    get /api/v1/semesters/{semester}/projects
    get /api/v1/semesters/{semester}/projects/{slug}
    get /api/v1/semesters/{semester}/projects/{slug}/submissions
    get /api/v1/semesters/{semester}/results
    get /api/v1/submissions/{id}
    get /api/v1/submissions/{id}/archive
    post /api/v1/semesters/{semester}/projects/{slug}/submissions
    ");
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
