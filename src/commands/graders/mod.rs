//! `testat graders`: which graders are installed, whether each can be trusted, and what their starter kits
//! try themselves on.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use self::trials::Plan;
use super::grade::Outcome;
use super::{rig, serve};
use crate::config::Config;
use crate::grading::evidence::Evidence;
use crate::grading::graders::{Grader, Graders};

pub mod markdown;
pub mod samples;
pub mod trials;

/// How often progress is told where lines can't be written over.
const TELL: Duration = Duration::from_secs(10);

/// `testat graders ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The installed graders: number, slug, title, version, folder
    List,
    /// Grade every reference and every wrong solution of the installed graders, over fixed seeds
    ///
    /// Prints Markdown: right and wrong by passed and failed, how clearly each check decides, what the
    /// references take, and how likely luck is to fail a right solution. Ends with 1 if a reference
    /// failed, or a wrong solution passed or was not failed by the check that its folder names; with 3
    /// if a grading had no verdict twice.
    Verify(Verify),
    /// Record the samples of the starter kits from gradings of the reference solutions
    Samples(samples::Samples),
}

/// `testat graders verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Only the project with this slug; may be given several times
    #[arg(long = "project", value_name = "PROJECT")]
    projects: Vec<String>,
    /// Seeds for each reference
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// Seeds for each wrong solution; as for the references, but 5 at most, if not given
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    wrong_seeds: Option<u64>,
    /// Only so many wrong solutions of each check, the first by name; for a shorter run
    #[arg(long, value_name = "WRONG")]
    wrong_each: Option<usize>,
    /// The first seed; the others follow it
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Gradings side by side; as many as the machine has cores if not given
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Print one JSON document with the values of every grading
    #[arg(long)]
    json: bool,
}

/// What one run of `verify` found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// With how many seeds, and how many side by side.
    #[serde(flatten)]
    pub plan: Plan,
    /// The runtime that the solutions ran in.
    pub runtime: String,
    /// A grader each, by number.
    pub graders: Vec<Evidence>,
}

impl Verification {
    /// How it ended, as the exit code says it.
    pub fn outcome(&self) -> Outcome {
        if self.graders.iter().any(|grader| grader.confusion.faults > 0) {
            Outcome::OurFault
        } else if self.graders.iter().any(|grader| !grader.misses.is_empty()) {
            Outcome::Failed
        } else {
            Outcome::Passed
        }
    }
}

/// Does what the command says; wrong use and faults are told on stderr.
pub async fn run(config: &Config, command: &Command) -> Outcome {
    let graders = match serve::read_graders(config) {
        Ok(graders) => graders,
        Err(fault) => return sorry(&fault, Outcome::OurFault),
    };
    match command {
        Command::List => {
            print!("{}", list(&graders));
            Outcome::Passed
        }
        Command::Verify(args) => match chosen(&graders, &args.projects) {
            Err(fault) => sorry(&fault, Outcome::WrongUse),
            Ok(chosen) => match verify(config, args, &chosen).await {
                Ok(outcome) => outcome,
                Err(fault) => sorry(&fault, Outcome::OurFault),
            },
        },
        Command::Samples(args) => match chosen(&graders, &args.projects) {
            Err(fault) => sorry(&fault, Outcome::WrongUse),
            Ok(chosen) => match samples::record_all(config, &chosen).await {
                Ok(()) => Outcome::Passed,
                Err(fault) => sorry(&fault, Outcome::OurFault),
            },
        },
    }
}

fn sorry(fault: &anyhow::Error, outcome: Outcome) -> Outcome {
    eprintln!("testat: {fault:#}");
    outcome
}

fn list(graders: &Graders) -> String {
    let all = graders.all();
    let width = |part: fn(&Grader) -> &str| all.iter().map(|g| part(g).len()).max().unwrap_or(0);
    let slugs = width(|grader| &grader.project.slug);
    let titles = width(|grader| &grader.project.title);
    let line = |grader: &&Grader| {
        let project = &grader.project;
        format!(
            "{:>2}  {:<slugs$}  {:<titles$}  {}  {}\n",
            project.number,
            project.slug,
            project.title,
            grader.version.version,
            grader.folder.display()
        )
    };
    all.iter().map(line).collect()
}

/// The graders of these projects; all if none is named.
fn chosen<'a>(graders: &'a Graders, slugs: &[String]) -> anyhow::Result<Vec<&'a Grader>> {
    let all = graders.all();
    if let Some(unknown) = slugs.iter().find(|slug| graders.get(slug).is_none()) {
        let known: Vec<&str> = all.iter().map(|grader| grader.project.slug.as_str()).collect();
        bail!("no project `{unknown}`; there are {}", known.join(", "));
    }
    let is_meant = |grader: &&Grader| slugs.is_empty() || slugs.contains(&grader.project.slug);
    Ok(all.into_iter().filter(is_meant).collect())
}

async fn verify(config: &Config, args: &Verify, graders: &[&Grader]) -> anyhow::Result<Outcome> {
    // The solutions are ours: weak limits do no harm.
    let rig = rig::open(config, true).await?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        first_seed: args.first_seed,
        seeds: args.seeds,
        wrong_seeds: args.wrong_seeds.unwrap_or(args.seeds.min(5)),
        wrong_each: args.wrong_each,
        jobs: args.jobs.map_or(cores, usize::from),
    };
    let progress = Progress::default();
    let verification =
        trials::verify(&rig, graders, plan, &|done, total| progress.tell(done, total)).await?;
    let mut stdout = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut stdout, &verification).context("writing the JSON")?;
        writeln!(stdout)?;
    } else {
        write!(stdout, "{}", markdown::whole(&verification))?;
    }
    Ok(verification.outcome())
}

/// One line on stderr, written over on a terminal, and else a further one now and then.
#[derive(Default)]
struct Progress {
    told: RefCell<Option<Instant>>,
}

impl Progress {
    fn tell(&self, done: usize, total: usize) {
        let mut stderr = std::io::stderr().lock();
        // Progress that can't be told is no reason to stop.
        if stderr.is_terminal() {
            let end = if done == total { "\n" } else { "" };
            let _ = write!(stderr, "\r{done} of {total} gradings{end}");
        } else if done == total || self.told.borrow().is_none_or(|at| at.elapsed() >= TELL) {
            let _ = writeln!(stderr, "{done} of {total} gradings");
            self.told.replace(Some(Instant::now()));
        }
    }
}
