//! What someone changed in the database behind the program's back: all of it is named.

use testat::course::admission::Decision;
use testat::course::{Reason, Verdict};
use testat::store::extensions::{self, NewExtension};
use testat::store::integrity::{self, Examined};
use testat::store::overrides::{self, What};
use testat::store::submissions;

use crate::database::{Course, DAY, on_both, project, tamper};

on_both!(what_was_never_touched_fits_together, each_change_behind_the_programs_back_is_named);

async fn filled(t: &Course) {
    let reason: Reason = "Shown in person.".parse().unwrap();
    let (one, two) = (t.student(1).await, t.student(2).await);
    t.finish(&one, 1, Verdict::Failed).await;
    t.finish(&two, 1, Verdict::Passed).await;
    t.hand_in(&one, 1, t.start + 3 * DAY).await;
    for what in [
        What::Result(project(2), Verdict::Failed),
        What::Result(project(2), Verdict::Passed),
        What::Admission(Decision::Admitted),
    ] {
        overrides::decide(&t.db, &t.semester, &one, what, &reason, &t.admin, 50).await.unwrap();
    }
    let id = overrides::standing(&t.db, &t.semester).await.unwrap().remove(0).id;
    overrides::take_back(&t.db, &id, &t.admin, 60).await.unwrap();
    for days in [20, 21] {
        let due = t.start + days * DAY;
        let (semester, person) = (t.semester.clone(), two.clone());
        let new =
            NewExtension { semester, project: project(1), person, due, reason: reason.clone() };
        extensions::give(&t.db, &new, &t.admin, 70).await.unwrap();
    }
    let of_two = submissions::of_student(&t.db, &t.semester, &two, project(1)).await.unwrap();
    assert_eq!(of_two.len(), 1);
}

/// The reports of these tests are empty; one that says `failed` stands for one that does not fit.
async fn examined(t: &Course) -> Examined {
    let judge = |report: &str| match report {
        "{}" => Err("it is empty".to_owned()),
        other => other.parse::<Verdict>().map_err(|fault| fault.to_string()),
    };
    integrity::examine(&t.db, &judge).await.unwrap()
}

async fn faults(t: &Course) -> Vec<String> {
    let faults = examined(t).await.faults;
    let said = faults.iter().map(ToString::to_string);
    said.filter(|fault| !fault.ends_with("can't be read: it is empty")).collect()
}

async fn what_was_never_touched_fits_together(t: Course) {
    filled(&t).await;
    let all = examined(&t).await;
    assert_eq!((all.verdicts, all.archives.len()), (2, 3));
    assert_eq!(faults(&t).await, Vec::<String>::new());
    // 1 semester, 7 windows, 1 admin, 2 roles, 3 submissions, 2 verdicts, 3 overrides, 2 extensions
    assert_eq!(all.facts, 21);
}

const PASSED: &str = "(SELECT id FROM gradings WHERE verdict = 'passed')";

/// What is done, and what is then named.
fn tampered() -> Vec<(String, &'static str)> {
    let pairs = [
        (
            "UPDATE gradings SET verdict = 'passed' WHERE verdict = 'failed'",
            "`verdict` is \"passed\", but the audit log says \"failed\"",
        ),
        ("UPDATE gradings SET seed = 'x' WHERE verdict = 'failed'", "`seed` is \"x\""),
        ("UPDATE gradings SET finished_at = 5 WHERE verdict = 'failed'", "`at` is 5"),
        ("UPDATE gradings SET grader_version = NULL WHERE verdict = 'failed'", "`grader` is null"),
        ("UPDATE reports SET json = 'failed' WHERE grading = PASSED", "its report gives `failed`"),
        ("UPDATE reports SET json = 'passed' WHERE grading = PASSED", "`report` is"),
        ("DELETE FROM reports WHERE grading = PASSED", "its report is missing"),
        (
            "UPDATE gradings SET person = 'x' WHERE verdict = 'passed'",
            "another semester, project or student",
        ),
        (
            "UPDATE submissions SET late = TRUE WHERE number = 2",
            "`late` is true, but the audit log says false",
        ),
        ("UPDATE submissions SET received_at = 5 WHERE number = 2", "`received_at` is 5"),
        ("UPDATE submissions SET digest = 'x' WHERE number = 2", "`digest` is \"x\""),
        (
            "UPDATE submissions SET project = 9 WHERE number = 2",
            "a row of `submissions` (semester, project in `projects`) names `HS2026/9`",
        ),
        (
            "DELETE FROM submissions WHERE number = 2",
            "is in the audit log, but it is not stored any more",
        ),
        (
            "UPDATE overrides SET decision = 'failed' WHERE decision = 'passed'",
            "`decision` is \"failed\"",
        ),
        (
            "UPDATE overrides SET revoked_at = NULL WHERE decision = 'admitted'",
            "`standing` is true",
        ),
        ("UPDATE overrides SET revoked_at = 1 WHERE decision = 'passed'", "`standing` is false"),
        (
            "UPDATE overrides SET reason = 'another' WHERE decision = 'passed'",
            "`reason` is \"another\"",
        ),
        (
            "UPDATE overrides SET decided_by = 'x' WHERE decision = 'passed'",
            "a row of `overrides` (decided_by in `people`) names `x`",
        ),
        ("DELETE FROM overrides WHERE decision = 'passed'", "override"),
        (
            "INSERT INTO overrides SELECT 'x', semester, person, 3, 'passed', reason, decided_by, 1, NULL, NULL FROM overrides WHERE decision = 'failed'",
            "override x is stored, but the audit log does not know it",
        ),
        ("UPDATE extensions SET due = 5 WHERE revoked_at IS NULL", "`due` is 5"),
        (
            "UPDATE projects SET due = due + 1 WHERE number = 3",
            "the window of project HS2026/3: `due`",
        ),
        (
            "UPDATE semesters SET needed = 1",
            "semester HS2026: `needed` is 1, but the audit log says 5",
        ),
        (
            "UPDATE people SET admin = TRUE WHERE admin = FALSE",
            "is stored, but the audit log does not know it",
        ),
        ("UPDATE enrolments SET role = 'instructor'", "`role` is \"instructor\""),
        ("UPDATE enrolments SET handed_in = 7", "is said to have handed in 7 times"),
        ("DELETE FROM people WHERE admin = TRUE", "a row of `overrides` (decided_by in `people`)"),
        ("UPDATE audit SET at = 5 WHERE seq = 3", "line 3 of the audit log"),
    ];
    pairs.into_iter().map(|(sql, named)| (sql.replace("PASSED", PASSED), named)).collect()
}

async fn each_change_behind_the_programs_back_is_named(t: Course) {
    filled(&t).await;
    let tables = [
        "people",
        "semesters",
        "projects",
        "enrolments",
        "extensions",
        "submissions",
        "gradings",
        "reports",
        "overrides",
        "audit",
    ];
    let each = |form: &dyn Fn(&str) -> String| tables.map(form).concat();
    tamper(&t.url, &each(&|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table};")))
        .await;
    let again = each(&|table| {
        format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table};")
    });
    for (sql, named) in tampered() {
        tamper(&t.url, &sql).await;
        let found = faults(&t).await;
        assert!(found.iter().any(|fault| fault.contains(named)), "{sql}: {found:#?}");
        tamper(&t.url, &again).await;
        assert_eq!(faults(&t).await, Vec::<String>::new(), "after {sql}");
    }
}
