//! Programs of the host that we trust and run as ourselves, to build the subjects' runtime. Here
//! because nothing is started anywhere else.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// One trusted program with its arguments.
#[derive(Debug)]
pub struct Tool {
    name: String,
    command: Command,
}

/// A trusted program that did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It isn't installed.
    #[error("{0} is not installed")]
    Missing(String),
    /// It couldn't be run.
    #[error("{name}: {source}")]
    Start {
        /// The program.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("{name} failed ({how}): {said}")]
    Failed {
        /// The program.
        name: String,
        /// Exit code or signal.
        how: String,
        /// The end of what it said.
        said: String,
    },
}

impl Tool {
    /// A program by its name on the `PATH`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that starts programs")]
    pub fn new(name: &str) -> Self {
        let mut command = Command::new(name);
        command.stdin(Stdio::null()).kill_on_drop(true);
        Self { name: name.to_owned(), command }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it to its end and gives its standard output. Killed if the caller is cancelled.
    ///
    /// # Errors
    /// It is missing, or ended with anything but 0.
    pub async fn run(mut self) -> Result<String, ToolError> {
        let output = self.command.output().await.map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                ToolError::Missing(self.name.clone())
            } else {
                ToolError::Start { name: self.name.clone(), source }
            }
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.trim().lines().rev().take(10).collect();
        let said = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Err(ToolError::Failed { name: self.name, how: output.status.to_string(), said })
    }
}
