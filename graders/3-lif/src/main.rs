//! Harness of project 3: grades over descriptor 3.

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::run::main(&testat_lif::RULES, testat_lif::grade)
}
