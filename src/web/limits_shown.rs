//! A limit that ended a program, said to the student: which, how far over, and what to try. Pure.

use serde::Serialize;
use testat_kit::report::{Exceeded, LimitOn};

/// One limit, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitShown {
    /// `Processor time`.
    pub title: &'static str,
    /// What is allowed, what was used, how far over.
    pub words: String,
    /// What to do about it.
    pub advice: &'static str,
}

impl LimitShown {
    /// `language` is the report's: `python` or `rust`.
    pub fn of(exceeded: &Exceeded, language: &str) -> Self {
        let in_build = exceeded.phase == "build";
        Self {
            title: title(exceeded.limit),
            words: format!("{} It was ended there{}", what(exceeded, in_build), unknown(exceeded)),
            advice: if in_build {
                of_build(exceeded.limit)
            } else {
                of_program(exceeded.limit, language)
            },
        }
    }
}

fn title(limit: LimitOn) -> &'static str {
    match limit {
        LimitOn::Cpu => "Processor time",
        LimitOn::Wall => "Time in all",
        LimitOn::Memory => "Memory",
        LimitOn::Output => "Output",
        LimitOn::FileSize => "Size of a file",
        LimitOn::Request => "Time for one answer",
    }
}

/// What it did, what is allowed, and how far apart the two are.
fn what(exceeded: &Exceeded, in_build: bool) -> String {
    let Exceeded { limit, allowed, used, .. } = exceeded;
    let who = if in_build { "The build" } else { "The program" };
    let together = if in_build { "" } else { ", all its runs in a grading together" };
    match limit {
        LimitOn::Cpu => format!(
            "{who} used {} of processor time; {} are allowed{together}: {}.",
            time(*used),
            time(*allowed),
            over(*used, *allowed, time)
        ),
        LimitOn::Wall => format!(
            "{who} was still going on after {}; {} are allowed{together}: {}.",
            time(*used),
            time(*allowed),
            over(*used, *allowed, time)
        ),
        LimitOn::Memory if used <= allowed => format!(
            "{who} had {} of its {} in use, files in /tmp and /work included, and asked for more, which \
             it was not given.",
            size(*used),
            size(*allowed)
        ),
        LimitOn::Memory => format!(
            "{who} used {}; {} are allowed, files in /tmp and /work included: {}.",
            size(*used),
            size(*allowed),
            over(*used, *allowed, size)
        ),
        LimitOn::Output => format!("{who} printed more than the {} allowed.", size(*allowed)),
        LimitOn::FileSize => {
            format!("{who} wrote a file larger than the {} allowed.", size(*allowed))
        }
        LimitOn::Request => format!(
            "`{}` had not answered after {}, which is the time for one request.",
            exceeded.function.as_deref().unwrap_or("A function"),
            time(*allowed)
        ),
    }
}

/// `420 ms (0.5 %) over`.
fn over(used: u64, allowed: u64, amount: fn(u64) -> String) -> String {
    match used.saturating_sub(allowed) {
        // What it had left was less than its next step needed.
        0 => "none was left".to_owned(),
        over => format!("{} ({}) over", amount(over), percent(over, allowed)),
    }
}

fn unknown(exceeded: &Exceeded) -> &'static str {
    match exceeded.limit {
        LimitOn::Output | LimitOn::FileSize => ".",
        _ => ", so how much it would have needed isn't known.",
    }
}

fn of_program(limit: LimitOn, language: &str) -> &'static str {
    match (limit, language) {
        (LimitOn::Cpu, "python") => {
            "Put whole batches through matrix products in place of loops over samples, and take out of \
             a loop what is the same in each round. Time each function at home on the starter kit's \
             samples: the slowest one is where to begin."
        }
        (LimitOn::Cpu, _) => {
            "Let the innermost loop run along memory, allocate outside of loops, and take out of a loop \
             what is the same in each round. Time each function at home with --release."
        }
        (LimitOn::Wall, _) => {
            "If it used little processor time, it waited: look for sleeping, for reading from standard \
             input, for a lock or a thread that never ends. If it used much, look for a loop whose end \
             is never reached."
        }
        (LimitOn::Request, _) => {
            "Look for a loop whose end is never reached with this request's arguments: the check below \
             names them. If it only takes long, time this function at home; whole batches as matrix \
             products are many times faster than loops over samples."
        }
        (LimitOn::Memory, _) => {
            "Work batch by batch rather than on all data at once, do not keep what each step or epoch \
             made, and look for an array that grows by broadcasting: (n,) with (n, 1) is (n, n)."
        }
        (LimitOn::Output, _) => {
            "Take out what prints inside of loops. The checks read only what the functions return."
        }
        (LimitOn::FileSize, _) => {
            "Write no data to files: the checks read only what the functions return, and nothing is \
             kept from one run to the next."
        }
    }
}

fn of_build(limit: LimitOn) -> &'static str {
    match limit {
        LimitOn::Cpu | LimitOn::Wall | LimitOn::Request => {
            "Take out crates that are not needed, large generated or constant tables, and macros or \
             generics that multiply code; `cargo build --release --timings` shows what takes long."
        }
        LimitOn::Memory => {
            "Large constant arrays and deeply generic code take most of a compiler's memory: work them \
             out when the program runs instead."
        }
        LimitOn::Output => "Mend the warnings of the compiler: each one is printed.",
        LimitOn::FileSize => "The program is too large: look for data that is compiled into it.",
    }
}

/// `90 s`, `90.42 s`, `400 ms`.
fn time(ms: u64) -> String {
    match ms {
        ..1000 => format!("{ms} ms"),
        _ if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        _ => format!("{:.2} s", ms as f64 / 1e3),
    }
}

/// `64 KiB`, `1024 MiB`, `1023.9 MiB`.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1024 => return format!("{bytes} bytes"),
        1024..1_048_576 => (1024, "KiB"),
        _ => (1_048_576, "MiB"),
    };
    if bytes.is_multiple_of(unit) {
        return format!("{} {name}", bytes / unit);
    }
    format!("{:.1} {name}", bytes as f64 / unit as f64)
}

fn percent(over: u64, allowed: u64) -> String {
    let percent = 100.0 * over as f64 / allowed.max(1) as f64;
    match percent {
        ..0.1 => "less than 0.1 %".to_owned(),
        ..10.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}
