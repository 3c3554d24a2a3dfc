//! Figures about a class, from values alone.

use std::collections::BTreeMap;

use super::calendar;

/// What a quarter, half and three quarters of some values are at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter.
    pub lower: f64,
    /// Half: the median.
    pub median: f64,
    /// Three quarters.
    pub upper: f64,
}

/// The quartiles of `values`, straight lines between neighbours (the seventh of the ways that Hyndman and
/// Fan list, 1996); none of none.
pub fn quartiles(values: &[f64]) -> Option<Quartiles> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |quarters: usize| {
        let place = (sorted.len().checked_sub(1)? * quarters) as f64 / 4.0;
        let (below, above) =
            (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
        Some(below + (above - below) * place.fract())
    };
    Some(Quartiles { lower: at(1)?, median: at(2)?, upper: at(3)? })
}

/// Counts by hour (hours since the epoch) as counts by local day, with every day in between: the day's
/// first instant in epoch milliseconds, and how many.
pub fn per_day(hours: impl IntoIterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut days: BTreeMap<i64, i64> = BTreeMap::new();
    for (hour, count) in hours {
        let (day, _) = calendar::day_of(hour.saturating_mul(HOUR));
        *days.entry(day).or_default() += count;
    }
    let (Some(first), Some(last)) =
        (days.first_key_value().map(|(day, _)| *day), days.last_key_value().map(|(day, _)| *day))
    else {
        return Vec::new();
    };
    let next = |day: &i64| Some(calendar::day_of(*day).1).filter(|next| *next <= last);
    std::iter::successors(Some(first), next)
        .map(|day| (day, days.get(&day).copied().unwrap_or(0)))
        .collect()
}

/// How many of `times` have come by the end of each day since `from`, as (days since, how many), from
/// (0, 0) to the day of the last one; all in epoch milliseconds.
pub fn arrived(times: &[i64], from: i64) -> Vec<(i64, usize)> {
    let mut days: Vec<i64> =
        times.iter().map(|time| time.saturating_sub(from).max(0) / DAY + 1).collect();
    days.sort_unstable();
    let last = days.last().copied().unwrap_or(0);
    (0..=last).map(|day| (day, days.partition_point(|one| *one <= day))).collect()
}

const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;
