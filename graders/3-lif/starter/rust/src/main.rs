//! Project 3: leaky integrate-and-fire neuron. The work is in `solution.rs`.

#[cfg(test)]
mod practice;
mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::lif::serve(solution::Solution)
}
