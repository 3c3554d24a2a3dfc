//! How long a grading may be expected to take, by table and by property; what it is measured by, on
//! both engines.

use proptest::prelude::*;
use testat::course::expectation::{FEWEST, Queue, Range, Spread, in_words, of_running, of_waiting};
use testat::course::{Language, Verdict};
use testat::store::{durations, queue};

use crate::database::{Course, MINUTE, on_both, outcome};

on_both!(only_gradings_of_the_same_project_and_language_are_measured);

async fn only_gradings_of_the_same_project_and_language_are_measured(t: Course) {
    for (n, took) in [(1, 3_000), (2, 1_000), (3, 2_000)] {
        let person = t.student(n).await;
        let begun = t.start + i64::try_from(n).unwrap() * MINUTE;
        t.hand_in(&person, 1, begun).await;
        let lease = t.claim(begun).await.unwrap();
        let held =
            queue::record(&t.db, &lease, &outcome(Verdict::Failed), begun + took).await.unwrap();
        assert_eq!(held, queue::Held::Yes);
    }
    // Of the second project, and one that still waits.
    t.finish(&t.student(1).await, 2, Verdict::Passed).await;
    t.hand_in(&t.student(2).await, 1, t.start + 9 * MINUTE).await;
    let slug = "backprop".parse().unwrap();
    let of =
        async |language, limit| durations::of_project(&t.db, &slug, language, limit).await.unwrap();
    assert_eq!(of(Language::Python, 9).await, [2_000, 1_000, 3_000], "newest first");
    assert_eq!(of(Language::Python, 2).await, [2_000, 1_000]);
    assert_eq!(of(Language::Rust, 9).await, Vec::<i64>::new());
}

#[test]
fn few_gradings_say_nothing_and_many_leave_out_the_odd_ones() {
    assert_eq!(Spread::of(vec![1000; FEWEST - 1]), None);
    let spread = Spread::of((1..=100).rev().collect()).unwrap();
    assert_eq!((spread.tenth, spread.ninetieth, spread.measured), (10, 90, 100));
    let outlier = Spread::of([vec![1000; 19], vec![900_000]].concat()).unwrap();
    assert_eq!((outlier.tenth, outlier.ninetieth), (1000, 1000));
}

#[test]
fn those_ahead_are_shared_by_the_workers() {
    let spread = Spread { tenth: 2_000, ninetieth: 10_000, measured: 40 };
    for (ahead, running, from, to) in [
        // Next, with nobody at work: only itself.
        (0, 0, 2_000, 10_000),
        // Next, after what runs.
        (0, 1, 2_000, 20_000),
        (3, 1, 8_000, 50_000),
        (3, 2, 5_000, 40_000),
        (4, 2, 6_000, 40_000),
        (100, 4, 52_000, 270_000),
    ] {
        let range = of_waiting(&spread, Queue { ahead, running });
        assert_eq!((range.from, range.to), (from, to), "{ahead} ahead, {running} running");
    }
    assert_eq!(of_running(&spread, 500), Some(Range { from: 1_500, to: 9_500 }));
    assert_eq!(of_running(&spread, 5_000), Some(Range { from: 0, to: 5_000 }));
    assert_eq!(of_running(&spread, 10_000), None, "longer than nine of ten took");
}

#[test]
fn a_range_is_rounded_outwards() {
    for (from, to, words) in [
        (0, 400, "about a second"),
        (2_000, 2_000, "about 2 s"),
        (1_900, 7_100, "1 to 8 s"),
        (12_000, 61_000, "10 to 70 s"),
        (100_000, 301_000, "1 to 6 min"),
        (10_000, 100_000, "up to 2 min"),
        (3_700_000, 7_300_000, "60 to 125 min"),
    ] {
        assert_eq!(in_words(Range { from, to }), words);
    }
}

proptest! {
    #[test]
    fn more_ahead_is_never_sooner_and_more_workers_never_later(
        durations in proptest::collection::vec(0..600_000_i64, FEWEST..60),
        ahead in 0..500_i64, running in 1..16_i64,
    ) {
        let spread = Spread::of(durations).unwrap();
        prop_assert!(spread.tenth <= spread.ninetieth);
        let range = of_waiting(&spread, Queue { ahead, running });
        prop_assert!(range.from <= range.to && range.from >= spread.tenth);
        let later = of_waiting(&spread, Queue { ahead: ahead + 1, running });
        prop_assert!(later.from >= range.from && later.to >= range.to);
        let sooner = of_waiting(&spread, Queue { ahead, running: running + 1 });
        prop_assert!(sooner.from <= range.from && sooner.to <= range.to);
    }
}
