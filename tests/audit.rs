//! The audit log: whatever is done to it shows, and each act through its public door is one line in it.

use sha2::{Digest as _, Sha256};
use testat::store::audit::{self, Broken, Entry, Filter};

use crate::database::{Course, on_both, tamper};

mod acts;

on_both!(
    a_whole_log_holds_and_is_read_from_its_end,
    each_change_removal_insertion_and_swap_is_found,
    all_that_is_broken_is_named_and_not_only_the_first,
    a_chain_rewritten_to_its_end_is_found_by_a_line_noted_down_elsewhere,
);

/// Lines in the log of every test.
const LINES: i64 = 9;

/// A person and a semester came before.
async fn filled(t: &Course) {
    for n in 0..LINES - 2 {
        let entry = Entry {
            at: 10 + n,
            actor: (n % 2 == 0).then_some(&t.admin),
            action: "admissions.exported",
            subject: "HS2026".into(),
            details: serde_json::json!({ "n": n }),
        };
        audit::note(&t.db, entry).await.unwrap();
    }
}

/// In words, all that `testat admin audit verify` names.
async fn broken(t: &Course, known: Option<(i64, &str)>) -> Vec<String> {
    let walked = audit::examine(&t.db, known).await.unwrap();
    walked.broken.iter().map(ToString::to_string).collect()
}

/// The lines before this one.
fn before_line(line: i64) -> Filter {
    Filter { before: Some(line), ..Filter::default() }
}

async fn a_whole_log_holds_and_is_read_from_its_end(t: Course) {
    filled(&t).await;
    let whole = audit::verify(&t.db).await.unwrap();
    assert_eq!(whole.lines, LINES);
    let last = audit::filtered(&t.db, &Filter::default(), 2).await.unwrap();
    assert_eq!(last.iter().map(|line| line.seq).collect::<Vec<_>>(), [LINES, LINES - 1]);
    assert_eq!(last[0].hash, whole.hash);
    assert_eq!(audit::filtered(&t.db, &before_line(6), 100).await.unwrap().len(), 5);
    assert_eq!(broken(&t, Some((LINES, &whole.hash))).await, Vec::<String>::new());
}

const LINE: &str = "INSERT INTO audit (seq, at, actor, action, subject, details, hash)";

/// What is done to a log of nine lines, and what must then be named first.
const TAMPERED: [(&str, &str); 24] = [
    ("UPDATE audit SET at = at + 1 WHERE seq = 4", "line 4 of the audit log, or"),
    ("UPDATE audit SET actor = NULL WHERE seq = 5", "line 5 of the audit log, or"),
    ("UPDATE audit SET actor = 'someone' WHERE seq = 4", "line 4 of the audit log, or"),
    ("UPDATE audit SET action = 'person.create' WHERE seq = 4", "line 4 of the audit log, or"),
    ("UPDATE audit SET subject = 'HS2027' WHERE seq = 4", "line 4 of the audit log, or"),
    ("UPDATE audit SET details = '{}' WHERE seq = 4", "line 4 of the audit log, or"),
    ("UPDATE audit SET details = details || ' ' WHERE seq = 4", "line 4 of the audit log, or"),
    ("UPDATE audit SET hash = 'a' || hash WHERE seq = 4", "line 4 of the audit log, or"),
    ("UPDATE audit SET at = at + 1 WHERE seq = 1", "line 1 of the audit log, or"),
    ("UPDATE audit SET at = at + 1 WHERE seq = 9", "line 9 of the audit log, or"),
    ("UPDATE audit SET seq = 20 WHERE seq = 9", "has no line 9 to 19"),
    ("UPDATE audit SET seq = 0 WHERE seq = 1", "line 0 of the audit log is before the first"),
    ("DELETE FROM audit WHERE seq = 1", "has no line 1"),
    ("DELETE FROM audit WHERE seq IN (4, 5)", "has no line 4 to 5"),
    ("DELETE FROM audit WHERE seq = 9", "ends at line 8, but its head is at line 9"),
    ("DELETE FROM audit", "ends at line 0, but its head is at line 9"),
    // Two change places.
    (
        "UPDATE audit SET seq = 99 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5;
         UPDATE audit SET seq = 5 WHERE seq = 99",
        "line 4 of the audit log, or",
    ),
    // One comes between, and the others move up.
    (
        "UPDATE audit SET seq = seq + 100 WHERE seq > 4;
         UPDATE audit SET seq = seq - 99 WHERE seq > 100;
         INSERT INTO audit VALUES (5, 1, NULL, 'x', 'x', '{}', 'x')",
        "line 5 of the audit log, or",
    ),
    ("INSERT INTO audit VALUES (10, 1, NULL, 'x', 'x', '{}', 'x')", "line 10 of the audit log, or"),
    (
        "INSERT INTO audit VALUES (0, 1, NULL, 'x', 'x', '{}', 'x')",
        "line 0 of the audit log is before",
    ),
    // One stands there twice.
    ("DUPLICATE", "line 10 of the audit log, or"),
    ("UPDATE audit_head SET seq = 8", "ends at line 9, but its head is at line 8"),
    ("UPDATE audit_head SET hash = 'x'", "another hash than its last line, 9"),
    ("DELETE FROM audit_head", "has no head"),
];

