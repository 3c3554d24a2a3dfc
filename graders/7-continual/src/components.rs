//! The checks of single functions: `fisher`, `ewc`, `auroc`.

use testat_kit::exchange;
use testat_kit::figure::errors_figure;
use testat_kit::layer::Layer;
use testat_kit::link::Message;
use testat_kit::run::Grading;
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Wrong};
use testat_kit::words::{layers_entry, number};

use crate::draws::{self, Ewc};
use crate::{diagnosis, requests, words};

/// Stream of the arguments of `fisher_diag`.
const FISHERS: u64 = 1;
/// Stream of the arguments of `ewc_penalty`.
const PENALTIES: u64 = 2;
/// Stream of the arguments of `auroc`.
const RANKINGS: u64 = 3;

/// Decides them all, and shows the errors.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let mut bars = Vec::new();
    let mut tally = Tally::new("fisher_diag", "", grading.threshold("fisher")?);
    fisher(grading, &mut tally)?;
    tally.settle(grading, "fisher", &mut bars)?;

    let mut tally = Tally::new("ewc_penalty", "", grading.threshold("ewc")?);
    ewc(grading, &mut tally)?;
    tally.settle(grading, "ewc", &mut bars)?;

    let tally = Tally::new("auroc", "", grading.threshold("auroc")?);
    let mut tally = tally.measuring("largest difference");
    auroc(grading, &mut tally)?;
    // Its tolerance is another, so it has no place in the figure.
    tally.settle(grading, "auroc", &mut Vec::new())?;

    grading.show(errors_figure(&bars, grading.threshold("fisher")?))
}

fn fisher(grading: &mut Grading, tally: &mut Tally) -> Result<(), Fault> {
    let cases = draws::fishers(&mut grading.stream(FISHERS));
    for (done, case) in cases.iter().enumerate() {
        grading.progress("fisher", done, cases.len())?;
        let reply = grading
            .subject
            .ask(requests::fisher(case))
            .and_then(|reply| exchange::layers(&reply, "fisher_diag", "F", &case.layers, &[]));
        match reply {
            Ok(got) => {
                tally.note_layers("F", &got, &case.fisher);
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_fisher(case),
                    place: layers_entry("F", &got, &case.fisher),
                    hint: diagnosis::of_fisher(&got, case),
                });
            }
            Err(trouble) => return tally.stop(trouble, &words::of_fisher(case), None),
        }
    }
    Ok(())
}

fn ewc(grading: &mut Grading, tally: &mut Tally) -> Result<(), Fault> {
    let cases = draws::penalties(&mut grading.stream(PENALTIES));
    for (done, case) in cases.iter().enumerate() {
        grading.progress("ewc", done, cases.len())?;
        match grading.subject.ask(requests::ewc(case)).and_then(|reply| penalty(&reply, case)) {
            Ok((value, grads)) => {
                let error = (value - case.value).abs() / case.value.abs().max(1e-8);
                tally.note("value", error);
                tally.note_layers("d", &grads, &case.grads);
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_ewc(case),
                    place: if error > 1e-6 {
                        let (got, expected) = (number(value), number(case.value));
                        Some(format!("the value is {got}, expected {expected}"))
                    } else {
                        layers_entry("d", &grads, &case.grads)
                    },
                    hint: diagnosis::of_ewc(value, &grads, case),
                });
            }
            Err(trouble) => return tally.stop(trouble, &words::of_ewc(case), None),
        }
    }
    Ok(())
}

fn penalty(reply: &Message, case: &Ewc) -> Result<(f64, Vec<Layer>), Trouble> {
    let value = reply.scalar("value").map_err(unfit("ewc_penalty"))?;
    Ok((value, exchange::layers(reply, "ewc_penalty", "d", &case.params, &["value"])?))
}

fn auroc(grading: &mut Grading, tally: &mut Tally) -> Result<(), Fault> {
    let cases = draws::rankings(&mut grading.stream(RANKINGS));
    for (done, case) in cases.iter().enumerate() {
        grading.progress("auroc", done, cases.len())?;
        let reply = grading.subject.ask(requests::auroc(case)).and_then(|reply| {
            let read = reply.expect_only(&["auroc".to_owned()], &[]);
            read.and_then(|()| reply.scalar("auroc")).map_err(unfit("auroc"))
        });
        match reply {
            Ok(got) => {
                tally.note("auroc", (got - case.area).abs());
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_ranking(case),
                    place: Some(format!(
                        "the area is {}, expected {}",
                        number(got),
                        number(case.area)
                    )),
                    hint: diagnosis::of_ranking(got, case),
                });
            }
            Err(trouble) => {
                let hint =
                    "With equal scores, or a single one of a kind, nothing may be divided by 0.";
                return tally.stop(trouble, &words::of_ranking(case), Some(hint));
            }
        }
    }
    Ok(())
}
