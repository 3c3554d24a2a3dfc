//! The system that subjects see: Debian with Python and numpy, the Rust toolchain, and the kit
//! with its prebuilt dependencies, in three layers that are built once and named by what they are
//! made of.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::sandbox::{Limits, Spec};

/// A complete runtime on this host.
#[derive(Clone, Debug)]
pub struct Runtime {
    id: String,
    base: PathBuf,
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or made from an older recipe.
    #[error("the subjects' runtime is not built in {}: run `testat runtime build`", .0.display())]
    Missing(PathBuf),
    /// A step of the build failed.
    #[error("building the subjects' runtime: {0}")]
    Build(String),
    /// The system refused.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Runtime {
    /// Hash of everything the runtime is made from: hex, 64 digits. `source` is the folder that
    /// has `graders/kit`, `graders/python` and `Cargo.lock`: the checkout, or the installed share.
    ///
    /// # Errors
    /// `source` is incomplete, or the Rust toolchain of this host can't be asked.
    pub fn recipe_hash(source: &Path) -> Result<String, Error> {
        Err(Error::Missing(source.to_owned()))
    }

    /// The runtime in `dir` that is made from exactly the recipe in `source`.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is none.
    pub fn find(dir: &Path, source: &Path) -> Result<Self, Error> {
        let _ = source;
        Err(Error::Missing(dir.to_owned()))
    }

    /// Finds the runtime, or builds what is missing of it; `progress` gets a line per step.
    /// Two builds at once wait for each other; a killed one leaves nothing that looks complete.
    ///
    /// # Errors
    /// A step failed: no network, no rights, no space.
    pub async fn build(
        dir: &Path,
        source: &Path,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Self, Error> {
        progress("");
        Self::find(dir, source)
    }

    /// Hash of the recipe, recorded with each grading.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// For [`crate::sandbox::Settings::root`].
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.base
    }

    /// Builds the Rust subject in `tree`; its executable is written to `program`, a file opened
    /// for writing. What to tell the student is on the ending's standard error; exit code 0 means
    /// built, anything else is the student's error.
    #[must_use]
    pub fn build_rust(&self, tree: &Path, program: OwnedFd, limits: Limits) -> Spec {
        let _ = (tree, program, limits);
        unreachable!()
    }

    /// Limits that fit building any subject of this course.
    #[must_use]
    pub fn build_limits() -> Limits {
        unreachable!()
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
        let _ = (tree, stdin, stdout, limits);
        unreachable!()
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
        let _ = (program, stdin, stdout, limits);
        unreachable!()
    }

    /// Runs a grader's program (`program` is on the host) with its end of the control socket.
    #[must_use]
    pub fn harness(&self, program: &Path, control: OwnedFd, limits: Limits) -> Spec {
        let _ = (program, control, limits);
        unreachable!()
    }
}
