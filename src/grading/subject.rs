//! The student's program while it is graded: started, started afresh, ended, within one budget.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use testat_kit::report::{Answer, Usage};

use super::graders::ProjectLimits;
use super::harness::{self, HarnessEnds};
use super::samples::Tap;
use super::session::{Fault, Rig, io_fault};
use crate::sandbox::{Ending, Limits, Reason, Running, Spec};

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

/// All runs of one submission's program in one grading; at most one runs at a time.
pub struct Subjects<'a> {
    rig: &'a Rig,
    tap: Option<&'a Tap>,
    budget: Limits,
    deadline: Instant,
    program: Option<Program>,
    ahead: Option<HarnessEnds>,
    running: Option<Running>,
    last: Option<Reason>,
    cpu: Duration,
    peak_memory: u64,
    log: String,
    runs: u32,
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
            running: None,
            last: None,
            cpu: Duration::ZERO,
            peak_memory: 0,
            log: String::new(),
            runs: 0,
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
        let pipes = self.start(Duration::ZERO).await?;
        self.ahead = Some(pipes);
        Ok(())
    }

    /// A fresh subject, an earlier one having been ended.
    pub async fn fresh(&mut self) -> Result<HarnessEnds, Fault> {
        if let Some(pipes) = self.ahead.take() {
            return Ok(pipes);
        }
        let Some(mut old) = self.running.take() else {
            return self.start(Duration::ZERO).await;
        };
        // Cleared up while the next comes up; what it used is known well enough by then.
        old.kill();
        let (seen, run) = (old.cpu_seen(), self.runs);
        let (ending, pipes) = tokio::join!(old.wait(), self.start(seen));
        self.take_in(&ending?, run);
        pipes
    }

    /// A subject that finds the budget spent is not started: the harness meets closed pipes, asks
    /// why, and is told. `leaving` is the processor time of one that is being ended and not yet counted.
    async fn start(&mut self, leaving: Duration) -> Result<HarnessEnds, Fault> {
        let pipes = self.tap.map_or_else(harness::pipes, Tap::pipes);
        let (ours, theirs) = pipes.map_err(io_fault("making the subject's pipes"))?;
        self.last = None;
        let limits = self.remaining(leaving);
        if limits.wall.is_zero() || limits.cpu.is_zero() {
            self.last = Some(if limits.cpu.is_zero() { Reason::Cpu } else { Reason::Wall });
            return Ok(ours);
        }
        let runtime = &self.rig.runtime;
        let spec: Spec = match &self.program {
            Some(Program::Python { tree }) => {
                runtime.python_subject(tree, theirs.stdin, theirs.stdout, limits)
            }
            Some(Program::Rust { program }) => {
                runtime.rust_subject(program, theirs.stdin, theirs.stdout, limits)
            }
            None => return Ok(ours),
        };
        self.runs += 1;
        self.running = Some(self.rig.sandbox.start(spec).await?);
        Ok(ours)
    }

    fn remaining(&self, leaving: Duration) -> Limits {
        Limits {
            cpu: self.budget.cpu.saturating_sub(self.cpu + leaving),
            wall: self.deadline.saturating_duration_since(Instant::now()),
            ..self.budget
        }
    }

    /// Ends the present subject, if there is one.
    pub async fn end(&mut self) -> Result<(), Fault> {
        if let Some(mut running) = self.running.take() {
            running.kill();
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
        if !ending.stderr.is_empty() {
            if run > 1 {
                self.log.push_str(&format!("--- run {run} ---\n"));
            }
            self.log.push_str(&String::from_utf8_lossy(&ending.stderr));
        }
    }

    /// How the present subject ended, or that it is ended now: a program whose pipe has closed is
    /// given a moment to be seen ending by itself, so that the true reason is told.
    pub async fn how_ended(&mut self) -> Result<Answer, Fault> {
        const MOMENT: Duration = Duration::from_millis(300);
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
    }

    /// What all runs wrote.
    pub fn log(&self) -> String {
        self.log.clone()
    }
}
