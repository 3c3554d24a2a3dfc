//! Backup and restore through the command line: what is in a backup, who refuses what, and that a
//! server under load comes out whole on either engine.

use std::path::{Path, PathBuf};
use std::process::Output;

use sqlx::{Connection, Executor, Row};
use testat::course::notice::Kind;
use testat::course::question::Side;
use testat::store::integrity::REFERENCES;
use testat::store::questions::{self, Author};
use testat::store::snapshot::{NOT_KEPT, TABLES};
use testat::store::{Db, comments, copies, copy_pairs, mail_off, people, submissions};

use crate::database::{Course, Engine, tamper};
use crate::postgres;
use crate::server::{ADMIN, SEMESTER, STUDENT, Server};

mod damaged;
mod load;
mod tampered;

/// A server's folder of kept archives.
fn archives(server: &Server) -> PathBuf {
    server.data().join("blobs/sha256")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server with something of everything, not running: five who handed in, of whom one was decided by
/// hand. Nothing was graded.
async fn filled(database: Option<String>) -> Server {
    let mut server = Server::prepared(database);
    let mut command = server.command();
    command.env("TESTAT_WORKERS", "0");
    server.start_as(command);
    let token = server.token(STUDENT);
    for n in 0..5 {
        let bytes = format!("def forward(*a):\n    return {n}\n").into_bytes();
        let response = server.upload("backprop", &token, "solution.py", bytes).await;
        assert_eq!(response.status(), 201);
    }
    server.stop();
    ask(&server.database_url()).await;
    remarked(&server).await;
    server
}

/// The student asks about one of their submissions and wants no letters about verdicts.
async fn ask(database: &str) {
    let db = Db::connect(database).await.unwrap();
    let ada = people::by_email(&db, &STUDENT.parse().unwrap()).await.unwrap().unwrap().id;
    let about = submissions::recent(&db, &SEMESTER.parse().unwrap(), 1).await.unwrap().remove(0);
    let by = Author { person: &ada, side: Side::Student };
    let (check, text) = ("grads".parse().unwrap(), "Why?".parse().unwrap());
    let now = about.received_at + 1;
    questions::ask(&db, &about.id, Some(&check), &text, by, now).await.unwrap();
    mail_off::set(&db, &ada, &[Kind::Verdict], now).await.unwrap();
}

/// A comment on a line of the first submission, and a reviewed pair of it and the second.
async fn remarked(server: &Server) {
    let (db, now) = (Db::connect(&server.database_url()).await.unwrap(), 1);
    let semester = SEMESTER.parse().unwrap();
    let by = people::by_email(&db, &ADMIN.parse().unwrap()).await.unwrap().unwrap().id;
    let all = submissions::recent(&db, &semester, 2).await.unwrap();
    let place = comments::Place { file: "solution.py", line: 1 };
    comments::write(&db, &all[0].id, place, &"Why?".parse().unwrap(), &by, now).await.unwrap();
    copies::ask(&db, &semester, all[0].project, &by, now).await.unwrap();
    let run = copies::claim(&db, now, now + 1).await.unwrap().unwrap();
    let pair = copies::NewPair {
        left: all[0].id.clone(),
        right: all[1].id.clone(),
        left_share: 900,
        right_share: 800,
        matched: 100,
        parts: "[]".to_owned(),
    };
    let found = copies::Found { pairs: vec![pair], unread: 0 };
    let _ = copies::record(&db, &run, &found, now).await.unwrap();
    let pair = copy_pairs::of_run(&db, &run.id).await.unwrap().remove(0);
    assert!(copy_pairs::review(&db, &pair, None, &by, now).await.unwrap());
    db.close().await;
}

fn backup(server: &Server, name: &str) -> PathBuf {
    let folder = server.data().join(name);
    server.admin(&["backup", text(&folder)]);
    folder
}

fn restore(server: &Server, folder: &Path) -> Output {
    server.try_admin(&["restore", text(folder)])
}

fn must_refuse(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it was done");
    assert!(said.contains(why), "`{why}` is not said: {said}");
}

fn must_do(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn csv(server: &Server) -> String {
    server.admin(&["export", "admissions", "--semester", SEMESTER, "--format", "csv"])
}

async fn on(engine: Engine) -> Option<String> {
    match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(postgres::database().await),
    }
}

/// What the database itself says of its tables.
async fn tables_of(t: &Course) -> Vec<String> {
    let mut found: Vec<String> = if t.url.starts_with("sqlite") {
        let mut db = sqlx::SqliteConnection::connect(&t.url).await.unwrap();
        let sql =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        db.fetch_all(sql).await.unwrap().iter().map(|row| row.get(0)).collect()
    } else {
        let mut db = sqlx::PgConnection::connect(&t.url).await.unwrap();
        let sql = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables
            WHERE table_schema = 'public'";
        db.fetch_all(sql).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    // The engine's own list of migrations; a backup carries its digest.
    found.retain(|name| name != "_sqlx_migrations");
    found.sort();
    found
}

#[tokio::test]
async fn no_table_is_forgotten() {
    let mut known: Vec<&str> = TABLES.map(|table| table.name).into();
    known.extend(NOT_KEPT);
    known.sort_unstable();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        assert_eq!(tables_of(&Course::begin(engine).await).await, known);
    }
}

#[tokio::test]
async fn no_reference_is_forgotten_and_rows_come_after_those_that_they_name() {
    let t = Course::begin(Engine::Sqlite).await;
    let mut db = sqlx::SqliteConnection::connect(&t.url).await.unwrap();
    let mut found = Vec::new();
    for table in TABLES {
        let sql = format!(
            "SELECT id, \"table\", \"from\" FROM pragma_foreign_key_list('{}')",
            table.name
        );
        for row in db.fetch_all(sqlx::AssertSqlSafe(sql)).await.unwrap() {
            let (id, target, column): (i64, String, String) = (row.get(0), row.get(1), row.get(2));
            found.push((table.name, id, target, column));
        }
    }
    let known: usize = REFERENCES.iter().map(|reference| reference.columns.len()).sum();
    assert_eq!(found.len(), known);
    let place = |name: &str| TABLES.iter().position(|table| table.name == name).unwrap();
    for (table, _, target, column) in &found {
        let held = REFERENCES.iter().any(|reference| {
            reference.table == *table
                && reference.target == target
                && reference.columns.contains(&column.as_str())
        });
        assert!(held, "{table}.{column} names {target}");
        assert!(place(target) < place(table), "{table} comes before {target}");
    }
}

/// Every row of every table as the backup has it; the two lines of the log that backup and restore
/// themselves leave come after.
fn rows(folder: &Path) -> Vec<(&'static str, Vec<String>)> {
    let lines = |name: &str| -> Vec<String> {
        let path = folder.join("tables").join(format!("{name}.jsonl"));
        std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    };
    TABLES.iter().map(|table| (table.name, lines(table.name))).collect()
}

/// Tables that nothing which these tests do fills.
const EMPTY: [&str; 8] = [
    "acceptances",
    "excuses",
    "extensions",
    "overrides",
    "pauses",
    "regrades",
    "reports",
    "sessions",
];

async fn every_row_comes_back(from: Engine, to: Engine) {
    let server = filled(on(from).await).await;
    let first = backup(&server, "first");
    let target = Server::empty(on(to).await);
    must_do(&restore(&target, &first));
    assert_eq!(csv(&target), csv(&server));
    target.admin(&["verify"]);
    let second = backup(&target, "second");
    for ((name, first), (_, mut second)) in rows(&first).into_iter().zip(rows(&second)) {
        match name {
            "audit" => {
                let own = second.split_off(first.len());
                assert_eq!(own.len(), 2, "the restore and the export: {own:?}");
                assert!(own[0].contains("server.restore"), "{own:?}");
                assert_eq!(first, second, "{name}");
            }
            "audit_head" => assert_ne!(first, second, "{name}"),
            _ => {
                assert_eq!(first, second, "{name}");
                let empty = EMPTY.contains(&name);
                assert_eq!(first.is_empty(), empty, "{name} was to be tried");
            }
        }
    }
}

#[tokio::test]
async fn every_row_comes_back_from_sqlite_into_sqlite() {
    every_row_comes_back(Engine::Sqlite, Engine::Sqlite).await;
}

#[tokio::test]
async fn every_row_comes_back_from_sqlite_into_postgresql() {
    every_row_comes_back(Engine::Sqlite, Engine::Postgres).await;
}

#[tokio::test]
async fn every_row_comes_back_from_postgresql_into_sqlite() {
    every_row_comes_back(Engine::Postgres, Engine::Sqlite).await;
}

#[tokio::test]
async fn a_backup_is_for_its_owner_alone_and_can_be_checked_without_testat() {
    use std::os::unix::fs::PermissionsExt;
    let server = filled(None).await;
    let folder = backup(&server, "backup");
    for place in [folder.clone(), folder.join("tables"), folder.join("archives")] {
        let mode = std::fs::metadata(&place).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", place.display());
    }
    let sums = std::process::Command::new("sha256sum")
        .args(["--check", "manifest.json.sha256"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(sums.status.success(), "{sums:?}");
    assert_eq!(std::fs::read_dir(folder.join("archives")).unwrap().count(), 5);
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let head =
        format!("{}:{}", manifest["audit"]["line"], manifest["audit"]["hash"].as_str().unwrap());
    server.admin(&["audit", "verify", "--known", &head]);
}

#[tokio::test]
async fn a_backup_gets_a_folder_of_its_own() {
    let server = Server::prepared(None);
    let folder = server.data().join("backup");
    std::fs::create_dir(&folder).unwrap();
    server.admin(&["backup", text(&folder)]);
    let again = server.try_admin(&["backup", text(&folder)]);
    must_refuse(&again, "is not empty");
    let nowhere = server.data().join("no/such/folder");
    must_refuse(&server.try_admin(&["backup", text(&nowhere)]), "no/such");
}

#[tokio::test]
async fn only_an_empty_server_is_filled() {
    let server = filled(None).await;
    let folder = backup(&server, "backup");
    must_refuse(&restore(&server, &folder), "the database is not empty: the table `people` has");
    let target = Server::empty(None);
    std::fs::create_dir_all(archives(&target)).unwrap();
    let strange = archives(&target).join("a".repeat(64));
    std::fs::write(&strange, "another server's").unwrap();
    must_refuse(&restore(&target, &folder), "1 archives of another server");
    std::fs::remove_file(strange).unwrap();
    // Some of its own, as a restore that was cut off leaves them, one of them half.
    let own = std::fs::read_dir(folder.join("archives")).unwrap().next().unwrap().unwrap();
    std::fs::write(archives(&target).join(own.file_name()), "half").unwrap();
    must_do(&restore(&target, &folder));
    target.admin(&["verify"]);
    must_refuse(&restore(&target, &folder), "the database is not empty");
}

/// Changes the last byte but one of a file; the last may be the end of a line.
fn change(path: &Path) -> Vec<u8> {
    let kept = std::fs::read(path).unwrap();
    let mut bytes = kept.clone();
    let place = bytes.len() - 2;
    bytes[place] ^= 1;
    std::fs::write(path, bytes).unwrap();
    kept
}

#[tokio::test]
async fn a_changed_or_missing_file_of_a_backup_is_named_and_nothing_is_restored() {
    let server = filled(None).await;
    let folder = backup(&server, "backup");
    let target = Server::empty(None);
    let mut files = vec![folder.join("manifest.json"), folder.join("manifest.json.sha256")];
    for inner in ["tables", "archives"] {
        let entries = std::fs::read_dir(folder.join(inner)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    assert_eq!(files.len(), 2 + TABLES.len() + 5);
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        if std::fs::metadata(&path).unwrap().len() > 0 {
            let kept = change(&path);
            must_refuse(&restore(&target, &folder), name);
            std::fs::write(&path, kept).unwrap();
        }
        let aside = server.data().join("aside");
        std::fs::rename(&path, &aside).unwrap();
        let why = if name == "manifest.json" { "is no backup" } else { name };
        must_refuse(&restore(&target, &folder), why);
        std::fs::rename(&aside, &path).unwrap();
    }
    must_do(&restore(&target, &folder));
    target.admin(&["verify"]);
}

#[tokio::test]
async fn a_backup_of_other_tables_is_refused() {
    let server = Server::prepared(None);
    let folder = backup(&server, "backup");
    let path = folder.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let schema = testat::store::schema().to_string();
    let text = text.replace(&schema, &"0".repeat(64));
    let digest = testat::course::Digest::of(text.as_bytes());
    std::fs::write(folder.join("manifest.json.sha256"), format!("{digest}  manifest.json\n"))
        .unwrap();
    std::fs::write(&path, text).unwrap();
    must_refuse(&restore(&Server::empty(None), &folder), "with other tables than this one has");
}

/// The folder of a backup under way.
fn unfinished(server: &Server) -> Option<PathBuf> {
    let entries = std::fs::read_dir(server.data()).unwrap().map(|entry| entry.unwrap().path());
    let mut found = entries.filter(|path| {
        path.file_name().unwrap().to_string_lossy().starts_with(".testat-backup-unfinished-")
    });
    found.next()
}

/// A pipe in the place of an archive, which nobody writes to: a copy waits there for ever.
fn block(archive: &Path) {
    std::fs::remove_file(archive).unwrap();
    let made = std::process::Command::new("mkfifo").arg(archive).status().unwrap();
    assert!(made.success());
}

#[tokio::test]
async fn a_backup_that_was_cut_off_is_never_taken_for_one() {
    let server = filled(None).await;
    let archive = std::fs::read_dir(archives(&server)).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read(&archive).unwrap();
    block(&archive);
    let folder = server.data().join("backup");
    let mut cut_off = server.command().args(["admin", "backup", text(&folder)]).spawn().unwrap();
    let begun = std::time::Instant::now();
    let half = loop {
        if let Some(half) = unfinished(&server)
            && half.join("tables/audit_head.jsonl").exists()
        {
            break half;
        }
        assert!(begun.elapsed() < crate::server::PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    cut_off.kill().unwrap();
    cut_off.wait().unwrap();
    assert!(!folder.exists());
    let target = Server::empty(None);
    must_refuse(&restore(&target, &half), "is no backup, or one that was not finished");
    std::fs::remove_file(&archive).unwrap();
    std::fs::write(&archive, kept).unwrap();
    server.admin(&["backup", text(&folder)]);
    must_do(&restore(&target, &folder));
    tamper(&target.database_url(), "UPDATE people SET admin = TRUE").await;
    assert_eq!(target.try_admin(&["verify"]).status.code(), Some(1));
}
