//! Project 4 in Rust: a right solution.

mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::plasticity::serve(solution::Solution)
}
