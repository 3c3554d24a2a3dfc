//! A worker: claims a grading, has it graded, records what it says. A kill at any point loses
//! nothing: the lease runs out and another worker takes it up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use testat_kit::report::Report;
use tokio::sync::watch;

use super::graders::Graders;
use super::seed::{Seed, ServerKey};
use super::session::{self, Job, Progress, Rig};
use crate::clock::Clock;
use crate::intake::blobs::Blobs;
use crate::store::queue::{self, Claim};
use crate::store::{Db, StoreError};

/// How long a claim holds without a sign of life.
const LEASE: Duration = Duration::from_secs(30);
/// How often a worker gives one.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often progress is written, at most.
const TELL: Duration = Duration::from_millis(250);
/// How often an idle worker looks.
const LOOK: Duration = Duration::from_millis(100);

/// What all workers of a process share.
#[derive(Debug)]
pub struct Workshop {
    /// The store.
    pub db: Db,
    /// The archives.
    pub blobs: Blobs,
    /// Sandbox and runtime.
    pub rig: Rig,
    /// The graders.
    pub graders: Graders,
    /// From which seeds are made.
    pub key: ServerKey,
    /// The time.
    pub clock: Clock,
    /// Where archives are fetched to.
    pub scratch: PathBuf,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There was nothing to do.
    Idle,
    /// A verdict was recorded.
    Recorded,
    /// A grading ended without a verdict and will be tried again, or needs attention.
    Faulted,
    /// The grading had been taken away meanwhile.
    Lost,
}

/// One worker.
#[derive(Clone, Debug)]
pub struct Worker {
    shop: Arc<Workshop>,
    name: String,
}
