//! The solutions that a grader's folder brings along for it to be tried on: right ones in
//! `reference/<language>`, wrong ones in `wrong/<check>/<name>`, the check being one that must fail.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::graders::{Grader, GraderError, io_at};
use crate::course::Language;

/// Which solution it is, and so what must come of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "sort", rename_all = "snake_case")]
pub enum Sort {
    /// Must pass.
    Right {
        /// What it is written in.
        language: Language,
    },
    /// Must fail, by this check.
    Wrong {
        /// Id of the check, or `build`.
        check: String,
        /// What is wrong with it, in a word or two.
        name: String,
    },
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right { language } => write!(f, "reference/{language}"),
            Self::Wrong { check, name } => write!(f, "wrong/{check}/{name}"),
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// Which.
    pub sort: Sort,
    /// Where it is.
    pub folder: PathBuf,
}

/// All solutions of a grader: the right ones, then the wrong ones by check and name.
///
/// # Errors
/// There is no right one, a folder can't be read, or a folder below `wrong` names no check.
pub fn of(grader: &Grader) -> Result<Vec<Solution>, GraderError> {
    let mut found = Vec::new();
    for language in [Language::Python, Language::Rust] {
        let folder = grader.folder.join("reference").join(language.as_str());
        if folder.is_dir() {
            found.push(Solution { sort: Sort::Right { language }, folder });
        }
    }
    if found.is_empty() {
        return Err(wrong(&grader.folder, "has no reference/python and no reference/rust"));
    }
    let mut wrong = wrong_ones(grader)?;
    wrong.sort_by(|a, b| a.sort.cmp(&b.sort));
    found.extend(wrong);
    Ok(found)
}

fn wrong_ones(grader: &Grader) -> Result<Vec<Solution>, GraderError> {
    let mut found = Vec::new();
    let parent = grader.folder.join("wrong");
    if !parent.is_dir() {
        return Ok(found);
    }
    for (check, folder) in folders(&parent)? {
        if check != "build" && !grader.project.checks.iter().any(|rule| rule.id == check) {
            return Err(wrong(&folder, "is not the name of a check"));
        }
        for (name, folder) in folders(&folder)? {
            found.push(Solution { sort: Sort::Wrong { check: check.clone(), name }, folder });
        }
    }
    Ok(found)
}

fn folders(parent: &Path) -> Result<Vec<(String, PathBuf)>, GraderError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).map_err(io_at(parent))? {
        let entry = entry.map_err(io_at(parent))?;
        if entry.path().is_dir() {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    Ok(found)
}

fn wrong(path: &Path, fault: &str) -> GraderError {
    GraderError::Wrong { path: path.to_owned(), fault: fault.to_owned() }
}
