//! A grading's report as one person may see it.

use testat_kit::report::{Audience, Report};

use super::State;
use super::error::Result;
use crate::course::GradingId;
use crate::course::access::{Action, Actor, On, may};
use crate::store::submissions::{self, Submission};

/// The report, without the figures that would give away labels or permutations of the draw to
/// whoever may not know them; none before the verdict.
pub(super) async fn report_for(
    state: &State,
    actor: &Actor,
    submission: &Submission,
    grading: &GradingId,
) -> Result<Option<Report>> {
    let Some(json) = submissions::report(&state.db, grading).await? else { return Ok(None) };
    let mut report: Report = serde_json::from_str(&json)?;
    let on = On::Student(&submission.semester, &submission.person);
    if may(actor, Action::SeeHidden, on).is_err() {
        report.figures.retain(|figure| figure.audience == Audience::Everyone);
    }
    Ok(Some(report))
}
