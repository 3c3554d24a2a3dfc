//! What counts: every student's results and admission, for pages, API and export alike, from one
//! query, decided by [`crate::course`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::arg::args;
use super::{Db, Error, Tx, semesters};
use crate::course::admission::{self, Admission, Carried, Decision, Needed, ProjectStanding};
use crate::course::counting::Handed;
use crate::course::difference::{self, Change};
use crate::course::result::{self, Decided, Graded, GradingState, ProjectResult};
use crate::course::{
    AcceptanceId, Email, Legi, PersonId, ProjectNumber, RegradeId, SemesterName, Slug,
    SubmissionId, Verdict, attempts,
};

/// One student of a semester, with all that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionRow {
    /// Who.
    pub person: PersonId,
    /// Their Legi number.
    pub legi: Legi,
    /// Family name.
    pub family_name: String,
    /// First name.
    pub first_name: String,
    /// E-mail address.
    pub email: Email,
    /// Department, as the roster says.
    pub department: String,
    /// Level of study, as the roster says.
    pub level: String,
    /// The results, in order of the projects.
    pub projects: Vec<ProjectResult>,
    /// Whether they may sit the exam, and why.
    pub admission: Admission,
}

/// One grading of one submission of one student and project, or less where there is less.
#[derive(sqlx::FromRow)]
struct Fact {
    semester: SemesterName,
    starts_at: i64,
    needed: i64,
    total: i64,
    person: PersonId,
    legi: Legi,
    family_name: String,
    first_name: String,
    email: Email,
    department: String,
    level: String,
    number: ProjectNumber,
    slug: Slug,
    opens: i64,
    due: i64,
    extended: Option<i64>,
    result_decision: Option<Verdict>,
    result_decided_at: Option<i64>,
    admission_decision: Option<Decision>,
    admission_decided_at: Option<i64>,
    excuse: Option<Needed>,
    submission: Option<SubmissionId>,
    acceptance: Option<AcceptanceId>,
    received_at: Option<i64>,
    late: Option<bool>,
    state: Option<GradingState>,
    verdict: Option<Verdict>,
    finished_at: Option<i64>,
}

/// The semester asked for and all before it, for the students of the semester asked for: an earlier
/// admission carries over by Legi number.
const FACTS: &str = "SELECT m.name AS semester, m.starts_at, m.needed, m.total, e.person, e.legi,
        h.family_name, h.first_name, h.email, e.department, e.level,
        p.number, p.slug, p.opens, p.due, x.due AS extended,
        r.decision AS result_decision, r.decided_at AS result_decided_at,
        a.decision AS admission_decision, a.decided_at AS admission_decided_at,
        q.needed AS excuse, s.id AS submission, c.id AS acceptance, s.received_at, s.late,
        g.state, g.verdict, g.finished_at
    FROM semesters this
    JOIN semesters m ON m.name = this.name OR m.starts_at < this.starts_at
    JOIN enrolments e ON e.semester = m.name AND e.role = 'student'
    JOIN people h ON h.id = e.person
    JOIN projects p ON p.semester = m.name
    LEFT JOIN extensions x ON x.semester = m.name AND x.person = e.person AND x.project = p.number
        AND x.revoked_at IS NULL
    LEFT JOIN overrides r ON r.semester = m.name AND r.person = e.person AND r.project = p.number
        AND r.revoked_at IS NULL
    LEFT JOIN overrides a ON a.semester = m.name AND a.person = e.person AND a.project IS NULL
        AND a.revoked_at IS NULL
    LEFT JOIN excuses q ON q.semester = m.name AND q.person = e.person AND q.project = p.number
        AND q.revoked_at IS NULL
    LEFT JOIN submissions s ON s.semester = m.name AND s.person = e.person AND s.project = p.number
    LEFT JOIN acceptances c ON c.submission = s.id AND c.revoked_at IS NULL
    LEFT JOIN gradings g ON g.submission = s.id AND {counting}
    WHERE this.name = $1
      AND e.legi IN (SELECT t.legi FROM enrolments t WHERE t.semester = $1 AND t.role = 'student'
          AND (CAST($2 AS TEXT) IS NULL OR t.person = $2))
    ORDER BY s.number, g.number";

/// What counts.
const COUNTING: &str = "g.counts";

