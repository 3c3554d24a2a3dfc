//! `testat graders`: every installed grader tried on its own solutions, through the command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use testat::commands::graders::Verification;
use testat::course::Language;
use testat::grading::graders::Project;
use testat::grading::{graders, solutions::Sort, trial::Outcome};

use crate::server::{grader_folder, pack};

/// Wrong solutions of each check that are tried here; `testat graders verify` tries all of them.
const WRONG_EACH: &str = "2";

fn testat(arguments: &[&str], folder: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testat"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    if let Some(folder) = folder {
        command.env("TESTAT_GRADERS", folder);
    }
    command.output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn all() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("graders")
}

fn installed() -> Vec<Project> {
    graders::projects(&[all()]).unwrap()
}

fn verification(output: &Output) -> Verification {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{fault}: {output:?}"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Project 1 with its reference in Python and none of its wrong solutions.
fn bare_grader(folders: &Path) -> PathBuf {
    let folder = folders.join("1-backprop");
    copy(&grader_folder().join("reference/python"), &folder.join("reference/python"));
    for file in ["project.toml", "handout.md"] {
        std::fs::copy(grader_folder().join(file), folder.join(file)).unwrap();
    }
    folder
}

#[test]
fn a_right_solution_among_the_wrong_and_a_fault_under_another_checks_name_end_with_1() {
    let folders = tempfile::tempdir().unwrap();
    let folder = bare_grader(folders.path());
    copy(&grader_folder().join("reference/python"), &folder.join("wrong/grads/nothing-wrong"));
    copy(&grader_folder().join("wrong/sgd/no-momentum"), &folder.join("wrong/loss/no-momentum"));
    let arguments = ["graders", "verify", "--seeds", "1"];
    let output = testat(&arguments, Some(folders.path()));
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    for line in [
        "| 1. Backpropagation from scratch | 1 | 0 | 1 | 1 | 0 | - |",
        "- `backprop` wrong/grads/nothing-wrong, seed 1: passed",
        "- `backprop` wrong/loss/no-momentum, seed 1: failed by `sgd`",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
}

#[test]
fn a_harness_that_breaks_is_a_fault_and_ends_with_3() {
    let folders = tempfile::tempdir().unwrap();
    let rules = bare_grader(folders.path()).join("project.toml");
    let text = std::fs::read_to_string(&rules).unwrap();
    // A program of ours that is no harness.
    std::fs::write(&rules, text.replace("testat-grader-backprop", "testat")).unwrap();
    let output = testat(&["graders", "verify", "--seeds", "1", "--json"], Some(folders.path()));
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    let found = verification(&output);
    assert_eq!(found.graders[0].confusion.faults, 1);
    assert!(
        matches!(&found.graders[0].trials[0].outcome, Outcome::Fault { fault } if fault.contains("harness"))
    );
}

#[test]
fn wrong_use_ends_with_2_and_a_folder_that_names_no_check_is_named() {
    let output = testat(&["graders", "verify", "--project", "nonsense"], None);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no project `nonsense`; there are backprop"));
    let folders = tempfile::tempdir().unwrap();
    let folder = bare_grader(folders.path());
    copy(
        &grader_folder().join("wrong/sgd/no-momentum"),
        &folder.join("wrong/nonsense/no-momentum"),
    );
    let output = testat(&["graders", "verify"], Some(folders.path()));
    assert_eq!(output.status.code(), Some(3));
    assert!(errors(&output).contains("wrong/nonsense: is not the name of a check"));
}

#[test]
fn the_list_has_every_installed_grader() {
    let output = testat(&["graders", "list"], None);
    assert!(output.status.success(), "{}", errors(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), installed().len());
    for (line, project) in lines.iter().zip(installed()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..2], [project.number.to_string().as_str(), project.slug.as_str()]);
        assert!(line.contains(&project.title), "{line}");
        assert!(line.ends_with(&format!("graders/{}-{}", project.number, project.slug)), "{line}");
    }
}

#[test]
fn every_reference_passes_and_every_wrong_solution_fails_by_the_check_that_its_folder_names() {
    let arguments = ["graders", "verify", "--seeds", "1", "--wrong-each", WRONG_EACH, "--json"];
    let output = testat(&arguments, None);
    let found = verification(&output);
    let misses: Vec<_> = found.graders.iter().flat_map(|g| &g.misses).collect();
    assert_eq!(output.status.code(), Some(0), "{misses:#?}\n{}", errors(&output));
    assert_eq!(found.graders.len(), installed().len());
    for grader in &found.graders {
        let mut right = Vec::new();
        for trial in &grader.trials {
            let Outcome::Graded(graded) = &trial.outcome else { panic!("{trial:?}") };
            match &trial.solution {
                Sort::Right { language } => {
                    assert!(graded.checks.iter().all(|check| check.passed), "{trial:?}");
                    right.push(*language);
                }
                Sort::Wrong { check, .. } => {
                    assert!(graded.checks.iter().any(|c| c.id == *check && !c.passed), "{trial:?}");
                }
            }
        }
        assert_eq!(right, [Language::Python, Language::Rust], "{}", grader.slug);
        // A check that no wrong solution must fail could be one that nothing fails.
        for margins in grader.margins.iter().filter(|margins| margins.id != "start") {
            assert!(margins.wrong_solutions > 0, "{}: nothing tries `{}`", grader.slug, margins.id);
        }
    }
}

#[test]
fn two_students_reports_for_one_archive_and_one_seed_are_equal_but_for_what_they_used() {
    for project in installed() {
        let folder = all().join(format!("{}-{}", project.number, project.slug));
        for language in ["python", "rust"] {
            let archive = pack(&folder.join("reference").join(language));
            let place = tempfile::tempdir().unwrap();
            let reports = ["ada.tar", "charles-final-2.tar"].map(|name| {
                let path = place.path().join(name);
                std::fs::write(&path, &archive).unwrap();
                let path = path.display().to_string();
                let output =
                    testat(&["grade", &project.slug, &path, "--seed", "11", "--json"], None);
                assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
                let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
                assert!(report.as_object_mut().unwrap().remove("usage").is_some());
                serde_json::to_string_pretty(&report).unwrap()
            });
            assert_eq!(reports[0], reports[1], "{} in {language}", project.slug);
        }
    }
}
