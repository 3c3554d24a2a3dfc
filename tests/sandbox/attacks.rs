//! What a program can see and reach, asked by a program that tries everything it can think of.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use testat::sandbox::{Limits, Reason};

use super::{Trial, limits, program, text};

const PROBE: &str = include_str!("probe.py");

/// What the probe must find, line by line; anything else is a hole or a broken program.
async fn probe(trial: &Trial, arguments: &[&str]) -> BTreeMap<String, String> {
    let mut argv = vec!["/usr/bin/python3", "-I", "-c", PROBE];
    argv.extend(arguments);
    let ending = trial.run(program(&argv, Limits { cpu: limits().cpu * 5, ..limits() })).await;
    assert_eq!(ending.reason, Reason::Exited(0), "{}", text(&ending.stderr));
    let lines = text(&ending.stdout);
    let pair = |line: &str| {
        let (name, found) = line.split_once(' ').unwrap();
        (name.to_owned(), found.to_owned())
    };
    lines.lines().map(pair).collect()
}

#[tokio::test]
async fn dangerous_system_calls_are_not_there() {
    let found = probe(&Trial::new().await, &["calls"]).await;
    assert!(found.len() > 40, "{found:?}");
    for (call, answer) in found {
        assert_eq!(answer, "ENOSYS", "{call}");
    }
}

#[tokio::test]
async fn the_network_is_not_there() {
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port().to_string();
    let name = format!("testat-{}", std::process::id());
    let _abstract =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let found = probe(&Trial::new().await, &["network", &port, &name]).await;
    let expected = [
        ("socket:inet", "ENOSYS"),
        ("socket:inet6", "ENOSYS"),
        ("socket:netlink", "ENOSYS"),
        ("socket:packet", "ENOSYS"),
        ("socket:vsock", "ENOSYS"),
        ("socket:alg", "ENOSYS"),
        ("tcp", "ENOSYS"),
        ("abstract", "ECONNREFUSED"),
        ("interfaces", "lo"),
    ];
    for (what, answer) in expected {
        assert_eq!(found.get(what).map(String::as_str), Some(answer), "{what}");
    }
}

#[tokio::test]
async fn the_hosts_files_are_not_there() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "secret").unwrap();
    let own = format!("/proc/{}/environ", std::process::id());
    let path = secret.path().to_str().unwrap();
    let found = probe(&Trial::new().await, &["files", path, &own]).await;
    let denied = ["ENOENT", "EACCES", "EPERM", "EROFS", "EISDIR", "ENOTDIR"];
    for (what, answer) in found.iter().filter(|(what, _)| what.starts_with("read:")) {
        // A masked file is there, and empty.
        assert!(denied.contains(&answer.as_str()) || answer == "0", "{what}: {answer}");
    }
    for (what, answer) in found.iter().filter(|(what, _)| what.starts_with("write:")) {
        let free = ["write:/tmp/x", "write:/work/x", "write:/dev/shm/x"].contains(&what.as_str());
        assert_eq!(answer == "written", free, "{what}: {answer}");
        assert!(free || denied.contains(&answer.as_str()), "{what}: {answer}");
    }
    assert_eq!(found["root"], "bin dev etc lib lib64 proc tmp usr work");
}

#[tokio::test]
async fn a_program_is_nobody_and_alone() {
    // Seen if the environment of bubblewrap, the sandbox's first process, were ours.
    let found = probe(&Trial::new().await, &["self"]).await;
    let expected = [
        ("uid", "1000 1000 1000"),
        ("groups", "1000"),
        ("capabilities", "0 0 0 0 0"),
        ("no-new-privileges", "1"),
        ("seccomp", "2"),
        ("first-environment", "0"),
        ("host", "sandbox"),
        ("others", "1"),
        ("descriptors", "0 1 2"),
        ("core", "0"),
        ("locked", "65536"),
        ("queues", "0"),
        ("pending", "256"),
        ("set-user-id", "no"),
        ("environment", "HOME LANG PATH PWD TMPDIR"),
    ];
    for (what, answer) in expected {
        assert_eq!(found.get(what).map(String::as_str), Some(answer), "{what}");
    }
    assert!(!found["first-arguments"].contains("/var/"), "{}", found["first-arguments"]);
    let score: i32 = found["memory-score"].parse().unwrap();
    assert!(score >= 0, "less likely to be killed for memory than the server: {score}");
}
