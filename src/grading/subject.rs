//! The student's program while it is graded: started, started afresh, ended, within one budget.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use testat_kit::report::{Answer, Exceeded, LimitOn, Usage};

use super::exceeded::exceeded;
use super::graders::ProjectLimits;
use super::harness::{self, HarnessEnds, SubjectEnds};
use super::samples::Tap;
use super::session::{Fault, Rig, io_fault};
use crate::sandbox::{Ending, Limits, Ready, Reason, Running, Spec, Used};

/// What is run.
#[derive(Clone, Debug)]
pub enum Program {
    /// A folder with `solution.py`.
    Python {
        /// The folder.
        tree: PathBuf,
    },
    /// A program that the build left.
    Rust {
        /// The file.
        program: PathBuf,
    },
}

/// All runs of one submission's program in one grading; at most one runs at a time. The sandbox of the
/// next is set up meanwhile, with nothing of the program running in it.
pub struct Subjects<'a> {
    rig: &'a Rig,
    tap: Option<&'a Tap>,
    budget: Limits,
    deadline: Instant,
    program: Option<Program>,
    ahead: Option<HarnessEnds>,
    next: Option<Next>,
    running: Option<Running>,
    leaving: Option<Leaving>,
    last: Option<Reason>,
    cpu: Duration,
    peak_memory: u64,
    log: String,
    runs: u32,
    exceeded: Vec<Exceeded>,
}

/// A sandbox that is set up, and the harness's ends of its pipes.
struct Next {
    ready: Ready,
    pipes: HarnessEnds,
}

/// A run that has been ended and not yet been counted.
struct Leaving {
    running: Running,
    number: u32,
}

impl<'a> Subjects<'a> {
    /// A budget that has just begun.
    pub fn new(rig: &'a Rig, limits: &ProjectLimits) -> Self {
        Self {
            rig,
            tap: None,
            budget: Limits {
                cpu: limits.cpu(),
                wall: limits.wall(),
                memory: limits.memory_mib << 20,
                processes: limits.processes,
                file_size: limits.scratch_mib << 20,
                open_files: 256,
                scratch: limits.scratch_mib << 20,
                output: limits.output_kib << 10,
            },
            deadline: Instant::now() + limits.wall(),
            program: None,
            ahead: None,
            next: None,
            running: None,
            leaving: None,
            last: None,
            cpu: Duration::ZERO,
            peak_memory: 0,
            log: String::new(),
            runs: 0,
            exceeded: Vec::new(),
        }
    }

    /// Keeps what goes through the pipes.
    pub fn listen(&mut self, tap: &'a Tap) {
        self.tap = Some(tap);
    }

    /// What to run; the grading's wall-clock time begins here, after the build.
    pub fn set_program(&mut self, program: Program) {
        self.program = Some(program);
        self.deadline = Instant::now() + self.budget.wall;
    }

    /// Starts a subject before the harness asks, so that both come up at once.
    pub async fn start_ahead(&mut self) -> Result<(), Fault> {
        let pipes = self.start().await?;
        self.ahead = Some(pipes);
        Ok(())
    }

    /// A fresh subject, an earlier one having been ended.
    pub async fn fresh(&mut self) -> Result<HarnessEnds, Fault> {
        if let Some(pipes) = self.ahead.take() {
            return Ok(pipes);
        }
        self.take_leave().await?;
        if let Some(running) = self.running.take() {
            // Cleared up while the next runs; what it used is known well enough by now.
            running.kill();
            self.leaving = Some(Leaving { running, number: self.runs });
        }
        self.start().await
    }

    /// Sets up the sandbox of the next run, so that [`Subjects::fresh`] need not wait for it.
    pub async fn make_ready(&mut self) -> Result<(), Fault> {
        if self.next.is_none() && self.running.is_some() {
            self.next = self.set_up().await?;
        }
        Ok(())
    }

    /// A subject that finds the budget spent is not started: the harness meets closed pipes, asks
    /// why, and is told.
    async fn start(&mut self) -> Result<HarnessEnds, Fault> {
        self.last = None;
        let left = self.remaining();
        if left.wall.is_zero() || left.cpu.is_zero() {
            let reason = if left.cpu.is_zero() { Reason::Cpu } else { Reason::Wall };
            self.last = Some(reason);
            self.note_limit(reason);
            return self.pipes().map(|(ours, _)| ours);
        }
        let next = match self.next.take() {
            Some(next) => next,
            None => match self.set_up().await? {
                Some(next) => next,
                None => return self.pipes().map(|(ours, _)| ours),
            },
        };
        self.runs += 1;
        self.running = Some(next.ready.begin(left.cpu, left.wall)?);
        Ok(next.pipes)
    }

