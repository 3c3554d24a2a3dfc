//! An archive that is lost, or whose bytes have changed: found, named, and never graded as another.

use std::path::PathBuf;

use serde_json::Value;
use testat::store::{Db, queue};

use super::{archives, must_do, must_refuse, restore, text};
use crate::server::{ADMIN, STUDENT, Server};

const PASSWORD: &str = "correct horse battery";

/// A server that has taken in one archive and graded nothing yet; the archive's file and the
/// submission's address.
async fn with_one(database: Option<String>, token: &mut String) -> (Server, PathBuf, String) {
    let mut server = Server::prepared(database);
    let mut command = server.command();
    command.env("TESTAT_WORKERS", "0");
    server.start_as(command);
    *token = server.token(STUDENT);
    let bytes = b"def forward(*a):\n    return 1\n".to_vec();
    let response = server.upload("backprop", token, "solution.py", bytes).await;
    assert_eq!(response.status(), 201);
    let place = response.headers()["location"].to_str().unwrap().to_owned();
    assert!(server.stop().success());
    let file = std::fs::read_dir(archives(&server)).unwrap().next().unwrap().unwrap().path();
    (server, file, place)
}

/// What the admin's overview says.
async fn overview(server: &Server) -> String {
    let said = server.admin(&["person", "invite", ADMIN]);
    let link = said.trim().rsplit(' ').next().unwrap();
    let path = &link[link.find("/welcome/").unwrap()..];
    let browser = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let welcome = browser
        .post(server.url(path))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("password={PASSWORD}&again={PASSWORD}").replace(' ', "+"));
    assert!(welcome.send().await.unwrap().status().is_success());
    browser.get(server.url("/admin")).send().await.unwrap().text().await.unwrap()
}

async fn found_and_named(damage: impl Fn(&PathBuf), found: &str) {
    found_and_named_on(None, &damage, found).await;
    found_and_named_on(Some(crate::postgres::database().await), &damage, found).await;
}

async fn found_and_named_on(database: Option<String>, damage: &impl Fn(&PathBuf), found: &str) {
    let mut token = String::new();
    let (mut server, file, place) = with_one(database, &mut token).await;
    let kept = std::fs::read(&file).unwrap();
    damage(&file);
    let digest = file.file_name().unwrap().to_str().unwrap().to_owned();
    let id = place.rsplit('/').next().unwrap().to_owned();

    server.start();
    let grading = server.graded(&token, &place).await;
    assert_eq!(grading["state"], "needs_attention", "{grading:#}");
    assert_eq!((&grading["verdict"], &grading["report"]), (&Value::Null, &Value::Null));
    let db = Db::connect(&server.database_url()).await.unwrap();
    let stuck = queue::stuck(&db, 9).await.unwrap();
    assert_eq!(stuck.len(), 1);
    let fault = stuck[0].fault.clone().unwrap();
    for part in [&id, &digest, found] {
        assert!(fault.contains(part), "`{part}` is not in `{fault}`");
    }
    let page = overview(&server).await;
    assert!(page.contains("1 need attention") && page.contains(&digest), "{page}");

    let verified = server.try_admin(&["verify"]);
    assert_eq!(verified.status.code(), Some(1));
    let said = String::from_utf8(verified.stdout).unwrap();
    assert!(said.contains(&format!("WRONG  submission {id}")) && said.contains(&digest), "{said}");

    let folder = server.data().join("backup");
    let refused = server.try_admin(&["backup", text(&folder)]);
    must_refuse(&refused, "no backup was made");
    must_refuse(&refused, &digest);
    assert!(!folder.exists());
    server.admin(&["backup", text(&folder), "--allow-damaged"]);
    let target = Server::empty(None);
    let restored = restore(&target, &folder);
    must_do(&restored);
    assert!(String::from_utf8(restored.stdout).unwrap().contains(&digest));
    assert_eq!(target.try_admin(&["verify"]).status.code(), Some(1), "it is still lost there");

    // With the archive back, the submission is graded as if nothing had been.
    std::fs::write(&file, kept).unwrap();
    let admin =
        testat::store::people::by_email(&db, &ADMIN.parse().unwrap()).await.unwrap().unwrap();
    let why = "The archive is back.".parse().unwrap();
    let now = testat::clock::Clock.now();
    queue::regrade(&db, &id.parse().unwrap(), &why, &admin.id, now).await.unwrap();
    assert_eq!(server.graded(&token, &place).await["verdict"], "failed");
    server.admin(&["verify"]);
}

#[tokio::test]
async fn a_lost_archive_is_found_and_named() {
    found_and_named(|file| std::fs::remove_file(file).unwrap(), "there is no blob").await;
}

#[tokio::test]
async fn a_changed_archive_is_found_and_named() {
    let other = b"def forward(*a):\n    return 2\n";
    let found = testat::course::Digest::of(other).to_string();
    found_and_named(|file| std::fs::write(file, other).unwrap(), &found).await;
}

#[tokio::test]
async fn a_cut_archive_is_found_and_named() {
    let cut = |file: &PathBuf| {
        let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
        file.set_len(0).unwrap();
    };
    found_and_named(cut, &testat::course::Digest::of(b"").to_string()).await;
}
