//! `testat grade`: the same grading as the server's, on one's own machine.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use testat_kit::report::{Check, Report, Verdict};

use crate::config::Config;
use crate::course::text::visible;
use crate::grading::graders::{self, Graders};
use crate::grading::seed::Seed;
use crate::grading::session::{self, Job, Progress};
use crate::intake::archive::{self, ArchiveLimits};
use crate::web::limits_shown::LimitShown;

use super::rig;

/// `testat grade PROJECT PATH`.
#[derive(Debug, clap::Args)]
pub struct Grade {
    /// The project's slug, such as backprop
    project: String,
    /// A folder, an archive, or a single solution.py
    path: PathBuf,
    /// A whole number or 64 hexadecimal digits; drawn at random if not given
    #[arg(long)]
    seed: Option<Seed>,
    /// Print the report as JSON on stdout
    #[arg(long)]
    json: bool,
}

/// How it ended, as the exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 0
    Passed,
    /// 1
    Failed,
    /// 2
    WrongUse,
    /// 3
    OurFault,
}

impl Outcome {
    /// The exit code.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// Grades and prints.
pub async fn run(config: &Config, args: Grade) -> Outcome {
    match prepare(config, &args).await {
        Err(fault) => {
            eprintln!("testat: {fault:#}");
            Outcome::WrongUse
        }
        Ok(archive) => match grade(config, &args, &archive).await {
            Ok(report) => show(&report, args.json),
            Err(fault) => {
                eprintln!("testat: no verdict, and not through the program's fault: {fault:#}");
                Outcome::OurFault
            }
        },
    }
}

/// The archive to grade, and the name it goes by.
pub(super) struct Archive {
    pub(super) file: File,
    name: String,
}

async fn prepare(config: &Config, args: &Grade) -> anyhow::Result<Archive> {
    let known: Vec<String> =
        graders::projects(&config.graders)?.into_iter().map(|project| project.slug).collect();
    if !known.contains(&args.project) {
        bail!("no project `{}`; there are {}", args.project, known.join(", "));
    }
    let archive = pack(&args.path)?;
    archive::inspect(&archive.file, &archive.name, &ArchiveLimits::default())?;
    Ok(archive)
}

/// A folder is packed as a student would pack it, and then treated as any upload.
pub(super) fn pack(path: &Path) -> anyhow::Result<Archive> {
    let place = || path.display().to_string();
    if !std::fs::metadata(path).with_context(place)?.is_dir() {
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        return Ok(Archive { file: File::open(path).with_context(place)?, name });
    }
    let mut tar = tar::Builder::new(tempfile::tempfile().context("making a temporary file")?);
    tar.follow_symlinks(false);
    tar.append_dir_all("submission", path).with_context(place)?;
    let file = tar.into_inner().context("packing the folder")?;
    Ok(Archive { file, name: "submission.tar".to_owned() })
}

async fn grade(config: &Config, args: &Grade, archive: &Archive) -> anyhow::Result<Report> {
    // At home the student grades their own program: weak limits are theirs to accept.
    let rig = rig::open(config, true).await?;
    let graders =
        Graders::read(&config.graders, &config.harness_dir, &config.box_dir.join("harness"))?;
    let grader = graders.get(&args.project).context("the project has gone")?;
    let seed = args.seed.unwrap_or_else(Seed::random);
    let job = Job { grader, seed, archive: archive.file.try_clone()? };
    let tell = |progress: Progress| {
        if !args.json {
            print_progress(&progress);
        }
    };
    Ok(session::grade(&rig, &job, &tell).await?)
}

fn print_progress(progress: &Progress) {
    match &progress.check {
        Some(check) => {
            eprintln!("{}: {check} ({} of {})", progress.phase, progress.done, progress.total);
        }
        None => eprintln!("{}", progress.phase),
    }
}

fn show(report: &Report, json: bool) -> Outcome {
    if json {
        match serde_json::to_string_pretty(report) {
            Ok(text) => println!("{text}"),
            Err(fault) => {
                eprintln!("testat: the report can't be written as JSON: {fault}");
                return Outcome::OurFault;
            }
        }
    } else {
        print!("{}", in_words(report));
    }
    match report.verdict {
        Verdict::Passed => Outcome::Passed,
        Verdict::Failed => Outcome::Failed,
    }
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    for check in &report.checks {
        text.push_str(&check_in_words(check));
    }
    for exceeded in &report.usage.exceeded {
        let LimitShown { title, words, advice } = LimitShown::of(exceeded, &report.language);
        text.push_str(&format!("\nEnded by a limit: {title}. {words}\nWhat to try: {advice}\n"));
    }
    if !report.log.is_empty() {
        text.push_str("\nlog\n");
        text.push_str(&visible(&report.log));
        text.push('\n');
    }
    let verdict = match report.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
    };
    text.push_str(&format!(
        "\n{verdict} ({} {}, {:.1} s of processor time, seed {})\n",
        report.grader.slug,
        report.grader.version,
        report.usage.cpu_ms as f64 / 1e3,
        report.seed
    ));
    if report.weak_limits {
        text.push_str("This machine can't enforce every limit; `testat doctor` says which.\n");
    }
    text
}

fn check_in_words(check: &Check) -> String {
    let mark = if check.passed { "ok    " } else { "FAILED" };
    let value = check.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4e}"));
    let comparison = serde_json::to_string(&check.comparison).unwrap_or_default();
    let comparison = comparison.trim_matches('"');
    let mut text = format!("{mark} {:<12} {value} {comparison} {:e}\n", check.id, check.threshold);
    if !check.passed {
        text.push_str(&format!("       {}\n", visible(&check.message)));
    }
    text
}
