//! The checks of single functions: `forward`, `loss`, `grads`, `sgd`.

use testat_kit::check::{Measured, scaled_err, worst};
use testat_kit::link::{LinkError, Message};
use testat_kit::run::{Grading, blame};
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;

use crate::draws::{self, Case, Turn};
use crate::reference::Layer;
use crate::{diagnosis, exchange, pictures, words};

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

    let mut tally = Tally::new("forward", "logits", grading.threshold("forward")?);
    forward(grading, &cases, &mut tally)?;
    tally.settle(grading, "forward", &mut bars)?;

    let mut loss = Tally::new("loss_and_grads", "loss", grading.threshold("loss")?);
    let mut grads = Tally::new("loss_and_grads", "d", grading.threshold("grads")?);
    loss_and_grads(grading, &cases, &mut loss, &mut grads)?;
    loss.settle(grading, "loss", &mut bars)?;
    grads.settle(grading, "grads", &mut bars)?;

    let mut tally = Tally::new("sgd", "", grading.threshold("sgd")?);
    sgd(grading, &mut tally)?;
    tally.settle(grading, "sgd", &mut bars)?;

    grading.show(pictures::errors(&bars, grading.threshold("grads")?))
}

fn forward(grading: &mut Grading, cases: &[Case], tally: &mut Tally) -> Result<(), Fault> {
    for (done, case) in cases.iter().enumerate() {
        grading.progress("forward", done, cases.len())?;
        let reply = grading.subject.ask(exchange::forward(case)).and_then(|reply| {
            let only = ["logits".to_owned()];
            let read = reply.expect_only(&only, &[]);
            read.and_then(|()| reply.matrix("logits", case.logits.dim())).map_err(unfit("forward"))
        });
        match reply {
            Ok(logits) => {
                tally.note("logits", scaled_err(&logits, &case.logits));
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_case(case),
                    place: worst(&logits, &case.logits).map(|at| words::entry("logits", &at)),
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
        let at = if loss.stopped.is_none() { "loss" } else { "grads" };
        grading.progress(at, done, cases.len())?;
        match grading.subject.ask(exchange::grads(case)) {
            Ok(reply) => {
                loss_of(&reply, case, loss)?;
                grads_of(&reply, case, grads)?;
            }
            Err(trouble) => {
                // One call serves both checks: what it lacks, both lack.
                let text =
                    sentence(&blame(trouble)?.message, &words::of_case(case), overflow(case));
                loss.stopped.get_or_insert_with(|| text.clone());
                grads.stopped.get_or_insert(text);
            }
        }
        if loss.stopped.is_some() && grads.stopped.is_some() {
            break;
        }
    }
    Ok(())
}

fn loss_of(reply: &Message, case: &Case, tally: &mut Tally) -> Result<(), Fault> {
    if tally.stopped.is_some() {
        return Ok(());
    }
    let value = match reply.scalar("loss") {
        Ok(value) => value,
        Err(reason) => {
            let trouble = Trouble::Unfit { function: "loss_and_grads", reason };
            return tally.stop(trouble, &words::of_case(case), overflow(case));
        }
    };
    let (got, expected) = (words::number(value), words::number(case.loss));
    tally.note("loss", (value - case.loss).abs() / case.loss.abs().max(1e-8));
    tally.hold(case.turn, || Wrong {
        arguments: words::of_case(case),
        place: Some(format!("the loss is {got}, expected {expected}")),
        hint: diagnosis::of_loss(value, case),
    });
    Ok(())
}

fn grads_of(reply: &Message, case: &Case, tally: &mut Tally) -> Result<(), Fault> {
    if tally.stopped.is_some() {
        return Ok(());
    }
    match exchange::layers(reply, "loss_and_grads", "d", &case.grads, &["loss"]) {
        Ok(got) => {
            tally.note_layers("d", &got, &case.grads);
            tally.hold(case.turn, || Wrong {
                arguments: words::of_case(case),
                place: words::layers_entry("d", &got, &case.grads),
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
            .ask(exchange::sgd(walk))
            .and_then(|reply| exchange::layers(&reply, "sgd", "", &walk.layers, &[]));
        match reply {
            Ok(got) => {
                tally.note_layers("", &got, &walk.end);
                tally.hold(walk.turn, || Wrong {
                    arguments: words::of_walk(walk),
                    place: words::layers_entry("", &got, &walk.end),
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

fn sentence(text: &str, arguments: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
    // An error from the subject comes with lines of its own below it.
    let gap = if text.contains('\n') { "\n" } else { ". " };
    format!("{text}{gap}The arguments were: {arguments}.{hint}")
}

/// The first wrong result, in words.
struct Wrong {
    arguments: String,
    place: Option<String>,
    hint: Option<&'static str>,
}

/// What one check has seen so far.
struct Tally {
    function: &'static str,
    bar: &'static str,
    tolerance: f64,
    calls: usize,
    wrong: usize,
    /// Of the wrong ones, those that only an earlier call can have spoilt.
    wrong_following: usize,
    worst: f64,
    now: f64,
    first: Option<Wrong>,
    bars: Vec<(String, f64)>,
    stopped: Option<String>,
}

impl Tally {
    fn new(function: &'static str, bar: &'static str, tolerance: f64) -> Self {
        Self {
            function,
            bar,
            tolerance,
            calls: 0,
            wrong: 0,
            wrong_following: 0,
            worst: 0.0,
            now: 0.0,
            first: None,
            bars: Vec::new(),
            stopped: None,
        }
    }

    /// Adds one tensor's error to the call at hand.
    fn note(&mut self, name: &str, error: f64) {
        self.now = self.now.max(error);
        match self.bars.iter_mut().find(|(label, _)| label == name) {
            Some((_, most)) => *most = most.max(error),
            None => self.bars.push((name.to_owned(), error)),
        }
    }

    fn note_layers(&mut self, prefix: &str, got: &[Layer<f64>], expected: &[Layer<f64>]) {
        for (l, (got, expected)) in got.iter().zip(expected).enumerate() {
            self.note(&format!("{prefix}W{l}"), scaled_err(&got.w, &expected.w));
            self.note(&format!("{prefix}b{l}"), scaled_err(&got.b, &expected.b));
        }
    }

    /// Closes the call at hand; `words` are asked for if it is the first wrong one.
    fn hold(&mut self, turn: Turn, words: impl FnOnce() -> Wrong) {
        self.calls += 1;
        self.worst = self.worst.max(self.now);
        if self.now > self.tolerance {
            self.wrong += 1;
            self.wrong_following += usize::from(turn == Turn::Following);
            if self.first.is_none() {
                self.first = Some(words());
            }
        }
        self.now = 0.0;
    }

    /// Ends the check without a value.
    fn stop(&mut self, trouble: Trouble, arguments: &str, hint: Option<&str>) -> Result<(), Fault> {
        let hint = hint.filter(|_| {
            matches!(&trouble, Trouble::Unfit { reason: LinkError::NotFinite { .. }, .. })
        });
        let text = blame(trouble)?.message;
        self.stopped = Some(sentence(&text, arguments, hint));
        Ok(())
    }

    fn settle(
        self,
        grading: &mut Grading,
        id: &str,
        bars: &mut Vec<(String, f64)>,
    ) -> Result<(), Fault> {
        let measured = self.measured();
        let label =
            |name: &str| if self.bar.is_empty() { format!("sgd {name}") } else { name.to_owned() };
        bars.extend(self.bars.iter().map(|(name, error)| (label(name), *error)));
        grading.decide(id, measured).map(|_| ())
    }

    fn measured(&self) -> Measured {
        if let Some(text) = &self.stopped {
            return Measured::nothing(text.clone());
        }
        let Self { function, calls, wrong, .. } = self;
        let (worst, allowed) = (words::error(self.worst), words::error(self.tolerance));
        let Some(first) = &self.first else {
            let text = format!(
                "{calls} calls of `{function}`: largest scaled difference {worst}, allowed {allowed}"
            );
            return Measured::new(self.worst, text);
        };
        let place = first.place.as_ref().map(|place| format!(": {place}")).unwrap_or_default();
        let hint = if self.wrong == self.wrong_following {
            Some(
                "Only calls that follow others are wrong: is anything kept from one call to the next?",
            )
        } else {
            first.hint
        };
        let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
        let text = format!(
            "`{function}` is wrong in {wrong} of {calls} calls; first with {}{place}. \
             Largest scaled difference {worst}, allowed {allowed}.{hint}",
            first.arguments
        );
        Measured::new(self.worst, text)
    }
}
