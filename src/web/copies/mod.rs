//! Copies, as instructors see them: pairs ranked, side by side, in groups; and that somebody has looked.
//! Nothing of it is ever shown to students, and no result depends on it.

mod list;
mod pair;
mod picture;

use super::routes::Routes;

/// Addresses of this folder.
pub(super) fn routes(routes: &mut Routes) {
    list::routes(routes);
    pair::routes(routes);
}

/// Thousandths as a whole percentage, rounded down: 100 % is all of it.
fn percent(thousandths: i64) -> i64 {
    thousandths / 10
}
