//! The bytes of an upload, read under a count, and errors told apart: ours or the archive's.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use super::name::shown;
use super::{ArchiveLimits, Entry, EntryName, Fault, Rejected, Trouble};

/// Bytes that may come out before their ratio to the packed ones is looked at: a small file of
/// zeros is no attack.
const HARMLESS: u64 = 16 << 20;

/// What went wrong below a library that passes on nothing but an [`io::Error`] of its own.
#[derive(Debug, Default)]
pub(super) struct Health {
    disk: RefCell<Option<io::Error>>,
    over: Cell<Option<Over>>,
}

/// Which limit a stream ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Size,
    Ratio,
}

/// An upload. Reads by position, so that readers of it don't move each other.
#[derive(Debug)]
pub(super) struct Source<'f> {
    file: &'f File,
    /// Of the upload, in bytes; what grows later is not read.
    pub len: u64,
    /// What it may hold.
    pub limits: ArchiveLimits,
    /// Shared by all readers.
    health: Rc<Health>,
}

impl<'f> Source<'f> {
    /// Measures the upload.
    pub(super) fn open(file: &'f File, limits: &ArchiveLimits) -> Result<Self, Trouble> {
        let len = file.metadata().map_err(Fault::doing("measuring an upload"))?.len();
        if len == 0 {
            return Err(Rejected::EmptyUpload.into());
        }
        if len > limits.packed {
            return Err(Rejected::TooLarge { limit: limits.packed }.into());
        }
        Ok(Self { file, len, limits: *limits, health: Rc::default() })
    }

    /// A reader at the start.
    pub(super) fn reader(&self) -> Bytes<'f> {
        Bytes { file: self.file, at: 0, len: self.len, health: Rc::clone(&self.health) }
    }

    /// As many bytes from `at` as there are, at most `N`.
    pub(super) fn peek<const N: usize>(&self, at: u64) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::with_capacity(N);
        let mut reader = self.reader();
        reader.at = at;
        reader.take(N as u64).read_to_end(&mut bytes).map_err(Fault::doing("reading an upload"))?;
        Ok(bytes)
    }

    /// What an error means that a library gave while reading this upload.
    pub(super) fn explain(&self, error: &dyn std::error::Error, after: Option<&[u8]>) -> Trouble {
        let what = shown(&error.to_string());
        let after = after.map(EntryName::of);
        self.blame(Rejected::Damaged { after: after.clone(), what }.into(), after)
    }

    /// Replaces `trouble` by what lies under it, if the disk failed or a count ran out.
    pub(super) fn blame(&self, trouble: Trouble, near: Option<EntryName>) -> Trouble {
        if let Some(source) = self.health.disk.take() {
            return Fault { doing: "reading an upload", source }.into();
        }
        let entry = near.unwrap_or_else(|| EntryName::of(b"the start"));
        match self.health.over.get() {
            Some(Over::Size) => Rejected::TooMuch { entry, limit: self.limits.unpacked }.into(),
            Some(Over::Ratio) => Rejected::Bomb { entry, ratio: self.limits.ratio }.into(),
            None => trouble,
        }
    }
}

/// Reads an upload from a position of its own.
#[derive(Debug)]
pub(super) struct Bytes<'f> {
    file: &'f File,
    at: u64,
    len: u64,
    health: Rc<Health>,
}

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        match self.file.read_at(buffer, self.at) {
            Ok(count) => {
                self.at += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let told = io::Error::from(error.kind());
                self.health.disk.replace(Some(error));
                Err(told)
            }
        }
    }
}

impl Seek for Bytes<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// A stream that ends in an error when too much has come out of it.
#[derive(Debug)]
pub(super) struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
    most: u64,
    /// From here on the ratio is broken.
    most_by_ratio: u64,
    health: Rc<Health>,
}

impl<R: Read> Counted<R> {
    /// Counts what comes out of `inner`, for a tar stream: headers and padding allowed for.
    pub(super) fn tar(inner: R, source: &Source<'_>) -> Self {
        let limits = &source.limits;
        let headers = (limits.entries as u64).saturating_mul(2048);
        Self {
            inner,
            count: Rc::default(),
            most: limits.unpacked.saturating_add(headers),
            most_by_ratio: source.len.saturating_mul(limits.ratio).max(HARMLESS),
            health: Rc::clone(&source.health),
        }
    }

    /// Bytes out so far, also while another owns the stream.
    pub(super) fn count(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.count)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let all = self.count.get().saturating_add(count as u64);
        self.count.set(all);
        let over = match all {
            _ if all > self.most_by_ratio => Some(Over::Ratio),
            _ if all > self.most => Some(Over::Size),
            _ => None,
        };
        if over.is_some() {
            self.health.over.set(over);
            return Err(io::Error::other("too much comes out of the archive"));
        }
        Ok(count)
    }
}

/// What may still be unpacked, whatever the headers said.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    limits: ArchiveLimits,
    /// Of the entry being read; none where the stream as a whole is counted.
    pub packed: Option<u64>,
}

impl Budget {
    /// All of it.
    pub(super) fn new(limits: &ArchiveLimits) -> Self {
        Self { left: limits.unpacked, limits: *limits, packed: None }
    }

    /// Reads an entry to its end for nothing but its errors.
    pub(super) fn drain(&mut self, entry: &Entry, bytes: &mut dyn Read) -> Result<(), Trouble> {
        self.pump(entry, bytes, &mut io::sink())
    }

    /// Writes an entry's contents.
    pub(super) fn copy(
        &mut self,
        entry: &Entry,
        bytes: &mut dyn Read,
        out: &mut File,
    ) -> Result<(), Trouble> {
        self.pump(entry, bytes, out)
    }

    fn pump(
        &mut self,
        entry: &Entry,
        bytes: &mut dyn Read,
        out: &mut dyn Write,
    ) -> Result<(), Trouble> {
        let named = || EntryName::of(entry.path.as_bytes());
        let mut block = [0; 16 << 10];
        let mut all = 0_u64;
        loop {
            let count = match bytes.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Only the source knows whether the disk is to blame: see `Source::blame`.
                Err(error) => {
                    let what = shown(&error.to_string());
                    return Err(Rejected::Damaged { after: Some(named()), what }.into());
                }
            };
            all += count as u64;
            let ratio = self.limits.ratio;
            if self.packed.is_some_and(|packed| all > packed.saturating_mul(ratio).max(HARMLESS)) {
                return Err(Rejected::Bomb { entry: named(), ratio }.into());
            }
            self.left = self
                .left
                .checked_sub(count as u64)
                .ok_or_else(|| Rejected::TooMuch { entry: named(), limit: self.limits.unpacked })?;
            out.write_all(&block[..count]).map_err(Fault::doing("writing an unpacked file"))?;
        }
    }
}
