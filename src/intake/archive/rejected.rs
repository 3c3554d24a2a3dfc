//! Why an upload is refused, in words for the person who sent it: what, where, what to do.

use super::EntryName;

/// Why an upload is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No bytes at all.
    #[error("The upload is empty. Choose your archive again; the file may not have been saved.")]
    EmptyUpload,
    /// More bytes than may be sent.
    #[error(
        "The upload is larger than {}. Leave out data, builds and environments; the code alone \
         is enough.", size(*.limit)
    )]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// Neither an archive nor a solution.
    #[error(
        "{name} is neither a .zip, a .tar, a .tar.gz nor a solution.py. Pack the folder with \
         your solution as .zip or .tar.gz, or send solution.py alone."
    )]
    UnknownKind {
        /// Of the upload.
        name: EntryName,
    },
    /// An archive of a kind that is not taken.
    #[error("{name} is a {kind} archive, which is not taken. Pack it as .zip or .tar.gz.")]
    OtherKind {
        /// Of the upload.
        name: EntryName,
        /// In a word.
        kind: &'static str,
    },
    /// A name that promises an archive, and other contents.
    #[error("{name} is not what its name says: it is no such archive. Pack it again.")]
    NotAsNamed {
        /// Of the upload.
        name: EntryName,
    },
    /// A Python file by another name.
    #[error(
        "A single file must be called solution.py; {name} is not. Rename it and send it again."
    )]
    NotSolution {
        /// Of the upload.
        name: EntryName,
    },
    /// A `solution.py` with bytes that no Python source has.
    #[error(
        "solution.py is not a text: byte {at} is not UTF-8 or is a NUL. Save it as UTF-8 and \
         send it again."
    )]
    NotText {
        /// Offset of the first bad byte, from zero.
        at: u64,
    },
    /// Not readable as the kind it is.
    #[error("The archive is damaged{}: {what}. Pack it again.", behind(.after))]
    Damaged {
        /// The last entry that could be read.
        after: Option<EntryName>,
        /// In the reader's words.
        what: String,
    },
    /// Two entries share bytes of the archive.
    #[error(
        "{first} and {second} overlap inside the archive, as no ordinary program packs them. \
         Pack it again."
    )]
    Overlap {
        /// The one before.
        first: EntryName,
        /// The one after.
        second: EntryName,
    },
    /// A name that must not be written.
    #[error("{entry} can't be unpacked: {unclean}")]
    Unclean {
        /// Its name.
        entry: EntryName,
        /// What is wrong with it.
        unclean: Unclean,
    },
    /// Neither a plain file nor a folder, or not readable.
    #[error("{entry} {unfit}")]
    Unfit {
        /// Its name.
        entry: EntryName,
        /// What it is.
        unfit: Unfit,
    },
    /// The same path twice.
    #[error("{entry} is in the archive twice. Pack it again from one folder.")]
    Duplicate {
        /// Its name.
        entry: EntryName,
    },
    /// Two paths that many computers can't tell apart.
    #[error(
        "{second} and {first} differ only in upper and lower case or in how accents are \
         written; many computers can't keep both. Rename one."
    )]
    Collision {
        /// The earlier one.
        first: EntryName,
        /// The later one.
        second: EntryName,
    },
    /// One path as a file and as a folder.
    #[error("{entry} is in the archive both as a file and as a folder. Rename one.")]
    FileAndFolder {
        /// Its name.
        entry: EntryName,
    },
    /// Too much comes out.
    #[error(
        "The archive holds more than {} unpacked (reached at {entry}). Leave out data, builds \
         and environments.", size(*.limit)
    )]
    TooMuch {
        /// Where it was reached.
        entry: EntryName,
        /// In bytes.
        limit: u64,
    },
    /// Unpacks to far more than any code does.
    #[error(
        "{entry} unpacks to more than {ratio} times its packed size, as code does not. Leave \
         it out."
    )]
    Bomb {
        /// Its name.
        entry: EntryName,
        /// The limit.
        ratio: u64,
    },
    /// Too many files.
    #[error("The archive holds more than {limit} files (reached at {entry}). Leave some out.")]
    TooManyFiles {
        /// Where it was reached.
        entry: EntryName,
        /// The limit.
        limit: usize,
    },
    /// Too many entries of all sorts.
    #[error(
        "The archive holds more than {limit} entries. Leave out .git, .venv, target and the like."
    )]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// Folders too far inside one another.
    #[error("{entry} lies more than {limit} folders deep. Use fewer folders.")]
    TooDeep {
        /// Its name.
        entry: EntryName,
        /// The limit.
        limit: usize,
    },
    /// Nothing in it that would be unpacked.
    #[error("There is no file in the archive. Pack the folder with your solution.")]
    Empty,
    /// No solution where it belongs.
    #[error(
        "There is neither solution.py nor Cargo.toml {}. {}", place(.enclosing), hint(.found)
    )]
    NoSolution {
        /// The folder that was looked through.
        enclosing: Option<EntryName>,
        /// Where a likely file lies instead.
        found: Option<EntryName>,
    },
    /// Both languages at once.
    #[error(
        "There are both solution.py and Cargo.toml {}, so it is not clear which language to \
         grade. Leave one out.", place(.enclosing)
    )]
    TwoSolutions {
        /// The folder that was looked through.
        enclosing: Option<EntryName>,
    },
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclean {
    /// Bytes that are no UTF-8.
    #[error("its name is not UTF-8. Rename it, or pack with a newer program.")]
    NotUtf8,
    /// Starts at the root of a disk.
    #[error("its name starts with '/' or a drive letter. Pack the folder, not its full path.")]
    Absolute,
    /// Leads out of the folder.
    #[error("its name holds '..'. Pack from inside the folder.")]
    Parent,
    /// Holds a `.` that stands for the folder itself.
    #[error("its name holds '.' as a folder. Pack it again.")]
    Current,
    /// Windows' separator.
    #[error("its name holds a backslash. Pack it with another program, for example Windows' own.")]
    Backslash,
    /// Nothing between two slashes, or no name at all.
    #[error("a part of its name is empty. Pack it again.")]
    EmptyPart,
    /// NUL, line breaks, text-direction marks and the like.
    #[error("its name holds a character that can't be seen. Rename it.")]
    Invisible,
    /// Longer than the limits allow.
    #[error("its name is too long. Rename it.")]
    TooLong,
}

