//! The same for both versions: whichever this host has. For the other, run these tests in a
//! virtual machine, such as Debian's `user-mode-linux` with a `cgroup2` mount.

#![expect(clippy::disallowed_methods, reason = "starts programs to put into groups")]

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::launch::Descent;
use super::super::view::View;
use super::{Cgroups, Group, Limits, owner_lives};

fn limits() -> Limits {
    Limits {
        cpu: Duration::from_secs(1),
        wall: Duration::from_secs(1),
        memory: 32 << 20,
        processes: 8,
        file_size: 0,
        open_files: 0,
        scratch: 0,
        output: 0,
    }
}

fn within(group: &Group, script: &str) -> Child {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).stderr(Stdio::null());
    let descent = Descent {
        doors: group.doors().unwrap(),
        view: View::default(),
        limits: Vec::new(),
        user: None,
        kept: Vec::new(),
        control: None,
    };
    descent.before(&mut command);
    command.spawn().unwrap()
}

/// Waits a while for something to become true.
fn soon(what: &str, mut check: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !check() {
        assert!(Instant::now() < until, "not in time: {what}");
        sleep(Duration::from_millis(5));
    }
}

fn end(group: &Group, mut child: Child) {
    soon("all is killed", || {
        group.kill().unwrap();
        child.try_wait().unwrap().is_some() && group.processes().unwrap().is_empty()
    });
    soon("the group is removed", || group.remove().unwrap());
    assert!(group.remove().unwrap(), "what is gone may be removed again");
}

fn host() -> Option<Cgroups> {
    let host = Cgroups::find();
    if let Cgroups::None(why) = &host {
        // Another test sees to it that such a host is refused.
        println!("not tested, no control groups: {why}");
        return None;
    }
    println!("{host:?}");
    Some(host)
}

#[test]
fn processor_time_is_counted_for_all_together_and_all_are_killed() {
    let Some(host) = host() else { return };
    let group = host.make(&limits(), Some(1)).unwrap();
    let child = within(&group, "for i in 1 2 3; do while :; do :; done & done; wait");
    soon("time is used", || group.cpu().unwrap() > Duration::from_millis(100));
    assert_eq!(group.processes().unwrap().len(), 4);
    assert!(group.used().unwrap().cpu > Duration::from_millis(100));
    assert!(!group.ran_out_of_memory().unwrap());
    end(&group, child);
}

#[test]
fn running_out_of_memory_is_seen() {
    let Some(host) = host() else { return };
    let group = host.make(&limits(), None).unwrap();
    let child = within(&group, "x=$(head -c 100000000 /dev/zero | tr '\\0' x); sleep 60");
    soon("memory runs out", || group.ran_out_of_memory().unwrap());
    end(&group, child);
}

#[test]
fn processes_beyond_the_limit_are_refused_and_counted() {
    let Some(host) = host() else { return };
    let group = host.make(&limits(), None).unwrap();
    let child = within(&group, "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & done; wait");
    soon("one is refused", || group.used().unwrap().refused_processes > 0);
    assert!(group.processes().unwrap().len() <= 8);
    end(&group, child);
}

#[test]
fn only_groups_of_the_dead_are_swept() {
    let ours = super::fresh_name().unwrap();
    assert!(owner_lives(&ours));
    assert!(owner_lives("testat-of-another-kind"));
    // Our number, but not when we started; and a number that nobody has.
    let me = std::process::id();
    assert!(!owner_lives(&format!("testat-{me}-1-0")));
    assert!(!owner_lives("testat-4194303-1-0"));
}
