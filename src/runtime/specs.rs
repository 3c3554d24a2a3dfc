//! The few kinds of programs that a grading runs, as the sandbox wants them described.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Runtime;
use crate::sandbox::{Limits, Mount, Output, Profile, Spec};

/// The three layers of a runtime.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    pub(super) base: PathBuf,
    pub(super) rust: PathBuf,
    pub(super) kit: PathBuf,
}

impl Layers {
    /// All that building a Rust subject takes.
    pub(super) fn for_building(&self) -> [Mount; 3] {
        [
            mount(&self.rust, "/opt/rust"),
            mount(&self.kit.join("testat"), "/opt/testat"),
            mount(&self.kit.join("kit"), "/opt/kit"),
        ]
    }
}

/// A file or folder of the host, and where it is seen.
pub(super) fn mount(host: &Path, inside: &str) -> Mount {
    Mount { host: host.to_owned(), inside: inside.into() }
}

impl Runtime {
    /// Builds the Rust subject in `tree`; its executable is written to `program`, a file opened
    /// for writing. What to tell the student is on the ending's standard error; exit code 0 means
    /// built, anything else is the student's error.
    #[must_use]
    pub fn build_rust(&self, tree: &Path, program: OwnedFd, limits: Limits) -> Spec {
        let mut mounts = vec![mount(tree, "/submission")];
        mounts.extend(self.layers.for_building());
        Spec {
            profile: Profile::Build,
            argv: arguments(&["/usr/bin/python3", "-I", "/opt/testat/build"]),
            env: Vec::new(),
            mounts,
            cwd: "/work".into(),
            stdin: None,
            stdout: Output::Captured,
            control: Some(program),
            limits,
        }
    }

    /// Processor time that fits building any subject of this course.
    pub const BUILD_CPU: Duration = Duration::from_secs(120);

    /// Limits that fit building any subject of this course, within so much processor time: a build
    /// that has to make all its dependencies anew takes some 30 s of it and 900 MiB.
    #[must_use]
    pub fn build_limits(cpu: Duration) -> Limits {
        Limits {
            cpu,
            wall: cpu + Duration::from_secs(60),
            memory: 2 << 30,
            processes: 256,
            file_size: 512 << 20,
            open_files: 1024,
            scratch: 1 << 30,
            output: 4 << 20,
        }
    }

    /// Serves the Python subject in `tree`.
    #[must_use]
    pub fn python_subject(
        &self,
        tree: &Path,
        stdin: OwnedFd,
        stdout: OwnedFd,
        limits: Limits,
    ) -> Spec {
        let package = self.layers.kit.join("testat/python");
        let mut env = subject_environment();
        env.push(("PYTHONPATH".to_owned(), "/opt/testat/python".to_owned()));
        Spec {
            profile: Profile::Subject,
            argv: arguments(&[
                "/usr/bin/python3",
                "-P",
                "-B",
                "-m",
                "testat",
                "serve",
                "/submission",
            ]),
            env,
            mounts: vec![mount(tree, "/submission"), mount(&package, "/opt/testat/python")],
            cwd: "/work".into(),
            stdin: Some(stdin),
            stdout: Output::To(stdout),
            control: None,
            limits,
        }
    }

    /// Runs a Rust subject that [`Runtime::build_rust`] has made.
    #[must_use]
    pub fn rust_subject(
        &self,
        program: &Path,
        stdin: OwnedFd,
        stdout: OwnedFd,
        limits: Limits,
    ) -> Spec {
        Spec {
            profile: Profile::Subject,
            // Through `env`, so that what can't be executed ends with an exit code of its own
            // (126) instead of looking like our fault: the student's build decides what it is.
            argv: arguments(&["/usr/bin/env", "--", "/program"]),
            env: subject_environment(),
            mounts: vec![mount(program, "/program")],
            cwd: "/work".into(),
            stdin: Some(stdin),
            stdout: Output::To(stdout),
            control: None,
            limits,
        }
    }

    /// Runs an attack of ours, seeing what a Python subject sees of the system.
    #[must_use]
    pub fn attack(&self, program: &str, limits: Limits) -> Spec {
        Spec {
            profile: Profile::Subject,
            argv: arguments(&["/usr/bin/python3", "-I", "-B", "-c", program]),
            env: subject_environment(),
            mounts: vec![mount(&self.layers.kit.join("testat/python"), "/opt/testat/python")],
            cwd: "/work".into(),
            stdin: None,
            stdout: Output::Captured,
            control: None,
            limits,
        }
    }

    /// Runs a grader's program (`program` is on the host) with its end of the control socket.
    #[must_use]
    pub fn harness(&self, program: &Path, control: OwnedFd, limits: Limits) -> Spec {
        Spec {
            profile: Profile::Harness,
            argv: arguments(&["/harness"]),
            env: Vec::new(),
            mounts: vec![mount(program, "/harness")],
            cwd: "/".into(),
            stdin: None,
            stdout: Output::Captured,
            control: Some(control),
            limits,
        }
    }
}

fn arguments(list: &[&str]) -> Vec<std::ffi::OsString> {
    list.iter().map(Into::into).collect()
}

/// One thread, and the same results on every run and, as far as BLAS goes, every machine.
fn subject_environment() -> Vec<(String, String)> {
    let mut list = vec![
        ("OMP_NUM_THREADS", "1"),
        ("OPENBLAS_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        ("PYTHONHASHSEED", "0"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ];
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // Else it takes another kernel, which rounds differently, on every kind of processor.
        list.push(("OPENBLAS_CORETYPE", "Haswell"));
    }
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
