//! A program that runs, as its owner sees it.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::watch::{Budget, kill};
use super::{Ending, Fault};

/// A program that was started. Dropping it kills the program and all its children.
#[derive(Debug)]
pub struct Running {
    task: JoinHandle<Result<Ending, Fault>>,
    asked: Arc<Notify>,
    process: OwnedFd,
    cpu_seen: Arc<AtomicU64>,
    /// What the task gave; it gives it once only.
    ended: Option<Result<Ending, String>>,
}

impl Running {
    pub(super) fn new(
        task: JoinHandle<Result<Ending, Fault>>,
        asked: Arc<Notify>,
        process: OwnedFd,
        cpu_seen: Arc<AtomicU64>,
    ) -> Self {
        Self { task, asked, process, cpu_seen, ended: None }
    }

    /// Waits until the program and everything it started are gone. May be cancelled and called
    /// again: later calls give the same ending.
    ///
    /// # Errors
    /// The sandbox failed, which says nothing about the program.
    pub async fn wait(&mut self) -> Result<Ending, Fault> {
        match &self.ended {
            Some(Ok(ending)) => return Ok(ending.clone()),
            Some(Err(fault)) => return Err(Fault::Setup(fault.clone())),
            None => {}
        }
        let ended = match (&mut self.task).await {
            Ok(ended) => ended,
            Err(error) => Err(Fault::Setup(format!("watching a program: {error}"))),
        };
        self.ended = Some(ended.as_ref().map(Clone::clone).map_err(ToString::to_string));
        ended
    }

    /// Processor time that it had used when it was last looked at, some 20 ms ago at most.
    pub fn cpu_seen(&self) -> Duration {
        Duration::from_micros(self.cpu_seen.load(Ordering::Relaxed))
    }

    /// Ends the program now, if it still runs; [`Running::wait`] then gives
    /// [`super::Reason::Ended`].
    pub fn kill(&self) {
        self.asked.notify_one();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            // Without waiting for the task to be dropped, which clears up the rest; the only
            // error is that it has ended by itself.
            let _ = kill(&self.process);
            self.task.abort();
        }
    }
}

/// A sandbox with everything set up but the program, of which nothing runs yet. Dropping it clears all up.
#[derive(Debug)]
pub struct Ready {
    // Dropped in this order: a closed pipe would let the program go on.
    running: Running,
    granted: oneshot::Sender<Budget>,
    word: OwnedFd,
}

impl Ready {
    pub(super) fn new(running: Running, granted: oneshot::Sender<Budget>, word: OwnedFd) -> Self {
        Self { running, granted, word }
    }

    /// Starts the program, with so much processor and wall-clock time in place of what its limits say.
    ///
    /// # Errors
    /// The system refused.
    pub fn begin(self, cpu: Duration, wall: Duration) -> Result<Running, Fault> {
        // Where nobody listens any more it has ended, as waiting for it will tell.
        let _ = self.granted.send(Budget { cpu, wall });
        match rustix::io::write(&self.word, b"!") {
            Ok(_) | Err(rustix::io::Errno::PIPE) => Ok(self.running),
            Err(error) => {
                Err(Fault::System { doing: "letting a program start", source: error.into() })
            }
        }
    }

    /// Ends it unused, and waits until nothing is left of it.
    ///
    /// # Errors
    /// The sandbox failed.
    pub async fn give_up(mut self) -> Result<(), Fault> {
        self.running.kill();
        self.running.wait().await.map(|_| ())
    }
}
