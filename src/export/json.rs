//! JSON: the list with the same words as the table, for programs.

use serde::Serialize;

use super::{ExportError, Line, List, result_word, time_words};
use crate::course::admission::{Basis, State};

#[derive(Serialize)]
struct Document<'a> {
    semester: &'a str,
    at: String,
    students: Vec<Student<'a>>,
}

#[derive(Serialize)]
struct Student<'a> {
    legi: Option<&'a str>,
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
        students: list.lines.iter().map(student).collect::<Result<_, _>>()?,
    };
    let mut bytes = serde_json::to_vec_pretty(&document)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn student<'a>(line: &Line<'a>) -> Result<Student<'a>, ExportError> {
    let project = |result: &'a crate::course::result::ProjectResult| {
        Ok(Project {
            number: result.number.get(),
            slug: result.slug.as_str(),
            result: result_word(result),
            since: result.since.map(time_words).transpose()?,
            overridden: result.overridden,
        })
    };
    Ok(Student {
        legi: line.legi.map(|legi| legi.as_str()),
        family_name: line.family_name,
        first_name: line.first_name,
        email: line.email.as_str(),
        department: line.department,
        level: line.level,
        projects: line.results.iter().map(project).collect::<Result<_, ExportError>>()?,
        passed: line.admission.passed,
        missing: line.admission.missing,
        state: line.admission.state,
        basis: &line.admission.basis,
        since: line.admission.since.map(time_words).transpose()?,
    })
}
