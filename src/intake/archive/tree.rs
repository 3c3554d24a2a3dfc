//! From the list of an archive's entries to what will be unpacked: the rules, without any I/O.

use std::collections::{BTreeSet, HashMap};

use super::name::{clean, folded, left_out};
use super::{ArchiveLimits, Entry, EntryName, Kind, Language, Manifest, Rejected, Sort, Unfit};

/// One entry as the archive has it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    /// Its name, unchecked.
    pub name: Vec<u8>,
    /// What it says it is.
    pub what: What,
}

/// What an entry says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A file of this many bytes.
    File(u64),
    /// A folder.
    Folder,
    /// Something that is refused, unless it lies in what is left out.
    Unfit(Unfit),
}

/// An entry with its name checked.
struct Named {
    at: usize,
    /// As in the archive, for messages.
    full: String,
    what: What,
}

/// Decides what of the listed entries will be unpacked, or why the archive is refused.
pub(super) fn plan(
    kind: Kind,
    listed: Vec<Listed>,
    limits: &ArchiveLimits,
) -> Result<Manifest, Rejected> {
    let mut left = BTreeSet::new();
    let mut named = Vec::new();
    for (at, Listed { name, what }) in listed.into_iter().enumerate() {
        let Some(full) = clean(&name, !matches!(what, What::File(_)), limits)? else { continue };
        match full.split('/').find_map(left_out) {
            Some(part) => {
                left.insert(part.to_owned());
            }
            None => named.push(Named { at, full, what }),
        }
    }
    let enclosing = enclosing(&named);
    let skip = enclosing.as_ref().map_or(0, |folder| folder.len() + 1);
    // What cargo builds; only there, since `src/target/` may well be somebody's module.
    if named.iter().any(|entry| entry.full.get(skip..) == Some("Cargo.toml")) {
        named.retain(|entry| {
            let inside = entry.full.get(skip..).unwrap_or("");
            let built = inside == "target" || inside.starts_with("target/");
            if built {
                left.insert("target".to_owned());
            }
            !built
        });
    }
    let mut tree = Tree { limits, seen: HashMap::new(), entries: Vec::new(), files: 0, bytes: 0 };
    for entry in &named {
        tree.add(entry, skip)?;
    }
    if tree.files == 0 {
        return Err(Rejected::Empty);
    }
    let language = language(&tree.entries, enclosing.as_deref())?;
    Ok(Manifest {
        kind,
        language,
        enclosing,
        entries: tree.entries,
        bytes: tree.bytes,
        left_out: left.into_iter().collect(),
    })
}

/// The one folder that holds everything.
fn enclosing(named: &[Named]) -> Option<String> {
    let (first, _) = named.iter().find_map(|entry| entry.full.split_once('/'))?;
    let all = named.iter().all(|entry| match entry.full.split_once('/') {
        Some((top, _)) => top == first,
        None => entry.full == first && entry.what == What::Folder,
    });
    all.then(|| first.to_owned())
}

/// What has been accepted so far.
struct Tree<'l> {
    limits: &'l ArchiveLimits,
    /// By the folder it is in and its folded name. Names alone, not paths: ten thousand long
    /// paths with all the folders above them would fill the memory.
    seen: HashMap<(usize, String), Seen>,
    entries: Vec<Entry>,
    files: usize,
    bytes: u64,
}

/// A name that is taken.
struct Seen {
    number: usize,
    name: String,
    file: bool,
}

impl Tree<'_> {
    fn add(&mut self, entry: &Named, skip: usize) -> Result<(), Rejected> {
        let shown = || EntryName::of(entry.full.as_bytes());
        let sort = match entry.what {
            What::File(bytes) => Sort::File(bytes),
            What::Folder => Sort::Folder,
            What::Unfit(unfit) => return Err(Rejected::Unfit { entry: shown(), unfit }),
        };
        let inside = entry.full.get(skip..).unwrap_or("");
        if inside.split('/').count() > self.limits.depth {
            return Err(Rejected::TooDeep { entry: shown(), limit: self.limits.depth });
        }
        self.place(&entry.full, matches!(sort, Sort::File(_)))?;
        if inside.is_empty() {
            return Ok(()); // the enclosing folder itself
        }
        if let Sort::File(bytes) = sort {
            self.files += 1;
            if self.files > self.limits.files {
                return Err(Rejected::TooManyFiles { entry: shown(), limit: self.limits.files });
            }
            self.bytes = self.bytes.saturating_add(bytes);
            if self.bytes > self.limits.unpacked {
                return Err(Rejected::TooMuch { entry: shown(), limit: self.limits.unpacked });
            }
        }
        self.entries.push(Entry { path: inside.to_owned(), sort, at: entry.at });
        Ok(())
    }

    /// Notes the path and the folders above it; refuses what would fall on another.
    fn place(&mut self, full: &str, file: bool) -> Result<(), Rejected> {
        let mut folder = 0;
        let mut start = 0;
        for name in full.split('/') {
            let end = start + name.len();
            let file = file && end == full.len();
            let number = self.seen.len() + 1;
            let here = self.seen.entry((folder, folded(name))).or_insert_with(|| Seen {
                number,
                name: name.to_owned(),
                file,
            });
            folder = here.number;
            // Long paths name folders that no entry stands for; they would be made all the same.
            if folder == number && number > self.limits.entries {
                return Err(Rejected::TooManyEntries { limit: self.limits.entries });
            }
            if here.number != number {
                let entry = EntryName::of(&full.as_bytes()[..end]);
                if here.name != name {
                    let first = format!("{}{}", &full[..start], here.name);
                    let first = EntryName::of(first.as_bytes());
                    return Err(Rejected::Collision { first, second: entry });
                }
                match (here.file, file) {
                    (true, true) => return Err(Rejected::Duplicate { entry }),
                    (true, false) | (false, true) => return Err(Rejected::FileAndFolder { entry }),
                    // A folder named again, as itself or above another entry.
                    (false, false) => {}
                }
            }
            start = end + 1;
        }
        Ok(())
    }
}

fn language(entries: &[Entry], enclosing: Option<&str>) -> Result<Language, Rejected> {
    let has = |name: &str| {
        entries.iter().any(|entry| matches!(entry.sort, Sort::File(_)) && entry.path == name)
    };
    let place = || enclosing.map(|folder| EntryName::of(folder.as_bytes()));
    match (has("solution.py"), has("Cargo.toml")) {
        (true, false) => Ok(Language::Python),
        (false, true) => Ok(Language::Rust),
        (true, true) => Err(Rejected::TwoSolutions { enclosing: place() }),
        (false, false) => Err(Rejected::NoSolution {
            enclosing: place(),
            found: entries
                .iter()
                .filter(|entry| matches!(entry.sort, Sort::File(_)))
                .find(|entry| {
                    let name = entry.path.rsplit('/').next().unwrap_or("");
                    name.eq_ignore_ascii_case("solution.py")
                        || name.eq_ignore_ascii_case("Cargo.toml")
                })
                .map(|entry| EntryName::of(entry.path.as_bytes())),
        }),
    }
}
