//! What a layer was made of, kept in the layer: each package with its version and the hash of the file
//! that it came in.

use std::fmt;
use std::fs;
use std::path::Path;

use super::Error;
use super::layer::{put, reading};

const FILE: &str = "packages.txt";

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    /// `debian`, `rust` or `crate`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) version: String,
    /// Hex.
    pub(super) sha256: String,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.kind, self.name, self.version, self.sha256)
    }
}

/// Writes them into a layer, sorted, a line each.
pub(super) fn record(layer: &Path, packages: &[Package]) -> Result<(), Error> {
    let mut lines: Vec<String> = packages.iter().map(|package| format!("{package}\n")).collect();
    lines.sort();
    put(&layer.join(FILE), lines.concat(), 0o644)
}

/// What [`record`] wrote.
pub(super) fn recorded(layer: &Path) -> Result<String, Error> {
    let path = layer.join(FILE);
    fs::read_to_string(&path).map_err(reading(&path))
}
