//! A whole grading inside one process: the supervisor and each subject are threads, the pipes and the
//! socket are real. For tests and for measuring thresholds; nothing here confines anything.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recv, sendmsg, socketpair,
};
use rustix::pipe::pipe;

use crate::report::{Answer, Check, Event, Figure, Task, Verdict};
use crate::run::{Grading, Rule};
use crate::serve::{Answers, serve_over};
use crate::supervisor::{Fault, Supervisor};

/// What a rehearsed grading said.
#[derive(Clone, Debug, Default)]
pub struct Rehearsal {
    /// In the order decided.
    pub checks: Vec<Check>,
    /// In the order shown.
    pub figures: Vec<Figure>,
    /// The verdict, once said.
    pub verdict: Option<Verdict>,
}

impl Rehearsal {
    /// Ids of the failed checks, in the order decided.
    pub fn failed(&self) -> Vec<&str> {
        self.checks.iter().filter(|check| !check.passed).map(|check| check.id.as_str()).collect()
    }

    /// The value of the check `id`, if it has one.
    pub fn value(&self, id: &str) -> Option<f64> {
        self.checks.iter().find(|check| check.id == id).and_then(|check| check.value)
    }
}

/// A task with these thresholds and generous limits.
pub fn task(seed: [u8; 32], thresholds: &[(&str, f64)]) -> Task {
    Task {
        seed: hex::encode(seed),
        thresholds: thresholds
            .iter()
            .map(|(id, value)| ((*id).to_owned(), *value))
            .collect::<BTreeMap<_, _>>(),
        frame_bytes: 16 << 20,
        request_ms: 10_000,
        train_ms: 60_000,
    }
}

/// Grades what `fresh` makes: it is called for each fresh subject.
///
/// # Errors
/// [`Fault`], as a harness would end with one.
pub fn rehearse<A: Answers + Send + 'static>(
    task: Task,
    rules: &'static [Rule],
    work: impl FnOnce(&mut Grading) -> Result<(), Fault>,
    fresh: impl Fn() -> A + Send,
) -> Result<Rehearsal, Fault> {
    rehearse_raw(task, rules, work, move |requests, replies| {
        let mut answers = fresh();
        // A harness that ends a subject closes its pipes: the subject's error is its end, not ours.
        thread::spawn(move || serve_over(File::from(requests), File::from(replies), &mut answers));
    })
}

/// As [`rehearse`], but `start` is given each subject's bare pipes: where its requests come from and
/// where its replies go.
///
/// # Errors
/// [`Fault`], as a harness would end with one.
pub fn rehearse_raw(
    task: Task,
    rules: &'static [Rule],
    work: impl FnOnce(&mut Grading) -> Result<(), Fault>,
    start: impl Fn(OwnedFd, OwnedFd) + Send,
) -> Result<Rehearsal, Fault> {
    let (ours, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    thread::scope(|scope| {
        let supervisor = scope.spawn(move || supervise(&ours, task, start));
        let graded = crate::run::grade(Supervisor::over(theirs), rules, work);
        let rehearsal = supervisor
            .join()
            .map_err(|_| Fault::Mistake("the rehearsal's supervisor panicked".to_owned()))?
            .map_err(|e| Fault::Mistake(format!("the rehearsal's supervisor: {e}")))?;
        graded.map(|_| rehearsal)
    })
}

fn supervise(
    socket: &OwnedFd,
    task: Task,
    start: impl Fn(OwnedFd, OwnedFd),
) -> io::Result<Rehearsal> {
    let mut rehearsal = Rehearsal::default();
    say(socket, &Answer::Task(task), &[])?;
    let mut pending = Vec::new();
    loop {
        let mut bytes = [0u8; 4096];
        let (_, got) = recv(socket, &mut bytes[..], RecvFlags::empty())?;
        if got == 0 {
            return Ok(rehearsal);
        }
        pending.extend_from_slice(bytes.get(..got).unwrap_or_default());
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            match serde_json::from_slice(&line)? {
                Event::Start => {
                    let (requests, to_subject) = pipe()?;
                    let (from_subject, replies) = pipe()?;
                    start(requests, replies);
                    say(socket, &Answer::Started, &[to_subject, from_subject])?;
                }
                Event::End => {
                    let words = "the rehearsal ended it".to_owned();
                    say(socket, &Answer::Ended { words, by_itself: false }, &[])?;
                }
                Event::Progress { .. } | Event::Late { .. } => {}
                Event::Check(check) => rehearsal.checks.push(check),
                Event::Figure(figure) => rehearsal.figures.push(figure),
                Event::Done { verdict, .. } => rehearsal.verdict = Some(verdict),
            }
        }
    }
}

fn say(socket: &OwnedFd, answer: &Answer, pipes: &[OwnedFd]) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let borrowed: Vec<_> = pipes.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !borrowed.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&borrowed));
    }
    sendmsg(socket, &[IoSlice::new(&line)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
