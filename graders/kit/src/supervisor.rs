//! The harness's line to its supervisor: JSON lines over one unix stream socket, descriptor 3.
//!
//! The supervisor is trusted; whatever it says that we don't understand is a [`Fault`], never a failed
//! check. Descriptors of a fresh subject's pipes come attached to a line.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg, send};

use crate::report::{Answer, Event, Task};

/// Longest line from the supervisor in bytes.
const LINE_MAX: usize = 1 << 20;

/// Our own trouble: the grading has no verdict and is run again.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The socket failed.
    #[error("the supervisor's socket: {0}")]
    Socket(#[from] Errno),
    /// The supervisor is gone.
    #[error("the supervisor closed its socket")]
    Gone,
    /// A line that is not an [`Answer`].
    #[error("a line from the supervisor is not an answer: {0}")]
    Line(#[from] serde_json::Error),
    /// A line without end.
    #[error("a line from the supervisor exceeds {LINE_MAX} bytes")]
    LongLine,
    /// An answer to something else.
    #[error("the supervisor answered {got} where {expected} was due")]
    Answer {
        /// What came.
        got: String,
        /// What was due.
        expected: &'static str,
    },
    /// A `started` without two descriptors.
    #[error("the supervisor sent {0} descriptors with a fresh subject, not 2")]
    Descriptors(usize),
    /// The task can't be worked on.
    #[error("the task: {0}")]
    Task(String),
    /// A request of ours that can't be sent.
    #[error("a request of the harness: {0}")]
    Request(#[source] crate::link::LinkError),
    /// A check that no one decided, or that was decided twice.
    #[error("the check `{0}` {1}")]
    Check(String, &'static str),
    /// Anything else that only a mistake of ours can cause.
    #[error("{0}")]
    Mistake(String),
}

/// Why a subject is gone, as the supervisor saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// In words for the student.
    pub words: String,
    /// Whether a limit or a crash ended it, rather than our own request.
    pub by_itself: bool,
}

/// The pipes of a fresh subject.
#[derive(Debug)]
pub struct SubjectPipes {
    /// Write end of its requests.
    pub requests: OwnedFd,
    /// Read end of its replies.
    pub replies: OwnedFd,
}

/// The line to the supervisor.
#[derive(Debug)]
pub struct Supervisor {
    socket: OwnedFd,
    pending: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
}

impl Supervisor {
    /// The line over descriptor 3, where every harness finds it. Call it once, first of all.
    #[expect(unsafe_code, reason = "a descriptor known only by its number has no safe way in")]
    pub fn inherited() -> Self {
        const SOCKET: RawFd = 3;
        // SAFETY: descriptor 3 is given to a harness by whoever starts it and is used nowhere else in
        // the program; called at the start of `main`, before anything could have been opened there. If
        // it is closed, the first use says so (EBADF).
        Self::over(unsafe { OwnedFd::from_raw_fd(SOCKET) })
    }

    /// The line over a given socket.
    pub fn over(socket: OwnedFd) -> Self {
        Self { socket, pending: Vec::new(), descriptors: VecDeque::new() }
    }

    /// The first line: what is to be graded with.
    ///
    /// # Errors
    /// [`Fault`] if it is anything else.
    pub fn task(&mut self) -> Result<Task, Fault> {
        match self.answer()? {
            Answer::Task(task) => Ok(task),
            other => Err(unexpected(&other, "the task")),
        }
    }

    /// Sends one event.
    ///
    /// # Errors
    /// [`Fault`] if the supervisor is gone.
    pub fn tell(&self, event: &Event) -> Result<(), Fault> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    /// A fresh subject's pipes, or why there is none (its limits may be used up).
    ///
    /// # Errors
    /// [`Fault`] for our own trouble.
    pub fn start(&mut self) -> Result<Result<SubjectPipes, Ending>, Fault> {
        self.descriptors.clear();
        self.tell(&Event::Start)?;
        match self.answer()? {
            Answer::Started => {
                let count = self.descriptors.len();
                match (self.descriptors.pop_front(), self.descriptors.pop_front(), count) {
                    (Some(requests), Some(replies), 2) => {
                        Ok(Ok(SubjectPipes { requests, replies }))
                    }
                    _ => Err(Fault::Descriptors(count)),
                }
            }
            Answer::Ended { words, by_itself } => Ok(Err(Ending { words, by_itself })),
            other @ Answer::Task(_) => Err(unexpected(&other, "a fresh subject")),
        }
    }

    /// Ends the present subject, and says how it ended.
    ///
    /// # Errors
    /// [`Fault`] for our own trouble.
    pub fn end(&mut self) -> Result<Ending, Fault> {
        self.tell(&Event::End)?;
        match self.answer()? {
            Answer::Ended { words, by_itself } => Ok(Ending { words, by_itself }),
            other => Err(unexpected(&other, "the ending")),
        }
    }

    fn answer(&mut self) -> Result<Answer, Fault> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return Ok(serde_json::from_slice(&line)?);
            }
            if self.pending.len() > LINE_MAX {
                return Err(Fault::LongLine);
            }
            self.receive()?;
        }
    }

    fn receive(&mut self) -> Result<(), Fault> {
        let mut bytes = [0u8; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let got = match recvmsg(&self.socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Ok(message) => message.bytes,
            Err(Errno::INTR) => return Ok(()),
            Err(e) => return Err(e.into()),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.descriptors.extend(descriptors);
            }
        }
        if got == 0 {
            return Err(Fault::Gone);
        }
        self.pending.extend_from_slice(bytes.get(..got).unwrap_or_default());
        Ok(())
    }
}

fn unexpected(answer: &Answer, expected: &'static str) -> Fault {
    let got = match answer {
        Answer::Task(_) => "with a task",
        Answer::Started => "with a fresh subject",
        Answer::Ended { .. } => "with an ending",
    };
    Fault::Answer { got: got.to_owned(), expected }
}
