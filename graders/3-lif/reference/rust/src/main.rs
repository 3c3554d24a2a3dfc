//! Project 3 in Rust: a right solution.

mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::lif::serve(solution::Solution)
}
