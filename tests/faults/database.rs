//! The database locked for half a minute, or gone for as long: what was acknowledged stays, what can't
//! be kept is refused with a sentence, and all goes on by itself afterwards.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, Executor};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::{count, quick};
use crate::postgres;
use crate::server::{PATIENCE, STUDENT, Server};

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

#[tokio::test]
async fn a_database_locked_for_half_a_minute_loses_nothing() {
    let server = Server::started(None);
    let token = server.token(STUDENT);
    let before = server.upload("backprop", &token, "a.tar", quick("before")).await;
    let before = before.headers()["location"].to_str().unwrap().to_owned();
    // Else it would give way to the next one.
    server.graded(&token, &before).await;
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

/// A socket through which a PostgreSQL is reached, as long as it is there.
struct Road {
    folder: tempfile::TempDir,
    to: PathBuf,
    /// Carries and accepts until it is dropped, and every connection with it.
    carrying: Option<tokio::task::JoinHandle<()>>,
}

impl Road {
    /// To the database at `url`, and the URL by which it is reached this way.
    fn to(url: &str) -> (Self, String) {
        let (base, folder) = url.split_once("?host=").unwrap();
        let to = Path::new(folder).join(".s.PGSQL.5432");
        let road = Self { folder: tempfile::tempdir().unwrap(), to, carrying: None };
        let by_road = format!("{base}?host={}", road.folder.path().display());
        (road, by_road)
    }

    fn open(&mut self) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        self.carrying = Some(tokio::spawn(carry(listener, self.to.clone())));
    }

    async fn close(&mut self) {
        let carrying = self.carrying.take().unwrap();
        carrying.abort();
        assert!(carrying.await.unwrap_err().is_cancelled());
        std::fs::remove_file(self.socket()).unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }
}

async fn carry(listener: UnixListener, to: PathBuf) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let to = to.clone();
        connections.spawn(async move {
            let mut far = UnixStream::connect(to).await.unwrap();
            // It ends when either side does, and says how many bytes went or that one broke off.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_gone_for_half_a_minute_loses_nothing() {
    let (mut road, url) = Road::to(&postgres::database().await);
    road.open();
    let prepared = tokio::task::spawn_blocking(move || Server::started(Some(url)));
    let server = prepared.await.unwrap();
    let token = server.token(STUDENT);
    let before = server.upload("backprop", &token, "a.tar", quick("before")).await;
    let before = before.headers()["location"].to_str().unwrap().to_owned();
    // Else it would give way to the next one.
    server.graded(&token, &before).await;
    road.close().await;
    let back_at = Instant::now() + GONE;
    let reopen = async {
        tokio::time::sleep_until(back_at.into()).await;
        road.open();
    };
    let ((refused, place), ()) = tokio::join!(upload_through(&server, &token, back_at), reopen);
    assert!(refused > 0, "nobody noticed");
    for place in [before, place] {
        assert_eq!(server.graded(&token, &place).await["verdict"], "failed");
    }
    assert_eq!(count(&server, &token).await, 2);
    server.admin(&["audit", "verify"]);
}
