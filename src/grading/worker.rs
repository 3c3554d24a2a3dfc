//! A worker: claims a grading, has it graded, records what it says. A kill at any point loses
//! nothing: the lease runs out and another worker takes it up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use testat_kit::report::{Report, Verdict};
use tokio::sync::watch;

use super::graders::Graders;
use super::seed::{NotASeed, Seed, ServerKey};
use super::session::{self, Job, Rig};
use super::told::{Diary, Told};
use crate::clock::Clock;
use crate::course::{self, SubmissionId};
use crate::intake::blobs::{BlobError, Blobs};
use crate::store::queue::{self, Faulted, Held, Lease, Outcome};
use crate::store::{self, Db};

/// How long a claim holds without a sign of life.
const LEASE: Duration = Duration::from_secs(20);
/// How often a worker gives one.
const HEARTBEAT: Duration = Duration::from_secs(4);
/// How often progress is written, at most.
const TELL: Duration = Duration::from_millis(200);
/// How often an idle worker looks.
const LOOK: Duration = Duration::from_millis(100);
/// How often leases that ran out are looked for.
const REAP: Duration = Duration::from_secs(2);
/// After a stop is asked for, a running grading may still end in this time.
const DRAIN: Duration = Duration::from_secs(20);

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
    /// The worker was told to stop and put the grading back.
    Released,
}

