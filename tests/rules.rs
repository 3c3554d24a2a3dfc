//! The rules of the course, by table and by property.

use jiff::civil::{Time, date};
use proptest::prelude::*;
use testat::course::admission::{
    self, Basis, Carried, Decision, Needed, ProjectStanding, Rule, State,
};
use testat::course::attempts::{self, Refusal, Retry, Timeliness};
use testat::course::calendar;
use testat::course::result::{self, Graded, GradingState, Named, Times, Window};
use testat::course::{ProjectNumber, SemesterName, Verdict};

/// An instant written as a person in Zurich reads it.
fn zurich(text: &str) -> i64 {
    let (day, time) = text.split_once(' ').unwrap();
    calendar::instant_of(day.parse().unwrap(), time.parse().unwrap()).unwrap()
}

#[test]
fn a_semester_has_seven_windows_that_follow_each_other_through_the_change_of_clocks() {
    let windows = calendar::windows(date(2026, 9, 16), 7, calendar::DUE_AT).unwrap();
    let expected = [
        ("2026-09-16", "2026-09-29"),
        ("2026-09-30", "2026-10-13"),
        ("2026-10-14", "2026-10-27"),
        ("2026-10-28", "2026-11-10"),
        ("2026-11-11", "2026-11-24"),
        ("2026-11-25", "2026-12-08"),
        ("2026-12-09", "2026-12-22"),
    ];
    assert_eq!(windows.len(), 7);
    for (index, (window, (opens, due))) in windows.iter().zip(expected).enumerate() {
        assert_eq!(window.project.get(), index as i64 + 1);
        assert_eq!(window.opens, zurich(&format!("{opens} 00:00:00")));
        assert_eq!(window.due, zurich(&format!("{due} 23:59:59")));
    }
    for pair in windows.windows(2) {
        assert_eq!(pair[0].due + 1000, pair[1].opens, "one second lies between two windows");
    }
    // Project 3 spans 25 October 2026, when the clocks go back: it has an hour more.
    let hours = |n: usize| (windows[n].due + 1000 - windows[n].opens) / 3_600_000;
    assert_eq!((hours(1), hours(2), hours(3)), (336, 337, 336));
    // 2026-09-16 00:00 in Zurich is 22:00 of the day before in UTC: summer time.
    assert_eq!(windows[0].opens, 1_789_509_600_000);
}

#[test]
fn fourteen_lectures_are_a_week_apart() {
    let lectures = calendar::lectures(date(2026, 9, 16)).unwrap();
    assert_eq!(lectures.len(), 14);
    assert_eq!(lectures[0], date(2026, 9, 16));
    assert_eq!(lectures[13], date(2026, 12, 16));
}

#[test]
fn a_due_time_in_the_skipped_hour_is_moved_on_and_in_the_repeated_hour_is_the_first() {
    // 28 March 2027 has no 02:30; the eve of 29 March is that day.
    let spring = calendar::windows(date(2027, 3, 15), 1, Time::constant(2, 30, 0, 0)).unwrap();
    assert_eq!(spring[0].due, zurich("2027-03-28 03:30:00"));
    // 25 October 2026 has two 02:30; the first is an hour before the second.
    let autumn = calendar::windows(date(2026, 10, 12), 1, Time::constant(2, 30, 0, 0)).unwrap();
    assert_eq!(autumn[0].due + 3_600_000 + 1_800_000, zurich("2026-10-25 03:00:00"));
}

