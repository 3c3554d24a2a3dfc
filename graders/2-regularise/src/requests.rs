//! Arguments into requests.

use testat_kit::exchange::params;
use testat_kit::link::Message;
use testat_kit::subject::Request;

use crate::draws::{Lesson, Weighing};
use crate::reference::{Drop, Norm, Watch};

/// The request `p2.penalty`.
pub fn penalty(given: &Weighing) -> Request {
    let message = params(&given.layers).with_scalar("l1", given.l1).with_scalar("l2", given.l2);
    let call = "penalty(params:layers, l1:real, l2:real) -> value:real, grads:layers=d";
    Request::ask("p2.penalty", call, message)
}

/// The request `p2.dropout`.
pub fn dropout(given: &Drop) -> Request {
    let message = Message::new()
        .with("h", &given.h)
        .with("mask", &given.mask)
        .with_scalar("q", given.q)
        .with("dout", &given.dout)
        .with_flag("training", given.training);
    let call = "dropout(h, mask, q:real, dout, training:flag) -> out, dh";
    Request::ask("p2.dropout", call, message)
}

/// The request `p2.batch_norm`.
pub fn batch_norm(given: &Norm) -> Request {
    let message = Message::new()
        .with("x", &given.x)
        .with("gamma", &given.gamma)
        .with("beta", &given.beta)
        .with("run_mean", &given.mean)
        .with("run_var", &given.var)
        .with_scalar("momentum", given.momentum)
        .with_scalar("eps", given.eps)
        .with_flag("training", given.training);
    let call = "batch_norm(x, gamma, beta, run_mean, run_var, momentum:real, eps:real, \
                training:flag) -> y, new_mean, new_var";
    Request::ask("p2.batch_norm", call, message)
}

/// The request `p2.early_stop`.
pub fn early_stop(given: &Watch) -> Request {
    let message = Message::new()
        .with("val", &ndarray::Array1::from(given.val.clone()))
        .with_integer("patience", given.patience)
        .with_scalar("min_delta", given.min_delta);
    let call = "early_stop(val, patience:int, min_delta:real) -> best:int, stop:int";
    Request::ask("p2.early_stop", call, message)
}

/// The request `p2.train`.
pub fn train(lesson: &Lesson) -> Request {
    let message = params(&lesson.start)
        .with("X", &lesson.train.images)
        .with("y", &lesson.train.labels)
        .with("Xval", &lesson.validation.images)
        .with("yval", &lesson.validation.labels)
        .with_integer("seed", lesson.seed);
    let call = "train(X, y, Xval, yval, params0:layers, seed:int) -> params:layers, curve?";
    Request::train("p2.train", call, message)
}
