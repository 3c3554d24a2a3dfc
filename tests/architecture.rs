//! Who may import whom: the `use crate::` lines against the table of the crate's documentation.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder (or file) of `src`, and what of ours it may use.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("code", &[]),
    ("course", &[]),
    ("sandbox", &[]),
    ("runtime", &["sandbox"]),
    ("store", &["course"]),
    ("intake", &["course"]),
    ("export", &["course", "store"]),
    ("mail", &["clock", "course", "store"]),
    ("copies", &["clock", "code", "course", "export", "intake", "store"]),
    ("grading", &["clock", "course", "intake", "runtime", "sandbox", "store"]),
    ("web", &["clock", "code", "copies", "course", "export", "intake", "secret", "store"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        found.extend(path.extension().is_some_and(|e| e == "rs").then(|| path.to_owned()));
        return;
    }
    for entry in fs::read_dir(path).unwrap() {
        rust_files(&entry.unwrap().path(), found);
    }
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in [root().join("src").join(module), root().join(format!("src/{module}.rs"))] {
        if path.exists() {
            rust_files(&path, &mut found);
        }
    }
    assert!(!found.is_empty(), "src/{module} is gone; so should its row be");
    found
}

#[test]
fn every_part_uses_only_what_the_table_allows() {
    let mut broken = Vec::new();
    for (module, allowed) in MAY_USE {
        for file in files_of(module) {
            let text = fs::read_to_string(&file).unwrap();
            let code = |line: &&str| !line.trim_start().starts_with("//");
            for (number, line) in text.lines().enumerate().filter(|(_, line)| code(line)) {
                for used in line.split("crate::").skip(1) {
                    let name: String =
                        used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    let fine =
                        name == module || allowed.contains(&name.as_str()) || name.is_empty();
                    // A list `use crate::{a, b}` would slip through: it is not our style.
                    if !fine || used.starts_with('{') {
                        broken.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn sql_is_written_in_the_store_alone() {
    let mut broken = Vec::new();
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    for file in files.iter().filter(|file| !file.starts_with(root().join("src/store"))) {
        let text = fs::read_to_string(file).unwrap();
        for word in ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "sqlx::query"] {
            if text.contains(word) {
                broken.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The kit's and every harness's own code.
fn grader_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in fs::read_dir(root().join("graders")).unwrap() {
        let sources = folder.unwrap().path().join("src");
        if sources.is_dir() {
            rust_files(&sources, &mut files);
        }
    }
    assert!(files.len() > 7, "{files:?}");
    files
}

#[test]
fn unsafe_code_is_in_the_sandbox_alone_and_each_time_says_why() {
    let mut files = grader_files();
    rust_files(&root().join("src"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let blocks = text.matches("unsafe {").count() + text.matches("unsafe fn").count();
        let reasons = text.matches("SAFETY:").count();
        assert!(
            blocks <= reasons,
            "{}: {blocks} unsafe, {reasons} SAFETY comments",
            file.display()
        );
        let allowed =
            file.starts_with(root().join("src/sandbox")) || file.ends_with("kit/src/supervisor.rs");
        assert!(blocks == 0 || allowed, "{}: unsafe outside the sandbox", file.display());
    }
}

#[test]
fn graders_do_not_know_the_server() {
    for file in grader_files() {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("use testat::"), "{}", file.display());
    }
}
