//! XLSX: one sheet, text as text, counts as numbers, the heading fixed at the top.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

use super::table::{Cell, Table};
use super::{ExportError, List};

/// Writes the table.
pub(super) fn write(table: &Table, list: &List<'_>) -> Result<Vec<u8>, ExportError> {
    let mut book = Workbook::new();
    // Otherwise the clock's time goes in, and the same list has another digest every time.
    let made = ExcelDateTime::from_timestamp(list.at.div_euclid(1000))?;
    let title = format!("Admissions {}", list.semester);
    book.set_properties(&DocProperties::new().set_title(&title).set_creation_datetime(&made));
    let sheet = book.add_worksheet().set_name(&title)?;
    let bold = Format::new().set_bold();
    for (column, heading) in (0_u16..).zip(&table.heading) {
        sheet.write_string_with_format(0, column, heading, &bold)?;
        sheet.set_column_width(column, width(table, column, heading))?;
    }
    for (row, cells) in (1_u32..).zip(&table.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, text)?,
                Cell::Number(number) => sheet.write_number(row, column, *number)?,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    if let (Ok(rows), Some(last)) =
        (u32::try_from(table.rows.len()), u16::try_from(table.heading.len()).ok())
        && last > 0
    {
        sheet.autofilter(0, 0, rows, last - 1)?;
    }
    Ok(book.save_to_buffer()?)
}

/// Characters of the longest text in a column, within what fits on a screen.
fn width(table: &Table, column: u16, heading: &str) -> f64 {
    let longest = table
        .rows
        .iter()
        .filter_map(|row| match row.get(usize::from(column)) {
            Some(Cell::Text(text)) => Some(text.chars().count()),
            _ => None,
        })
        .chain([heading.chars().count()])
        .max()
        .unwrap_or(0);
    // Room for the filter's button beside the heading.
    f64::from(u32::try_from(longest.clamp(6, 40) + 3).unwrap_or(43))
}
