//! Arguments into requests.

use testat_kit::exchange::params;
use testat_kit::link::Message;
use testat_kit::subject::Request;

use crate::draws::{Case, Lesson, Probe};

/// The request `p5.simulate`.
pub fn simulate(case: &Case) -> Request {
    let message = params(&case.net).with("S", &case.input);
    Request::ask("p5.simulate", "simulate(params:layers, S) -> logits, spikes", message)
}

/// The request `p5.surrogate`.
pub fn surrogate(probe: &Probe) -> Request {
    Request::ask("p5.surrogate", "surrogate(x) -> slope", Message::new().with("x", &probe.x))
}

/// The request `p5.bptt`.
pub fn bptt(case: &Case) -> Request {
    let message = params(&case.net).with("S", &case.input).with("y", &case.y);
    Request::ask("p5.bptt", "bptt(params:layers, S, y) -> loss:real, grads:layers=d", message)
}

/// The request `p5.train`.
pub fn train(lesson: &Lesson) -> Request {
    let message = params(&lesson.start)
        .with("X", &lesson.train.images)
        .with("y", &lesson.train.labels)
        .with_integer("seed", lesson.seed);
    let call = "train(X, y, params0:layers, seed:int) -> params:layers, curve?";
    Request::train("p5.train", call, message)
}
