//! Harness of project 7: grades over descriptor 3.

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::run::main(&testat_continual::RULES, testat_continual::grade)
}
