//! Mistakes we know: when what came is exactly what a common mistake gives, the message says so.

use ndarray::{Array1, Array2, Array3, Axis};
use testat_kit::check::scaled_err;
use testat_kit::layer::Layer;
use testat_kit::network::{farthest, index, softmax};

use crate::draws::{Case, Probe};
use crate::reference::{BETA, GAMMA, Net, STEEPNESS, THETA, simulate, surrogate};

/// How near to a known mistake counts as that mistake.
const SAME: f64 = 1e-3;
/// How far off a result of half precision may lie, when the formula is right.
const COARSE: f64 = 4e-3;

const ROUNDING: &str = "The formula seems right and the numbers too coarse: is anything rounded, or computed in float16?";
/// For results that are not finite where a softmax taken literally overflows.
pub const OVERFLOW: &str = "With such logits exp overflows or vanishes: subtract each row's maximum before the exponentials.";

/// Ways of running a hidden neuron that are not ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    Strict,
    ToZero,
    NoReset,
    LateReset,
    NoLeak,
    NoBias,
}

impl Habit {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Strict, "A potential that meets the threshold exactly is a spike too: u >= theta."),
        (Self::ToZero, "The reset seems to set u to 0: a spike lowers it by theta."),
        (Self::NoReset, "The potential is not lowered after a spike."),
        (Self::LateReset, "The reset seems to come one step after its spike."),
        (Self::NoLeak, "The potential does not leak: it is multiplied by beta in every step."),
        (Self::NoBias, "These are the spikes without the hidden bias b0."),
    ];
}

/// The spikes of the case's hidden neurons, run in another way.
fn spikes_with(habit: Habit, case: &Case) -> Array3<u8> {
    let [hidden, _] = &case.net;
    let mut spikes = Array3::zeros(case.spikes.dim());
    let mut u = Array2::<f64>::zeros((case.input.dim().0, hidden.b.len()));
    let mut before = u.clone();
    let beta = if habit == Habit::NoLeak { 1.0 } else { BETA };
    let bias = if habit == Habit::NoBias { 0.0 } else { 1.0 };
    for (input, mut now) in case.input.axis_iter(Axis(1)).zip(spikes.axis_iter_mut(Axis(1))) {
        u = u * beta + input.mapv(f64::from).dot(&hidden.w) + &hidden.b * bias;
        let fires = |u: f64| if habit == Habit::Strict { u > THETA } else { u >= THETA };
        let z = u.mapv(|u| f64::from(u8::from(fires(u))));
        now.assign(&u.mapv(|u| u8::from(fires(u))));
        match habit {
            Habit::NoReset => {}
            Habit::ToZero => u = &u * &z.mapv(|z| 1.0 - z),
            Habit::LateReset => u = &u - &(&before * THETA),
            _ => u = &u - &(&z * THETA),
        }
        before = z;
    }
    spikes
}

/// What the hidden neurons seem to do instead.
pub fn of_spikes(got: &Array3<u8>, case: &Case) -> Option<&'static str> {
    let known = Habit::ALL.iter().find(|(habit, _)| *got == spikes_with(*habit, case));
    known.map(|(_, words)| *words).or_else(|| {
        let steps = got.dim().1;
        let late = got.axis_iter(Axis(1)).skip(1).zip(case.spikes.axis_iter(Axis(1)));
        let (mut shifted, mut any) = (steps > 1, false);
        for (got, expected) in late {
            shifted &= got == expected;
            any |= expected.iter().any(|z| *z == 1);
        }
        (shifted && any).then_some("Every spike comes one step late.")
    })
}

