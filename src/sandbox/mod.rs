//! A program that can't be trusted, run so that it can't matter: own namespaces, no network, a
//! read-only system, limits on everything, and nothing left of it afterwards.
//!
//! `Sandbox::probe` finds out once what this host can enforce; `start` turns a [`Spec`] into a
//! [`Running`]; `Running::wait` gives its [`Ending`]. Knows nothing of courses.

pub mod beneath;
mod bwrap;
mod capture;
mod cgroup;
mod descriptors;
mod doctor;
mod host;
mod launch;
mod running;
mod seccomp;
mod slot;
mod status;
pub mod tool;
mod view;
mod watch;
mod words;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

pub use host::Sandbox;
pub use running::{Ready, Running};

/// Which system calls the program may make; the harness's list is the shortest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Compiles a student's program: processes and files.
    Build,
    /// Runs a student's program.
    Subject,
    /// Runs a grader's program: no new processes, no sockets of its own.
    Harness,
}

/// A file or folder of the host that the program sees, always read-only.
#[derive(Clone, Debug)]
pub struct Mount {
    /// On the host.
    pub host: PathBuf,
    /// Inside, absolute.
    pub inside: PathBuf,
}

/// What the program may use, its whole tree of processes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Processor time.
    pub cpu: Duration,
    /// Wall-clock time.
    pub wall: Duration,
    /// Memory in bytes, files in the private tmpfs included.
    pub memory: u64,
    /// Processes and threads at once.
    pub processes: u32,
    /// Bytes of one file.
    pub file_size: u64,
    /// Open descriptors of one process.
    pub open_files: u64,
    /// Bytes in each private tmpfs (`/tmp`, `/work`).
    pub scratch: u64,
    /// Bytes on stdout and stderr together (captured ones).
    pub output: u64,
}

/// Where the program's standard output goes.
#[derive(Debug)]
pub enum Output {
    /// To this descriptor, uncounted.
    To(OwnedFd),
    /// Captured into the ending under [`Limits::output`].
    Captured,
}

/// One program to run.
#[derive(Debug)]
pub struct Spec {
    /// System calls allowed.
    pub profile: Profile,
    /// Program (absolute, inside) and arguments. Readable by the program: nothing secret.
    pub argv: Vec<OsString>,
    /// Environment beyond the fixed one. Readable by the program: nothing secret.
    pub env: Vec<(String, String)>,
    /// What it sees beyond the system.
    pub mounts: Vec<Mount>,
    /// Working directory inside.
    pub cwd: PathBuf,
    /// Standard input; none is `/dev/null`.
    pub stdin: Option<OwnedFd>,
    /// Standard output; standard error is always captured.
    pub stdout: Output,
    /// Handed to the program as descriptor 3.
    pub control: Option<OwnedFd>,
    /// What it may use.
    pub limits: Limits,
}

/// Why a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal.
    Signalled(i32),
    /// Used its processor time.
    Cpu,
    /// Used its wall-clock time.
    Wall,
    /// Ran out of memory.
    Memory,
    /// Wrote too much.
    Output,
    /// Ended on request, through [`Running::kill`].
    Ended,
}

/// What a program used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Processor time of the whole tree.
    pub cpu: Duration,
    /// Wall-clock time from start to end.
    pub wall: Duration,
    /// Largest memory in bytes; zero where the host can't tell.
    pub peak_memory: u64,
    /// How often a new process or thread was refused because of [`Limits::processes`].
    pub refused_processes: u64,
}

/// How a program ended, and what it left.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Why.
    pub reason: Reason,
    /// What it used.
    pub used: Used,
    /// Some limit could not be enforced on this host ([`Settings::allow_weak`]).
    pub weak: bool,
    /// Captured standard output (empty if it went elsewhere).
    pub stdout: Vec<u8>,
    /// Captured standard error.
    pub stderr: Vec<u8>,
}

/// What the host's owner decides about sandboxes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder with the `usr` and `etc` that programs see ([`crate::runtime::Runtime::root`]).
    pub root: PathBuf,
    /// First user id of the pool, one for each running program; used only when we are root.
    pub slots_from: u32,
    /// How many user ids the pool has, and so how many programs can run at once on this host.
    pub slots: u32,
    /// Run even where the host can't enforce every limit; endings then say so.
    pub allow_weak: bool,
}

impl Settings {
    /// The usual settings, for programs that see `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, slots_from: 5001, slots: 64, allow_weak: false }
    }
}

/// One thing that a sandbox needs of its host, for `testat doctor` and the admin page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// What, in a few words.
    pub name: &'static str,
    /// The host can enforce it.
    pub ok: bool,
    /// How, or why not and what to do about it.
    pub detail: String,
}

/// Our fault or the host's: never the program's.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The sandbox could not be set up.
    #[error("the sandbox could not be set up: {0}")]
    Setup(String),
    /// The host can't enforce every limit, and its owner hasn't said to go on without.
    #[error("this host can't enforce every limit: {0}")]
    Weak(String),
    /// The system refused.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
