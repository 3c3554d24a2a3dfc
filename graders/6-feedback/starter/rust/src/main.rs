//! Project 6: learning without weight transport. The work is in `solution.rs`.

#[cfg(test)]
mod practice;
mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::feedback::serve(solution::Solution)
}
