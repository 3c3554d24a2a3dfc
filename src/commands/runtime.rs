//! `testat runtime build`.

use crate::config::Config;
use crate::runtime::Runtime;

use super::rig;

/// `testat runtime ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Build what is missing of the root file system for students' programs
    Build,
    /// Print the hash of the runtime in use
    Show,
}

/// Does it.
pub async fn run(config: &Config, command: &Command) -> anyhow::Result<()> {
    let source = rig::source();
    let runtime = match command {
        Command::Build => {
            Runtime::build(&config.runtime_dir, &source, &mut |step: &str| eprintln!("{step}"))
                .await?
        }
        Command::Show => Runtime::find(&config.runtime_dir, &source).await?,
    };
    println!("{}", runtime.id());
    Ok(())
}
