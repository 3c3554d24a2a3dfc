//! From the start of a program to the moment when nothing of it is left: limits, ending, clearing
//! up, and what to say about it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, pidfd_send_signal, waitid,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep_until, timeout};

use super::capture::Capture;
use super::cgroup::Group;
use super::host::Host;
use super::slot::Slot;
use super::status::Status;
use super::{Ending, Fault, Limits, Reason, Used};

/// How often processor time and memory are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long the kernel may take to end what was killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after the end its output may still be read; then someone else holds the pipe.
const LAST_WORDS: Duration = Duration::from_millis(500);

const LOOKING: &str = "looking at what a program uses";
const ENDING: &str = "ending a program";
const REMOVING: &str = "removing a program's control group";

/// A program that was started, and all that must be cleared up after it. Dropping it does so.
#[derive(Debug)]
pub(super) struct Run {
    /// Bubblewrap's process.
    pub(super) process: AsyncFd<OwnedFd>,
    /// Its number.
    pub(super) pid: Pid,
    /// Bubblewrap's account of how the program ended.
    pub(super) status: Status,
    pub(super) group: Group,
    pub(super) slot: Option<Slot>,
    pub(super) started: Instant,
    /// Microseconds of processor time at the last look.
    pub(super) cpu_seen: Arc<AtomicU64>,
    pub(super) limits: Limits,
    /// Kept, because its thread is the parent of the process.
    pub(super) host: Arc<Host>,
    /// Bubblewrap has been waited for; its number may belong to another process.
    pub(super) reaped: bool,
    /// The sandbox's first process, which becomes ours to wait for.
    pub(super) orphan: Option<Pid>,
    /// Nothing is left of it.
    pub(super) cleared: bool,
}

/// Time that a program may use from its start on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
}

impl Run {
    /// Watches until the end, clears up, and tells. One that is held has its time from when it is
    /// granted a `budget`, and until then that of its limits.
    pub(super) async fn watch(
        mut self,
        mut capture: Capture,
        asked: Arc<Notify>,
        budget: Option<oneshot::Receiver<Budget>>,
    ) -> Result<Ending, Fault> {
        let ours = self.until_end(&mut capture, &asked, budget).await?;
        let wall = self.started.elapsed();
        self.end_all().await?;
        let ran_out = self.group.ran_out_of_memory().map_err(system(LOOKING))?;
        let used = Used { wall, ..self.group.used().map_err(system(LOOKING))? };
        self.remove().await?;
        // Not yet over by then means that it passed a descriptor on, not that it lives.
        if let Ok(done) = timeout(LAST_WORDS, capture.finish()).await {
            done.map_err(system("reading a program's output"))?;
        }
        let over = capture.is_over();
        let (stdout, stderr) = capture.into_texts();
        let code = self.status.exit_code().map_err(system("reading how a program ended"))?;
        let reason = reason(ours, ran_out, over, code)
            .ok_or_else(|| Fault::Setup(String::from_utf8_lossy(&stderr).trim().to_owned()))?;
        Ok(Ending { reason, used, stdout, stderr, weak: self.host.is_weak() })
    }

    /// Waits for the program's own end, or finds our reason to end it.
    async fn until_end(
        &mut self,
        capture: &mut Capture,
        asked: &Notify,
        mut budget: Option<oneshot::Receiver<Budget>>,
    ) -> Result<Option<Reason>, Fault> {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deadline = (self.started + self.limits.wall).into();
        loop {
            tokio::select! {
                biased;
                ended = self.process.readable() => {
                    ended.map_err(system("waiting for a program"))?.retain_ready();
                    return Ok(None);
                }
                () = asked.notified() => return Ok(Some(Reason::Ended)),
                Some(granted) = granted(&mut budget) => {
                    self.started = Instant::now();
                    (self.limits.cpu, self.limits.wall) = (granted.cpu, granted.wall);
                    deadline = (self.started + self.limits.wall).into();
                }
                passed = capture.passes_limit() => {
                    passed.map_err(system("reading a program's output"))?;
                    return Ok(Some(Reason::Output));
                }
                () = sleep_until(deadline) => return Ok(Some(Reason::Wall)),
                _ = look.tick() => {
                    if let Some(reason) = self.over().map_err(system(LOOKING))? {
                        return Ok(Some(reason));
                    }
                }
            }
        }
    }

    fn over(&self) -> io::Result<Option<Reason>> {
        if self.group.ran_out_of_memory()? {
            return Ok(Some(Reason::Memory));
        }
        let cpu = self.group.cpu()?;
        self.cpu_seen.store(cpu.as_micros() as u64, Ordering::Relaxed);
        Ok((cpu > self.limits.cpu).then_some(Reason::Cpu))
    }

    /// Kills until no process is left, and reaps bubblewrap.
    async fn end_all(&mut self) -> Result<(), Fault> {
        let until = Instant::now() + PATIENCE;
        while !self.end_step().map_err(system(ENDING))? {
            if Instant::now() > until {
                return Err(Fault::Setup("a killed program doesn't end".to_owned()));
            }
            pause().await?;
        }
        Ok(())
    }

