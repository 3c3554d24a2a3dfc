//! What counts: every student's results and admission, for pages, API and export alike, from one
//! query, decided by [`crate::course`].

use std::collections::BTreeMap;

use super::arg::args;
use super::{Db, Error, Tx, semesters};
use crate::course::admission::{self, Admission, Carried, Decision, ProjectStanding};
use crate::course::counting::Handed;
use crate::course::result::{self, Decided, Graded, GradingState, ProjectResult};
use crate::course::{
    Email, Legi, PersonId, ProjectNumber, SemesterName, Slug, SubmissionId, Verdict, attempts,
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
    /// How many projects the semester wants passed.
    pub needed: i64,
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
    submission: Option<SubmissionId>,
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
        s.id AS submission, s.received_at, s.late, g.state, g.verdict, g.finished_at
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
    LEFT JOIN submissions s ON s.semester = m.name AND s.person = e.person AND s.project = p.number
    LEFT JOIN gradings g ON g.submission = s.id
    WHERE this.name = $1
      AND e.legi IN (SELECT t.legi FROM enrolments t WHERE t.semester = $1 AND t.role = 'student'
          AND (CAST($2 AS TEXT) IS NULL OR t.person = $2))
    ORDER BY s.number, g.number";

/// Every student's standing in a semester at `now`: by family name, first name, Legi number.
///
/// # Errors
/// When it can't be read.
pub async fn admissions(
    db: &Db,
    semester: &SemesterName,
    now: i64,
) -> Result<Vec<AdmissionRow>, Error> {
    standings(db, semester, None, now).await
}

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
    Ok(standings(db, semester, Some(person), now).await?.pop())
}

/// One grading of one submission, as far as it matters which submission counts.
#[derive(sqlx::FromRow)]
struct Line {
    submission: SubmissionId,
    received_at: i64,
    late: bool,
    state: GradingState,
    verdict: Option<Verdict>,
    finished_at: Option<i64>,
}

/// A student's submissions for one project with all their gradings, in the order of their numbers.
///
/// # Errors
/// When they can't be read.
pub async fn handed(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
    project: ProjectNumber,
) -> Result<Vec<(SubmissionId, Handed)>, Error> {
    let lines: Vec<Line> = db
        .all(
            "SELECT s.id AS submission, s.received_at, s.late, g.state, g.verdict, g.finished_at
             FROM submissions s JOIN gradings g ON g.submission = s.id
             WHERE s.semester = $1 AND s.person = $2 AND s.project = $3
             ORDER BY s.number, g.number",
            args![semester, person, project],
        )
        .await?;
    let mut handed: Vec<(SubmissionId, Handed)> = Vec::new();
    for Line { submission, received_at: received, late, state, verdict, finished_at } in lines {
        let grading = Graded { received, late, state, verdict, finished: finished_at };
        match handed.last_mut().filter(|(last, _)| *last == submission) {
            Some((_, one)) => one.gradings.push(grading),
            None => handed.push((submission, Handed { received, late, gradings: vec![grading] })),
        }
    }
    Ok(handed)
}

async fn standings(
    db: &Db,
    semester: &SemesterName,
    person: Option<&PersonId>,
    now: i64,
) -> Result<Vec<AdmissionRow>, Error> {
    tally(db.all(FACTS, args![semester, person]).await?, semester, now)
}

/// The standings as a transaction sees them, with what it has written itself; everyone's, if nobody is
/// named.
pub(super) async fn standings_within(
    tx: &mut Tx,
    semester: &SemesterName,
    person: Option<&PersonId>,
    now: i64,
) -> Result<Vec<AdmissionRow>, Error> {
    tally(tx.all(FACTS, args![semester, person]).await?, semester, now)
}

fn tally(facts: Vec<Fact>, semester: &SemesterName, now: i64) -> Result<Vec<AdmissionRow>, Error> {
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
    let rule = semesters::rule(first.needed, first.total)?;
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
        needed: first.needed,
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
    Some(result::of(project, &gradings, decided.as_ref(), times, submissions))
}
