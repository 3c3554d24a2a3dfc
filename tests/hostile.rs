//! Programs that misbehave, each graded for real: it fails for the true reason, in time, leaves
//! nothing, and the next grading is untouched.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::grader_folder;

fn submissions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/submissions")
}

/// Project 1 with limits that a test can wait for.
fn impatient_graders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("1-backprop");
    std::fs::create_dir(&project).unwrap();
    let text = std::fs::read_to_string(grader_folder().join("project.toml")).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    let limits = table["limits"].as_table_mut().unwrap();
    for (key, value) in
        [("cpu_s", 6), ("wall_s", 12), ("memory_mib", 256), ("scratch_mib", 32), ("request_s", 3)]
    {
        limits.insert(key.to_owned(), toml::Value::Integer(value));
    }
    std::fs::write(project.join("project.toml"), table.to_string()).unwrap();
    std::fs::copy(grader_folder().join("handout.md"), project.join("handout.md")).unwrap();
    folder
}

struct Graded {
    code: i32,
    report: Value,
    boxes: tempfile::TempDir,
}

fn grade(graders: &Path, solution: &Path) -> Graded {
    use std::os::unix::fs::PermissionsExt;
    let boxes = tempfile::tempdir().unwrap();
    std::fs::set_permissions(boxes.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_testat"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("TESTAT_GRADERS", graders)
        .env("TESTAT_BOX_DIR", boxes.path())
        .args(["grade", "backprop", "--seed", "7", "--json"])
        .arg(solution)
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| {
        panic!("{fault}: exit {code}, {}", String::from_utf8_lossy(&output.stderr))
    });
    Graded { code, report, boxes }
}

/// Files below the box folder other than the shelf of harness programs.
fn left_in(boxes: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(boxes).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| !path.ends_with("harness")).collect()
}

fn misbehaves(name: &str) {
    let graders = impatient_graders();
    let folder = submissions().join(name);
    let begun = Instant::now();
    let graded = grade(graders.path(), &folder);
    assert!(begun.elapsed() < Duration::from_secs(60), "took {:?}", begun.elapsed());
    assert_eq!(graded.code, 1, "{:#}", graded.report);
    assert_eq!(graded.report["verdict"], "failed");
    let expected = std::fs::read_to_string(folder.join("expect.txt")).unwrap();
    let checks = graded.report["checks"].as_array().unwrap();
    let forward = checks.iter().find(|check| check["id"] == "forward").unwrap();
    assert_eq!(forward["passed"], false);
    let message = forward["message"].as_str().unwrap();
    let named = expected.trim().split('|').any(|words| message.contains(words));
    assert!(named, "`{message}` says none of `{}`", expected.trim());
    assert_eq!(left_in(graded.boxes.path()), Vec::<PathBuf>::new());
    if name == "plants_a_marker" {
        let again = grade(graders.path(), &folder);
        assert!(
            again.report["checks"].to_string().contains("no marker of an earlier run"),
            "{:#}",
            again.report
        );
    }
}

macro_rules! each_misbehaves {
    ($($name:ident),+ $(,)?) => {
        $(#[test] fn $name() { misbehaves(stringify!($name)); })+

        #[test]
        fn every_submission_that_misbehaves_has_its_test() {
            let tested = [$(stringify!($name)),+];
            for entry in std::fs::read_dir(submissions()).unwrap() {
                let name = entry.unwrap().file_name();
                assert!(tested.contains(&name.to_str().unwrap()), "{name:?} is not tested");
            }
        }
    };
}

each_misbehaves!(
    allocates,
    announces_4_gib,
    closes_its_pipes,
    crashes,
    drips,
    fills_the_disk,
    floods,
    forks,
    kills_all_it_can,
    leaves_a_daemon,
    loops,
    opens_the_network,
    plants_a_marker,
    reads_the_host,
    sleeps,
);

#[test]
fn an_honest_grading_after_a_hostile_one_is_untouched_and_repeatable() {
    let graders = grader_folder().parent().unwrap().to_owned();
    let honest = grader_folder().join("reference/python");
    let before = grade(&graders, &honest);
    let impatient = impatient_graders();
    grade(impatient.path(), &submissions().join("plants_a_marker"));
    let after = grade(&graders, &honest);
    assert_eq!(before.code, 0, "{:#}", before.report);
    assert_eq!(after.report["verdict"], "passed");
    assert_eq!(
        before.report["checks"], after.report["checks"],
        "the same seed measures the same values"
    );
    assert_eq!(before.report["figures"], after.report["figures"]);
}
