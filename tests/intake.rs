//! Intake: archives honest and hostile, blobs, rosters.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

mod accepted;
mod blobs;
pub(crate) mod build;
mod hostile;
mod properties;
mod roster;

use std::fs::File;
use std::io::Write;

use testat::intake::Trouble;
use testat::intake::archive::{ArchiveLimits, Manifest, inspect, unpack};

/// The bytes as an upload that can only be read.
fn upload(bytes: &[u8]) -> File {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    File::open(file.path()).unwrap()
}

/// What is inspected under the default limits.
fn inspected(bytes: &[u8], name: &str) -> Result<Manifest, Trouble> {
    inspect(&upload(bytes), name, &ArchiveLimits::default())
}

/// Why inspecting and unpacking refuse; they must agree.
fn refused(bytes: &[u8], name: &str) -> String {
    refused_under(&ArchiveLimits::default(), bytes, name)
}

fn refused_under(limits: &ArchiveLimits, bytes: &[u8], name: &str) -> String {
    let file = upload(bytes);
    let why = match inspect(&file, name, limits) {
        Err(Trouble::Rejected(why)) => why.to_string(),
        other => panic!("not refused: {other:?}"),
    };
    let folder = tempfile::tempdir().unwrap();
    match unpack(&file, limits, &folder.path().join("into")) {
        Err(Trouble::Rejected(again)) => assert_eq!(again.to_string(), why),
        other => panic!("inspect: {why}; unpack: {other:?}"),
    }
    why
}
