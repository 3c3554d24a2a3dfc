//! The list as rows and columns, which CSV and XLSX share.

use super::{ExportError, Line, List, basis_words, result_word, time_words};

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
    let projects = list.lines.first().map_or(&[][..], |line| line.results);
    let mut heading: Vec<String> =
        ["Legi number", "Family name", "First name", "E-mail", "Department", "Level"]
            .map(str::to_owned)
            .to_vec();
    heading.extend(projects.iter().map(|project| format!("{} {}", project.number, project.slug)));
    heading.extend(["Passed", "Missing", "State", "Basis", "Since"].map(str::to_owned));
    let width = heading.len();
    let rows = list.lines.iter().map(|line| row(line, width)).collect::<Result<_, _>>()?;
    Ok(Table { heading, rows })
}

fn row(line: &Line<'_>, width: usize) -> Result<Vec<Cell>, ExportError> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let admission = line.admission;
    let mut row = vec![
        text(line.legi.map_or("", |legi| legi.as_str())),
        text(line.family_name),
        text(line.first_name),
        text(line.email.as_str()),
        text(line.department),
        text(line.level),
    ];
    row.extend(line.results.iter().map(|result| text(result_word(result))));
    let since = admission.since.map(time_words).transpose()?.unwrap_or_default();
    row.extend([
        Cell::Number(admission.passed),
        Cell::Number(admission.missing),
        text(admission.state.as_str()),
        Cell::Text(basis_words(&admission.basis)),
        Cell::Text(since),
    ]);
    // A field short, and everything behind it would stand under the wrong heading.
    if row.len() != width {
        return Err(ExportError::Beyond("students with different projects in one list".to_owned()));
    }
    Ok(row)
}
