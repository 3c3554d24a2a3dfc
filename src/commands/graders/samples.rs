//! `testat graders samples`: grades each project's reference with a public seed and keeps a few of the
//! requests and replies as `starter/samples.bin`, which the starter kits bring along.
//!
//! Kept as files rather than made when the server starts: that would cost a grading of each project
//! and need a sandbox, which a server of pages alone has not.

use anyhow::{Context, bail};
use testat_kit::report::Verdict;

use crate::commands::{grade, rig};
use crate::config::Config;
use crate::grading::graders::Grader;
use crate::grading::samples::Tap;
use crate::grading::seed::Seed;
use crate::grading::session::{self, Job, Rig};

/// Known to all: no grading of a student has this seed.
const SEED: u64 = 2026;

/// `testat graders samples`.
#[derive(Debug, clap::Args)]
pub struct Samples {
    /// Only the project with this slug; may be given several times
    #[arg(long = "project", value_name = "PROJECT")]
    pub(super) projects: Vec<String>,
}

/// Records them.
///
/// # Errors
/// A reference is missing or does not pass.
pub(super) async fn record_all(config: &Config, graders: &[&Grader]) -> anyhow::Result<()> {
    let rig = rig::open(config, true).await?;
    for grader in graders {
        record(&rig, grader).await.with_context(|| grader.project.slug.clone())?;
    }
    Ok(())
}

async fn record(rig: &Rig, grader: &Grader) -> anyhow::Result<()> {
    let reference =
        ["python", "rust"].map(|language| grader.folder.join("reference").join(language));
    let reference = reference.iter().find(|folder| folder.is_dir());
    let reference = reference.context("it has no reference solution")?;
    let archive = grade::pack(reference)?.file;
    let tap = Tap::default();
    let job = Job { grader, seed: Seed::number(SEED), archive };
    let report = session::record(rig, &job, &tap).await?;
    if report.verdict != Verdict::Passed {
        bail!("the reference did not pass, so nothing is recorded");
    }
    let samples = tap.samples()?;
    let path = grader.folder.join("starter/samples.bin");
    std::fs::write(&path, &samples).with_context(|| path.display().to_string())?;
    println!("{}: {} KiB", path.display(), samples.len().div_ceil(1024));
    Ok(())
}
