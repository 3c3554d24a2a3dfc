//! What one grading says: checks, figures, logs and resource use. Written by the harness, stored and
//! shown by the server, printed by `testat grade --json`: one shape everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Passed or failed. A grading that could not finish through our fault has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every check passed.
    Passed,
    /// At least one check failed.
    Failed,
}

/// How a check's value is held against its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Passed when value >= threshold.
    #[serde(rename = ">=")]
    AtLeast,
    /// Passed when value <= threshold.
    #[serde(rename = "<=")]
    AtMost,
    /// Passed when value equals threshold exactly.
    #[serde(rename = "==")]
    Exactly,
}

impl Comparison {
    /// Whether `value` meets `threshold`; never for a NaN.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtLeast => value >= threshold,
            Self::AtMost => value <= threshold,
            Self::Exactly => value == threshold,
        }
    }
}

/// One thing a grader measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Stable name, also the handout's anchor: `grads`.
    pub id: String,
    /// What a person reads: `Gradients of the loss`.
    pub title: String,
    /// Whether it was met.
    pub passed: bool,
    /// What was measured; none when nothing could be (crash, malformed reply).
    pub value: Option<f64>,
    /// How value and threshold are compared.
    pub comparison: Comparison,
    /// What was required.
    pub threshold: f64,
    /// What was asked, what came, what was expected, in words.
    pub message: String,
}

/// One axis of a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Name of the quantity.
    pub label: String,
    /// Its unit, empty if it has none.
    #[serde(default)]
    pub unit: String,
    /// Whether the axis is logarithmic.
    #[serde(default)]
    pub log: bool,
}

/// A named run of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What the legend says.
    pub name: String,
    /// Points (x, y), both finite.
    pub points: Vec<[f64; 2]>,
}

/// The data of a figure; the server draws it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Plot {
    /// One line a series.
    Lines {
        /// Horizontal axis.
        x: Axis,
        /// Vertical axis.
        y: Axis,
        /// The lines.
        series: Vec<Series>,
    },
    /// One bar a label, beside an optional limit drawn as a line.
    Bars {
        /// Names of the bars.
        labels: Vec<String>,
        /// Their heights, as many.
        values: Vec<f64>,
        /// Vertical axis.
        y: Axis,
        /// A line across, such as a tolerance.
        limit: Option<f64>,
    },
    /// A heat map with the number in each cell, such as a confusion matrix.
    Matrix {
        /// Names of the rows.
        rows: Vec<String>,
        /// Names of the columns.
        columns: Vec<String>,
        /// Row by row, rows x columns.
        values: Vec<Vec<f64>>,
        /// What a row is.
        row_label: String,
        /// What a column is.
        column_label: String,
    },
    /// Spikes: for each neuron the times at which it fired.
    Raster {
        /// Time axis.
        x: Axis,
        /// For each neuron its spike times.
        spikes: Vec<Vec<f64>>,
    },
}

/// Who may see a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The student and whoever may see the submission.
    #[default]
    Everyone,
    /// Instructors alone: it would give away labels or permutations of a draw.
    Instructors,
}

/// A picture of what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stable name: `confusion`.
    pub id: String,
    /// What a person reads above it.
    pub title: String,
    /// The same in words, for who can't see it.
    pub alt: String,
    /// Who may see it.
    #[serde(default)]
    pub audience: Audience,
    /// True when the data are the subject's own claim and were never graded.
    #[serde(default)]
    pub reported_by_subject: bool,
    /// The data.
    pub plot: Plot,
}

/// Which grader, at which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraderVersion {
    /// The project's slug: `backprop`.
    pub slug: String,
    /// The version from `project.toml`, then a dash and the start of the hash of the grader's program.
    pub version: String,
}

/// Resources that the subject and its build used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time in milliseconds.
    pub cpu_ms: u64,
    /// Wall-clock time of the whole grading in milliseconds.
    pub wall_ms: u64,
    /// Largest memory of the subject in bytes, page cache included.
    pub peak_memory_bytes: u64,
    /// Wall-clock milliseconds a phase: `unpack`, `build`, `start`, `grade`, `store`.
    pub phases: BTreeMap<String, f64>,
    /// The limits at which the program or its build was ended, each once.
    #[serde(default)]
    pub exceeded: Vec<Exceeded>,
}

