//! Harness of project 2: grades over descriptor 3.

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::run::main(&testat_regularise::RULES, testat_regularise::grade)
}
