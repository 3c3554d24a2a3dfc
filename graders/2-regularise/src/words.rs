//! The arguments of a call in words.

use testat_kit::words::{aside, number, params};

use crate::draws::{Dropped, Standardised, Story, Weighed};

/// One call of `penalty`: `params of 5-4-3 (2 layers), l1 0.1204, l2 0 (l2 = 0)`.
pub fn of_weighing(case: &Weighed) -> String {
    let given = &case.given;
    let (l1, l2) = (number(given.l1), number(given.l2));
    format!("{}, l1 {l1}, l2 {l2}{}", params(&given.layers), aside(case.edge))
}

/// One call of `dropout`.
pub fn of_dropping(case: &Dropped) -> String {
    let (given, (samples, units)) = (&case.given, case.given.h.dim());
    let training = python(given.training);
    let q = number(given.q);
    format!("h ({samples}, {units}), q {q}, training {training}{}", aside(case.edge))
}

/// One call of `batch_norm`.
pub fn of_norming(case: &Standardised) -> String {
    let (given, (samples, features)) = (&case.given, case.given.x.dim());
    format!(
        "x ({samples}, {features}), momentum {}, eps {:e}, training {}{}",
        number(given.momentum),
        given.eps,
        python(given.training),
        aside(case.edge)
    )
}

/// One call of `early_stop`, with all its losses: whoever is wrong can go through them by hand.
pub fn of_story(case: &Story) -> String {
    let watch = &case.given;
    let val: Vec<String> = watch.val.iter().map(|loss| number(*loss)).collect();
    format!(
        "val [{}], patience {}, min_delta {}{}",
        val.join(", "),
        watch.patience,
        number(watch.min_delta),
        aside(case.edge)
    )
}

fn python(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}