/// What the read-out seems to do instead.
pub fn of_logits(got: &Array2<f64>, case: &Case) -> Option<&'static str> {
    let same = |other: &Array2<f64>| scaled_err(got, other) <= SAME;
    let steps = case.input.dim().1 as f64;
    let read = |gamma, bias, late| readout(case, gamma, bias, late);
    let last = |v: Vec<Array2<f64>>| v.into_iter().next_back().unwrap_or_default();
    let mean = |v: Vec<Array2<f64>>| {
        v.into_iter().fold(Array2::zeros(case.logits.dim()), |sum, v| sum + v) / steps
    };
    if scaled_err(got, &case.logits) <= COARSE {
        Some(ROUNDING)
    } else if same(&(&case.logits * steps)) {
        Some("This is the sum over the steps: the logits are the mean.")
    } else if same(&last(read(GAMMA, 1.0, false))) {
        Some("This is the read-out after the last step: the logits are the mean over all steps.")
    } else if same(&mean(read(GAMMA, 1.0, true))) {
        Some("The read-out hears each spike one step late.")
    } else if same(&mean(read(GAMMA, 0.0, false))) {
        Some("This is the result without the read-out's bias b1.")
    } else if same(&mean(read(1.0, 1.0, false))) {
        Some("The read-out does not leak: v is multiplied by gamma in every step.")
    } else if same(&mean(read(0.0, 1.0, false))) {
        Some("The read-out keeps nothing from one step to the next: v = gamma v + z W1 + b1.")
    } else if same(&softmax(&case.logits)) {
        Some("These are probabilities: return the logits, without softmax.")
    } else {
        None
    }
}

/// The read-out after each step, from the right spikes or those of the step before.
fn readout(case: &Case, gamma: f64, bias: f64, late: bool) -> Vec<Array2<f64>> {
    let [_, output] = &case.net;
    let mut v = Array2::<f64>::zeros(case.logits.dim());
    let mut before = Array2::zeros((case.input.dim().0, output.w.nrows()));
    let mut all = Vec::new();
    for now in case.spikes.axis_iter(Axis(1)) {
        let now = now.mapv(f64::from);
        v = v * gamma + if late { &before } else { &now }.dot(&output.w) + &output.b * bias;
        all.push(v.clone());
        before = now;
    }
    all
}

/// What the surrogate seems to be instead.
pub fn of_slope(got: &Array1<f64>, probe: &Probe) -> Option<&'static str> {
    let same = |other: &dyn Fn(f64) -> f64| scaled_err(got, &probe.x.mapv(other)) <= SAME;
    if scaled_err(got, &probe.slope) <= COARSE {
        Some(ROUNDING)
    } else if same(&|x| 1.0 / (1.0 + STEEPNESS * x.abs())) {
        Some("The denominator is not squared.")
    } else if same(&|x| (1.0 + STEEPNESS * x).powi(-2)) {
        Some("The distance enters with its sign: |x| is meant.")
    } else if same(&|x| x / (1.0 + STEEPNESS * x.abs())) {
        Some("This is the fast sigmoid itself: its derivative is meant.")
    } else if same(&|x| surrogate(x - THETA)) {
        Some("theta is taken off once too often: x is u - theta already.")
    } else if same(&|x| f64::from(u8::from(x >= 0.0))) {
        Some("This is the spike itself: what is meant stands in for its derivative.")
    } else if same(&|x| (1.0 + x.abs()).powi(-2)) {
        Some("The factor 5 is missing.")
    } else {
        None
    }
}

/// What the loss seems to be instead.
pub fn of_loss(got: f64, case: &Case) -> Option<&'static str> {
    let same = |other: f64| (got - other).abs() <= SAME * other.abs();
    let samples = case.y.len() as f64;
    if (got - case.loss).abs() <= COARSE * case.loss.abs() {
        Some(ROUNDING)
    } else if overflows(case) && got > 0.0 && got < case.loss {
        Some(
            "The loss is cut short: log(p + 1e-12) ends near 27. Work with logits less their maximum, and no epsilon.",
        )
    } else if samples > 1.0 && same(case.loss * samples) {
        Some("This is the sum over the samples: the loss is their mean.")
    } else if same(case.loss / std::f64::consts::LN_2) {
        Some("This is the loss in bits: use the natural logarithm.")
    } else if same(-case.loss) {
        Some("The sign is the wrong way round.")
    } else {
        None
    }
}

/// Ways back through time that are not ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    ThroughReset,
    TrueDerivative,
    NoDerivative,
    AfterReset,
    NoHiddenLeak,
    NoReadoutLeak,
}

