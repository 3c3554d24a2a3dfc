//! Figures about a class: tables and properties.

use proptest::prelude::*;
use testat::course::statistics::{Quartiles, arrived, per_day, quartiles};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[test]
fn quartiles_lie_on_the_line_between_neighbours() {
    let of =
        |values: &[f64]| quartiles(values).map(|found| [found.lower, found.median, found.upper]);
    for (values, expected) in [
        (vec![], None),
        (vec![3.0], Some([3.0, 3.0, 3.0])),
        (vec![2.0, 1.0], Some([1.25, 1.5, 1.75])),
        (vec![4.0, 1.0, 3.0, 2.0, 5.0], Some([2.0, 3.0, 4.0])),
        (vec![1.0, 2.0, 4.0, 8.0], Some([1.75, 3.0, 5.0])),
    ] {
        assert_eq!(of(&values), expected, "{values:?}");
    }
}

#[test]
fn hours_fall_into_the_days_of_zurich_and_days_without_any_are_there() {
    // 22:30 UTC in summer is the next day; the clock goes back on 25 October 2026.
    let hours = [
        (at("2026-10-23T21:00:00Z") / HOUR, 1),
        (at("2026-10-23T22:00:00Z") / HOUR, 2),
        (at("2026-10-25T22:00:00Z") / HOUR, 4),
        (at("2026-10-25T23:00:00Z") / HOUR, 8),
    ];
    let days = [
        (at("2026-10-22T22:00:00Z"), 1),
        (at("2026-10-23T22:00:00Z"), 2),
        (at("2026-10-24T22:00:00Z"), 4),
        (at("2026-10-25T23:00:00Z"), 8),
    ];
    assert_eq!(per_day(hours), days);
    let apart = [(at("2026-12-01T12:00:00Z") / HOUR, 3), (at("2026-12-04T12:00:00Z") / HOUR, 5)];
    let counts: Vec<i64> = per_day(apart).into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, [3, 0, 0, 5]);
    assert_eq!(per_day([]), []);
}

#[test]
fn arrivals_add_up_day_by_day() {
    let from = 1_000;
    let times = [from + 3 * DAY + 1, from, from + DAY - 1, from + DAY];
    assert_eq!(arrived(&times, from), [(0, 0), (1, 2), (2, 3), (3, 3), (4, 4)]);
    assert_eq!(arrived(&[], from), [(0, 0)]);
    assert_eq!(
        arrived(&[from - DAY], from),
        [(0, 0), (1, 1)],
        "what came before counts for the first"
    );
}

proptest! {
    #[test]
    fn quartiles_stand_in_order_within_the_values(values in prop::collection::vec(-1e6..1e6, 1..50)) {
        let Quartiles { lower, median, upper } = quartiles(&values).unwrap();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(least <= lower && lower <= median && median <= upper && upper <= most);
        let below = values.iter().filter(|value| **value <= median).count();
        prop_assert!(2 * below >= values.len());
    }

    #[test]
    fn no_submission_is_lost_between_hours_and_days(
        hours in prop::collection::vec((490_000i64..500_000, 0i64..20), 0..60)
    ) {
        let days = per_day(hours.iter().copied());
        let count = |all: &[(i64, i64)]| all.iter().map(|(_, count)| count).sum::<i64>();
        prop_assert_eq!(count(&days), count(&hours));
        prop_assert!(days.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 23 * HOUR
            && pair[1].0 - pair[0].0 <= 25 * HOUR));
    }
}
