//! Arguments into requests.

use testat_kit::link::Message;
use testat_kit::subject::Request;

use crate::draws::{Case, Recording, Sweep};

/// The request `p3.simulate`.
pub fn simulate(case: &Case) -> Request {
    let message = Message::new()
        .with("I", &case.current)
        .with("p", &case.neuron.vector())
        .with_scalar("dt", case.dt);
    Request::ask("p3.simulate", "simulate(I, p, dt:real) -> V, S", message)
}

/// The request `p3.fi`, with the longer time limit: a curve may be simulated.
pub fn fi_curve(sweep: &Sweep) -> Request {
    let message = Message::new().with("I", &sweep.current).with("p", &sweep.neuron.vector());
    Request::train("p3.fi", "fi_curve(I, p) -> rate", message)
}

/// The request `p3.identify`, with the longer time limit.
pub fn identify(recording: &Recording) -> Request {
    let message = Message::new()
        .with("I", &recording.current)
        .with("V", &recording.run.v)
        .with("S", &recording.run.s)
        .with_scalar("dt", recording.dt);
    Request::train("p3.identify", "identify(I, V, S, dt:real) -> p", message)
}
