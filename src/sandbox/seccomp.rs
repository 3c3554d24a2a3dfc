//! Which system calls each kind of program may make: three allow-lists, compiled to the kernel's
//! filter language. Whatever is not listed fails with `ENOSYS`, as on a kernel without it: the C
//! library then falls back by itself (from `clone3` to `clone`, say), where `EPERM` would end it.
//! A list of what is allowed also holds against the x32 numbers of the same calls.

use std::collections::HashMap;

use seccompiler::{BpfMap, TargetArch, compile_from_json};
use serde_json::{Value, json};

use super::{Fault, Profile};

/// What starting, computing, talking through descriptors that one already has, and ending take.
/// `wait4` and `exit_group` are for bubblewrap's first process too, which runs under the filter.
const COMPUTE: &[&str] = &[
    // Bytes and descriptors.
    "close",
    "close_range",
    "dup",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd2",
    "fcntl",
    "fstat",
    "lseek",
    "ppoll",
    "pread64",
    "preadv",
    "preadv2",
    "pselect6",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readv",
    "recvfrom",
    "recvmsg",
    "sendmsg",
    "sendto",
    "shutdown",
    "write",
    "writev",
    // Looking at files.
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fstatfs",
    "getcwd",
    "getdents64",
    "newfstatat",
    "readahead",
    "readlinkat",
    "statfs",
    "statx",
    // Memory.
    "brk",
    "madvise",
    "membarrier",
    "mincore",
    "mlock",
    "mlock2",
    "mmap",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munmap",
    // Time and chance.
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "getrandom",
    "gettimeofday",
    "nanosleep",
    // Signals and threads, as far as one process goes.
    "exit",
    "exit_group",
    "futex",
    "futex_waitv",
    "get_robust_list",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "tgkill",
    "wait4",
    "waitid",
    // Who and where am I.
    "execve",
    "getcpu",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getpgid",
    "getpid",
    "getppid",
    "getpriority",
    "getresgid",
    "getresuid",
    "getrusage",
    "getsid",
    "gettid",
    "getuid",
    "prctl",
    "prlimit64",
    "sysinfo",
    "times",
    "uname",
];

/// Calls of [`COMPUTE`] that only older architectures still have beside the newer ones.
#[cfg(target_arch = "x86_64")]
const COMPUTE_LEGACY: &[&str] = &[
    "access",
    "arch_prctl",
    "dup2",
    "epoll_wait",
    "getdents",
    "getpgrp",
    "getrlimit",
    "lstat",
    "poll",
    "readlink",
    "select",
    "stat",
    "time",
];
#[cfg(not(target_arch = "x86_64"))]
const COMPUTE_LEGACY: &[&str] = &[];

/// What a program with children, threads and files of its own needs on top.
const LIVE: &[&str] = &[
    // Files.
    "chdir",
    "copy_file_range",
    "fallocate",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fsync",
    "ftruncate",
    "getxattr",
    "lgetxattr",
    "linkat",
    "listxattr",
    "llistxattr",
    "memfd_create",
    "mkdirat",
    "openat",
    "openat2",
    "renameat",
    "renameat2",
    "sendfile",
    "splice",
    "symlinkat",
    "sync_file_range",
    "tee",
    "truncate",
    "umask",
    "unlinkat",
    "utimensat",
    // Processes, threads, signals, timers.
    "execveat",
    "getitimer",
    "kill",
    "mlockall",
    "munlockall",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe2",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "sched_getattr",
    "sched_setaffinity",
    "setitimer",
    "setpgid",
    "setpriority",
    "setsid",
    "signalfd4",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "tkill",
];

#[cfg(target_arch = "x86_64")]
const LIVE_LEGACY: &[&str] = &[
    "alarm",
    "chmod",
    "creat",
    "epoll_create",
    "eventfd",
    "fork",
    "futimesat",
    "link",
    "mkdir",
    "open",
    "pause",
    "pipe",
    "rename",
    "rmdir",
    "setrlimit",
    "signalfd",
    "symlink",
    "unlink",
    "utime",
    "utimes",
    "vfork",
];
#[cfg(not(target_arch = "x86_64"))]
const LIVE_LEGACY: &[&str] = &[];

/// Sockets between the processes of one sandbox, as Python's `multiprocessing` makes them.
const LOCAL_SOCKETS: &[&str] = &[
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "setsockopt",
];
#[cfg(target_arch = "x86_64")]
const LOCAL_SOCKETS_LEGACY: &[&str] = &["accept"];
#[cfg(not(target_arch = "x86_64"))]
const LOCAL_SOCKETS_LEGACY: &[&str] = &[];

/// Ownership, which archivers and build tools set even where nothing changes.
const OWNERSHIP: &[&str] = &["fchown", "fchownat"];

