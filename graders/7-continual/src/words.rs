//! The words of a failed check: which function, with what arguments.

use testat_kit::words::{aside, number, params};

use crate::draws::{Ewc, Fisher, Ranking};

/// One case's arguments: `params of 5-4-3 (2 layers), X (7, 5), y (7,) (a single sample)`.
pub fn of_fisher(case: &Fisher) -> String {
    let (samples, inputs) = case.x.dim();
    let shapes = format!("X ({samples}, {inputs}), y ({samples},)");
    format!("{}, {shapes}{}", params(&case.layers), aside(case.edge))
}

/// One case's arguments: `params of 5-4-3 (2 layers), lam 12.41`.
pub fn of_ewc(case: &Ewc) -> String {
    format!("{}, lam {}{}", params(&case.params), number(case.lam), aside(case.edge))
}

/// One case's arguments: `40 scores, of which 17 are strangers'`.
pub fn of_ranking(case: &Ranking) -> String {
    let strange: usize = case.strange.iter().map(|strange| usize::from(*strange)).sum();
    let verb = if strange == 1 { "is a stranger's" } else { "are strangers'" };
    format!("{} scores, of which {strange} {verb}{}", case.scores.len(), aside(case.edge))
}
