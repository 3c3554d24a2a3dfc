//! Control groups of version 1: one folder per controller, below our own group in each.
//!
//! A process enters through `tasks`, not `cgroup.procs`: moving the one thread of a process that
//! has just been forked takes 0.06 ms, moving "a process" waits for every processor, which costs
//! 4 to 20 ms each time after a pause (measured on 6.18).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;

use super::{
    Limits, Mounted, Used, keyed, kill_listed, listed, mounted, number, open_to_write, own_folder,
    read, remove, write,
};

/// Length of the period over which [`Base::make`]'s `cpus` is measured, in microseconds.
const PERIOD: u32 = 100_000;

/// Our own group in each hierarchy.
#[derive(Debug)]
pub(in crate::sandbox) struct Base {
    memory: PathBuf,
    pids: PathBuf,
    cpuacct: PathBuf,
    cpu: PathBuf,
    freezer: Option<PathBuf>,
}

/// The folders of one run; some controllers may share one.
#[derive(Debug)]
pub(in crate::sandbox) struct Group {
    memory: PathBuf,
    pids: PathBuf,
    cpuacct: PathBuf,
    freezer: Option<PathBuf>,
    all: BTreeSet<PathBuf>,
}

impl Base {
    /// Our own groups, if each needed controller is there and lets us make groups.
    pub(super) fn find() -> Result<Self, String> {
        let mounted = mounted().map_err(|e| e.to_string())?;
        let own = fs::read_to_string("/proc/self/cgroup").map_err(|e| e.to_string())?;
        let base = Self {
            memory: folder(&mounted, &own, "memory")?,
            pids: folder(&mounted, &own, "pids")?,
            cpuacct: folder(&mounted, &own, "cpuacct")?,
            cpu: folder(&mounted, &own, "cpu")?,
            freezer: folder(&mounted, &own, "freezer").ok(),
        };
        base.try_out().map_err(|e| e.to_string())?;
        Ok(base)
    }

    fn try_out(&self) -> io::Result<()> {
        let limits = Limits {
            cpu: Duration::from_secs(1),
            wall: Duration::from_secs(1),
            memory: 64 << 20,
            processes: 8,
            file_size: 0,
            open_files: 8,
            scratch: 0,
            output: 0,
        };
        let group = self.make(&super::fresh_name()?, &limits, Some(1))?;
        group.remove()?;
        Ok(())
    }

    /// The folders in which groups are made.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        [&self.memory, &self.pids, &self.cpuacct, &self.cpu]
            .into_iter()
            .chain(&self.freezer)
            .cloned()
            .collect()
    }

    pub(super) fn make(&self, name: &str, limits: &Limits, cpus: Option<u32>) -> io::Result<Group> {
        let group = Group {
            memory: self.memory.join(name),
            pids: self.pids.join(name),
            cpuacct: self.cpuacct.join(name),
            freezer: self.freezer.as_ref().map(|folder| folder.join(name)),
            all: self.folders().iter().map(|folder| folder.join(name)).collect(),
        };
        let made = group.all.iter().try_for_each(fs::create_dir);
        let made = made.and_then(|()| self.limit(&group, name, limits, cpus));
        if let Err(error) = made {
            // Whatever of it exists is empty; the first error is the one to tell.
            for folder in &group.all {
                let _ = fs::remove_dir(folder);
            }
            return Err(error);
        }
        Ok(group)
    }

    fn limit(
        &self,
        group: &Group,
        name: &str,
        limits: &Limits,
        cpus: Option<u32>,
    ) -> io::Result<()> {
        let memory = limits.memory.to_string();
        write(&group.memory, "memory.limit_in_bytes", &memory)?;
        // There only where the kernel counts swap.
        if group.memory.join("memory.memsw.limit_in_bytes").exists() {
            write(&group.memory, "memory.memsw.limit_in_bytes", &memory)?;
        }
        write(&group.pids, "pids.max", &limits.processes.to_string())?;
        if let Some(cpus) = cpus {
            let cpu = self.cpu.join(name);
            write(&cpu, "cpu.cfs_period_us", &PERIOD.to_string())?;
            write(&cpu, "cpu.cfs_quota_us", &(PERIOD * cpus).to_string())?;
        }
        Ok(())
    }
}

impl Group {
    pub(super) fn doors(&self) -> io::Result<Vec<OwnedFd>> {
        self.all.iter().map(|folder| Ok(open_to_write(&folder.join("tasks"))?.into())).collect()
    }

    pub(super) fn cpu(&self) -> io::Result<Duration> {
        Ok(Duration::from_nanos(number(&read(&self.cpuacct, "cpuacct.usage")?)?))
    }

    pub(super) fn ran_out_of_memory(&self) -> io::Result<bool> {
        Ok(keyed(&read(&self.memory, "memory.oom_control")?, "oom_kill") > 0)
    }

    pub(super) fn used(&self) -> io::Result<Used> {
        Ok(Used {
            cpu: self.cpu()?,
            wall: Duration::ZERO,
            peak_memory: number(&read(&self.memory, "memory.max_usage_in_bytes")?)?,
            refused_processes: keyed(&read(&self.pids, "pids.events")?, "max"),
        })
    }

    pub(super) fn processes(&self) -> io::Result<Vec<Pid>> {
        listed(&self.pids)
    }

    pub(super) fn kill(&self) -> io::Result<()> {
        // Frozen first, so that nothing can fork away between the list and the kill.
        self.freeze("FROZEN")?;
        let killed = kill_listed(&self.pids);
        self.freeze("THAWED")?;
        killed?;
        Ok(())
    }

    pub(super) fn remove(&self) -> io::Result<bool> {
        let mut gone = true;
        for folder in &self.all {
            gone &= remove(folder)?;
        }
        Ok(gone)
    }

    fn freeze(&self, state: &str) -> io::Result<()> {
        self.freezer.as_ref().map_or(Ok(()), |folder| write(folder, "freezer.state", state))
    }
}

fn folder(mounted: &[Mounted], own: &str, controller: &str) -> Result<PathBuf, String> {
    let has = |list: &str| list.split(',').any(|name| name == controller);
    let tree = mounted.iter().find(|m| m.kind == "cgroup" && has(&m.options));
    let path = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        has(controllers).then_some(path)
    });
    let found = tree.zip(path).and_then(|(tree, path)| own_folder(tree, path));
    found.filter(|f: &PathBuf| Path::is_dir(f)).ok_or_else(|| format!("no {controller} controller"))
}
