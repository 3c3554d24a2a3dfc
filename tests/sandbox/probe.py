"""Tries from inside what a program must not be able to do; prints one line a finding."""

import ctypes
import errno
import os
import resource
import socket
import sys

LIBC = ctypes.CDLL(None, use_errno=True)


def call(name, number, *arguments):
    ctypes.set_errno(0)
    values = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *values)
    if result == 0 and name.startswith("clone"):
        os._exit(0)
    number = ctypes.get_errno()
    print(name, "allowed" if result >= 0 else errno.errorcode.get(number, number))


def calls():
    """By x86-64's numbers."""
    for name, number, *arguments in [
        ("ptrace", 101, 0, 0, 0, 0),
        ("syslog", 103, 3, b"\0" * 16, 16),
        ("setuid", 105, 0),
        ("setgid", 106, 0),
        ("setresuid", 117, 0, 0, 0),
        ("mknod", 133, b"/tmp/node", 0o60600, 0x0800),
        ("personality", 135, 0x0040000),
        ("modify_ldt", 154, 0, 0, 0),
        ("pivot_root", 155, b"/", b"/"),
        ("adjtimex", 159, b"\0" * 256),
        ("chroot", 161, b"/tmp"),
        ("sync", 162),
        ("mount", 165, b"none", b"/tmp", b"tmpfs", 0, 0),
        ("umount2", 166, b"/tmp", 2),
        ("swapon", 167, b"/tmp/x", 0),
        ("reboot", 169, 0, 0, 0),
        ("sethostname", 170, b"x", 1),
        ("ioperm", 173, 0, 1, 1),
        ("init_module", 175, 0, 0, b""),
        ("quotactl", 179, 0, 0, 0, 0),
        ("io_setup", 206, 1, b"\0" * 8),
        ("clock_settime", 227, 0, b"\0" * 16),
        ("mbind", 237, 0, 0, 0, 0, 0, 0),
        ("mq_open", 240, b"x", 0o102, 0o600, 0),
        ("kexec_load", 246, 0, 0, 0, 0),
        ("add_key", 248, b"user", b"x", b"y", 1, -3),
        ("request_key", 249, b"user", b"x", 0, -3),
        ("keyctl", 250, 0, -3, 0, 0, 0),
        ("inotify_init1", 294, 0),
        ("mknodat", 259, -100, b"/tmp/fifo", 0o10600, 0),
        ("unshare-user", 272, 0x10000000),
        ("unshare-net", 272, 0x40000000),
        ("move_pages", 279, 0, 0, 0, 0, 0, 0),
        ("perf_event_open", 298, b"\0" * 128, 0, -1, -1, 0),
        ("fanotify_init", 300, 0, 0),
        ("open_by_handle_at", 304, -1, b"\0" * 32, 0),
        ("setns", 308, -1, 0),
        ("process_vm_readv", 310, 1, 0, 0, 0, 0, 0),
        ("kcmp", 312, 1, 1, 0, 0, 0),
        ("seccomp", 317, 1, 0, 0),
        ("bpf", 321, 0, 0, 0),
        ("userfaultfd", 323, 1),
        ("io_uring_setup", 425, 8, b"\0" * 120),
        ("open_tree", 428, -100, b"/", 1),
        ("move_mount", 429, -1, b"", -1, b"", 0),
        ("fsopen", 430, b"tmpfs", 0),
        ("clone3", 435, b"\0" * 88, 88),
        ("pidfd_getfd", 438, -1, 0, 0),
        ("mount_setattr", 442, -1, b"", 0, b"", 0),
        ("landlock", 444, 0, 0, 1),
        ("memfd_secret", 447, 0),
        ("shmget", 29, 0, 4096, 0o1600),
        ("semget", 64, 0, 1, 0o1600),
        ("clone-user", 56, 0x10000000 | 17, 0, 0, 0, 0),
        ("clone-net", 56, 0x40000000 | 17, 0, 0, 0, 0),
        ("clone-mount", 56, 0x00020000 | 17, 0, 0, 0, 0),
        # The same call by the number of the x32 variant of the machine.
        ("x32-getpid", 0x40000000 + 39),
        ("ioctl-into-terminal", 16, 0, 0x5412, b"x"),
    ]:
        call(name, number, *arguments)


