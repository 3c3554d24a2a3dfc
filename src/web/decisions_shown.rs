//! All that was decided about one student, standing or taken back, as their page lists it.

use serde::Serialize;

use super::State;
use super::error::Result;
use crate::course::admission::Needed;
use crate::course::{PersonId, SemesterName, calendar};
use crate::store::{acceptances, excuses, extensions, overrides, people};

/// One decision.
#[derive(Serialize)]
pub(super) struct DecisionRow {
    about: String,
    decision: String,
    reason: String,
    by: String,
    at: i64,
    revoked_at: Option<i64>,
    /// Where it is taken back.
    undo: String,
}

/// Newest first.
pub(super) async fn of_student(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<DecisionRow>> {
    let mut rows = overridden(state, semester, person).await?;
    rows.extend(extended(state, semester, person).await?);
    rows.extend(excused(state, semester, person).await?);
    rows.extend(accepted(state, semester, person).await?);
    rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    Ok(rows)
}

/// What a person is called on pages.
pub(super) async fn name_of(state: &State, person: &PersonId) -> Result<String> {
    let found = people::by_id(&state.db, person).await?;
    Ok(found
        .map_or_else(|| "someone".to_owned(), |p| format!("{} {}", p.first_name, p.family_name)))
}

async fn overridden(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<DecisionRow>> {
    let mut rows = Vec::new();
    for one in overrides::of_student(&state.db, semester, person).await? {
        rows.push(DecisionRow {
            about: match one.project {
                Some(project) => format!("Project {project}"),
                None => "Admission".to_owned(),
            },
            decision: one.decision.replace('_', " "),
            reason: one.reason,
            by: name_of(state, &one.decided_by).await?,
            at: one.decided_at,
            revoked_at: one.revoked_at,
            undo: format!("/overrides/{}/take-back", one.id),
        });
    }
    Ok(rows)
}

async fn extended(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<DecisionRow>> {
    let mut rows = Vec::new();
    for one in extensions::of_student(&state.db, semester, person).await? {
        rows.push(DecisionRow {
            about: format!("Project {}", one.project),
            decision: format!("due {}", calendar::in_words(one.due)),
            reason: one.reason,
            by: name_of(state, &one.given_by).await?,
            at: one.given_at,
            revoked_at: one.revoked_at,
            undo: format!("/extensions/{}/take-back", one.id),
        });
    }
    Ok(rows)
}

async fn excused(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<DecisionRow>> {
    let mut rows = Vec::new();
    for one in excuses::of_student(&state.db, semester, person).await? {
        let decision = match one.needed {
            Needed::Stays => "excused, as many needed",
            Needed::OneFewer => "excused, one fewer needed",
        };
        rows.push(DecisionRow {
            about: format!("Project {}", one.project),
            decision: decision.to_owned(),
            reason: one.reason,
            by: name_of(state, &one.given_by).await?,
            at: one.given_at,
            revoked_at: one.revoked_at,
            undo: format!("/excuses/{}/take-back", one.id),
        });
    }
    Ok(rows)
}

async fn accepted(
    state: &State,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Vec<DecisionRow>> {
    let mut rows = Vec::new();
    for one in acceptances::of_student(&state.db, semester, person).await? {
        rows.push(DecisionRow {
            about: format!("Project {}, submission {}", one.project, one.number),
            decision: "counts though it was late".to_owned(),
            reason: one.reason,
            by: name_of(state, &one.given_by).await?,
            at: one.given_at,
            revoked_at: one.revoked_at,
            undo: format!("/acceptances/{}/take-back", one.id),
        });
    }
    Ok(rows)
}
