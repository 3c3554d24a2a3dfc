//! The attack corpus: each file of `tests/attacks/<family>/` says what it tries and what must be
//! seen, and is graded, uploaded or shown for real. `make attack` prints what came of each.
//!
//! [`program`] grades programs, [`archive`] uploads archives, [`shown`] looks at pages and exports,
//! [`gate`] lets the server attack itself.

mod archive;
mod gate;
mod host;
mod program;
mod seen;
mod shown;

use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks")
}

/// Names of a family's entries.
fn names(family: &str) -> Vec<String> {
    let entries = std::fs::read_dir(corpus().join(family)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// An entry's text, read as what its family's entries are.
fn entry<T: serde::de::DeserializeOwned>(family: &str, name: &str) -> T {
    let path = corpus().join(family).join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    toml::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

#[test]
fn the_corpus_is_as_large_as_it_must_be() {
    let families = std::fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap());
    let families = families.filter(|entry| entry.file_type().unwrap().is_dir());
    let counts: Vec<(String, usize)> = families
        .map(|family| family.file_name().into_string().unwrap())
        .map(|family| (family.clone(), names(&family).len()))
        .collect();
    let tested = ["archives", "shown"].into_iter().chain(program::FAMILIES);
    let tested: Vec<&str> = tested.collect();
    for (family, count) in &counts {
        assert!(tested.contains(&family.as_str()), "nothing drives the family {family}");
        assert!(*count > 0, "{family} is empty");
    }
    assert!(counts.iter().map(|(_, count)| count).sum::<usize>() >= 60, "{counts:?}");
}
