//! Project 7: continual learning and strangers. The work is in `solution.rs`.

#[cfg(test)]
mod practice;
mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::continual::serve(solution::Solution)
}
