//! Mistakes we know: when what came is exactly what a common mistake gives, the message says so; and no
//! call is drawn in which such a mistake would hardly show.

use ndarray::{Array1, Array2, Zip};
use testat_kit::check::scaled_err;

use crate::draws::{PairCase, RateCase, WindowCase};
use crate::reference::{Course, Pairing, RateRule, Spikes, follow, stdp, stdp_window};

/// How near to a known mistake counts as that mistake: nearer than any draw lets one lie to the reference.
const SAME: f64 = 1e-4;
/// How far off a result of half precision may lie, when the formula is right.
const COARSE: f64 = 4e-3;

const ROUNDING: &str = "The formula seems right and the numbers too coarse: is anything rounded, or computed in float16?";

/// A wrong course, and what to say of it.
type Mistake<T> = (T, &'static str);

/// The courses that known mistakes give instead of this case's.
pub fn rate_mistakes(case: &RateCase) -> Vec<Mistake<Course>> {
    let RateCase { rule, w0, x, eta, .. } = case;
    let eta = *eta;
    match *rule {
        RateRule::Hebb { decay } => vec![
            (
                RateRule::Hebb { decay: 0.0 }.course(w0, x, eta),
                "This is the course without the decay.",
            ),
            (
                follow(w0, 0.0, x, |w, _, x| {
                    let y: f64 = w.dot(&x);
                    Zip::from(w).and(x).for_each(|w, &x| *w += eta * y * x - decay * *w);
                }),
                "The decay seems to act without eta: it stands inside the bracket, eta (y x - decay w).",
            ),
            (
                follow(w0, 0.0, x, |w, _, x| {
                    let y: f64 = w0.dot(&x);
                    Zip::from(w).and(x).for_each(|w, &x| *w += eta * (y * x - decay * *w));
                }),
                "y seems to be computed from w0 throughout: it follows the weights from sample to sample.",
            ),
        ],
        RateRule::Oja => vec![
            (
                RateRule::Hebb { decay: 0.0 }.course(w0, x, eta),
                "This is Hebb's rule without any decay: Oja's takes eta y^2 w away.",
            ),
            (
                follow(w0, 0.0, x, |w, _, x| {
                    let y: f64 = w.dot(&x);
                    w.scaled_add(eta * y, &x);
                    let length = w.dot(w).sqrt();
                    w.mapv_inplace(|w| w / length);
                }),
                "The weights seem to be normalised outright: Oja's rule does that on average, by its own term.",
            ),
            (
                follow(w0, 0.0, x, |w, _, x| {
                    let y: f64 = w.dot(&x);
                    Zip::from(w).and(x).for_each(|w, &x| *w += eta * (y * x - y * *w));
                }),
                "The term that holds the weights seems to have y where it has y squared.",
            ),
        ],
        RateRule::Bcm { theta0, tau } => bcm_mistakes(case, theta0, tau),
    }
}

fn bcm_mistakes(case: &RateCase, theta0: f64, tau: f64) -> Vec<Mistake<Course>> {
    let RateCase { w0, x, eta, .. } = case;
    let eta = *eta;
    let variant = |rectified: bool, slid: fn(f64, f64, f64) -> f64, first: bool| {
        follow(w0, theta0, x, |w, theta, x| {
            let y: f64 = w.dot(&x);
            let y = if rectified { y.max(0.0) } else { y };
            let next = slid(y, *theta, tau);
            let used = if first { next } else { *theta };
            Zip::from(w).and(x).for_each(|w, &x| *w += eta * x * y * (y - used));
            *theta = next;
        })
    };
    let right: fn(f64, f64, f64) -> f64 = |y, theta, tau| theta + (y * y - theta) / tau;
    vec![
        (
            variant(true, right, true),
            "The new threshold seems to decide already: the weights move by the old one, then it slides.",
        ),
        (
            variant(true, |y, theta, tau| theta + (y - theta) / tau, false),
            "The threshold seems to follow y: it follows y squared.",
        ),
        (variant(false, right, false), "y seems to become negative: it is max(w.x, 0)."),
        (variant(true, |_, theta, _| theta, false), "The threshold does not seem to slide."),
    ]
}

/// What a rule that follows rates seems to do instead.
pub fn of_course(got: &Course, case: &RateCase) -> Option<&'static str> {
    let mistakes = rate_mistakes(case).into_iter();
    let mut known = mistakes.filter(|(course, _)| distance(got, course) <= SAME);
    let coarse = || (distance(got, &case.course) <= COARSE).then_some(ROUNDING);
    known.next().map(|(_, words)| words).or_else(coarse)
}

/// The largest scaled difference of weights and threshold.
pub fn distance(a: &Course, b: &Course) -> f64 {
    scaled_err(&a.w, &b.w).max(scaled_err(&a.theta, &b.theta))
}

