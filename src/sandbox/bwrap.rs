//! What bubblewrap is told: namespaces, mounts, environment. Handed over in a file in memory, so
//! that neither the host's paths nor the environment show in its command line, which the program
//! can read.

use std::ffi::OsStr;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Profile, Spec};

/// Files of `/proc` that tell of the host rather than of the program.
const MASKED: &[&str] = &[
    "cmdline",
    "config.gz",
    "interrupts",
    "iomem",
    "ioports",
    "kallsyms",
    "kcore",
    "key-users",
    "keys",
    "kmsg",
    "kpagecgroup",
    "kpagecount",
    "kpageflags",
    "modules",
    "pagetypeinfo",
    "sched_debug",
    "schedstat",
    "slabinfo",
    "sysrq-trigger",
    "timer_list",
    "vmallocinfo",
];

/// Bytes in `/dev/shm`, which few programs use.
const SHARED_MEMORY: u64 = 16 << 20;

/// All that a harness needs of the system: the loader and the libraries of a Rust program.
#[cfg(target_arch = "x86_64")]
const LIBRARIES: &[&str] = &["libc.so.6", "libgcc_s.so.1", "libm.so.6", "ld-linux-x86-64.so.2"];
#[cfg(target_arch = "x86_64")]
const LIBRARY_FOLDER: &str = "usr/lib/x86_64-linux-gnu";
/// Where programs name their loader, and the library it is.
#[cfg(target_arch = "x86_64")]
const LOADER: (&str, &str) =
    ("/usr/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");

#[cfg(target_arch = "aarch64")]
const LIBRARIES: &[&str] = &["libc.so.6", "libgcc_s.so.1", "libm.so.6", "ld-linux-aarch64.so.1"];
#[cfg(target_arch = "aarch64")]
const LIBRARY_FOLDER: &str = "usr/lib/aarch64-linux-gnu";
#[cfg(target_arch = "aarch64")]
const LOADER: (&str, &str) =
    ("/usr/lib/ld-linux-aarch64.so.1", "/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1");

/// Something of the host that the program sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bind {
    /// Where bubblewrap finds it.
    pub(super) source: PathBuf,
    /// Where the program does.
    pub(super) inside: PathBuf,
}

/// The descriptors that bubblewrap itself reads and writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptors {
    /// The compiled filter.
    pub(super) filter: RawFd,
    /// Where the exit code is written.
    pub(super) status: RawFd,
    /// What it waits for a byte from, once all is set up but the program.
    pub(super) hold: Option<RawFd>,
}

/// What this program is to see of the host, from the system in `root` and from its own mounts.
/// All sources are absolute and exist.
pub(super) fn binds(spec: &Spec, root: &Path) -> io::Result<Vec<Bind>> {
    let mut binds = Vec::new();
    let mut add = |host: &Path, inside: PathBuf| {
        let source = std::fs::canonicalize(host)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", host.display())))?;
        binds.push(Bind { source, inside });
        Ok::<(), io::Error>(())
    };
    match spec.profile {
        Profile::Build | Profile::Subject => {
            add(&root.join("usr"), "/usr".into())?;
            add(&root.join("etc"), "/etc".into())?;
        }
        Profile::Harness => {
            for library in LIBRARIES {
                let inside = Path::new(LIBRARY_FOLDER).join(library);
                add(&root.join(&inside), Path::new("/").join(inside))?;
            }
        }
    }
    for mount in &spec.mounts {
        add(&mount.host, mount.inside.clone())?;
    }
    Ok(binds)
}

/// The files of `/proc` to mask on this host: each mask costs a tenth of a millisecond a start.
pub(super) fn masks() -> Vec<PathBuf> {
    let paths = MASKED.iter().map(|name| Path::new("/proc").join(name));
    // Root's alone need no mask: inside, nobody is root.
    let readable = |path: &PathBuf| path.metadata().is_ok_and(|m| m.mode() & 0o004 != 0);
    paths.filter(readable).collect()
}

/// Bubblewrap's arguments up to the program, each ended by a zero byte.
pub(super) fn arguments(
    spec: &Spec,
    binds: &[Bind],
    masks: &[PathBuf],
    descriptors: Descriptors,
) -> Vec<u8> {
    let mut list = Arguments(Vec::with_capacity(4096));
    list.add(&["--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"]);
    list.add(&["--disable-userns", "--hostname", "sandbox", "--die-with-parent"]);
    list.add(&["--new-session", "--cap-drop", "ALL", "--clearenv"]);
    for (name, value) in fixed_environment() {
        list.add(&["--setenv", name, value]);
    }
    for (name, value) in &spec.env {
        list.add(&["--setenv", name, value]);
    }
    for bind in binds {
        list.add::<&OsStr>(&["--ro-bind".as_ref(), bind.source.as_ref(), bind.inside.as_ref()]);
    }
    list.add(&["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"]);
    match spec.profile {
        Profile::Build | Profile::Subject => list.whole_system(spec.limits.scratch, masks),
        // Neither /proc nor /dev nor a place to write: it has its control socket.
        Profile::Harness => list.add(&["--symlink", LOADER.1, LOADER.0]),
    }
    list.add(&["--remount-ro", "/"]);
    list.add::<&OsStr>(&["--chdir".as_ref(), spec.cwd.as_ref()]);
    list.add(&["--json-status-fd", &descriptors.status.to_string()]);
    list.add(&["--seccomp", &descriptors.filter.to_string()]);
    if let Some(hold) = descriptors.hold {
        list.add(&["--block-fd", &hold.to_string()]);
    }
    list.0
}

fn fixed_environment() -> [(&'static str, &'static str); 4] {
    [("PATH", "/usr/bin:/bin"), ("HOME", "/work"), ("TMPDIR", "/tmp"), ("LANG", "C.UTF-8")]
}

struct Arguments(Vec<u8>);

impl Arguments {
    fn add<T: AsRef<OsStr>>(&mut self, arguments: &[T]) {
        for argument in arguments {
            self.0.extend_from_slice(argument.as_ref().as_bytes());
            self.0.push(0);
        }
    }

    fn whole_system(&mut self, scratch: u64, masks: &[PathBuf]) {
        self.add(&["--symlink", "usr/bin", "/bin", "--proc", "/proc"]);
        for mask in masks {
            self.add::<&OsStr>(&["--ro-bind".as_ref(), "/dev/null".as_ref(), mask.as_ref()]);
        }
        let (scratch, shared) = (scratch.to_string(), SHARED_MEMORY.to_string());
        self.add(&["--dev", "/dev", "--size", &shared, "--tmpfs", "/dev/shm"]);
        self.add(&["--size", &scratch, "--tmpfs", "/tmp"]);
        self.add(&["--size", &scratch, "--tmpfs", "/work", "--remount-ro", "/dev"]);
    }
}
