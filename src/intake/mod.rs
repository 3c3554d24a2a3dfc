//! Untrusted bytes in: uploads on their way to disk, archives looked into and unpacked under
//! limits, blobs kept by their digest, rosters read. Nothing here believes a header.

use std::io;

pub mod archive;
pub mod blobs;
pub mod roster;
pub mod workbook;

/// What goes wrong at intake: the upload is refused and the person told why, or it is our fault.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The archive is not one that Testat takes; the text is for the person who sent it.
    #[error(transparent)]
    Rejected(#[from] archive::Rejected),
    /// Our disk or our store: never the person's cost.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The server's own trouble while handling an upload. Not for the person's eyes.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct Fault {
    /// What was being done.
    pub doing: &'static str,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl Fault {
    /// Names what was being done when the system refused; for `map_err`.
    pub fn doing(doing: &'static str) -> impl Fn(io::Error) -> Fault {
        move |source| Fault { doing, source }
    }
}
