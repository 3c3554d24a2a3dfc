//! The words of a failed check: with what arguments.

use testat_kit::words::{aside, number};

use crate::draws::{PairCase, RateCase, WindowCase};
use crate::lessons::{Cloud, Trains};
use crate::reference::{Pairing, RateRule};

/// One case's arguments: `w0 (5,), X (312, 5), eta 0.01234, decay 1.840 (a single sample)`.
pub fn of_rate(case: &RateCase) -> String {
    let (samples, inputs) = case.x.dim();
    let own = match case.rule {
        RateRule::Hebb { decay } => format!(", decay {}", number(decay)),
        RateRule::Oja => String::new(),
        RateRule::Bcm { theta0, tau } => {
            format!(", theta0 {}, tau {}", number(theta0), number(tau))
        }
    };
    let eta = number(case.eta);
    format!("w0 ({inputs},), X ({samples}, {inputs}), eta {eta}{own}{}", aside(case.edge))
}

/// One case's arguments.
pub fn of_pairs(case: &PairCase) -> String {
    let (inputs, steps) = case.spikes.pre.dim();
    format!(
        "w0 ({inputs},), pre ({inputs}, {steps}), post ({steps},), {}, dt {}{}",
        pairing(&case.p),
        number(case.spikes.dt),
        aside(case.edge)
    )
}

/// One case's arguments.
pub fn of_window(case: &WindowCase) -> String {
    format!("d ({},), {}{}", case.d.len(), pairing(&case.p), aside(case.edge))
}

/// The three clouds, in the order asked.
pub fn of_clouds(clouds: &[Cloud]) -> String {
    let each = |cloud: &Cloud| {
        let (samples, inputs) = cloud.x.dim();
        format!("X ({samples}, {inputs}) with k {}", cloud.k)
    };
    clouds.iter().map(each).collect::<Vec<_>>().join(", then ")
}

/// The spike trains.
pub fn of_trains(trains: &Trains) -> String {
    let (inputs, steps) = trains.pre.dim();
    format!("pre ({inputs}, {steps})")
}

/// `p [0.01, 0.012, 20, 20, 0, 1]`.
fn pairing(p: &Pairing) -> String {
    let all: Vec<String> = p.to_array().iter().map(|value| number(*value)).collect();
    format!("p [{}]", all.join(", "))
}
