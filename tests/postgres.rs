//! A PostgreSQL of the tests' own, from Debian's binaries.
//!
//! One cluster serves all tests of this account, whether they are threads of one process or, under
//! nextest, processes of their own. Whoever comes first starts it; everyone holds a shared lock as
//! long as they live; a small watcher stops the cluster and removes its folder a few seconds after the
//! last lock is gone, however the tests ended. As root it runs as the account `postgres`, which the
//! server insists on.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sqlx::{Connection, Executor, PgConnection};

/// Seconds for which a cluster that nobody uses is kept, for the next test process to find.
const LINGER_S: u32 = 4;

/// Waits until nobody holds the lock, twice with a pause between, then ends all under the lock.
const WATCHER: &str = r#"
cd /
while :; do
    flock --exclusive "$1/lock" true
    sleep "$2"
    flock --exclusive --nonblock --conflict-exit-code 9 "$1/lock" sh -c '
        rm -f "$1/ready"
        kill -INT "$(head -n 1 "$1/cluster/data/postmaster.pid")"
        while [ -e "$1/cluster/data/postmaster.pid" ]; do sleep 0.05; done
        rm -rf "$1/cluster"' sh "$1" && exit 0
done
"#;

/// The URL of a new, empty database.
pub(crate) async fn database() -> String {
    let cluster = cluster();
    let name = format!("t{}", uuid::Uuid::now_v7().simple());
    let mut admin = PgConnection::connect(&url(&cluster.home, "postgres"))
        .await
        .expect("the tests' own PostgreSQL answers");
    admin
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .expect("a database is made");
    admin.close().await.expect("the connection closes");
    url(&cluster.home, &name)
}

struct Cluster {
    home: PathBuf,
    /// Locked, shared, until this process ends.
    _lock: File,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let home = home();
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(home.join("lock"))
            .expect("the lock file opens");
        loop {
            lock.lock().expect("the lock is given");
            if !is_up(&home) {
                start(&home);
            }
            lock.unlock().expect("the lock is let go");
            lock.lock_shared().expect("the lock is given");
            // The watcher may have come between; then begin anew.
            if is_up(&home) {
                return Cluster { home, _lock: lock };
            }
        }
    })
}

fn url(home: &Path, database: &str) -> String {
    format!("postgres://testat@localhost/{database}?host={}/cluster/socket", home.display())
}

/// A folder of ours in the system's temporary one: sockets need a short path, and the account
/// `postgres` one that it may walk.
fn home() -> PathBuf {
    let me = rustix::process::geteuid().as_raw();
    let home = std::env::temp_dir().join(format!("testat-tests-postgres-{me}"));
    match fs::DirBuilder::new().mode(0o711).create(&home) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => panic!("{} can't be made: {error}", home.display()),
    }
    let there = fs::symlink_metadata(&home).expect("the folder is there");
    assert!(there.is_dir() && there.uid() == me, "{} is not ours", home.display());
    home
}

/// Whether the cluster was started to the end and its server lives.
fn is_up(home: &Path) -> bool {
    let pid = fs::read_to_string(home.join("cluster/data/postmaster.pid")).unwrap_or_default();
    let pid = pid.lines().next().unwrap_or_default();
    home.join("ready").exists() && !pid.is_empty() && Path::new("/proc").join(pid).exists()
}

fn start(home: &Path) {
    let cluster = home.join("cluster");
    stop_leftover(&cluster);
    fs::create_dir_all(cluster.join("socket")).expect("the folder is made");
    if rustix::process::geteuid().is_root() {
        let name = "postgres:postgres";
        run(Command::new("chown").arg("-R").arg(name).arg(&cluster), "chown");
    }
    let data = cluster.join("data");
    let options = "--auth=trust --username=testat --encoding=UTF8 --locale=C.UTF-8 --no-sync";
    let mut initdb = server_command("initdb");
    run(initdb.arg("--pgdata").arg(&data).args(options.split(' ')), "initdb");
    // Nothing of it outlives the tests, so nothing needs to reach the disk.
    let settings = format!(
        "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses= \
         -c max_connections=300 -c unix_socket_directories={}",
        cluster.join("socket").display()
    );
    let mut pg_ctl = server_command("pg_ctl");
    pg_ctl.args(["start", "--silent", "--wait", "--timeout=60", "--pgdata"]).arg(&data);
    run(pg_ctl.arg("--log").arg(cluster.join("log")).arg("--options").arg(settings), "pg_ctl");
    fs::write(home.join("ready"), "").expect("the mark is written");
    watch(home);
}

/// A cluster whose watcher was killed, together with the machine or by hand.
fn stop_leftover(cluster: &Path) {
    if cluster.exists() {
        let mut pg_ctl = server_command("pg_ctl");
        pg_ctl.args(["stop", "--silent", "--mode=immediate", "--pgdata"]);
        // Fails when nothing runs, which is as good.
        let _ = pg_ctl.arg(cluster.join("data")).stderr(Stdio::null()).status();
        fs::remove_dir_all(cluster).expect("the old folder goes");
    }
}

#[expect(clippy::zombie_processes, reason = "it is to outlive this process")]
fn watch(home: &Path) {
    Command::new("setsid")
        .args(["sh", "-c", WATCHER, "sh"])
        .arg(home)
        .arg(LINGER_S.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the watcher starts");
}

fn server_command(program: &str) -> Command {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|folders| folders.flatten().map(|folder| folder.path().join("bin")).collect())
        .unwrap_or_default();
    versions.retain(|bin| bin.join(program).exists());
    versions.sort();
    let Some(bin) = versions.pop() else {
        panic!("these tests need the package `postgresql`: no {program} in /usr/lib/postgresql")
    };
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
        command.arg(bin.join(program));
        command
    } else {
        Command::new(bin.join(program))
    };
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn run(command: &mut Command, name: &str) {
    let output = command.stderr(Stdio::piped()).output();
    let output = output.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed: {said}");
}