def failing(action):
    try:
        return action()
    except OSError as error:
        return errno.errorcode.get(error.errno, error.errno)


def network(port, name):
    kinds = {"inet": (2, 1), "inet6": (10, 1), "netlink": (16, 3), "packet": (17, 3), "vsock": (40, 1), "alg": (38, 5)}
    for kind, numbers in kinds.items():
        print(f"socket:{kind}", failing(lambda: socket.socket(*numbers) and "allowed"))
    print("tcp", failing(lambda: socket.create_connection(("127.0.0.1", int(port)), 1) and "reached"))
    local = socket.socket(socket.AF_UNIX)
    print("abstract", failing(lambda: local.connect("\0" + name) or "reached"))
    with open("/proc/net/dev") as file:
        print("interfaces", *[line.split(":")[0].strip() for line in file.readlines()[2:]])


def read(path):
    with open(path, "rb") as file:
        return len(file.read(64))


def write(path):
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(file, b"x")
    return "written"


def files(secret, environment):
    for path in [
        secret, environment, "/etc/shadow", "/root/.profile", "/home", "/var/lib/dpkg/status", "/run/testat",
        "/proc/1/root/etc/shadow", "/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/timer_list",
        "/proc/sysrq-trigger", "/proc/cmdline", "/proc/config.gz", "/proc/interrupts", "/proc/iomem",
        "/proc/modules", "/sys/kernel", "/sys/fs/cgroup", "/var/run/docker.sock",
    ]:
        print(f"read:{path}", failing(lambda: read(path)))
    for path in [
        "/x", "/usr/x", "/etc/x", "/opt/x", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches",
        "/proc/sysrq-trigger", "/dev/x", "/dev/shm/x", "/tmp/x", "/work/x", "/home/x", "/run/x", "/var/tmp/x",
        "/sys/x", "/usr/bin/python3",
    ]:
        print(f"write:{path}", failing(lambda: write(path)))
    print("root", *sorted(os.listdir("/")))


def self():
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    value = lambda name: status[name].strip()
    print("uid", *os.getresuid())
    print("groups", *sorted({os.getgid(), *os.getgroups()} - {65534}))
    print("capabilities", *[int(value("Cap" + name), 16) for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")])
    print("no-new-privileges", value("NoNewPrivs"))
    print("seccomp", value("Seccomp"))
    print("first-environment", read("/proc/1/environ"))
    with open("/proc/1/cmdline") as file:
        print("first-arguments", file.read(80).replace("\0", " "))
    print("host", os.uname().nodename)
    print("others", *[p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()])
    print("descriptors", *[d for d in range(1024) if open_descriptor(d)])
    limits = {"core": resource.RLIMIT_CORE, "locked": resource.RLIMIT_MEMLOCK, "queues": 12, "pending": 11}
    for name, number in limits.items():
        print(name, resource.getrlimit(number)[1])
    with open("/tmp/program", "wb") as file:
        os.chmod(file.fileno(), 0o6755)
    flags = [line.split()[5] for line in open("/proc/self/mountinfo") if line.split()[4] == "/tmp"]
    print("set-user-id", "no" if "nosuid" in flags[0] else "yes")
    print("environment", *sorted(os.environ))
    failing(lambda: open("/proc/self/oom_score_adj", "w").write("-1000"))
    with open("/proc/self/oom_score_adj") as file:
        print("memory-score", file.read().strip())


def open_descriptor(number):
    try:
        os.fstat(number)
        return True
    except OSError:
        return False


globals()[sys.argv[1]](*sys.argv[2:])
