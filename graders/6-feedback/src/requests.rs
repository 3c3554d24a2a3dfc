//! The requests of this project, and the student's functions that answer them.

use testat_kit::exchange::params;
use testat_kit::link::Message;
use testat_kit::subject::Request;

use crate::draws::{Case, Lesson};

/// The request `p6.grads`.
pub fn grads(case: &Case) -> Request {
    let call = "feedback_grads(params:layers, B:list=B, X, y, rule:text) -> grads:layers=d";
    let message = with_feedback(params(&case.layers), &case.feedback)
        .with("X", &case.x)
        .with("y", &case.y)
        .with_field("rule", case.route.name());
    Request::ask("p6.grads", call, message)
}

/// The request `p6.train`.
pub fn train(lesson: &Lesson) -> Request {
    let call = "train(X, y, params0:layers, B:list=B, rule:text, order, lr:real) -> params:layers";
    let message = with_feedback(params(&lesson.start), &lesson.feedback)
        .with("X", &lesson.train.images)
        .with("y", &lesson.train.labels)
        .with("order", &lesson.order)
        .with_scalar("lr", lesson.lr)
        .with_field("rule", lesson.route.name());
    Request::train("p6.train", call, message)
}

/// Adds the feedback matrices as `B1`, `B2`, ...
fn with_feedback(message: Message, feedback: &[ndarray::Array2<f64>]) -> Message {
    feedback
        .iter()
        .enumerate()
        .fold(message, |message, (l, matrix)| message.with(format!("B{}", l + 1), matrix))
}
