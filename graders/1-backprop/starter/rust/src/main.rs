//! Project 1: backpropagation from scratch. The work is in `solution.rs`.

#[cfg(test)]
mod practice;
mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::backprop::serve(solution::Solution)
}
