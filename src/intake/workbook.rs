//! A spreadsheet's first sheet as CSV: what the course office has is often a workbook of Excel's.

use std::io::{self, Cursor, Read};

use calamine::{Data, Reader, Xlsx};

/// What all files within a workbook may come to, unpacked: small archives can hold endless ones.
const UNPACKED: u64 = 32 << 20;

/// It can't be read as a workbook.
#[derive(Debug, thiserror::Error)]
pub enum NotAWorkbook {
    /// Not one, or a damaged one.
    #[error("the workbook can't be read: {0}")]
    Unreadable(String),
    /// More than a roster can be.
    #[error("the workbook holds more than {} MiB when unpacked", UNPACKED >> 20)]
    TooLarge,
    /// Nothing in it.
    #[error("the workbook has no sheet")]
    NoSheet,
}

/// Whether the bytes begin as a workbook does, which is a zip archive.
pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// The first sheet as CSV with commas, its rows on lines of the same numbers.
///
/// # Errors
/// It is no workbook, or one that is too large.
pub fn to_csv(bytes: &[u8]) -> Result<Vec<u8>, NotAWorkbook> {
    let unreadable = |fault: &dyn std::fmt::Display| NotAWorkbook::Unreadable(fault.to_string());
    held_to_size(bytes)?;
    let mut workbook: Xlsx<_> =
        Xlsx::new(Cursor::new(bytes)).map_err(|fault| unreadable(&fault))?;
    let sheet = workbook.worksheet_range_at(0).ok_or(NotAWorkbook::NoSheet)?;
    let sheet = sheet.map_err(|fault| unreadable(&fault))?;
    // Rows that are left out above the first one that is not empty.
    let above = sheet.start().map_or(0, |(row, _)| row);
    let csv: Vec<u8> = (0..above.min(MOST_ABOVE)).map(|_| b'\n').collect();
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(csv);
    for row in sheet.rows() {
        writer.write_record(row.iter().map(text)).map_err(|fault| unreadable(&fault))?;
    }
    writer.into_inner().map_err(|fault| unreadable(&fault.error()))
}

/// A sheet whose first row stands further below is numbered from here.
const MOST_ABOVE: u32 = 1_000;

/// A number that stands for a Legi number has no digits behind its point.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        other => other.to_string(),
    }
}

/// Unpacks everything once, to nowhere: what an archive's directory says of sizes is only a claim.
fn held_to_size(bytes: &[u8]) -> Result<(), NotAWorkbook> {
    let unreadable = |fault: &dyn std::fmt::Display| NotAWorkbook::Unreadable(fault.to_string());
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|fault| unreadable(&fault))?;
    let mut left = UNPACKED;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|fault| unreadable(&fault))?;
        let unpacked = io::copy(&mut file.take(left + 1), &mut io::sink());
        let unpacked = unpacked.map_err(|fault| unreadable(&fault))?;
        left = left.checked_sub(unpacked).ok_or(NotAWorkbook::TooLarge)?;
    }
    Ok(())
}
