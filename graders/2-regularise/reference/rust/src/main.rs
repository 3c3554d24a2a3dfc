//! Project 2 in Rust: a right solution.

mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::regularise::serve(solution::Solution)
}
