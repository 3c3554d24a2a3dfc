//! Arguments into requests, replies into layers.

use testat_kit::link::{LinkError, Message};
use testat_kit::subject::{Patience, Request, Trouble, unfit};

use crate::draws::{Case, Lesson, Walk};
use crate::reference::{Activation, Layer};

/// The request `p1.forward`.
pub fn forward(case: &Case) -> Request {
    let message = activation(params(&case.layers), case.activation).with("X", &case.x);
    Request { op: "p1.forward", function: "forward", message, patience: Patience::Ordinary }
}

/// The request `p1.grads`.
pub fn grads(case: &Case) -> Request {
    let message =
        activation(params(&case.layers), case.activation).with("X", &case.x).with("y", &case.y);
    Request { op: "p1.grads", function: "loss_and_grads", message, patience: Patience::Ordinary }
}

/// The request `p1.sgd`.
pub fn sgd(walk: &Walk) -> Request {
    let descent = &walk.descent;
    let message = activation(params(&walk.layers), descent.activation)
        .with("X", &descent.x)
        .with("y", &descent.y)
        .with("order", &descent.order)
        .with_scalar("lr", descent.lr)
        .with_scalar("momentum", descent.momentum);
    Request { op: "p1.sgd", function: "sgd", message, patience: Patience::Ordinary }
}

/// The request `p1.train`.
pub fn train(lesson: &Lesson) -> Request {
    let message = params(&lesson.start)
        .with("X", &lesson.train.images)
        .with("y", &lesson.train.labels)
        .with("seed", &ndarray::arr1(&[lesson.seed]));
    Request { op: "p1.train", function: "train", message, patience: Patience::Training }
}

/// The layers `W0`, `b0`, ... of a reply, `prefix` before each name, of the shapes of `like`; nothing is
/// missing, and no tensor there that is neither among them nor in `also`.
///
/// # Errors
/// [`Trouble::Unfit`], naming the tensor.
pub fn layers(
    reply: &Message,
    function: &'static str,
    prefix: &str,
    like: &[Layer<f64>],
    also: &[&str],
) -> Result<Vec<Layer<f64>>, Trouble> {
    let names = names(prefix, like.len());
    reply.expect_only(&names, also).map_err(unfit(function))?;
    let read = |(l, layer): (usize, &Layer<f64>)| -> Result<Layer<f64>, LinkError> {
        Ok(Layer {
            w: reply.matrix(&format!("{prefix}W{l}"), layer.w.dim())?,
            b: reply.vector(&format!("{prefix}b{l}"), layer.b.len())?,
        })
    };
    like.iter().enumerate().map(read).collect::<Result<_, _>>().map_err(unfit(function))
}

/// `W0`, `b0`, `W1`, ... with `prefix` before each.
pub fn names(prefix: &str, layers: usize) -> Vec<String> {
    (0..layers).flat_map(|l| [format!("{prefix}W{l}"), format!("{prefix}b{l}")]).collect()
}

fn params(layers: &[Layer<f64>]) -> Message {
    layers.iter().enumerate().fold(Message::new(), |message, (l, layer)| {
        message.with(format!("W{l}"), &layer.w).with(format!("b{l}"), &layer.b)
    })
}

fn activation(message: Message, activation: Activation) -> Message {
    message.with_field("activation", activation.name())
}
