//! One-time links for a serial letter, as CSV.

use super::table::{Cell, Table};
use super::{ExportError, csv};
use crate::course::Email;

/// A person's link.
#[derive(Clone, Debug)]
pub struct Link {
    /// Family name.
    pub family_name: String,
    /// First name.
    pub first_name: String,
    /// Where to.
    pub email: Email,
    /// With which they set a password, once.
    pub link: String,
}

/// The links, a row each.
///
/// # Errors
/// When they can't be written.
pub fn csv(links: &[Link]) -> Result<Vec<u8>, ExportError> {
    let heading = ["Family name", "First name", "E-mail", "Link"].map(str::to_owned).to_vec();
    let row = |one: &Link| {
        [&one.family_name, &one.first_name, &one.email.to_string(), &one.link]
            .map(|text| Cell::Text(text.clone()))
            .into()
    };
    csv::write(&Table { heading, rows: links.iter().map(row).collect() })
}
