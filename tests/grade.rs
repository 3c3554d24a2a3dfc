//! `testat grade`: exit codes, and the report on stdout.

use std::process::{Command, Output};

use serde_json::Value;

use crate::server::grader_folder;

fn grade(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testat"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("grade").args(arguments);
    command.envs(variables.iter().copied()).output().unwrap()
}

fn folder(name: &str) -> String {
    grader_folder().join(name).display().to_string()
}

#[test]
fn wrong_use_exits_2_and_says_what() {
    let reference = folder("reference/python");
    for (arguments, words) in [
        (vec!["nonsense", &reference], "no project `nonsense`; there are backprop"),
        (vec!["backprop", "/nowhere"], "/nowhere"),
        (vec!["backprop", &reference, "--seed", "abc"], "a whole number or 64 hexadecimal digits"),
        (vec!["backprop", &folder("handout.md")], "handout.md"),
    ] {
        let output = grade(&arguments, &[]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
    }
}

#[test]
fn our_fault_exits_3_and_names_the_command_that_mends_it() {
    let empty = tempfile::tempdir().unwrap();
    let runtime = empty.path().display().to_string();
    let output =
        grade(&["backprop", &folder("reference/python")], &[("TESTAT_RUNTIME_DIR", &runtime)]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("testat runtime build"), "{errors}");
}

#[test]
fn a_pass_exits_0_a_failure_1_and_stdout_has_the_report_alone() {
    for (solution, code, verdict) in
        [("reference/python", 0, "passed"), ("starter/python", 1, "failed")]
    {
        let output = grade(&["backprop", &folder(solution), "--seed", "3", "--json"], &[]);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["verdict"], verdict);
        assert_eq!(report["grader"]["slug"], "backprop");
        assert_eq!(report["seed"], format!("03{}", "0".repeat(62)));
        for field in ["id", "passed", "value", "comparison", "threshold", "message"] {
            assert!(report["checks"][0].get(field).is_some(), "{field}");
        }
        for field in ["cpu_ms", "wall_ms", "peak_memory_bytes", "phases"] {
            assert!(report["usage"].get(field).is_some(), "{field}");
        }
        assert!(report["log"].is_string() && report["figures"].is_array());
    }
}

#[test]
fn the_starter_kit_in_rust_builds_and_fails_for_a_good_reason() {
    let output = grade(&["backprop", &folder("starter/rust"), "--seed", "3", "--json"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let passed: Vec<&str> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["passed"] == true)
        .filter_map(|check| check["id"].as_str())
        .collect();
    assert!(passed.contains(&"build") && passed.contains(&"start"), "{report:#}");
}

#[test]
fn a_program_that_does_not_compile_fails_the_build_with_the_compilers_words() {
    let broken = tempfile::tempdir().unwrap();
    let package = broken.path();
    std::fs::create_dir(package.join("src")).unwrap();
    let manifest = "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    std::fs::write(package.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(package.join("src/main.rs"), "fn main() { let x: i32 = \"text\"; }\n").unwrap();
    let output = grade(&["backprop", package.to_str().unwrap(), "--json"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["checks"][0]["id"], "build");
    assert_eq!(report["checks"][0]["passed"], false);
    assert!(report["log"].as_str().unwrap().contains("mismatched types"), "{report:#}");
}

#[test]
fn a_program_that_a_limit_ended_has_it_in_its_report_and_is_told_what_to_try() {
    let greedy = tempfile::tempdir().unwrap();
    let program = "def forward(params, X, activation):\n    kept = []\n    while True:\n        \
        kept.append(bytearray(8 << 20))\n";
    std::fs::write(greedy.path().join("solution.py"), program).unwrap();
    let folder = greedy.path().to_str().unwrap();
    let output = grade(&["backprop", folder, "--seed", "3", "--json"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let exceeded = &report["usage"]["exceeded"][0];
    assert_eq!((&exceeded["limit"], &exceeded["phase"]), (&"memory".into(), &"grade".into()));
    assert_eq!(exceeded["allowed"], 1_u64 << 30);
    assert!(exceeded["used"].as_u64().unwrap() > 900 << 20, "{exceeded}");

    let output = grade(&["backprop", folder, "--seed", "3"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Ended by a limit: Memory.") && text.contains("What to try: "), "{text}");
}

#[test]
fn a_function_that_never_answers_has_the_limit_of_one_request_in_the_report() {
    let graders = tempfile::tempdir().unwrap();
    let project = graders.path().join("1-backprop");
    std::fs::create_dir(&project).unwrap();
    let text = std::fs::read_to_string(folder("project.toml")).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    let limits = table["limits"].as_table_mut().unwrap();
    limits.insert("request_s".to_owned(), toml::Value::Integer(1));
    std::fs::write(project.join("project.toml"), table.to_string()).unwrap();
    std::fs::copy(folder("handout.md"), project.join("handout.md")).unwrap();
    let endless = tempfile::tempdir().unwrap();
    let program = "def forward(params, X, activation):\n    while True:\n        pass\n";
    std::fs::write(endless.path().join("solution.py"), program).unwrap();

    let solution = endless.path().to_str().unwrap();
    let variables = [("TESTAT_GRADERS", graders.path().to_str().unwrap())];
    let output = grade(&["backprop", solution, "--seed", "3", "--json"], &variables);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let late = &report["usage"]["exceeded"][0];
    assert_eq!((&late["limit"], &late["function"]), (&"request".into(), &"forward".into()));
    assert_eq!((&late["allowed"], &late["used"]), (&1000.into(), &1000.into()));
}