/// Why a grading has no verdict.
#[derive(Debug, thiserror::Error)]
enum NoVerdict {
    #[error("no grader for the project `{0}` is installed")]
    NoGrader(String),
    #[error("fetching the archive: {0}")]
    Archive(#[from] BlobError),
    /// Trying again finds the same: a person must bring the archive back.
    #[error("the archive of submission {submission} is lost or damaged: {found}")]
    Lost { submission: SubmissionId, found: BlobError },
    #[error(transparent)]
    Session(#[from] session::Fault),
    #[error("the seed to be used again: {0}")]
    Seed(NotASeed),
    #[error("writing the report: {0}")]
    Report(#[from] serde_json::Error),
}

/// How the work on one lease came to its end.
enum End {
    Graded(Box<Result<Report, NoVerdict>>),
    Lost,
    Stopped,
}

/// One worker.
#[derive(Clone, Debug)]
pub struct Worker {
    shop: Arc<Workshop>,
    name: String,
}

impl Worker {
    /// A worker of this process.
    pub fn new(shop: Arc<Workshop>, number: usize) -> Self {
        let host = rustix::system::uname();
        let name = format!("{}/{}/{number}", host.nodename().to_string_lossy(), std::process::id());
        Self { shop, name }
    }

    /// Works until `stop` says so; a grading at work then has a moment to end. Nothing is claimed
    /// while the sandbox has not been found safe.
    pub async fn run(self, mut stop: watch::Receiver<bool>, mut safe: watch::Receiver<bool>) {
        let mut reaped = Instant::now();
        while !*stop.borrow() {
            if !*safe.borrow() {
                tokio::select! {
                    () = told_to_stop(&mut stop) => {}
                    () = found_safe(&mut safe) => {}
                }
                continue;
            }
            if reaped.elapsed() >= REAP {
                reaped = Instant::now();
                self.reap().await;
            }
            let waits = match self.step(&mut stop).await {
                Ok(Step::Idle) => LOOK,
                Ok(_) => Duration::ZERO,
                Err(fault) => {
                    tracing::error!(worker = self.name, %fault, "The store failed");
                    Duration::from_secs(1)
                }
            };
            if !waits.is_zero() {
                let _ = tokio::time::timeout(waits, told_to_stop(&mut stop)).await;
            }
        }
    }

    async fn reap(&self) {
        let now = self.shop.clock.now();
        match queue::pull_back(&self.shop.db, now, now + millis(LEASE)).await {
            Ok(0) => {}
            Ok(count) => {
                tracing::warn!(count, "The clock was set back: leases and waits were brought back");
            }
            Err(fault) => tracing::error!(%fault, "Looking for times far ahead failed"),
        }
        match queue::reap(&self.shop.db, now).await {
            Ok(reaped) => {
                for (grading, became) in reaped {
                    tracing::warn!(grading.id = %grading, ?became, "A worker died: its grading is taken up again");
                }
            }
            Err(fault) => tracing::error!(%fault, "Looking for leases that ran out failed"),
        }
    }

    /// Claims, grades and records one grading, if one waits.
    ///
    /// # Errors
    /// The store failed. What was claimed is taken up again when its lease runs out.
    pub async fn step(&self, stop: &mut watch::Receiver<bool>) -> Result<Step, store::Error> {
        let shop = &self.shop;
        let begun = Instant::now();
        let now = shop.clock.now();
        let Some(lease) = queue::claim(&shop.db, &self.name, now, now + millis(LEASE)).await?
        else {
            return Ok(Step::Idle);
        };
        let claim_ms = begun.elapsed().as_secs_f64() * 1e3;
        match self.work(&lease, stop).await {
            End::Lost => {
                tracing::warn!(grading.id = %lease.grading, "The lease was lost: another worker grades");
                Ok(Step::Lost)
            }
            End::Stopped => {
                let _ = queue::release(&shop.db, &lease).await?;
                tracing::info!(grading.id = %lease.grading, "Stopping: the grading waits again");
                Ok(Step::Released)
            }
            End::Graded(ended) => match *ended {
                Ok(mut report) => {
                    report.usage.phases.insert("claim".to_owned(), claim_ms);
                    self.record(&lease, &report).await
                }
                Err(fault) => self.fault(&lease, &fault).await,
            },
        }
    }

    /// Grades under the lease, giving signs of life and telling how far it is.
    async fn work(&self, lease: &Lease, stop: &mut watch::Receiver<bool>) -> End {
        let (tell, mut told) = watch::channel(None);
        let grading = self.grade(lease, &tell);
        tokio::pin!(grading);
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut last_told: Option<tokio::time::Instant> = None;
        let mut deadline = None;
        loop {
            tokio::select! {
                biased;
                ended = &mut grading => return End::Graded(Box::new(ended)),
                _ = beat.tick() => {
                    if self.beat(lease).await == Held::Lost {
                        return End::Lost;
                    }
                }
                changed = told.changed(), if last_told.is_none_or(|at| at.elapsed() >= TELL) => {
                    if changed.is_ok() && self.tell(lease, &mut told).await == Held::Lost {
                        return End::Lost;
                    }
                    last_told = Some(tokio::time::Instant::now());
                }
                () = wait_out(last_told), if last_told.is_some_and(|at| at.elapsed() < TELL) => {}
                () = told_to_stop(stop), if deadline.is_none() => {
                    deadline = Some(tokio::time::Instant::now() + DRAIN);
                }
                () = sleep_until(deadline), if deadline.is_some() => return End::Stopped,
            }
        }
    }

    /// A sign of life. A store that does not answer now may answer next time: the lease holds for
    /// several beats, and what has been graded so far is not thrown away.
    async fn beat(&self, lease: &Lease) -> Held {
        let until = self.shop.clock.now() + millis(LEASE);
        patiently(lease, queue::heartbeat(&self.shop.db, lease, until).await)
    }

    async fn tell(&self, lease: &Lease, told: &mut watch::Receiver<Option<Told>>) -> Held {
        let now = told.borrow_and_update().clone();
        match now.as_ref().map(serde_json::to_string) {
            Some(Ok(json)) => patiently(lease, queue::progress(&self.shop.db, lease, &json).await),
            _ => Held::Yes,
        }
    }

    async fn grade(
        &self,
        lease: &Lease,
        tell: &watch::Sender<Option<Told>>,
    ) -> Result<Report, NoVerdict> {
        let shop = &self.shop;
        let slug = lease.slug.as_str();
        let grader = shop.graders.get(slug).ok_or_else(|| NoVerdict::NoGrader(slug.to_owned()))?;
        let archive = shop.blobs.get(&lease.digest).await.map_err(|fault| match fault {
            found @ (BlobError::Missing(_) | BlobError::Corrupt { .. }) => {
                NoVerdict::Lost { submission: lease.submission.clone(), found }
            }
            other => other.into(),
        })?;
        let seed = match &lease.seed {
            Some(given) => given.parse().map_err(NoVerdict::Seed)?,
            None => Seed::derive(&shop.key, &lease.submission, lease.number),
        };
        let job = Job { grader, seed, archive };
        let diary = Diary::default();
        Ok(session::grade(&shop.rig, &job, &|progress| {
            tell.send_replace(Some(diary.note(progress, shop.clock.now())));
        })
        .await?)
    }

    async fn record(&self, lease: &Lease, report: &Report) -> Result<Step, store::Error> {
        let shop = &self.shop;
        let json = match serde_json::to_string(report) {
            Ok(json) => json,
            Err(fault) => return self.fault(lease, &fault.into()).await,
        };
        let failed = report.checks.iter().filter(|check| !check.passed);
        let outcome = Outcome {
            verdict: match report.verdict {
                Verdict::Passed => course::Verdict::Passed,
                Verdict::Failed => course::Verdict::Failed,
            },
            seed: report.seed.clone(),
            grader_version: report.grader.version.clone(),
            runtime: report.runtime.clone(),
            failed: failed.map(|check| check.id.clone()).collect(),
            report: json,
        };
        match queue::record(&shop.db, lease, &outcome, shop.clock.now()).await? {
            Held::Lost => {
                tracing::warn!(grading.id = %lease.grading, "The lease was lost: another worker grades");
                Ok(Step::Lost)
            }
            Held::Yes => {
                tracing::info!(
                    grading.id = %lease.grading,
                    submission.id = %lease.submission,
                    verdict = %outcome.verdict,
                    duration_ms = report.usage.wall_ms,
                    "Graded `{}`",
                    lease.slug
                );
                Ok(Step::Recorded)
            }
        }
    }

    async fn fault(&self, lease: &Lease, fault: &NoVerdict) -> Result<Step, store::Error> {
        let (db, text, now) = (&self.shop.db, fault.to_string(), self.shop.clock.now());
        let became = match fault {
            NoVerdict::Lost { .. } => queue::fault_for_good(db, lease, &text, now).await?,
            _ => queue::fault(db, lease, &text, now).await?,
        };
        tracing::error!(grading.id = %lease.grading, %fault, ?became, "A grading has no verdict");
        Ok(if became == Faulted::Lost { Step::Lost } else { Step::Faulted })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn patiently(lease: &Lease, held: Result<Held, store::Error>) -> Held {
    held.unwrap_or_else(|fault| {
        tracing::warn!(grading.id = %lease.grading, %fault, "The store did not take a sign of life");
        Held::Yes
    })
}

async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone can't say stop any more, and nobody is left to work for.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn found_safe(safe: &mut watch::Receiver<bool>) {
    // With nobody left to find out, it never is.
    if safe.wait_for(|safe| *safe).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Until progress may be told again.
async fn wait_out(last_told: Option<tokio::time::Instant>) {
    sleep_until(last_told.map(|at| at + TELL)).await;
}

async fn sleep_until(instant: Option<tokio::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
