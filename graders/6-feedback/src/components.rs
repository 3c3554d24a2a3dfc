//! The checks of single functions: `fa` and `dfa`, both of `feedback_grads`.

use testat_kit::run::Grading;
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Wrong};
use testat_kit::words::layers_entry;
use testat_kit::{exchange, figure};

use crate::draws::{self, Case};
use crate::reference::Route;
use crate::{diagnosis, requests, words};

/// Stream of the arguments of `feedback_grads`.
const CASES: u64 = 1;

/// Decides both, and shows the errors.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let cases = draws::cases(&mut grading.stream(CASES));
    let mut fa = Tally::new("feedback_grads", "fa ", grading.threshold("fa")?);
    let mut dfa = Tally::new("feedback_grads", "dfa ", grading.threshold("dfa")?);
    // The rules come in turn, so that one process answers both: what is kept from one shows in the other.
    for (done, case) in cases.iter().enumerate() {
        let tally = if case.route == Route::Dfa { &mut dfa } else { &mut fa };
        grading.progress(case.route.name(), done, cases.len())?;
        if !tally.stopped() {
            ask(grading, case, tally)?;
        }
    }
    let mut bars = Vec::new();
    fa.settle(grading, "fa", &mut bars)?;
    dfa.settle(grading, "dfa", &mut bars)?;
    grading.show(figure::errors_figure(&bars, grading.threshold("fa")?))
}

fn ask(grading: &mut Grading, case: &Case, tally: &mut Tally) -> Result<(), Fault> {
    let reply = grading
        .subject
        .ask(requests::grads(case))
        .and_then(|reply| exchange::layers(&reply, "feedback_grads", "d", &case.grads, &[]));
    match reply {
        Ok(got) => {
            tally.note_layers("d", &got, &case.grads);
            tally.hold(case.turn, || Wrong {
                arguments: words::of_case(case),
                place: layers_entry("d", &got, &case.grads),
                hint: diagnosis::of_grads(&got, case),
            });
            Ok(())
        }
        Err(trouble) => tally.stop(trouble, &words::of_case(case), diagnosis::overflow(case)),
    }
}
