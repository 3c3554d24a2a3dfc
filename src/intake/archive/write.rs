//! Writing below one folder and nowhere else.
//!
//! The names are clean already; this holds even if they were not: every step is taken from the
//! handle of the folder above, follows no link, and a file must not have been there before.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, fchmod, mkdirat, openat};
use rustix::io::Errno;

use super::{Fault, Trouble};

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// The folder that everything goes into.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

impl Root {
    /// Makes the folder; it must not exist.
    pub(super) fn create(path: &Path) -> Result<Self, Trouble> {
        mkdirat(CWD, path, Mode::from_raw_mode(0o755)).map_err(fault("making the folder"))?;
        let root = openat(CWD, path, FOLDER, Mode::empty()).map_err(fault("opening the folder"))?;
        // Whatever the process's mask says: the sandbox's user must be able to read it.
        fchmod(&root, Mode::from_raw_mode(0o755)).map_err(fault("making the folder readable"))?;
        Ok(Self(root))
    }

    /// Makes a folder and those above it, where they are missing.
    pub(super) fn folder(&self, path: &str) -> Result<(), Trouble> {
        self.descend(path.split('/')).map(drop)
    }

    /// Makes a new, empty file and the folders above it.
    pub(super) fn file(&self, path: &str) -> Result<File, Trouble> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = self.descend(above.split('/').filter(|part| !part.is_empty()))?;
        let folder = folder.as_ref().unwrap_or(&self.0);
        let mode = Mode::from_raw_mode(0o644);
        let file = openat(folder, one(name)?, NEW_FILE, mode).map_err(fault("making a file"))?;
        fchmod(&file, mode).map_err(fault("making a file readable"))?;
        Ok(file.into())
    }

    fn descend<'p>(
        &self,
        parts: impl Iterator<Item = &'p str>,
    ) -> Result<Option<OwnedFd>, Trouble> {
        let mut at: Option<OwnedFd> = None;
        for part in parts {
            let above = at.as_ref().unwrap_or(&self.0);
            let mode = Mode::from_raw_mode(0o755);
            let made = match mkdirat(above, one(part)?, mode) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(error) => return Err(fault("making a folder")(error).into()),
            };
            let folder = openat(above, one(part)?, FOLDER, Mode::empty())
                .map_err(fault("opening a folder"))?;
            if made {
                fchmod(&folder, mode).map_err(fault("making a folder readable"))?;
            }
            at = Some(folder);
        }
        Ok(at)
    }
}

/// One name, which leads nowhere but into the folder it is used in.
fn one(name: &str) -> Result<&str, Fault> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(fault("checking a name")(Errno::INVAL));
    }
    Ok(name)
}

fn fault(doing: &'static str) -> impl Fn(Errno) -> Fault {
    move |errno| Fault { doing, source: errno.into() }
}
