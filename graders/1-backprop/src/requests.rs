//! Arguments into requests.

use testat_kit::exchange::params;
use testat_kit::link::Message;
use testat_kit::network::Activation;
use testat_kit::subject::Request;

use crate::draws::{Case, Lesson, Walk};

/// The request `p1.forward`.
pub fn forward(case: &Case) -> Request {
    let message = activation(params(&case.layers), case.activation).with("X", &case.x);
    let call = "forward(params:layers, X, activation:text) -> logits";
    Request::ask("p1.forward", call, message)
}

/// The request `p1.grads`.
pub fn grads(case: &Case) -> Request {
    let message =
        activation(params(&case.layers), case.activation).with("X", &case.x).with("y", &case.y);
    let call = "loss_and_grads(params:layers, X, y, activation:text) -> loss:real, grads:layers=d";
    Request::ask("p1.grads", call, message)
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
    let call = "sgd(params:layers, X, y, order, lr:real, momentum:real, activation:text) \
                -> params:layers";
    Request::ask("p1.sgd", call, message)
}

/// The request `p1.train`.
pub fn train(lesson: &Lesson) -> Request {
    let message = params(&lesson.start)
        .with("X", &lesson.train.images)
        .with("y", &lesson.train.labels)
        .with_integer("seed", lesson.seed);
    let call = "train(X, y, params0:layers, seed:int) -> params:layers, curve?";
    Request::train("p1.train", call, message)
}

fn activation(message: Message, activation: Activation) -> Message {
    message.with_field("activation", activation.name())
}
