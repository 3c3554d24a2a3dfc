//! The facts as the tables have them.

use serde_json::Value;

use super::facts::{Facts, Kind};
use super::{Fault, Judge};
use crate::course::{Digest, Verdict};
use crate::store::{Error, Tx, regrades};

pub(super) async fn read(tx: &mut Tx, facts: &mut Facts) -> Result<(), Error> {
    semesters(tx, facts).await?;
    people(tx, facts).await?;
    submissions(tx, facts).await?;
    decisions(tx, facts).await?;
    regrades(tx, facts).await
}

async fn regrades(tx: &mut Tx, facts: &mut Facts) -> Result<(), Error> {
    for one in regrades::all_in(tx).await? {
        let fields = [
            ("about", format!("{}/{}", one.semester, one.project).into()),
            ("scope", one.scope.into()),
            ("failed_by", one.failed_by.into()),
            ("seeds", one.seeds.as_str().into()),
            ("reason", one.reason.into()),
            ("by", one.asked_by.as_str().into()),
            ("at", one.asked_at.into()),
            ("state", one.state.as_str().into()),
        ];
        facts.insert(Kind::Regrade, one.id, fields);
    }
    Ok(())
}

async fn semesters(tx: &mut Tx, facts: &mut Facts) -> Result<(), Error> {
    let semesters: Vec<(String, String, i64, i64, i64)> = tx
        .all("SELECT name, first_lecture, needed, total, daily_limit FROM semesters", vec![])
        .await?;
    for (name, first_lecture, needed, of, daily_limit) in semesters {
        let fields = [
            ("first_lecture", first_lecture.into()),
            ("needed", needed.into()),
            ("of", of.into()),
            ("daily_limit", daily_limit.into()),
        ];
        facts.insert(Kind::Semester, name, fields);
    }
    let projects: Vec<(String, i64, i64, i64)> =
        tx.all("SELECT semester, number, opens, due FROM projects", vec![]).await?;
    for (semester, number, opens, due) in projects {
        let fields = [("opens", opens.into()), ("due", due.into())];
        facts.insert(Kind::Window, format!("{semester}/{number}"), fields);
    }
    Ok(())
}

async fn people(tx: &mut Tx, facts: &mut Facts) -> Result<(), Error> {
    let people: Vec<(String, bool)> = tx.all("SELECT id, admin FROM people", vec![]).await?;
    for (id, _) in people.into_iter().filter(|(_, admin)| *admin) {
        facts.insert(Kind::Admin, id, []);
    }
    let roles: Vec<(String, String, String)> =
        tx.all("SELECT semester, person, role FROM enrolments", vec![]).await?;
    for (semester, person, role) in roles {
        facts.insert(Kind::Role, format!("{semester}/{person}"), [("role", role.into())]);
    }
    Ok(())
}

async fn submissions(tx: &mut Tx, facts: &mut Facts) -> Result<(), Error> {
    let submissions: Vec<(String, String, i64, String, String, i64, bool)> = tx
        .all(
            "SELECT id, semester, project, person, digest, received_at, late FROM submissions",
            vec![],
        )
        .await?;
    for (id, semester, project, person, digest, received_at, late) in submissions {
        let fields = [
            ("semester", semester.into()),
            ("project", project.into()),
            ("person", person.into()),
            ("digest", digest.into()),
            ("received_at", received_at.into()),
            ("late", late.into()),
        ];
        facts.insert(Kind::Submission, id, fields);
    }
    Ok(())
}

async fn decisions(tx: &mut Tx, facts: &mut Facts) -> Result<(), Error> {
    type Decision = (String, String, Option<i64>, String, String, String, String, i64, Option<i64>);
    let overrides: Vec<Decision> = tx
        .all(
            "SELECT id, semester, project, person, decision, reason, decided_by, decided_at,
                 revoked_at FROM overrides",
            vec![],
        )
        .await?;
    for (id, semester, project, person, decision, reason, by, at, revoked) in overrides {
        let about = match project {
            Some(project) => format!("{semester}/{project}/{person}"),
            None => format!("{semester}/{person}"),
        };
        let what = ("decision", decision.into());
        facts.insert(Kind::Override, id, decided(about, what, reason, by, at, revoked));
    }
    type Extension = (String, String, i64, String, i64, String, String, i64, Option<i64>);
    let extensions: Vec<Extension> = tx
        .all(
            "SELECT id, semester, project, person, due, reason, given_by, given_at, revoked_at
             FROM extensions",
            vec![],
        )
        .await?;
    for (id, semester, project, person, due, reason, by, at, revoked) in extensions {
        let about = format!("{semester}/{project}/{person}");
        let what = ("due", due.into());
        facts.insert(Kind::Extension, id, decided(about, what, reason, by, at, revoked));
    }
    more_decisions(tx, facts).await
}

