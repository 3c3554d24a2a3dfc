//! Deciding what was learnt: fair to a right solution that met one unlucky draw, and to no one else.

use crate::check::{Measured, median};
use crate::report::Comparison;
use crate::run::{Grading, blame};
use crate::subject::Trouble;
use crate::supervisor::Fault;
use crate::words::number;

/// Fresh data sets drawn when only learning failed on the first.
const RESERVES: u64 = 2;

/// Decides the learning checks `ids`, whose values on the first data set are `first`, in that order.
///
/// Every other check must have been decided before. If all of those passed and a learning check did not,
/// `again` measures a second and a third fresh data set, and the median of the three decides each learning
/// check: one unlucky draw fails no right solution (with a chance of p for one draw, about 3 p^2 is left),
/// and a fault elsewhere is never rescued. `words` says what a value means beside its threshold.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn decide(
    grading: &mut Grading,
    ids: &[&'static str],
    first: Vec<f64>,
    words: impl Fn(&str, f64, f64) -> String,
    mut again: impl FnMut(&mut Grading, u64) -> Result<Vec<f64>, Trouble>,
) -> Result<(), Fault> {
    if first.len() != ids.len() {
        return Err(Fault::Mistake("one value is due for each learning check".to_owned()));
    }
    let mut draws = vec![first];
    if grading.clean() && !all_pass(grading, ids, &draws)? {
        for reserve in 1..=RESERVES {
            for id in ids {
                grading.progress(id, draws.len(), RESERVES as usize + 1)?;
            }
            match again(grading, reserve) {
                Ok(values) if values.len() == ids.len() => draws.push(values),
                Ok(_) => {
                    return Err(Fault::Mistake("a reserve gave other checks' values".to_owned()));
                }
                Err(trouble) => return fail(grading, ids, trouble),
            }
        }
    }
    for (at, id) in ids.iter().enumerate() {
        let values: Vec<f64> = draws.iter().filter_map(|draw| draw.get(at)).copied().collect();
        let value = median(&values).unwrap_or(f64::NAN);
        let (threshold, comparison) = (grading.threshold(id)?, grading.comparison(id)?);
        let mut message = words(id, value, threshold);
        message.push_str(&aside(&values, value, threshold, comparison));
        grading.decide(id, Measured::new(value, message))?;
    }
    Ok(())
}

fn all_pass(grading: &Grading, ids: &[&str], draws: &[Vec<f64>]) -> Result<bool, Fault> {
    let mut all = true;
    for (id, value) in ids.iter().zip(draws.iter().flatten()) {
        all &= grading.passes(id, &Measured::new(*value, ""))?;
    }
    Ok(all)
}

/// Trouble on a reserve is a fault of the program, and no luck.
fn fail(grading: &mut Grading, ids: &[&'static str], trouble: Trouble) -> Result<(), Fault> {
    let failed = blame(trouble)?;
    for id in ids {
        let message = format!("on a further fresh data set: {}", failed.message);
        grading.decide(id, Measured::nothing(message))?;
    }
    Ok(())
}

/// Margin to the threshold, and with three draws all of them and their spread.
fn aside(values: &[f64], value: f64, threshold: f64, comparison: Comparison) -> String {
    let margin = match comparison {
        Comparison::AtMost => threshold - value,
        Comparison::AtLeast | Comparison::Exactly => value - threshold,
    };
    let sign = if margin < 0.0 { "-" } else { "+" };
    let margin = format!("margin {sign}{}", number(margin.abs()));
    if values.len() == 1 {
        return format!(" ({margin})");
    }
    let shown: Vec<String> = values.iter().map(|value| number(*value)).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!(
        ". This is the median of three fresh data sets ({}; {margin}, spread {}), drawn because only what \
         was learnt failed on the first",
        shown.join(", "),
        number(high - low)
    )
}

/// The check `repeatable`: how many of the numbers that two fresh processes returned for the same arguments
/// of `function` differ in any bit. Two replies of different lengths count as all different.
pub fn repeatable(function: &str, first: &[f64], again: &[f64]) -> Measured {
    let total = first.len().max(again.len());
    let equal = first.iter().zip(again).filter(|(a, b)| a.to_bits() == b.to_bits()).count();
    let differing = if first.len() == again.len() { total - equal } else { total };
    let message = if differing == 0 {
        format!(
            "two fresh processes called `{function}` with the same arguments and returned the same {total} \
             numbers to the bit"
        )
    } else {
        format!(
            "two fresh processes called `{function}` with the same arguments, and {differing} of {total} \
             numbers differ. Draw every random choice from a generator with a seed that you are given or have \
             fixed, never from the clock or the system"
        )
    };
    Measured::new(differing as f64, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_differ_in_a_bit_are_counted_and_a_shorter_reply_differs_throughout() {
        let value = |a: &[f64], b: &[f64]| repeatable("train", a, b).value;
        assert_eq!(value(&[1.0, 2.0], &[1.0, 2.0]), Some(0.0));
        assert_eq!(value(&[1.0, 0.0], &[1.0 + f64::EPSILON, -0.0]), Some(2.0));
        assert_eq!(value(&[1.0, 2.0], &[1.0]), Some(2.0));
    }

    #[test]
    fn the_aside_names_margin_draws_and_spread() {
        let one = aside(&[0.95], 0.95, 0.9, Comparison::AtLeast);
        assert_eq!(one, " (margin +0.05000)");
        let three = aside(&[0.85, 0.92, 0.91], 0.91, 0.9, Comparison::AtLeast);
        assert!(three.contains("(0.85000, 0.92000, 0.91000; margin +0.01000, spread 0.07000)"));
        assert!(aside(&[0.7], 0.7, 0.5, Comparison::AtMost).contains("margin -0.20000"));
    }
}
