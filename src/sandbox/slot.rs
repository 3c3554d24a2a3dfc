//! A user id of its own for every running program, so that no two share what the kernel counts or
//! permits by user. The pool is the host's: a lock file an id, held while its program runs, keeps
//! several servers and command lines apart.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::{Fault, Settings};

/// Where root's lock files lie.
const LOCKS: &str = "/run/lock/testat";

/// A user id that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    /// The id, for user and group.
    pub(super) id: u32,
    /// Closing it releases the lock.
    _lock: File,
}

impl Slot {
    /// Takes a free id of the pool. `None` when we are not root, and programs run as ourselves.
    pub(super) fn take(settings: &Settings) -> Result<Option<Self>, Fault> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let failed = |source| Fault::System { doing: "taking a user id for a program", source };
        match fs::DirBuilder::new().recursive(true).mode(0o755).create(LOCKS) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            _ => {}
        }
        // Starting anywhere but always at the first saves most collisions between processes.
        let offset = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
        for step in 0..settings.slots {
            let id = settings.slots_from + (offset.wrapping_add(step)) % settings.slots;
            if let Some(lock) = lock(&Path::new(LOCKS).join(id.to_string())).map_err(failed)? {
                return Ok(Some(Self { id, _lock: lock }));
            }
        }
        Err(Fault::Setup(format!("all {} user ids for programs are in use", settings.slots)))
    }
}

fn lock(path: &Path) -> io::Result<Option<File>> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
