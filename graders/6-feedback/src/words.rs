//! The words of a failed check: which function, with what arguments.

use testat_kit::words::{aside, params};

use crate::draws::{Case, Lesson};

/// One case's arguments: `params of 5-4-3 (2 layers), X (7, 5), y (7,), rule "fa" (a single sample)`.
pub fn of_case(case: &Case) -> String {
    let (samples, inputs) = case.x.dim();
    format!(
        "{}, {}X ({samples}, {inputs}), rule \"{}\"{}",
        params(&case.layers),
        matrices(&case.feedback),
        case.route.name(),
        aside(case.edge)
    )
}

/// One run's arguments.
pub fn of_lesson(lesson: &Lesson) -> String {
    let (steps, batch) = lesson.order.dim();
    format!(
        "{}, {}order ({steps}, {batch}), lr {:.4}, rule \"{}\"",
        params(&lesson.start),
        matrices(&lesson.feedback),
        lesson.lr,
        lesson.route.name()
    )
}

/// `B1 (3, 4), B2 (3, 6), `.
fn matrices(feedback: &[ndarray::Array2<f64>]) -> String {
    let shapes = feedback.iter().enumerate().map(|(l, matrix)| {
        let (rows, columns) = matrix.dim();
        format!("B{} ({rows}, {columns}), ", l + 1)
    });
    shapes.collect()
}
