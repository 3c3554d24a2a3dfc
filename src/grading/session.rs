//! One grading from an archive to a report: unpack, build, start, and carry the conversation
//! between harness and subject until the harness is done.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use testat_kit::report::{Answer, Check, Event, Figure, Report, Task, Usage, Verdict};

use super::graders::Grader;
use super::harness::{self, Control, ControlError, HarnessEnds};
use super::prepared::Prepared;
use super::samples::Tap;
use super::seed::Seed;
use super::subject::Subjects;
use super::verdict::{self, Untrue};
use crate::intake::archive::ArchiveLimits;
use crate::runtime::Runtime;
use crate::sandbox::{self, Limits, Reason, Running, Sandbox};

/// Figures of one grading hold no more data than this, as JSON.
const FIGURE_BYTES: usize = 256 << 10;
/// The log that is kept of one grading.
const LOG_BYTES: usize = 64 << 10;

/// What gradings run on.
#[derive(Debug)]
pub struct Rig {
    /// The sandbox of this host.
    pub sandbox: Sandbox,
    /// The subjects' runtime.
    pub runtime: Runtime,
    /// Where submissions are unpacked.
    pub box_dir: PathBuf,
    /// Limits of an archive.
    pub archive_limits: ArchiveLimits,
    /// Limits of a build.
    pub build_limits: Limits,
}

/// What is to be graded.
#[derive(Debug)]
pub struct Job<'a> {
    /// By which grader.
    pub grader: &'a Grader,
    /// With which data.
    pub seed: Seed,
    /// The archive as received.
    pub archive: File,
}

/// How far a grading is.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Progress {
    /// `unpack`, `build`, `start` or `grade`.
    pub phase: &'static str,
    /// Id of the check at work.
    pub check: Option<String>,
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
    /// The checks decided so far, in the order in which they were.
    pub decided: Vec<DecidedCheck>,
}

/// A check that has been decided while the grading goes on. Not final: only a whole grading that holds
/// together makes a report.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DecidedCheck {
    /// Which.
    pub id: String,
    /// Whether it was met.
    pub passed: bool,
    /// What was measured.
    pub value: Option<f64>,
}

impl DecidedCheck {
    fn of(check: &Check) -> Self {
        Self { id: check.id.clone(), passed: check.passed, value: check.value }
    }
}

impl Progress {
    pub(super) fn phase(phase: &'static str) -> Self {
        Self { phase, check: None, done: 0, total: 0, decided: Vec::new() }
    }
}

/// The grading has no verdict, through no fault of the student's.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] sandbox::Fault),
    /// The file system or a pipe failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The harness did not keep to its protocol.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The harness said what can't be true.
    #[error(transparent)]
    Untrue(#[from] Untrue),
    /// The harness ended before it was done.
    #[error("the harness ended too early ({reason}): {log}")]
    HarnessEnded {
        /// How.
        reason: String,
        /// What it wrote.
        log: String,
    },
    /// The stored archive can't be unpacked although it was accepted.
    #[error("the stored archive: {0}")]
    Archive(String),
}

pub(super) fn io_fault(doing: &'static str) -> impl FnOnce(io::Error) -> Fault {
    move |source| Fault::Io { doing, source }
}

/// Time a phase took, in milliseconds, into the usage.
pub(super) struct Stopwatch {
    begun: Instant,
    since: Instant,
}

impl Stopwatch {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { begun: now, since: now }
    }

    pub(super) fn lap(&mut self, usage: &mut Usage, phase: &str) {
        let now = Instant::now();
        let taken = now.duration_since(self.since).as_secs_f64() * 1e3;
        *usage.phases.entry(phase.to_owned()).or_default() += taken;
        self.since = now;
    }

    /// Whole milliseconds since it was made.
    pub(super) fn whole_ms(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }
}

