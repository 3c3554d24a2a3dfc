//! What a starter kit brings along so that it works at home, without a server and its runtime.

use std::collections::BTreeMap;
use std::path::Path;

use super::Error;
use super::manifest::{crates, kit_sources, locked, read_folder};

/// Read by cargo at home alone: a grading's build leaves `.cargo` and `Cargo.lock` out.
const CARGO_CONFIG: &str = "\
# At home cargo takes `testat-kit` from this folder. The grader has it already and does not read this.
[patch.crates-io]
testat-kit = { path = \"testat-kit\" }
";

/// For Python: the package `testat`, by path. `source` is as for [`super::Runtime::build`].
///
/// # Errors
/// `source` is incomplete.
pub fn python_parts(source: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    read_folder(&source.join("graders/python/testat"), "testat/")
}

/// For Rust: the crate `testat-kit`, where cargo finds it, and the versions of the grader's crates.
///
/// # Errors
/// `source` is incomplete.
pub fn rust_parts(source: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut files: BTreeMap<_, _> = kit_sources(source)?
        .into_iter()
        .map(|(path, bytes)| (format!("testat-kit/{path}"), bytes))
        .collect();
    files.insert(".cargo/config.toml".to_owned(), CARGO_CONFIG.into());
    files.insert("Cargo.lock".to_owned(), locked(source)?.into_bytes());
    Ok(files)
}

/// The crates that a Rust submission may use with the versions it is built with, as a sentence.
///
/// # Errors
/// `source` is incomplete.
pub fn crates_in_words(source: &Path) -> Result<String, Error> {
    let named: Vec<_> =
        crates(source)?.iter().map(|(name, version)| format!("`{name}` {version}")).collect();
    Ok(named.join(", "))
}

/// All files of a project's own starter folder, by path.
///
/// # Errors
/// It can't be read.
pub fn own_parts(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    read_folder(folder, "")
}
