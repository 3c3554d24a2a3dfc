//! Hostile programs in the real sandbox: each ends within its limits for the true reason, leaves
//! nothing, and the next program notices nothing of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod attacks;
mod endings;
mod host;
mod profiles;
mod subjects;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use testat::runtime::Runtime;
use testat::sandbox::{Ending, Limits, Mount, Output, Profile, Reason, Sandbox, Settings, Spec};

/// A sandbox whose user ids no other test has, so that what is left of it can be told apart.
struct Trial {
    sandbox: Sandbox,
    runtime: Runtime,
    first_id: u32,
}

/// How many programs one test may run at once.
const SLOTS: u32 = 4;

impl Trial {
    async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let first_id = 100_000 + (std::process::id() % 100_000) * 1000 + count * SLOTS;
        let runtime = runtime().await;
        let mut settings = Settings::new(runtime.root().to_owned());
        settings.slots_from = first_id;
        settings.slots = SLOTS;
        let sandbox = Sandbox::probe(&settings).await.unwrap();
        assert!(sandbox.is_strong(), "{:?}", sandbox.capabilities());
        Self { sandbox, runtime, first_id }
    }

    /// Runs a Python program to its end, and checks that nothing is left of it.
    async fn python(&self, code: &str, limits: Limits) -> Ending {
        self.run(python(code, limits)).await
    }

    /// Runs any program to its end, and checks that nothing is left of it.
    async fn run(&self, spec: Spec) -> Ending {
        let mounts = mounts();
        let ending = self.sandbox.start(spec).await.unwrap().wait().await.unwrap();
        self.assert_nothing_left(mounts);
        ending
    }

    fn assert_nothing_left(&self, mounts: usize) {
        let left = self.processes();
        assert!(left.is_empty(), "processes left: {left:?}");
        assert_eq!(self::mounts(), mounts, "mounts left");
        assert_eq!(fs::read_dir("/run/testat").unwrap().count(), 0, "files left");
        // Under `cargo test`, other tests of this process have groups of the same names.
        if std::env::var_os("NEXTEST").is_some() {
            let left = groups(Path::new("/sys/fs/cgroup"));
            assert!(left.is_empty(), "control groups left: {left:?}");
        }
    }

    /// Processes of this trial's users, anywhere on the host.
    fn processes(&self) -> Vec<String> {
        use std::os::unix::fs::MetadataExt;
        let ours = self.first_id..self.first_id + SLOTS;
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let ids = entries.filter(|entry| entry.metadata().is_ok_and(|m| ours.contains(&m.uid())));
        ids.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// The next program runs as if nothing had happened.
    async fn assert_unaffected(&self) {
        let spec = program(&["/bin/true"], limits());
        let ending = self.run(spec).await;
        assert_eq!(ending.reason, Reason::Exited(0));
        assert!(ending.used.wall < Duration::from_secs(2), "{:?}", ending.used);
    }
}

async fn runtime() -> Runtime {
    let dir = std::env::var_os("TESTAT_RUNTIME_DIR")
        .map_or_else(|| PathBuf::from("/var/cache/testat/runtime"), PathBuf::from);
    match Runtime::find(&dir, Path::new(env!("CARGO_MANIFEST_DIR"))).await {
        Ok(runtime) => runtime,
        Err(error) => panic!("{error} (or set TESTAT_RUNTIME_DIR)"),
    }
}

fn limits() -> Limits {
    Limits {
        cpu: Duration::from_secs(1),
        wall: Duration::from_secs(10),
        memory: 128 << 20,
        processes: 32,
        file_size: 16 << 20,
        open_files: 64,
        scratch: 16 << 20,
        output: 256 << 10,
    }
}

fn program(argv: &[&str], limits: Limits) -> Spec {
    Spec {
        profile: Profile::Subject,
        argv: argv.iter().map(Into::into).collect(),
        env: Vec::new(),
        mounts: Vec::new(),
        cwd: "/work".into(),
        stdin: None,
        stdout: Output::Captured,
        control: None,
        limits,
    }
}

fn python(code: &str, limits: Limits) -> Spec {
    program(&["/usr/bin/python3", "-I", "-c", code], limits)
}

fn mount(host: &Path, inside: &str) -> Mount {
    Mount { host: host.to_owned(), inside: inside.into() }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count()
}

/// Control groups that this process has made, anywhere in the tree.
fn groups(folder: &Path) -> Vec<PathBuf> {
    let ours = format!("testat-{}-", std::process::id());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if entry.file_name().to_string_lossy().starts_with(&ours) {
            found.push(entry.path());
        }
        found.extend(groups(&entry.path()));
    }
    found
}
