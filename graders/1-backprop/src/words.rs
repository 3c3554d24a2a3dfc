//! The arguments of a call in words.

use testat_kit::words::{aside, params};

use crate::draws::{Case, Walk};

/// One case's arguments: `params of 5-4-3 (2 layers), X (7, 5), y (7,), relu (a single sample)`.
pub fn of_case(case: &Case) -> String {
    let (samples, inputs) = case.x.dim();
    let kind = case.activation.name();
    format!("{}, X ({samples}, {inputs}), {kind}{}", params(&case.layers), aside(case.edge))
}

/// One walk's arguments.
pub fn of_walk(walk: &Walk) -> String {
    let ((samples, inputs), (steps, batch)) = (walk.descent.x.dim(), walk.descent.order.dim());
    format!(
        "{}, X ({samples}, {inputs}), order ({steps}, {batch}), lr {:.4}, momentum {:.3}, {}{}",
        params(&walk.layers),
        walk.descent.lr,
        walk.descent.momentum,
        walk.descent.activation.name(),
        aside(walk.edge),
    )
}
