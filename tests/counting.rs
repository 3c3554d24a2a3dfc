//! Which submission counts, by table and held against what the result says.

use proptest::prelude::*;
use testat::course::counting::{self, Handed, Part};
use testat::course::result::{self, Graded, GradingState, Named, Times};
use testat::course::{ProjectNumber, Verdict};

const DUE: i64 = 1_000_000;

/// One submission by letters: `l` late, `a` late and accepted; then its gradings, oldest first: `P` passed, `F` failed, `W`
/// waiting, `R` replaced, `A` needs attention. Its gradings end in the order of `at`.
fn handed(text: &str, at: i64) -> Handed {
    let accepted = text.starts_with('a');
    let late = accepted || text.starts_with('l');
    let received = if late { DUE + 60_000 } else { DUE - 60_000 };
    let gradings = text.trim_start_matches(['l', 'a']).chars().zip(0..).map(|(letter, number)| {
        let (state, verdict) = match letter {
            'P' => (GradingState::Done, Some(Verdict::Passed)),
            'F' => (GradingState::Done, Some(Verdict::Failed)),
            'W' => (GradingState::Waiting, None),
            'R' => (GradingState::Replaced, None),
            'A' => (GradingState::NeedsAttention, None),
            other => panic!("{other}"),
        };
        let finished = verdict.map(|_| DUE + at * 10 + number);
        Graded { received, late, accepted, state, verdict, finished }
    });
    Handed { received, late, accepted, gradings: gradings.collect() }
}

fn all(text: &str) -> Vec<Handed> {
    text.split_whitespace().zip(1..).map(|(one, at)| handed(one, at)).collect()
}

#[test]
fn the_first_pass_on_time_counts_and_each_other_says_why_not() {
    use Part::{Counts, Late, NotPassed, PassedToo, Replaced, ToCome};
    let table: [(&str, &[Part]); 11] = [
        ("F", &[NotPassed]),
        ("F P P", &[NotPassed, Counts, PassedToo]),
        ("lP P", &[Late, Counts]),
        ("lP", &[Late]),
        // A late one that was accepted is like one that came on time.
        ("aP P", &[Counts, PassedToo]),
        ("aW", &[ToCome]),
        ("R W", &[Replaced, ToCome]),
        ("P W", &[Counts, ToCome]),
        ("A", &[ToCome]),
        // A stricter grader takes no pass away, and a pass on being graded again counts.
        ("PF", &[Counts]),
        ("FP P", &[Counts, PassedToo]),
    ];
    for (text, parts) in table {
        assert_eq!(counting::parts(&all(text), false, DUE), parts, "{text}");
    }
    assert_eq!(counting::parts(&all("P F"), true, DUE), [Part::SetAside; 2]);
    // With more time, the late one is on time, and passed first.
    let more = counting::parts(&all("lP P"), false, DUE + 60_000);
    assert_eq!(more, [Counts, PassedToo]);
}

proptest! {
    /// One counts exactly when the result is a pass, and it has counted since that one passed.
    #[test]
    fn what_counts_is_what_the_result_rests_on(
        texts in proptest::collection::vec("[la]?[PFWRA]{1,3}", 0..6), extended in any::<bool>()
    ) {
        let handed: Vec<Handed> = texts.iter().zip(1..).map(|(one, at)| handed(one, at)).collect();
        let due = if extended { DUE + 60_000 } else { DUE };
        let parts = counting::parts(&handed, false, due);
        let gradings: Vec<Graded> = handed.iter().flat_map(|one| one.gradings.clone()).collect();
        let project = Named {
            number: ProjectNumber::new(1).unwrap(), slug: "backprop".parse().unwrap()
        };
        let times = Times { opens: 0, due, now: due };
        let result = result::of(project, &gradings, None, times, 0);
        let counting: Vec<usize> =
            (0..parts.len()).filter(|place| parts[*place] == Part::Counts).collect();
        let passed = result.verdict == Some(Verdict::Passed);
        prop_assert_eq!(counting.len(), usize::from(passed));
        if let [place] = counting[..] {
            let first = handed[place].gradings.iter()
                .filter(|one| one.verdict == Some(Verdict::Passed))
                .filter_map(|one| one.finished).min();
            prop_assert_eq!(first, result.since);
        }
    }
}