/// What a limit is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitOn {
    /// Processor time, in milliseconds.
    Cpu,
    /// Wall-clock time, in milliseconds.
    Wall,
    /// Memory, in bytes.
    Memory,
    /// What is printed, in bytes.
    Output,
    /// One file, in bytes.
    FileSize,
    /// Time for one request, in milliseconds.
    Request,
}

/// A limit at which a program was ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exceeded {
    /// Which.
    pub limit: LimitOn,
    /// In which phase: `build` or `grade`.
    pub phase: String,
    /// The student's function that was asked, for a request.
    #[serde(default)]
    pub function: Option<String>,
    /// What is allowed.
    pub allowed: u64,
    /// What had been used when it was ended, as far as that was seen: no more than is allowed where the
    /// system refuses the rest.
    pub used: u64,
}

impl Usage {
    /// Notes a limit that was exceeded; of two in the same phase the one that went farther.
    pub fn note(&mut self, exceeded: Exceeded) {
        let key = |one: &Exceeded| (one.limit, one.phase.clone(), one.function.clone());
        let same = |other: &&mut Exceeded| key(other) == key(&exceeded);
        match self.exceeded.iter_mut().find(same) {
            Some(other) => other.used = other.used.max(exceeded.used),
            None => self.exceeded.push(exceeded),
        }
    }
}

/// All that one grading says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Passed or failed.
    pub verdict: Verdict,
    /// The seed, 64 hexadecimal digits.
    pub seed: String,
    /// Which grader judged.
    pub grader: GraderVersion,
    /// Hash of the subjects' runtime that was used.
    pub runtime: String,
    /// `python` or `rust`.
    pub language: String,
    /// In the order of `project.toml`.
    pub checks: Vec<Check>,
    /// In the order drawn.
    pub figures: Vec<Figure>,
    /// What the build and the subject wrote to stdout and stderr, cut to the limit.
    pub log: String,
    /// Resources used.
    pub usage: Usage,
    /// True when the host could not enforce every limit.
    #[serde(default)]
    pub weak_limits: bool,
}

/// What the harness writes to its descriptor 3, one JSON object a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Asks for a fresh subject; an earlier one is ended. Answered by [`Answer::Started`].
    Start,
    /// Asks how the present subject ended, after its pipe closed or to end it. Answered by [`Answer::Ended`].
    End,
    /// How far the grading is.
    Progress {
        /// Id of the check at work.
        check: String,
        /// Steps done.
        done: u32,
        /// Steps in all.
        total: u32,
    },
    /// A request was not answered in its time; its subject is ended next.
    Late {
        /// The student's function.
        function: String,
        /// The time for the request in milliseconds.
        allowed_ms: u64,
    },
    /// A check has been decided.
    Check(Check),
    /// A figure.
    Figure(Figure),
    /// The last line: nothing follows it.
    Done {
        /// The verdict; held against the checks by the server.
        verdict: Verdict,
        /// Milliseconds spent waiting for the subject's answers, that to the greeting included and
        /// the making of its sandbox not: what is left of the grading's time is ours.
        #[serde(default)]
        asked_ms: Option<f64>,
    },
}

/// What the supervisor writes to the harness on the same descriptor, one JSON object a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The first line, before any event.
    Task(Task),
    /// A subject is starting; two descriptors come with this line (SCM_RIGHTS): the write end of its
    /// requests, then the read end of its replies.
    Started,
    /// The subject is gone.
    Ended {
        /// Why, in words for the student: `it used more than 1 GiB of memory`.
        words: String,
        /// Whether a limit or a crash ended it, rather than our own request.
        by_itself: bool,
    },
}

/// What a harness is told first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The seed, 64 hexadecimal digits.
    pub seed: String,
    /// Threshold of each check, from `project.toml`.
    pub thresholds: BTreeMap<String, f64>,
    /// Largest frame either way in bytes.
    pub frame_bytes: u32,
    /// Time for one ordinary request in milliseconds.
    pub request_ms: u64,
    /// Time for one training request in milliseconds.
    pub train_ms: u64,
}
