//! The harness's tighter sandbox, tried with a small C program built in the builder's.

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use testat::runtime::Runtime;
use testat::sandbox::{Limits, Profile, Reason};

use super::{Trial, limits, mount, program, text};

/// Prints what fails, and "fine" where something that must fail doesn't.
const HARNESS: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
static void told(const char *what, long result) {
    printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "fine");
}
static void *work(void *number) { return number; }
static long thread(void) {
    pthread_t beside;
    void *back = 0;
    errno = pthread_create(&beside, 0, work, &beside);
    return errno || pthread_join(beside, &back) || back != &beside ? -1 : 0;
}
int main(void) {
    told("fork", fork());
    told("vfork", syscall(SYS_vfork));
    told("clone", syscall(SYS_clone, 17, 0, 0, 0, 0));
    told("namespace", syscall(SYS_clone, 0x10010f00, 0, 0, 0, 0));
    told("thread", thread());
    told("clone3", syscall(SYS_clone3, 0, 0));
    told("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    int pair[2];
    told("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    told("kill", syscall(SYS_kill, 1, 9));
    told("write", open("/x", O_WRONLY | O_CREAT, 0600));
    told("append", open("/harness", O_RDWR));
    told("temporary", open("/", O_TMPFILE | O_RDWR, 0600));
    told("memory-file", syscall(SYS_memfd_create, "x", 0));
    told("old-open", syscall(SYS_open, "/harness", O_RDONLY));
    told("shell", execl("/bin/sh", "sh", (char *)0));
    told("processes", open("/proc/self/status", O_RDONLY));
    told("folder", open("/work", O_RDONLY));
    told("itself", open("/harness", O_RDONLY));
    told("control", write(3, "said", 4));
    return 0;
}
"#;

/// Compiles C in the builder's sandbox; the same way that subjects are built.
async fn compiled(trial: &Trial, source: &str, folder: &tempfile::TempDir) -> PathBuf {
    std::fs::write(folder.path().join("program.c"), source).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("program");
    let file = std::fs::File::create(&path).unwrap();
    let command = "gcc -O1 -D_GNU_SOURCE -w -o /work/program /source/program.c && \
                   cat /work/program >&3";
    let mut spec = program(&["/bin/sh", "-c", command], Runtime::build_limits(Runtime::BUILD_CPU));
    spec.profile = Profile::Build;
    spec.mounts = vec![mount(folder.path(), "/source")];
    spec.control = Some(OwnedFd::from(file));
    let ending = trial.run(spec).await;
    assert_eq!(ending.reason, Reason::Exited(0), "{}", text(&ending.stderr));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_harness_can_only_compute_read_and_talk() {
    let trial = Trial::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = compiled(&trial, HARNESS, &folder).await;
    let said = tempfile::tempfile().unwrap();
    let spec = trial.runtime.harness(&path, said.try_clone().unwrap().into(), limits());
    let ending = trial.run(spec).await;
    assert_eq!(ending.reason, Reason::Exited(0), "{}", text(&ending.stderr));
    let expected = "fork ENOSYS
vfork ENOSYS
clone ENOSYS
namespace ENOSYS
thread fine
clone3 ENOSYS
socket ENOSYS
socketpair ENOSYS
kill ENOSYS
write ENOSYS
append ENOSYS
temporary ENOSYS
memory-file ENOSYS
old-open ENOSYS
shell ENOENT
processes ENOENT
folder ENOENT
itself fine
control fine
";
    assert_eq!(text(&ending.stdout), expected);
    assert_eq!(said.metadata().unwrap().len(), 4);
}

#[tokio::test]
async fn a_builder_has_neither_network_nor_other_sockets() {
    let trial = Trial::new().await;
    let code = "import socket
for family in 1, 2, 10, 16:
    try: socket.socket(family); print('fine')
    except OSError as e: print(e.errno)";
    let mut spec = program(&["/usr/bin/python3", "-c", code], limits());
    spec.profile = Profile::Build;
    assert_eq!(text(&trial.run(spec).await.stdout), "38\n38\n38\n38\n");
}

#[tokio::test]
async fn a_subject_keeps_one_processor_busy_at_most() {
    let trial = Trial::new().await;
    let code = "import os, time
for i in range(4):
    if os.fork() == 0:
        while True: pass
time.sleep(1.5)";
    let limits = Limits { cpu: Duration::from_secs(10), ..limits() };
    let ending = trial.python(code, limits).await;
    assert_eq!(ending.reason, Reason::Exited(0));
    assert!(ending.used.cpu < Duration::from_millis(2200), "{:?}", ending.used);
}
