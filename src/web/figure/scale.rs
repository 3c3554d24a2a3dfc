//! From values to places in a picture, and the round values beside an axis.

/// About so many marks on an axis.
const MARKS: f64 = 5.0;
/// What lies further out can't be told apart in a picture, and would overflow on the way to it.
const FAR: f64 = 1e150;

/// From values to a stretch of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    log: bool,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Over all values that the axis can show: finite ones, on a logarithmic axis positive ones.
    pub(super) fn over(
        values: impl Iterator<Item = f64>,
        log: bool,
        (from, to): (f64, f64),
    ) -> Self {
        let shown = values
            .filter(|value| value.is_finite() && (!log || *value > 0.0))
            .map(|value| if log { value.log10() } else { value.clamp(-FAR, FAR) });
        let mut range: Option<(f64, f64)> = None;
        for value in shown {
            range = Some(range.map_or((value, value), |(l, h)| (l.min(value), h.max(value))));
        }
        let (low, high) = match (range, log) {
            (None, _) => (0.0, 1.0),
            (Some((low, high)), true) => (low.floor(), high.ceil().max(low.floor() + 1.0)),
            (Some((low, high)), false) if high - low > 1e-12 * low.abs().max(high.abs()) => {
                (low, high)
            }
            (Some((low, _)), false) => (low, low + low.abs().max(1.0)),
        };
        Self { log, low, high, from, to }
    }

    /// Where a value lies: always within the stretch. What a logarithmic axis can't show, and what
    /// is no number, lies at its lower end.
    pub(super) fn at(self, value: f64) -> f64 {
        let value = match self.log {
            true if value > 0.0 => value.log10(),
            false if !value.is_nan() => value.clamp(-FAR, FAR),
            _ => self.low,
        };
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + part * (self.to - self.from)
    }

    /// Round values on the axis, from low to high; whole decades on a logarithmic one.
    pub(super) fn marks(self) -> Vec<f64> {
        if self.log {
            let step = ((self.high - self.low) / MARKS).ceil().max(1.0);
            return steps(self.low, step, self.high).map(|power| 10_f64.powf(power)).collect();
        }
        let rough = (self.high - self.low) / MARKS;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * magnitude);
        let step = round.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let first = (self.low / step).ceil();
        steps(first, 1.0, self.high / step).map(|count| count * step).collect()
    }
}

/// From `low` in steps up to `high`, and never more than a picture can hold.
fn steps(low: f64, step: f64, high: f64) -> impl Iterator<Item = f64> {
    (0_u8..24).map(move |i| low + f64::from(i) * step).take_while(move |v| *v <= high + 1e-9)
}

/// A number as a person reads it: four digits that count, a power of ten where it is far from one.
pub(in crate::web) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value.is_nan() { "none" } else { "beyond" }.to_owned();
    }
    if !(1e-3..1e5).contains(&value.abs()) {
        let text = format!("{value:.3e}");
        return match text.split_once('e') {
            Some((digits, power)) => format!("{}e{power}", trimmed(digits)),
            None => text,
        };
    }
    let decimals = match value.abs() {
        1000.0.. => 0,
        100.0.. => 1,
        10.0.. => 2,
        1.0.. => 3,
        0.1.. => 4,
        0.01.. => 5,
        _ => 6,
    };
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}
