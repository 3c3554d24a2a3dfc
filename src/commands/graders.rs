//! `testat graders`: what instructors do with grader folders.

use crate::config::Config;

use super::samples;

/// `testat graders ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Record the samples of the starter kits from gradings of the reference solutions
    Samples(samples::Samples),
}

/// Does it.
///
/// # Errors
/// It can't be done.
pub async fn run(config: &Config, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Samples(arguments) => samples::run(config, arguments).await,
    }
}
