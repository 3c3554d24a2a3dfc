//! Arguments into requests.

use ndarray::{Array2, Axis};
use testat_kit::exchange::params;
use testat_kit::layer::with_layers;
use testat_kit::link::Message;
use testat_kit::subject::Request;

use crate::draws::{Ewc, Fisher, Ranking};
use crate::lesson::Lesson;
use crate::state::State;

/// The request `p7.fisher`.
pub fn fisher(case: &Fisher) -> Request {
    let message = params(&case.layers).with("X", &case.x).with("y", &case.y);
    let call = "fisher_diag(params:layers, X, y) -> fisher:layers=F";
    Request::ask("p7.fisher", call, message)
}

/// The request `p7.ewc`.
pub fn ewc(case: &Ewc) -> Request {
    let message = with_layers(params(&case.params), "old", &case.old);
    let message = with_layers(message, "F", &case.fisher).with_scalar("lam", case.lam);
    let call = "ewc_penalty(params:layers, params_old:layers=old, fisher:layers=F, lam:real) \
                -> value:real, grads:layers=d";
    Request::ask("p7.ewc", call, message)
}

/// The request `p7.auroc`.
pub fn auroc(case: &Ranking) -> Request {
    let message = Message::new().with("scores", &case.scores).with("is_ood", &case.strange);
    Request::ask("p7.auroc", "auroc(scores, is_ood) -> auroc:real", message)
}

/// The request `p7.learn`; none if there is no such task.
pub fn learn(lesson: &Lesson, task: usize, state: Option<&State>) -> Option<Request> {
    let digits = lesson.train.get(task)?;
    let message = Message::new()
        .with("X", &digits.images)
        .with("y", &digits.labels)
        .with_integer("task", task as i64)
        .with_integer("seed", lesson.seed);
    let call = "learn(state:state, X, y, task:int, seed:int) -> state:state";
    Some(Request::train("p7.learn", call, State::carried(state, message)))
}

/// The request `p7.predict` for these rows of `images`.
pub fn predict(state: &State, images: &Array2<f32>, rows: &[usize]) -> Request {
    let message = Message::new().with("X", &images.select(Axis(0), rows));
    let call = "predict(state:state, X) -> labels";
    Request::ask("p7.predict", call, State::carried(Some(state), message))
}

/// The request `p7.ood` for these rows of `images`.
pub fn ood_score(state: &State, images: &Array2<f32>, rows: &[usize]) -> Request {
    let message = Message::new().with("X", &images.select(Axis(0), rows));
    let call = "ood_score(state:state, X) -> scores";
    Request::ask("p7.ood", call, State::carried(Some(state), message))
}