/// Why an entry can't be taken although its name is clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Points to another path.
    #[error("is a symbolic link. Replace it by the file it points to.")]
    SymbolicLink,
    /// Shares its contents with another entry.
    #[error("is a hard link. Replace it by a copy, for example with tar --hard-dereference.")]
    HardLink,
    /// Character or block device.
    #[error("is a device, not a file. Leave it out.")]
    Device,
    /// Named pipe or socket.
    #[error("is a pipe or a socket, not a file. Leave it out.")]
    Pipe,
    /// Stored with holes.
    #[error("is stored as a sparse file. Pack without --sparse.")]
    Sparse,
    /// Says that it is a file and a folder.
    #[error("is described as a file and as a folder at once. Pack it again.")]
    Contradictory,
    /// A sort of entry that is not known.
    #[error("is neither a file nor a folder. Leave it out.")]
    Unknown,
    /// Needs a password.
    #[error("is encrypted. Pack it without a password.")]
    Encrypted,
    /// Neither stored nor deflated.
    #[error("is compressed by a method that is not taken. Pack it as an ordinary .zip.")]
    Compression,
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

fn behind(entry: &Option<EntryName>) -> String {
    entry.as_ref().map_or_else(String::new, |entry| format!(" after {entry}"))
}

fn place(enclosing: &Option<EntryName>) -> String {
    match enclosing {
        None => "at the root of the archive".to_owned(),
        Some(folder) => format!("in the archive's folder {folder}"),
    }
}

fn hint(found: &Option<EntryName>) -> String {
    match found {
        None => "Put one of them there.".to_owned(),
        Some(found) => {
            format!("There is {found}: give it exactly that name, and pack the folder it is in.")
        }
    }
}
