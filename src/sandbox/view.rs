//! What the host's file system looks like to bubblewrap: when we are root, only what the program
//! is given, gathered in a mount namespace of its own before root's rights are dropped. So the
//! folders above a source may be closed to the program's user, and the host's paths stay unknown
//! to it.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::bwrap::Bind;

/// An empty folder of the host over which each run mounts its own view.
const ANCHOR: &str = "/run/testat";

/// The mounts that a new process makes for itself.
#[derive(Debug, Default)]
pub(super) struct View {
    anchor: CString,
    points: Vec<Point>,
}

#[derive(Debug)]
struct Point {
    source: CString,
    target: CString,
    is_folder: bool,
}

impl View {
    /// Makes the anchor, once.
    pub(super) fn prepare() -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir_all(ANCHOR)?;
        fs::set_permissions(ANCHOR, fs::Permissions::from_mode(0o755))
    }

    /// A view of these sources, and where bubblewrap then finds each.
    pub(super) fn of(binds: Vec<Bind>) -> io::Result<(Self, Vec<Bind>)> {
        let mut points = Vec::with_capacity(binds.len());
        let mut seen = Vec::with_capacity(binds.len());
        for (number, bind) in binds.into_iter().enumerate() {
            let target = PathBuf::from(format!("{ANCHOR}/{number}"));
            points.push(Point {
                is_folder: bind.source.is_dir(),
                source: c_string(&bind.source)?,
                target: c_string(&target)?,
            });
            seen.push(Bind { source: target, inside: bind.inside });
        }
        Ok((Self { anchor: c_string(Path::new(ANCHOR))?, points }, seen))
    }

    /// Makes the view, in a process that has just been forked: system calls alone, no memory is
    /// asked for. An empty view does nothing.
    pub(super) fn enter(&self) -> io::Result<()> {
        use rustix::fs::{Mode, OFlags};
        use rustix::mount::{MountFlags, MountPropagationFlags};
        if self.points.is_empty() {
            return Ok(());
        }
        own_mounts()?;
        let apart = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        rustix::mount::mount_change(c"/", apart)?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        rustix::mount::mount(c"tmpfs", &self.anchor, c"tmpfs", flags, c"size=64k,mode=755")?;
        for point in &self.points {
            if point.is_folder {
                rustix::fs::mkdir(&point.target, Mode::RWXU)?;
            } else {
                let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
                drop(rustix::fs::open(&point.target, flags, Mode::RUSR)?);
            }
            rustix::mount::mount_bind(&point.source, &point.target)?;
        }
        Ok(())
    }
}

#[expect(unsafe_code, reason = "rustix offers unshare only as unsafe, for flags that we don't use")]
fn own_mounts() -> io::Result<()> {
    // SAFETY: unsafe only because of the flags that unshare descriptors or memory between threads;
    // this one gives the calling process mounts of its own.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS)? };
    Ok(())
}

fn c_string(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a path with a zero byte"))
}
