//! Into an archive without unpacking it: names, sizes, and the beginnings of files in memory.

use std::fs::File;
use std::io::Read;

use super::source::{Budget, Source};
use super::{ArchiveLimits, Entry, Fault, Kind, Sort, Trouble, kind, plan, tar, zip};

/// How much of an archive's files is taken into memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Of one file, from its beginning.
    pub each: u64,
    /// Of all files together; what comes later is named alone.
    pub all: u64,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Relative to the submission's root, `/` between names, clean.
    pub path: String,
    /// Bytes it has.
    pub size: u64,
    /// Its beginning; none where it was not wanted or no room was left.
    pub head: Option<Vec<u8>>,
}

/// The files of an archive that was accepted before, sorted by path, with the beginnings of those that are
/// `wanted`, which is asked in the archive's order. Not for an async thread.
///
/// # Errors
/// The disk fails, or the archive is none that would be accepted under `limits`.
pub fn look(
    file: &File,
    limits: &ArchiveLimits,
    glance: Glance,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<Member>, Trouble> {
    let source = Source::open(file, limits)?;
    let kind = kind::decide(&source, None)?;
    let manifest = plan(&source, kind)?;
    let mut found = Vec::new();
    let mut left = glance.all;
    let mut take = |entry: &Entry, bytes: &mut dyn Read, _: &mut Budget| {
        let Sort::File(size) = entry.sort else { return Ok(()) };
        let most = glance.each.min(size);
        let head = if wanted(&entry.path) && most <= left {
            let mut head = Vec::new();
            bytes.take(most).read_to_end(&mut head).map_err(Fault::doing("reading an archive"))?;
            left -= most;
            Some(head)
        } else {
            None
        };
        found.push(Member { path: entry.path.clone(), size, head });
        Ok(())
    };
    match kind {
        Kind::Zip => zip::read(&source, &manifest, &mut take)?,
        Kind::Tar | Kind::TarGz => tar::read(&source, kind, &manifest, &mut take)?,
        Kind::Python => kind::read_python(&source, &manifest, &mut take)?,
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}
