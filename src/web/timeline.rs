//! The way of one grading as a list of phases with their times: pure.

use serde::Serialize;

use crate::clock::Millis;

/// What is known of the times of one grading, epoch milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// First byte of the upload; none for a grading that was asked for later.
    pub received: Option<Millis>,
    /// Into the queue.
    pub queued: Millis,
    /// The beginnings of `unpack`, `build`, `start` and `grade` that are known, in the order of time.
    pub began: Vec<(String, Millis)>,
    /// The verdict is on record.
    pub recorded: Option<Millis>,
    /// Whether what was handed in is built.
    pub builds: bool,
}

/// Where a phase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Over.
    Done,
    /// Going on.
    Now,
    /// To come.
    Ahead,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// In the words of the page.
    pub name: &'static str,
    /// When it began.
    pub at: Option<Millis>,
    /// What it took, once over.
    pub took: Option<String>,
    /// Where it stands.
    pub standing: Standing,
}

/// The phases in their order; those that have not begun are there too, to be looked forward to.
pub fn timeline(moments: &Moments) -> Vec<Phase> {
    let began = |names: &[&str]| {
        let found = moments.began.iter().find(|(name, _)| names.contains(&name.as_str()));
        found.map(|(_, at)| *at)
    };
    let mut lines = Vec::new();
    if moments.received.is_some() {
        lines.push(("Received", moments.received));
    }
    lines.push(("Queued", Some(moments.queued)));
    lines.push(("Unpack", began(&["unpack"])));
    if moments.builds {
        lines.push(("Build", began(&["build"])));
    }
    // The program is started by the grading, and the first answer is its first check.
    lines.push(("Grade", began(&["start", "grade"])));
    lines.push(("Recorded", moments.recorded));
    let next = |place: usize| lines[place + 1..].iter().find_map(|(_, at)| *at);
    let phase = |(place, (name, at)): (usize, &(&'static str, Option<Millis>))| {
        let over = next(place);
        let last = place + 1 == lines.len();
        Phase {
            name,
            at: *at,
            took: at.zip(over).map(|(from, to)| took(to - from)),
            standing: match (at, over) {
                (_, Some(_)) => Standing::Done,
                (Some(_), None) if last => Standing::Done,
                (Some(_), None) => Standing::Now,
                (None, None) => Standing::Ahead,
            },
        }
    };
    lines.iter().enumerate().map(phase).collect()
}

/// `84 ms`, `1.4 s`, `3 min 20 s`, `5 h 2 min`.
fn took(ms: Millis) -> String {
    match ms {
        ..=999 => format!("{} ms", ms.max(0)),
        1000..=99_999 => format!("{:.1} s", ms as f64 / 1e3),
        100_000..=3_599_999 => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}
