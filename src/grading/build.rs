//! Compiling a Rust submission in a sandbox of its own.

use std::fs::{self, File};

use testat_kit::report::{Check, Exceeded};

use super::exceeded::exceeded;
use super::room::Room;
use super::session::{Fault, Rig, io_fault};
use super::subject::Program;
use super::verdict;
use crate::sandbox::{Ending, Limits, Reason, Used};

/// What a build left and said.
#[derive(Debug)]
pub(super) struct Build {
    /// None when it did not compile, which fails the check.
    pub(super) program: Option<Program>,
    /// The check `build`.
    pub(super) check: Check,
    /// All that the compiler said.
    pub(super) log: String,
    /// What it took.
    pub(super) used: Used,
    /// The limit that ended it.
    pub(super) exceeded: Option<Exceeded>,
}

/// Compiles the Rust submission in `room`.
pub(super) async fn build(rig: &Rig, room: &Room) -> Result<Build, Fault> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let path = room.program();
    let program = File::options()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&path)
        .map_err(io_fault("making the file of the program"))?;
    let output = program.try_clone().map_err(io_fault("making the file of the program"))?;
    let limits = rig.build_limits;
    let spec = rig.runtime.build_rust(&room.tree(), output.into(), limits);
    let ending = rig.sandbox.start(spec).await?.wait().await?;
    let mut log = String::from_utf8_lossy(&ending.stdout).into_owned();
    log.push_str(&String::from_utf8_lossy(&ending.stderr));
    let size = program.metadata().map_err(io_fault("reading the size of the program"))?.len();
    let exit = match ending.reason {
        Reason::Exited(code) => Some(code),
        _ => None,
    };
    if exit == Some(0) && size > 0 {
        program
            .set_permissions(fs::Permissions::from_mode(0o755))
            .map_err(io_fault("making the program executable"))?;
        let check = verdict::build_check(true, exit, "The program was built.".to_owned());
        let program = Some(Program::Rust { program: path });
        return Ok(Build { program, check, log, used: ending.used, exceeded: None });
    }
    let message = build_fault(&ending, &limits, size);
    // A build that exits 0 without a program has failed all the same.
    let exit = exit.map(|code| if code == 0 { 1 } else { code });
    let check = verdict::build_check(false, exit, message);
    let exceeded = exceeded(ending.reason, &limits, &ending.used, "build");
    Ok(Build { program: None, check, log, used: ending.used, exceeded })
}

fn build_fault(ending: &Ending, limits: &Limits, size: u64) -> String {
    if ending.reason == Reason::Exited(0) && size == 0 {
        return "The build ended without leaving a program.".to_owned();
    }
    let text = String::from_utf8_lossy(&ending.stderr);
    let first = text.lines().find(|line| line.starts_with("error")).unwrap_or_default();
    let words = ending.reason.in_words(limits);
    format!(
        "The program could not be built: {words}. {first} The log has all that the compiler said."
    )
}
