//! Zip archives, by their central directory.
//!
//! What is read is what the directory lists, once each entry's own header has been found to agree
//! with it. Bytes that no entry claims (a comment, something after the end) are never looked at.
//! The directory is walked one entry at a time: an index of it, as the library's usual reader
//! makes, takes the memory that the sender wants and hides names that come twice.

use ::zip::CompressionMethod;
use ::zip::read::{ArchiveOffset, Config};
use ::zip::unstable::read::ZipIterable;

use super::name;
use super::source::{Budget, Bytes, Source};
use super::tree::{Listed, What};
use super::{Entry, EntryName, Manifest, Rejected, Trouble, Unfit, Visit};

/// File type bits of a Unix mode.
const TYPE: u32 = 0o170_000;

fn open<'f>(source: &Source<'f>) -> Result<ZipIterable<Bytes<'f>>, Trouble> {
    // Offsets count from the file's start: nothing may stand in front of an archive.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let zip = ZipIterable::try_new(source.reader(), config)
        .map_err(|error| source.explain(&error, None))?
        .enforce_header_consistency(true);
    if zip.len() > source.limits.entries {
        return Err(Rejected::TooManyEntries { limit: source.limits.entries }.into());
    }
    Ok(zip)
}

/// What the directory says the archive holds.
pub(super) fn list(source: &Source<'_>) -> Result<Vec<Listed>, Trouble> {
    let mut zip = open(source)?;
    let mut all: Vec<Listed> = Vec::new();
    let mut claims = Vec::new();
    let mut directory = source.len;
    let files = zip.files().map_err(|error| source.explain(&error, None))?;
    for entry in files {
        let last = all.last().map(|listed| listed.name.as_slice());
        let entry = entry.map_err(|error| source.explain(&error, last))?;
        name::bound(entry.name_raw(), &source.limits)?;
        directory = directory.min(entry.central_header_start());
        let start = entry.header_start();
        let end = data_start(source, start)?.saturating_add(entry.compressed_size());
        claims.push((start, end, all.len()));
        let unfit = if entry.encrypted() {
            Some(Unfit::Encrypted)
        } else if !matches!(
            entry.compression(),
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            Some(Unfit::Compression)
        } else {
            unfit_mode(entry.unix_mode().unwrap_or(0), entry.is_dir(), entry.size())
        };
        let what = match unfit {
            Some(unfit) => What::Unfit(unfit),
            None if entry.is_dir() => What::Folder,
            None => What::File(entry.size()),
        };
        all.push(Listed { name: entry.name_raw().to_vec(), what });
    }
    check_claims(claims, directory, &all)?;
    Ok(all)
}

fn unfit_mode(mode: u32, folder: bool, size: u64) -> Option<Unfit> {
    match (mode & TYPE, folder) {
        (0o120_000, _) => Some(Unfit::SymbolicLink),
        (0o020_000 | 0o060_000, _) => Some(Unfit::Device),
        (0o010_000 | 0o140_000, _) => Some(Unfit::Pipe),
        (0 | 0o100_000, false) => None,
        (0 | 0o040_000, true) if size == 0 => None,
        (0 | 0o040_000 | 0o100_000, _) => Some(Unfit::Contradictory),
        _ => Some(Unfit::Unknown),
    }
}

/// Where an entry's contents begin: behind its own header, which the library has found sound.
fn data_start(source: &Source<'_>, header: u64) -> Result<u64, Trouble> {
    let lengths = source.peek::<4>(header.saturating_add(26))?;
    let [name, name_high, extra, extra_high] = lengths[..] else { return Ok(u64::MAX) };
    let name = u64::from(u16::from_le_bytes([name, name_high]));
    let extra = u64::from(u16::from_le_bytes([extra, extra_high]));
    Ok(header.saturating_add(30 + name + extra))
}

/// No two entries share bytes, and none reaches into the directory: a few kilobytes claimed again
/// and again make the best bombs.
fn check_claims(
    mut claims: Vec<(u64, u64, usize)>,
    directory: u64,
    all: &[Listed],
) -> Result<(), Rejected> {
    let named = |at: usize| EntryName::of(all.get(at).map_or(b"", |listed| &listed.name));
    claims.sort_unstable();
    for pair in claims.windows(2) {
        if let [(_, end, first), (start, _, second)] = pair
            && end > start
        {
            return Err(Rejected::Overlap { first: named(*first), second: named(*second) });
        }
    }
    match claims.last() {
        Some((_, end, last)) if *end > directory => Err(Rejected::Damaged {
            after: Some(named(*last)),
            what: "an entry reaches into the directory".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Hands over the contents of the manifest's files.
pub(super) fn read(
    source: &Source<'_>,
    manifest: &Manifest,
    visit: &mut Visit<'_>,
) -> Result<(), Trouble> {
    let mut zip = open(source)?;
    let mut budget = Budget::new(&source.limits);
    let mut wanted = manifest.entries.iter().peekable();
    let mut body = source.reader();
    let files = zip.files().map_err(|error| source.explain(&error, None))?;
    for (at, listed) in files.enumerate() {
        let Some(entry) = wanted.next_if(|entry: &&Entry| entry.at == at) else { continue };
        let super::Sort::File(size) = entry.sort else { continue };
        let near = Some(entry.path.as_bytes());
        let listed = listed.map_err(|error| source.explain(&error, near))?;
        budget.packed = Some(listed.compressed_size());
        let mut bytes = listed
            .with_reader(&mut body, ::zip::ZipReadOptions::new())
            .map_err(|error| source.explain(&error, near))?;
        let mut exact = Exact { inner: &mut bytes, left: size };
        visit(entry, &mut exact, &mut budget).map_err(|trouble| source.blame(trouble, None))?;
    }
    Ok(())
}

/// Ends in an error unless exactly as many bytes come as were announced.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: std::io::Read> std::io::Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let wrong = || std::io::Error::new(std::io::ErrorKind::InvalidData, "its size is wrong");
        self.left = self.left.checked_sub(count as u64).ok_or_else(wrong)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(wrong());
        }
        Ok(count)
    }
}
