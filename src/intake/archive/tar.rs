//! Tar archives, header by header.
//!
//! The headers are read raw: long names and pax records are put together here, so that their
//! length is limited before they are in memory and two that disagree are refused instead of one
//! being believed.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use super::name;
use super::source::{Budget, Counted, Source};
use super::tree::{Listed, What};
use super::{Entry, EntryName, Kind, Manifest, Rejected, Trouble, Unfit, Visit};

/// Bytes that the records in front of one entry may have; names and times need a few hundred.
const EXTENSIONS: u64 = 64 << 10;

/// Size of a block; headers and contents fill whole ones.
const BLOCK: u64 = 512;

/// What the archive says it holds. Reads it to the end, so that everything has been counted and
/// gzip's checksum compared.
pub(super) fn list(source: &Source<'_>, kind: Kind) -> Result<Vec<Listed>, Trouble> {
    let mut all = Vec::new();
    walk(source, kind, &mut |listed, _| {
        if all.len() == source.limits.entries {
            return Err(Rejected::TooManyEntries { limit: source.limits.entries }.into());
        }
        all.push(listed);
        Ok(())
    })?;
    Ok(all)
}

/// Hands over the contents of the manifest's files.
pub(super) fn read(
    source: &Source<'_>,
    kind: Kind,
    manifest: &Manifest,
    visit: &mut Visit<'_>,
) -> Result<(), Trouble> {
    let mut files = manifest.entries.iter().peekable();
    let mut budget = Budget::new(&source.limits);
    let mut at = 0;
    walk(source, kind, &mut |listed, bytes| {
        if let Some(entry) = files.next_if(|entry: &&Entry| entry.at == at)
            && matches!(listed.what, What::File(_))
        {
            visit(entry, bytes, &mut budget)?;
        }
        at += 1;
        Ok(())
    })
}

type Each<'e> = dyn FnMut(Listed, &mut dyn Read) -> Result<(), Trouble> + 'e;

fn walk(source: &Source<'_>, kind: Kind, each: &mut Each<'_>) -> Result<(), Trouble> {
    let packed = BufReader::with_capacity(32 << 10, source.reader());
    if kind == Kind::TarGz {
        walk_stream(source, Counted::tar(MultiGzDecoder::new(packed), source), each)
    } else {
        walk_stream(source, Counted::tar(packed, source), each)
    }
}

fn walk_stream<R: Read>(
    source: &Source<'_>,
    stream: Counted<R>,
    each: &mut Each<'_>,
) -> Result<(), Trouble> {
    let count = stream.count();
    let mut archive = ::tar::Archive::new(stream);
    let mut last: Option<Vec<u8>> = None;
    let mut end = 0;
    let mut extensions = Extensions::default();
    let entries = archive.entries().map_err(|error| source.explain(&error, None))?.raw(true);
    for entry in entries {
        let mut entry = entry.map_err(|error| source.explain(&error, last.as_deref()))?;
        let fail = |error: &io::Error| source.explain(error, last.as_deref());
        let size = entry.header().entry_size().map_err(|error| fail(&error))?;
        end = entry.raw_file_position().saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
        let kind = entry.header().entry_type().as_byte();
        if matches!(kind, b'x' | b'g' | b'L' | b'K') {
            let body = extension(&mut entry, size).map_err(|error| fail(&error))?;
            extensions.take(kind, &body).map_err(|error| fail(&error))?;
            continue;
        }
        let own = entry.header().path_bytes().into_owned();
        let listed = std::mem::take(&mut extensions)
            .complete(own, kind, size)
            .map_err(|error| fail(&error))?;
        name::bound(&listed.name, &source.limits)?;
        let name = listed.name.clone();
        each(listed, &mut entry)
            .map_err(|trouble| source.blame(trouble, Some(EntryName::of(&name))))?;
        last = Some(name);
    }
    if extensions != Extensions::default() {
        return Err(source.explain(&malformed("a long name without its entry"), last.as_deref()));
    }
    check_end(&mut archive.into_inner(), &count, end)
        .map_err(|error| source.explain(&error, last.as_deref()))
}

