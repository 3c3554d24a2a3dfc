//! Project 5: a supervised spiking network. The work is in `solution.rs`.

#[cfg(test)]
mod practice;
mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::snn::serve(solution::Solution)
}
