//! The host's side: descriptors, user ids, several servers at once, what dead ones leave.

use std::fs::Permissions;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use testat::sandbox::beneath::Tree;
use testat::sandbox::{Fault, Limits, Reason, Sandbox, Settings};

use super::{Trial, limits, mount, program, python, text};

#[tokio::test]
async fn no_descriptor_of_ours_is_inherited() {
    let trial = Trial::new().await;
    // As a careless library would open one: without close-on-exec.
    let careless = std::fs::File::open("/etc/hostname").unwrap();
    rustix::io::fcntl_setfd(&careless, rustix::io::FdFlags::empty()).unwrap();
    assert!(careless.as_raw_fd() > 2);
    let code = "import os
found = []
for d in range(4096):
    try: os.fstat(d); found.append(d)
    except OSError: pass
print(found, 'and of the first process', sorted(os.listdir('/proc/1/fd'), key=int)[:3])";
    let ending = trial.python(code, limits()).await;
    assert!(text(&ending.stdout).starts_with("[0, 1, 2] and"), "{}", text(&ending.stdout));
}

#[tokio::test]
async fn the_control_descriptor_is_number_three() {
    let trial = Trial::new().await;
    let file = tempfile::tempfile().unwrap();
    let mut spec = python("import os; os.write(3, b'hello'); os.fstat(4)", limits());
    spec.control = Some(file.try_clone().unwrap().into());
    let ending = trial.run(spec).await;
    assert!(text(&ending.stderr).contains("Bad file descriptor"), "{}", text(&ending.stderr));
    let mut written = String::new();
    std::io::Seek::rewind(&mut &file).unwrap();
    std::io::Read::read_to_string(&mut &file, &mut written).unwrap();
    assert_eq!(written, "hello");
}

#[tokio::test]
async fn what_is_mounted_may_lie_below_a_closed_folder() {
    let trial = Trial::new().await;
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).unwrap();
    let tree = closed.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join("file"), "seen").unwrap();
    let anyone = Permissions::from_mode(0o666);
    std::fs::set_permissions(tree.join("file"), anyone).unwrap();
    let mut spec = program(&["/bin/cat", "/submission/file"], limits());
    spec.mounts = vec![mount(&tree, "/submission")];
    let ending = trial.run(spec).await;
    assert_eq!(text(&ending.stdout), "seen", "{}", text(&ending.stderr));
    let mut spec = program(&["/usr/bin/touch", "/submission/file"], limits());
    spec.mounts = vec![mount(&tree, "/submission")];
    let refused = text(&trial.run(spec).await.stderr);
    assert!(refused.contains("Read-only file system"), "{refused}");
}

