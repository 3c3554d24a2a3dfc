//! Who may sit the exam: rules 4 to 7 of the course, on values alone.

use serde::{Deserialize, Serialize};

use super::result::ProjectResult;
use super::words::choice;
use super::{SemesterName, Verdict};

/// How many projects must be passed, out of how many: a semester's setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    needed: u32,
    of: u32,
}

/// Two numbers that make no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{needed} of {of} is no rule: at least one project must be needed, and no more than there are"
)]
pub struct NotARule {
    /// Projects to be passed.
    pub needed: u32,
    /// Projects in all.
    pub of: u32,
}

impl Rule {
    /// `needed` of `of` projects.
    ///
    /// # Errors
    /// Unless `1 <= needed <= of <= 99`.
    pub fn new(needed: u32, of: u32) -> Result<Self, NotARule> {
        if needed >= 1 && needed <= of && of <= 99 {
            Ok(Self { needed, of })
        } else {
            Err(NotARule { needed, of })
        }
    }
    /// The rule for a student who is excused from projects, of which each excuse is one: they are taken
    /// out, and fewer are needed where the excuse says so; never none, and never more than are left.
    pub fn excused(self, excuses: &[Needed]) -> Self {
        let fewer = count(excuses.iter().filter(|one| **one == Needed::OneFewer).count());
        let of = self.of.saturating_sub(count(excuses.len())).max(1);
        Self { needed: self.needed.saturating_sub(fewer).clamp(1, of), of }
    }
    /// Projects to be passed.
    pub fn needed(self) -> u32 {
        self.needed
    }
    /// Projects in all.
    pub fn of(self) -> u32 {
        self.of
    }
}

choice!(
    /// What becomes of the number that is needed for a student who is excused from a project.
    Needed, "what an excuse does to the number needed: stays or one_fewer" {
        /// As many of those that are left.
        Stays = "stays",
        /// One fewer.
        OneFewer = "one_fewer",
    }
);

/// How one project bears on admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectStanding {
    /// Passed, by verdict or override.
    Passed {
        /// Since when, epoch milliseconds.
        since: i64,
    },
    /// Handed in on time, verdict to come.
    Waiting,
    /// Can still be handed in on time, or not open yet.
    NotYetDue,
    /// Neither passed nor any more to be.
    Lost,
    /// Taken out for this student: counts neither way.
    Excused,
}

/// An admission of an earlier semester, which holds for a re-sit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The earlier semester.
    pub semester: SemesterName,
    /// Since when, epoch milliseconds.
    pub since: i64,
}

choice!(
    /// What an override of an admission says.
    Decision, "a decision: admitted or not_admitted" {
        /// May sit the exam.
        Admitted = "admitted",
        /// May not.
        NotAdmitted = "not_admitted",
    }
);

/// A standing override of an admission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What was decided.
    pub decision: Decision,
    /// When, epoch milliseconds.
    pub at: i64,
}

choice!(
    /// Whether someone may sit the exam.
    State, "an admission's state" {
        /// May.
        Admitted = "admitted",
        /// The needed number can still be reached.
        Open = "open",
        /// Can't be reached any more.
        NotAdmitted = "not_admitted",
    }
);

/// What an admission, or its absence, rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Basis {
    /// This semester's projects.
    Projects,
    /// Admitted in an earlier semester.
    CarriedOver {
        /// Which one.
        semester: SemesterName,
    },
    /// Someone decided, with a reason on record.
    Override,
}

/// What counts for one student and semester.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// Whether they may sit the exam.
    pub state: State,
    /// On what basis.
    pub basis: Basis,
    /// The rule that holds for this student.
    pub rule: Rule,
    /// Projects that this student is excused from: for want of them the rule is another.
    pub excused: u32,
    /// Projects passed this semester.
    pub passed: u32,
    /// Projects still to be passed; 0 once admitted, on whatever basis.
    pub missing: u32,
    /// Since when it has held, epoch milliseconds; none while open, and when the projects alone say no.
    pub since: Option<i64>,
}

/// Decides an admission by the rule that holds for the student. An override wins; then this semester's own passes; then an earlier
/// admission; else it is open exactly while the needed number can still be reached.
pub fn decide(
    rule: &Rule,
    projects: &[ProjectStanding],
    carried: Option<&Carried>,
    decided: Option<&Decided>,
) -> Admission {
    let mut passes: Vec<i64> = projects
        .iter()
        .filter_map(|p| if let ProjectStanding::Passed { since } = p { Some(*since) } else { None })
        .collect();
    passes.sort_unstable();
    let passed = count(passes.len());
    let reachable = reachable(projects);
    let missing = rule.needed.saturating_sub(passed);
    // The pass that made it enough, not the latest one.
    let enough_since = passes.get(rule.needed as usize - 1).copied();

    let (state, basis, since) = if let Some(Decided { decision, at }) = decided {
        let state = match decision {
            Decision::Admitted => State::Admitted,
            Decision::NotAdmitted => State::NotAdmitted,
        };
        (state, Basis::Override, Some(*at))
    } else if enough_since.is_some() {
        (State::Admitted, Basis::Projects, enough_since)
    } else if let Some(Carried { semester, since }) = carried {
        (State::Admitted, Basis::CarriedOver { semester: semester.clone() }, Some(*since))
    } else if reachable >= rule.needed {
        (State::Open, Basis::Projects, None)
    } else {
        (State::NotAdmitted, Basis::Projects, None)
    };
    let missing = if state == State::Admitted { 0 } else { missing };
    let excused = projects.iter().filter(|p| **p == ProjectStanding::Excused).count();
    let excused = count(excused);
    Admission { state, basis, rule: *rule, excused, passed, missing, since }
}

/// How many projects may still be lost without the admission being lost: 0 for whoever needs every
/// one that is left. None once it is decided.
pub fn slack(admission: &Admission, projects: &[ProjectStanding]) -> Option<u32> {
    let needed = admission.rule.needed;
    (admission.state == State::Open).then(|| reachable(projects).saturating_sub(needed))
}

fn reachable(projects: &[ProjectStanding]) -> u32 {
    use ProjectStanding::{Excused, Lost};
    count(projects.iter().filter(|p| !matches!(p, Lost | Excused)).count())
}

/// How many projects may still be passed: what waits for its verdict, and what is not yet due.
pub fn still_open(projects: &[ProjectStanding]) -> u32 {
    let open =
        |p: &&ProjectStanding| matches!(p, ProjectStanding::Waiting | ProjectStanding::NotYetDue);
    count(projects.iter().filter(open).count())
}

/// The place of the project whose pass made it enough; none unless the projects admit.
pub fn reached_by(projects: &[ProjectResult], admission: &Admission) -> Option<usize> {
    if (admission.state, &admission.basis) != (State::Admitted, &Basis::Projects) {
        return None;
    }
    let made_it = |result: &ProjectResult| {
        let passed = result.verdict == Some(Verdict::Passed) && !result.excused;
        passed && result.since == admission.since
    };
    projects.iter().position(made_it)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