/// What would count if the regrade `$3` were applied as far as it is.
const IF_APPLIED: &str = "((g.regrade = $3 AND g.state = 'done')
    OR (g.counts AND NOT EXISTS (SELECT 1 FROM gradings n WHERE n.submission = g.submission
        AND n.regrade = $3 AND n.state = 'done' AND n.number > g.number)))";

fn facts(counting: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(FACTS.replace("{counting}", counting))
}

/// Every student's standing in a semester at `now`: by family name, first name, Legi number.
///
/// # Errors
/// When it can't be read.
pub async fn admissions(
    db: &Db,
    semester: &SemesterName,
    now: i64,
) -> Result<Vec<AdmissionRow>, Error> {
    let facts = db.all(facts(COUNTING), args![semester, EVERYONE]).await?;
    standings(facts, semester, now)
}

/// The same as `tx` sees it, of one student or of all.
pub(super) async fn admissions_in(
    tx: &mut Tx,
    semester: &SemesterName,
    person: Option<&PersonId>,
    now: i64,
) -> Result<Vec<AdmissionRow>, Error> {
    let facts = tx.all(facts(COUNTING), args![semester, person]).await?;
    standings(facts, semester, now)
}

/// Whose standings in a semester a regrade changes, or has changed so far if some of its gradings have
/// no verdict yet; the students with what would become another, of how many.
///
/// # Errors
/// When it can't be read.
pub async fn if_applied(
    db: &Db,
    semester: &SemesterName,
    regrade: &RegradeId,
    now: i64,
) -> Result<(Vec<Changed>, usize), Error> {
    let mut tx = db.snapshot().await?;
    let before = admissions_in(&mut tx, semester, EVERYONE, now).await?;
    let applied = tx.all(facts(IF_APPLIED), args![semester, EVERYONE, regrade]).await?;
    let after = standings(applied, semester, now)?;
    Ok((changes(&before, &after), before.len()))
}

/// A student for whom something becomes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Who.
    pub person: PersonId,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}

/// What differs between two lists of the same students.
pub(super) fn changes(before: &[AdmissionRow], after: &[AdmissionRow]) -> Vec<Changed> {
    let after: BTreeMap<&PersonId, &AdmissionRow> =
        after.iter().map(|row| (&row.person, row)).collect();
    let differs = |row: &AdmissionRow| {
        let change = difference::between(row.standing(), after.get(&row.person)?.standing())?;
        Some(Changed { person: row.person.clone(), change })
    };
    before.iter().filter_map(differs).collect()
}

impl AdmissionRow {
    fn standing(&self) -> difference::Standing<'_> {
        difference::Standing { projects: &self.projects, admission: &self.admission }
    }
}

/// No one person's standing alone.
const EVERYONE: Option<&PersonId> = None;

/// One student's standing in a semester at `now`; none if they are no student of it.
///
/// # Errors
/// When it can't be read.
pub async fn admission_of(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
    now: i64,
) -> Result<Option<AdmissionRow>, Error> {
    let facts = db.all(facts(COUNTING), args![semester, Some(person)]).await?;
    Ok(standings(facts, semester, now)?.pop())
}

/// One grading of one submission, as far as it matters which submission counts.
#[derive(sqlx::FromRow)]
struct Counting {
    submission: SubmissionId,
    received_at: i64,
    late: bool,
    acceptance: Option<AcceptanceId>,
    state: GradingState,
    verdict: Option<Verdict>,
    finished_at: Option<i64>,
}

/// A student's submissions for one project with those of their gradings that count, in the order of
/// their numbers.
///
/// # Errors
/// When they can't be read.
pub async fn handed(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
    project: ProjectNumber,
) -> Result<Vec<(SubmissionId, Handed)>, Error> {
    let lines: Vec<Counting> = db
        .all(
            "SELECT s.id AS submission, s.received_at, s.late, c.id AS acceptance, g.state,
                 g.verdict, g.finished_at
             FROM submissions s JOIN gradings g ON g.submission = s.id AND g.counts
             LEFT JOIN acceptances c ON c.submission = s.id AND c.revoked_at IS NULL
             WHERE s.semester = $1 AND s.person = $2 AND s.project = $3
             ORDER BY s.number, g.number",
            args![semester, person, project],
        )
        .await?;
    let mut handed: Vec<(SubmissionId, Handed)> = Vec::new();
    for line in lines {
        let (received, late, accepted) = (line.received_at, line.late, line.acceptance.is_some());
        let (state, verdict, finished) = (line.state, line.verdict, line.finished_at);
        let grading = Graded { received, late, accepted, state, verdict, finished };
        match handed.last_mut().filter(|(last, _)| *last == line.submission) {
            Some((_, one)) => one.gradings.push(grading),
            None => {
                let one = Handed { received, late, accepted, gradings: vec![grading] };
                handed.push((line.submission, one));
            }
        }
    }
    Ok(handed)
}

