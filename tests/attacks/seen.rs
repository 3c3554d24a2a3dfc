//! What came of each attack, a JSON line each, for `make attack` to make a table of.

use std::io::Write;

use serde_json::json;

/// Names the file that lines are added to; without it nothing is written.
const FILE: &str = "TESTAT_TEST_ATTACKS";

/// One attack, and what was measured.
pub(super) struct Seen<'a> {
    pub(super) family: &'a str,
    pub(super) name: &'a str,
    pub(super) tries: &'a str,
    pub(super) by: &'a str,
    pub(super) verdict: &'a str,
    pub(super) reason: &'a str,
}

impl Seen<'_> {
    /// Adds the line: in one write, since other tests add theirs at the same time.
    pub(super) fn tell(&self) {
        let Some(path) = std::env::var_os(FILE) else { return };
        let Self { family, name, tries, by, verdict, reason } = self;
        let line = json!({
            "family": family, "name": name, "tries": tries, "by": by, "verdict": verdict, "reason": reason,
        });
        let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// What held a program, by the words of the check that failed.
pub(super) fn contained_by(reason: &str) -> &'static str {
    const BY: [(&str, &str); 24] = [
        ("could not be built", "offline build in a sandbox of its own"),
        ("all of its", "limit of processor time"),
        ("MiB of memory", "limit of memory"),
        ("printed more", "limit of output"),
        ("did not answer", "the request's time limit"),
        ("carries the id", "one reply for each request, in order"),
        ("can't be read", "frame decoder"),
        (
            "before `start-up` answered",
            "the sandbox of the build: nothing came of it, and the program answers nothing",
        ),
        ("ended before", "no answer is a failed check"),
        (" refused\n", "system-call filter, namespaces, an empty view of the host"),
        ("earlier run", "private file systems, new for each program"),
        ("the disk took", "private file systems of fixed size"),
        ("MiB and no more", "limit of a file's size"),
        (" threads\n", "limit of processes and threads"),
        (" descriptors\n", "limit of descriptors"),
        ("files were made", "limit of memory"),
        ("RuntimeError: no expected", "a harness in a process and a sandbox of its own"),
        ("expected", "the harness's own measurement"),
        ("tensor", "the harness reads what it asked for, nothing else"),
        ("was returned", "the harness reads what it asked for, nothing else"),
        ("not of numbers", "the harness reads what it asked for, nothing else"),
        (" is None", "the harness reads what it asked for, nothing else"),
        (
            "raised an error",
            "an empty view of the host: the program itself says that it found nothing",
        ),
        ("share", "private file systems, new for each program"),
    ];
    let found = BY.iter().find(|(words, _)| reason.contains(words));
    found.map_or("the failed check", |(_, by)| by)
}
