//! The database locked for half a minute, or gone for as long: what was acknowledged stays, what can't
//! be kept is refused with a sentence, and all goes on by itself afterwards.

use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, Executor};

use super::quick;
use crate::server::{PATIENCE, SEMESTER, STUDENT, Server};

const GONE: Duration = Duration::from_secs(30);

/// Uploads while the database is away, and again until one is taken in; each answer comes in time
/// and is either yes or a refusal that says to try again.
async fn upload_through(server: &Server, token: &str, back_at: Instant) -> (usize, String) {
    let mut refused = 0;
    let begun = Instant::now();
    loop {
        let sent = Instant::now();
        let archive = quick("while it is away");
        let answer = server.upload("backprop", token, "a.tar", archive).await;
        assert!(sent.elapsed() < Duration::from_secs(45), "took {:?}", sent.elapsed());
        if answer.status() == 201 {
            assert!(Instant::now() >= back_at, "taken in by a database that is away");
            return (refused, answer.headers()["location"].to_str().unwrap().to_owned());
        }
        assert_eq!(answer.status(), 503, "{}", answer.text().await.unwrap());
        assert!(answer.headers().contains_key("retry-after"));
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        refused += 1;
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn count(server: &Server, token: &str) -> usize {
    let list = format!("/api/v1/semesters/{SEMESTER}/projects/backprop/submissions");
    server.get(token, &list).await.as_array().unwrap().len()
}

#[tokio::test]
async fn a_database_locked_for_half_a_minute_loses_nothing() {
    let server = Server::started(None);
    let token = server.token(STUDENT);
    let before = server.upload("backprop", &token, "a.tar", quick("before")).await;
    let before = before.headers()["location"].to_str().unwrap().to_owned();
    let file = server.data().join("testat.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut lock = options.busy_timeout(PATIENCE).connect().await.unwrap();
    lock.execute("BEGIN EXCLUSIVE").await.unwrap();
    let back_at = Instant::now() + GONE;
    let unlock = async {
        tokio::time::sleep_until(back_at.into()).await;
        lock.execute("ROLLBACK").await.unwrap();
        lock.close().await.unwrap();
    };
    let ((_, place), ()) = tokio::join!(upload_through(&server, &token, back_at), unlock);
    for place in [before, place] {
        assert_eq!(server.graded(&token, &place).await["verdict"], "failed");
    }
    assert_eq!(count(&server, &token).await, 2);
    server.admin(&["audit", "verify"]);
}
