//! Programs that misbehave: how each ends, and how soon.

use std::time::Duration;

use testat::sandbox::{Limits, Output, Reason};

use super::{Trial, limits, program, python, text};

/// Limits under which a program that does nothing wrong but never ends is ended soon.
fn short() -> Limits {
    Limits { wall: Duration::from_millis(1500), ..limits() }
}

#[tokio::test]
async fn a_program_ends_by_itself_and_says_how() {
    let trial = Trial::new().await;
    let ending = trial.python("import sys; print('out'); sys.exit(7)", limits()).await;
    assert_eq!(ending.reason, Reason::Exited(7));
    assert_eq!(text(&ending.stdout), "out\n");
    assert!(ending.used.cpu > Duration::ZERO && ending.used.peak_memory > 1 << 20);
    assert!(!ending.weak);
    let ending = trial.python("import os; os.kill(os.getpid(), 11)", limits()).await;
    assert_eq!(ending.reason, Reason::Signalled(11));
    assert_eq!(
        ending.reason.in_words(&limits()),
        "it was ended by signal 11 (an invalid access to memory)"
    );
}

#[tokio::test]
async fn a_loop_ends_at_its_processor_time() {
    let trial = Trial::new().await;
    let ending = trial.python("while True: pass", limits()).await;
    assert_eq!(ending.reason, Reason::Cpu);
    assert!(ending.used.cpu >= Duration::from_secs(1), "{:?}", ending.used);
    assert!(ending.used.cpu < Duration::from_millis(1500), "{:?}", ending.used);
    assert_eq!(ending.reason.in_words(&limits()), "it used all of its 1 s of processor time");
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn many_busy_children_share_one_processor_time() {
    let trial = Trial::new().await;
    let code = "import os, time
for i in range(8):
    if os.fork() == 0:
        while True: pass
time.sleep(60)";
    let ending = trial.python(code, limits()).await;
    assert_eq!(ending.reason, Reason::Cpu);
    assert!(ending.used.cpu < Duration::from_millis(1500), "{:?}", ending.used);
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn a_sleep_ends_by_the_clock() {
    let trial = Trial::new().await;
    let ending = trial.run(program(&["/usr/bin/sleep", "60"], short())).await;
    assert_eq!(ending.reason, Reason::Wall);
    assert!(ending.used.wall < Duration::from_secs(3), "{:?}", ending.used);
    assert_eq!(ending.reason.in_words(&short()), "it was still running after 1.5 s");
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn forking_without_end_is_refused_and_ended() {
    let trial = Trial::new().await;
    let code = "import os, time
while True:
    try: os.fork()
    except OSError: time.sleep(0.01)";
    let ending = trial.python(code, short()).await;
    assert!(matches!(ending.reason, Reason::Cpu | Reason::Wall), "{:?}", ending.reason);
    assert!(ending.used.refused_processes > 0);
    assert!(ending.used.wall < Duration::from_secs(5), "{:?}", ending.used);
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn threads_without_end_are_refused() {
    let trial = Trial::new().await;
    let code = "import os, threading, time
n = 0
try:
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        n += 1
except RuntimeError:
    print(n, flush=True)
    os._exit(0)";
    let ending = trial.python(code, limits()).await;
    assert_eq!(ending.reason, Reason::Exited(0));
    let threads: u32 = text(&ending.stdout).trim().parse().unwrap();
    assert!((16..32).contains(&threads), "{threads}");
}

#[tokio::test]
async fn allocating_without_end_runs_out_of_memory() {
    let trial = Trial::new().await;
    let code = "b = []
while True: b.append(bytearray(8 << 20))";
    let ending = trial.python(code, limits()).await;
    assert_eq!(ending.reason, Reason::Memory);
    assert!(ending.used.peak_memory <= limits().memory, "{:?}", ending.used);
    assert!(ending.reason.in_words(&limits()).contains("128 MiB of memory"));
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn a_child_that_runs_out_of_memory_ends_the_program() {
    let trial = Trial::new().await;
    let code = "import os
if os.fork() == 0:
    b = []
    while True: b.append(bytearray(8 << 20))
os.wait()
print('survived')";
    let ending = trial.python(code, limits()).await;
    assert_eq!(ending.reason, Reason::Memory);
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn memory_files_count_as_memory() {
    let trial = Trial::new().await;
    let code = "import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
files = []
while True:
    files.append(os.memfd_create('x'))
    os.write(files[-1], b'x' * (8 << 20))";
    let ending = trial.python(code, limits()).await;
    assert_eq!(ending.reason, Reason::Memory);
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn the_disk_is_small_and_goes_away() {
    let trial = Trial::new().await;
    let code = "import errno
full = []
for folder in '/tmp', '/work', '/dev/shm':
    size = 0
    try:
        for i in range(100):
            with open(f'{folder}/{i}', 'wb') as f:
                f.write(b'x' * (4 << 20)); size += 4
    except OSError as e:
        full.append((errno.errorcode[e.errno], size))
print(full)";
    let roomy = Limits { memory: 256 << 20, ..limits() };
    let ending = trial.python(code, roomy).await;
    assert_eq!(ending.reason, Reason::Exited(0), "{}", text(&ending.stderr));
    // The last write of each is partly done before it fails.
    assert_eq!(text(&ending.stdout).matches("ENOSPC").count(), 3, "{}", text(&ending.stdout));
    let code = "import os; print(os.listdir('/tmp'), os.listdir('/work'))";
    assert_eq!(text(&trial.python(code, limits()).await.stdout), "[] []\n");
}

#[tokio::test]
async fn a_file_larger_than_allowed_ends_the_program() {
    let trial = Trial::new().await;
    let few = Limits { file_size: 1 << 20, ..limits() };
    let argv = ["/usr/bin/head", "-c", "2M", "/dev/zero"];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut spec = program(&argv, few);
    spec.stdout = Output::To(writer.into());
    // Nobody reads: the pipe ends it, not the size.
    assert_eq!(trial.run(spec).await.reason, Reason::Signalled(13));
    let ending =
        trial.run(program(&["/bin/sh", "-c", "exec head -c 2M /dev/zero >/tmp/x"], few)).await;
    assert_eq!(ending.reason, Reason::Signalled(25));
    assert!(ending.reason.in_words(&few).contains("larger than 1 MiB"));
}

#[tokio::test]
async fn flooding_either_output_ends_the_program() {
    let trial = Trial::new().await;
    for descriptor in [1, 2] {
        let code = format!("import os\nwhile True: os.write({descriptor}, b'0123456789' * 1000)");
        let ending = trial.python(&code, limits()).await;
        assert_eq!(ending.reason, Reason::Output);
        assert!(ending.used.wall < Duration::from_secs(3), "{:?}", ending.used);
        let captured = if descriptor == 1 { &ending.stdout } else { &ending.stderr };
        assert!(captured.len() < (64 << 10) + 100, "{}", captured.len());
        let captured = text(captured);
        assert!(captured.starts_with("0123456789") && captured.contains(" bytes left out ...]"));
    }
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn a_daemon_does_not_outlive_its_program() {
    let trial = Trial::new().await;
    let code = "import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for s in range(1, 32):
            if s not in (9, 19): signal.signal(s, signal.SIG_IGN)
        os.closerange(0, 3)
        while True: time.sleep(0.1)
    os._exit(0)
os.wait()
print('done')";
    let ending = trial.python(code, limits()).await;
    assert_eq!(ending.reason, Reason::Exited(0));
    assert_eq!(text(&ending.stdout), "done\n");
    assert!(ending.used.wall < Duration::from_secs(3), "{:?}", ending.used);
}

#[tokio::test]
async fn a_daemon_that_holds_the_output_open_delays_nothing() {
    let trial = Trial::new().await;
    let code = "import os, time
if os.fork() == 0:
    os.setsid(); time.sleep(60)
print('done', flush=True); os._exit(0)";
    let ending = trial.python(code, limits()).await;
    assert_eq!(ending.reason, Reason::Exited(0));
    assert_eq!(text(&ending.stdout), "done\n");
    assert!(ending.used.wall < Duration::from_secs(3), "{:?}", ending.used);
}

#[tokio::test]
async fn a_program_that_stops_itself_ends_by_the_clock() {
    let trial = Trial::new().await;
    let ending = trial.python("import os; os.kill(os.getpid(), 19)", short()).await;
    assert_eq!(ending.reason, Reason::Wall);
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn a_program_that_closes_its_output_is_still_watched() {
    let trial = Trial::new().await;
    let ending =
        trial.python("import os, time; os.closerange(0, 3); time.sleep(60)", short()).await;
    assert_eq!(ending.reason, Reason::Wall);
    let ending = trial.python("import os\nos.closerange(0, 3)\nwhile True: pass", limits()).await;
    assert_eq!(ending.reason, Reason::Cpu);
}

#[tokio::test]
async fn a_program_that_kills_all_it_can_hurts_only_itself() {
    let trial = Trial::new().await;
    let mut bystander =
        trial.sandbox.start(python("import time; time.sleep(1); print('alive')", limits())).await;
    let code = format!(
        "import os
for pid in [1, {}, *range(2, 3000), -1]:
    if pid != os.getpid():
        try: os.kill(pid, 9)
        except OSError: pass",
        std::process::id()
    );
    let killer = trial.sandbox.start(python(&code, limits())).await.unwrap().wait().await.unwrap();
    assert!(
        matches!(killer.reason, Reason::Exited(0) | Reason::Signalled(9)),
        "{:?}",
        killer.reason
    );
    let bystander = bystander.as_mut().unwrap().wait().await.unwrap();
    assert_eq!(bystander.reason, Reason::Exited(0));
    assert_eq!(text(&bystander.stdout), "alive\n");
    assert!(trial.processes().is_empty());
}

#[tokio::test]
async fn a_program_is_ended_on_request() {
    let trial = Trial::new().await;
    let mounts = super::mounts();
    let mut running =
        trial.sandbox.start(program(&["/usr/bin/sleep", "60"], limits())).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(200), running.wait()).await.is_err());
    running.kill();
    let ending = running.wait().await.unwrap();
    assert_eq!(ending.reason, Reason::Ended);
    assert_eq!(running.wait().await.unwrap().reason, Reason::Ended, "the same when asked again");
    trial.assert_nothing_left(mounts);
}

#[tokio::test]
async fn a_program_that_is_dropped_is_gone() {
    let trial = Trial::new().await;
    let mounts = super::mounts();
    let running = trial.sandbox.start(program(&["/usr/bin/sleep", "60"], limits())).await.unwrap();
    drop(running);
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if trial.processes().is_empty() && super::groups("/sys/fs/cgroup".as_ref()).is_empty() {
            break;
        }
    }
    trial.assert_nothing_left(mounts);
}