/// The courses that known mistakes give instead of this case's. The first three show in every ordinary
/// draw, the others where the weights reach a bound.
pub fn pair_mistakes(case: &PairCase) -> Vec<Mistake<Array2<f64>>> {
    let PairCase { w0, spikes, p, .. } = case;
    let swapped = Pairing { tau_plus: p.tau_minus, tau_minus: p.tau_plus, ..*p };
    let reversed = Pairing { a_plus: -p.a_minus, a_minus: -p.a_plus, ..*p };
    let free = Pairing { w_min: f64::NEG_INFINITY, w_max: f64::INFINITY, ..*p };
    let unit = Spikes { dt: 1.0, ..spikes.clone() };
    vec![
        (
            traced(case, |trace, spike| trace + spike, true),
            "Spikes of one step seem to see each other: the traces grow after the weights have moved.",
        ),
        (
            traced(case, |trace, spike| if spike > 0.0 { 1.0 } else { trace }, false),
            "Only the nearest spike seems to count: the traces add up, so that all pairs do.",
        ),
        (
            stdp(w0, spikes, &swapped),
            "tau+ and tau- seem to be exchanged: the inputs' traces decay with tau+, the neuron's with tau-.",
        ),
        (
            stdp(w0, spikes, &reversed),
            "Input and output seem to be exchanged: an input before the output strengthens.",
        ),
        (stdp(w0, &unit, p), "A step seems to last 1 ms always: is the argument `dt` used?"),
        (stdp(w0, spikes, &free), "The weights seem to leave their bounds [w_min, w_max]."),
    ]
}

/// STDP with other traces: `grow` adds a spike, before the weights move or after.
fn traced(case: &PairCase, grow: fn(f64, f64) -> f64, early: bool) -> Array2<f64> {
    let PairCase { w0, spikes, p, .. } = case;
    let keep = |tau: f64| (-spikes.dt / tau).exp();
    let mut w = w0.clone();
    let (mut before, mut after) = (Array1::<f64>::zeros(w.len()), 0.0);
    let mut course = Array2::zeros((spikes.post.len() + 1, w.len()));
    course.row_mut(0).assign(&w);
    let rows = course.rows_mut().into_iter().skip(1);
    for ((mut row, inputs), fired) in rows.zip(spikes.pre.columns()).zip(&spikes.post) {
        let (inputs, fired) = (inputs.mapv(f64::from), f64::from(*fired));
        before *= keep(p.tau_plus);
        after *= keep(p.tau_minus);
        let grown = (
            Zip::from(&before).and(&inputs).map_collect(|&trace, &spike| grow(trace, spike)),
            grow(after, fired),
        );
        let seen = if early { grown.clone() } else { (before, after) };
        Zip::from(&mut w).and(&inputs).and(&seen.0).for_each(|w, &input, &before| {
            let change = p.a_plus * before * fired - p.a_minus * seen.1 * input;
            *w = (*w + change).max(p.w_min).min(p.w_max);
        });
        (before, after) = grown;
        row.assign(&w);
    }
    course
}

/// What `stdp` seems to do instead.
pub fn of_pairs(got: &Array2<f64>, case: &PairCase) -> Option<&'static str> {
    let mistakes = pair_mistakes(case).into_iter();
    let mut known = mistakes.filter(|(course, _)| scaled_err(got, course) <= SAME);
    let coarse = || (scaled_err(got, &case.w) <= COARSE).then_some(ROUNDING);
    known.next().map(|(_, words)| words).or_else(coarse)
}

/// What `stdp_window` seems to give instead.
pub fn of_window(got: &Array1<f64>, case: &WindowCase) -> Option<&'static str> {
    let WindowCase { d, p, dw, .. } = case;
    let swapped = Pairing { tau_plus: p.tau_minus, tau_minus: p.tau_plus, ..*p };
    let same = |other: &Array1<f64>| scaled_err(got, other) <= SAME;
    let at_zero = Zip::from(got).and(d).all(|got, d| *d != 0.0 || *got == 0.0);
    if same(&stdp_window(&-d, p)) {
        Some("The sign of d seems to be the other way round: d is output minus input.")
    } else if same(&stdp_window(d, &swapped)) {
        Some("tau+ and tau- seem to be exchanged: tau+ belongs to d > 0.")
    } else if same(&stdp_window(d, p).mapv(f64::abs)) {
        Some("Every change seems to be positive: output before input weakens.")
    } else if !at_zero {
        Some("For d = 0 the change is 0.")
    } else if same(&stdp_window(&d.mapv(f64::round), p)) {
        Some("The differences seem to be rounded to whole milliseconds.")
    } else {
        (scaled_err(got, dw) <= COARSE).then_some(ROUNDING)
    }
}
