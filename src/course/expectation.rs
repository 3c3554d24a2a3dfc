//! How long a grading that waits may be expected to take, from what others have taken: a range, since
//! anything more exact would be a guess.

/// Fewer measured gradings than this say nothing.
pub const FEWEST: usize = 5;

/// What most of the past gradings of one kind took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// One of ten took no longer.
    pub tenth: i64,
    /// Nine of ten took no longer.
    pub ninetieth: i64,
    /// Of how many.
    pub measured: usize,
}

impl Spread {
    /// Of so many durations in milliseconds, by nearest rank; none from fewer than [`FEWEST`].
    pub fn of(mut durations: Vec<i64>) -> Option<Self> {
        durations.retain(|duration| *duration >= 0);
        durations.sort_unstable();
        let measured = durations.len();
        if measured < FEWEST {
            return None;
        }
        let rank = |percent: usize| (measured * percent).div_ceil(100).saturating_sub(1);
        let tenth = durations.get(rank(10)).copied()?;
        let ninetieth = durations.get(rank(90)).copied()?;
        Some(Self { tenth, ninetieth, measured })
    }
}

/// What is before a grading that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Gradings that wait and come first.
    pub ahead: i64,
    /// Gradings that run. While others wait every worker is at work, so this is how many workers
    /// there are, on however many machines.
    pub running: i64,
}

/// From and to, in milliseconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Hardly sooner.
    pub from: i64,
    /// Hardly later.
    pub to: i64,
}

/// Until a grading that waits has its verdict: those ahead of it, shared by the workers, then itself.
/// At most, what runs now has only just begun, and the last round is not full.
pub fn of_waiting(spread: &Spread, queue: Queue) -> Range {
    let (ahead, workers) = (queue.ahead.max(0), queue.running.max(1));
    let before = if queue.running > 0 { 1 } else { 0 };
    let rounds = before + ceil_div(ahead, workers);
    Range {
        from: spread.tenth.saturating_mul(workers.saturating_add(ahead)) / workers,
        to: spread.ninetieth.saturating_mul(rounds.saturating_add(1)),
    }
}

/// Until a grading that has run for `elapsed` milliseconds has its verdict; none once it takes longer
/// than nine of ten did.
pub fn of_running(spread: &Spread, elapsed: i64) -> Option<Range> {
    let to = spread.ninetieth - elapsed;
    (to > 0).then(|| Range { from: (spread.tenth - elapsed).max(0), to })
}

fn ceil_div(number: i64, by: i64) -> i64 {
    number / by + i64::from(number % by != 0)
}

/// `about 20 s`, `2 to 5 min`: rounded outwards, so that it promises no more than it knows.
pub fn in_words(range: Range) -> String {
    let (from, to) = (range.from.max(0) / 1000, ceil_div(range.to.max(0), 1000));
    let step = match to {
        ..=20 => 1,
        21..=90 => 10,
        91..=3600 => 60,
        _ => 300,
    };
    let (from, to) = (from / step * step, ceil_div(to, step) * step);
    let (unit, size) = if step >= 60 { ("min", 60) } else { ("s", 1) };
    match (from / size, to / size) {
        (_, 0 | 1) if size == 1 => "about a second".to_owned(),
        (0, to) => format!("up to {to} {unit}"),
        (from, to) if from == to => format!("about {to} {unit}"),
        (from, to) => format!("{from} to {to} {unit}"),
    }
}
