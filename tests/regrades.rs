//! A project graded again beside what counts: nothing changes until all of it is applied, and nothing
//! at all if it is discarded or undone, on both engines.

use testat::course::Verdict;
use testat::course::counting::{self, Part};
use testat::course::result::GradingState;
use testat::course::{PersonId, RegradeId, SubmissionId};
use testat::store::regrades::{
    self, DecisionError, NewRegrade, Scope, Seeds, StartError, State, Stuck,
};
use testat::store::results::{self, AdmissionRow};
use testat::store::{audit, integrity, queue, statistics, submissions};

use crate::database::{Course, DAY, MINUTE, on_both, outcome, project, tamper};

on_both!(
    what_is_run_beside_changes_nothing_until_it_is_applied,
    applied_it_counts_as_if_only_its_gradings_had_ever_been_made,
    discarded_it_leaves_every_result_as_it_was_and_stays_in_the_history,
    undone_what_counted_before_counts_again,
    nothing_is_applied_before_all_is_graded_or_after_it_was_decided,
    a_later_regrade_is_undone_before_the_one_beneath_it,
    only_what_failed_by_a_check_or_is_of_chosen_students_is_graded_again,
    uploads_go_before_regrades_whoever_has_more_of_them,
    what_needs_attention_is_tried_again_or_left_out,
    a_grading_asked_for_later_is_not_superseded,
    the_same_seed_is_handed_to_the_worker_and_a_new_one_is_not,
    a_regrade_that_was_changed_behind_the_programs_back_is_named,
);

/// A time at which project 1 is open and everything of these tests has been handed in.
fn later(t: &Course) -> i64 {
    t.start + 5 * DAY
}

async fn rows(t: &Course) -> Vec<AdmissionRow> {
    results::admissions(&t.db, &t.semester, later(t)).await.unwrap()
}

async fn verdicts(t: &Course) -> Vec<Option<Verdict>> {
    rows(t).await.iter().map(|row| row.projects[0].verdict).collect()
}

/// One who passed, one who failed, one who failed and then passed.
async fn filled(t: &Course) -> [PersonId; 3] {
    let people = [t.student(1).await, t.student(2).await, t.student(3).await];
    t.finish(&people[0], 1, Verdict::Passed).await;
    t.finish(&people[1], 1, Verdict::Failed).await;
    t.finish(&people[2], 1, Verdict::Failed).await;
    t.finish(&people[2], 1, Verdict::Passed).await;
    people
}

fn of_project_1(t: &Course, scope: Scope, seeds: Seeds) -> NewRegrade {
    NewRegrade {
        semester: t.semester.clone(),
        project: project(1),
        scope,
        seeds,
        reason: "The grader was mended.".parse().unwrap(),
    }
}

async fn start(t: &Course) -> RegradeId {
    let new = of_project_1(t, Scope::Everyone, Seeds::Same);
    regrades::start(&t.db, &new, &t.admin, later(t)).await.unwrap().0
}

/// Gives each grading that waits the verdict that `decide` has for its student.
async fn grade_all(t: &Course, decide: impl Fn(&PersonId) -> Verdict) {
    while let Some(lease) = t.claim(later(t)).await {
        let verdict = decide(&lease.person);
        let held = queue::record(&t.db, &lease, &outcome(verdict), later(t)).await.unwrap();
        assert_eq!(held, queue::Held::Yes);
    }
}

/// All that does not fit, but for the empty reports of these tests.
async fn faults(t: &Course) -> Vec<String> {
    let judge = |_: &str| Err("it is empty".to_owned());
    let found = integrity::examine(&t.db, &judge).await.unwrap().faults;
    let said = found.iter().map(ToString::to_string);
    said.filter(|fault| !fault.ends_with("can't be read: it is empty")).collect()
}

async fn last_action(t: &Course) -> String {
    audit::filtered(&t.db, &audit::Filter::default(), 1).await.unwrap().remove(0).action
}

