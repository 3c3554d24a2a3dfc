//! What this host offers, found once, and starting programs with it.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Resource, pidfd_open};
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, oneshot};

use super::bwrap::{Bind, binds, masks};
use super::capture::Capture;
use super::cgroup::Cgroups;
use super::descriptors::{Ends, Kept, high, pipe, said};
use super::doctor::capabilities;
use super::launch::{Descent, Launcher};
use super::running::{Ready, Running};
use super::seccomp::Filters;
use super::slot::Slot;
use super::status::Status;
use super::view::View;
use super::watch::{Budget, Run};
use super::{Capability, Fault, Limits, Output, Profile, Reason, Settings, Spec};

/// Bubblewrap's own processes in a program's control group.
const OURS: u32 = 2;

/// Signals and timers that may wait at once; the kernel counts them by user.
const PENDING_SIGNALS: u64 = 256;

/// What this host can enforce, found once; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sandbox(Arc<Host>);

/// What all programs of one sandbox share.
#[derive(Debug)]
pub(super) struct Host {
    settings: Settings,
    bwrap: PathBuf,
    cgroups: Cgroups,
    filters: Filters,
    masks: Vec<PathBuf>,
    views: bool,
    launcher: Launcher,
    capabilities: Vec<Capability>,
}

impl Sandbox {
    /// Finds bubblewrap, the cgroups and the user ids, compiles the system-call filters, sweeps
    /// what dead servers left, and runs a first program. From here on this process adopts orphans
    /// of its children (`PR_SET_CHILD_SUBREAPER`).
    ///
    /// # Errors
    /// Bubblewrap is missing or doesn't run. A limit that can't be enforced is no error here:
    /// [`Sandbox::capabilities`] tells, and [`Sandbox::start`] refuses unless
    /// [`Settings::allow_weak`].
    pub async fn probe(settings: &Settings) -> Result<Self, Fault> {
        let bwrap = find_program("bwrap").ok_or_else(|| {
            Fault::Setup("bubblewrap is not installed (Debian: apt install bubblewrap)".to_owned())
        })?;
        let cgroups = Cgroups::find();
        let views = rustix::process::geteuid().is_root() && View::prepare().is_ok();
        let launcher = Launcher::new()
            .map_err(|source| Fault::System { doing: "starting a thread", source })?;
        let capabilities = capabilities(settings, &bwrap, &cgroups, views);
        let sandbox = Self(Arc::new(Host {
            settings: settings.clone(),
            bwrap,
            cgroups,
            filters: Filters::compile()?,
            masks: masks(),
            views,
            launcher,
            capabilities,
        }));
        // Bubblewrap ends before the first process inside does, which is then nobody's child: as
        // ours it can be waited for. Nothing else of ours leaves orphans.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|e| Fault::System { doing: "adopting orphans", source: e.into() })?;
        let swept = sandbox.sweep();
        if swept > 0 {
            tracing::info!(swept, "Ended what a dead server had left running");
        }
        sandbox.try_out().await?;
        Ok(sandbox)
    }

    /// What this host can enforce, line by line.
    #[must_use]
    pub fn capabilities(&self) -> &[Capability] {
        &self.0.capabilities
    }

