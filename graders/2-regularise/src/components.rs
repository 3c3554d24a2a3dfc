//! The checks of single functions: `penalty`, `dropout`, `batch_norm`, `early_stop`.

use ndarray::Array2;
use testat_kit::check::{Measured, scaled_err, worst};
use testat_kit::layer::Layer;
use testat_kit::link::{LinkError, Message};
use testat_kit::run::{Grading, blame};
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Turn, Wrong};
use testat_kit::words::{entry, layers_entry, number};
use testat_kit::{exchange, figure};

use crate::draws::{self, Dropped, Standardised, Story, Weighed};
use crate::reference::Normed;
use crate::{diagnosis, requests, words};

/// Stream of the arguments of `penalty`.
const WEIGHINGS: u64 = 1;
/// Stream of the arguments of `dropout`.
const DROPPINGS: u64 = 2;
/// Stream of the arguments of `batch_norm`.
const NORMINGS: u64 = 3;
/// Stream of the arguments of `early_stop`.
const STORIES: u64 = 4;

/// Decides them all, and shows the errors.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let mut bars = Vec::new();

    let mut tally = Tally::new("penalty", "penalty ", grading.threshold("penalty")?);
    penalty(grading, &mut tally)?;
    tally.settle(grading, "penalty", &mut bars)?;

    let mut tally = Tally::new("dropout", "dropout ", grading.threshold("dropout")?);
    dropout(grading, &mut tally)?;
    tally.settle(grading, "dropout", &mut bars)?;

    let mut tally = Tally::new("batch_norm", "batch_norm ", grading.threshold("batch_norm")?);
    batch_norm(grading, &mut tally)?;
    tally.settle(grading, "batch_norm", &mut bars)?;

    let stops = early_stop(grading)?;
    grading.decide("early_stop", stops)?;
    grading.show(figure::errors_figure(&bars, grading.threshold("penalty")?))
}

fn penalty(grading: &mut Grading, tally: &mut Tally) -> Result<(), Fault> {
    let cases = draws::weighings(&mut grading.stream(WEIGHINGS));
    for (done, case) in cases.iter().enumerate() {
        grading.progress("penalty", done, cases.len())?;
        let reply = grading.subject.ask(requests::penalty(&case.given));
        match reply.and_then(|reply| weighed(&reply, case)) {
            Ok((value, grads)) => {
                let (right, expected) = &case.expected;
                tally.note("value", (value - right).abs() / right.abs().max(1e-8));
                for (l, (got, right)) in grads.iter().zip(expected).enumerate() {
                    tally.note(&format!("dW{l}"), scaled_err(&got.w, &right.w));
                    // Nothing to scale by: all expected here are 0.
                    let largest = got.b.fold(0.0, |max: f64, b| max.max(b.abs()));
                    tally.note(&format!("db{l}"), largest);
                }
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_weighing(case),
                    place: penalty_place(value, &grads, case),
                    hint: diagnosis::of_penalty(value, &grads, case),
                });
            }
            Err(trouble) => return tally.stop(trouble, &words::of_weighing(case), None),
        }
    }
    Ok(())
}

fn weighed(reply: &Message, case: &Weighed) -> Result<(f64, Vec<Layer>), Trouble> {
    let grads = exchange::layers(reply, "penalty", "d", &case.given.layers, &["value"])?;
    Ok((reply.scalar("value").map_err(unfit("penalty"))?, grads))
}

/// The value where it is wrong, else the gradient that is farthest off.
fn penalty_place(value: f64, grads: &[Layer], case: &Weighed) -> Option<String> {
    let (right, expected) = &case.expected;
    if (value - right).abs() > 1e-4 * right.abs().max(1e-8) {
        return Some(format!("the value is {}, expected {}", number(value), number(*right)));
    }
    layers_entry("d", grads, expected)
}

fn dropout(grading: &mut Grading, tally: &mut Tally) -> Result<(), Fault> {
    let cases = draws::droppings(&mut grading.stream(DROPPINGS));
    for (done, case) in cases.iter().enumerate() {
        grading.progress("dropout", done, cases.len())?;
        let reply = grading.subject.ask(requests::dropout(&case.given));
        match reply.and_then(|reply| dropped(&reply, case).map_err(unfit("dropout"))) {
            Ok((out, dh)) => {
                let errors =
                    (scaled_err(&out, &case.expected.0), scaled_err(&dh, &case.expected.1));
                tally.note("out", errors.0);
                tally.note("dh", errors.1);
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_dropping(case),
                    place: if errors.0 >= errors.1 {
                        worst(&out, &case.expected.0).map(|at| entry("out", &at))
                    } else {
                        worst(&dh, &case.expected.1).map(|at| entry("dh", &at))
                    },
                    hint: diagnosis::of_dropout(&out, &dh, case),
                });
            }
            Err(trouble) => return tally.stop(trouble, &words::of_dropping(case), None),
        }
    }
    Ok(())
}

