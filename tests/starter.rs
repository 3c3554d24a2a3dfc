//! Starter kits, as a student has them: downloaded through HTTP, unpacked into an empty folder, tried
//! and graded as their README says.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::app::{ADA, EMMY, SEMESTER, TestApp};
use crate::server::{STUDENT, Server};

fn names(zip: &[u8]) -> Vec<String> {
    let zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    names
}

/// The one folder that is in it.
fn unpack(zip: &[u8], into: &Path) -> PathBuf {
    zip::ZipArchive::new(Cursor::new(zip)).unwrap().extract(into).unwrap();
    let mut folders = fs::read_dir(into).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none(), "more than one folder in {}", into.display());
    folder
}

fn said(output: &Output) -> String {
    let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", of(&output.stdout), of(&output.stderr))
}

/// `python3 -m testat try` in that folder, with its own package and nothing else of ours.
fn try_python(folder: &Path) -> (Option<i32>, String) {
    let output = Command::new("/usr/bin/python3")
        .current_dir(folder)
        .args(["-B", "-m", "testat", "try"])
        .env("OMP_NUM_THREADS", "1")
        .env_remove("PYTHONPATH")
        .output()
        .unwrap();
    (output.status.code(), said(&output))
}

/// `testat grade` of the kit as it is: a verdict, and the start is fine.
fn grade_untouched(slug: &str, folder: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_testat"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["grade", slug, "--seed", "5", "--json"])
        .arg(folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{slug}: {}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "failed");
    let checks = report["checks"].as_array().unwrap();
    let start = checks.iter().find(|check| check["id"] == "start").unwrap();
    assert_eq!(start["passed"], true, "{slug}: {start:#}");
}

/// Every installed project: its slug and its folder.
fn projects() -> Vec<(String, PathBuf)> {
    let graders = Path::new(env!("CARGO_MANIFEST_DIR")).join("graders");
    let projects = testat::grading::graders::projects_in(&[graders]).unwrap();
    projects.into_iter().map(|(project, folder)| (project.slug, folder)).collect()
}

