//! Which rows name which others. The database holds these too, unless someone told it not to.

use std::fmt;

use super::Fault;
use crate::store::{Error, Tx};

/// Columns of one table that name a row of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The table that names.
    pub table: &'static str,
    /// By these columns.
    pub columns: &'static [&'static str],
    /// The table that is named.
    pub target: &'static str,
    /// By its columns.
    pub key: &'static [&'static str],
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of `{}` ({} in `{}`)", self.table, self.columns.join(", "), self.target)
    }
}

const fn to_person(table: &'static str, columns: &'static [&'static str]) -> Reference {
    Reference { table, columns, target: "people", key: &["id"] }
}

const fn to_submission(table: &'static str, columns: &'static [&'static str]) -> Reference {
    Reference { table, columns, target: "submissions", key: &["id"] }
}

const fn to_project(table: &'static str) -> Reference {
    let columns = &["semester", "project"];
    Reference { table, columns, target: "projects", key: &["semester", "number"] }
}

const fn to_enrolment(table: &'static str) -> Reference {
    let columns = &["semester", "person"];
    Reference { table, columns, target: "enrolments", key: columns }
}

const fn to_semester(table: &'static str) -> Reference {
    Reference { table, columns: &["semester"], target: "semesters", key: &["name"] }
}

const fn to_regrade(table: &'static str, columns: &'static [&'static str]) -> Reference {
    Reference { table, columns, target: "regrades", key: &["id"] }
}

/// All there are.
pub const REFERENCES: [Reference; 51] = [
    to_person("sessions", &["person"]),
    to_person("tokens", &["person"]),
    to_person("invitations", &["person"]),
    to_semester("projects"),
    to_semester("enrolments"),
    to_person("enrolments", &["person"]),
    to_person("extensions", &["given_by"]),
    to_person("extensions", &["revoked_by"]),
    to_project("extensions"),
    to_enrolment("extensions"),
    to_project("submissions"),
    to_enrolment("submissions"),
    to_person("regrades", &["asked_by"]),
    to_person("regrades", &["decided_by"]),
    to_person("regrades", &["undone_by"]),
    to_project("regrades"),
    to_regrade("gradings", &["regrade"]),
    to_regrade("gradings", &["superseded_by"]),
    to_submission("gradings", &["submission"]),
    Reference { table: "reports", columns: &["grading"], target: "gradings", key: &["id"] },
    to_person("overrides", &["decided_by"]),
    to_person("overrides", &["revoked_by"]),
    to_enrolment("overrides"),
    to_project("overrides"),
    to_submission("acceptances", &["submission"]),
    to_person("acceptances", &["given_by"]),
    to_person("acceptances", &["revoked_by"]),
    to_person("excuses", &["given_by"]),
    to_person("excuses", &["revoked_by"]),
    to_project("excuses"),
    to_enrolment("excuses"),
    to_person("pauses", &["paused_by"]),
    to_person("pauses", &["resumed_by"]),
    to_project("pauses"),
    to_submission("questions", &["submission"]),
    Reference {
        table: "question_messages",
        columns: &["question"],
        target: "questions",
        key: &["id"],
    },
    to_person("question_messages", &["author"]),
    to_person("outbox", &["person"]),
    to_person("mail_off", &["person"]),
    to_submission("line_comments", &["submission"]),
    to_person("line_comments", &["author"]),
    to_person("line_comments", &["withdrawn_by"]),
    to_person("copy_runs", &["asked_by"]),
    to_project("copy_runs"),
    Reference { table: "copy_pairs", columns: &["run"], target: "copy_runs", key: &["id"] },
    to_submission("copy_pairs", &["left_one"]),
    to_submission("copy_pairs", &["right_one"]),
    to_submission("copy_reviews", &["left_one"]),
    to_submission("copy_reviews", &["right_one"]),
    to_person("copy_reviews", &["reviewed_by"]),
    to_person("copy_reviews", &["withdrawn_by"]),
];

pub(super) async fn check(tx: &mut Tx, faults: &mut Vec<Fault>) -> Result<(), Error> {
    for reference in REFERENCES {
        let rows: Vec<(String,)> =
            tx.all(sqlx::AssertSqlSafe(dangling(&reference)), vec![]).await?;
        faults.extend(rows.into_iter().map(|(value,)| Fault::Dangling { reference, value }));
    }
    Ok(())
}

/// What is named and not there. A reference with an absent column names nothing.
fn dangling(reference: &Reference) -> String {
    let Reference { table, columns, target, key } = reference;
    let text: Vec<_> = columns.iter().map(|name| format!("CAST(c.{name} AS TEXT)")).collect();
    let same: Vec<_> =
        columns.iter().zip(*key).map(|(name, key)| format!("p.{key} = c.{name}")).collect();
    let named: Vec<_> = columns.iter().map(|name| format!("c.{name} IS NOT NULL")).collect();
    format!(
        "SELECT DISTINCT {} FROM {table} c WHERE {} AND NOT EXISTS
             (SELECT 1 FROM {target} p WHERE {}) ORDER BY 1",
        text.join(" || '/' || "),
        named.join(" AND "),
        same.join(" AND ")
    )
}
