//! Harness of project 4: grades over descriptor 3.

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::run::main(&testat_plasticity::RULES, testat_plasticity::grade)
}
