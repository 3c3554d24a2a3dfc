//! A layer: a folder that is either complete or not there, named by what it is made of.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::Error;

/// Begins the name of a folder that is being filled.
const UNFINISHED: &str = ".building-";

/// The hash of a recipe's parts, each with its name and length, so that no two lists of parts
/// give the same text.
#[derive(Clone)]
pub(super) struct Key(Sha256);

impl Key {
    /// A recipe of this kind; change `version` whenever the steps in the code change.
    pub(super) fn new(kind: &str, version: u32) -> Self {
        let mut key = Self(Sha256::new());
        key.add("kind", kind.as_bytes());
        key.add("version", &version.to_le_bytes());
        key
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) {
        for part in [name.as_bytes(), bytes] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    /// Adds every file below `folder`, in the order of their paths. Compiled Python is left out.
    pub(super) fn add_folder(&mut self, folder: &Path) -> Result<(), Error> {
        let mut names: Vec<_> = list(folder)?.collect::<Result<_, _>>().map_err(reading(folder))?;
        names.sort_by_key(fs::DirEntry::file_name);
        for entry in names {
            let path = entry.path();
            let name = entry.file_name();
            if name == "__pycache__" || name == "target" {
                continue;
            }
            self.add("name", name.as_encoded_bytes());
            if entry.file_type().map_err(reading(&path))?.is_dir() {
                self.add_folder(&path)?;
                self.add("end of folder", b"");
            } else {
                self.add("file", &fs::read(&path).map_err(reading(&path))?);
            }
        }
        Ok(())
    }

    /// 64 hex digits.
    pub(super) fn hex(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// Waits until no other process builds in `dir`, and keeps others waiting until it is dropped.
/// Blocks the thread.
pub(super) fn lock(dir: &Path) -> Result<File, Error> {
    fs::create_dir_all(dir).map_err(writing(dir))?;
    open_to_all(dir)?;
    let path = dir.join(".lock");
    let file = File::create(&path).map_err(writing(&path))?;
    flock(&file, FlockOperation::LockExclusive).map_err(|e| writing(&path)(e.into()))?;
    Ok(file)
}

/// Removes what builds that were killed have left. Only under the lock.
pub(super) fn remove_unfinished(dir: &Path) -> Result<(), Error> {
    for entry in list(dir)? {
        let entry = entry.map_err(reading(dir))?;
        if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            fs::remove_dir_all(entry.path()).map_err(writing(&entry.path()))?;
        }
    }
    Ok(())
}

/// A layer that is being filled; [`Unfinished::finish`] makes it complete at one stroke.
pub(super) struct Unfinished {
    pub(super) path: PathBuf,
    finished: PathBuf,
}

impl Unfinished {
    /// An empty folder for the layer `name` of `dir`.
    pub(super) fn new(dir: &Path, name: &str) -> Result<Self, Error> {
        let path = dir.join(format!("{UNFINISHED}{name}"));
        fs::create_dir(&path).map_err(writing(&path))?;
        open_to_all(&path)?;
        Ok(Self { path, finished: dir.join(name) })
    }

    /// Everything is in it.
    pub(super) fn finish(self) -> Result<PathBuf, Error> {
        let folder = File::open(&self.path).map_err(reading(&self.path))?;
        // Else the name could survive a power cut, and the contents not.
        rustix::fs::syncfs(&folder).map_err(|e| writing(&self.path)(e.into()))?;
        fs::rename(&self.path, &self.finished).map_err(writing(&self.finished))?;
        Ok(self.finished)
    }
}

/// Whoever we run programs as must get through.
fn open_to_all(folder: &Path) -> Result<(), Error> {
    fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(writing(folder))
}

/// Copies a folder: contents and whether files are executable, nothing else of it. Links are
/// copied as links.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(writing(to))?;
    open_to_all(to)?;
    for entry in list(from)? {
        let entry = entry.map_err(reading(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(reading(&path))?;
        if kind.is_dir() {
            if entry.file_name() != "__pycache__" {
                copy(&path, &target)?;
            }
        } else if kind.is_symlink() {
            let leads = fs::read_link(&path).map_err(reading(&path))?;
            std::os::unix::fs::symlink(leads, &target).map_err(writing(&target))?;
        } else {
            copy_file(&path, &target)?;
        }
    }
    Ok(())
}

/// Copies a file: contents and whether it is executable.
pub(super) fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(writing(folder))?;
    }
    fs::copy(from, to).map_err(reading(from))?;
    let mode = from.metadata().map_err(reading(from))?.permissions().mode();
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    fs::set_permissions(to, Permissions::from_mode(mode)).map_err(writing(to))
}

/// The regular files of a folder, not of those in it.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in list(folder)? {
        let entry = entry.map_err(reading(folder))?;
        if entry.file_type().map_err(reading(folder))?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Writes a small file of ours.
pub(super) fn put(path: &Path, contents: impl AsRef<[u8]>, mode: u32) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(writing(folder))?;
    }
    fs::write(path, contents).map_err(writing(path))?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(writing(path))
}

fn list(folder: &Path) -> Result<fs::ReadDir, Error> {
    fs::read_dir(folder).map_err(reading(folder))
}

/// For `map_err` after reading `path`.
pub(super) fn reading(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |source| Error::System { doing: format!("reading {}", path.display()), source }
}

/// For `map_err` after writing `path`.
pub(super) fn writing(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |source| Error::System { doing: format!("writing {}", path.display()), source }
}
