//! The student's program, as the harness sees it: asked, waited for, never trusted.
//!
//! Both pipes are non-blocking and every step is polled against one deadline, so that a subject which
//! never reads, never answers or sends a byte a second costs its time limit and no more.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, read, write};

use crate::link::{self, LinkError, Message};
use crate::report::{Event, Task};
use crate::supervisor::{Ending, Fault, SubjectPipes, Supervisor};

/// How long a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// One ordinary request.
    Ordinary,
    /// One training.
    Training,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The operation, such as `p1.grads`.
    pub op: &'static str,
    /// The student's function, its arguments and results, as the Python package reads them:
    /// `loss_and_grads(params:layers, X, y, activation:text) -> loss:real, grads:layers=d`.
    pub call: &'static str,
    /// Arguments.
    pub message: Message,
    /// How long it may take.
    pub patience: Patience,
}

impl Request {
    /// A request with the ordinary time limit.
    pub fn ask(op: &'static str, call: &'static str, message: Message) -> Self {
        Self { op, call, message, patience: Patience::Ordinary }
    }

    /// A request with the time limit of a training.
    pub fn train(op: &'static str, call: &'static str, message: Message) -> Self {
        Self { op, call, message, patience: Patience::Training }
    }

    /// The function's name alone.
    pub fn function(&self) -> &'static str {
        self.call.split('(').next().unwrap_or_default()
    }
}

/// Why a request has no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The function raised an error; the subject goes on.
    #[error("`{function}` raised an error: {text}")]
    Raised {
        /// The student's function.
        function: &'static str,
        /// The error's text, from the subject.
        text: String,
    },
    /// No answer in time; the subject has been ended.
    #[error("`{function}` did not answer within {seconds} s{ending}")]
    Late {
        /// The student's function.
        function: &'static str,
        /// The time limit.
        seconds: f64,
        /// How the subject ended, if by itself.
        ending: String,
    },
    /// The subject ended or closed its pipe.
    #[error("the program ended before `{function}` answered: {words}")]
    Gone {
        /// The student's function.
        function: &'static str,
        /// Why, in words.
        words: String,
    },
    /// Bytes that are no reply; the subject has been ended.
    #[error("the reply of `{function}` can't be read: {reason}{ending}")]
    Malformed {
        /// The student's function.
        function: &'static str,
        /// What is wrong with it.
        #[source]
        reason: LinkError,
        /// How the subject ended, if by itself.
        ending: String,
    },
    /// A reply whose tensors are not what was asked for; the subject goes on.
    #[error("`{function}`: {reason}")]
    Unfit {
        /// The student's function.
        function: &'static str,
        /// What is wrong with it.
        #[source]
        reason: LinkError,
    },
    /// Not the subject's: ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The student's program: at most one at a time, started when first asked and after each [`Subject::restart`].
#[derive(Debug)]
pub struct Subject {
    supervisor: Supervisor,
    pipes: Option<SubjectPipes>,
    id: u64,
    frame: u32,
    ordinary: Duration,
    training: Duration,
    asked: Duration,
    started: u32,
}

impl Subject {
    /// A subject to be started by `supervisor` and held to the task's limits.
    pub fn new(supervisor: Supervisor, task: &Task) -> Self {
        Self {
            supervisor,
            pipes: None,
            id: 0,
            frame: task.frame_bytes,
            ordinary: Duration::from_millis(task.request_ms),
            training: Duration::from_millis(task.train_ms),
            asked: Duration::ZERO,
            started: 0,
        }
    }

    /// The line to the supervisor, for events.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// How long all requests so far have been waited for.
    pub fn asked(&self) -> Duration {
        self.asked
    }

    /// How many processes have been started so far.
    pub fn started(&self) -> u32 {
        self.started
    }

