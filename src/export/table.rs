//! The list as rows and columns, which CSV and XLSX share.

use super::{ExportError, List, basis_words, result_word, time_words};
use crate::store::results::AdmissionRow;

/// A heading and the rows below it.
pub(super) struct Table {
    /// One for each column.
    pub heading: Vec<String>,
    /// Each as long as the heading.
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in one field.
pub(super) enum Cell {
    /// Never to be read as anything but text.
    Text(String),
    /// A count.
    Number(u32),
}

/// Lays the list out.
pub(super) fn of(list: &List<'_>) -> Result<Table, ExportError> {
    let projects = list.rows.first().map_or(&[][..], |row| row.projects.as_slice());
    let mut heading: Vec<String> =
        ["Legi number", "Family name", "First name", "E-mail", "Department", "Level"]
            .map(str::to_owned)
            .to_vec();
    heading.extend(projects.iter().map(|project| format!("{} {}", project.number, project.slug)));
    heading.extend(["Passed", "Missing", "State", "Basis", "Since"].map(str::to_owned));
    let width = heading.len();
    let rows = list.rows.iter().map(|student| row(student, width)).collect::<Result<_, _>>()?;
    Ok(Table { heading, rows })
}

fn row(student: &AdmissionRow, width: usize) -> Result<Vec<Cell>, ExportError> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let admission = &student.admission;
    let mut row = vec![
        text(student.legi.as_str()),
        text(&student.family_name),
        text(&student.first_name),
        text(student.email.as_str()),
        text(&student.department),
        text(&student.level),
    ];
    row.extend(student.projects.iter().map(|result| text(result_word(result))));
    let since = admission.since.map(time_words).transpose()?.unwrap_or_default();
    row.extend([
        Cell::Number(admission.passed),
        Cell::Number(admission.missing),
        text(admission.state.as_str()),
        Cell::Text(basis_words(admission)),
        Cell::Text(since),
    ]);
    // A field short, and everything behind it would stand under the wrong heading.
    if row.len() != width {
        return Err(ExportError::Beyond("students with different projects in one list".to_owned()));
    }
    Ok(row)
}
