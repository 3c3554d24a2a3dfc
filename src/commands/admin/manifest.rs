//! What a backup folder holds, and where.
//!
//! ```text
//! manifest.json          tables, row counts, digests, the head of the audit log
//! manifest.json.sha256   of the manifest, as `sha256sum -c` reads it
//! tables/people.jsonl    one row a line
//! archives/<sha256>      as received
//! ```

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::course::Digest;

/// The only way of laying a backup out so far.
pub(super) const FORMAT: u32 = 1;
/// Named in messages too.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const TABLES: &str = "tables";
pub(super) const ARCHIVES: &str = "archives";

/// The table of contents. A folder without one is no backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// The version of the program that made it.
    pub(super) testat: String,
    /// When, UTC.
    pub(super) at: String,
    /// Rows go back only into tables of the same making.
    pub(super) schema: Digest,
    pub(super) tables: Vec<TableFile>,
    /// How many archives are in the folder.
    pub(super) archives: usize,
    /// Archives that submissions name and that were lost or damaged before the backup.
    pub(super) damaged: Vec<Digest>,
    pub(super) audit: Head,
}

/// The rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableFile {
    pub(super) name: String,
    pub(super) rows: u64,
    pub(super) sha256: Digest,
}

/// The last line of the audit log, worth noting down elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) line: i64,
    pub(super) hash: String,
}

pub(super) fn table_path(folder: &Path, table: &str) -> PathBuf {
    folder.join(TABLES).join(format!("{table}.jsonl"))
}

pub(super) fn archive_path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join(ARCHIVES).join(digest.as_str())
}

impl Manifest {
    /// Writes it with its digest beside it, synced; says the digest.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<Digest> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let digest = Digest::of(&text);
        let sum = format!("{digest}  {MANIFEST}\n");
        for (name, bytes) in [(MANIFEST, text.as_slice()), (&sum_name(), sum.as_bytes())] {
            let path = folder.join(name);
            let mut file = File::create(&path).with_context(|| path.display().to_string())?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        Ok(digest)
    }

    /// Reads it and holds it against its digest.
    pub(super) fn read(folder: &Path) -> anyhow::Result<(Self, Digest)> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path).with_context(|| {
            format!("{} is no backup, or one that was not finished", folder.display())
        })?;
        let sum = folder.join(sum_name());
        let said = std::fs::read_to_string(&sum).with_context(|| sum.display().to_string())?;
        let digest = Digest::of(&text);
        ensure!(
            said == format!("{digest}  {MANIFEST}\n"),
            "{} is not what {} says: one of them was changed",
            path.display(),
            sum.display()
        );
        let manifest: Self =
            serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        Ok((manifest, digest))
    }
}

fn sum_name() -> String {
    format!("{MANIFEST}.sha256")
}

/// Passes bytes on and hashes them.
#[derive(Debug)]
pub(super) struct Hashed<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Hashed<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// What is below, the digest of all that passed, and how many bytes that was.
    pub(super) fn finish(self) -> (T, Digest, u64) {
        (self.inner, Digest::from_bytes(self.hash.finalize().into()), self.bytes)
    }
}

impl<T: Write> Write for Hashed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashed<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Says on stderr how far something long is.
pub(super) fn tell(what: &str, done: usize, total: usize) {
    const EVERY: usize = 500;
    if done.is_multiple_of(EVERY) || done == total {
        eprintln!("{what}: {done} of {total}");
    }
}
