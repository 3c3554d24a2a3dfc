//! The descriptors between us, bubblewrap and the program, and the command that takes them over.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{MemfdFlags, OFlags, memfd_create};

use super::bwrap::{Bind, Descriptors, arguments};
use super::{Output, Spec};

/// Descriptors that bubblewrap keeps get numbers from here, out of the program's way.
const HIGH: i32 = 100;

/// Our ends of the program's output, and its.
pub(super) struct Ends {
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: OwnedFd,
    pub(super) there: Streams,
}

/// What becomes the program's first three descriptors.
pub(super) struct Streams {
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
}

impl Ends {
    pub(super) fn new(spec: &mut Spec) -> io::Result<Self> {
        let (stderr, stderr_there) = pipe()?;
        let (stdout, stdout_there) = match std::mem::replace(&mut spec.stdout, Output::Captured) {
            Output::To(there) => (None, there),
            Output::Captured => pipe().map(|(here, there)| (Some(here), there))?,
        };
        let there = Streams {
            stdin: spec.stdin.take().map_or_else(Stdio::null, Stdio::from),
            stdout: stdout_there.into(),
            stderr: stderr_there.into(),
        };
        Ok(Self { stdout, stderr, there })
    }
}

/// The descriptors by which bubblewrap is told what to do and tells how it went.
pub(super) struct Kept {
    arguments: OwnedFd,
    filter: OwnedFd,
    status: OwnedFd,
    hold: Option<OwnedFd>,
}

impl Kept {
    pub(super) fn new(
        filter: &[u8],
        spec: &Spec,
        binds: &[Bind],
        masks: &[PathBuf],
        status: &OwnedFd,
        hold: Option<OwnedFd>,
    ) -> io::Result<Self> {
        let filter = memory_file(filter)?;
        let status = rustix::io::fcntl_dupfd_cloexec(status, HIGH)?;
        let hold = high(hold)?;
        let numbers = Descriptors {
            filter: filter.as_raw_fd(),
            status: status.as_raw_fd(),
            hold: hold.as_ref().map(AsRawFd::as_raw_fd),
        };
        let arguments = memory_file(&arguments(spec, binds, masks, numbers))?;
        Ok(Self { arguments, filter, status, hold })
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that starts programs")]
    pub(super) fn command(&self, bwrap: &Path, spec: &Spec, streams: Streams) -> Command {
        let mut command = Command::new(bwrap);
        command
            .arg("--args")
            .arg(self.arguments.as_raw_fd().to_string())
            .arg("--")
            .args(&spec.argv)
            // Bubblewrap stays in the sandbox as its first process, with an environment that the
            // program can read.
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(streams.stdin)
            .stdout(streams.stdout)
            .stderr(streams.stderr);
        command
    }

    pub(super) fn into_descriptors(self) -> Vec<OwnedFd> {
        [self.arguments, self.filter, self.status].into_iter().chain(self.hold).collect()
    }
}

fn memory_file(bytes: &[u8]) -> io::Result<OwnedFd> {
    use std::io::{Seek, Write};
    let mut file = std::fs::File::from(memfd_create(c"testat", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(rustix::io::fcntl_dupfd_cloexec(&file, HIGH)?)
}

/// The same descriptor under a number out of the way.
pub(super) fn high(descriptor: Option<OwnedFd>) -> io::Result<Option<OwnedFd>> {
    let high = descriptor.map(|low| rustix::io::fcntl_dupfd_cloexec(&low, HIGH));
    Ok(high.transpose()?)
}

/// Our end, which never blocks, and the program's, which does.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (here, there) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&here, OFlags::NONBLOCK)?;
    Ok((here, there))
}

/// The step at which a process failed to become bubblewrap.
pub(super) fn said(stderr: &OwnedFd) -> String {
    let mut text = [0; 200];
    let length = rustix::io::read(stderr, &mut text).unwrap_or(0);
    String::from_utf8_lossy(&text[..length]).into_owned()
}
