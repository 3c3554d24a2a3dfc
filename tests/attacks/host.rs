//! What an attack may not change on the host, and what it may not find there.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

/// Beginnings of the names of what attacks leave behind.
const MARKS: [&str; 2] = ["testat-attack", "testat-marker"];

/// Secrets and sockets of the host, put where a program that gets out would find them.
pub(super) struct Bait {
    folder: tempfile::TempDir,
    pub(super) secret: String,
    name: String,
    _abstract: UnixListener,
    _socket: UnixListener,
}

impl Bait {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Enterable and readable by anyone: that it is not found must not hang on its mode.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let secret = format!("canary-{}", testat::secret::fresh().text);
        fs::write(folder.path().join("canary"), &secret).unwrap();
        let name = format!("testat-attacked-{}-{}", std::process::id(), &secret[7..19]);
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = folder.path().join("socket");
        fs::create_dir(folder.path().join("boxes")).unwrap();
        fs::set_permissions(folder.path().join("boxes"), fs::Permissions::from_mode(0o711))
            .unwrap();
        Self {
            secret,
            name,
            _abstract: UnixListener::bind_addr(&address).unwrap(),
            _socket: UnixListener::bind(&socket).unwrap(),
            folder,
        }
    }

    /// Where submissions are unpacked.
    pub(super) fn boxes(&self) -> PathBuf {
        self.folder.path().join("boxes")
    }

    /// A program's text with the places named: an attack need not guess.
    pub(super) fn named_in(&self, text: &str) -> String {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        text.replace("@CANARY@", &path("canary"))
            .replace("@SOCKET@", &path("socket"))
            .replace("@BOXES@", &path("boxes"))
            .replace("@ABSTRACT@", &self.name)
            .replace("@PID@", &std::process::id().to_string())
    }

    /// Files that a grading left where it was unpacked, but the shelf of harness programs.
    pub(super) fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.boxes()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| !path.ends_with("harness")).collect()
    }
}

/// Nothing is left of the programs that the process of this number started. A control group can be
/// removed only when no process is in it, so that without the one there are none of the others.
pub(super) fn assert_clean(pid: u32) {
    let groups = groups(Path::new("/sys/fs/cgroup"), &format!("testat-{pid}-"));
    assert!(groups.is_empty(), "control groups left: {groups:?}");
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let ours: Vec<&str> = mounts.lines().filter(|line| line.contains("/run/testat")).collect();
    assert!(ours.is_empty(), "mounts left: {ours:?}");
    for folder in ["/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/var/cache/testat"] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap_or_default();
            let left = MARKS.iter().any(|mark| name.starts_with(mark));
            assert!(!left, "left in {folder}: {name}");
        }
    }
}

fn groups(folder: &Path, beginning: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if entry.file_name().to_string_lossy().starts_with(beginning) {
            found.push(entry.path());
        }
        found.extend(groups(&entry.path(), beginning));
    }
    found
}

/// Descriptors of the process of this number, but those of its database, whose pool grows as it likes.
pub(super) fn descriptors(pid: u32) -> usize {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
    targets.filter(|target| !target.to_string_lossy().contains("testat.db")).count()
}
