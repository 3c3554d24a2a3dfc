//! The server attacks itself: `testat doctor` says what came of it, and while an attack succeeds
//! nothing is taken in and nothing graded.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{ADMIN, PATIENCE, STUDENT, Server, grader_folder, pack};

/// An attack that succeeds anywhere: it reaches what every program may.
const SUCCEEDS: &str = r#"
tries = "A file that it may write"
ends = "refused"
program = '''
with open("/tmp/mine", "w") as file:
    file.write("mine")
print("reached: /tmp/mine")
print("refused")
'''
"#;

/// A folder with one more attack.
fn one_more(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("writes_a_file.toml"), text).unwrap();
    folder
}

fn doctor(more: Option<&tempfile::TempDir>) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testat"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("doctor");
    if let Some(folder) = more {
        command.env("TESTAT_SELF_ATTACKS", folder.path());
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = [stdout, stderr].concat();
    let said = String::from_utf8(said).unwrap();
    (status.code().unwrap(), said)
}

#[test]
fn doctor_attacks_and_every_attack_is_held() {
    let begun = Instant::now();
    let (code, said) = doctor(None);
    assert_eq!(code, 0, "{said}");
    let held = said.lines().filter(|line| line.starts_with("held ")).count();
    assert!((10..=20).contains(&held), "{said}");
    for attack in ["network", "host files", "memory without end", "persistence", "descriptors"] {
        assert!(said.contains(&format!("attack by {attack}: ")), "{attack}: {said}");
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "took {:?}", begun.elapsed());
}

#[test]
fn doctor_names_an_attack_that_succeeds() {
    let (code, said) = doctor(Some(&one_more(SUCCEEDS)));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("NOT HELD attack by writes a file: it got through: /tmp/mine"), "{said}");
}

#[test]
fn an_attack_that_breaks_down_has_shown_nothing() {
    let broken = "tries = \"\"\nends = \"refused\"\nprogram = 'raise SystemExit(3)'\n";
    let (code, said) = doctor(Some(&one_more(broken)));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("NOT HELD attack by writes a file: it did not end as it must"), "{said}");
}

#[test]
fn an_attack_that_is_none_is_refused_by_its_name() {
    let (code, said) = doctor(Some(&one_more("tries = 3")));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("writes_a_file.toml"), "{said}");
}

/// What the API says once the attacks have ended.
async fn health(server: &Server) -> Value {
    let token = server.token(ADMIN);
    let begun = Instant::now();
    loop {
        let health = server.get(&token, "/api/v1/health").await;
        if health["self_attack"]["state"] != "running" {
            return health;
        }
        assert!(begun.elapsed() < PATIENCE, "{health:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_server_whose_own_attack_succeeds_takes_nothing_in() {
    let more = one_more(SUCCEEDS);
    let mut server = Server::prepared(None);
    let reference = grader_folder().join("reference/python");
    let mut command = server.command();
    command.env("TESTAT_SELF_ATTACKS", more.path());
    server.start_as(command);
    let health = health(&server).await;
    assert_eq!(health["self_attack"]["state"], "got_through", "{health:#}");
    assert_eq!(health["takes_uploads"], false);

    let student = server.token(STUDENT);
    let refused = server.upload("backprop", &student, "a.tar", pack(&reference)).await;
    assert_eq!(refused.status(), 503);
    let text = refused.text().await.unwrap();
    assert!(text.contains("can't grade programs safely"), "{text}");
    assert!(!text.contains("/tmp/mine"), "students are not told how: {text}");

    let browser = server.signed_in(ADMIN).await;
    let page = browser.get(server.url("/admin")).send().await.unwrap().text().await.unwrap();
    for words in ["was not held", "it got through: &#x2F;tmp&#x2F;mine", "writes a file"] {
        let plain = words.replace("&#x2F;", "/");
        assert!(page.contains(words) || page.contains(&plain), "{words}: {page}");
    }

    // Mended, and started anew.
    server.kill();
    server.start();
    let place = server.submit(&student, &reference).await;
    let grading = server.graded(&student, &place).await;
    assert_eq!(grading["verdict"], "passed", "{grading:#}");
}

#[tokio::test]
async fn pages_without_workers_follow_what_the_workers_attacks_find() {
    let more = one_more(SUCCEEDS);
    let mut server = Server::prepared(None);
    let mut pages = server.command();
    pages.env("TESTAT_WORKERS", "0");
    server.start_as(pages);
    assert_eq!(health(&server).await["self_attack"]["state"], "not_run");

    let mut broken = server.command();
    broken.arg("worker").env("TESTAT_SELF_ATTACKS", more.path());
    let mut broken = broken.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let unsafe_ = until(&server, "got_through").await;
    assert_eq!(unsafe_["takes_uploads"], false);
    let attacks = unsafe_["self_attack"]["attacks"].as_array().unwrap().clone();
    assert!(
        attacks.iter().any(|one| one["name"].as_str().unwrap().starts_with("writes a file on "))
    );
    let student = server.token(STUDENT);
    let archive = pack(&grader_folder().join("reference/python"));
    let refused = server.upload("backprop", &student, "a.tar", archive).await;
    assert_eq!(refused.status(), 503);
    broken.kill().unwrap();
    broken.wait().unwrap();

    let mut mended = server.command();
    let mut mended =
        mended.arg("worker").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(until(&server, "held").await["takes_uploads"], true);
    mended.kill().unwrap();
    mended.wait().unwrap();
}

/// What the API says once the attacks came out like this.
async fn until(server: &Server, state: &str) -> Value {
    let token = server.token(ADMIN);
    let begun = Instant::now();
    loop {
        let health = server.get(&token, "/api/v1/health").await;
        if health["self_attack"]["state"] == state {
            return health;
        }
        assert!(begun.elapsed() < PATIENCE, "{health:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn health_is_for_admins_and_names_every_attack() {
    let server = Server::started(None);
    let health = health(&server).await;
    assert_eq!(health["self_attack"]["state"], "held", "{health:#}");
    assert_eq!(health["takes_uploads"], true);
    assert!(health["self_attack"]["attacks"].as_array().unwrap().len() >= 10);
    let student = server.token(STUDENT);
    let asked = reqwest::Client::new().get(server.url("/api/v1/health")).bearer_auth(student);
    assert_eq!(asked.send().await.unwrap().status(), 403);
    let browser = server.signed_in(ADMIN).await;
    let page = browser.get(server.url("/admin")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("All were held") && page.contains("memory without end"), "{page}");
}