/// Grades one archive. Everything it started is gone when it returns, and when it is dropped.
///
/// Must run on a thread that lives as long as the grading (a worker of the runtime), since a
/// sandbox ends with the thread that started it.
///
/// # Errors
/// A [`Fault`] when there is no verdict through no fault of the student's.
pub async fn grade(
    rig: &Rig,
    job: &Job<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, Fault> {
    let prepared = Prepared::new(rig, &job.archive, progress).await?;
    grade_prepared(rig, job.grader, job.seed, &prepared, progress).await
}

/// Grades what has been unpacked and built before, which is left as it was: it may be graded again,
/// and several times at once. The report counts what preparing took, as if it had been done for it.
///
/// # Errors
/// As [`grade`].
pub async fn grade_prepared(
    rig: &Rig,
    grader: &Grader,
    seed: Seed,
    prepared: &Prepared,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, Fault> {
    let subjects = Subjects::new(rig, &grader.project.limits);
    grade_with(rig, grader, seed, prepared, subjects, progress).await
}

/// Grades a right solution and keeps what a starter kit's samples are made of.
///
/// # Errors
/// As [`grade`].
pub async fn record(rig: &Rig, job: &Job<'_>, tap: &Tap) -> Result<Report, Fault> {
    let prepared = Prepared::new(rig, &job.archive, &|_| {}).await?;
    let mut subjects = Subjects::new(rig, &job.grader.project.limits);
    subjects.listen(tap);
    grade_with(rig, job.grader, job.seed, &prepared, subjects, &|_| {}).await
}

async fn grade_with(
    rig: &Rig,
    grader: &Grader,
    seed: Seed,
    prepared: &Prepared,
    mut subjects: Subjects<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, Fault> {
    let mut watch = Stopwatch::new();
    let mut usage = prepared.usage().clone();
    let mut decided = Decided::default();
    decided.so_far.extend(prepared.checks().map(|check| DecidedCheck::of(&check)));
    let verdict = match prepared.program() {
        Some(program) => {
            subjects.set_program(program.clone());
            progress(decided.progress("start", None, 0, 0));
            let mut harness = Harness::start(rig, grader, seed, &mut subjects).await?;
            watch.lap(&mut usage, "start");
            let verdict = harness.converse(&mut subjects, &mut decided, progress).await?;
            // Both go at once: neither has anything more to say to the other.
            let (seen_off, ended) = tokio::join!(harness.see_off(), subjects.end());
            seen_off?;
            ended?;
            decided.checks = verdict::agree(&grader.project, decided.checks, verdict)?;
            verdict
        }
        None => {
            let reason = "Not checked, since the program could not be built.";
            decided.checks = verdict::all_failed(&grader.project, reason);
            Verdict::Failed
        }
    };
    watch.lap(&mut usage, "grade");
    subjects.add_to(&mut usage);
    if let Some(asked) = decided.asked_ms {
        usage.phases.insert("subject".to_owned(), asked);
    }
    usage.wall_ms += watch.whole_ms();
    Ok(Report {
        verdict,
        seed: seed.to_string(),
        grader: grader.version.clone(),
        runtime: rig.runtime.id().to_owned(),
        language: prepared.language().as_str().to_owned(),
        checks: prepared.checks().chain(decided.checks).collect(),
        figures: decided.figures,
        log: cut(format!("{}{}", prepared.log(), subjects.log())),
        usage,
        weak_limits: !rig.sandbox.is_strong(),
    })
}

/// What has been said so far.
#[derive(Default)]
struct Decided {
    checks: Vec<Check>,
    figures: Vec<Figure>,
    figure_bytes: usize,
    asked_ms: Option<f64>,
    /// What a page is told meanwhile, the check of the build included.
    so_far: Vec<DecidedCheck>,
}

impl Decided {
    fn add(&mut self, check: Check) {
        self.so_far.push(DecidedCheck::of(&check));
        self.checks.push(check);
    }

    fn progress(
        &self,
        phase: &'static str,
        check: Option<String>,
        done: u32,
        total: u32,
    ) -> Progress {
        Progress { phase, check, done, total, decided: self.so_far.clone() }
    }

    fn add_figure(&mut self, figure: Figure) -> Result<(), ControlError> {
        self.figure_bytes += serde_json::to_vec(&figure)?.len();
        if self.figure_bytes <= FIGURE_BYTES {
            self.figures.push(figure);
        } else {
            tracing::warn!(
                figure.id,
                bytes = self.figure_bytes,
                "A figure was left out: too much data"
            );
        }
        Ok(())
    }
}

/// The harness while it runs.
struct Harness {
    running: Running,
    control: Control,
    task: Task,
}

impl Harness {
    async fn start(
        rig: &Rig,
        grader: &Grader,
        seed: Seed,
        subjects: &mut Subjects<'_>,
    ) -> Result<Self, Fault> {
        let (control, theirs) =
            harness::pair().map_err(io_fault("making the harness's descriptor 3"))?;
        let limits = &grader.project.limits;
        let spec = rig.runtime.harness(&grader.harness, theirs, harness_limits(limits.wall()));
        // Both start at once: the harness's first event asks for a subject.
        let (running, ahead) = tokio::join!(rig.sandbox.start(spec), subjects.start_ahead());
        let running = running?;
        ahead?;
        let thresholds =
            grader.project.checks.iter().map(|c| (c.id.clone(), c.threshold)).collect();
        let task = Task {
            seed: seed.to_string(),
            thresholds,
            frame_bytes: limits.frame_mib << 20,
            request_ms: limits.request_s * 1000,
            train_ms: limits.train_s * 1000,
        };
        Ok(Self { running, control, task })
    }

    /// Until the harness is done.
    async fn converse(
        &mut self,
        subjects: &mut Subjects<'_>,
        decided: &mut Decided,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Verdict, Fault> {
        self.control.answer(&Answer::Task(self.task.clone())).await?;
        loop {
            let Some(event) = self.control.next().await? else {
                return Err(self.too_early().await);
            };
            match event {
                Event::Start => {
                    let pipes: HarnessEnds = subjects.fresh().await?;
                    self.control.hand_over(pipes).await?;
                    subjects.make_ready().await?;
                }
                Event::End => {
                    let ended = subjects.how_ended().await?;
                    self.control.answer(&ended).await?;
                }
                Event::Late { function, allowed_ms } => subjects.note_late(function, allowed_ms),
                Event::Progress { check, done, total } => {
                    progress(decided.progress("grade", Some(check), done, total));
                }
                Event::Check(check) => {
                    let id = check.id.clone();
                    decided.add(check);
                    progress(decided.progress("grade", Some(id), 1, 1));
                }
                Event::Figure(figure) => decided.add_figure(figure)?,
                Event::Done { verdict, asked_ms } => {
                    decided.asked_ms = asked_ms;
                    return Ok(verdict);
                }
            }
        }
    }

    async fn too_early(&mut self) -> Fault {
        match self.running.wait().await {
            Ok(ending) => Fault::HarnessEnded {
                reason: format!("{:?}", ending.reason),
                log: cut(String::from_utf8_lossy(&ending.stderr).into_owned()),
            },
            Err(fault) => fault.into(),
        }
    }

    /// After `done` nothing follows but the end.
    async fn see_off(&mut self) -> Result<(), Fault> {
        let ending = self.running.wait().await?;
        match ending.reason {
            Reason::Exited(0) => Ok(()),
            reason => Err(Fault::HarnessEnded {
                reason: format!("{reason:?}"),
                log: cut(String::from_utf8_lossy(&ending.stderr).into_owned()),
            }),
        }
    }
}

/// A harness waits for its subject, so it may take as long, and what it reckons meanwhile is little.
fn harness_limits(wall: Duration) -> Limits {
    Limits {
        cpu: wall,
        wall: wall + Duration::from_secs(60),
        memory: 1 << 30,
        processes: 4,
        file_size: 0,
        open_files: 32,
        scratch: 1 << 20,
        output: 1 << 20,
    }
}

/// The beginning and the end of a long log, with a line between that says so.
fn cut(log: String) -> String {
    if log.len() <= LOG_BYTES {
        return log;
    }
    let half = LOG_BYTES / 2;
    let head = log.floor_char_boundary(half);
    let tail = log.ceil_char_boundary(log.len() - half);
    format!("{}\n[... {} bytes left out ...]\n{}", &log[..head], tail - head, &log[tail..])
}