fn dropped(reply: &Message, case: &Dropped) -> Result<(Array2<f64>, Array2<f64>), LinkError> {
    reply.expect_only(&["out".to_owned(), "dh".to_owned()], &[])?;
    let shape = case.given.h.dim();
    Ok((reply.matrix("out", shape)?, reply.matrix("dh", shape)?))
}

fn batch_norm(grading: &mut Grading, tally: &mut Tally) -> Result<(), Fault> {
    let cases = draws::normings(&mut grading.stream(NORMINGS));
    for (done, case) in cases.iter().enumerate() {
        grading.progress("batch_norm", done, cases.len())?;
        let reply = grading.subject.ask(requests::batch_norm(&case.given));
        match reply.and_then(|reply| normed(&reply, case).map_err(unfit("batch_norm"))) {
            Ok(got) => {
                let right = &case.expected;
                tally.note("y", scaled_err(&got.y, &right.y));
                tally.note("new_mean", scaled_err(&got.mean, &right.mean));
                tally.note("new_var", scaled_err(&got.var, &right.var));
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_norming(case),
                    place: norm_place(&got, right),
                    hint: diagnosis::of_norm(&got, case),
                });
            }
            Err(trouble) => {
                // 0 / 0 of a feature without variance is the likeliest way to a NaN.
                let hint = "A constant feature has variance 0: eps keeps the divisor from 0.";
                return tally.stop(trouble, &words::of_norming(case), Some(hint));
            }
        }
    }
    Ok(())
}

fn normed(reply: &Message, case: &Standardised) -> Result<Normed, LinkError> {
    reply.expect_only(&["y", "new_mean", "new_var"].map(str::to_owned), &[])?;
    let (shape, features) = (case.given.x.dim(), case.given.x.ncols());
    Ok(Normed {
        y: reply.matrix("y", shape)?,
        mean: reply.vector("new_mean", features)?,
        var: reply.vector("new_var", features)?,
    })
}

/// The tensor that is farthest off, and where.
fn norm_place(got: &Normed, right: &Normed) -> Option<String> {
    let all = [
        (scaled_err(&got.y, &right.y), worst(&got.y, &right.y), "y"),
        (scaled_err(&got.mean, &right.mean), worst(&got.mean, &right.mean), "new_mean"),
        (scaled_err(&got.var, &right.var), worst(&got.var, &right.var), "new_var"),
    ];
    let farthest = all.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    farthest.and_then(|(_, at, name)| at.map(|at| entry(name, &at)))
}

fn early_stop(grading: &mut Grading) -> Result<Measured, Fault> {
    let stories = draws::stories(&mut grading.stream(STORIES));
    let mut answers = Vec::new();
    for (done, case) in stories.iter().enumerate() {
        grading.progress("early_stop", done, stories.len())?;
        let reply = grading.subject.ask(requests::early_stop(&case.given));
        match reply.and_then(|reply| stopped(&reply).map_err(unfit("early_stop"))) {
            Ok(answer) => answers.push(answer),
            Err(trouble) => {
                let text = blame(trouble)?.message;
                let gap = if text.contains('\n') { "\n" } else { ". " };
                let given = words::of_story(case);
                return Ok(Measured::nothing(format!("{text}{gap}The arguments were: {given}.")));
            }
        }
    }
    Ok(judged(&answers, &stories))
}

fn stopped(reply: &Message) -> Result<(i64, i64), LinkError> {
    reply.expect_only(&["best".to_owned(), "stop".to_owned()], &[])?;
    let one = |name: &str| -> Result<i64, LinkError> {
        Ok(reply.integers(name, &[1])?.first().copied().unwrap_or(i64::MIN))
    };
    Ok((one("best")?, one("stop")?))
}

/// How many answers are wrong; one of them in full.
fn judged(answers: &[(i64, i64)], stories: &[Story]) -> Measured {
    let pairs = answers.iter().zip(stories);
    let wrong: Vec<_> = pairs.filter(|(got, case)| **got != case.expected).collect();
    let (count, calls) = (wrong.len(), stories.len());
    // The shortest, which is the easiest to go through by hand.
    let shortest = wrong.iter().min_by_key(|(_, case)| case.given.val.len());
    let Some((got, case)) = shortest else {
        let text = format!("{calls} calls of `early_stop`: best and last epoch are right in all");
        return Measured::new(0.0, text);
    };
    let hint = if wrong.iter().all(|(_, case)| case.turn == Turn::Following) {
        Some(
            "Only a call that follows others is wrong: is anything kept from one call to the next?",
        )
    } else {
        diagnosis::of_stops(answers, stories)
    };
    let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
    Measured::new(
        count as f64,
        format!(
            "`early_stop` is wrong in {count} of {calls} calls; among them {}: (best, stop) is ({}, {}), \
             expected ({}, {}).{hint}",
            words::of_story(case),
            got.0,
            got.1,
            case.expected.0,
            case.expected.1
        ),
    )
}
