//! What an attack's ending says: held, got through, or nothing that could be relied on.

use crate::sandbox::{Ending, Reason};

use super::attack::{Attack, Outcome};

/// Why it can't be said that an attack was held, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It got what it must not get.
    GotThrough(String),
    /// It broke down, and so has shown nothing.
    Unclear(String),
}

/// How an attack was held.
pub(super) fn judge(attack: &Attack, ending: &Ending) -> Result<String, Trouble> {
    let said = String::from_utf8_lossy(&ending.stdout);
    let reached: Vec<&str> =
        said.lines().filter_map(|line| line.strip_prefix("reached: ")).take(5).collect();
    if !reached.is_empty() {
        return Err(Trouble::GotThrough(format!("it got through: {}", reached.join(", "))));
    }
    let held = match (attack.ends, ending.reason) {
        (Outcome::Refused, Reason::Exited(0)) => said.lines().last() == Some("refused"),
        (Outcome::Memory, Reason::Memory)
        | (Outcome::Cpu, Reason::Cpu)
        | (Outcome::Output, Reason::Output) => true,
        _ => false,
    };
    if held {
        return Ok(in_words(ending.reason).to_owned());
    }
    let errors = String::from_utf8_lossy(&ending.stderr);
    let last = errors.lines().last().unwrap_or_default();
    let words = in_words(ending.reason);
    Err(Trouble::Unclear(format!("it did not end as it must: {words} {last}")))
}

fn in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Exited(0) => "everything that it tried was refused",
        Reason::Exited(_) => "ended by an error of its own",
        Reason::Signalled(_) => "ended by a signal",
        Reason::Cpu => "ended by the limit of processor time",
        Reason::Wall => "ended by the limit of wall-clock time",
        Reason::Memory => "ended by the limit of memory",
        Reason::Output => "ended by the limit of output",
        Reason::Ended => "ended on request",
    }
}