    async fn remove(&mut self) -> Result<(), Fault> {
        let until = Instant::now() + PATIENCE;
        while !self.group.remove().map_err(system(REMOVING))? {
            if Instant::now() > until {
                return Err(Fault::Setup("an empty control group can't be removed".to_owned()));
            }
            pause().await?;
        }
        self.cleared = true;
        Ok(())
    }

    /// True once no process is left, and those that are ours to wait for have been waited for.
    fn end_step(&mut self) -> io::Result<bool> {
        let living = self.group.processes()?;
        // Bubblewrap ends first and leaves us the first process of the sandbox, which it names
        // unless it was killed early. Until we have waited for it, nobody else has its number.
        if self.orphan.is_none() {
            let child = || living.iter().find(|pid| parent(**pid) == Some(self.pid)).copied();
            self.orphan = self.status.first_process()?.or_else(child);
        }
        if !self.reaped {
            kill(self.process.get_ref())?;
            self.reaped = reap(WaitId::PidFd(self.process.get_ref().as_fd()))?;
        }
        if !living.is_empty() {
            self.group.kill()?;
        }
        if let (Group::None, Some(first)) = (&self.group, self.orphan) {
            // It asks to be killed with bubblewrap only once everything is set up.
            kill_now(first)?;
        }
        if !self.reaped || !living.is_empty() {
            return Ok(false);
        }
        self.orphan.map_or(Ok(true), |pid| reap(WaitId::Pid(pid)))
    }
}

impl Drop for Run {
    /// What [`Run::watch`] does at the end, where it did not come to it. Blocks for a few
    /// milliseconds.
    fn drop(&mut self) {
        if self.cleared {
            return;
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let gone = self.end_step().and_then(|ended| Ok(ended && self.group.remove()?));
            match gone {
                Ok(true) => return,
                Ok(false) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                other => {
                    tracing::error!(error = ?other.err(), "A program could not be cleared up");
                    // Its user id must not be given to another program.
                    std::mem::forget(self.slot.take());
                    return;
                }
            }
        }
    }
}

/// Tokio's timers are whole milliseconds, twice as long as the kernel takes to end most programs.
async fn pause() -> Result<(), Fault> {
    const PAUSE: Duration = Duration::from_micros(200);
    let paused = tokio::task::spawn_blocking(|| std::thread::sleep(PAUSE)).await;
    paused.map_err(|error| Fault::Setup(format!("{ENDING}: {error}")))
}

/// What a held program is granted, once; after that, and for one that is not held, nothing.
async fn granted(budget: &mut Option<oneshot::Receiver<Budget>>) -> Option<Budget> {
    let granted = budget.as_mut()?.await.ok();
    *budget = None;
    granted
}

/// Kills bubblewrap, and with it, since that is how it was started, everything inside.
pub(super) fn kill(process: &OwnedFd) -> io::Result<()> {
    match pidfd_send_signal(process, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn kill_now(pid: Pid) -> io::Result<()> {
    match kill_process(pid, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Why the program ended. Our own reason comes first, then the kernel's; the exit code, which the
/// program could forge, decides nothing but what is said. `None` where the program never started.
fn reason(
    ours: Option<Reason>,
    ran_out_of_memory: bool,
    over_output: bool,
    code: Option<i32>,
) -> Option<Reason> {
    if ours.is_some() {
        return ours;
    }
    if ran_out_of_memory {
        return Some(Reason::Memory);
    }
    if over_output {
        return Some(Reason::Output);
    }
    // Bubblewrap tells of a signal as a shell does; an exit code of the same number looks alike.
    Some(match code? {
        // The limit of one process, where there is no control group to hold all to one.
        code if code == 128 + libc::SIGXCPU => Reason::Cpu,
        code @ 129..=192 => Reason::Signalled(code - 128),
        code => Reason::Exited(code),
    })
}

/// Whose child a process is, if it still is there.
fn parent(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name, in parentheses, may itself have spaces and parentheses; then state and parent.
    let number = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
    Pid::from_raw(number.parse().ok()?)
}

/// Waits for a process that has ended. True if it was, or isn't ours to wait for; false while it
/// still runs.
fn reap(process: WaitId<'_>) -> io::Result<bool> {
    match waitid(process, WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
        Ok(ended) => Ok(ended.is_some()),
        Err(rustix::io::Errno::CHILD) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn system(doing: &'static str) -> impl Fn(io::Error) -> Fault {
    move |source| Fault::System { doing, source }
}

#[cfg(test)]
mod tests {
    use super::{Reason, reason};

    #[test]
    fn our_own_reason_comes_first_and_the_exit_code_last() {
        let cases = [
            ((Some(Reason::Wall), true, true, Some(137)), Some(Reason::Wall)),
            ((None, true, true, Some(0)), Some(Reason::Memory)),
            ((None, false, true, Some(0)), Some(Reason::Output)),
            ((None, false, false, Some(0)), Some(Reason::Exited(0))),
            ((None, false, false, Some(139)), Some(Reason::Signalled(11))),
            ((None, false, false, Some(255)), Some(Reason::Exited(255))),
            ((None, false, false, None), None),
        ];
        for ((ours, memory, output, code), expected) in cases {
            assert_eq!(reason(ours, memory, output, code), expected);
        }
    }
}