impl Back {
    const ALL: [(Self, &'static str); 6] = [
        (
            Self::ThroughReset,
            "The gradient seems to run through the reset too: there z is a constant.",
        ),
        (
            Self::TrueDerivative,
            "The gradients of W0 and b0 are 0: the true derivative of a spike is 0 nearly everywhere, and the surrogate stands in for it.",
        ),
        (Self::NoDerivative, "This is what comes without the surrogate on the way back."),
        (
            Self::AfterReset,
            "The surrogate seems to be taken after the reset: u before it is meant.",
        ),
        (
            Self::NoHiddenLeak,
            "Nothing comes back from u of the next step: it holds beta times u of this one.",
        ),
        (
            Self::NoReadoutLeak,
            "Nothing comes back from v of the next step: it holds gamma times v of this one.",
        ),
    ];
}

/// What the gradients seem to be instead.
pub fn of_grads(got: &Net, case: &Case) -> Option<&'static str> {
    let same = |other: &Net| farthest(got, other) <= SAME;
    let scaled = |factor: f64| -> Net {
        case.grads.each_ref().map(|g| Layer { w: &g.w * factor, b: &g.b * factor })
    };
    let (samples, steps, _) = case.input.dim();
    let biases_right =
        got.iter().zip(&case.grads).all(|(got, right)| scaled_err(&got.b, &right.b) <= SAME);
    let weights_right =
        got.iter().zip(&case.grads).all(|(got, right)| scaled_err(&got.w, &right.w) <= SAME);
    if farthest(got, &case.grads) <= COARSE {
        Some(ROUNDING)
    } else if steps > 1 && same(&scaled(steps as f64)) {
        Some("Every gradient is T times too large: the logits are a mean over the steps.")
    } else if samples > 1 && same(&scaled(samples as f64)) {
        Some("Every gradient is N times too large: the loss is a mean over the samples.")
    } else if same(&scaled(-1.0)) {
        Some("The sign is the wrong way round.")
    } else if let Some((_, words)) = Back::ALL.iter().find(|(back, _)| same(&backward(*back, case)))
    {
        Some(words)
    } else if weights_right {
        Some("The gradients of the weights are right, those of the biases are not.")
    } else if biases_right {
        Some("The gradients of the biases are right, those of the weights are not.")
    } else {
        None
    }
}

/// Backpropagation through time in another way.
fn backward(back: Back, case: &Case) -> Net {
    let run = simulate(&case.net, &case.input);
    let [hidden, output] = &case.net;
    let (samples, steps, _) = case.input.dim();
    let mut own = softmax(&run.logits);
    for (mut row, class) in own.rows_mut().into_iter().zip(&case.y) {
        row.iter_mut().skip(index(*class)).take(1).for_each(|right| *right -= 1.0);
    }
    own /= (samples * steps) as f64;
    let mut grads = case.net.each_ref().map(|l| Layer { w: &l.w * 0.0, b: &l.b * 0.0 });
    let mut of_v = Array2::<f64>::zeros(own.dim());
    let mut of_u = Array2::<f64>::zeros((samples, hidden.b.len()));
    let beta = if back == Back::NoHiddenLeak { 0.0 } else { BETA };
    let gamma = if back == Back::NoReadoutLeak { 0.0 } else { GAMMA };
    let [of_hidden, of_output] = &mut grads;
    let backwards = case.input.axis_iter(Axis(1)).zip(run.spikes.axis_iter(Axis(1)));
    let backwards = backwards.zip(run.potentials.axis_iter(Axis(1)));
    for ((input, spikes), potentials) in backwards.rev() {
        let z = spikes.mapv(f64::from);
        of_v = of_v * gamma + &own;
        of_output.w += &z.t().dot(&of_v);
        of_output.b += &of_v.sum_axis(Axis(0));
        of_u *= beta;
        let mut of_z = of_v.dot(&output.w.t());
        if back == Back::ThroughReset {
            of_z = of_z - &of_u * THETA;
        }
        let slope = match back {
            Back::TrueDerivative => Array2::zeros(of_z.dim()),
            Back::NoDerivative => Array2::ones(of_z.dim()),
            Back::AfterReset => (&potentials - &(z * THETA)).mapv(|u| surrogate(u - THETA)),
            _ => potentials.mapv(|u| surrogate(u - THETA)),
        };
        of_u = of_u + of_z * slope;
        of_hidden.w += &input.mapv(f64::from).t().dot(&of_u);
        of_hidden.b += &of_u.sum_axis(Axis(0));
    }
    grads
}

/// Whether the loss of these logits is not finite when the exponentials are taken as they are.
pub fn overflows(case: &Case) -> bool {
    let exponentials = case.logits.mapv(f64::exp);
    exponentials.rows().into_iter().any(|row| !row.sum().is_finite() || row.sum() == 0.0)
}
