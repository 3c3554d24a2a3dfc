//! The arguments of a call, and where its result is wrong, in words.

use ndarray::{Array1, Array2};
use testat_kit::words::{aside, number};

use crate::draws::{Case, Recording, Sweep};
use crate::reference::Neuron;

/// One case's arguments: `I (6, 1200), v_rest -70.1, ..., t_ref 3.21, dt 0.25 (a single neuron)`.
pub fn of_case(case: &Case) -> String {
    let (neurons, steps) = case.current.dim();
    let neuron = of_neuron(&case.neuron);
    format!("I ({neurons}, {steps}), {neuron}, dt {}{}", number(case.dt), aside(case.edge))
}

/// One sweep's arguments.
pub fn of_sweep(sweep: &Sweep) -> String {
    format!("I ({},), {}{}", sweep.current.len(), of_neuron(&sweep.neuron), aside(sweep.edge))
}

/// One recording's arguments; never the neuron.
pub fn of_recording(recording: &Recording) -> String {
    let (neurons, steps) = recording.current.dim();
    format!("I, V, S ({neurons}, {steps}), dt {}{}", number(recording.dt), aside(recording.edge))
}

fn of_neuron(neuron: &Neuron) -> String {
    let Neuron { v_rest, v_reset, theta, r, tau, t_ref } = neuron;
    format!(
        "v_rest {v_rest:.3}, v_reset {v_reset:.3}, theta {theta:.3}, R {r:.3}, tau {tau:.3}, \
         t_ref {t_ref:.4}"
    )
}

/// Difference in mV that is worth being shown.
const SHOWN: f64 = 1e-7;

/// Where a potential differs first from the expected one, which says more than where it differs most: from
/// there on everything may be wrong.
pub fn first_potential(got: &Array2<f64>, case: &Case) -> Option<String> {
    let pairs = got.indexed_iter().zip(&case.run.v);
    let wrong = pairs.filter(|((_, got), expected)| (*got - *expected).abs() > SHOWN);
    let (((n, k), got), expected) = wrong.min_by_key(|(((n, k), _), _)| (*k, *n))?;
    let digits = if (got - expected).abs() < 1e-2 { 7 } else { 3 };
    Some(format!(
        "the first difference is V[{n}, {k}] = {got:.digits$}, expected {expected:.digits$} mV (step {k}, \
         spikes before it: {})",
        case.run.s.row(n).iter().take(k).filter(|s| **s == 1).count()
    ))
}

/// Where a spike is missing or too many first.
pub fn first_spike(got: &Array2<u8>, case: &Case) -> Option<String> {
    let pairs = got.indexed_iter().zip(&case.run.s);
    let wrong = pairs.filter(|((_, got), expected)| got != expected);
    let (((n, k), got), expected) = wrong.min_by_key(|(((n, k), _), _)| (*k, *n))?;
    Some(format!("the first difference is S[{n}, {k}] = {got}, expected {expected} (step {k})"))
}

/// The rate that is farthest from the expected one, by `errors` in tolerances.
pub fn worst_rate(got: &Array1<f64>, sweep: &Sweep, errors: &Array1<f64>) -> Option<String> {
    let (at, _) = errors.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let (got, expected) = (got.get(at)?, sweep.rate.get(at)?);
    let current = sweep.current.get(at)? / sweep.neuron.rheobase();
    Some(format!(
        "rate[{at}] is {} Hz, expected {} Hz (the current is {current:.3} times the rheobase)",
        number(*got),
        number(*expected)
    ))
}
