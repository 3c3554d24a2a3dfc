//! Control groups: what a whole tree of processes may use, and the sure way to end all of it.
//!
//! Version 2 where a part of the tree was delegated to us, else version 1 below our own groups,
//! else none; [`Cgroups::find`] tries each by making a group, since only that tells.

#[cfg(test)]
mod tests;
mod v1;
mod v2;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Limits, Used};

/// Where this process may make control groups.
#[derive(Debug)]
pub(super) enum Cgroups {
    V2(v2::Base),
    V1(v1::Base),
    /// Why neither works.
    None(String),
}

/// The control group of one run.
#[derive(Debug)]
pub(super) enum Group {
    V2(v2::Group),
    V1(v1::Group),
    None,
}

impl Cgroups {
    /// The best that this host lets us have.
    pub(super) fn find() -> Self {
        let tried = v2::Base::find();
        let newer = match tried {
            Ok(base) => return Self::V2(base),
            Err(why) => why,
        };
        match v1::Base::find() {
            Ok(base) => Self::V1(base),
            Err(older) => Self::None(format!("version 2: {newer}; version 1: {older}")),
        }
    }

    /// A group with these limits; `cpus` is how many processors it may keep busy.
    pub(super) fn make(&self, limits: &Limits, cpus: Option<u32>) -> io::Result<Group> {
        let name = fresh_name()?;
        Ok(match self {
            Self::V2(base) => Group::V2(base.make(&name, limits, cpus)?),
            Self::V1(base) => Group::V1(base.make(&name, limits, cpus)?),
            Self::None(_) => Group::None,
        })
    }

    /// Ends and removes the groups of supervisors that are gone; says how many.
    pub(super) fn sweep(&self) -> usize {
        match self {
            Self::V2(base) => base.folders().iter().map(|f| sweep_folder(f)).sum(),
            Self::V1(base) => base.folders().iter().map(|f| sweep_folder(f)).sum(),
            Self::None(_) => 0,
        }
    }
}

impl Group {
    /// Files into which a new process writes `0` to enter, each opened for writing.
    pub(super) fn doors(&self) -> io::Result<Vec<OwnedFd>> {
        match self {
            Self::V2(group) => group.doors(),
            Self::V1(group) => group.doors(),
            Self::None => Ok(Vec::new()),
        }
    }

    /// Processor time used so far.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        match self {
            Self::V2(group) => group.cpu(),
            Self::V1(group) => group.cpu(),
            Self::None => Ok(Duration::ZERO),
        }
    }

    /// Something in the group was killed for want of memory.
    pub(super) fn ran_out_of_memory(&self) -> io::Result<bool> {
        match self {
            Self::V2(group) => group.ran_out_of_memory(),
            Self::V1(group) => group.ran_out_of_memory(),
            Self::None => Ok(false),
        }
    }

    /// What was used, but for the wall-clock time.
    pub(super) fn used(&self) -> io::Result<Used> {
        match self {
            Self::V2(group) => group.used(),
            Self::V1(group) => group.used(),
            Self::None => Ok(Used::default()),
        }
    }

    /// The processes in it.
    pub(super) fn processes(&self) -> io::Result<Vec<Pid>> {
        match self {
            Self::V2(group) => group.processes(),
            Self::V1(group) => group.processes(),
            Self::None => Ok(Vec::new()),
        }
    }

    /// One step of ending everything: kills what runs. To be called again a little later, until
    /// there are no processes.
    pub(super) fn kill(&self) -> io::Result<()> {
        match self {
            Self::V2(group) => group.kill(),
            Self::V1(group) => group.kill(),
            Self::None => Ok(()),
        }
    }

    /// Removes the group once nothing runs in it. False while the kernel still holds on to a dying
    /// process; then, call again a little later.
    pub(super) fn remove(&self) -> io::Result<bool> {
        match self {
            Self::V2(group) => group.remove(),
            Self::V1(group) => group.remove(),
            Self::None => Ok(true),
        }
    }
}