    /// Every limit can be enforced.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        !self.0.is_weak()
    }

    /// Removes control groups of servers that no longer live, with whatever still runs in them;
    /// says how many folders.
    #[must_use]
    pub fn sweep(&self) -> usize {
        self.0.cgroups.sweep()
    }

    /// Starts a program; from here on its limits are watched, whether or not anyone waits. Needs a
    /// Tokio runtime, which must live until the program has ended.
    ///
    /// # Errors
    /// The sandbox could not be set up, or this host is too weak.
    pub async fn start(&self, spec: Spec) -> Result<Running, Fault> {
        self.refuse_if_weak()?;
        self.start_anyhow(spec, None).await
    }

    /// Sets all up for a program but does not start it, which [`Ready::begin`] does at once.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub async fn make_ready(&self, spec: Spec) -> Result<Ready, Fault> {
        self.refuse_if_weak()?;
        let (held, word) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|e| system("making pipes")(e.into()))?;
        let (granted, budget) = oneshot::channel();
        let running = self.start_anyhow(spec, Some(Held { fd: held, budget })).await?;
        Ok(Ready::new(running, granted, word))
    }

    fn refuse_if_weak(&self) -> Result<(), Fault> {
        if self.0.is_weak() && !self.0.settings.allow_weak {
            return Err(Fault::Weak(self.0.weaknesses()));
        }
        Ok(())
    }

    async fn start_anyhow(&self, spec: Spec, held: Option<Held>) -> Result<Running, Fault> {
        // In a task of its own, so that nothing is left half done when the caller is cancelled.
        match tokio::spawn(self.0.clone().start(spec, held)).await {
            Ok(started) => started,
            Err(error) => Err(Fault::Setup(format!("{STARTING}: {error}"))),
        }
    }

    /// Runs `true` once, with the host's own system if the subjects' is not built yet: whether
    /// namespaces can be had only trying tells.
    async fn try_out(&self) -> Result<(), Fault> {
        let spec = Spec {
            profile: Profile::Subject,
            argv: vec!["/usr/bin/true".into()],
            env: Vec::new(),
            mounts: Vec::new(),
            cwd: "/".into(),
            stdin: None,
            stdout: Output::Captured,
            control: None,
            limits: Limits {
                cpu: Duration::from_secs(5),
                wall: Duration::from_secs(10),
                memory: 64 << 20,
                processes: 8,
                file_size: 1 << 20,
                open_files: 64,
                scratch: 1 << 20,
                output: 1 << 16,
            },
        };
        let ending = self.start_anyhow(spec, None).await?.wait().await?;
        if ending.reason == Reason::Exited(0) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ending.stderr).trim().to_owned();
        Err(Fault::Setup(format!("a first program failed: {:?} {said}", ending.reason)))
    }
}

impl Host {
    /// Some limit can't be enforced.
    pub(super) fn is_weak(&self) -> bool {
        self.capabilities.iter().any(|capability| !capability.ok)
    }

    fn weaknesses(&self) -> String {
        let weak = self.capabilities.iter().filter(|capability| !capability.ok);
        let lines: Vec<_> = weak.map(|c| format!("{} ({})", c.name, c.detail)).collect();
        lines.join("; ")
    }

    /// The system that programs see; before the subjects' own is built, the host's.
    fn system_root(&self) -> &Path {
        let root = self.settings.root.as_path();
        if root.join("usr").is_dir() { root } else { Path::new("/") }
    }

    fn view(&self, binds: Vec<Bind>) -> io::Result<(View, Vec<Bind>)> {
        if self.views { View::of(binds) } else { Ok((View::default(), binds)) }
    }

    async fn start(self: Arc<Self>, mut spec: Spec, held: Option<Held>) -> Result<Running, Fault> {
        let (hold, budget) = held.map(|held| (held.fd, held.budget)).unzip();
        let slot = Slot::take(&self.settings)?;
        let seen =
            binds(&spec, self.system_root()).map_err(system("finding what a program is to see"))?;
        let (view, seen) = self.view(seen).map_err(system("preparing what a program sees"))?;
        let ends = Ends::new(&mut spec).map_err(system("making pipes"))?;
        let (status, status_there) = pipe().map_err(system("making pipes"))?;
        let filter = self.filters.of(spec.profile);
        let kept = Kept::new(filter, &spec, &seen, &self.masks, &status_there, hold)
            .map_err(system("telling bubblewrap what to do"))?;
        let command = kept.command(&self.bwrap, &spec, ends.there);
        let descent = Descent {
            doors: Vec::new(),
            view,
            limits: self.resources(&spec, slot.is_some()),
            user: slot.as_ref().map(|slot| slot.id),
            kept: kept.into_descriptors(),
            control: high(spec.control.take()).map_err(system("preparing descriptors"))?,
        };
        let run = self.launch(command, descent, slot, status, &spec, &ends.stderr).await?;
        let capture = Capture::new(ends.stdout, ends.stderr, spec.limits.output)
            .map_err(system("capturing a program's output"))?;
        let process = run.process.get_ref().try_clone().map_err(system(STARTING))?;
        let asked = Arc::new(Notify::new());
        let cpu_seen = run.cpu_seen.clone();
        let task = tokio::spawn(run.watch(capture, asked.clone(), budget));
        Ok(Running::new(task, asked, process, cpu_seen))
    }

