//! The folder of one grading: the tree as unpacked, and the program that a build left.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

use super::session::{Fault, Rig, io_fault};
use crate::course::Language;
use crate::intake::archive;

/// Then comes the number of the process that made it, so that a dead one's can be told.
const PREFIX: &str = "grading-";

/// A folder for one submission, gone at its end.
#[derive(Debug)]
pub(super) struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub(super) fn new(box_dir: &Path) -> Result<Self, Fault> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .permissions(fs::Permissions::from_mode(0o711))
            .tempdir_in(box_dir)
            .map_err(io_fault("making a folder for the grading"))?;
        Ok(Self { folder })
    }

    pub(super) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    pub(super) async fn unpack(&self, rig: &Rig, archive: &File) -> Result<Language, Fault> {
        let archive = archive.try_clone().map_err(io_fault("opening the archive"))?;
        let tree = self.tree();
        let limits = rig.archive_limits;
        let unpacked = tokio::task::spawn_blocking(move || {
            let manifest = archive::unpack(&archive, &limits, &tree)
                .map_err(|trouble| Fault::Archive(trouble.to_string()))?;
            Ok(manifest.language)
        });
        unpacked.await.map_err(|stopped| Fault::Archive(stopped.to_string()))?
    }
}

/// Removes folders of processes that were killed before they could; says how many.
///
/// # Errors
/// The folder can't be read, or one in it not removed.
pub fn sweep(box_dir: &Path) -> io::Result<usize> {
    let mut swept = 0;
    for entry in fs::read_dir(box_dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.strip_prefix(PREFIX).is_some_and(is_dead) {
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => swept += 1,
                // Another process that starts just now was first.
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(fault),
            }
        }
    }
    Ok(swept)
}

/// Whether the process whose number the name begins with is gone.
fn is_dead(rest: &str) -> bool {
    let number = rest.split('-').next().and_then(|number| number.parse().ok());
    let pid = number.and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}
