//! Project 8: the parity of a spike train. The work is in `solution.rs`.

mod project;
mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::serve::serve(project::Served(solution::Solution))
}