/// `testat-<our process>-<when it started>-<count>`: tells a later sweep whether its owner lives.
fn fresh_name() -> io::Result<String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let me = rustix::process::getpid();
    let started = started(me)?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(format!("testat-{}-{started}-{count}", me.as_raw_nonzero()))
}

/// When a process started, in the kernel's ticks since boot: with its number, unique.
fn started(pid: Pid) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))?;
    // The name, in parentheses, may itself have spaces and parentheses; field 22 is the start.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name
        .split_whitespace()
        .nth(19)
        .and_then(|ticks| ticks.parse().ok())
        .ok_or_else(|| io::Error::other("/proc/<pid>/stat has another form than expected"))
}

fn owner_lives(name: &str) -> bool {
    let mut parts = name.trim_start_matches("testat-").split('-');
    let (pid, ticks) = (parts.next(), parts.next());
    let pid = pid.and_then(|text| text.parse().ok()).and_then(Pid::from_raw);
    let (Some(pid), Some(ticks)) = (pid, ticks.and_then(|text| text.parse::<u64>().ok())) else {
        // Not a name that we give: not ours to remove.
        return true;
    };
    started(pid).is_ok_and(|now| now == ticks)
}

fn sweep_folder(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut swept = 0;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("testat-") || owner_lives(&name) {
            continue;
        }
        for _ in 0..200 {
            if kill_listed(&entry.path()).is_ok_and(|found| found == 0)
                && remove(&entry.path()).is_ok_and(|gone| gone)
            {
                swept += 1;
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    swept
}

/// Kills every process that the group lists; says how many there were.
fn kill_listed(group: &Path) -> io::Result<usize> {
    let found = listed(group)?;
    for pid in &found {
        match kill_process(*pid, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found.len())
}

/// The processes that the group lists; none once it is gone.
fn listed(group: &Path) -> io::Result<Vec<Pid>> {
    match read(group, "cgroup.procs") {
        Ok(text) => {
            Ok(text.lines().filter_map(|line| line.parse().ok().and_then(Pid::from_raw)).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Removes a group without processes, groups inside it first; false while the kernel still holds
/// on to a dying process in it.
fn remove(group: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(group) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() && !remove(&entry.path())? {
            return Ok(false);
        }
    }
    match fs::remove_dir(group) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Ok(false),
        Err(error) => Err(error),
    }
}

fn read(group: &Path, file: &str) -> io::Result<String> {
    fs::read_to_string(group.join(file))
}

/// Opened without creating: in a control group, files are given.
fn write(group: &Path, file: &str, value: &str) -> io::Result<()> {
    open_to_write(&group.join(file))?
        .write_all(value.as_bytes())
        .map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))
}

fn open_to_write(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

fn number(text: &str) -> io::Result<u64> {
    text.trim().parse().map_err(|_| io::Error::other(format!("not a number: {}", text.trim())))
}

/// The number after `key` in a file of `key number` lines; zero if it isn't there.
fn keyed(text: &str, key: &str) -> u64 {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(name, _)| *name == key)
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

/// A mounted control-group file system, from `/proc/self/mountinfo`.
#[derive(Debug)]
struct Mounted {
    /// Which part of the tree is visible there.
    root: String,
    at: PathBuf,
    kind: String,
    options: String,
}

fn mounted() -> io::Result<Vec<Mounted>> {
    let text = fs::read_to_string("/proc/self/mountinfo")?;
    let parse = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let before: Vec<&str> = before.split(' ').collect();
        let after: Vec<&str> = after.split(' ').collect();
        Some(Mounted {
            root: (*before.get(3)?).to_owned(),
            at: PathBuf::from(*before.get(4)?),
            kind: (*after.first()?).to_owned(),
            options: (*after.get(2)?).to_owned(),
        })
    };
    Ok(text.lines().filter_map(parse).filter(|m| m.kind.starts_with("cgroup")).collect())
}

/// Our own group's folder in a mounted tree; `path` as `/proc/self/cgroup` names it.
fn own_folder(mounted: &Mounted, path: &str) -> Option<PathBuf> {
    let inside = if mounted.root == "/" { path } else { path.strip_prefix(&mounted.root)? };
    Some(mounted.at.join(inside.trim_start_matches('/')))
}