async fn download(server: &Server, token: &str, slug: &str, language: &str) -> Vec<u8> {
    let path = format!("/api/v1/semesters/{SEMESTER}/projects/{slug}/starter/{language}");
    let kit =
        reqwest::Client::new().get(server.url(&path)).bearer_auth(token).send().await.unwrap();
    assert_eq!(kit.status(), 200, "{path}");
    kit.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn only_who_sees_the_project_gets_its_kit_and_once_is_enough() {
    let app = TestApp::started().await;
    let path = format!("/semesters/{SEMESTER}/projects/backprop/starter/python");
    let stranger = app.browser().get(&path).await;
    assert!(!stranger.status().is_success(), "{}", stranger.status());
    let ada = app.signed_in(ADA).await;
    let page = ada.page(&format!("/semesters/{SEMESTER}/projects/backprop")).await;
    assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
    assert!(!page.contains("starter/rust"), "there is none");
    let kit = ada.get(&path).await;
    assert_eq!(kit.headers()["content-type"], "application/zip");
    let named = kit.headers()["content-disposition"].to_str().unwrap();
    assert_eq!(named, "attachment; filename=\"backprop-python.zip\"");
    let tag = kit.headers()["etag"].to_str().unwrap().to_owned();
    let bytes = kit.bytes().await.unwrap();
    let files = ["README.md", "handout.html", "handout.md", "solution.py"];
    assert_eq!(names(&bytes), files.map(|name| format!("backprop-python/{name}")));
    let again = ada.client.get(app.url(&path)).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap().len()), (304, 0));
    for missing in ["starter/rust", "starter/cobol"] {
        let path = format!("/semesters/{SEMESTER}/projects/backprop/{missing}");
        assert_eq!(ada.get(&path).await.status(), 404, "{missing}");
    }
    let api = app.url(&format!("/api/v1{path}"));
    assert_eq!(reqwest::get(&api).await.unwrap().status(), 401);
    let token = app.token(EMMY).await;
    let by_program = reqwest::Client::new().get(&api).bearer_auth(token).send().await.unwrap();
    assert_eq!(by_program.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn the_hand_out_in_a_kit_is_a_page_that_needs_nothing_else() {
    let app = TestApp::started().await;
    let path = format!("/semesters/{SEMESTER}/projects/backprop/starter/python");
    let kit = app.signed_in(ADA).await.get(&path).await.bytes().await.unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(&kit[..])).unwrap();
    let mut page = String::new();
    zip.by_name("backprop-python/handout.html").unwrap().read_to_string(&mut page).unwrap();
    assert!(page.contains("<h2 id=\"grads\">") && page.contains("<style>"), "{page}");
    assert!(page.contains("<title>Project 1: Backpropagation from scratch</title>"));
    for outside in ["<script", "<link", "src=", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn every_kit_in_python_runs_as_its_readme_says() {
    let mut server = Server::prepared(None);
    server.start();
    let token = server.token(STUDENT);
    for (slug, grader) in projects() {
        let kit = download(&server, &token, &slug, "python").await;
        assert!(kit.len() < 1 << 20, "{slug}: {} bytes", kit.len());
        let empty = tempfile::tempdir().unwrap();
        let folder = unpack(&kit, empty.path());
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(readme.contains("python3 -m testat try"), "{readme}");
        assert!(readme.contains(&format!("testat grade {slug} .")), "{readme}");
        let (code, words) = try_python(&folder);
        assert_eq!(code, Some(1), "{slug}: {words}");
        assert!(words.contains("WRONG") && words.contains("solution.py, line"), "{slug}: {words}");
        grade_untouched(&slug, &folder);
        let reference = grader.join("reference/python/solution.py");
        fs::copy(reference, folder.join("solution.py")).unwrap();
        let (code, words) = try_python(&folder);
        assert_eq!(code, Some(0), "{slug}: {words}");
    }
}

/// `cargo run -- try` in that folder; the kits share what `cargo` built of their crates.
fn try_rust(folder: &Path) -> (Option<i32>, String) {
    let output = Command::new("cargo")
        .current_dir(folder)
        .args(["run", "--quiet", "--", "try"])
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("starter"))
        .output()
        .unwrap();
    (output.status.code(), said(&output))
}

#[tokio::test]
async fn every_kit_in_rust_runs_as_its_readme_says() {
    let mut server = Server::prepared(None);
    server.start();
    let token = server.token(STUDENT);
    for (slug, grader) in projects() {
        let kit = download(&server, &token, &slug, "rust").await;
        let empty = tempfile::tempdir().unwrap();
        let folder = unpack(&kit, empty.path());
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        for words in ["cargo run --release -- try", "`ndarray` 0.17", "`safetensors` 0.8"] {
            assert!(readme.contains(words), "{slug}: {readme}");
        }
        let (code, words) = try_rust(&folder);
        assert_eq!(code, Some(1), "{slug}: {words}");
        assert!(words.contains("WRONG") && words.contains("is not written yet"), "{slug}: {words}");
        grade_untouched(&slug, &folder);
        let reference = grader.join("reference/rust/src/solution.rs");
        fs::copy(reference, folder.join("src/solution.rs")).unwrap();
        let (code, words) = try_rust(&folder);
        assert_eq!(code, Some(0), "{slug}: {words}");
    }
}

#[test]
fn the_command_writes_the_kit_that_is_downloaded() {
    let empty = tempfile::tempdir().unwrap();
    let written = Command::new(env!("CARGO_BIN_EXE_testat"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["starter", "backprop", "--lang", "rust", "--out"])
        .arg(empty.path())
        .output()
        .unwrap();
    assert!(written.status.success(), "{}", said(&written));
    let kit = fs::read(empty.path().join("backprop-rust.zip")).unwrap();
    assert!(names(&kit).contains(&"backprop-rust/src/solution.rs".to_owned()));
}
