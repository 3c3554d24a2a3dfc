//! Whatever comes: no panic, nothing outside the folder; and what is honest comes out as it went in.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use testat::intake::Trouble;
use testat::intake::archive::{ArchiveLimits, inspect, unpack};

use super::build::{Tar, Zipped, gzip, zip};
use super::upload;

/// Small enough that a hostile case ends soon.
fn limits() -> ArchiveLimits {
    ArchiveLimits { unpacked: 4 << 20, files: 50, entries: 100, ..ArchiveLimits::default() }
}

/// Inspects and unpacks; the two must agree, and nothing may appear beside the folder.
fn handle(bytes: &[u8], name: &str) -> Result<BTreeMap<String, Vec<u8>>, TestCaseError> {
    let file = upload(bytes);
    let outer = tempfile::tempdir().unwrap();
    std::fs::write(outer.path().join("canary"), "alive").unwrap();
    let into = outer.path().join("a/b/into");
    std::fs::create_dir_all(into.parent().unwrap()).unwrap();
    let seen = inspect(&file, name, &limits());
    let unpacked = unpack(&file, &limits(), &into);
    match (&seen, &unpacked) {
        (Ok(seen), Ok(unpacked)) => prop_assert_eq!(seen, unpacked),
        // What is no archive by its contents is refused by its name, of which unpacking knows nothing.
        (Err(Trouble::Rejected(_)), _) => {}
        (Ok(_), Err(error)) => prop_assert!(false, "accepted, then: {error}"),
        (Err(error), _) => prop_assert!(false, "our fault: {error}"),
    }
    let mut found = BTreeMap::new();
    if into.exists() {
        collect(&into, &into, &mut found);
        std::fs::remove_dir_all(&into).unwrap();
    }
    let mut rest = BTreeMap::new();
    collect(outer.path(), outer.path(), &mut rest);
    prop_assert_eq!(rest, BTreeMap::from([("canary".to_owned(), b"alive".to_vec())]));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        assert!(kind.is_file() || kind.is_dir(), "{:?} is a {kind:?}", entry.path());
        if kind.is_dir() {
            collect(root, &entry.path(), found);
        } else {
            let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(path, std::fs::read(entry.path()).unwrap());
        }
    }
}

fn pack(tree: &BTreeMap<String, Vec<u8>>) -> [(Vec<u8>, &'static str); 3] {
    let tar = tree.iter().fold(Tar::default(), |tar, (name, body)| tar.file(name, body)).end();
    let entries: Vec<_> = tree.iter().map(|(name, body)| Zipped::file(name, body)).collect();
    [(gzip(&tar), "a.tar.gz"), (tar, "a.tar"), (zip(&entries), "a.zip")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clean_tree_comes_out_as_it_went_in(
        files in btree_map("[a-m]{1,8}(/[n-zäöü]{1,6}\\.py){0,1}", vec(any::<u8>(), 0..3000), 0..12),
        enclosed in any::<bool>(),
    ) {
        let mut tree: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (path, body) in files {
            // A file can't be a folder too.
            let clash = |other: &String| {
                other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/"))
            };
            if !tree.keys().any(clash) {
                tree.insert(path, body);
            }
        }
        tree.insert("solution.py".to_owned(), b"x = 1\n".to_vec());
        let packed: BTreeMap<_, _> = tree
            .iter()
            .map(|(path, body)| (if enclosed { format!("top/{path}") } else { path.clone() }, body.clone()))
            .collect();
        for (bytes, name) in pack(&packed) {
            prop_assert_eq!(&handle(&bytes, name)?, &tree, "{}", name);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..2000), magic in 0..4_usize) {
        let start: &[u8] = [b"".as_slice(), b"PK\x03\x04", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"PK\x05\x06"][magic];
        handle(&[start, &bytes].concat(), "solution.py")?;
    }

    #[test]
    fn any_damage_is_survived(
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let tree = BTreeMap::from([
            ("top/solution.py".to_owned(), b"x = 1\n".repeat(50)),
            ("top/lib/a.py".to_owned(), b"y".repeat(700)),
        ]);
        for (mut bytes, name) in pack(&tree) {
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            handle(&bytes, name)?;
        }
    }

    #[test]
    fn no_name_leads_outside(
        names in vec(
            vec(prop::sample::select(vec![
                "..", ".", "/", "/", "a", "A", "b", "\\", "\0", "\n", "é", "e\u{301}", "C:", "~",
                "etc", "canary", " ", "__MACOSX", "target", "\u{202e}",
            ]), 1..8).prop_map(|parts| parts.concat()),
            1..6,
        ),
        kinds in vec(prop::sample::select(vec![b'0', b'0', b'0', b'5', b'1', b'2', b'L', b'x']), 6),
    ) {
        let mut tar = Tar::default().file("solution.py", b"");
        let mut entries = vec![Zipped::file("solution.py", b"")];
        for (name, kind) in names.iter().zip(&kinds) {
            let body: &[u8] = if matches!(kind, b'L' | b'x') { name.as_bytes() } else { b"" };
            tar = tar.entry(*kind, name.as_bytes(), body);
            let mode = if *kind == b'2' { 0o120_777 } else { 0o100_644 };
            entries.push(Zipped { mode, ..Zipped::file(name, b"../../canary") });
        }
        let tar = tar.end();
        handle(&gzip(&tar), "a.tgz")?;
        handle(&tar, "a.tar")?;
        handle(&zip(&entries), "a.zip")?;
    }
}
