//! Project 4: synaptic plasticity. The work is in `solution.rs`.

#[cfg(test)]
mod practice;
mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::plasticity::serve(solution::Solution)
}
