//! What changed between two reports, by table and by property.

use proptest::prelude::*;
use testat::web::attempts_compared::{Became, changes};
use testat_kit::report::{Check, Comparison};

fn check(id: &str, comparison: Comparison, value: Option<f64>) -> Check {
    let threshold = 1.0;
    Check {
        id: id.into(),
        title: id.to_uppercase(),
        passed: value.is_some_and(|value| comparison.holds(value, threshold)),
        value,
        comparison,
        threshold,
        message: String::new(),
    }
}

fn became(comparison: Comparison, before: Option<f64>, after: Option<f64>) -> Became {
    let (before, after) = (check("a", comparison, before), check("a", comparison, after));
    changes(&[before], &[after])[0].became
}

#[test]
fn a_check_is_mended_broken_better_worse_or_the_same() {
    use Comparison::{AtLeast, AtMost, Exactly};
    for (comparison, before, after, expected) in [
        (AtLeast, Some(0.5), Some(1.0), Became::Mended),
        (AtLeast, Some(1.0), Some(0.9), Became::Broken),
        (AtLeast, Some(1.0), None, Became::Broken),
        (AtLeast, Some(0.2), Some(0.3), Became::Better),
        (AtLeast, Some(2.0), Some(1.5), Became::Same),
        (AtLeast, Some(0.3), Some(0.2), Became::Worse),
        (AtMost, Some(3.0), Some(2.0), Became::Better),
        (AtMost, Some(2.0), Some(3.0), Became::Worse),
        (AtMost, Some(0.1), Some(0.2), Became::Same),
        (AtMost, Some(0.1), Some(0.1), Became::Same),
        (AtMost, None, Some(5.0), Became::Better),
        (AtMost, Some(5.0), None, Became::Worse),
        (AtMost, None, None, Became::Same),
        (Exactly, Some(4.0), Some(1.0), Became::Mended),
        (Exactly, Some(4.0), Some(-1.0), Became::Better),
        (Exactly, Some(0.0), Some(2.0), Became::Same),
    ] {
        let got = became(comparison, before, after);
        assert_eq!(got, expected, "{comparison:?} {before:?} {after:?}");
    }
}

#[test]
fn checks_of_one_report_alone_are_new_or_gone() {
    let of = |id| check(id, Comparison::AtMost, Some(0.5));
    let (before, after) = ([of("start"), of("old")], [of("build"), of("start")]);
    let all: Vec<_> = changes(&before, &after)
        .into_iter()
        .map(|one| (one.after.or(one.before).unwrap().id.clone(), one.became))
        .collect();
    let expected = [("build", Became::New), ("start", Became::Same), ("old", Became::Gone)];
    assert_eq!(all, expected.map(|(id, became)| (id.to_owned(), became)));
}

fn any_comparison() -> impl Strategy<Value = Comparison> {
    prop_oneof![Just(Comparison::AtLeast), Just(Comparison::AtMost), Just(Comparison::Exactly)]
}

proptest! {
    /// What was gained going one way is lost going the other.
    #[test]
    fn turned_round_it_is_the_opposite(
        comparison in any_comparison(),
        before in proptest::option::of(-3.0..3.0_f64),
        after in proptest::option::of(-3.0..3.0_f64),
    ) {
        let opposite = match became(comparison, before, after) {
            Became::Mended => Became::Broken,
            Became::Broken => Became::Mended,
            Became::Better => Became::Worse,
            Became::Worse => Became::Better,
            other => other,
        };
        prop_assert_eq!(became(comparison, after, before), opposite);
    }
}
