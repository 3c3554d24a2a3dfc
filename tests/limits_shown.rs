//! How a limit that ended a program is said to the student, by table.

use testat::web::limits_shown::LimitShown;
use testat_kit::report::{Exceeded, LimitOn, Usage};

fn exceeded(limit: LimitOn, phase: &str, allowed: u64, used: u64) -> Exceeded {
    let function = (limit == LimitOn::Request).then(|| "train".to_owned());
    Exceeded { limit, phase: phase.to_owned(), function, allowed, used }
}

#[test]
fn each_limit_is_named_with_how_far_over_and_what_to_try() {
    const MIB: u64 = 1 << 20;
    for (one, title, words, advice) in [
        (
            exceeded(LimitOn::Cpu, "grade", 90_000, 90_450),
            "Processor time",
            "used 90.45 s of processor time; 90 s are allowed, all its runs in a grading together: \
             450 ms (0.5 %) over.",
            "matrix products",
        ),
        (
            exceeded(LimitOn::Wall, "grade", 120_000, 150_000),
            "Time in all",
            "still going on after 150 s; 120 s are allowed, all its runs in a grading together: \
             30 s (25 %) over.",
            "it waited",
        ),
        (
            exceeded(LimitOn::Memory, "grade", 1024 * MIB, 1020 * MIB),
            "Memory",
            "The program had 1020 MiB of its 1024 MiB in use, files in /tmp and /work included, and \
             asked for more, which it was not given. It was ended there, so",
            "batch by batch",
        ),
        (
            exceeded(LimitOn::Memory, "grade", 1024 * MIB, 1280 * MIB),
            "Memory",
            "used 1280 MiB; 1024 MiB are allowed, files in /tmp and /work included: 256 MiB (25 %) \
             over.",
            "batch by batch",
        ),
        (
            exceeded(LimitOn::Output, "grade", 64 << 10, 64 << 10),
            "Output",
            "printed more than the 64 KiB allowed. It was ended there.",
            "prints inside of loops",
        ),
        (
            exceeded(LimitOn::FileSize, "grade", 32 * MIB, 32 * MIB),
            "Size of a file",
            "wrote a file larger than the 32 MiB allowed.",
            "Write no data to files",
        ),
        (
            exceeded(LimitOn::Request, "grade", 4_000, 4_000),
            "Time for one answer",
            "`train` had not answered after 4 s, which is the time for one request.",
            "a loop whose end is never reached",
        ),
        (
            exceeded(LimitOn::Cpu, "build", 60_000, 60_010),
            "Processor time",
            "The build used 60.01 s of processor time; 60 s are allowed: 10 ms (less than 0.1 %) \
             over.",
            "crates that are not needed",
        ),
    ] {
        let shown = LimitShown::of(&one, "python");
        assert_eq!(shown.title, title);
        assert!(shown.words.contains(words), "{}", shown.words);
        assert!(shown.advice.contains(advice), "{title}: {}", shown.advice);
    }
    let rust = LimitShown::of(&exceeded(LimitOn::Cpu, "grade", 1_000, 1_200), "rust");
    assert!(rust.advice.contains("--release"), "{}", rust.advice);
}

#[test]
fn of_a_limit_that_is_met_again_the_worst_is_kept() {
    let mut usage = Usage::default();
    for one in [
        exceeded(LimitOn::Memory, "grade", 10, 11),
        exceeded(LimitOn::Memory, "grade", 10, 13),
        exceeded(LimitOn::Memory, "grade", 10, 12),
        exceeded(LimitOn::Memory, "build", 10, 10),
    ] {
        usage.note(one);
    }
    let used: Vec<u64> = usage.exceeded.iter().map(|one| one.used).collect();
    assert_eq!(used, [13, 10]);
}
