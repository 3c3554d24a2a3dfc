//! How large and how slow a client may be, on real sockets.

use std::time::{Duration, Instant};

use testat::web::{Cookies, Patience};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{ADA, EMMY, OFFICE, SEMESTER, TestApp, location, solution};

/// Short enough for a test, long enough for a busy machine.
const SHORT: Patience = Patience {
    head: Duration::from_millis(1500),
    body: Duration::from_millis(1500),
    rate: 2048,
    idle: Duration::from_millis(1500),
    connections: 64,
    live_per_person: 3,
};
/// Nothing here may hold a connection for so long.
const FAR_TOO_LONG: Duration = Duration::from_secs(20);

async fn impatient() -> TestApp {
    TestApp::patient(None, SHORT, Cookies::Loopback).await
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.address.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends `text`, then a byte ten times a second until the server has had enough; how long that took
/// and what it said.
async fn drip(app: &TestApp, text: &str) -> (Duration, String) {
    let stream = connect(app).await;
    let begun = Instant::now();
    let (mut read, mut write) = stream.into_split();
    write.write_all(text.as_bytes()).await.unwrap();
    let dripping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if write.write_all(b"a").await.is_err() {
                return std::future::pending::<()>().await;
            }
        }
    };
    let mut said = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = read.read(&mut piece).await {
            said.extend_from_slice(&piece[..count]);
        }
    };
    let cut_off = tokio::time::timeout(FAR_TOO_LONG, async {
        tokio::select! { () = dripping => {}, () = reading => {} }
    });
    assert!(cut_off.await.is_ok(), "still connected after {FAR_TOO_LONG:?}: {text}");
    (begun.elapsed(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let app = impatient().await;
    let (took, _) = drip(&app, "GET /sign-in HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(took >= Duration::from_millis(1000), "{took:?}");
}

#[tokio::test]
async fn a_connection_that_says_nothing_more_is_closed() {
    let app = impatient().await;
    let mut stream = connect(&app).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let closed = tokio::time::timeout(FAR_TOO_LONG, stream.read_to_end(&mut said)).await;
    assert!(closed.is_ok(), "still open");
    assert!(said.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_form_that_drips_is_cut_off() {
    let app = impatient().await;
    let head = "POST /sign-in HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 60000\r\n\r\nemail=";
    let (_, said) = drip(&app, head).await;
    assert!(said.starts_with("HTTP/1.1 4"), "{said}");
}

#[tokio::test]
async fn an_upload_that_drips_is_cut_off_and_leaves_nothing() {
    let app = impatient().await;
    let token = app.token(ADA).await;
    let path = format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 9000000\r\n\r\n\
         --b\r\ncontent-disposition: form-data; name=\"archive\"; filename=\"solution.py\"\r\n\r\n"
    );
    let (_, said) = drip(&app, &head).await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("too slowly"), "{said}");
    assert_eq!(app.archives_kept(), 0);
    assert_eq!(app.incoming(), 0, "the piece that came is gone");
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_waited_for() {
    let app = impatient().await;
    let head = "POST /nowhere HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\n\
                content-length: 60000\r\n\r\n";
    let (_, said) = drip(&app, head).await;
    assert!(said.starts_with("HTTP/1.1 404"), "{said}");
}

#[tokio::test]
async fn a_steady_upload_takes_longer_than_the_patience_and_is_taken() {
    let app = impatient().await;
    let token = app.token(ADA).await;
    let pieces = futures_util::stream::unfold(0, |n| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (n < 25).then(|| (Ok::<_, std::io::Error>(vec![b'#'; 4096]), n + 1))
    });
    let part = reqwest::multipart::Part::stream(reqwest::Body::wrap_stream(pieces));
    let form = reqwest::multipart::Form::new().part("archive", part.file_name("solution.py"));
    let path = format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions");
    let begun = Instant::now();
    let request = reqwest::Client::new().post(app.url(&path)).bearer_auth(token).multipart(form);
    assert_eq!(request.send().await.unwrap().status(), 201);
    assert!(begun.elapsed() > SHORT.body);
}

#[tokio::test]
async fn forms_have_a_size() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let long = "a".repeat(65 << 10);
    assert_eq!(app.browser().sign_in(ADA, &long).await.status(), 413);
    assert_eq!(office.submit("/profile/tokens", &[("name", &long)]).await.status(), 413);
    let import = format!("/admin/semesters/{SEMESTER}/roster/import");
    let roster = office.submit(&import, &[("csv", &long)]).await;
    assert_eq!(roster.status(), 422, "a roster may be as long, and this is none");
    let huge = "a".repeat(5 << 20);
    assert_eq!(office.submit(&import, &[("csv", &huge)]).await.status(), 413);
}

#[tokio::test]
async fn heads_have_a_size_and_a_number_of_lines() {
    let app = TestApp::started().await;
    for (lines, length) in [(300, 10), (1, 200_000)] {
        let mut stream = connect(&app).await;
        let mut text = "GET /sign-in HTTP/1.1\r\nhost: x\r\n".to_owned();
        for n in 0..lines {
            text += &format!("x-{n}: {}\r\n", "a".repeat(length));
        }
        text += "\r\n";
        // The server may close before it has read all.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut said = Vec::new();
        let _ = tokio::time::timeout(FAR_TOO_LONG, stream.read_to_end(&mut said)).await.unwrap();
        let said = String::from_utf8_lossy(&said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{lines} x {length}: {said}");
    }
    assert_eq!(app.browser().get("/sign-in").await.status(), 200, "still serving");
}

#[tokio::test]
async fn a_person_follows_a_few_gradings_at_once_and_others_are_not_kept_from_it() {
    let app = impatient().await;
    let ada = app.signed_in(ADA).await;
    let live = format!("{}/live", location(&ada.upload("solution.py", solution()).await));
    let mut open = Vec::new();
    for _ in 0..SHORT.live_per_person {
        let mut response = ada.get(&live).await;
        assert_eq!(response.status(), 200);
        response.chunk().await.unwrap();
        open.push(response);
    }
    let refused = ada.get(&live).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let emmy = app.signed_in(EMMY).await;
    let hers = format!("{}/live", location(&emmy.upload("solution.py", solution()).await));
    assert_eq!(emmy.get(&hers).await.status(), 200);
    // Places are given back when connections end.
    drop(open);
    let begun = Instant::now();
    while ada.get(&live).await.status() != 200 {
        assert!(begun.elapsed() < FAR_TOO_LONG, "no place was given back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn figures_for_machines_are_for_this_one_and_for_admins() {
    let app = TestApp::started().await;
    let ask = async |header: (&str, String)| {
        let request = reqwest::Client::new()
            .get(app.url("/metrics"))
            .header("x-forwarded-for", "192.0.2.1")
            .header(header.0, header.1);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(("x-none", String::new())).await, 404, "through a proxy");
    for (email, status) in [(ADA, 404), (crate::app::LECTURER, 404), (OFFICE, 200)] {
        let token = format!("Bearer {}", app.token(email).await);
        assert_eq!(ask(("authorization", token)).await, status, "{email}");
    }
    let narrow = app.scoped(OFFICE, testat::course::access::Scope::Read).await;
    assert_eq!(ask(("authorization", format!("Bearer {narrow}"))).await, 404);
}
