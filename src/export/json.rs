//! JSON: the list with the same words as the table, for programs.

use serde::Serialize;

use super::{ExportError, List, result_word, time_words};
use crate::course::admission::{Basis, Rule, State};
use crate::course::result::ProjectResult;
use crate::store::results::AdmissionRow;

#[derive(Serialize)]
struct Document<'a> {
    semester: &'a str,
    at: String,
    students: Vec<Student<'a>>,
}

#[derive(Serialize)]
struct Student<'a> {
    legi: &'a str,
    family_name: &'a str,
    first_name: &'a str,
    email: &'a str,
    department: &'a str,
    level: &'a str,
    projects: Vec<Project<'a>>,
    passed: u32,
    missing: u32,
    state: State,
    basis: &'a Basis,
    /// Only where it is another than the semester's.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule>,
    since: Option<String>,
}

#[derive(Serialize)]
struct Project<'a> {
    number: i64,
    slug: &'a str,
    result: &'static str,
    since: Option<String>,
    overridden: bool,
}

/// Writes the list, indented, with a line end.
pub(super) fn write(list: &List<'_>) -> Result<Vec<u8>, ExportError> {
    let document = Document {
        semester: list.semester.as_str(),
        at: time_words(list.at)?,
        students: list.rows.iter().map(student).collect::<Result<_, _>>()?,
    };
    let mut bytes = serde_json::to_vec_pretty(&document)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn student(row: &AdmissionRow) -> Result<Student<'_>, ExportError> {
    Ok(Student {
        legi: row.legi.as_str(),
        family_name: &row.family_name,
        first_name: &row.first_name,
        email: row.email.as_str(),
        department: &row.department,
        level: &row.level,
        projects: row.projects.iter().map(project).collect::<Result<_, ExportError>>()?,
        passed: row.admission.passed,
        missing: row.admission.missing,
        state: row.admission.state,
        basis: &row.admission.basis,
        rule: (row.admission.excused > 0).then_some(row.admission.rule),
        since: row.admission.since.map(time_words).transpose()?,
    })
}

fn project(result: &ProjectResult) -> Result<Project<'_>, ExportError> {
    Ok(Project {
        number: result.number.get(),
        slug: result.slug.as_str(),
        result: result_word(result),
        since: result.since.map(time_words).transpose()?,
        overridden: result.overridden,
    })
}
