//! Starting bubblewrap, from one thread that lives as long as the sandbox: bubblewrap asks the
//! kernel to be killed with its parent, and for the kernel a parent is a thread.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getpid, getppid, getrlimit, set_parent_process_death_signal,
    setrlimit,
};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use tokio::sync::oneshot;

use super::view::View;

/// Where the program finds its control descriptor.
const CONTROL: RawFd = 3;

/// Added to what the kernel counts against a process when it must choose one to kill.
const OUT_OF_MEMORY_SCORE: &[u8] = b"500";

struct Job {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// The thread that starts programs.
#[derive(Debug)]
pub(super) struct Launcher {
    jobs: mpsc::Sender<Job>,
}

impl Launcher {
    /// Starts the thread; it ends when this is dropped.
    pub(super) fn new() -> io::Result<Self> {
        let (jobs, received) = mpsc::channel::<Job>();
        thread::Builder::new().name("testat-launcher".to_owned()).spawn(move || {
            for mut job in received {
                if let Err(Ok(mut unwanted)) = job.reply.send(job.command.spawn()) {
                    // Whoever asked has gone away, and nobody else would reap it.
                    let _ = unwanted.kill().and_then(|()| unwanted.wait());
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Starts a program from that thread.
    pub(super) async fn start(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("the thread that starts programs has ended");
        let (reply, started) = oneshot::channel();
        self.jobs.send(Job { command, reply }).map_err(|_| gone())?;
        started.await.map_err(|_| gone())?
    }
}

/// All that happens between fork and exec.
#[derive(Debug)]
pub(super) struct Descent {
    /// Control group's files to enter by.
    pub(super) doors: Vec<OwnedFd>,
    /// Mounts to make before root's rights are gone.
    pub(super) view: View,
    /// Most that may be asked of the kernel by one process.
    pub(super) limits: Vec<(Resource, u64)>,
    /// User and group to become.
    pub(super) user: Option<u32>,
    /// Descriptors that bubblewrap keeps, under their numbers.
    pub(super) kept: Vec<OwnedFd>,
    /// Descriptor that the program gets as number 3.
    pub(super) control: Option<OwnedFd>,
}

impl Descent {
    /// Makes the command's process do all this before it becomes bubblewrap. Where it fails, it
    /// says on standard error at which step, and starting fails with the system's error.
    #[expect(unsafe_code, reason = "std's hook between fork and exec is unsafe")]
    pub(super) fn before(self, command: &mut Command) {
        let parent = getpid();
        let hook = move || self.go(parent);
        // SAFETY: the hook runs in a process forked from one with several threads, where another
        // thread may hold any lock: it makes system calls on what was prepared before the fork,
        // asks for no memory and frees none (an error is made from the system's number).
        unsafe { command.pre_exec(hook) };
    }

    fn go(&self, parent: Pid) -> io::Result<()> {
        step("entering its control group", self.enter_group())?;
        step("setting its priority for memory", raise_score())?;
        step("mounting what it sees", self.view.enter())?;
        step("limiting it", self.limit())?;
        step("becoming its user", self.become_user())?;
        // After that, since it would undo this. Bubblewrap does the same, but later.
        step("tying it to its parent", die_with(parent))?;
        rustix::process::umask(Mode::from_raw_mode(0o077));
        step("closing descriptors", self.close())?;
        // Last, since it may overwrite the descriptor by which std would tell of an error.
        step("handing over its control descriptor", self.hand_control())
    }

    fn enter_group(&self) -> io::Result<()> {
        for door in &self.doors {
            rustix::io::write(door, b"0")?;
        }
        Ok(())
    }

    fn limit(&self) -> io::Result<()> {
        for &(resource, most) in &self.limits {
            // Ours may be lower already, and without CAP_SYS_RESOURCE none can be raised.
            let most = getrlimit(resource).maximum.map_or(most, |ours| most.min(ours));
            // A second before it is killed, a process is told by a signal that names the reason.
            let told = if resource == Resource::Cpu { most.saturating_sub(1) } else { most };
            setrlimit(resource, Rlimit { current: Some(told), maximum: Some(most) })?;
        }
        Ok(())
    }

    fn become_user(&self) -> io::Result<()> {
        let Some(user) = self.user else { return Ok(()) };
        let (uid, gid) = (rustix::fs::Uid::from_raw(user), rustix::fs::Gid::from_raw(user));
        set_thread_groups(&[])?;
        set_thread_res_gid(gid, gid, gid)?;
        Ok(set_thread_res_uid(uid, uid, uid)?)
    }

    fn close(&self) -> io::Result<()> {
        close_on_exec_from(CONTROL)?;
        for kept in &self.kept {
            rustix::io::fcntl_setfd(kept, rustix::io::FdFlags::empty())?;
        }
        Ok(())
    }

    fn hand_control(&self) -> io::Result<()> {
        self.control.as_ref().map_or(Ok(()), |control| duplicate_to(control.as_fd(), CONTROL))
    }
}

/// Asks to be killed when the parent ends, and fails if it has.
fn die_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::CHILD.into()) }
}

fn raise_score() -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::open(c"/proc/self/oom_score_adj", flags, Mode::empty())?;
    rustix::io::write(&file, OUT_OF_MEMORY_SCORE)?;
    Ok(())
}

/// On failure, says so on standard error, which is captured.
fn step(name: &'static str, done: io::Result<()>) -> io::Result<()> {
    if done.is_err() {
        // If even this fails, the system's error remains.
        let _ = rustix::io::write(rustix::stdio::stderr(), name.as_bytes());
    }
    done
}

#[expect(unsafe_code, reason = "close_range exists only in libc")]
fn close_on_exec_from(first: RawFd) -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC.cast_signed();
    // SAFETY: marks descriptors to be closed by exec, and closes none now.
    let result = unsafe { libc::close_range(first.cast_unsigned(), u32::MAX, flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[expect(unsafe_code, reason = "the number must be exactly this one, whoever owns it")]
fn duplicate_to(from: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    // SAFETY: in a forked process about to exec; whatever had the number is marked to be closed
    // by exec anyway, and nothing uses it until then.
    let result = unsafe { libc::dup2(from.as_raw_fd(), number) };
    if result == number { Ok(()) } else { Err(io::Error::last_os_error()) }
}