    /// None where there is no program.
    async fn set_up(&self) -> Result<Option<Next>, Fault> {
        let Some(program) = &self.program else { return Ok(None) };
        let (pipes, theirs) = self.pipes()?;
        let (runtime, limits) = (&self.rig.runtime, self.remaining());
        let spec: Spec = match program {
            Program::Python { tree } => {
                runtime.python_subject(tree, theirs.stdin, theirs.stdout, limits)
            }
            Program::Rust { program } => {
                runtime.rust_subject(program, theirs.stdin, theirs.stdout, limits)
            }
        };
        let ready = self.rig.sandbox.make_ready(spec).await?;
        Ok(Some(Next { ready, pipes }))
    }

    fn pipes(&self) -> Result<(HarnessEnds, SubjectEnds), Fault> {
        let pipes = self.tap.map_or_else(harness::pipes, Tap::pipes);
        pipes.map_err(io_fault("making the subject's pipes"))
    }

    fn remaining(&self) -> Limits {
        let leaving = self.leaving.as_ref().map(|leaving| leaving.running.cpu_seen());
        let used = self.cpu + leaving.unwrap_or_default();
        Limits {
            cpu: self.budget.cpu.saturating_sub(used),
            wall: self.deadline.saturating_duration_since(Instant::now()),
            ..self.budget
        }
    }

    /// Counts a run that was ended, once it is cleared up.
    async fn take_leave(&mut self) -> Result<(), Fault> {
        if let Some(Leaving { mut running, number }) = self.leaving.take() {
            let ending = running.wait().await?;
            self.take_in(&ending, number);
        }
        Ok(())
    }

    /// Ends all that is there, and counts it.
    pub async fn end(&mut self) -> Result<(), Fault> {
        if let Some(running) = &self.running {
            running.kill();
        }
        if let Some(next) = self.next.take() {
            next.ready.give_up().await?;
        }
        self.take_leave().await?;
        if let Some(mut running) = self.running.take() {
            let ending = running.wait().await?;
            self.take_in(&ending, self.runs);
            self.last = Some(ending.reason);
        }
        Ok(())
    }

    /// Counts what the run of this number used, and keeps what it wrote.
    fn take_in(&mut self, ending: &Ending, run: u32) {
        self.cpu += ending.used.cpu;
        self.peak_memory = self.peak_memory.max(ending.used.peak_memory);
        self.note_limit(ending.reason);
        if !ending.stderr.is_empty() {
            if run > 1 {
                self.log.push_str(&format!("--- run {run} ---\n"));
            }
            self.log.push_str(&String::from_utf8_lossy(&ending.stderr));
        }
    }

    /// All runs share the limits on time, so what they used together is what went over.
    fn note_limit(&mut self, reason: Reason) {
        let begun = self.deadline.checked_sub(self.budget.wall);
        let used = Used {
            cpu: self.cpu,
            wall: begun.map_or(self.budget.wall, |begun| begun.elapsed()),
            peak_memory: self.peak_memory,
            refused_processes: 0,
        };
        self.exceeded.extend(exceeded(reason, &self.budget, &used, "grade"));
    }

    /// Notes a request that the harness gave up waiting for.
    pub fn note_late(&mut self, function: String, allowed_ms: u64) {
        self.exceeded.push(Exceeded {
            limit: LimitOn::Request,
            phase: "grade".to_owned(),
            function: Some(function),
            allowed: allowed_ms,
            used: allowed_ms,
        });
    }

    /// How the present subject ended, or that it is ended now: a program whose pipe has closed is
    /// given a moment to be seen ending by itself, so that the true reason is told.
    pub async fn how_ended(&mut self) -> Result<Answer, Fault> {
        const MOMENT: Duration = Duration::from_millis(300);
        self.take_leave().await?;
        if let Some(mut running) = self.running.take() {
            let ending = match tokio::time::timeout(MOMENT, running.wait()).await {
                Ok(ending) => ending?,
                Err(_elapsed) => {
                    running.kill();
                    running.wait().await?
                }
            };
            self.take_in(&ending, self.runs);
            self.last = Some(ending.reason);
        }
        let (words, by_itself) = match self.last {
            Some(reason) => (reason.in_words(&self.budget), reason != Reason::Ended),
            None => ("it was not running".to_owned(), false),
        };
        Ok(Answer::Ended { words, by_itself })
    }

    /// Adds what all runs used.
    pub fn add_to(&self, usage: &mut Usage) {
        usage.cpu_ms += self.cpu.as_millis() as u64;
        usage.peak_memory_bytes = usage.peak_memory_bytes.max(self.peak_memory);
        for one in &self.exceeded {
            usage.note(one.clone());
        }
    }

    /// What all runs wrote.
    pub fn log(&self) -> String {
        self.log.clone()
    }
}
