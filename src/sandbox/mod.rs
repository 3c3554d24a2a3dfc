//! A program that can't be trusted, run so that it can't matter: own namespaces, no network, a
//! read-only system, limits on everything, and nothing left of it afterwards.
//!
//! `Sandbox::probe` finds out once what this host can enforce; `start` turns a [`Spec`] into a
//! [`Running`]; `Running::wait` gives its [`Ending`]. Knows nothing of courses.

pub mod beneath;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

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
    /// The system refused.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What this host can enforce, found once; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Finds bubblewrap, the cgroups and the user ids, compiles the system-call filters, and
    /// sweeps what dead servers left.
    ///
    /// # Errors
    /// Bubblewrap is missing or doesn't run. A limit that can't be enforced is no error here:
    /// [`Sandbox::capabilities`] tells, and [`Sandbox::start`] refuses unless
    /// [`Settings::allow_weak`].
    pub async fn probe(settings: &Settings) -> Result<Self, Fault> {
        let _ = settings;
        Err(Fault::Setup("not yet".into()))
    }

    /// What this host can enforce, line by line.
    #[must_use]
    pub fn capabilities(&self) -> &[Capability] {
        &[]
    }

    /// Every limit can be enforced.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        self.capabilities().iter().all(|c| c.ok)
    }

    /// Removes control groups of servers that no longer live, with whatever still runs in them;
    /// says how many.
    #[must_use]
    pub fn sweep(&self) -> usize {
        0
    }

    /// Starts a program; from here on its limits are watched, whether or not anyone waits.
    ///
    /// # Errors
    /// The sandbox could not be set up, or this host is too weak.
    pub async fn start(&self, spec: Spec) -> Result<Running, Fault> {
        let _ = spec;
        Err(Fault::Setup("not yet".into()))
    }
}

/// A program that was started. Dropping it kills the program and all its children.
#[derive(Debug)]
pub struct Running;

impl Running {
    /// Waits until the program and everything it started are gone. May be cancelled and called
    /// again: later calls give the same ending.
    ///
    /// # Errors
    /// The sandbox failed, which says nothing about the program.
    pub async fn wait(&mut self) -> Result<Ending, Fault> {
        Err(Fault::Setup("not yet".into()))
    }

    /// Ends the program now, if it still runs; [`Running::wait`] then gives [`Reason::Ended`].
    pub fn kill(&self) {}
}

impl Reason {
    /// Says to a student why the program ended: "it used all of its 10 s of processor time".
    #[must_use]
    pub fn in_words(&self, limits: &Limits) -> String {
        let _ = limits;
        String::new()
    }
}
