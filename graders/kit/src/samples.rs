//! A solution tried at home on the public samples of its starter kit: `cargo run --release -- try`.
//!
//! `samples.bin` holds frames as they went through the pipes of one grading: a request, then the reply
//! of a right solution, and so on. A reply whose field `values` is `free` says only what it is made of,
//! since right solutions differ there (trainings, whatever comes from a state of one's own).

use std::process::ExitCode;

use ndarray::ArrayD;

use crate::link::{self, Dtype, LinkError, Message, Tensor};
use crate::serve::{Answers, answered};

/// Name of the file, at the top of a starter kit.
pub const FILE: &str = "samples.bin";

/// Of the largest entry expected, as in the gradings.
const TOLERANCE: f64 = 1e-4;

/// What names the tensors of a state.
const STATE: &str = "state.";

/// A request, and what a right solution replied.
#[derive(Clone, Debug)]
struct Sample {
    request: Message,
    wanted: Message,
}

impl Sample {
    fn call(&self) -> &str {
        self.request.field("call").unwrap_or_default()
    }

    fn function(&self) -> &str {
        self.call().split('(').next().unwrap_or_default().trim()
    }

    fn free(&self) -> bool {
        self.wanted.field("values") == Some("free")
    }

    /// Whether the student's own state goes in: another's would mean nothing to them.
    fn takes_state(&self) -> bool {
        let arguments = self.call().split("->").next().unwrap_or_default();
        arguments.contains(":state") && self.request.field("state") != Some("none")
    }

    /// Whether the result `name` may be left out and is not compared.
    fn optional(&self, name: &str) -> bool {
        let results = self.call().split("->").nth(1).unwrap_or_default();
        results.split(',').any(|result| {
            let result = result.trim();
            result.ends_with('?') && result.trim_end_matches('?').split(':').next() == Some(name)
        })
    }
}

/// How one function fared.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Its name.
    pub function: String,
    /// On how many samples.
    pub samples: usize,
    /// What is wrong with it, or the largest scaled difference; none where values are free.
    pub outcome: Result<Option<f64>, String>,
}

/// Tries what answers on the samples in the working directory, and says how each function fared.
pub(crate) fn main(answers: &mut impl Answers) -> ExitCode {
    let tried = std::fs::read(FILE)
        .map_err(|e| {
            format!("{FILE} can't be read (run this in the folder of the starter kit): {e}")
        })
        .and_then(|frames| try_all(answers, &frames).map_err(|e| format!("{FILE}: {e}")));
    let tried = match tried {
        Ok(tried) => tried,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::FAILURE;
        }
    };
    let width = tried.iter().map(|one| one.function.len()).max().unwrap_or_default();
    for one in &tried {
        println!("{:<width$}  {}", one.function, in_words(one));
    }
    match tried.iter().filter(|one| one.outcome.is_err()).count() {
        0 => {
            println!(
                "\nNothing is wrong on these samples. A grading draws more of them, and harder ones."
            );
            ExitCode::SUCCESS
        }
        wrong => {
            println!("\n{wrong} of {} functions: something is wrong.", tried.len());
            ExitCode::FAILURE
        }
    }
}

fn in_words(one: &Tried) -> String {
    let plural = if one.samples == 1 { "" } else { "s" };
    match &one.outcome {
        Err(wrong) => format!("WRONG  {wrong}"),
        Ok(Some(largest)) => {
            format!("fine   {} sample{plural}; largest difference {largest:.1e}", one.samples)
        }
        Ok(None) => format!(
            "fine   {} sample{plural}; names, shapes and types are right; whether it learns, only a \
             grading tells",
            one.samples
        ),
    }
}

/// Every function on its samples, up to the first that shows something wrong.
///
/// # Errors
/// [`LinkError`] if `frames` are not whole.
pub fn try_all(answers: &mut impl Answers, frames: &[u8]) -> Result<Vec<Tried>, LinkError> {
    let samples = read(frames)?;
    let mut tried: Vec<Tried> = Vec::new();
    let mut state = None;
    for sample in &samples {
        let at = tried.iter().position(|one| one.function == sample.function());
        let at = at.unwrap_or_else(|| {
            let function = sample.function().to_owned();
            tried.push(Tried { function, samples: 0, outcome: Ok(None) });
            tried.len() - 1
        });
        let Some(one) = tried.get_mut(at) else { continue };
        one.samples += 1;
        if let Ok(largest) = one.outcome {
            let number = one.samples;
            one.outcome = try_sample(answers, sample, &mut state)
                .map(|difference| {
                    let more = Some(largest.unwrap_or(0.0).max(difference));
                    if sample.free() { largest } else { more }
                })
                .map_err(|wrong| format!("sample {number}: {wrong}"));
        }
    }
    Ok(tried)
}

fn read(mut frames: &[u8]) -> Result<Vec<Sample>, LinkError> {
    let cut_off = || LinkError::Malformed("the file is cut off".to_owned());
    let mut samples = Vec::new();
    let next = |frames: &mut &[u8]| {
        let (start, rest) = frames.split_first_chunk::<4>().ok_or_else(cut_off)?;
        let length = link::announced(*start, u32::MAX)?;
        let (body, rest) = rest.split_at_checked(length).ok_or_else(cut_off)?;
        *frames = rest;
        Message::decode(body)
    };
    while !frames.is_empty() {
        samples.push(Sample { request: next(&mut frames)?, wanted: next(&mut frames)? });
    }
    Ok(samples)
}

