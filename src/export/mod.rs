//! What leaves the house as a file: the admission list, and the starter kits ([`starter`]).
//!
//! The list is CSV, XLSX or JSON, all from the same rows that the page shows.
//! [`List`] holds what one query gave; [`write()`] makes the file and its SHA-256, which goes on the
//! line that is signed. The same list gives the same bytes.

use crate::course::admission::{Admission, Basis};
use crate::course::result::{ProjectResult, Window};
use crate::course::{Digest, SemesterName};
use crate::store::results::AdmissionRow;

mod csv;
pub mod handout;
mod json;
pub mod links;
pub mod starter;
mod table;
mod xlsx;

/// All of a semester's students with where they stand.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// Which semester.
    pub semester: &'a SemesterName,
    /// When it was drawn up, epoch milliseconds.
    pub at: i64,
    /// In the order that the page shows; each student has the same projects.
    pub rows: &'a [AdmissionRow],
}

/// In which form a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, for programs and spreadsheets.
    Csv,
    /// A workbook.
    Xlsx,
    /// For programs.
    Json,
}

/// The word names no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list is written as csv, xlsx or json")]
pub struct NotAFormat;

impl std::str::FromStr for Format {
    type Err = NotAFormat;
    fn from_str(text: &str) -> Result<Self, NotAFormat> {
        match text {
            "csv" => Ok(Self::Csv),
            "xlsx" => Ok(Self::Xlsx),
            "json" => Ok(Self::Json),
            _ => Err(NotAFormat),
        }
    }
}

impl Format {
    /// The ending of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }

    /// For `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
        }
    }
}

/// A list as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// Of the file's bytes, as `sha256sum` prints it.
    pub digest: Digest,
    /// What the file is best called: `admissions-HS2026.csv`.
    pub name: String,
}

/// A list could not be written: our fault.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// As CSV.
    #[error("writing a list as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    /// As XLSX.
    #[error("writing a list as XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// As JSON.
    #[error("writing a list as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// More lines than a sheet has, or a time that no calendar has.
    #[error("a list can't hold this: {0}")]
    Beyond(String),
}

/// Writes the list.
pub fn write(list: &List<'_>, format: Format) -> Result<Written, ExportError> {
    let bytes = match format {
        Format::Csv => csv::write(&table::of(list)?)?,
        Format::Xlsx => xlsx::write(&table::of(list)?, list)?,
        Format::Json => json::write(list)?,
    };
    let digest = Digest::of(&bytes);
    let name = format!("admissions-{}.{}", list.semester, format.ending());
    Ok(Written { bytes, digest, name })
}

/// One word for where a student stands with one project, as lists have it.
pub fn result_word(result: &ProjectResult) -> &'static str {
    match (result.verdict, result.window) {
        _ if result.excused => "excused",
        (Some(verdict), _) => verdict.as_str(),
        (None, _) if result.waiting => "waiting",
        (None, Window::Past) => "missing",
        (None, Window::Ahead | Window::Open) => "open",
    }
}

/// On what an admission rests, in words, with the rule where that is another than the semester's.
pub fn basis_words(admission: &Admission) -> String {
    let basis = match &admission.basis {
        Basis::Projects => "projects".to_owned(),
        Basis::CarriedOver { semester } => format!("carried over from {semester}"),
        Basis::Override => "override".to_owned(),
    };
    if admission.excused == 0 {
        return basis;
    }
    let (needed, of) = (admission.rule.needed(), admission.rule.of());
    format!("{basis}, {needed} of {of} needed: excused from {}", admission.excused)
}

/// A time as lists have it: Europe/Zurich with its offset, to the second.
fn time_words(ms: i64) -> Result<String, ExportError> {
    let beyond = |error: jiff::Error| ExportError::Beyond(error.to_string());
    let at = jiff::Timestamp::from_millisecond(ms).map_err(beyond)?;
    let zoned = at.in_tz("Europe/Zurich").map_err(beyond)?;
    Ok(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}
