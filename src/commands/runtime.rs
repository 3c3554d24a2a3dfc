//! `testat runtime`: building what students' programs see of a system, and what is in it.

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
    /// Print what the runtime in use is made of: kind, name, version, SHA-256
    Packages,
}

/// Does it.
pub async fn run(config: &Config, command: &Command) -> anyhow::Result<()> {
    let source = rig::source();
    let runtime = match command {
        Command::Build => {
            Runtime::build(&config.runtime_dir, &source, &mut |step: &str| eprintln!("{step}"))
                .await?
        }
        Command::Show | Command::Packages => Runtime::find(&config.runtime_dir, &source).await?,
    };
    if matches!(command, Command::Packages) {
        print!("{}", runtime.packages()?);
        return Ok(());
    }
    println!("{}", runtime.id());
    Ok(())
}