    /// Makes the control group and starts bubblewrap in it. Nothing is left if that fails.
    async fn launch(
        self: &Arc<Self>,
        mut command: Command,
        mut descent: Descent,
        slot: Option<Slot>,
        status: OwnedFd,
        spec: &Spec,
        stderr: &OwnedFd,
    ) -> Result<Run, Fault> {
        let limits = spec.limits;
        let counted = Limits { processes: limits.processes.saturating_add(OURS), ..limits };
        let making = system("making a program's control group");
        let group = self.cgroups.make(&counted, processors(spec.profile)).map_err(&making)?;
        let started = Instant::now();
        let child = match group.doors() {
            Ok(doors) => {
                descent.doors = doors;
                descent.before(&mut command);
                self.launcher.start(command).await
            }
            Err(error) => Err(error),
        };
        let child = child.map_err(|source| {
            let step = said(stderr);
            match group.remove() {
                Ok(_) => Fault::Setup(format!("{STARTING}: {step}: {source}")),
                Err(also) => Fault::Setup(format!("{STARTING}: {step}: {source}; {also}")),
            }
        })?;
        let pid = Pid::from_child(&child);
        let opened =
            pidfd_open(pid, PidfdFlags::NONBLOCK).map_err(io::Error::from).and_then(watchable);
        match opened {
            Ok(process) => Ok(Run {
                process,
                pid,
                status: Status::new(status),
                group,
                slot,
                started,
                cpu_seen: Arc::default(),
                limits,
                host: self.clone(),
                reaped: false,
                orphan: None,
                cleared: false,
            }),
            Err(source) => Err(abandon(child, &group, source)),
        }
    }

    /// What one process may ask of the kernel. Of the whole tree, the control group knows.
    fn resources(&self, spec: &Spec, own_user: bool) -> Vec<(Resource, u64)> {
        let limits = &spec.limits;
        let mut list = vec![
            (Resource::Core, 0),
            (Resource::Cpu, limits.cpu.as_secs() + 2),
            (Resource::Fsize, limits.file_size),
            (Resource::Memlock, 64 << 10),
            (Resource::Msgqueue, 0),
            (Resource::Nofile, limits.open_files),
            (Resource::Sigpending, PENDING_SIGNALS),
        ];
        if matches!(self.cgroups, Cgroups::None(_)) {
            // A compiler maps far more than it uses.
            if spec.profile != Profile::Build {
                list.push((Resource::As, limits.memory));
            }
            // Counted by user, so it would count everything of a user who isn't the program's own.
            if own_user {
                list.push((Resource::Nproc, u64::from(limits.processes + OURS)));
            }
        }
        list
    }
}

const STARTING: &str = "starting bubblewrap";

/// How a program is kept from starting: a byte lets bubblewrap go on, and its watcher is told what it
/// may use from then on.
struct Held {
    fd: OwnedFd,
    budget: oneshot::Receiver<Budget>,
}

#[expect(unsafe_code, reason = "tokio asks us to vouch for the descriptor")]
fn watchable(process: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` gives the same descriptor for as long as it lives, and is closed only
    // when dropped, which `AsyncFd` does after it has stopped watching.
    unsafe { AsyncFd::register(process) }.map_err(|error| error.into_parts().1)
}

/// A process that can't be watched must not run.
fn abandon(mut child: std::process::Child, group: &super::cgroup::Group, why: io::Error) -> Fault {
    let ended = child.kill().and_then(|()| child.wait());
    let removed = group.kill().and_then(|()| group.remove());
    match ended.map(|_| ()).and(removed.map(|_| ())) {
        Ok(()) => Fault::System { doing: "watching a program", source: why },
        Err(also) => Fault::Setup(format!("watching a program: {why}; ending it: {also}")),
    }
}

/// Builds may use every processor; what is measured gets one, wherever it runs.
fn processors(profile: Profile) -> Option<u32> {
    match profile {
        Profile::Build => None,
        Profile::Subject | Profile::Harness => Some(1),
    }
}

fn system(doing: &'static str) -> impl Fn(io::Error) -> Fault {
    move |source| Fault::System { doing, source }
}

fn find_program(name: &str) -> Option<PathBuf> {
    // Not by PATH: the folders where a package puts it, and nobody else can.
    ["/usr/bin", "/usr/local/bin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
}
