//! The whole line: over HTTP to a verdict in the real sandbox, and through a kill.

use std::path::PathBuf;

use crate::server::{ADMIN, SEMESTER, STUDENT, Server, grader_folder};

/// Each wrong solution, beside the check that its folder names.
fn wrong_solutions() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for check in std::fs::read_dir(grader_folder().join("wrong")).unwrap() {
        let check = check.unwrap();
        for solution in std::fs::read_dir(check.path()).unwrap() {
            found
                .push((check.file_name().to_string_lossy().into_owned(), solution.unwrap().path()));
        }
    }
    assert!(found.len() >= 12, "only {} wrong solutions found", found.len());
    found.sort();
    found
}

async fn reference_solutions_pass(database: Option<String>) {
    let server = Server::started(database);
    let token = server.token(STUDENT);
    for language in ["python", "rust"] {
        let place = server.submit(&token, &grader_folder().join("reference").join(language)).await;
        let grading = server.graded(&token, &place).await;
        assert_eq!(grading["verdict"], "passed", "{language}: {grading:#}");
        assert_eq!(grading["report"]["language"], language);
        assert_eq!(grading["report"]["seed"].as_str().unwrap().len(), 64);
    }
    let admin = server.token(ADMIN);
    let listed = server.get(&admin, &format!("/api/v1/semesters/{SEMESTER}/admissions")).await;
    let rows = listed["students"].as_array().unwrap_or_else(|| panic!("{listed:#}"));
    let ada = rows.iter().find(|row| row["legi"] == "12-345-674").unwrap();
    assert_eq!(ada["passed"], 1);
}

#[tokio::test]
async fn reference_solutions_pass_and_count() {
    reference_solutions_pass(None).await;
}

#[tokio::test]
async fn reference_solutions_pass_and_count_on_postgresql() {
    reference_solutions_pass(Some(crate::postgres::database().await)).await;
}

#[tokio::test]
async fn each_wrong_solution_fails_by_the_check_that_its_folder_names() {
    let server = Server::started(None);
    let token = server.token(STUDENT);
    for (check, folder) in wrong_solutions() {
        let place = server.submit(&token, &folder).await;
        let grading = server.graded(&token, &place).await;
        assert_eq!(grading["verdict"], "failed", "{}", folder.display());
        let checks = grading["report"]["checks"].as_array().unwrap();
        let named = checks.iter().find(|c| c["id"] == check.as_str()).unwrap();
        assert_eq!(named["passed"], false, "{}: {checks:#?}", folder.display());
    }
}

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_grading_ends_it_with_one_verdict() {
    let mut server = Server::started(None);
    let token = server.token(STUDENT);
    let place = server.submit(&token, &grader_folder().join("reference/python")).await;
    loop {
        let submission = server.get(&token, &place).await;
        let state = submission["gradings"][0]["state"].as_str().unwrap().to_owned();
        assert_ne!(state, "done", "the grading was over before the kill");
        if state == "running" {
            break;
        }
    }
    server.kill();
    server.start();
    assert_eq!(server.boxes(), 0, "what the killed one had unpacked is gone");
    let grading = server.graded(&token, &place).await;
    assert_eq!(grading["verdict"], "passed", "{grading:#}");
    let submission = server.get(&token, &place).await;
    assert_eq!(submission["gradings"].as_array().unwrap().len(), 1, "one grading, one verdict");
}

#[tokio::test]
async fn sigterm_ends_the_server_without_losing_what_waits() {
    let mut server = Server::started(None);
    let token = server.token(STUDENT);
    let place = server.submit(&token, &grader_folder().join("reference/python")).await;
    assert!(server.stop().success());
    server.start();
    assert_eq!(server.graded(&token, &place).await["verdict"], "passed");
}

#[tokio::test]
async fn the_exported_list_is_what_the_api_shows() {
    let server = Server::started(None);
    let admin = server.token(ADMIN);
    let shown = server.get(&admin, &format!("/api/v1/semesters/{SEMESTER}/admissions")).await;
    let csv = server.admin(&["export", "admissions", "--semester", SEMESTER, "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let shown = shown["students"].as_array().unwrap();
    assert_eq!(rows.len(), shown.len());
    for (row, shown) in rows.iter().zip(shown) {
        assert_eq!(&row[0], shown["legi"].as_str().unwrap());
    }
}
