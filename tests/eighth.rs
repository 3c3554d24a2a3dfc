//! An eighth project is a folder: one from outside the repository, its harness built against the kit,
//! found by `TESTAT_GRADERS`, handed in to and graded through HTTP.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{STUDENT, Server};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// As `docs/new-project.md` says, with what cargo has at hand already.
fn build_harness(folder: &Path) {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let kit = root().join("graders/kit").display().to_string();
    fs::write(&manifest, text.replace("/path/to/testat/graders/kit", &kit)).unwrap();
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("eighth");
    let built = Command::new("cargo")
        .current_dir(folder)
        .args(["build", "--offline", "--quiet", "--target-dir"])
        .arg(&target)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let program = "testat-grader-parity";
    fs::create_dir(folder.join("bin")).unwrap();
    fs::copy(target.join("debug").join(program), folder.join("bin").join(program)).unwrap();
}

#[tokio::test]
async fn an_eighth_project_is_a_folder_outside_the_repository() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("8-parity");
    copy(&root().join("tests/eighth/8-parity"), &folder);
    build_harness(&folder);
    let graders = format!("{}:{}", root().join("graders").display(), elsewhere.path().display());
    let mut server = Server::with_graders(graders, 14);
    server.start();
    let token = server.token(STUDENT);
    for (solution, verdict, said) in [
        ("reference/python", "passed", "all 20 answers are right"),
        ("wrong/parity/always-even", "failed", "answers are wrong"),
        ("starter/python", "failed", "parity is not written yet"),
        ("reference/rust", "passed", "all 20 answers are right"),
    ] {
        let place = server.submit_to("parity", &token, &folder.join(solution)).await;
        let grading = server.graded(&token, &place).await;
        assert_eq!(grading["verdict"], verdict, "{solution}: {grading:#}");
        let checks = grading["report"]["checks"].as_array().unwrap();
        let last = checks.last().unwrap();
        assert!(last["id"] == "parity" && last["message"].to_string().contains(said), "{last:#}");
    }
    let kit = server.url("/api/v1/semesters/HS2026/projects/parity/starter/rust");
    let kit = reqwest::Client::new().get(kit).bearer_auth(&token).send().await.unwrap();
    assert_eq!(kit.status(), 200);
}

#[test]
fn a_number_that_leaves_a_gap_is_refused_when_a_semester_is_made() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("9-parity");
    fs::create_dir(&folder).unwrap();
    let text = fs::read_to_string(root().join("tests/eighth/8-parity/project.toml")).unwrap();
    fs::write(folder.join("project.toml"), text.replace("number = 8", "number = 9")).unwrap();
    let variables =
        [("TESTAT_GRADERS".to_owned(), elsewhere.path().to_string_lossy().into_owned())];
    let config = testat::config::Config::from(Path::new("/none.toml"), variables.into_iter());
    let refused = testat::commands::admin::semester::course_projects(&config.unwrap()).unwrap_err();
    assert!(refused.to_string().contains("there is no project 8"), "{refused}");
}
