//! SIGKILL at a hundred seeded instants, of the server and of its worker, in the midst of uploads,
//! gradings and exports. Says its figures: `make kills`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;

use super::{processes_naming, quick, start_worker, submissions_of};
use crate::server::{ADMIN, PATIENCE, SEMESTER, Server};

/// How often something is killed.
const INSTANTS: usize = 100;
/// How long after the start, at most.
const WINDOW_MS: u64 = 500;
/// Uploads under way at each: of two students, for a project for which neither has anything yet, so
/// that none gives way to a later one.
const UPLOADS: usize = 2;
const PROJECTS: [&str; 7] =
    ["backprop", "regularise", "lif", "plasticity", "snn", "feedback", "continual"];
const STUDENTS: usize = (INSTANTS * UPLOADS).div_ceil(PROJECTS.len());
/// Into the semester, so that all projects are open.
const WEEKS: i64 = 13;

fn enrol(server: &Server) -> Vec<String> {
    let mut roster =
        String::from("family name,first name,Legi number,e-mail,department,level,role\n");
    for n in 0..STUDENTS {
        writeln!(roster, "Student,S{n},20-000-{n:03},s{n}@example.org,D-ITET,MSc,student").unwrap();
    }
    let roster = server.file("students.csv", roster.as_bytes());
    server.admin(&["roster", "import", roster.to_str().unwrap(), "--semester", SEMESTER]);
    (0..STUDENTS).map(|n| server.token(&format!("s{n}@example.org"))).collect()
}

/// What one instant's clients were told.
#[derive(Default)]
struct Told {
    /// Place of the submission and the archive's digest.
    acknowledged: Vec<(String, String)>,
    unanswered: usize,
    exported: usize,
}

async fn upload(url: String, token: String, archive: Vec<u8>) -> Option<(String, String)> {
    let digest = testat::course::Digest::of(&archive).to_string();
    let part = reqwest::multipart::Part::bytes(archive).file_name("submission.tar");
    let form = reqwest::multipart::Form::new().part("archive", part);
    let sent = reqwest::Client::new().post(url).bearer_auth(token).multipart(form).send().await;
    let response = sent.ok()?;
    let status = response.status();
    let place = response.headers().get("location")?.to_str().ok()?.to_owned();
    // Acknowledged is what the client has read to its end.
    response.bytes().await.ok()?;
    assert_eq!(status, StatusCode::CREATED, "{place}");
    let at = place.find("/api/").unwrap();
    Some((place[at..].to_owned(), digest))
}

