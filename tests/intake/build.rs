//! Archives put together byte by byte, so that they can say what no program would write.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

/// One header block.
pub(crate) fn tar_header(name: &[u8], kind: u8, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    checksum(&mut block);
    block
}

/// Puts the right checksum in.
pub(crate) fn checksum(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A tar under construction.
#[derive(Clone, Default)]
pub(crate) struct Tar(pub(super) Vec<u8>);

impl Tar {
    /// An entry of any kind.
    pub(crate) fn entry(mut self, kind: u8, name: &[u8], body: &[u8]) -> Self {
        self.0.extend(tar_header(name, kind, body.len() as u64));
        self.0.extend(body);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn file(self, name: &str, body: &[u8]) -> Self {
        self.entry(b'0', name.as_bytes(), body)
    }

    /// A header as it is.
    pub(crate) fn raw(mut self, block: &[u8]) -> Self {
        self.0.extend(block);
        self
    }

    /// With the two empty blocks that end it.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

/// `length key=value\n`, its length counting itself.
pub(crate) fn pax(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length != rest.len() + length.to_string().len() {
        length += 1;
    }
    format!("{length}{rest}").into_bytes()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// An entry of a zip, each field free.
#[derive(Clone)]
pub(crate) struct Zipped {
    pub(crate) name: Vec<u8>,
    /// Its name in its own header, if another.
    pub(crate) own_name: Option<Vec<u8>>,
    pub(crate) packed: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    pub(crate) size: u32,
    pub(crate) mode: u32,
    /// Where the directory says that it is, if elsewhere.
    pub(crate) at: Option<u32>,
    pub(crate) extra: Vec<u8>,
}

impl Zipped {
    /// Deflated as it should be.
    pub(crate) fn file(name: &str, body: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(body);
        Self {
            name: name.as_bytes().to_vec(),
            own_name: None,
            packed: deflate(body),
            method: 8,
            flags: 0,
            crc: crc.sum(),
            size: u32::try_from(body.len()).unwrap(),
            mode: 0o100_644,
            at: None,
            extra: Vec::new(),
        }
    }

    pub(crate) fn folder(name: &str) -> Self {
        Self { method: 0, packed: Vec::new(), mode: 0o040_755, ..Self::file(name, b"") }
    }
}

/// The archive with its directory.
pub(crate) fn zip(entries: &[Zipped]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let at = entry.at.unwrap_or(u32::try_from(out.len()).unwrap());
        let own = entry.own_name.as_ref().unwrap_or(&entry.name);
        out.extend(b"PK\x03\x04\x14\0");
        fields(&mut out, entry, own);
        out.extend(own);
        out.extend(&entry.extra);
        out.extend(&entry.packed);
        directory.extend(b"PK\x01\x02\x14\x03\x14\0");
        fields(&mut directory, entry, &entry.name);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(at.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    let start = u32::try_from(out.len()).unwrap();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(entries.len()).unwrap();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// From the flags to the lengths: the same in both headers.
fn fields(out: &mut Vec<u8>, entry: &Zipped, name: &[u8]) {
    out.extend(entry.flags.to_le_bytes());
    out.extend(entry.method.to_le_bytes());
    out.extend([0, 0, 0x21, 0x5a]);
    out.extend(entry.crc.to_le_bytes());
    out.extend(u32::try_from(entry.packed.len()).unwrap().to_le_bytes());
    out.extend(entry.size.to_le_bytes());
    out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    out.extend(u16::try_from(entry.extra.len()).unwrap().to_le_bytes());
}
