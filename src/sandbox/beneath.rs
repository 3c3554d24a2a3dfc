//! Opening files inside a folder that someone else wrote.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, open, openat2};

/// A folder whose contents are not trusted: nothing opened through it lies outside it.
#[derive(Debug)]
pub struct Tree(OwnedFd);

impl Tree {
    /// Opens the folder itself, by a path that we chose.
    ///
    /// # Errors
    /// It isn't there, or isn't a folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Opens the regular file at `path` below the folder for reading. Follows no link of any
    /// kind, crosses no mount, and never blocks on a pipe or touches a device.
    ///
    /// # Errors
    /// It isn't there, isn't a regular file, or the way to it has a link or leaves the folder.
    pub fn read(&self, path: &Path) -> io::Result<File> {
        // Opened as a mere path first: opening a device or a pipe may already have effects.
        let place = self.resolve(path, OFlags::PATH)?;
        if FileType::from_raw_mode(fstat(&place)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let file = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let (seen, got) = (fstat(&place)?, fstat(&file)?);
        if (seen.st_dev, seen.st_ino) != (got.st_dev, got.st_ino) {
            return Err(io::Error::other("changed while being opened"));
        }
        Ok(File::from(file))
    }

    fn resolve(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV;
        Ok(openat2(self.0.as_fd(), path, flags | OFlags::CLOEXEC, Mode::empty(), resolve)?)
    }
}
