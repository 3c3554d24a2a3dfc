//! The command line: reads it, does what it says, prints errors.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use testat::commands::{admin, demo, doctor, grade, graders, runtime, serve, starter};
use testat::config::Config;

/// Takes in course projects, grades them in a sandbox, works out who may sit the exam.
#[derive(Debug, Parser)]
#[command(name = "testat", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pages, API and workers
    Serve,
    /// Workers alone, beside a server elsewhere
    Worker,
    /// Fill a demo semester, graded for real; keeps what is there
    Demo,
    /// Grade a folder or an archive on this machine
    Grade(grade::Grade),
    /// The installed graders, and whether they can be trusted
    #[command(subcommand)]
    Graders(graders::Command),
    /// Write a project's starter kit
    Starter(starter::Arguments),
    /// The root file system for students' programs
    #[command(subcommand)]
    Runtime(runtime::Command),
    /// What this host can enforce
    Doctor,
    /// People, roster, semester, tokens, export
    #[command(subcommand)]
    Admin(admin::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("testat: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

/// Programs are started on the runtime's own threads, which live as long as the process.
#[tokio::main]
async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let config = Config::load()?;
    match command {
        Command::Serve => serve::serve(&config).await?,
        Command::Worker => serve::work(&config).await?,
        Command::Demo => demo::run(&config).await?,
        Command::Grade(arguments) => {
            return Ok(ExitCode::from(grade::run(&config, arguments).await.code()));
        }
        Command::Graders(command) => {
            return Ok(ExitCode::from(graders::run(&config, &command).await.code()));
        }
        Command::Starter(arguments) => starter::run(&config, &arguments)?,
        Command::Runtime(command) => runtime::run(&config, &command).await?,
        Command::Doctor => return doctor::run(&config).await,
        Command::Admin(command) => admin::run(&config, command).await?,
    }
    Ok(ExitCode::SUCCESS)
}
