//! CSV as RFC 4180 has it: commas, CRLF, quotes where needed. UTF-8 with a byte order mark, since
//! Excel takes a file without one for Latin-1 and spoils every umlaut; where Excel expects
//! semicolons (as in Switzerland), the XLSX is the file to open.

use super::ExportError;
use super::table::{Cell, Table};

/// Writes the table.
pub(super) fn write(table: &Table) -> Result<Vec<u8>, ExportError> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(&table.heading)?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|cell| match cell {
            Cell::Text(text) => inert(text),
            Cell::Number(number) => number.to_string(),
        }))?;
    }
    writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()).into())
}

/// The text as no spreadsheet takes for a formula: names come from outside. A quote in front, which
/// spreadsheets read as 'this is text', marks what would be one.
fn inert(text: &str) -> String {
    let first = text.chars().next();
    let formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    );
    if formula { format!("'{text}") } else { text.to_owned() }
}
