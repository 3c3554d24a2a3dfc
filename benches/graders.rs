//! What grading the references takes, and how much of it is ours: every installed grader, both
//! languages, one grading at a time. Prints a table beside the limits; run by `make bench`.
#![expect(clippy::unwrap_used, reason = "a bench that can't go on stops")]

use std::path::{Path, PathBuf};

use testat::commands::graders::markdown;
use testat::commands::graders::trials::{self, Plan};
use testat::commands::{rig, serve};
use testat::config::Config;

/// Odd, so that the median is one of them.
const ROUNDS: u64 = 9;

fn config(data: &Path) -> Config {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let programs = Path::new(env!("CARGO_BIN_EXE_testat")).parent().unwrap().display().to_string();
    let variables = [
        ("TESTAT_DATA_DIR", data.display().to_string()),
        ("TESTAT_GRADERS", root.join("graders").display().to_string()),
        ("TESTAT_HARNESS_DIR", programs),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    Config::from(&data.join("none.toml"), variables).unwrap()
}

async fn bench() {
    let data = tempfile::tempdir().unwrap();
    let config = config(data.path());
    let rig = rig::open(&config, true).await.unwrap();
    let graders = serve::read_graders(&config).unwrap();
    let plan = Plan { first_seed: 1, seeds: ROUNDS, wrong_seeds: 0, wrong_each: None, jobs: 1 };
    let found = trials::verify(&rig, &graders.all(), plan, &|_, _| {}).await.unwrap();
    println!(
        "The reference solutions, {ROUNDS} seeds, one grading at a time; *ours* is the share of the \
         grading's wall-clock time that is neither the build's nor waiting for the program:\n"
    );
    println!("{}", markdown::costs(&found.graders));
    let over = found
        .graders
        .iter()
        .flat_map(|grader| &grader.costs)
        .filter(|cost| !cost.is_within_limits());
    match over.count() {
        0 => println!("Everything is within its limits."),
        count => println!("Over a limit, and bold: {count} of the rows."),
    }
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(bench());
}