/// The largest scaled difference on one sample.
fn try_sample(
    answers: &mut impl Answers,
    sample: &Sample,
    state: &mut Option<Message>,
) -> Result<f64, String> {
    let mut request = sample.request.clone();
    if sample.takes_state() {
        let own =
            state.as_ref().ok_or("not tried: it needs a state, and none has been returned yet")?;
        request = request.without(STATE);
        for name in own.names().filter(|name| name.starts_with(STATE)) {
            if let Some(tensor) = own.tensor(name) {
                request = request.with(name, tensor.clone());
            }
        }
    }
    let reply = answered(answers, &request).map_err(|problem| problem.to_string())?;
    if sample.call().split("->").nth(1).is_some_and(|results| results.contains(":state")) {
        *state = Some(reply.clone());
    }
    let mut largest = 0.0;
    let due = |name: &&str| !name.starts_with(STATE) && !sample.optional(name);
    for name in sample.wanted.names().filter(due) {
        let Some(wanted) = sample.wanted.tensor(name) else { continue };
        let difference = compare(&reply, name, wanted, sample.free());
        largest = f64::max(largest, difference?);
    }
    for name in reply.names().filter(due) {
        if sample.wanted.tensor(name).is_none() {
            return Err(format!("there is one tensor too many: `{}`", link::shown(name)));
        }
    }
    Ok(largest)
}

fn compare(reply: &Message, name: &str, wanted: &Tensor, free: bool) -> Result<f64, String> {
    let words = |error: LinkError| error.to_string();
    let shape = wanted.shape();
    let (got, due, tolerance) = match wanted.dtype() {
        Dtype::F64 | Dtype::F32 => (
            reply.floats(name, shape).map_err(words)?,
            wanted.to_f64(name).map_err(words)?,
            TOLERANCE,
        ),
        Dtype::I64 | Dtype::I32 => {
            let got = reply.integers(name, shape).map_err(words)?;
            let due = wanted.to_i64(name).map_err(words)?;
            (got.mapv(|value| value as f64), due.mapv(|value| value as f64), 0.0)
        }
        _ => {
            let got = reply.spikes(name, shape).map_err(words)?;
            (got.mapv(f64::from), wanted.to_u8(name).map_err(words)?.mapv(f64::from), 0.0)
        }
    };
    if free { Ok(0.0) } else { apart(name, &got, &due, tolerance) }
}

/// The largest difference, scaled by the largest entry due.
fn apart(name: &str, got: &ArrayD<f64>, due: &ArrayD<f64>, tolerance: f64) -> Result<f64, String> {
    let mut scale = 1e-8f64;
    let mut worst = (0.0f64, Vec::new(), 0.0, 0.0);
    for ((index, &got), &due) in got.indexed_iter().zip(due) {
        scale = scale.max(due.abs());
        if (got - due).abs() > worst.0 {
            worst = ((got - due).abs(), ndarray::Dimension::slice(&index).to_vec(), got, due);
        }
    }
    let scaled = worst.0 / scale;
    if scaled <= tolerance {
        return Ok(scaled);
    }
    let (_, index, got, due) = worst;
    Err(format!(
        "`{name}` differs by {scaled:.1e} of its largest entry (allowed {tolerance:e}); at {index:?} \
         came {got:.6}, due is {due:.6}"
    ))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::{Tried, try_all};
    use crate::link::Message;
    use crate::serve::{Answers, Problem};

    /// Doubles `x`, and counts in a state how often it was asked to learn.
    struct Doubling {
        by: f64,
    }

    impl Answers for Doubling {
        fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
            match op {
                "double" => {
                    let x = request.floats("x", &[2])?;
                    Ok(Message::new().with("y", &(x * self.by)))
                }
                "learn" => {
                    let seen = if request.field("state") == Some("none") {
                        0.0
                    } else {
                        request.scalar("state.own")?
                    };
                    Ok(Message::new().with_scalar("state.own", seen + 1.0))
                }
                other => Err(format!("no `{other}`").into()),
            }
        }
    }

    fn frames(wanted: f64) -> Vec<u8> {
        let ask =
            |op: &str, call: &str| Message::new().with_field("op", op).with_field("call", call);
        let learn = "learn(state:state) -> state:state";
        let theirs = Message::new().with_field("values", "free").with_scalar("state.theirs", 9.0);
        let messages = [
            ask("double", "double(x) -> y, curve?").with("x", &array![1.0, 2.0]),
            Message::new().with("y", &array![2.0, wanted]).with("curve", &array![1.0]),
            ask("learn", learn).with_field("state", "none"),
            theirs.clone(),
            ask("learn", learn).with_scalar("state.theirs", 9.0),
            theirs,
        ];
        messages.iter().flat_map(|message| message.encode(u32::MAX).unwrap_or_default()).collect()
    }

    fn tried(by: f64, wanted: f64) -> Vec<Tried> {
        try_all(&mut Doubling { by }, &frames(wanted)).unwrap_or_default()
    }

    #[test]
    fn a_right_solution_is_fine_and_keeps_a_state_of_its_own() {
        let all = tried(2.0, 4.0);
        let outcomes: Vec<_> =
            all.iter().map(|one| (one.function.as_str(), one.samples, &one.outcome)).collect();
        assert_eq!(outcomes, [("double", 1, &Ok(Some(0.0))), ("learn", 2, &Ok(None))]);
    }

    #[test]
    fn a_wrong_one_hears_where_and_what_was_due() {
        let all = tried(3.0, 4.0);
        let wrong = all.first().map(|one| format!("{:?}", one.outcome)).unwrap_or_default();
        assert!(
            wrong.contains("`y` differs by 5.0e-1")
                && wrong.contains("came 6.000000, due is 4.000000"),
            "{wrong}"
        );
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused() {
        let frames = frames(4.0);
        assert!(try_all(&mut Doubling { by: 2.0 }, &frames[..frames.len() - 1]).is_err());
    }
}
