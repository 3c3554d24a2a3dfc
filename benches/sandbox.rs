//! What a sandbox costs: `/bin/true` from start to exit, bare, under bubblewrap alone, under ours,
//! and under crun with the same limits. One run, rounds in turn, so that the ratios hold whatever
//! else the machine does.
//!
//! `cargo bench --bench sandbox`; the subjects' runtime must be built.

#![expect(clippy::disallowed_methods, reason = "starts programs to compare with")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testat::runtime::Runtime;
use testat::sandbox::{Limits, Output, Profile, Reason, Sandbox, Settings, Spec};

const ROUNDS: usize = 60;

/// Between two starts: some costs appear only when the kernel has been quiet.
const PAUSE: Duration = Duration::from_millis(25);

type Failure = Box<dyn Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let dir = std::env::var_os("TESTAT_RUNTIME_DIR")
        .map_or_else(|| PathBuf::from("/var/cache/testat/runtime"), PathBuf::from);
    let runtime = Runtime::find(&dir, Path::new(env!("CARGO_MANIFEST_DIR"))).await?;
    let root = runtime.root();
    let mut settings = Settings::new(root.to_owned());
    settings.allow_weak = true;
    let sandbox = Sandbox::probe(&settings).await?;
    let bundle = tempfile::tempdir()?;
    write_bundle(bundle.path(), root)?;
    let crun = run(&mut crun(bundle.path(), "testat-bench"));

    let mut times: [Vec<Duration>; 5] = Default::default();
    for round in 0..ROUNDS {
        let [bare, plain, ours, harness, other] = &mut times;
        bare.push(timed(|| run(&mut Command::new("/bin/true")))?);
        plain.push(timed(|| run(&mut bwrap(root)))?);
        ours.push(sandboxed(&sandbox, as_subject()).await?);
        harness.push(sandboxed(&sandbox, as_harness(&runtime)?).await?);
        if crun.is_ok() {
            let name = format!("testat-bench-{}-{round}", std::process::id());
            other.push(timed(|| run(&mut self::crun(bundle.path(), &name)))?);
        }
    }
    let [bare, plain, ours, harness, other] = times;
    let base = median(bare.clone());
    println!("/bin/true, start to exit, {ROUNDS} rounds in turn, ms");
    println!("{:<44} {:>7} {:>7} {:>7}", "", "median", "90 %", "x bare");
    row("bare", bare, base);
    row("bubblewrap alone, same mounts", plain, base);
    row("testat: subject, all limits, all cleared up", ours, base);
    row("testat: harness, likewise", harness, base);
    match crun {
        Ok(()) => row("crun: user namespace, same limits", other, base),
        Err(error) => println!("{:<44} not run: {error}", "crun"),
    }
    Ok(())
}

fn row(name: &str, mut times: Vec<Duration>, base: Duration) {
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let late = times.get(times.len() * 9 / 10).copied().unwrap_or_default();
    let middle = median(times);
    let ratio = middle.as_secs_f64() / base.as_secs_f64();
    println!("{name:<44} {:>7.1} {:>7.1} {ratio:>7.1}", ms(middle), ms(late));
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn timed(work: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    std::thread::sleep(PAUSE);
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into())
}

fn limits() -> Limits {
    Limits {
        cpu: Duration::from_secs(5),
        wall: Duration::from_secs(10),
        memory: 256 << 20,
        processes: 64,
        file_size: 32 << 20,
        open_files: 256,
        scratch: 32 << 20,
        output: 1 << 20,
    }
}

fn as_subject() -> Spec {
    Spec {
        profile: Profile::Subject,
        argv: vec!["/bin/true".into()],
        env: Vec::new(),
        mounts: Vec::new(),
        cwd: "/".into(),
        stdin: None,
        stdout: Output::Captured,
        control: None,
        limits: limits(),
    }
}

fn as_harness(runtime: &Runtime) -> Result<Spec, Failure> {
    let control = fs::File::open("/dev/null")?;
    Ok(runtime.harness(&runtime.root().join("usr/bin/true"), control.into(), limits()))
}

async fn sandboxed(sandbox: &Sandbox, spec: Spec) -> Result<Duration, Failure> {
    tokio::time::sleep(PAUSE).await;
    let started = Instant::now();
    let ending = sandbox.start(spec).await?.wait().await?;
    let time = started.elapsed();
    if ending.reason == Reason::Exited(0) { Ok(time) } else { Err("it failed".into()) }
}

fn bwrap(root: &Path) -> Command {
    let mut command = Command::new("bwrap");
    command
        .args(["--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"])
        .args(["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"])
        .arg("--ro-bind")
        .args([root.join("usr").as_path(), Path::new("/usr")])
        .arg("--ro-bind")
        .args([root.join("etc").as_path(), Path::new("/etc")])
        .args(["--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"])
        .args(["--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"])
        .args(["--tmpfs", "/tmp", "--tmpfs", "/work", "--remount-ro", "/", "--", "/bin/true"]);
    command
}

/// In a mount namespace without the second version of control groups, beside which this crun
/// refuses to use the first.
fn crun(bundle: &Path, name: &str) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--", "/bin/sh", "-c"])
        .arg("umount /sys/fs/cgroup/unified 2>/dev/null; exec crun run -b \"$0\" \"$1\"")
        .arg(bundle)
        .arg(name);
    command
}

fn write_bundle(bundle: &Path, root: &Path) -> Result<(), Failure> {
    let system = bundle.join("root");
    for folder in ["usr", "etc", "proc", "dev", "tmp", "work"] {
        fs::create_dir_all(system.join(folder))?;
    }
    for (link, to) in [("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")] {
        std::os::unix::fs::symlink(to, system.join(link))?;
    }
    let bind = |name: &str| {
        serde_json::json!({ "destination": format!("/{name}"), "source": root.join(name),
            "type": "bind", "options": ["rbind", "ro"] })
    };
    let memory = |at: &str, size: &str| {
        serde_json::json!({ "destination": at, "type": "tmpfs", "source": "tmpfs",
            "options": ["nosuid", "nodev", format!("size={size}")] })
    };
    let ids = serde_json::json!([{ "containerID": 0, "hostID": 100_000, "size": 65536 }]);
    let config = serde_json::json!({
        "ociVersion": "1.0.0",
        "process": {
            "user": { "uid": 1000, "gid": 1000 },
            "args": ["/bin/true"],
            "env": ["PATH=/usr/bin:/bin"],
            "cwd": "/",
            "noNewPrivileges": true,
            "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 256, "soft": 256 },
                { "type": "RLIMIT_CORE", "hard": 0, "soft": 0 }],
        },
        "root": { "path": "root", "readonly": true },
        "hostname": "sandbox",
        "mounts": [bind("usr"), bind("etc"),
            { "destination": "/proc", "type": "proc", "source": "proc" },
            memory("/dev", "64k"), memory("/tmp", "32m"), memory("/work", "32m")],
        "linux": {
            "uidMappings": ids, "gidMappings": ids,
            "namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "ipc" },
                { "type": "uts" }, { "type": "mount" }, { "type": "user" }, { "type": "cgroup" }],
            "resources": { "memory": { "limit": 256 << 20 }, "pids": { "limit": 64 },
                "cpu": { "quota": 100_000, "period": 100_000 } },
        },
    });
    fs::write(bundle.join("config.json"), config.to_string())?;
    Ok(())
}
