//! How an upload is packed, by its first bytes; and the one kind that is not packed at all.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::source::{Budget, Source};
use super::tree::{Listed, What};
use super::{EntryName, Fault, Manifest, Rejected, Trouble, Visit};

/// How an upload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `.zip`
    #[serde(rename = "zip")]
    Zip,
    /// `.tar`
    #[serde(rename = "tar")]
    Tar,
    /// `.tar.gz`, `.tgz`
    #[serde(rename = "tar.gz")]
    TarGz,
    /// `solution.py` alone.
    #[serde(rename = "py")]
    Python,
}

impl Kind {
    /// The ending of a file of this kind, without the first dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::Python => "py",
        }
    }
}

/// First bytes of what is often sent and not taken.
const OTHERS: [(&[u8], &str); 5] = [
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"Rar!\x1a\x07", ".rar"),
    (b"\xfd7zXZ\0", ".xz"),
    (b"\x28\xb5\x2f\xfd", ".zst"),
    (b"BZh", ".bz2"),
];

/// Decides by contents; the name counts only where contents can't tell. Without a name (an upload
/// accepted before) what is no archive is `solution.py`.
pub(super) fn decide(source: &Source<'_>, name: Option<&str>) -> Result<Kind, Trouble> {
    let head = source.peek::<512>(0)?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Zip);
    }
    if head.starts_with(b"\x1f\x8b") {
        return Ok(Kind::TarGz);
    }
    if is_tar(&head) {
        return Ok(Kind::Tar);
    }
    let Some(name) = name else { return Ok(Kind::Python) };
    // Browsers send a bare name, some clients a whole path.
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let shown = || EntryName::of(name.as_bytes());
    if let Some((_, kind)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(Rejected::OtherKind { name: shown(), kind }.into());
    }
    let lower = name.to_lowercase();
    let rejected = match lower.rsplit('.').next() {
        _ if name == "solution.py" => return Ok(Kind::Python),
        Some("py") => Rejected::NotSolution { name: shown() },
        Some("zip" | "tar" | "tgz" | "gz") => Rejected::NotAsNamed { name: shown() },
        _ => Rejected::UnknownKind { name: shown() },
    };
    Err(rejected.into())
}

/// A first header whose checksum is right, or the zeros that an empty tar begins with.
fn is_tar(head: &[u8]) -> bool {
    let Ok(block) = <&[u8; 512]>::try_from(head) else { return false };
    if block.iter().all(|byte| *byte == 0) {
        return true;
    }
    let sum = |from: &[u8]| from.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let summed = sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..]);
    ::tar::Header::from_byte_slice(block).cksum().is_ok_and(|said| said == summed)
}

/// The list of an "archive" that is one file; refuses what is no text.
pub(super) fn list_python(source: &Source<'_>) -> Result<Vec<Listed>, Trouble> {
    if source.len > source.limits.unpacked {
        return Err(Rejected::TooLarge { limit: source.limits.unpacked }.into());
    }
    check_text(source)?;
    Ok(vec![Listed { name: b"solution.py".to_vec(), what: What::File(source.len) }])
}

/// Hands the one file over.
pub(super) fn read_python(
    source: &Source<'_>,
    manifest: &Manifest,
    visit: &mut Visit<'_>,
) -> Result<(), Trouble> {
    for entry in &manifest.entries {
        let mut budget = Budget::new(&source.limits);
        visit(entry, &mut source.reader(), &mut budget)
            .map_err(|trouble| source.blame(trouble, None))?;
    }
    Ok(())
}

/// UTF-8 without NULs, looked at block by block.
fn check_text(source: &Source<'_>) -> Result<(), Trouble> {
    let mut reader = source.reader();
    let mut block = [0; 16 << 10];
    let mut kept = 0; // bytes of a character cut by the block's end
    let mut at = 0_u64;
    loop {
        let count = match reader.read(&mut block[kept..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result.map_err(Fault::doing("reading an upload"))?,
        };
        let have = kept + count;
        let good = match std::str::from_utf8(&block[..have]) {
            Ok(_) => have,
            Err(error) if error.error_len().is_none() && count > 0 => error.valid_up_to(),
            Err(error) => {
                return Err(Rejected::NotText { at: at + error.valid_up_to() as u64 }.into());
            }
        };
        if let Some(nul) = block[..good].iter().position(|byte| *byte == 0) {
            return Err(Rejected::NotText { at: at + nul as u64 }.into());
        }
        if count == 0 {
            return Ok(());
        }
        block.copy_within(good..have, 0);
        at += good as u64;
        kept = have - good;
    }
}