async fn each_change_removal_insertion_and_swap_is_found(t: Course) {
    filled(&t).await;
    let keep = "CREATE TABLE kept AS SELECT * FROM audit;
        CREATE TABLE kept_head AS SELECT * FROM audit_head";
    tamper(&t.url, keep).await;
    let again = "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;
        DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head";
    let twice = format!(
        "{LINE} SELECT 10, at, actor, action, subject, details, 'a' || hash FROM audit WHERE seq = 4"
    );
    for (sql, named) in TAMPERED {
        let sql = if sql == "DUPLICATE" { &twice } else { sql };
        tamper(&t.url, sql).await;
        let found = broken(&t, None).await;
        assert!(found.first().is_some_and(|first| first.contains(named)), "{sql}: {found:?}");
        assert!(audit::verify(&t.db).await.is_err(), "{sql}");
        tamper(&t.url, again).await;
        assert_eq!(broken(&t, None).await, Vec::<String>::new(), "after {sql}");
    }
}

async fn all_that_is_broken_is_named_and_not_only_the_first(t: Course) {
    filled(&t).await;
    let sql = "UPDATE audit SET at = at + 1 WHERE seq = 3; DELETE FROM audit WHERE seq = 5;
        UPDATE audit SET subject = 'x' WHERE seq = 8; UPDATE audit_head SET hash = 'x'";
    tamper(&t.url, sql).await;
    let found = audit::examine(&t.db, None).await.unwrap().broken;
    assert!(
        matches!(
            found[..],
            [
                Broken::Changed { seq: 3 },
                Broken::Missing { from: 5, to: 5 },
                Broken::Changed { seq: 8 },
                Broken::Head { last: 9 }
            ]
        ),
        "{found:?}"
    );
}

/// Someone who may write the whole database can cut the tail and move the head.
async fn a_chain_rewritten_to_its_end_is_found_by_a_line_noted_down_elsewhere(t: Course) {
    filled(&t).await;
    let noted = audit::verify(&t.db).await.unwrap();
    let before = audit::filtered(&t.db, &before_line(LINES), 1).await.unwrap().remove(0);
    let text = serde_json::json!([LINES, 1, null, "x", "x", "{}"]).to_string();
    let mut hash = Sha256::new();
    hash.update(before.hash.as_bytes());
    hash.update(text.as_bytes());
    let hash = hex::encode(hash.finalize());
    let sql = format!(
        "DELETE FROM audit WHERE seq = {LINES};
         {LINE} VALUES ({LINES}, 1, NULL, 'x', 'x', '{{}}', '{hash}');
         UPDATE audit_head SET hash = '{hash}'"
    );
    tamper(&t.url, &sql).await;
    assert_eq!(audit::verify(&t.db).await.unwrap().lines, LINES, "by itself it holds");
    let found = broken(&t, Some((LINES, &noted.hash))).await;
    assert_eq!(found, ["line 9 of the audit log does not have the hash that was noted down"]);
    let found = broken(&t, Some((LINES + 1, &noted.hash))).await;
    assert_eq!(found.len(), 1, "a line that is not there is another one too");
}
