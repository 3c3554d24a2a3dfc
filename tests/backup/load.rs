//! A backup while students upload and workers grade, and what a server made from it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::Value;
use testat::store::{Db, queue};

use super::{backup, csv, must_do, on, restore, text};
use crate::database::Engine;
use crate::server::{PATIENCE, Server, grader_folder, pack};

/// Uploads that must be there before the backup begins, and after it.
const BEFORE: usize = 6;
const AFTER: usize = 3;

/// Uploads one after the other until told to stop; the ids of all that were acknowledged.
async fn uploads(
    server: Arc<Server>,
    token: String,
    archive: Vec<u8>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<std::sync::Mutex<Vec<String>>>,
) {
    let mut count = 0_u32;
    while !stop.load(Ordering::SeqCst) {
        count += 1;
        // Each one is an archive of its own.
        let mut bytes = archive.clone();
        bytes.extend_from_slice(&[0; 1024].repeat(count as usize));
        let response = server.upload("backprop", &token, "submission.tar", bytes).await;
        assert_eq!(response.status(), 201);
        let place = response.headers()["location"].to_str().unwrap();
        let id = place.rsplit('/').next().unwrap().to_owned();
        acknowledged.lock().unwrap().push(id);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn table(folder: &Path, name: &str) -> Vec<Value> {
    let path = folder.join("tables").join(format!("{name}.jsonl"));
    let lines = std::fs::read_to_string(path).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn field<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// What project 1 must count as for each Legi number, worked out from the rows by hand.
fn expected(folder: &Path) -> BTreeMap<String, &'static str> {
    let gradings = table(folder, "gradings");
    let word = |person: &str| {
        let own: Vec<_> = gradings.iter().filter(|row| field(row, "person") == person).collect();
        let any =
            |name: &str, wanted: &[&str]| own.iter().any(|row| wanted.contains(&field(row, name)));
        if any("verdict", &["passed"]) {
            "passed"
        } else if any("verdict", &["failed"]) {
            // A verdict goes before one that is still to come.
            "failed"
        } else if any("state", &["waiting", "running", "needs_attention"]) {
            "waiting"
        } else {
            "open"
        }
    };
    let students = table(folder, "enrolments");
    let students = students.iter().filter(|row| field(row, "role") == "student");
    students.map(|row| (field(row, "legi").to_owned(), word(field(row, "person")))).collect()
}

fn shown(csv: &str) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| (row[0].to_owned(), row[6].to_owned())).collect()
}

async fn a_backup_under_load_is_whole(engine: Engine, other: Engine) {
    let server = Arc::new(Server::started(on(engine).await));
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let wrong = grader_folder().join("wrong/start/syntax-error");
    let archives = [
        ("ada@example.org", pack(&grader_folder().join("reference/python"))),
        ("charles@example.org", pack(&wrong)),
    ];
    let load: Vec<_> = archives
        .into_iter()
        .map(|(email, archive)| {
            let token = server.token(email);
            let work =
                uploads(server.clone(), token, archive, stop.clone(), Arc::clone(&acknowledged));
            tokio::spawn(work)
        })
        .collect();
    let count = || acknowledged.lock().unwrap().len();
    until("load", async || count() >= BEFORE).await;
    let db = Db::connect(&server.database_url()).await.unwrap();
    until("a verdict", async || !queue::verdicts(&db).await.unwrap().is_empty()).await;

    let before: BTreeSet<String> = acknowledged.lock().unwrap().iter().cloned().collect();
    let folder = server.data().join("backup");
    let making = {
        let (server, folder) = (server.clone(), folder.clone());
        tokio::task::spawn_blocking(move || server.admin(&["backup", text(&folder)]))
    };
    making.await.unwrap();
    let so_far = count();
    until("more load", async || count() >= so_far + AFTER).await;
    stop.store(true, Ordering::SeqCst);
    for work in load {
        work.await.unwrap();
    }

    let kept: BTreeSet<String> =
        table(&folder, "submissions").iter().map(|row| field(row, "id").to_owned()).collect();
    assert!(before.is_subset(&kept), "what was acknowledged before is in it");
    let all: BTreeSet<String> = acknowledged.lock().unwrap().iter().cloned().collect();
    assert!(kept.len() < all.len(), "the load went on");
    let expected = expected(&folder);

    let mut same = Server::empty(on(engine).await);
    let into_other = Server::empty(on(other).await);
    for target in [&same, &into_other] {
        must_do(&restore(target, &folder));
        target.admin(&["verify"]);
    }
    let list = csv(&same);
    assert_eq!(list, csv(&into_other), "byte for byte, whatever the engine");
    let shown = shown(&list);
    assert_eq!(shown.len(), expected.len());
    for (legi, word) in &expected {
        assert_eq!(shown[legi], *word, "{legi}");
    }

    // The server that was restored grades what waited.
    same.start();
    let db = Db::connect(&same.database_url()).await.unwrap();
    until("all verdicts", async || {
        let depth = queue::depth(&db).await.unwrap();
        assert_eq!(depth.needs_attention, 0);
        depth.waiting + depth.running == 0
    })
    .await;
    same.admin(&["verify"]);
    assert!(same.stop().success());

    // At rest, the lists of both are the same.
    let db = Db::connect(&server.database_url()).await.unwrap();
    until("rest", async || {
        let depth = queue::depth(&db).await.unwrap();
        depth.waiting + depth.running == 0
    })
    .await;
    let at_rest = backup(&server, "at-rest");
    let target = Server::empty(on(other).await);
    must_do(&restore(&target, &at_rest));
    assert_eq!(csv(&target), csv(&server));
    server.admin(&["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_on_sqlite() {
    a_backup_under_load_is_whole(Engine::Sqlite, Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_on_postgresql() {
    a_backup_under_load_is_whole(Engine::Postgres, Engine::Sqlite).await;
}
