//! What is told to whom, when: each as part of the transaction of what it tells of.

use super::arg::args;
use super::hand_in::{NewSubmission, Receipt};
use super::queue::Lease;
use super::regrades::Regrade;
use super::results::Changed;
use super::{Error, Tx, extensions, outbox, results};
use crate::course::admission::{Basis, State};
use crate::course::notice::{self, Notice};
use crate::course::{
    AcceptanceId, ExtensionId, GradingId, OverrideId, PersonId, ProjectNumber, SemesterName, Slug,
    SubmissionId, Verdict, attempts,
};

/// A project's names.
#[derive(sqlx::FromRow)]
pub(super) struct Named {
    slug: Slug,
    title: String,
}

impl Named {
    pub(super) async fn read(
        tx: &mut Tx,
        semester: &SemesterName,
        project: ProjectNumber,
    ) -> Result<Self, Error> {
        tx.one(
            "SELECT slug, title FROM projects WHERE semester = $1 AND number = $2",
            args![semester, project],
        )
        .await
    }

    pub(super) fn of<'a>(
        &'a self,
        semester: &'a SemesterName,
        number: ProjectNumber,
    ) -> notice::Project<'a> {
        notice::Project { semester, number, slug: &self.slug, title: &self.title }
    }
}

/// The proof of what was handed in.
pub(super) async fn received(
    tx: &mut Tx,
    new: &NewSubmission,
    receipt: &Receipt,
    now: i64,
) -> Result<(), Error> {
    let named = Named::read(tx, &new.semester, new.project).await?;
    let submission = notice::Submission {
        id: &receipt.submission,
        project: named.of(&new.semester, new.project),
        number: receipt.number,
    };
    let notice = Notice::Receipt(notice::Receipt {
        submission,
        received_at: new.received_at,
        file_name: &new.file_name,
        size: new.size,
        digest: &new.digest,
        late_for: receipt.late.then_some(receipt.due),
    });
    outbox::put(tx, &new.person, &notice, now).await
}

#[derive(sqlx::FromRow)]
struct Handed {
    number: i64,
    late: bool,
    received_at: i64,
    acceptance: Option<AcceptanceId>,
    due: i64,
    extended: Option<i64>,
}

/// What came out of a grading that counts, and whether it admits to the exam.
pub(super) async fn graded(
    tx: &mut Tx,
    lease: &Lease,
    verdict: Verdict,
    now: i64,
) -> Result<(), Error> {
    let Lease { grading, submission, semester, project, person, .. } = lease;
    let named = Named::read(tx, semester, *project).await?;
    let handed: Handed = tx
        .one(
            "SELECT s.number, s.late, s.received_at, c.id AS acceptance, p.due, x.due AS extended
             FROM submissions s
             JOIN projects p ON p.semester = s.semester AND p.number = s.project
             LEFT JOIN extensions x ON x.semester = s.semester AND x.project = s.project
                 AND x.person = s.person AND x.revoked_at IS NULL
             LEFT JOIN acceptances c ON c.submission = s.id AND c.revoked_at IS NULL
             WHERE s.id = $1",
            args![submission],
        )
        .await?;
    let due = attempts::own_due(handed.due, handed.extended);
    let on_time =
        handed.acceptance.is_some() || attempts::counts(handed.late, handed.received_at, due);
    let notice = Notice::Verdict {
        submission: notice::Submission {
            id: submission,
            project: named.of(semester, *project),
            number: handed.number,
        },
        grading,
        verdict,
        late: !on_time,
        again: ended_before(tx, submission, grading).await?,
    };
    outbox::put(tx, person, &notice, now).await?;
    admitted(tx, semester, Some(person), now).await
}

async fn ended_before(
    tx: &mut Tx,
    submission: &SubmissionId,
    grading: &GradingId,
) -> Result<bool, Error> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM gradings WHERE submission = $1 AND id <> $2 AND state = 'done'
                 AND (counts OR superseded_by IS NOT NULL)",
            args![submission, grading],
        )
        .await?;
    Ok(count > 0)
}

/// A result that was decided by hand, and whether it admits to the exam.
pub(super) async fn decided(
    tx: &mut Tx,
    (semester, person): (&SemesterName, &PersonId),
    result: Option<(ProjectNumber, Verdict)>,
    decision: &OverrideId,
    now: i64,
) -> Result<(), Error> {
    if let Some((number, verdict)) = result {
        let named = Named::read(tx, semester, number).await?;
        let notice = Notice::Decided { project: named.of(semester, number), decision, verdict };
        outbox::put(tx, person, &notice, now).await?;
    }
    admitted(tx, semester, Some(person), now).await
}

/// What a regrade that was applied or undone makes of results, and whom that admits to the exam.
pub(super) async fn regraded(
    tx: &mut Tx,
    regrade: &Regrade,
    undone: bool,
    changes: &[Changed],
    now: i64,
) -> Result<(), Error> {
    let Regrade { id, semester, project: number, .. } = regrade;
    let named = Named::read(tx, semester, *number).await?;
    for Changed { person, change } in changes {
        for result in change.results.iter().filter(|result| result.project == *number) {
            let project = named.of(semester, *number);
            let notice = Notice::Regraded { project, regrade: id, undone, verdict: result.to };
            outbox::put(tx, person, &notice, now).await?;
        }
    }
    admitted(tx, semester, None, now).await
}

/// More time, and whether what was late counts now and admits to the exam.
pub(super) async fn extended(
    tx: &mut Tx,
    new: &extensions::NewExtension,
    extension: &ExtensionId,
    now: i64,
) -> Result<(), Error> {
    let named = Named::read(tx, &new.semester, new.project).await?;
    let (due,): (i64,) = tx
        .one(
            "SELECT due FROM projects WHERE semester = $1 AND number = $2",
            args![&new.semester, new.project],
        )
        .await?;
    let notice = Notice::Extension {
        project: named.of(&new.semester, new.project),
        extension,
        due: attempts::own_due(due, Some(new.due)),
    };
    outbox::put(tx, &new.person, &notice, now).await?;
    admitted(tx, &new.semester, Some(&new.person), now).await
}

/// Tells whoever is admitted now, and was not told before; everyone, if nobody is named. An admission
/// carried over is no news.
///
/// To be called behind the audit line, which puts writers in order: of two verdicts recorded at once,
/// the second then sees the first.
pub(super) async fn admitted(
    tx: &mut Tx,
    semester: &SemesterName,
    person: Option<&PersonId>,
    now: i64,
) -> Result<(), Error> {
    for row in results::admissions_in(tx, semester, person, now).await? {
        let carried = matches!(row.admission.basis, Basis::CarriedOver { .. });
        if row.admission.state != State::Admitted || carried {
            continue;
        }
        let notice = Notice::Admission { semester, admission: &row.admission };
        outbox::put(tx, &row.person, &notice, now).await?;
    }
    Ok(())
}