fn start_pages(server: &mut Server) {
    let mut command = server.command();
    command.env("TESTAT_WORKERS", "0").stderr(Stdio::null());
    server.start_as(command);
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_each_submission_has_one_verdict() {
    let mut random = ChaCha8Rng::seed_from_u64(20_261_124);
    let mut server = Server::with_graders("graders".to_owned(), WEEKS);
    let tokens = enrol(&server);
    let office = server.token(ADMIN);
    let mut told = Told::default();
    let mut killed = BTreeMap::from([("server", 0), ("worker", 0)]);
    start_pages(&mut server);
    let mut worker = start_worker(&server, Stdio::null());
    for instant in 0..INSTANTS {
        let mut clients = JoinSet::new();
        for which in instant * UPLOADS..(instant + 1) * UPLOADS {
            let (token, slug) = (&tokens[which % STUDENTS], PROJECTS[which / STUDENTS]);
            let url = server.url(&submissions_of(slug));
            clients.spawn(upload(url, token.clone(), quick(&which.to_string())));
        }
        let export = server.url(&format!("/api/v1/semesters/{SEMESTER}/admissions"));
        let exporting =
            tokio::spawn(reqwest::Client::new().get(export).bearer_auth(&office).send());
        tokio::time::sleep(Duration::from_millis(random.random_range(0..WINDOW_MS))).await;
        // Both at once now and then: as when the machine goes down.
        let (server_too, worker_too) =
            [(true, false), (false, true), (true, true)][random.random_range(0..3)];
        if server_too {
            server.kill();
            *killed.entry("server").or_default() += 1;
        }
        if worker_too {
            worker.kill().unwrap();
            worker.wait().unwrap();
            *killed.entry("worker").or_default() += 1;
        }
        for answer in clients.join_all().await {
            match answer {
                Some(place) => told.acknowledged.push(place),
                None => told.unanswered += 1,
            }
        }
        told.exported +=
            usize::from(exporting.await.unwrap().is_ok_and(|r| r.status().is_success()));
        if server_too {
            start_pages(&mut server);
        }
        if worker_too {
            worker = start_worker(&server, Stdio::null());
        }
    }
    let graded = all_graded(&server, &tokens).await;
    let lost = lost(&told.acknowledged, &graded);
    let doubled = graded.values().filter(|submission| verdicts(submission) != 1).count();
    println!(
        "{INSTANTS} instants (server killed {} times, worker {}), {} uploads: {} acknowledged, {} cut \
         off of which {} were taken in; lost {}, with another number of verdicts than one {doubled}; \
         {} of {INSTANTS} exports answered",
        killed["server"],
        killed["worker"],
        INSTANTS * UPLOADS,
        told.acknowledged.len(),
        told.unanswered,
        graded.len() - told.acknowledged.len(),
        lost.len(),
        told.exported,
    );
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(doubled, 0);
    assert!(told.acknowledged.len() >= INSTANTS, "the kills left hardly any upload to its end");
    server.admin(&["audit", "verify"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
    nothing_is_left(server, &graded).await;
}

/// Every submission by its place, once nothing waits or runs any more.
async fn all_graded(server: &Server, tokens: &[String]) -> BTreeMap<String, Value> {
    let begun = Instant::now();
    let mut found = BTreeMap::new();
    for (token, slug) in tokens.iter().flat_map(|t| PROJECTS.map(|slug| (t, slug))) {
        for submission in server.get(token, &submissions_of(slug)).await.as_array().unwrap() {
            let place = format!("/api/v1/submissions/{}", submission["id"].as_str().unwrap());
            let done = loop {
                let seen = server.get(token, &place).await;
                let state = seen["gradings"][0]["state"].as_str().unwrap().to_owned();
                assert_ne!(state, "needs_attention", "{seen:#}");
                if !["waiting", "running"].contains(&state.as_str()) {
                    break seen;
                }
                assert!(begun.elapsed() < PATIENCE, "{place} is still {state}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            found.insert(place, done);
        }
    }
    found
}

fn lost(acknowledged: &[(String, String)], graded: &BTreeMap<String, Value>) -> Vec<String> {
    let kept = |(place, digest): &&(String, String)| {
        graded.get(place).is_some_and(|submission| submission["sha256"] == digest.as_str())
    };
    acknowledged.iter().filter(|one| !kept(one)).map(|(place, _)| place.clone()).collect()
}

fn verdicts(submission: &Value) -> usize {
    let gradings = submission["gradings"].as_array().unwrap();
    gradings.iter().filter(|grading| grading["verdict"] == "failed").count()
}

/// Neither processes nor boxes, control groups, mounts, half uploads, or archives that nobody names.
async fn nothing_is_left(mut server: Server, graded: &BTreeMap<String, Value>) {
    let data = server.data().to_owned();
    let blobs = || -> Vec<_> {
        let folder = std::fs::read_dir(data.join("blobs/sha256")).unwrap();
        folder.map(|entry| entry.unwrap().path()).collect()
    };
    for blob in blobs() {
        super::orphans::set_age(&blob, Duration::from_secs(7200));
    }
    server.kill();
    server.start();
    let named: std::collections::BTreeSet<&str> =
        graded.values().map(|submission| submission["sha256"].as_str().unwrap()).collect();
    let begun = Instant::now();
    while blobs().len() > named.len() {
        assert!(begun.elapsed() < PATIENCE, "archives that nobody names stay");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for digest in &named {
        assert!(data.join("blobs/sha256").join(digest).exists(), "{digest} is gone");
    }
    assert_eq!(server.boxes(), 0);
    server.stop();
    assert_eq!(std::fs::read_dir(data.join("incoming")).unwrap().count(), 0);
    let data = data.to_str().unwrap();
    assert_eq!(processes_naming(data), Vec::<String>::new());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(data), "{mounts}");
}
