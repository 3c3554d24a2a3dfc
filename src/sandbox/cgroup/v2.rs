//! Control groups of version 2: one folder a run, below a part of the tree that was delegated to
//! us (by systemd's `Delegate=yes`, or by a container's own tree).

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;

use super::{
    Limits, Used, keyed, kill_listed, listed, mounted, number, open_to_write, own_folder, read,
    remove, write,
};

/// Length of the period over which [`Base::make`]'s `cpus` is measured, in microseconds.
const PERIOD: u32 = 100_000;

/// The controllers that runs need.
const HANDED_ON: &str = "+memory +pids +cpu";

/// The supervisor's own place: a group that hands controllers on may have no processes itself.
const LEAF: &str = "supervisor";

/// The group below which runs get theirs.
#[derive(Debug)]
pub(in crate::sandbox) struct Base(PathBuf);

/// The group of one run.
#[derive(Debug)]
pub(in crate::sandbox) struct Group(PathBuf);

impl Base {
    /// A part of the tree made ready: the controllers handed on, no process in the way. Our own
    /// group if it is delegated to us; else, as root, one at the top of the tree.
    pub(super) fn find() -> Result<Self, String> {
        let mounted = mounted().map_err(|e| e.to_string())?;
        let tree = mounted.iter().find(|m| m.kind == "cgroup2").ok_or("not mounted")?;
        let own = fs::read_to_string("/proc/self/cgroup").map_err(|e| e.to_string())?;
        let path = own
            .lines()
            .find_map(|line| line.strip_prefix("0::"))
            .ok_or("this process is in no group")?;
        let folder = own_folder(tree, path).ok_or("our own group is not in sight")?;
        let base = match folder.parent() {
            // A second supervisor of the same unit, or ourselves a second time.
            Some(parent) if folder.ends_with(LEAF) => parent.to_owned(),
            _ => folder,
        };
        let delegated = Self(base).ready(path == "/");
        if delegated.is_ok() || !rustix::process::geteuid().is_root() {
            return delegated;
        }
        delegated.or_else(|why| Self::at_top(&tree.at).map_err(|also| format!("{why}; {also}")))
    }

    /// A group of our own beside the system's: root needs no delegation, but a session's shell
    /// shares its group with what it starts, and such a group can't hand controllers on.
    fn at_top(tree: &Path) -> Result<Self, String> {
        let said = |e: io::Error| format!("{}: {e}", tree.display());
        write(tree, "cgroup.subtree_control", HANDED_ON).map_err(said)?;
        let ours = tree.join("testat");
        match fs::create_dir(&ours) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(said(error)),
            _ => Self(ours).ready(false),
        }
    }

    /// Hands the controllers on. If processes are in the way, we move into a leaf; where the
    /// whole tree in sight is `ours`, as in a container, with everybody else.
    fn ready(self, ours: bool) -> Result<Self, String> {
        let offered = read(&self.0, "cgroup.controllers").map_err(|e| e.to_string())?;
        let offered: Vec<&str> = offered.split_whitespace().collect();
        if let Some(missing) = ["memory", "pids", "cpu"].iter().find(|name| !offered.contains(name))
        {
            return Err(format!("the {missing} controller is not delegated to us"));
        }
        let hand_on = || write(&self.0, "cgroup.subtree_control", HANDED_ON);
        let done = hand_on().or_else(|error| {
            if error.kind() != io::ErrorKind::ResourceBusy {
                return Err(error);
            }
            self.make_way(ours)?;
            hand_on()
        });
        done.map_err(|e| format!("{} is not delegated to us alone ({e})", self.0.display()))?;
        self.try_out()?;
        Ok(self)
    }

    fn make_way(&self, everybody: bool) -> io::Result<()> {
        let leaf = self.0.join(LEAF);
        match fs::create_dir(&leaf) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        write(&leaf, "cgroup.procs", "0")?;
        if everybody {
            for pid in listed(&self.0)? {
                // It may just have ended; if it is still in the way, handing on will tell.
                let _ = write(&leaf, "cgroup.procs", &pid.as_raw_nonzero().to_string());
            }
        }
        Ok(())
    }

    fn try_out(&self) -> Result<(), String> {
        let trial = super::fresh_name().map(|name| self.0.join(name)).map_err(|e| e.to_string())?;
        fs::create_dir(&trial).and_then(|()| fs::remove_dir(&trial)).map_err(|e| e.to_string())
    }

    /// The folders in which groups are made.
    pub(super) fn folders(&self) -> [PathBuf; 1] {
        [self.0.clone()]
    }

    pub(super) fn make(&self, name: &str, limits: &Limits, cpus: Option<u32>) -> io::Result<Group> {
        let group = Group(self.0.join(name));
        fs::create_dir(&group.0)?;
        if let Err(error) = group.limit(limits, cpus) {
            // Empty; the first error is the one to tell.
            let _ = fs::remove_dir(&group.0);
            return Err(error);
        }
        Ok(group)
    }
}

impl Group {
    fn limit(&self, limits: &Limits, cpus: Option<u32>) -> io::Result<()> {
        write(&self.0, "memory.max", &limits.memory.to_string())?;
        // There only where the kernel counts swap.
        if self.0.join("memory.swap.max").exists() {
            write(&self.0, "memory.swap.max", "0")?;
        }
        write(&self.0, "memory.oom.group", "1")?;
        write(&self.0, "pids.max", &limits.processes.to_string())?;
        if let Some(cpus) = cpus {
            write(&self.0, "cpu.max", &format!("{} {PERIOD}", PERIOD * cpus))?;
        }
        Ok(())
    }

    pub(super) fn doors(&self) -> io::Result<Vec<OwnedFd>> {
        Ok(vec![open_to_write(&self.0.join("cgroup.procs"))?.into()])
    }

    pub(super) fn cpu(&self) -> io::Result<Duration> {
        Ok(Duration::from_micros(keyed(&read(&self.0, "cpu.stat")?, "usage_usec")))
    }

    pub(super) fn ran_out_of_memory(&self) -> io::Result<bool> {
        Ok(keyed(&read(&self.0, "memory.events")?, "oom_kill") > 0)
    }

    pub(super) fn used(&self) -> io::Result<Used> {
        // Since Linux 5.19.
        let peak = match read(&self.0, "memory.peak") {
            Ok(text) => number(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Used {
            cpu: self.cpu()?,
            wall: Duration::ZERO,
            peak_memory: peak,
            refused_processes: keyed(&read(&self.0, "pids.events")?, "max"),
        })
    }

    pub(super) fn processes(&self) -> io::Result<Vec<Pid>> {
        listed(&self.0)
    }

    pub(super) fn kill(&self) -> io::Result<()> {
        match write(&self.0, "cgroup.kill", "1") {
            // Since Linux 5.14.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                kill_listed(&self.0)?;
                Ok(())
            }
            other => other,
        }
    }

    pub(super) fn remove(&self) -> io::Result<bool> {
        remove(&self.0)
    }
}
