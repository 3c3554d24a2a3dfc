//! A worker that stops answering: another one takes its grading up, and what the first says later
//! changes nothing.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{slow, start_worker};
use crate::server::{PATIENCE, STUDENT, Server};

async fn until(server: &Server, token: &str, place: &str, state: &str) -> Value {
    let begun = Instant::now();
    loop {
        let submission = server.get(token, place).await;
        if submission["gradings"][0]["state"] == state {
            return submission;
        }
        assert!(begun.elapsed() < PATIENCE, "not {state}: {submission:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_worker_that_stops_answering_loses_its_grading_to_another() {
    let mut server = Server::prepared(None);
    let mut command = server.command();
    command.env("TESTAT_WORKERS", "0");
    server.start_as(command);
    let token = server.token(STUDENT);
    let mut first = start_worker(&server, Stdio::piped());
    let log = BufReader::new(first.stderr.take().unwrap());
    let place = server.submit(&token, &slow(server.data())).await;
    until(&server, &token, &place, "running").await;
    let stopped = Pid::from_child(&first);
    kill_process(stopped, Signal::STOP).unwrap();
    let mut second = start_worker(&server, Stdio::null());
    let done = until(&server, &token, &place, "done").await;
    // It wakes with the grading in its hands, finishes, and must not record it.
    kill_process(stopped, Signal::CONT).unwrap();
    let lost = log.lines().map(Result::unwrap).find(|line| line.contains("The lease was lost"));
    assert!(lost.is_some(), "the first worker ended");
    assert_eq!(server.get(&token, &place).await, done, "it wrote over what was recorded");
    assert_eq!(done["gradings"].as_array().unwrap().len(), 1);
    assert_eq!(done["gradings"][0]["verdict"], "failed");
    server.admin(&["audit", "verify"]);
    first.kill().unwrap();
    first.wait().unwrap();
    second.kill().unwrap();
    second.wait().unwrap();
}
