//! Project 5 in Rust: a right solution.

mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::snn::serve(solution::Solution)
}
