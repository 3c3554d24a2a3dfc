//! Whatever breaks, nothing that was acknowledged is lost, and every submission comes to one verdict.
//! Real processes, real signals, real full disks; each test bounded.

#[path = "faults/clients.rs"]
mod clients;
#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/database.rs"]
mod database;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/kills.rs"]
mod kills;
#[path = "faults/orphans.rs"]
mod orphans;
#[path = "faults/workers.rs"]
mod workers;

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::server::{SEMESTER, Server};

/// A submission that is graded quickly: it has nothing that can be checked.
pub(crate) fn quick(marker: &str) -> Vec<u8> {
    let text = format!("# {marker}\nraise SystemExit('no solution')\n");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "solution.py", text.as_bytes()).unwrap();
    tar.into_inner().unwrap()
}

/// A submission whose grading lasts until it is ended: some seconds.
pub(crate) fn slow(folder: &Path) -> PathBuf {
    let solution = folder.join("slow");
    std::fs::create_dir_all(&solution).unwrap();
    std::fs::write(solution.join("solution.py"), "import time\ntime.sleep(6)\nraise SystemExit\n")
        .unwrap();
    solution
}

/// Processes that have `word` in their command line, this one aside.
pub(crate) fn processes_naming(word: &str) -> Vec<String> {
    let me = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines =
        processes.filter(|entry| entry.file_name().to_string_lossy() != me).filter_map(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            Some(String::from_utf8_lossy(&line).replace('\0', " "))
        });
    lines.filter(|line| line.contains(word)).collect()
}

/// A worker in a process of its own.
pub(crate) fn start_worker(server: &Server, log: Stdio) -> Child {
    server.command().arg("worker").stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// Where a project's submissions are in the API.
pub(crate) fn submissions_of(slug: &str) -> String {
    format!("/api/v1/semesters/{SEMESTER}/projects/{slug}/submissions")
}

/// How many submissions of the first project the token's owner has.
pub(crate) async fn count(server: &Server, token: &str) -> usize {
    server.get(token, &submissions_of("backprop")).await.as_array().unwrap().len()
}
