//! A decision that can be looked at before it is made: it is made, what it changes is worked out, and
//! then it is kept or let go.

use super::results::{self, AdmissionRow, Changed};
use super::{Error, Tx};
use crate::course::{PersonId, SemesterName};

/// Whether a decision is made, or only what it would change is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whether {
    /// Nothing is kept of it.
    Tried,
    /// It is kept.
    Made,
}

/// Where those whom it is about stood before.
pub(super) struct Before<'a> {
    semester: &'a SemesterName,
    /// None where it is about several.
    person: Option<&'a PersonId>,
    now: i64,
    rows: Vec<AdmissionRow>,
}

impl<'a> Before<'a> {
    pub(super) async fn of(
        tx: &mut Tx,
        semester: &'a SemesterName,
        person: Option<&'a PersonId>,
        now: i64,
    ) -> Result<Self, Error> {
        let rows = results::admissions_in(tx, semester, person, now).await?;
        Ok(Self { semester, person, now, rows })
    }

    /// What has become another; `tx` is committed if the decision is made, and dropped if not.
    pub(super) async fn conclude(
        self,
        mut tx: Tx,
        whether: Whether,
    ) -> Result<Vec<Changed>, Error> {
        let after = results::admissions_in(&mut tx, self.semester, self.person, self.now).await?;
        if whether == Whether::Made {
            tx.commit().await?;
        }
        Ok(results::changes(&self.rows, &after))
    }
}