    /// A fresh process in place of the present one, greeted with `hello`.
    ///
    /// # Errors
    /// [`Trouble`] if it can't be started or does not answer the greeting.
    pub fn restart(&mut self) -> Result<(), Trouble> {
        self.pipes = None;
        match self.supervisor.start()? {
            Ok(pipes) => {
                for pipe in [&pipes.requests, &pipes.replies] {
                    let flags = fcntl_getfl(pipe).map_err(Fault::from)?;
                    fcntl_setfl(pipe, flags | OFlags::NONBLOCK).map_err(Fault::from)?;
                }
                self.pipes = Some(pipes);
                self.started += 1;
            }
            Err(Ending { words, .. }) => return Err(Trouble::Gone { function: "start-up", words }),
        }
        let hello = Request::ask("hello", "start-up", Message::new());
        match self.ask(hello)?.field("api") {
            Some(link::API) => Ok(()),
            _ => {
                Err(Trouble::Unfit { function: "start-up", reason: LinkError::MissingField("api") })
            }
        }
    }

    /// The answer to one request, from the running process or, if there is none, a fresh one.
    ///
    /// # Errors
    /// [`Trouble`]; after all but `Raised` and `Unfit` the process is gone.
    pub fn ask(&mut self, request: Request) -> Result<Message, Trouble> {
        if self.pipes.is_none() {
            self.restart()?;
        }
        let function = request.function();
        let Request { op, call, message, patience } = request;
        self.id += 1;
        let id = self.id.to_string();
        let (limit, words) = match patience {
            Patience::Ordinary => (self.ordinary, "ordinary"),
            Patience::Training => (self.training, "training"),
        };
        let frame = message
            .with_field("v", link::API)
            .with_field("op", op)
            .with_field("call", call)
            .with_field("patience", words)
            .with_field("id", id.clone())
            .encode(self.frame)
            .map_err(Fault::Request)?;
        let Some(pipes) = &self.pipes else {
            return Err(Fault::Mistake("a subject was asked that is not there".to_owned()).into());
        };
        let sent = Instant::now();
        let answer = exchange(pipes, &frame, self.frame, sent + limit);
        self.asked += sent.elapsed();
        let answer = answer.and_then(|body| {
            let reply = Message::decode(&body).map_err(Broken::Link)?;
            match reply.field("id") {
                Some(got) if got == id => Ok(reply),
                Some(got) => {
                    let got = link::shown(got);
                    Err(Broken::Link(LinkError::Id { got, expected: id }))
                }
                None => Err(Broken::Link(LinkError::MissingField("id"))),
            }
        });
        match answer {
            Ok(reply) => match reply.field("error") {
                Some(text) => Err(Trouble::Raised { function, text: readable(text) }),
                None => Ok(reply),
            },
            Err(broken) => Err(self.broken(function, limit, broken)),
        }
    }

    /// As [`Subject::ask`], with `work` of our own done meanwhile on a thread beside.
    ///
    /// # Errors
    /// [`Fault`] if `work` panicked.
    pub fn ask_beside<T: Send>(
        &mut self,
        request: Request,
        work: impl FnOnce() -> T + Send,
    ) -> Result<(Result<Message, Trouble>, T), Fault> {
        beside(|| self.ask(request), work)
    }

    /// Ends the process and puts into words what happened.
    fn broken(&mut self, function: &'static str, limit: Duration, broken: Broken) -> Trouble {
        self.pipes = None;
        let told = match broken {
            Broken::Late => self.supervisor.tell(&Event::Late {
                function: function.to_owned(),
                allowed_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            }),
            _ => Ok(()),
        };
        let ending = match told.and_then(|()| self.supervisor.end()) {
            Ok(ending) => ending,
            Err(fault) => return fault.into(),
        };
        let aside = if ending.by_itself { format!("; {}", ending.words) } else { String::new() };
        match broken {
            Broken::Late => Trouble::Late { function, seconds: limit.as_secs_f64(), ending: aside },
            Broken::Closed if ending.by_itself => Trouble::Gone { function, words: ending.words },
            Broken::Closed => {
                Trouble::Gone { function, words: "it closed its end of the pipe".to_owned() }
            }
            Broken::Link(reason) => Trouble::Malformed { function, reason, ending: aside },
            Broken::Pipe(errno) => Fault::Socket(errno).into(),
        }
    }
}

