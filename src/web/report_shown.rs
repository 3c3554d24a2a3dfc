//! A report as a page shows it: numbers in words, figures drawn.

use serde::Serialize;
use testat_kit::report::{Audience, Check, Comparison, Figure, Report, Verdict};

use super::attempts_compared::{Became, changes};
use super::figure::{number, svg};
use super::limits_shown::LimitShown;
use super::page::markdown;
use super::{CheckInfo, ProjectInfo};

/// One grading's report, ready for its template.
#[derive(Serialize)]
pub(super) struct ReportShown {
    verdict: &'static str,
    seed: String,
    grader: String,
    runtime: String,
    language: String,
    checks: Vec<CheckShown>,
    passed_checks: usize,
    failed: Vec<Failed>,
    figures: Vec<FigureShown>,
    log: String,
    cpu: String,
    wall: String,
    memory: String,
    limits: Vec<LimitShown>,
    command: String,
    weak_limits: bool,
}

#[derive(Serialize)]
struct CheckShown {
    id: String,
    title: String,
    passed: bool,
    value: Option<String>,
    required: String,
    unit: Option<String>,
    explanation: Option<String>,
    message: String,
}

/// A failed check, to be found quickly.
#[derive(Serialize)]
struct Failed {
    id: String,
    title: String,
}

impl Failed {
    fn of(check: &Check) -> Self {
        Self { id: check.id.clone(), title: check.title.clone() }
    }
}

/// A figure as `figure.html` shows it.
#[derive(Serialize)]
pub(super) struct FigureShown {
    title: String,
    svg: String,
    reported_by_subject: bool,
    for_instructors: bool,
}

impl ReportShown {
    /// `info` explains the checks; without it they stand for themselves.
    pub(super) fn of(report: Report, info: Option<&ProjectInfo>) -> Self {
        let explained = |check: &Check| info?.checks.iter().find(|info| info.id == check.id);
        let (usage, language) = (report.usage, report.language);
        Self {
            verdict: match report.verdict {
                Verdict::Passed => "passed",
                Verdict::Failed => "failed",
            },
            command: format!("testat grade {} . --seed {}", report.grader.slug, report.seed),
            seed: report.seed,
            grader: format!("{} {}", report.grader.slug, report.grader.version),
            runtime: report.runtime,
            language: language.clone(),
            passed_checks: report.checks.iter().filter(|check| check.passed).count(),
            failed: report.checks.iter().filter(|check| !check.passed).map(Failed::of).collect(),
            checks: report.checks.iter().map(|c| CheckShown::of(c, explained(c))).collect(),
            figures: report.figures.iter().map(FigureShown::of).collect(),
            log: report.log,
            cpu: duration(usage.cpu_ms as f64),
            wall: duration(usage.wall_ms as f64),
            memory: format!("{} MiB", usage.peak_memory_bytes.div_ceil(1 << 20)),
            limits: usage.exceeded.iter().map(|one| LimitShown::of(one, &language)).collect(),
            weak_limits: report.weak_limits,
        }
    }
}

/// What changed since an earlier submission.
#[derive(Serialize)]
pub(super) struct AttemptsCompared {
    /// The number of the earlier submission.
    since: i64,
    earlier: String,
    /// `2 mended, 1 worse, 4 as before`.
    words: String,
    /// Another version of the grader may measure otherwise.
    other_grader: bool,
    rows: Vec<ChangeRow>,
}

#[derive(Serialize)]
struct ChangeRow {
    id: String,
    title: String,
    became: Became,
    words: &'static str,
    before: Option<Side>,
    after: Option<Side>,
    required: String,
}

#[derive(Serialize)]
struct Side {
    passed: bool,
    value: String,
}

impl AttemptsCompared {
    /// `since` is the number and `earlier` the id of the submission that `before` is of.
    pub(super) fn of(since: i64, earlier: String, before: &Report, after: &Report) -> Self {
        let changes = changes(&before.checks, &after.checks);
        let count = |kind: Became| {
            let many = changes.iter().filter(|change| change.became == kind).count();
            (many > 0).then(|| format!("{many} {}", kind.in_words()))
        };
        let kinds = Became::ALL.into_iter().filter_map(count).collect::<Vec<_>>();
        let rows = changes.iter().filter_map(|change| {
            let check = change.after.or(change.before)?;
            Some(ChangeRow {
                id: check.id.clone(),
                title: check.title.clone(),
                became: change.became,
                words: change.became.in_words(),
                before: change.before.map(Side::of),
                after: change.after.map(Side::of),
                required: required(check.comparison, check.threshold),
            })
        });
        Self {
            since,
            earlier,
            words: kinds.join(", "),
            other_grader: before.grader != after.grader,
            rows: rows.collect(),
        }
    }
}

impl Side {
    fn of(check: &Check) -> Self {
        let value = check.value.map(|value| beside(value, check.threshold));
        Self { passed: check.passed, value: value.unwrap_or_else(|| "nothing".to_owned()) }
    }
}

impl CheckShown {
    fn of(check: &Check, info: Option<&CheckInfo>) -> Self {
        Self {
            id: check.id.clone(),
            title: check.title.clone(),
            passed: check.passed,
            value: check.value.map(|value| beside(value, check.threshold)),
            required: required(check.comparison, check.threshold),
            unit: info.map(|info| info.unit.clone()),
            explanation: info.map(|info| markdown(&info.explanation)),
            message: check.message.clone(),
        }
    }
}

impl FigureShown {
    pub(super) fn of(figure: &Figure) -> Self {
        Self {
            title: figure.title.clone(),
            svg: svg(figure),
            reported_by_subject: figure.reported_by_subject,
            for_instructors: figure.audience == Audience::Instructors,
        }
    }
}

/// `≥ 0.9`.
pub(super) fn required(comparison: Comparison, threshold: f64) -> String {
    let sign = match comparison {
        Comparison::AtLeast => "≥",
        Comparison::AtMost => "≤",
        Comparison::Exactly => "=",
    };
    format!("{sign} {}", number(threshold))
}

/// A value with so many digits that it can be told from the threshold beside it.
fn beside(value: f64, threshold: f64) -> String {
    let short = number(value);
    if value != threshold && short == number(threshold) {
        return if (1e-3..1e5).contains(&value.abs()) {
            value.to_string()
        } else {
            format!("{value:e}")
        };
    }
    short
}

/// `84 ms`, `1.4 s`.
fn duration(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1e3),
    }
}
