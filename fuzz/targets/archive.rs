//! A student's archive: inspecting it, looking into it and unpacking it agree, and nothing appears beside
//! the folder.
#![no_main]

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use testat::intake::Trouble;
use testat::intake::archive::{ArchiveLimits, Glance, Sort, inspect, look, unpack};

fn limits() -> ArchiveLimits {
    ArchiveLimits { unpacked: 4 << 20, files: 50, entries: 100, ..ArchiveLimits::default() }
}

fn upload(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

/// Files and their bytes; a link or a device is a finding.
fn count(folder: &Path) -> (usize, u64) {
    let mut sum = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        assert!(kind.is_file() || kind.is_dir(), "{:?} is a {kind:?}", entry.path());
        let (files, bytes) =
            if kind.is_dir() { count(&entry.path()) } else { (1, entry.metadata().unwrap().len()) };
        sum = (sum.0 + files, sum.1 + bytes);
    }
    sum
}

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses the name, which decides what a file without a signature is.
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let name = ["a.zip", "a.tar", "a.tar.gz", "solution.py"][usize::from(choice % 4)];
    let outer = tempfile::tempdir().unwrap();
    fs::write(outer.path().join("canary"), "alive").unwrap();
    let middle = outer.path().join("middle");
    fs::create_dir(&middle).unwrap();
    let into = middle.join("into");
    let file = upload(bytes);
    let seen = inspect(&file, name, &limits());
    let unpacked = unpack(&file, &limits(), &into);
    match (&seen, &unpacked) {
        (Ok(seen), Ok(unpacked)) => {
            assert_eq!(seen, unpacked);
            let files = seen.entries.iter().filter(|entry| entry.sort != Sort::Folder).count();
            assert_eq!(count(&into), (files, seen.bytes));
            let glance = Glance { each: 1 << 10, all: 8 << 10 };
            let looked = look(&file, &limits(), glance, &|_| true).unwrap();
            assert_eq!(looked.len(), files);
            let heads = looked.iter().filter_map(|member| member.head.as_ref());
            assert!(heads.map(Vec::len).sum::<usize>() <= 8 << 10);
        }
        (Err(Trouble::Rejected(_)), _) => {}
        (Ok(_), Err(trouble)) => panic!("accepted, then: {trouble}"),
        (Err(trouble), _) => panic!("our fault: {trouble}"),
    }
    let here = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((here(outer.path()), here(&middle)), (2, usize::from(into.exists())));
    assert_eq!(fs::read(outer.path().join("canary")).unwrap(), b"alive");
});
