//! A class's standings, kept and brought up to date: two thousand students' are too much to reckon anew
//! for every look at a page, and near a due time something changes every second.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::State;
use super::error::Result;
use crate::clock::Millis;
use crate::course::{PersonId, SemesterName, SubmissionId};
use crate::store::audit::{self, Line};
use crate::store::results::{self, AdmissionRow};
use crate::store::semesters::{self, Project};
use crate::store::submissions;

/// Lines of the audit log that are followed one by one; after more of them all is reckoned anew.
const FOLLOWED: u32 = 100;

/// Those of each semester that was looked at.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<HashMap<SemesterName, Kept>>);

#[derive(Debug)]
struct Kept {
    /// Whatever bears on a result is a line of the audit log, so this one stands for all before it.
    line: i64,
    /// The next time at which a window opens or closes.
    until: Millis,
    rows: Arc<Vec<AdmissionRow>>,
}

/// What the lines since the last look bear on.
#[derive(Debug, Default)]
struct Touched {
    submissions: BTreeSet<SubmissionId>,
    everyone: bool,
}

impl State {
    /// Every student's standing in a semester, as [`results::admissions`] gives it.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn standings(
        &self,
        semester: &SemesterName,
    ) -> Result<Arc<Vec<AdmissionRow>>> {
        // Held while they are reckoned: whoever else wants them waits instead of doing the same.
        let mut all = self.standings.0.lock().await;
        let now = self.now();
        let kept = all.get(semester).filter(|kept| now < kept.until);
        let fresh = match kept {
            Some(kept) => self.followed(semester, kept, now).await?,
            None => None,
        };
        let fresh = match fresh {
            Some(fresh) => fresh,
            None => self.anew(semester, now).await?,
        };
        let rows = fresh.rows.clone();
        all.insert(semester.clone(), fresh);
        Ok(rows)
    }

    async fn anew(&self, semester: &SemesterName, now: Millis) -> Result<Kept> {
        // The line first: what comes in between is then followed once more, and not missed.
        let line = audit::last(&self.db).await?;
        let rows = results::admissions(&self.db, semester, now).await?;
        let until = next_change(&semesters::projects(&self.db, semester).await?, &rows, now);
        Ok(Kept { line, until, rows: Arc::new(rows) })
    }

    /// What was kept, with what has happened since; none where that bears on more than some students.
    async fn followed(
        &self,
        semester: &SemesterName,
        kept: &Kept,
        now: Millis,
    ) -> Result<Option<Kept>> {
        let lines = audit::after(&self.db, kept.line, FOLLOWED).await?;
        let line = lines.last().map_or(kept.line, |last| last.seq);
        let touched = Touched::by(&lines);
        if touched.everyone || lines.len() >= FOLLOWED as usize {
            return Ok(None);
        }
        let mut rows = kept.rows.clone();
        let Some(owners) = self.owners(&touched.submissions, semester).await? else {
            return Ok(None);
        };
        for person in owners {
            let at = rows.iter().position(|row| row.person == person);
            let row = results::admission_of(&self.db, semester, &person, now).await?;
            let (Some(at), Some(row)) = (at, row) else { return Ok(None) };
            if let Some(place) = Arc::make_mut(&mut rows).get_mut(at) {
                *place = row;
            }
        }
        Ok(Some(Kept { line, until: kept.until, rows }))
    }

    /// Whose submissions these are; none if one is another semester's, whose admissions may carry over.
    async fn owners(
        &self,
        submissions: &BTreeSet<SubmissionId>,
        semester: &SemesterName,
    ) -> Result<Option<BTreeSet<PersonId>>> {
        let mut owners = BTreeSet::new();
        for id in submissions {
            let found = submissions::get(&self.db, id).await?;
            match found.filter(|one| one.semester == *semester) {
                Some(one) => owners.insert(one.person),
                None => return Ok(None),
            };
        }
        Ok(Some(owners))
    }
}

impl Touched {
    fn by(lines: &[Line]) -> Self {
        let mut touched = Self::default();
        for line in lines {
            match line.action.split_once('.') {
                Some(("submission" | "grading", _)) => match line.subject.parse() {
                    Ok(id) => {
                        touched.submissions.insert(id);
                    }
                    Err(_) => touched.everyone = true,
                },
                Some((
                    "person" | "token" | "server" | "worker" | "admissions" | "question" | "mail"
                    | "comment" | "copies" | "queue",
                    _,
                )) => {}
                _ => touched.everyone = true,
            }
        }
        touched
    }
}

fn next_change(projects: &[Project], rows: &[AdmissionRow], now: Millis) -> Millis {
    let opens = projects.iter().map(|project| project.opens);
    // What comes at the due time itself is still on time, and nothing after it.
    let due = rows.iter().flat_map(|row| &row.projects).map(|result| result.due);
    let due = due.flat_map(|due| [due, due.saturating_add(1)]);
    opens.chain(due).filter(|at| *at > now).min().unwrap_or(Millis::MAX)
}
