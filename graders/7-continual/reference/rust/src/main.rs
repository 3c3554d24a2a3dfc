//! Reference solution of project 7.

mod solution;

use std::process::ExitCode;

fn main() -> ExitCode {
    testat_kit::continual::serve(solution::Solution)
}