/// Does `here`, which mostly waits, and meanwhile `work` on a thread beside.
///
/// # Errors
/// [`Fault`] if `work` panicked.
pub fn beside<H, T: Send>(
    here: impl FnOnce() -> H,
    work: impl FnOnce() -> T + Send,
) -> Result<(H, T), Fault> {
    std::thread::scope(|scope| {
        let beside = scope.spawn(work);
        let waited = here();
        let done = beside.join().map_err(|_| Fault::Mistake("work beside panicked".to_owned()))?;
        Ok((waited, done))
    })
}

/// Names the function for which a reply was unfit.
pub fn unfit(function: &'static str) -> impl Fn(LinkError) -> Trouble {
    move |reason| Trouble::Unfit { function, reason }
}

enum Broken {
    Late,
    Closed,
    Link(LinkError),
    Pipe(Errno),
}

/// Sends a whole frame and reads a whole frame's body, all before `deadline`.
fn exchange(
    pipes: &SubjectPipes,
    frame: &[u8],
    cap: u32,
    deadline: Instant,
) -> Result<Vec<u8>, Broken> {
    let mut rest = frame;
    while !rest.is_empty() {
        match write(&pipes.requests, rest) {
            Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
            Err(Errno::AGAIN) => wait(PollFd::new(&pipes.requests, PollFlags::OUT), deadline)?,
            Err(Errno::INTR) => {}
            Err(Errno::PIPE) => return Err(Broken::Closed),
            Err(errno) => return Err(Broken::Pipe(errno)),
        }
    }
    let mut start = Vec::with_capacity(4);
    fill(pipes, &mut start, 4, deadline)?;
    let start: [u8; 4] = start.try_into().map_err(|_| Broken::Closed)?;
    let length = link::announced(start, cap).map_err(Broken::Link)?;
    let mut body = Vec::new();
    fill(pipes, &mut body, length, deadline)?;
    Ok(body)
}

/// Reads until `into` holds `length` bytes; memory grows with what really arrives.
fn fill(
    pipes: &SubjectPipes,
    into: &mut Vec<u8>,
    length: usize,
    deadline: Instant,
) -> Result<(), Broken> {
    let mut chunk = [0u8; 1 << 16];
    while into.len() < length {
        let want = chunk.len().min(length - into.len());
        let Some(space) = chunk.get_mut(..want) else { return Err(Broken::Closed) };
        match read(&pipes.replies, &mut *space) {
            Ok(0) => return Err(Broken::Closed),
            Ok(got) => into.extend_from_slice(space.get(..got).unwrap_or_default()),
            Err(Errno::AGAIN) => wait(PollFd::new(&pipes.replies, PollFlags::IN), deadline)?,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Broken::Pipe(errno)),
        }
        // A byte now and then must not stretch the limit.
        if Instant::now() >= deadline && into.len() < length {
            return Err(Broken::Late);
        }
    }
    Ok(())
}

fn wait(pipe: PollFd<'_>, deadline: Instant) -> Result<(), Broken> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Broken::Late);
    }
    let timeout = Timespec::try_from(left).map_err(|_| Broken::Pipe(Errno::INVAL))?;
    match poll(&mut [pipe], Some(&timeout)) {
        Ok(0) => Err(Broken::Late),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(Broken::Pipe(errno)),
    }
}

/// A subject's text as it may stand in a report: at most 2,000 characters, line breaks the only controls.
fn readable(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(2000)
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect();
    if text.chars().nth(2000).is_some() {
        out.push_str(" ...");
    }
    out
}
