//! A roster: who takes part in a semester, as the course office writes it down.

use super::{Email, Legi, Role};

/// One row of a roster, its words already parsed.
#[derive(Clone, Debug)]
pub struct RosterRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Family name.
    pub family_name: String,
    /// First name.
    pub first_name: String,
    /// Legi number; every student has one.
    pub legi: Option<Legi>,
    /// E-mail address.
    pub email: Email,
    /// Department.
    pub department: String,
    /// Level of study.
    pub level: String,
    /// Student or instructor.
    pub role: Role,
}
