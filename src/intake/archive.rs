//! Archives as students send them: looked into before anything is kept, unpacked for a grading.
//!
//! [`inspect`] reads the whole archive once, writes nothing and gives a [`Manifest`] or says why
//! not; [`unpack`] does the same and writes the files below a folder that it makes. Both keep
//! names in memory, contents never; [`look()`] keeps the beginnings of files, as many bytes as it is told. Every limit is held by counting bytes, not by what a header
//! says. The stages: `source` (bytes, counted) -> `tar` or `zip` (entries as they stand) ->
//! `tree` (the rules, pure) -> nothing, `write` or `look`.

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::source::Source;
use super::{Fault, Trouble};
use crate::course::Language;

mod kind;
mod look;
mod name;
mod rejected;
mod source;
mod tar;
mod tree;
mod write;
mod zip;

pub use self::kind::Kind;
pub use self::look::{Glance, Member, look};
pub use self::name::EntryName;
pub use self::rejected::{Rejected, Unclean, Unfit};

/// How much an archive may hold. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveLimits {
    /// Of the upload as received.
    pub packed: u64,
    /// Of all files unpacked together.
    pub unpacked: u64,
    /// Files, those left out not counted.
    pub files: usize,
    /// Entries of any sort, those left out counted too; also files and folders to be made.
    pub entries: usize,
    /// Folders inside one another, the file itself counted.
    pub depth: usize,
    /// Of one file's or folder's name.
    pub name: usize,
    /// Of a whole path.
    pub path: usize,
    /// Unpacked bytes for one packed byte, looked at once 16 MiB have come out.
    pub ratio: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            packed: 20 << 20,
            unpacked: 200 << 20,
            files: 2_000,
            entries: 10_000,
            depth: 20,
            name: 200,
            path: 1_000,
            ratio: 200,
        }
    }
}

/// One file or folder that will be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Relative to the submission's root, `/` between names, clean.
    pub path: String,
    /// File or folder.
    pub sort: Sort,
    /// Where it stands in the archive, counted from zero.
    #[serde(skip)]
    at: usize,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// A file of this many bytes.
    File(u64),
    /// A folder.
    Folder,
}

/// What an accepted archive holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// How it is packed.
    pub kind: Kind,
    /// In which language the solution is: by `solution.py` or `Cargo.toml` at the root.
    pub language: Language,
    /// The one folder around everything, if there was one; it is looked through.
    pub enclosing: Option<String>,
    /// What will be unpacked, in the archive's order.
    pub entries: Vec<Entry>,
    /// Bytes of all files together.
    pub bytes: u64,
    /// What is in the archive and will not be unpacked (`target`, `__MACOSX`, ...), sorted.
    pub left_out: Vec<String>,
}

/// Says what the archive in `file` holds, or why it is refused; writes nothing.
///
/// `name` is the name the person gave it: needed to know a `solution.py`, and to say that a file
/// is not what its name says. Reads the whole archive: not for an async thread.
pub fn inspect(file: &File, name: &str, limits: &ArchiveLimits) -> Result<Manifest, Trouble> {
    let source = Source::open(file, limits)?;
    let kind = kind::decide(&source, Some(name))?;
    let manifest = plan(&source, kind)?;
    // Listing a tar has read it to its end; a zip's list only repeats what its directory claims.
    if matches!(kind, Kind::Zip) {
        zip::read(&source, &manifest, &mut |entry, bytes, budget| budget.drain(entry, bytes))?;
    }
    Ok(manifest)
}

/// Unpacks the archive in `file` into the folder `into`, which it makes; an existing one is an
/// error. After an error the folder holds a part and is the caller's to remove.
///
/// Files get mode 0644 and folders 0755 whatever the archive says. Not for an async thread.
pub fn unpack(file: &File, limits: &ArchiveLimits, into: &Path) -> Result<Manifest, Trouble> {
    let source = Source::open(file, limits)?;
    let kind = kind::decide(&source, None)?;
    let manifest = plan(&source, kind)?;
    let root = write::Root::create(into)?;
    for entry in manifest.entries.iter().filter(|entry| entry.sort == Sort::Folder) {
        root.folder(&entry.path)?;
    }
    let mut put = |entry: &Entry, bytes: &mut dyn std::io::Read, budget: &mut source::Budget| {
        let mut out = root.file(&entry.path)?;
        budget.copy(entry, bytes, &mut out)
    };
    match kind {
        Kind::Zip => zip::read(&source, &manifest, &mut put)?,
        Kind::Tar | Kind::TarGz => tar::read(&source, kind, &manifest, &mut put)?,
        Kind::Python => kind::read_python(&source, &manifest, &mut put)?,
    }
    Ok(manifest)
}

/// What is done with the contents of one entry.
type Visit<'v> =
    dyn FnMut(&Entry, &mut dyn std::io::Read, &mut source::Budget) -> Result<(), Trouble> + 'v;

fn plan(source: &Source<'_>, kind: Kind) -> Result<Manifest, Trouble> {
    let listed = match kind {
        Kind::Zip => zip::list(source)?,
        Kind::Tar | Kind::TarGz => tar::list(source, kind)?,
        Kind::Python => kind::list_python(source)?,
    };
    Ok(tree::plan(kind, listed, &source.limits)?)
}
