//! Harness of project 5: grades over descriptor 3.

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::run::main(&testat_snn::RULES, testat_snn::grade)
}
