//! Arguments into requests.

use testat_kit::link::Message;
use testat_kit::subject::Request;

use crate::draws::{PairCase, RateCase, WindowCase};
use crate::lessons::{Cloud, Trains};
use crate::reference::RateRule;

/// The request `p4.hebb`, `p4.oja` or `p4.bcm`.
pub fn rate(case: &RateCase) -> Request {
    let message =
        Message::new().with("w0", &case.w0).with("X", &case.x).with_scalar("eta", case.eta);
    match case.rule {
        RateRule::Hebb { decay } => {
            let call = "hebb(w0, X, eta:real, decay:real) -> W";
            Request::ask("p4.hebb", call, message.with_scalar("decay", decay))
        }
        RateRule::Oja => Request::ask("p4.oja", "oja(w0, X, eta:real) -> W", message),
        RateRule::Bcm { theta0, tau } => {
            let call = "bcm(w0, theta0:real, X, eta:real, tau:real) -> W, theta";
            let message = message.with_scalar("theta0", theta0).with_scalar("tau", tau);
            Request::ask("p4.bcm", call, message)
        }
    }
}

/// The request `p4.stdp`.
pub fn stdp(case: &PairCase) -> Request {
    let message = Message::new()
        .with("w0", &case.w0)
        .with("pre", &case.spikes.pre)
        .with("post", &case.spikes.post)
        .with("p", &case.p.to_array())
        .with_scalar("dt", case.spikes.dt);
    Request::ask("p4.stdp", "stdp(w0, pre, post, p, dt:real) -> W", message)
}

/// The request `p4.window`.
pub fn window(case: &WindowCase) -> Request {
    let message = Message::new().with("d", &case.d).with("p", &case.p.to_array());
    Request::ask("p4.window", "stdp_window(d, p) -> dw", message)
}

/// The request `p4.pca`.
pub fn pca(cloud: &Cloud) -> Request {
    let message = Message::new()
        .with("X", &cloud.x)
        .with_integer("k", cloud.k as i64)
        .with_integer("seed", cloud.seed);
    Request::train("p4.pca", "learn_pca(X, k:int, seed:int) -> W", message)
}

/// The request `p4.corr`.
pub fn corr(trains: &Trains) -> Request {
    let message = Message::new().with("pre", &trains.pre).with_integer("seed", trains.seed);
    Request::train("p4.corr", "learn_stdp(pre, seed:int) -> w", message)
}