#[test]
fn days_are_local_and_have_23_to_25_hours() {
    for (inside, first, next, hours) in [
        ("2026-10-25 12:00:00", "2026-10-25 00:00:00", "2026-10-26 00:00:00", 25),
        ("2027-03-28 23:59:59", "2027-03-28 00:00:00", "2027-03-29 00:00:00", 23),
        ("2026-11-24 00:00:00", "2026-11-24 00:00:00", "2026-11-25 00:00:00", 24),
    ] {
        let (start, end) = calendar::day_of(zurich(inside));
        assert_eq!((start, end), (zurich(first), zurich(next)), "{inside}");
        assert_eq!((end - start) / 3_600_000, hours, "{inside}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in ["", "2026-02-30", "16.9.2026", "HS2026"] {
        assert!(calendar::parse_day(text).is_err(), "{text}");
    }
    assert_eq!(calendar::parse_day(" 2026-09-16 ").unwrap(), date(2026, 9, 16));
    assert!(calendar::windows(date(9999, 12, 1), 7, calendar::DUE_AT).is_err());
}

#[test]
fn the_whole_last_second_is_on_time() {
    let due = zurich("2026-09-29 23:59:59");
    for (at, expected) in [
        (due - 1, Timeliness::OnTime),
        (due, Timeliness::OnTime),
        (due + 999, Timeliness::OnTime),
        (due + 1000, Timeliness::Late),
    ] {
        assert_eq!(attempts::timeliness(at, due), expected);
    }
}

#[test]
fn what_was_on_time_stays_so_and_an_extension_given_later_heals() {
    assert!(attempts::counts(false, 10_000, 5_000), "the due time moved forward");
    assert!(!attempts::counts(true, 10_000, 5_000));
    assert!(attempts::counts(true, 10_000, 10_000), "an extension was given since");
    assert_eq!(attempts::own_due(7, Some(9)), 9);
    assert_eq!(attempts::own_due(9, Some(7)), 9, "an extension never takes time away");
}

#[test]
fn handing_in_is_refused_before_the_window_and_beyond_the_daily_limit() {
    let opens = zurich("2026-09-30 00:00:00");
    let at = zurich("2026-09-30 09:00:00");
    assert_eq!(attempts::may_hand_in(at, opens, 19, 20), Ok(()));
    assert_eq!(
        attempts::may_hand_in(at, opens, 20, 20),
        Err(Refusal::DailyLimit { limit: 20, again_from: zurich("2026-10-01 00:00:00") })
    );
    assert_eq!(attempts::may_hand_in(opens - 1, opens, 0, 20), Err(Refusal::NotYetOpen { opens }));
    assert_eq!(attempts::may_hand_in(opens, opens, 0, 20), Ok(()));
}

#[test]
fn a_late_submission_never_displaces_one_on_time() {
    use Timeliness::{Late, OnTime};
    assert!(attempts::replaces(OnTime, OnTime));
    assert!(attempts::replaces(Late, Late));
    assert!(attempts::replaces(OnTime, Late));
    assert!(!attempts::replaces(Late, OnTime));
}

#[test]
fn our_fault_is_tried_three_times() {
    assert_eq!(attempts::after_fault(1), Retry::After(5_000));
    assert_eq!(attempts::after_fault(2), Retry::After(25_000));
    assert_eq!(attempts::after_fault(3), Retry::NeedsAttention);
    assert_eq!(attempts::after_fault(i64::MAX), Retry::NeedsAttention);
}

fn graded(received: i64, late: bool, state: GradingState, verdict: Option<Verdict>) -> Graded {
    let finished = verdict.map(|_| received + 60_000);
    Graded { received, late, accepted: false, state, verdict, finished }
}

fn judged(gradings: &[Graded], decided: Option<Verdict>, now: i64) -> result::ProjectResult {
    let named = Named { number: ProjectNumber::new(1).unwrap(), slug: "backprop".parse().unwrap() };
    let decided = decided.map(|verdict| result::Decided { verdict, at: 77 });
    let times = Times { opens: 0, due: 1_000_000, now };
    result::of(named, gradings, decided.as_ref(), times, 1)
}

#[test]
fn a_result_is_the_best_verdict_on_time_and_an_override_wins() {
    use GradingState::{Done, NeedsAttention, Replaced, Running, Waiting};
    use ProjectStanding::{Lost, NotYetDue, Passed};
    use Verdict as V;
    let pass = graded(500_000, false, Done, Some(V::Passed));
    let fail = graded(400_000, false, Done, Some(V::Failed));
    let late_pass = graded(2_000_000, true, Done, Some(V::Passed));
    let (before, after) = (900_000, 3_000_000);
    let passed = Passed { since: 560_000 };
    let decided = Passed { since: 77 };
    type Row<'a> = (&'a str, &'a [Graded], Option<V>, i64, Option<V>, ProjectStanding);
    let rows: &[Row<'_>] = &[
        ("nothing yet", &[], None, before, None, NotYetDue),
        ("nothing, past", &[], None, after, None, Lost),
        ("failed, open", &[fail], None, before, Some(V::Failed), NotYetDue),
        ("failed, past", &[fail], None, after, Some(V::Failed), Lost),
        ("passed", &[pass], None, after, Some(V::Passed), passed),
        ("passed, then failed", &[pass, fail], None, after, Some(V::Passed), passed),
        ("late pass alone", &[late_pass], None, after, None, Lost),
        ("failed, late pass", &[fail, late_pass], None, after, Some(V::Failed), Lost),
        ("override passes", &[fail], Some(V::Passed), after, Some(V::Passed), decided),
        ("override fails", &[pass], Some(V::Failed), before, Some(V::Failed), Lost),
    ];
    for (name, gradings, decision, now, verdict, standing) in rows {
        let result = judged(gradings, *decision, *now);
        assert_eq!(result.verdict, *verdict, "{name}");
        assert_eq!(result.standing(), *standing, "{name}");
    }
    for (state, late, expected) in [
        (Waiting, false, ProjectStanding::Waiting),
        (Running, false, ProjectStanding::Waiting),
        (NeedsAttention, false, ProjectStanding::Waiting),
        (Replaced, false, Lost),
        (Waiting, true, Lost),
    ] {
        let received = if late { 2_000_000 } else { 500_000 };
        let result = judged(&[graded(received, late, state, None)], None, after);
        assert_eq!(result.standing(), expected, "{state} late={late}");
    }
    assert_eq!(judged(&[], None, -1).window, Window::Ahead);
    assert_eq!(judged(&[], None, 1_000_999).window, Window::Open);
    assert_eq!(judged(&[], None, 1_001_000).window, Window::Past);
}

/// `P` passed, `W` waiting, `N` not yet due, `-` lost.
fn standings(text: &str) -> Vec<ProjectStanding> {
    text.chars()
        .zip(1..)
        .map(|(letter, place)| match letter {
            'P' => ProjectStanding::Passed { since: place * 100 },
            'W' => ProjectStanding::Waiting,
            'N' => ProjectStanding::NotYetDue,
            '-' => ProjectStanding::Lost,
            'x' => ProjectStanding::Excused,
            other => panic!("{other}"),
        })
        .collect()
}

#[test]
fn admission_by_table() {
    use State::{Admitted, NotAdmitted, Open};
    let rule = Rule::new(5, 7).unwrap();
    for (text, state, passed, missing, since) in [
        ("NNNNNNN", Open, 0, 5, None),
        ("PPPPNNN", Open, 4, 1, None),
        ("PPPPP--", Admitted, 5, 0, Some(500)),
        ("PPPPPPP", Admitted, 7, 0, Some(500)),
        ("--PPPPP", Admitted, 5, 0, Some(700)),
        ("PPPP---", NotAdmitted, 4, 1, None),
        ("PPPP-W-", Open, 4, 1, None),
        ("PP-WN-N", Open, 2, 3, None),
        ("P--W-NN", NotAdmitted, 1, 4, None),
        ("", NotAdmitted, 0, 5, None),
    ] {
        let got = admission::decide(&rule, &standings(text), None, None);
        assert_eq!(
            (got.state, got.passed, got.missing, got.since),
            (state, passed, missing, since),
            "{text}"
        );
        assert_eq!(got.basis, Basis::Projects, "{text}");
        let open = text.matches(['W', 'N']).count();
        assert_eq!(admission::still_open(&standings(text)) as usize, open, "{text}");
    }
}

#[test]
fn an_earlier_admission_carries_over_and_an_override_wins_over_all() {
    let rule = Rule::new(5, 7).unwrap();
    let semester: SemesterName = "HS2025".parse().unwrap();
    let carried = Carried { semester: semester.clone(), since: 9 };
    let decided = |decision| admission::Decided { decision, at: 3 };

    let resit = admission::decide(&rule, &standings("-------"), Some(&carried), None);
    assert_eq!((resit.state, resit.missing, resit.since), (State::Admitted, 0, Some(9)));
    assert_eq!(resit.basis, Basis::CarriedOver { semester });

    let again = admission::decide(&rule, &standings("PPPPP--"), Some(&carried), None);
    assert_eq!(again.basis, Basis::Projects, "one's own passes are named first");

    let barred = decided(Decision::NotAdmitted);
    let barred = admission::decide(&rule, &standings("PPPPPPP"), Some(&carried), Some(&barred));
    assert_eq!((barred.state, barred.basis), (State::NotAdmitted, Basis::Override));

    let let_in = decided(Decision::Admitted);
    let let_in = admission::decide(&rule, &standings("-------"), None, Some(&let_in));
    assert_eq!((let_in.state, let_in.missing, let_in.since), (State::Admitted, 0, Some(3)));
}

#[test]
fn the_rule_for_an_excused_student_by_table() {
    use Needed::{OneFewer, Stays};
    let cases: &[(&[Needed], (u32, u32))] = &[
        (&[], (5, 7)),
        (&[Stays], (5, 6)),
        (&[OneFewer], (4, 6)),
        (&[OneFewer, OneFewer], (3, 5)),
        (&[OneFewer, Stays], (4, 5)),
        // Never more than are left.
        (&[Stays; 3], (4, 4)),
        // Never none.
        (&[OneFewer; 6], (1, 1)),
        (&[OneFewer; 9], (1, 1)),
    ];
    for (excuses, expected) in cases {
        let rule = Rule::new(5, 7).unwrap().excused(excuses);
        assert_eq!((rule.needed(), rule.of()), *expected, "{excuses:?}");
    }
    let own = Rule::new(5, 7).unwrap().excused(&[OneFewer]);
    for (text, state, passed, missing) in [
        ("xNNNNNN", State::Open, 0, 4),
        ("xPPPP--", State::Admitted, 4, 0),
        ("xPPP-N-", State::Open, 3, 1),
        ("xPPP---", State::NotAdmitted, 3, 1),
    ] {
        let got = admission::decide(&own, &standings(text), None, None);
        let found = (got.state, got.passed, got.missing);
        assert_eq!(found, (state, passed, missing), "{text}");
        assert_eq!((got.excused, got.rule), (1, own), "{text}");
    }
}

#[test]
fn a_late_submission_that_is_accepted_counts_as_if_it_had_been_on_time() {
    let late = graded(2_000_000, true, GradingState::Done, Some(Verdict::Passed));
    let accepted = Graded { accepted: true, ..late };
    assert_eq!(judged(&[late], None, 3_000_000).verdict, None);
    assert_eq!(judged(&[accepted], None, 3_000_000).verdict, Some(Verdict::Passed));
    let waiting = Graded { state: GradingState::Waiting, verdict: None, ..accepted };
    assert_eq!(judged(&[waiting], None, 3_000_000).standing(), ProjectStanding::Waiting);
    let excused = judged(&[accepted], None, 3_000_000).excused();
    assert_eq!(excused.standing(), ProjectStanding::Excused, "neither way");
}

#[test]
fn two_numbers_that_make_no_rule_are_refused() {
    for (needed, of) in [(0, 7), (8, 7), (0, 0), (1, 100)] {
        assert!(Rule::new(needed, of).is_err(), "{needed} of {of}");
    }
}

fn any_standing() -> impl Strategy<Value = ProjectStanding> {
    prop_oneof![
        (0..1000_i64).prop_map(|since| ProjectStanding::Passed { since }),
        Just(ProjectStanding::Waiting),
        Just(ProjectStanding::NotYetDue),
        Just(ProjectStanding::Lost),
    ]
}

fn any_case() -> impl Strategy<Value = (Rule, Vec<ProjectStanding>)> {
    (1..=9_u32).prop_flat_map(|of| {
        let rule = (1..=of).prop_map(move |needed| Rule::new(needed, of).unwrap());
        (rule, prop::collection::vec(any_standing(), of as usize))
    })
}

proptest! {
    /// Passing one more never makes an admission worse, nor more remain to be done.
    #[test]
    fn one_more_pass_never_hurts((rule, mut projects) in any_case(), which in 0..9_usize) {
        let rank = |state| match state {
            State::NotAdmitted => 0,
            State::Open => 1,
            State::Admitted => 2,
        };
        let before = admission::decide(&rule, &projects, None, None);
        let which = which % projects.len();
        let already = matches!(projects[which], ProjectStanding::Passed { .. });
        prop_assume!(!already);
        projects[which] = ProjectStanding::Passed { since: 5000 };
        let after = admission::decide(&rule, &projects, None, None);
        prop_assert!(rank(after.state) >= rank(before.state));
        prop_assert!(after.missing <= before.missing);
        prop_assert_eq!(after.passed, before.passed + 1);
        if before.state == State::Admitted {
            prop_assert_eq!(after.since, before.since, "it does not move the day of admission");
        }
    }

    /// To be excused from a project that was lost, with one fewer needed, never makes an admission worse.
    #[test]
    fn an_excuse_from_a_lost_project_never_hurts((rule, mut projects) in any_case()) {
        let rank = |state| match state {
            State::NotAdmitted => 0,
            State::Open => 1,
            State::Admitted => 2,
        };
        let lost = projects.iter().position(|one| *one == ProjectStanding::Lost);
        prop_assume!(lost.is_some() && rule.of() > 1);
        let before = admission::decide(&rule, &projects, None, None);
        if let Some(lost) = lost {
            projects[lost] = ProjectStanding::Excused;
        }
        let own = rule.excused(&[Needed::OneFewer]);
        let after = admission::decide(&own, &projects, None, None);
        prop_assert!(rank(after.state) >= rank(before.state));
        prop_assert!(after.missing <= before.missing);
        prop_assert!(own.needed() >= 1 && own.needed() <= own.of());
    }

    /// Open exactly while passing all that is left would admit and what is passed does not.
    #[test]
    fn open_means_that_it_can_still_be_reached((rule, projects) in any_case()) {
        let now = admission::decide(&rule, &projects, None, None);
        let best: Vec<_> = projects
            .iter()
            .map(|p| match p {
                ProjectStanding::Lost => ProjectStanding::Lost,
                _ => ProjectStanding::Passed { since: 0 },
            })
            .collect();
        let reachable = admission::decide(&rule, &best, None, None).state == State::Admitted;
        let enough = now.passed >= rule.needed();
        prop_assert_eq!(now.state == State::Admitted, enough);
        prop_assert_eq!(now.state == State::Open, reachable && !enough);
        prop_assert_eq!(now.missing, rule.needed().saturating_sub(now.passed));
    }

    /// Neither the order of the projects nor the kind of what is not passed changes the count.
    #[test]
    fn the_order_of_projects_does_not_matter((rule, projects) in any_case()) {
        let mut turned = projects.clone();
        turned.reverse();
        prop_assert_eq!(
            admission::decide(&rule, &projects, None, None),
            admission::decide(&rule, &turned, None, None)
        );
    }

    /// A carried-over admission holds whatever is handed in.
    #[test]
    fn carried_over_is_admitted((rule, projects) in any_case()) {
        let carried = Carried { semester: "FS2025".parse().unwrap(), since: 1 };
        let got = admission::decide(&rule, &projects, Some(&carried), None);
        prop_assert_eq!(got.state, State::Admitted);
    }

    /// A window of any first lecture has its two weeks, give or take the hour of a change of clocks.
    #[test]
    fn windows_have_two_weeks(day in 0..20_000_i64) {
        let first = date(2000, 1, 1).checked_add(jiff::ToSpan::days(day)).unwrap();
        for window in calendar::windows(first, 7, calendar::DUE_AT).unwrap() {
            let hours = (window.due + 1000 - window.opens) / 3_600_000;
            prop_assert!((335..=337).contains(&hours));
            prop_assert_eq!(calendar::day_of(window.opens).0, window.opens);
            prop_assert_eq!(calendar::day_of(window.due).1, window.due + 1000);
        }
    }
}
