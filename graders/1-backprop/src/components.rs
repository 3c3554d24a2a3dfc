//! The checks of single functions: `forward`, `loss`, `grads`, `sgd`.

use testat_kit::check::{scaled_err, worst};
use testat_kit::link::Message;
use testat_kit::run::Grading;
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Wrong};
use testat_kit::words::{entry, layers_entry, number};
use testat_kit::{exchange, figure};

use crate::draws::{self, Case};
use crate::{diagnosis, requests, words};

/// Stream of the arguments of `forward` and `loss_and_grads`.
const CASES: u64 = 1;
/// Stream of the arguments of `sgd`.
const WALKS: u64 = 2;

/// The checks decided here.
pub const CHECKS: [&str; 4] = ["forward", "loss", "grads", "sgd"];

/// Decides them all, and shows the errors.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let cases = draws::cases(&mut grading.stream(CASES));
    let mut bars = Vec::new();

    let mut tally = Tally::new("forward", "", grading.threshold("forward")?);
    forward(grading, &cases, &mut tally)?;
    tally.settle(grading, "forward", &mut bars)?;

    let mut loss = Tally::new("loss_and_grads", "", grading.threshold("loss")?);
    let mut grads = Tally::new("loss_and_grads", "", grading.threshold("grads")?);
    loss_and_grads(grading, &cases, &mut loss, &mut grads)?;
    loss.settle(grading, "loss", &mut bars)?;
    grads.settle(grading, "grads", &mut bars)?;

    let mut tally = Tally::new("sgd", "sgd ", grading.threshold("sgd")?);
    sgd(grading, &mut tally)?;
    tally.settle(grading, "sgd", &mut bars)?;

    grading.show(figure::errors_figure(&bars, grading.threshold("grads")?))
}

fn forward(grading: &mut Grading, cases: &[Case], tally: &mut Tally) -> Result<(), Fault> {
    for (done, case) in cases.iter().enumerate() {
        grading.progress("forward", done, cases.len())?;
        let reply = grading.subject.ask(requests::forward(case)).and_then(|reply| {
            let only = ["logits".to_owned()];
            let read = reply.expect_only(&only, &[]);
            read.and_then(|()| reply.matrix("logits", case.logits.dim())).map_err(unfit("forward"))
        });
        match reply {
            Ok(logits) => {
                tally.note("logits", scaled_err(&logits, &case.logits));
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_case(case),
                    place: worst(&logits, &case.logits).map(|at| entry("logits", &at)),
                    hint: diagnosis::of_logits(&logits, case),
                });
            }
            Err(trouble) => return tally.stop(trouble, &words::of_case(case), overflow(case)),
        }
    }
    Ok(())
}

fn loss_and_grads(
    grading: &mut Grading,
    cases: &[Case],
    loss: &mut Tally,
    grads: &mut Tally,
) -> Result<(), Fault> {
    for (done, case) in cases.iter().enumerate() {
        let at = if !loss.stopped() { "loss" } else { "grads" };
        grading.progress(at, done, cases.len())?;
        match grading.subject.ask(requests::grads(case)) {
            Ok(reply) => {
                loss_of(&reply, case, loss)?;
                grads_of(&reply, case, grads)?;
            }
            Err(trouble) => {
                loss.stop_both(grads, trouble, &words::of_case(case), overflow(case))?;
            }
        }
        if loss.stopped() && grads.stopped() {
            break;
        }
    }
    Ok(())
}

fn loss_of(reply: &Message, case: &Case, tally: &mut Tally) -> Result<(), Fault> {
    if tally.stopped() {
        return Ok(());
    }
    let value = match reply.scalar("loss") {
        Ok(value) => value,
        Err(reason) => {
            let trouble = Trouble::Unfit { function: "loss_and_grads", reason };
            return tally.stop(trouble, &words::of_case(case), overflow(case));
        }
    };
    let (got, expected) = (number(value), number(case.loss));
    tally.note("loss", (value - case.loss).abs() / case.loss.abs().max(1e-8));
    tally.hold(case.turn, || Wrong {
        arguments: words::of_case(case),
        place: Some(format!("the loss is {got}, expected {expected}")),
        hint: diagnosis::of_loss(value, case),
    });
    Ok(())
}

fn grads_of(reply: &Message, case: &Case, tally: &mut Tally) -> Result<(), Fault> {
    if tally.stopped() {
        return Ok(());
    }
    match exchange::layers(reply, "loss_and_grads", "d", &case.grads, &["loss"]) {
        Ok(got) => {
            tally.note_layers("d", &got, &case.grads);
            tally.hold(case.turn, || Wrong {
                arguments: words::of_case(case),
                place: layers_entry("d", &got, &case.grads),
                hint: diagnosis::of_grads(&got, case),
            });
            Ok(())
        }
        Err(trouble) => tally.stop(trouble, &words::of_case(case), overflow(case)),
    }
}

fn sgd(grading: &mut Grading, tally: &mut Tally) -> Result<(), Fault> {
    let walks = draws::walks(&mut grading.stream(WALKS));
    for (done, walk) in walks.iter().enumerate() {
        grading.progress("sgd", done, walks.len())?;
        let reply = grading
            .subject
            .ask(requests::sgd(walk))
            .and_then(|reply| exchange::layers(&reply, "sgd", "", &walk.layers, &[]));
        match reply {
            Ok(got) => {
                tally.note_layers("", &got, &walk.end);
                tally.hold(walk.turn, || Wrong {
                    arguments: words::of_walk(walk),
                    place: layers_entry("", &got, &walk.end),
                    hint: diagnosis::of_walk(&got, walk),
                });
            }
            Err(trouble) => return tally.stop(trouble, &words::of_walk(walk), None),
        }
    }
    Ok(())
}

/// A hint for results that are not finite where a softmax taken literally overflows.
fn overflow(case: &Case) -> Option<&'static str> {
    diagnosis::overflows(case).then_some(
        "With such logits exp overflows or vanishes: subtract each row's maximum before the exponentials.",
    )
}