async fn what_is_run_beside_changes_nothing_until_it_is_applied(t: Course) {
    let people = filled(&t).await;
    let (before, passes) =
        (rows(&t).await, statistics::first_passes(&t.db, &t.semester).await.unwrap());
    let shown = submissions::latest(&t.db, &t.semester).await.unwrap();
    let id = start(&t).await;
    assert_eq!(rows(&t).await, before, "while it waits");
    grade_all(&t, |person| if *person == people[1] { Verdict::Passed } else { Verdict::Failed })
        .await;
    assert_eq!(rows(&t).await, before, "while it is ready");
    assert_eq!(statistics::first_passes(&t.db, &t.semester).await.unwrap(), passes);
    assert_eq!(submissions::latest(&t.db, &t.semester).await.unwrap(), shown);
    assert_eq!(counted(&t, &people[0]).await, Part::Counts);
    assert_eq!(faults(&t).await, Vec::<String>::new());

    let (would, of) = results::if_applied(&t.db, &t.semester, &id, later(&t)).await.unwrap();
    assert_eq!((would.len(), of), (3, 3));
    let applied = regrades::apply(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    assert_eq!(applied, would, "what was announced is what happened");
    let (failed, passed) = (Some(Verdict::Failed), Some(Verdict::Passed));
    assert_eq!(verdicts(&t).await, [failed, passed, failed]);
    assert_eq!(last_action(&t).await, "regrade.apply");
    assert_eq!(counted(&t, &people[0]).await, Part::NotPassed);
    assert_eq!(counted(&t, &people[1]).await, Part::Counts);
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

/// What someone's first submission for project 1 is to its result.
async fn counted(t: &Course, person: &PersonId) -> Part {
    let handed = results::handed(&t.db, &t.semester, person, project(1)).await.unwrap();
    let handed: Vec<_> = handed.into_iter().map(|(_, one)| one).collect();
    counting::parts(&handed, false, later(t))[0]
}

async fn applied_it_counts_as_if_only_its_gradings_had_ever_been_made(t: Course) {
    let people = filled(&t).await;
    let id = start(&t).await;
    let again =
        |person: &PersonId| if *person == people[0] { Verdict::Failed } else { Verdict::Passed };
    grade_all(&t, again).await;
    regrades::apply(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    // The same students, whose submissions were graded so in the first place.
    let fresh = Course::begin(if t.url.starts_with("sqlite") {
        crate::database::Engine::Sqlite
    } else {
        crate::database::Engine::Postgres
    })
    .await;
    for (n, times) in [(1, 1), (2, 1), (3, 2)] {
        let person = fresh.student(n).await;
        for _ in 0..times {
            fresh.hand_in(&person, 1, fresh.start + DAY).await;
            let now = later(&fresh);
            let lease = fresh.claim(now).await.unwrap();
            let verdict = if n == 1 { Verdict::Failed } else { Verdict::Passed };
            let _ = queue::record(&fresh.db, &lease, &outcome(verdict), now).await.unwrap();
        }
    }
    let standings = async |t: &Course| {
        let all = rows(t).await.into_iter();
        all.map(|row| (row.legi, row.projects, row.admission)).collect::<Vec<_>>()
    };
    assert_eq!(standings(&t).await, standings(&fresh).await);
}

async fn discarded_it_leaves_every_result_as_it_was_and_stays_in_the_history(t: Course) {
    filled(&t).await;
    let before = rows(&t).await;
    let id = start(&t).await;
    let graded = t.claim(later(&t)).await.unwrap();
    let _ = queue::record(&t.db, &graded, &outcome(Verdict::Failed), later(&t)).await.unwrap();
    let at_work = t.claim(later(&t)).await.unwrap();
    regrades::discard(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    let held = queue::record(&t.db, &at_work, &outcome(Verdict::Failed), later(&t)).await.unwrap();
    assert_eq!(held, queue::Held::Lost, "nobody needs it any more");
    assert_eq!(t.claim(later(&t)).await, None);
    assert_eq!(rows(&t).await, before);
    let history = submissions::gradings(&t.db, &graded.submission).await.unwrap();
    let kept = history.iter().find(|one| one.id == graded.grading).unwrap();
    assert_eq!((kept.verdict, kept.counts), (Some(Verdict::Failed), false));
    assert!(!kept.is_of_record(), "and is not for the student");
    assert_eq!(faults(&t).await, Vec::<String>::new());
    // Another may be begun now.
    start(&t).await;
}

async fn undone_what_counted_before_counts_again(t: Course) {
    filled(&t).await;
    let before = rows(&t).await;
    let id = start(&t).await;
    grade_all(&t, |_| Verdict::Failed).await;
    regrades::apply(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    assert_ne!(rows(&t).await, before);
    regrades::undo(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    assert_eq!(rows(&t).await, before);
    assert_eq!(last_action(&t).await, "regrade.undo");
    assert_eq!(faults(&t).await, Vec::<String>::new());
    let again = regrades::undo(&t.db, &id, &t.admin, later(&t)).await;
    assert!(matches!(again, Err(DecisionError::Decided { found: State::Undone })), "{again:?}");
}

async fn nothing_is_applied_before_all_is_graded_or_after_it_was_decided(t: Course) {
    filled(&t).await;
    let before = rows(&t).await;
    let id = start(&t).await;
    let second =
        regrades::start(&t.db, &of_project_1(&t, Scope::Everyone, Seeds::New), &t.admin, later(&t))
            .await;
    assert!(matches!(second, Err(StartError::Open)), "{second:?}");
    let lease = t.claim(later(&t)).await.unwrap();
    let _ = queue::record(&t.db, &lease, &outcome(Verdict::Failed), later(&t)).await.unwrap();
    let early = regrades::apply(&t.db, &id, &t.admin, later(&t)).await;
    assert!(matches!(early, Err(DecisionError::Unfinished { count: 3 })), "{early:?}");
    assert_eq!(regrades::get(&t.db, &id).await.unwrap().unwrap().state, State::Open);
    let undone = regrades::undo(&t.db, &id, &t.admin, later(&t)).await;
    assert!(matches!(undone, Err(DecisionError::Decided { found: State::Open })), "{undone:?}");
    regrades::discard(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    let end = audit::last(&t.db).await.unwrap();
    for late in [
        regrades::apply(&t.db, &id, &t.admin, later(&t)).await.map(|_| ()),
        regrades::discard(&t.db, &id, &t.admin, later(&t)).await,
        regrades::undo(&t.db, &id, &t.admin, later(&t)).await,
        regrades::unstick(&t.db, &id, Stuck::Retry, &t.admin, later(&t)).await.map(|_| ()),
    ] {
        let discarded = matches!(late, Err(DecisionError::Decided { found: State::Discarded }));
        assert!(discarded, "{late:?}");
    }
    assert_eq!(audit::last(&t.db).await.unwrap(), end, "what is refused leaves no line");
    assert_eq!(rows(&t).await, before);
    let nobody = regrades::apply(&t.db, &RegradeId::new(), &t.admin, later(&t)).await;
    assert!(matches!(nobody, Err(DecisionError::NoSuchRegrade)));
}

async fn a_later_regrade_is_undone_before_the_one_beneath_it(t: Course) {
    filled(&t).await;
    let before = rows(&t).await;
    let mut applied = Vec::new();
    for verdict in [Verdict::Failed, Verdict::Passed] {
        let id = start(&t).await;
        grade_all(&t, |_| verdict).await;
        regrades::apply(&t.db, &id, &t.admin, later(&t)).await.unwrap();
        assert_eq!(verdicts(&t).await, [Some(verdict); 3]);
        applied.push(id);
    }
    let beneath = regrades::undo(&t.db, &applied[0], &t.admin, later(&t)).await;
    assert!(matches!(beneath, Err(DecisionError::Overtaken)), "{beneath:?}");
    assert_eq!(verdicts(&t).await, [Some(Verdict::Passed); 3]);
    regrades::undo(&t.db, &applied[1], &t.admin, later(&t)).await.unwrap();
    assert_eq!(verdicts(&t).await, [Some(Verdict::Failed); 3]);
    regrades::undo(&t.db, &applied[0], &t.admin, later(&t)).await.unwrap();
    assert_eq!(rows(&t).await, before);
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

async fn only_what_failed_by_a_check_or_is_of_chosen_students_is_graded_again(t: Course) {
    let people = [t.student(1).await, t.student(2).await, t.student(3).await];
    let failed = [vec!["margin"], vec!["margin", "learns"], vec!["learns-more"]];
    for (person, failed) in people.iter().zip(failed) {
        t.hand_in(person, 1, t.start + DAY).await;
        let lease = t.claim(t.start + DAY).await.unwrap();
        let ended = queue::Outcome {
            failed: failed.into_iter().map(str::to_owned).collect(),
            ..outcome(Verdict::Failed)
        };
        let _ = queue::record(&t.db, &lease, &ended, t.start + DAY).await.unwrap();
    }
    let failing = regrades::failing(&t.db, &t.semester, project(1)).await.unwrap();
    assert_eq!(failing[0], ("margin".to_owned(), 2));
    let cases = [
        (Scope::FailedBy("margin".to_owned()), vec![0, 1]),
        (Scope::FailedBy("learns".to_owned()), vec![1]),
        (Scope::Students([people[2].clone()].into()), vec![2]),
        (Scope::Everyone, vec![0, 1, 2]),
    ];
    for (scope, expected) in cases {
        let new = of_project_1(&t, scope.clone(), Seeds::New);
        let (id, count) = regrades::start(&t.db, &new, &t.admin, later(&t)).await.unwrap();
        let mut graded = Vec::new();
        while let Some(lease) = t.claim(later(&t)).await {
            graded.push(people.iter().position(|person| *person == lease.person).unwrap());
        }
        graded.sort_unstable();
        assert_eq!((graded, count), (expected.clone(), expected.len()), "{scope:?}");
        regrades::discard(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    }
    let end = audit::last(&t.db).await.unwrap();
    let none = of_project_1(&t, Scope::FailedBy("nothing".to_owned()), Seeds::New);
    let refused = regrades::start(&t.db, &none, &t.admin, later(&t)).await;
    assert!(matches!(refused, Err(StartError::Nothing)), "{refused:?}");
    let unknown =
        NewRegrade { project: project(9), ..of_project_1(&t, Scope::Everyone, Seeds::New) };
    let refused = regrades::start(&t.db, &unknown, &t.admin, later(&t)).await;
    assert!(matches!(refused, Err(StartError::NoSuchProject)), "{refused:?}");
    assert_eq!(audit::last(&t.db).await.unwrap(), end);
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

async fn uploads_go_before_regrades_whoever_has_more_of_them(t: Course) {
    let people = filled(&t).await;
    start(&t).await;
    let now = later(&t);
    // Both wait with one upload each, though one of them has two regrades in the queue too.
    let busy = t.hand_in(&people[2], 1, now - 2 * MINUTE).await;
    let other = t.hand_in(&t.student(4).await, 1, now - MINUTE).await;
    assert_eq!(queue::ahead_of(&t.db, &busy.grading).await.unwrap(), Some(0));
    assert_eq!(queue::ahead_of(&t.db, &other.grading).await.unwrap(), Some(1));
    let order = [t.claim(now).await.unwrap(), t.claim(now).await.unwrap()];
    assert_eq!(order.map(|lease| lease.grading), [busy.grading, other.grading]);
    // Of the regrades, those of whoever has fewest go first, and the estimate says the same.
    let waiting = |n: usize| submissions::of_student(&t.db, &t.semester, &people[n], project(1));
    let first: SubmissionId = waiting(0).await.unwrap().remove(0).id;
    let beside = submissions::gradings(&t.db, &first).await.unwrap().remove(0);
    assert_eq!(queue::ahead_of(&t.db, &beside.id).await.unwrap(), Some(0));
    assert_eq!(t.claim(now).await.unwrap().grading, beside.id);
}

async fn what_needs_attention_is_tried_again_or_left_out(t: Course) {
    let people = filled(&t).await;
    let before = verdicts(&t).await;
    let id = start(&t).await;
    let stick = async |count: usize| {
        for _ in 0..count {
            let lease = t.claim(later(&t)).await.unwrap();
            let _ = queue::fault_for_good(&t.db, &lease, "lost", later(&t)).await.unwrap();
        }
    };
    stick(4).await;
    assert_eq!(regrades::stuck(&t.db, &id).await.unwrap().len(), 4);
    assert_eq!(verdicts(&t).await, before, "the students are not told that they wait");
    assert!(rows(&t).await.iter().all(|row| !row.projects[0].waiting));
    let early = regrades::apply(&t.db, &id, &t.admin, later(&t)).await;
    assert!(matches!(early, Err(DecisionError::Unfinished { count: 4 })));
    let again = regrades::unstick(&t.db, &id, Stuck::Retry, &t.admin, later(&t)).await.unwrap();
    assert_eq!(again, 4);
    stick(1).await;
    grade_all(&t, |_| Verdict::Failed).await;
    let left = regrades::unstick(&t.db, &id, Stuck::LeaveOut, &t.admin, later(&t)).await.unwrap();
    assert_eq!(left, 1);
    let progress = regrades::progress(&t.db, &id).await.unwrap();
    assert_eq!((progress.done, progress.left_out, progress.unfinished()), (3, 1, 0));
    regrades::apply(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    let after = verdicts(&t).await;
    assert_eq!(after[1], Some(Verdict::Failed));
    let kept = people.iter().zip(after).filter(|(_, verdict)| *verdict == Some(Verdict::Passed));
    assert!(kept.count() <= 1, "at most the one that was left out still passes");
    assert_eq!(faults(&t).await, Vec::<String>::new());
}

async fn a_grading_asked_for_later_is_not_superseded(t: Course) {
    let people = filled(&t).await;
    let id = start(&t).await;
    grade_all(&t, |_| Verdict::Failed).await;
    let own = submissions::of_student(&t.db, &t.semester, &people[1], project(1)).await.unwrap();
    let reason = "Looked at in person.".parse().unwrap();
    queue::regrade(&t.db, &own[0].id, &reason, &t.admin, later(&t)).await.unwrap();
    grade_all(&t, |_| Verdict::Passed).await;
    regrades::apply(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    let (failed, passed) = (Some(Verdict::Failed), Some(Verdict::Passed));
    assert_eq!(verdicts(&t).await, [failed, passed, failed]);
    let shown = submissions::get(&t.db, &own[0].id).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.verdict), (GradingState::Done, passed));
}

async fn the_same_seed_is_handed_to_the_worker_and_a_new_one_is_not(t: Course) {
    filled(&t).await;
    for (seeds, expected) in [(Seeds::Same, Some("5e".repeat(32))), (Seeds::New, None)] {
        let new = of_project_1(&t, Scope::Everyone, seeds);
        let (id, _) = regrades::start(&t.db, &new, &t.admin, later(&t)).await.unwrap();
        let lease = t.claim(later(&t)).await.unwrap();
        assert_eq!(
            (lease.seed, lease.number),
            (expected.clone(), if expected.is_some() { 2 } else { 3 })
        );
        regrades::discard(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    }
}

async fn a_regrade_that_was_changed_behind_the_programs_back_is_named(t: Course) {
    filled(&t).await;
    let id = start(&t).await;
    grade_all(&t, |_| Verdict::Failed).await;
    regrades::apply(&t.db, &id, &t.admin, later(&t)).await.unwrap();
    assert_eq!(faults(&t).await, Vec::<String>::new());
    for (sql, back, named) in [
        (
            "UPDATE gradings SET counts = TRUE WHERE superseded_by IS NOT NULL",
            "UPDATE gradings SET counts = FALSE WHERE superseded_by IS NOT NULL",
            "`counts` is true, but the audit log says false",
        ),
        (
            "UPDATE gradings SET counts = FALSE WHERE regrade IS NOT NULL",
            "UPDATE gradings SET counts = TRUE WHERE regrade IS NOT NULL",
            "counts is not what follows from its regrades",
        ),
        (
            "UPDATE regrades SET state = 'discarded'",
            "UPDATE regrades SET state = 'applied'",
            "`state` is \"discarded\", but the audit log says \"applied\"",
        ),
        (
            "UPDATE regrades SET asked_by = 'x'",
            "SELECT 1",
            "a row of `regrades` (asked_by in `people`) names `x`",
        ),
    ] {
        tamper(&t.url, sql).await;
        let found = faults(&t).await;
        assert!(found.iter().any(|fault| fault.contains(named)), "{sql}: {found:#?}");
        tamper(&t.url, back).await;
    }
}
