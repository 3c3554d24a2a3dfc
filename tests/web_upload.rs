//! Handing in once, however often it is sent: keys of uploads, by page and by program.

use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response};
use serde_json::Value;

use crate::app::{ADA, Browser, EMMY, SEMESTER, TestApp, location, solution};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

fn other() -> Vec<u8> {
    b"def forward(params, X, activation):\n    return 2 * X\n".to_vec()
}

fn archive(bytes: Vec<u8>) -> Form {
    Form::new().part("archive", Part::bytes(bytes).file_name("solution.py"))
}

/// By program, under a key.
async fn by_program(app: &TestApp, token: &str, key: &str, bytes: Vec<u8>) -> Response {
    let path = app.url(&format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions"));
    let request = Client::new().post(path).bearer_auth(token).header("idempotency-key", key);
    request.multipart(archive(bytes)).send().await.unwrap()
}

/// Through the page's form, under a key.
async fn by_page(app: &TestApp, browser: &Browser, key: &str, bytes: Vec<u8>) -> Response {
    let token = browser.form_token().await;
    let part = Part::bytes(bytes).file_name("solution.py");
    let form = Form::new()
        .text("form_token", token)
        .text("upload_key", key.to_owned())
        .part("archive", part);
    let path = app.url(&format!("/semesters/{SEMESTER}/projects/backprop/submissions"));
    let request = browser.client.post(path).header("sec-fetch-site", "same-origin");
    request.multipart(form).send().await.unwrap()
}

async fn submissions(app: &TestApp, token: &str) -> usize {
    let path = app.url(&format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions"));
    let listed: Value =
        Client::new().get(path).bearer_auth(token).send().await.unwrap().json().await.unwrap();
    listed.as_array().unwrap().len()
}

#[tokio::test]
async fn the_form_has_a_key_of_its_own_each_time() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let key = async || {
        let page = ada.page(&format!("/semesters/{SEMESTER}/projects/backprop")).await;
        let (_, rest) = page.split_once("name=\"upload_key\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (first, second) = (key().await, key().await);
    assert!(first.len() >= 32 && first != second);
}

#[tokio::test]
async fn the_same_upload_sent_again_is_the_same_submission() {
    let app = TestApp::started().await;
    let (ada, token) = (app.signed_in(ADA).await, app.token(ADA).await);
    let first = by_page(&app, &ada, KEY, solution()).await;
    assert_eq!(first.status(), 303, "{:?}", first.text().await);
    let place = location(&first);
    for _ in 0..2 {
        assert_eq!(location(&by_page(&app, &ada, KEY, solution()).await), place);
    }
    // A program may quote it, as the header's specification has it.
    let replayed = by_program(&app, &token, &format!("\"{KEY}\""), solution()).await;
    assert_eq!(replayed.status(), 201);
    assert_eq!(replayed.headers()["idempotent-replayed"], "true");
    assert_eq!(location(&replayed), format!("/api/v1{place}"));
    assert_eq!(submissions(&app, &token).await, 1);

    let fresh =
        by_program(&app, &token, "another attempt".replace(' ', "-").as_str(), solution()).await;
    assert!(fresh.headers().get("idempotent-replayed").is_none());
    assert_ne!(location(&fresh), format!("/api/v1{place}"));
    assert_eq!(submissions(&app, &token).await, 2, "the same archive may be handed in anew");
}

#[tokio::test]
async fn a_retry_is_answered_when_the_first_one_reached_the_limit() {
    let app = TestApp::started().await;
    let (ada, token) = (app.signed_in(ADA).await, app.token(ADA).await);
    for _ in 0..2 {
        assert_eq!(ada.upload("solution.py", solution()).await.status(), 303);
    }
    let third = by_program(&app, &token, KEY, solution()).await;
    assert_eq!(third.status(), 201);
    assert_eq!(ada.upload("solution.py", solution()).await.status(), 409, "three a day");
    let again = by_program(&app, &token, KEY, solution()).await;
    assert_eq!((again.status().as_u16(), location(&again)), (201, location(&third)));
    assert_eq!(
        location(&again),
        format!("/api/v1{}", location(&by_page(&app, &ada, KEY, solution()).await))
    );
}

#[tokio::test]
async fn a_key_with_another_archive_is_refused_and_the_first_stays() {
    let app = TestApp::started().await;
    let (ada, token) = (app.signed_in(ADA).await, app.token(ADA).await);
    assert_eq!(by_program(&app, &token, KEY, solution()).await.status(), 201);
    let refused = by_program(&app, &token, KEY, other()).await;
    assert_eq!(refused.status(), 409);
    let problem: Value = refused.json().await.unwrap();
    assert!(
        problem["detail"].as_str().unwrap().contains("your submission 1, which has other contents")
    );
    let refused = by_page(&app, &ada, KEY, other()).await;
    assert_eq!(refused.status(), 409);
    assert!(refused.text().await.unwrap().contains("which has other contents, so nothing"));
    assert_eq!((submissions(&app, &token).await, app.archives_kept()), (1, 1));
}

#[tokio::test]
async fn a_key_is_its_owners_alone() {
    let app = TestApp::started().await;
    let (ada, emmy) = (app.token(ADA).await, app.token(EMMY).await);
    let first = by_program(&app, &ada, KEY, solution()).await;
    let second = by_program(&app, &emmy, KEY, other()).await;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (201, 201));
    assert_ne!(location(&first), location(&second));
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let app = TestApp::started().await;
    let token = app.token(ADA).await;
    for key in ["", "short", &"k".repeat(129), "with space in it", "\"quoted-once"] {
        let refused = by_program(&app, &token, key, solution()).await;
        assert_eq!(refused.status(), 400, "{key}");
        let problem: Value = refused.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("Idempotency-Key"), "{problem}");
    }
    assert_eq!(submissions(&app, &token).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_sent_at_once_under_one_key_make_one_submission() {
    let app = TestApp::started().await;
    let token = app.token(ADA).await;
    // One of three a day is left: whoever comes second must not meet the limit that the first reached.
    for _ in 0..2 {
        app.hand_in(&token, "backprop", "solution.py", solution()).await;
    }
    let all = join_all((0..8).map(|_| by_program(&app, &token, KEY, solution()))).await;
    let mut places: Vec<String> = Vec::new();
    for response in all {
        assert_eq!(response.status(), 201);
        places.push(location(&response));
    }
    places.dedup();
    assert_eq!(places.len(), 1, "{places:?}");
    assert_eq!(submissions(&app, &token).await, 3);
}
