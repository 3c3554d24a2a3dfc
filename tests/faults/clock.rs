//! The clock set back by an hour: to a server, everything that was written before lies an hour ahead,
//! and so the test writes it, while no server runs.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::{quick, slow};
use crate::server::{STUDENT, Server};

const AN_HOUR_AHEAD: [&str; 4] = [
    "UPDATE gradings SET queued_at = queued_at + 3600000, not_before = not_before + 3600000,
         started_at = started_at + 3600000, lease_until = lease_until + 3600000",
    "UPDATE submissions SET received_at = received_at + 3600000",
    "UPDATE sessions SET created_at = created_at + 3600000, seen_at = seen_at + 3600000",
    "UPDATE tokens SET created_at = created_at + 3600000, last_used_at = last_used_at + 3600000",
];

async fn set_ahead(server: &Server) {
    let options = SqliteConnectOptions::new().filename(server.data().join("testat.db"));
    let mut database = options.connect().await.unwrap();
    for statement in AN_HOUR_AHEAD {
        database.execute(statement).await.unwrap();
    }
    database.close().await.unwrap();
}

#[tokio::test]
async fn nothing_waits_for_an_hour_when_the_clock_is_set_back_by_one() {
    // A week into the semester, so that an hour ahead is still before the project is due.
    let mut server = Server::with_graders("graders".to_owned(), 1);
    server.start();
    let token = server.token(STUDENT);
    let cut_off = server.submit(&token, &slow(server.data())).await;
    loop {
        let submission = server.get(&token, &cut_off).await;
        if submission["gradings"][0]["state"] == "running" {
            break;
        }
    }
    let waiting = server.upload("backprop", &token, "a.tar", quick("waits")).await;
    let waiting = waiting.headers()["location"].to_str().unwrap().to_owned();
    server.kill();
    set_ahead(&server).await;
    server.start();
    for place in [cut_off, waiting] {
        let grading = server.graded(&token, &place).await;
        assert_eq!(grading["verdict"], "failed", "{grading:#}");
    }
    let next = server.upload("backprop", &token, "b.tar", quick("next")).await;
    assert_eq!(next.status(), 201);
    let next = next.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(server.get(&token, &next).await["number"], 3);
    assert_eq!(server.graded(&token, &next).await["verdict"], "failed");
    server.admin(&["audit", "verify"]);
}