/// After the last entry come zeros, at least a block of them, and nothing else: what is missing
/// was cut off, what else is there some other program might unpack.
fn check_end(stream: &mut impl Read, count: &Rc<Cell<u64>>, end: u64) -> io::Result<()> {
    let mut block = [0; 8 << 10];
    loop {
        match stream.read(&mut block) {
            Ok(0) if count.get() < end.saturating_add(BLOCK) => {
                return Err(malformed("its end is missing"));
            }
            Ok(0) => return Ok(()),
            Ok(read) if block[..read].iter().any(|byte| *byte != 0) => {
                return Err(malformed("something follows its end"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn extension(entry: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    if size > EXTENSIONS {
        return Err(malformed("a long name or extended header is too long"));
    }
    let mut body = Vec::new();
    entry.read_to_end(&mut body)?;
    if body.len() as u64 != size {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(body)
}

/// What the headers in front of an entry say of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Extensions {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
    pax: bool,
    link: bool,
}

impl Extensions {
    fn take(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        match kind {
            b'L' => {
                let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
                self.name(body.get(..end).unwrap_or_default())
            }
            // Says where a link leads; the link is refused when it comes.
            b'K' if self.link => Err(malformed("two long link names for one entry")),
            b'K' => {
                self.link = true;
                Ok(())
            }
            b'x' if self.pax => Err(malformed("two extended headers for one entry")),
            b'x' => {
                self.pax = true;
                self.records(body, false)
            }
            _ => self.records(body, true),
        }
    }

    /// Reads pax records, `length key=value\n`; a global one may not speak of a single entry.
    fn records(&mut self, mut body: &[u8], global: bool) -> io::Result<()> {
        let bad = || malformed("an extended header is malformed");
        while !body.is_empty() {
            let space = body.iter().take(8).position(|byte| *byte == b' ').ok_or_else(bad)?;
            let digits = std::str::from_utf8(&body[..space]).map_err(|_| bad())?;
            let length: usize = digits.parse().map_err(|_| bad())?;
            let record = body.get(space + 1..length).ok_or_else(bad)?;
            let record = record.strip_suffix(b"\n").ok_or_else(bad)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(bad)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            let telling = matches!(key, b"path" | b"size") || key.starts_with(b"GNU.sparse.");
            match key {
                _ if telling && global => return Err(malformed("a global header names one entry")),
                b"path" => self.name(value)?,
                b"size" => {
                    let text = std::str::from_utf8(value).map_err(|_| bad())?;
                    let size = text.parse().map_err(|_| bad())?;
                    if self.size.replace(size).is_some() {
                        return Err(malformed("two sizes for one entry"));
                    }
                }
                _ if telling => self.sparse = true,
                _ => {}
            }
            body = &body[length..];
        }
        Ok(())
    }

    fn name(&mut self, name: &[u8]) -> io::Result<()> {
        match self.name.replace(name.to_vec()) {
            Some(before) if before != name => Err(malformed("two names for one entry")),
            _ => Ok(()),
        }
    }

    fn complete(self, own: Vec<u8>, kind: u8, size: u64) -> io::Result<Listed> {
        // Readers differ in which of two sizes they believe, and so in what they unpack.
        if self.size.is_some_and(|said| said != size) {
            return Err(malformed("two different sizes for one entry"));
        }
        let unfit = match kind {
            _ if self.sparse => Some(Unfit::Sparse),
            0 | b'0' => None,
            b'5' if size == 0 => None,
            b'5' => Some(Unfit::Contradictory),
            b'1' => Some(Unfit::HardLink),
            b'2' => Some(Unfit::SymbolicLink),
            b'3' | b'4' => Some(Unfit::Device),
            b'6' => Some(Unfit::Pipe),
            b'S' => Some(Unfit::Sparse),
            _ => Some(Unfit::Unknown),
        };
        let what = match unfit {
            Some(unfit) => What::Unfit(unfit),
            None if kind == b'5' => What::Folder,
            None => What::File(size),
        };
        Ok(Listed { name: self.name.unwrap_or(own), what })
    }
}