fn standings(
    facts: Vec<Fact>,
    semester: &SemesterName,
    now: i64,
) -> Result<Vec<AdmissionRow>, Error> {
    // In order of time, so that what is carried over is known before it is needed.
    let mut students: BTreeMap<(i64, SemesterName, Legi), BTreeMap<ProjectNumber, Vec<Fact>>> =
        BTreeMap::new();
    for fact in facts {
        let student = (fact.starts_at, fact.semester.clone(), fact.legi.clone());
        students.entry(student).or_default().entry(fact.number).or_default().push(fact);
    }
    let mut carried: BTreeMap<Legi, Carried> = BTreeMap::new();
    let mut rows = Vec::new();
    for ((_, name, legi), projects) in students {
        let Some(row) = row(&projects, carried.get(&legi), now)? else { continue };
        if name == *semester {
            rows.push(row);
        } else if row.admission.state == admission::State::Admitted {
            // The first admission is the one that is named.
            let since = row.admission.since.unwrap_or(0);
            carried.entry(legi).or_insert(Carried { semester: name, since });
        }
    }
    rows.sort_by_cached_key(|row| {
        (row.family_name.to_lowercase(), row.first_name.to_lowercase(), row.legi.clone())
    });
    Ok(rows)
}

fn row(
    projects: &BTreeMap<ProjectNumber, Vec<Fact>>,
    carried: Option<&Carried>,
    now: i64,
) -> Result<Option<AdmissionRow>, Error> {
    let Some(first) = projects.values().flatten().next() else { return Ok(None) };
    let excuses: Vec<Needed> =
        projects.values().filter_map(|facts| facts.first()?.excuse).collect();
    let rule = semesters::rule(first.needed, first.total)?.excused(&excuses);
    let results: Vec<ProjectResult> =
        projects.values().filter_map(|facts| project_result(facts, now)).collect();
    let standings: Vec<ProjectStanding> = results.iter().map(ProjectResult::standing).collect();
    let decided = first
        .admission_decision
        .zip(first.admission_decided_at)
        .map(|(decision, at)| admission::Decided { decision, at });
    Ok(Some(AdmissionRow {
        person: first.person.clone(),
        legi: first.legi.clone(),
        family_name: first.family_name.clone(),
        first_name: first.first_name.clone(),
        email: first.email.clone(),
        department: first.department.clone(),
        level: first.level.clone(),
        projects: results,
        admission: admission::decide(&rule, &standings, carried, decided.as_ref()),
    }))
}

fn project_result(facts: &[Fact], now: i64) -> Option<ProjectResult> {
    let first = facts.first()?;
    let gradings: Vec<Graded> = facts
        .iter()
        .filter_map(|fact| {
            Some(Graded {
                received: fact.received_at?,
                late: fact.late?,
                accepted: fact.acceptance.is_some(),
                state: fact.state?,
                verdict: fact.verdict,
                finished: fact.finished_at,
            })
        })
        .collect();
    let mut submissions: Vec<&SubmissionId> =
        facts.iter().filter_map(|fact| fact.submission.as_ref()).collect();
    submissions.dedup();
    let decided = first
        .result_decision
        .zip(first.result_decided_at)
        .map(|(verdict, at)| Decided { verdict, at });
    let project = result::Named { number: first.number, slug: first.slug.clone() };
    let due = attempts::own_due(first.due, first.extended);
    let times = result::Times { opens: first.opens, due, now };
    let submissions = i64::try_from(submissions.len()).unwrap_or(i64::MAX);
    let result = result::of(project, &gradings, decided.as_ref(), times, submissions);
    Some(if first.excuse.is_some() { result.excused() } else { result })
}