#[tokio::test]
async fn a_missing_mount_is_our_fault_and_leaves_nothing() {
    let trial = Trial::new().await;
    let mounts = super::mounts();
    let mut spec = program(&["/bin/true"], limits());
    spec.mounts = vec![mount(Path::new("/nowhere"), "/submission")];
    let fault = trial.sandbox.start(spec).await.unwrap_err();
    assert!(fault.to_string().contains("/nowhere"), "{fault}");
    trial.assert_nothing_left(mounts);
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn user_ids_are_given_back_and_never_shared() {
    let trial = Trial::new().await;
    let mut running = Vec::new();
    for _ in 0..super::SLOTS {
        let spec = program(&["/usr/bin/sleep", "60"], limits());
        running.push(trial.sandbox.start(spec).await.unwrap());
    }
    let fault = trial.sandbox.start(program(&["/bin/true"], limits())).await.unwrap_err();
    assert!(fault.to_string().contains("user ids"), "{fault}");
    for one in &running {
        one.kill();
    }
    for one in &mut running {
        assert_eq!(one.wait().await.unwrap().reason, Reason::Ended);
    }
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn what_a_killed_server_leaves_is_swept() {
    let Some(settings) = std::env::var_os("TESTAT_TEST_DIES") else {
        return sweep_after_death().await;
    };
    // Here as that server: starts a program and is killed.
    let mut ours = Settings::new(super::runtime().await.root().to_owned());
    ours.slots_from = settings.to_str().unwrap().parse().unwrap();
    ours.slots = 1;
    let sandbox = Sandbox::probe(&ours).await.unwrap();
    let _running = sandbox.start(program(&["/usr/bin/sleep", "60"], limits())).await.unwrap();
    // Bubblewrap ties its first process to itself only once everything is set up.
    tokio::time::sleep(Duration::from_millis(500)).await;
    println!("started");
    std::thread::sleep(Duration::from_secs(60));
}

async fn sweep_after_death() {
    use std::io::BufRead;
    let trial = Trial::new().await;
    let name = "sandbox::host::what_a_killed_server_leaves_is_swept";
    let mut server = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env("TESTAT_TEST_DIES", trial.first_id.to_string())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(server.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap().contains("started")));
    assert!(!trial.processes().is_empty());
    server.kill().unwrap();
    server.wait().unwrap();
    // The programs die with their server at once; the groups wait for the next one.
    for _ in 0..100 {
        if trial.processes().iter().all(|pid| is_dead(pid)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(trial.processes().iter().all(|pid| is_dead(pid)));
    // Another test that starts just now may have swept them first.
    let _ = trial.sandbox.sweep();
    assert_eq!(left_by(server.id(), Path::new("/sys/fs/cgroup")), 0);
}

/// Dead, and perhaps not yet waited for: that is for whoever has adopted it.
fn is_dead(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| stat.contains(") Z ") || stat.contains(") X "))
}

#[tokio::test]
async fn a_host_without_control_groups_is_used_only_if_its_owner_says_so() {
    if let Some(root) = std::env::var_os("TESTAT_TEST_WEAK") {
        return on_a_weak_host(root.into()).await;
    }
    // Again as a user who may not make control groups.
    let name = "sandbox::host::a_host_without_control_groups_is_used_only_if_its_owner_says_so";
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = std::process::Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .env("TESTAT_TEST_WEAK", super::runtime().await.root())
        .current_dir("/")
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn on_a_weak_host(root: PathBuf) {
    let mut settings = Settings::new(root);
    let sandbox = Sandbox::probe(&settings).await.unwrap();
    assert!(!sandbox.is_strong());
    let weak: Vec<_> = sandbox.capabilities().iter().filter(|c| !c.ok).map(|c| c.name).collect();
    assert_eq!(weak, ["memory limit", "processor time limit", "process limit"]);
    let fault = sandbox.start(program(&["/bin/true"], limits())).await.unwrap_err();
    assert!(matches!(fault, Fault::Weak(_)), "{fault}");
    settings.allow_weak = true;
    let sandbox = Sandbox::probe(&settings).await.unwrap();
    let run = async |spec| sandbox.start(spec).await.unwrap().wait().await.unwrap();
    let ending = run(program(&["/bin/true"], limits())).await;
    assert_eq!(ending.reason, Reason::Exited(0), "{}", text(&ending.stderr));
    assert!(ending.weak);
    // What one process uses is limited even so, and the clock holds for all of them.
    let busy = run(python("while True: pass", limits())).await;
    assert_eq!(busy.reason, Reason::Cpu);
    let greedy = run(python("bytearray(1 << 30)", limits())).await;
    assert_eq!(greedy.reason, Reason::Exited(1), "{}", text(&greedy.stderr));
    let short = Limits { wall: Duration::from_secs(1), ..limits() };
    let code = "import os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(60)";
    assert_eq!(run(python(code, short)).await.reason, Reason::Wall);
}

fn left_by(server: u32, folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let theirs = format!("testat-{server}-");
            count += usize::from(entry.file_name().to_string_lossy().starts_with(&theirs));
            count += left_by(server, &entry.path());
        }
    }
    count
}

#[test]
fn nothing_outside_a_tree_is_opened_through_it() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let tree = tempfile::tempdir().unwrap();
    let at = |name: &str| tree.path().join(name);
    std::fs::create_dir(at("folder")).unwrap();
    std::fs::write(at("folder/file"), "text").unwrap();
    std::os::unix::fs::symlink(outside.path(), at("away")).unwrap();
    std::os::unix::fs::symlink("folder/file", at("link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let opened = Tree::open(tree.path()).unwrap();
    let read = std::io::read_to_string(opened.read(Path::new("folder/file")).unwrap()).unwrap();
    assert_eq!(read, "text");
    let secret = outside.path().join("secret");
    let refused = ["away/secret", "link", "fifo", "folder", "../x", "/etc/passwd", "missing"];
    for path in refused.iter().map(Path::new).chain([secret.as_path()]) {
        assert!(opened.read(path).is_err(), "{}", path.display());
    }
}