async fn more_decisions(tx: &mut Tx, facts: &mut Facts) -> Result<(), Error> {
    type Excuse = (String, String, i64, String, String, String, String, i64, Option<i64>);
    let excuses: Vec<Excuse> = tx
        .all(
            "SELECT id, semester, project, person, needed, reason, given_by, given_at, revoked_at
             FROM excuses",
            vec![],
        )
        .await?;
    for (id, semester, project, person, needed, reason, by, at, revoked) in excuses {
        let about = format!("{semester}/{project}/{person}");
        let what = ("needed", needed.into());
        facts.insert(Kind::Excuse, id, decided(about, what, reason, by, at, revoked));
    }
    let acceptances: Vec<(String, String, String, String, i64, Option<i64>)> = tx
        .all(
            "SELECT id, submission, reason, given_by, given_at, revoked_at FROM acceptances",
            vec![],
        )
        .await?;
    for (id, submission, reason, by, at, revoked) in acceptances {
        let what = ("accepted", true.into());
        facts.insert(Kind::Acceptance, id, decided(submission, what, reason, by, at, revoked));
    }
    Ok(())
}

fn decided(
    about: String,
    what: (&'static str, Value),
    reason: String,
    by: String,
    at: i64,
    revoked: Option<i64>,
) -> [(&'static str, Value); 6] {
    [
        ("about", about.into()),
        what,
        ("reason", reason.into()),
        ("by", by.into()),
        ("at", at.into()),
        ("standing", revoked.is_none().into()),
    ]
}

#[derive(sqlx::FromRow)]
struct Graded {
    id: String,
    submission: String,
    verdict: Verdict,
    seed: Option<String>,
    grader_version: Option<String>,
    runtime: Option<String>,
    finished_at: Option<i64>,
    counts: bool,
    json: Option<String>,
}

/// Reads every verdict, and works it out again from its report; says how many.
pub(super) async fn read_verdicts(
    tx: &mut Tx,
    judge: Judge<'_>,
    facts: &mut Facts,
    faults: &mut Vec<Fault>,
) -> Result<usize, Error> {
    let mut count = 0;
    tx.each(
        "SELECT g.id, g.submission, g.verdict, g.seed, g.grader_version, g.runtime,
             g.finished_at, g.counts, r.json
         FROM gradings g LEFT JOIN reports r ON r.grading = g.id
         WHERE g.verdict IS NOT NULL ORDER BY g.id",
        |graded: Graded| -> Result<(), Error> {
            count += 1;
            faults.extend(misjudged(&graded, judge));
            let report = graded.json.map(|json| Digest::of(json.as_bytes()).to_string());
            let fields = [
                ("submission", graded.submission.into()),
                ("verdict", graded.verdict.as_str().into()),
                ("seed", graded.seed.into()),
                ("grader", graded.grader_version.into()),
                ("runtime", graded.runtime.into()),
                ("report", report.into()),
                ("at", graded.finished_at.into()),
                ("counts", graded.counts.into()),
            ];
            facts.insert(Kind::Verdict, graded.id, fields);
            Ok(())
        },
    )
    .await?;
    Ok(count)
}

fn misjudged(graded: &Graded, judge: Judge<'_>) -> Option<Fault> {
    let said = match graded.json.as_deref().map(judge) {
        None => "is missing".to_owned(),
        Some(Err(why)) => format!("can't be read: {why}"),
        Some(Ok(verdict)) if verdict == graded.verdict => return None,
        Some(Ok(verdict)) => format!("gives `{verdict}`"),
    };
    Some(Fault::Verdict { grading: graded.id.clone(), stored: graded.verdict, said })
}
