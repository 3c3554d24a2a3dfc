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
        let Exceeded { limit, allowed, used, phase } = exceeded;
        let in_build = phase == "build";
        let who = if in_build { "The build" } else { "The program" };
        let together = if in_build { "" } else { ", all its runs in a grading together" };
        let (title, did) = match limit {
            LimitOn::Cpu => ("Processor time", format!("used {} of processor time", time(*used))),
            LimitOn::Wall => ("Time in all", format!("was still going on after {}", time(*used))),
            LimitOn::Memory => ("Memory", format!("was seen to use {}", size(*used))),
            LimitOn::Output => ("Output", format!("printed {}", size(*used))),
            LimitOn::FileSize => ("Size of a file", format!("wrote a file of {}", size(*used))),
        };
        let (amount, together): (fn(u64) -> String, _) = match limit {
            LimitOn::Cpu | LimitOn::Wall => (time, together),
            LimitOn::Memory => (size, ", files in /tmp and /work included"),
            LimitOn::Output | LimitOn::FileSize => (size, ""),
        };
        let over = match used.checked_sub(*allowed).filter(|over| *over > 0) {
            Some(over) => {
                format!("{} ({}) over", amount(over), percent(over, *allowed))
            }
            None => "it asked for more, which was not given".to_owned(),
        };
        let allowed = amount(*allowed);
        Self {
            title,
            words: format!(
                "{who} {did}; {allowed} are allowed{together}: {over}. It was ended there, so how much \
                 it would have needed isn't known."
            ),
            advice: if in_build { of_build(*limit) } else { of_program(*limit, language) },
        }
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
        LimitOn::Cpu | LimitOn::Wall => {
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
        ..1024 => return format!("{bytes} bytes"),
        ..1_048_576 => (1024, "KiB"),
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
