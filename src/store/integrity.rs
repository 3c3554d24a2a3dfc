//! Whether all that is stored fits together: every reference leads somewhere, the audit log's chain
//! holds, and whatever a result or an admission depends on is what the log says was done.
//!
//! Results and admissions are not stored but worked out on reading, from submissions, verdicts,
//! decisions, extensions and windows. So each of these facts is read twice, out of its table and out
//! of the log, and the two must be the same: a row that was changed behind the program's back is named.

use super::audit::{self, Broken, Verified};
use super::snapshot::{self, Archive};
use super::{Db, Error, Tx};
use crate::course::Verdict;

mod facts;
mod logged;
mod references;
mod regraded;
mod rows;

use self::facts::Facts;
pub use self::facts::Kind;
pub use self::references::{REFERENCES, Reference};

/// Something that does not fit.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The log's chain.
    #[error(transparent)]
    Chain(#[from] Broken),
    /// A row names another that is not there.
    #[error("{reference} names `{value}`, which is not there")]
    Dangling {
        /// From where to where.
        reference: Reference,
        /// What is named.
        value: String,
    },
    /// A value that is kept twice differs.
    #[error("{what}")]
    Differs {
        /// Of what, and both values.
        what: String,
    },
    /// The log says otherwise.
    #[error("{kind} {id}: `{field}` is {stored}, but the audit log says {logged}")]
    Changed {
        /// Of what kind.
        kind: Kind,
        /// Which one.
        id: String,
        /// What differs.
        field: &'static str,
        /// In the table.
        stored: String,
        /// In the log.
        logged: String,
    },
    /// The log knows nothing of it.
    #[error("{kind} {id} is stored, but the audit log does not know it")]
    Unknown {
        /// Of what kind.
        kind: Kind,
        /// Which one.
        id: String,
    },
    /// The log knows it, and it is gone.
    #[error("{kind} {id} is in the audit log, but it is not stored any more")]
    Gone {
        /// Of what kind.
        kind: Kind,
        /// Which one.
        id: String,
    },
    /// A report does not give the verdict that is stored.
    #[error("grading {grading}: the verdict is `{stored}`, but its report {said}")]
    Verdict {
        /// Which grading.
        grading: String,
        /// The verdict stored.
        stored: Verdict,
        /// What the report says instead.
        said: String,
    },
}

/// All that was looked at.
#[derive(Debug)]
pub struct Examined {
    /// The end of the log.
    pub log: Verified,
    /// How many facts were held against the log.
    pub facts: usize,
    /// How many verdicts were worked out again.
    pub verdicts: usize,
    /// The archives that must be there.
    pub archives: Vec<Archive>,
    /// Everything that does not fit.
    pub faults: Vec<Fault>,
}

/// Works a verdict out from a report, or says why that can't be done.
pub type Judge<'a> = &'a (dyn Fn(&str) -> Result<Verdict, String> + Send + Sync);

/// Looks at everything, as it is at one moment; `judge` works verdicts out again.
///
/// # Errors
/// When the database fails.
pub async fn examine(db: &Db, judge: Judge<'_>) -> Result<Examined, Error> {
    let mut tx = db.snapshot().await?;
    let mut told = logged::Logged::default();
    let walked = audit::walk(&mut tx, &mut |line| told.add(line)).await?;
    let mut faults: Vec<Fault> = walked.broken.into_iter().map(Fault::Chain).collect();
    references::check(&mut tx, &mut faults).await?;
    repeated_values(&mut tx, &mut faults).await?;
    let told = told.facts();
    let mut stored = Facts::default();
    rows::read(&mut tx, &mut stored).await?;
    let verdicts = rows::read_verdicts(&mut tx, judge, &mut stored, &mut faults).await?;
    faults.extend(stored.against(&told));
    let archives = snapshot::archives(&mut tx).await?;
    Ok(Examined { log: walked.end, facts: stored.len(), verdicts, archives, faults })
}

/// What is kept twice for the sake of speed.
async fn repeated_values(tx: &mut Tx, faults: &mut Vec<Fault>) -> Result<(), Error> {
    let moved: Vec<(String,)> = tx
        .all(
            "SELECT g.id FROM gradings g JOIN submissions s ON s.id = g.submission
             WHERE g.semester <> s.semester OR g.project <> s.project OR g.person <> s.person
             ORDER BY g.id",
            vec![],
        )
        .await?;
    faults.extend(moved.into_iter().map(|(id,)| Fault::Differs {
        what: format!("grading {id} has another semester, project or student than its submission"),
    }));
    let counted: Vec<(String,)> = tx
        .all(
            "SELECT g.id FROM gradings g LEFT JOIN regrades r ON r.id = g.regrade
             WHERE g.counts <> (g.superseded_by IS NULL
                 AND (g.regrade IS NULL OR (r.state = 'applied' AND g.state = 'done')))
             ORDER BY g.id",
            vec![],
        )
        .await?;
    faults.extend(counted.into_iter().map(|(id,)| Fault::Differs {
        what: format!("whether grading {id} counts is not what follows from its regrades"),
    }));
    let miscounted: Vec<(String, String, i64, i64)> = tx
        .all(
            "SELECT semester, person, handed_in, counted FROM
                 (SELECT e.semester, e.person, e.handed_in,
                     (SELECT COUNT(*) FROM submissions s
                      WHERE s.semester = e.semester AND s.person = e.person) AS counted
                  FROM enrolments e) AS c
             WHERE handed_in <> counted ORDER BY semester, person",
            vec![],
        )
        .await?;
    faults.extend(miscounted.into_iter().map(|(semester, person, said, counted)| Fault::Differs {
        what: format!(
            "{semester}/{person} is said to have handed in {said} times, and did {counted}"
        ),
    }));
    Ok(())
}
