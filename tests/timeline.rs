//! The phases of a grading with their times, by table.

use testat::web::timeline::{Moments, Standing, timeline};

fn began(phases: &[(&str, i64)]) -> Vec<(String, i64)> {
    phases.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect()
}

/// `Unpack 400 ms`, `Build now`, `Recorded ahead`.
fn shown(moments: &Moments) -> Vec<String> {
    let phase = |phase: testat::web::timeline::Phase| {
        let after = match (phase.standing, phase.took) {
            (Standing::Now, _) => "now".to_owned(),
            (Standing::Ahead, _) => "ahead".to_owned(),
            (Standing::Done, took) => took.unwrap_or_else(|| "done".to_owned()),
        };
        format!("{} {after}", phase.name)
    };
    timeline(moments).into_iter().map(phase).collect()
}

#[test]
fn phases_follow_each_other_and_the_one_at_work_is_named() {
    let waits = Moments { received: Some(0), queued: 120, ..Moments::default() };
    let expected =
        ["Received 120 ms", "Queued now", "Unpack ahead", "Grade ahead", "Recorded ahead"];
    assert_eq!(shown(&waits), expected);

    let builds =
        Moments { began: began(&[("unpack", 5_120), ("build", 5_520)]), builds: true, ..waits };
    let expected = [
        "Received 120 ms",
        "Queued 5.0 s",
        "Unpack 400 ms",
        "Build now",
        "Grade ahead",
        "Recorded ahead",
    ];
    assert_eq!(shown(&builds), expected);

    let over = Moments {
        began: began(&[("unpack", 5_120), ("start", 5_500), ("grade", 5_700)]),
        recorded: Some(205_500),
        ..waits
    };
    let expected =
        ["Received 120 ms", "Queued 5.0 s", "Unpack 380 ms", "Grade 3 min 20 s", "Recorded done"];
    assert_eq!(shown(&over), expected);
}

#[test]
fn a_grading_that_was_asked_for_later_begins_in_the_queue() {
    let again = Moments { queued: 10, ..Moments::default() };
    assert_eq!(shown(&again)[0], "Queued now");
}

#[test]
fn a_verdict_without_known_phases_is_a_verdict_all_the_same() {
    let old = Moments { received: Some(0), queued: 10, recorded: Some(90), ..Moments::default() };
    let expected = ["Received 10 ms", "Queued 80 ms", "Unpack done", "Grade done", "Recorded done"];
    assert_eq!(shown(&old), expected);
}
