//! What was handed in, file by file: coloured, with what instructors say of single lines, or held against an
//! earlier submission.

mod comments;
mod difference;
mod page;
mod reading;
mod shown;

use super::routes::Routes;

pub(super) use self::reading::{TextFile, read};
pub(super) use self::shown::{Line, coloured};

/// Addresses of this folder.
pub(super) fn routes(routes: &mut Routes) {
    page::routes(routes);
    comments::routes(routes);
}
