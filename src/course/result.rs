//! What counts for one student and project: the best verdict of what was handed in on time, or an
//! instructor's override.

use serde::{Deserialize, Serialize};

use super::admission::ProjectStanding;
use super::attempts;
use super::words::choice;
use super::{ProjectNumber, Slug, Verdict};

choice!(
    /// Where a grading stands.
    GradingState, "a grading's state" {
        /// In the queue.
        Waiting = "waiting",
        /// Claimed by a worker.
        Running = "running",
        /// Has its verdict.
        Done = "done",
        /// Our fault, tried often enough: a person must look.
        NeedsAttention = "needs_attention",
        /// A newer submission took its place before it was graded.
        Replaced = "replaced",
    }
);

impl GradingState {
    /// Whether a verdict is still to come.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Waiting | Self::Running | Self::NeedsAttention)
    }
}

choice!(
    /// Whether a project can be handed in now.
    Window, "a window's state" {
        /// Opens later.
        Ahead = "ahead",
        /// Open, and what comes is on time.
        Open = "open",
        /// Past the student's own due time: what comes is late.
        Past = "past",
    }
);

/// One grading of one submission, as far as a result depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graded {
    /// First byte of the submission, epoch milliseconds.
    pub received: i64,
    /// Whether it was marked late when it came.
    pub late: bool,
    /// Whether an instructor has it count all the same.
    pub accepted: bool,
    /// Where this grading stands.
    pub state: GradingState,
    /// Its verdict, once done.
    pub verdict: Option<Verdict>,
    /// When it was done, epoch milliseconds.
    pub finished: Option<i64>,
}

impl Graded {
    fn counts(&self, due: i64) -> bool {
        self.accepted || attempts::counts(self.late, self.received, due)
    }
}

/// An instructor's decision on a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What was decided.
    pub verdict: Verdict,
    /// When, epoch milliseconds.
    pub at: i64,
}

/// What counts for one student and project, and what is still to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectResult {
    /// Which project.
    pub number: ProjectNumber,
    /// Its name.
    pub slug: Slug,
    /// The verdict that counts; none until there is one.
    pub verdict: Option<Verdict>,
    /// When it came to count, epoch milliseconds.
    pub since: Option<i64>,
    /// Whether an instructor decided it.
    pub overridden: bool,
    /// Whether the student is excused from it, so that it counts neither way.
    pub excused: bool,
    /// Whether something handed in on time still awaits its verdict.
    pub waiting: bool,
    /// Whether it can be handed in now.
    pub window: Window,
    /// The student's own due time, extension included, epoch milliseconds.
    pub due: i64,
    /// How many submissions there are, late ones included.
    pub submissions: i64,
}

impl ProjectResult {
    /// The same for a student who is excused from it.
    pub fn excused(self) -> Self {
        Self { excused: true, ..self }
    }

    /// How this project bears on admission.
    pub fn standing(&self) -> ProjectStanding {
        match self.verdict {
            _ if self.excused => ProjectStanding::Excused,
            Some(Verdict::Passed) => {
                ProjectStanding::Passed { since: self.since.unwrap_or(self.due) }
            }
            Some(Verdict::Failed) if self.overridden => ProjectStanding::Lost,
            _ if self.waiting => ProjectStanding::Waiting,
            _ if self.window != Window::Past => ProjectStanding::NotYetDue,
            _ => ProjectStanding::Lost,
        }
    }
}

/// A project as a result names it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its place.
    pub number: ProjectNumber,
    /// Its name.
    pub slug: Slug,
}

/// What a window is judged by, epoch milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When the project opens.
    pub opens: i64,
    /// The student's own due time.
    pub due: i64,
    /// The present.
    pub now: i64,
}

/// What counts, of all gradings of one student's submissions for one project.
pub fn of(
    project: Named,
    gradings: &[Graded],
    decided: Option<&Decided>,
    times: Times,
    submissions: i64,
) -> ProjectResult {
    let (verdict, since) = match decided {
        Some(Decided { verdict, at }) => (Some(*verdict), Some(*at)),
        None => best(gradings, times.due),
    };
    ProjectResult {
        number: project.number,
        slug: project.slug,
        verdict,
        since,
        overridden: decided.is_some(),
        excused: false,
        waiting: gradings.iter().any(|g| g.state.is_pending() && g.counts(times.due)),
        window: window(times),
        due: times.due,
        submissions,
    }
}

/// The best verdict of all gradings of submissions that count, and since when.
///
/// A pass is never lost again: not by a failed later submission, nor by a regrading with a stricter
/// grader. Only an override can take it away.
fn best(gradings: &[Graded], due: i64) -> (Option<Verdict>, Option<i64>) {
    let first = |wanted: Verdict| {
        gradings
            .iter()
            .filter(|g| g.verdict == Some(wanted) && g.counts(due))
            .filter_map(|g| g.finished)
            .min()
    };
    for verdict in [Verdict::Passed, Verdict::Failed] {
        if let Some(since) = first(verdict) {
            return (Some(verdict), Some(since));
        }
    }
    (None, None)
}

fn window(times: Times) -> Window {
    if times.now < times.opens {
        Window::Ahead
    } else if attempts::timeliness(times.now, times.due).is_late() {
        Window::Past
    } else {
        Window::Open
    }
}
