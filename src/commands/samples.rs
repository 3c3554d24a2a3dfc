//! `testat graders samples`: grades each project's reference with a public seed and keeps a few of the
//! requests and replies as `starter/samples.bin`, which the starter kits bring along.
//!
//! Kept as files rather than made when the server starts: that would cost a grading of each project
//! and need a sandbox, which a server of pages alone has not.

use anyhow::{Context, bail};
use testat_kit::report::Verdict;

use crate::config::Config;
use crate::course::Slug;
use crate::grading::graders::{Grader, Graders};
use crate::grading::samples::Tap;
use crate::grading::seed::Seed;
use crate::grading::session::{self, Job, Rig};

use super::{grade, rig};

/// Known to all: no grading of a student has this seed.
const SEED: &str = "2026";

/// `testat graders samples`.
#[derive(Debug, clap::Args)]
pub struct Samples {
    /// This project alone
    #[arg(long)]
    project: Option<Slug>,
}

/// Records them.
///
/// # Errors
/// A reference is missing or does not pass.
pub async fn run(config: &Config, arguments: &Samples) -> anyhow::Result<()> {
    let rig = rig::open(config, true).await?;
    let graders =
        Graders::read(&config.graders, &config.harness_dir, &config.box_dir.join("harness"))?;
    let wanted = |grader: &&Grader| {
        arguments.project.as_ref().is_none_or(|slug| slug.as_str() == grader.project.slug)
    };
    let mut recorded = 0;
    for grader in graders.all().into_iter().filter(wanted) {
        record(&rig, grader).await.with_context(|| grader.project.slug.clone())?;
        recorded += 1;
    }
    if recorded == 0 {
        bail!("there is no such project");
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
    let seed: Seed = SEED.parse().map_err(|fault| anyhow::anyhow!("the seed: {fault}"))?;
    let report = session::record(rig, &Job { grader, seed, archive }, &tap).await?;
    if report.verdict != Verdict::Passed {
        bail!("the reference did not pass, so nothing is recorded");
    }
    let samples = tap.samples()?;
    let path = grader.folder.join("starter/samples.bin");
    std::fs::write(&path, &samples).with_context(|| path.display().to_string())?;
    println!("{}: {} KiB", path.display(), samples.len().div_ceil(1024));
    Ok(())
}