/// The three filters, as the bytes that bubblewrap takes.
#[derive(Debug)]
pub(super) struct Filters {
    build: Vec<u8>,
    subject: Vec<u8>,
    harness: Vec<u8>,
}

impl Filters {
    /// Compiles the lists for this machine's architecture.
    pub(super) fn compile() -> Result<Self, Fault> {
        let arch = TargetArch::try_from(std::env::consts::ARCH)
            .map_err(|e| Fault::Setup(format!("no system-call filter for this machine: {e}")))?;
        let text = json!({ "build": build(), "subject": subject(), "harness": harness() });
        let programs = compile_from_json(text.to_string().as_bytes(), arch)
            .map_err(|e| Fault::Setup(format!("the system-call filters: {e}")))?;
        Ok(Self {
            build: bytes(&programs, "build")?,
            subject: bytes(&programs, "subject")?,
            harness: bytes(&programs, "harness")?,
        })
    }

    /// The filter of one kind of program.
    pub(super) fn of(&self, profile: Profile) -> &[u8] {
        match profile {
            Profile::Build => &self.build,
            Profile::Subject => &self.subject,
            Profile::Harness => &self.harness,
        }
    }
}

fn build() -> Value {
    filter(
        &[COMPUTE, COMPUTE_LEGACY, LIVE, LIVE_LEGACY, OWNERSHIP],
        &[clone_without_namespaces(), local_only("socketpair"), no_terminal_input()],
    )
}

fn subject() -> Value {
    filter(
        &[COMPUTE, COMPUTE_LEGACY, LIVE, LIVE_LEGACY, LOCAL_SOCKETS, LOCAL_SOCKETS_LEGACY],
        &[
            clone_without_namespaces(),
            local_only("socketpair"),
            local_only("socket"),
            no_terminal_input(),
        ],
    )
}

/// No process beside its own (a thread it may have, for work while the subject is at work), no way to
/// name a socket, and files only for reading. An `execve` must stay, because the program itself is started under the filter; what a harness
/// sees has nothing else to execute.
fn harness() -> Value {
    filter(&[COMPUTE, COMPUTE_LEGACY], &[a_thread(), open_to_read(), no_terminal_input()])
}

fn filter(lists: &[&[&str]], ruled: &[Value]) -> Value {
    let plain = lists.iter().flat_map(|list| list.iter()).map(|name| json!({ "syscall": name }));
    let rules: Vec<Value> = plain.chain(ruled.iter().cloned()).collect();
    json!({ "mismatch_action": { "errno": libc::ENOSYS }, "match_action": "allow", "filter": rules })
}

const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

fn clone_without_namespaces() -> Value {
    masked("clone", 0, NAMESPACES, 0)
}

fn a_thread() -> Value {
    let thread = libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND;
    masked("clone", 0, thread | NAMESPACES, thread as u32)
}

fn local_only(call: &str) -> Value {
    let local = json!({ "index": 0, "type": "dword", "op": "eq", "val": libc::AF_UNIX });
    json!({ "syscall": call, "args": [local] })
}

fn open_to_read() -> Value {
    let changing = libc::O_ACCMODE
        | libc::O_CREAT
        | libc::O_TRUNC
        | libc::O_APPEND
        | (libc::O_TMPFILE & !libc::O_DIRECTORY);
    masked("openat", 2, changing, 0)
}

/// Every `ioctl` but the two that put characters into a terminal's input.
fn no_terminal_input() -> Value {
    let not =
        |request: u64| json!({ "index": 1, "type": "dword", "op": "ne", "val": request as u32 });
    // TIOCLINUX has no name in libc.
    json!({ "syscall": "ioctl", "args": [not(libc::TIOCSTI), not(0x541c)] })
}

fn masked(call: &str, index: u8, mask: i32, value: u32) -> Value {
    let op = json!({ "masked_eq": mask as u32 });
    let arg = json!({ "index": index, "type": "dword", "op": op, "val": value });
    json!({ "syscall": call, "args": [arg] })
}

fn bytes(programs: &BpfMap, name: &str) -> Result<Vec<u8>, Fault> {
    let lookup: &HashMap<_, _> = programs;
    let program = lookup
        .get(name)
        .ok_or_else(|| Fault::Setup(format!("the system-call filter {name} was not compiled")))?;
    let mut bytes = Vec::with_capacity(program.len() * 8);
    for step in program {
        bytes.extend_from_slice(&step.code.to_ne_bytes());
        bytes.extend_from_slice(&[step.jt, step.jf]);
        bytes.extend_from_slice(&step.k.to_ne_bytes());
    }
    Ok(bytes)
}
