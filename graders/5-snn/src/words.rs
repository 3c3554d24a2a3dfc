//! The arguments of a call in words.

use testat_kit::words::{aside, params};

use crate::draws::{Case, Probe};

/// One case's arguments: `params of 6-12-4 (2 layers), S (3, 20, 6) (a single sample)`.
pub fn of_case(case: &Case) -> String {
    let (samples, steps, inputs) = case.input.dim();
    format!("{}, S ({samples}, {steps}, {inputs}){}", params(&case.net), aside(case.edge))
}

/// One probe's argument.
pub fn of_probe(probe: &Probe) -> String {
    format!("x ({},){}", probe.x.len(), aside(probe.edge))
}
