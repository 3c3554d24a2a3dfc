//! An attack program and what it says of itself.

use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use serde::Deserialize;

/// Those that the server brings along.
#[derive(RustEmbed)]
#[folder = "src/grading/self_attack/programs"]
struct Programs;

/// A program that tries something, in Python.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// What it is called: the name of its file.
    #[serde(skip)]
    pub name: String,
    /// What it tries.
    pub tries: String,
    /// How it must end.
    pub ends: Outcome,
    /// The limit of the host without which it can't be held
    /// ([`crate::sandbox::Capability::name`]).
    pub needs: Option<String>,
    /// How often it is run, one after the other: what a run leaves the next would find.
    #[serde(default = "once")]
    pub runs: u32,
    /// What is run. It prints `reached: ...` for each thing that it got, and `refused` at its end.
    pub program: String,
}

/// How an attack that failed has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// By itself, saying that everything was refused.
    Refused,
    /// By the limit of memory.
    Memory,
    /// By the limit of processor time.
    Cpu,
    /// By the limit of output.
    Output,
}

/// An attack that can't be run.
#[derive(Debug, thiserror::Error)]
pub enum AttackError {
    /// It can't be read.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not what an attack should be.
    #[error("{name}: {fault}")]
    Wrong {
        /// The file.
        name: String,
        /// What is wrong.
        fault: String,
    },
}

fn once() -> u32 {
    1
}

/// All attacks: the server's own, and those in the folder `more`.
///
/// # Errors
/// One can't be read.
pub fn all(more: Option<&Path>) -> Result<Vec<Attack>, AttackError> {
    let mut found = Vec::new();
    for file in Programs::iter() {
        let text = Programs::get(&file).map(|file| file.data.into_owned()).unwrap_or_default();
        found.push(read(&file, &text)?);
    }
    if let Some(folder) = more {
        let io = |source| AttackError::Io { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let text =
                fs::read(&path).map_err(|source| AttackError::Io { path: path.clone(), source })?;
            found.push(read(&path.to_string_lossy(), &text)?);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn read(file: &str, text: &[u8]) -> Result<Attack, AttackError> {
    let wrong = |fault: String| AttackError::Wrong { name: file.to_owned(), fault };
    let text = std::str::from_utf8(text).map_err(|fault| wrong(fault.to_string()))?;
    let attack: Attack = toml::from_str(text).map_err(|fault| wrong(fault.to_string()))?;
    let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    Ok(Attack { name: name.replace('_', " "), ..attack })
}
