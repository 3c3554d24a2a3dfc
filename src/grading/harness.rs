//! The supervisor's end of the harness's descriptor 3: JSON lines, and the two pipes of a subject
//! handed over beside one.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use testat_kit::report::{Answer, Event};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Interest};
use tokio::net::UnixStream;

/// No event is longer: figures are at most 256 KiB together.
const LINE_LIMIT: u64 = 1 << 20;

/// The conversation with one harness.
pub struct Control {
    stream: BufReader<UnixStream>,
}

/// Why the conversation could not go on. All of it is our fault: the harness is ours.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The system refused.
    #[error("the harness's descriptor 3: {0}")]
    Io(#[from] io::Error),
    /// A line that is no event.
    #[error("the harness wrote something that is no event: {0}")]
    NotAnEvent(#[from] serde_json::Error),
    /// A line without end.
    #[error("the harness wrote a line of over {LINE_LIMIT} bytes")]
    TooLong,
}

/// Our end, and the one that becomes the harness's descriptor 3.
pub fn pair() -> io::Result<(Control, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let stream = BufReader::new(UnixStream::from_std(ours)?);
    Ok((Control { stream }, theirs.into()))
}

impl Control {
    /// The next event; none when the harness has closed its end.
    pub async fn next(&mut self) -> Result<Option<Event>, ControlError> {
        let mut line = Vec::new();
        (&mut self.stream).take(LINE_LIMIT).read_until(b'\n', &mut line).await?;
        if line.ends_with(b"\n") {
            Ok(Some(serde_json::from_slice(&line)?))
        } else if line.len() as u64 == LINE_LIMIT {
            Err(ControlError::TooLong)
        } else {
            Ok(None)
        }
    }

    /// Says one line.
    pub async fn answer(&mut self, answer: &Answer) -> Result<(), ControlError> {
        self.send(answer, None).await
    }

    /// Says `started` and hands over the ends of the subject's pipes.
    pub async fn hand_over(&mut self, pipes: HarnessEnds) -> Result<(), ControlError> {
        self.send(&Answer::Started, Some(pipes)).await
    }

    async fn send(
        &mut self,
        answer: &Answer,
        pipes: Option<HarnessEnds>,
    ) -> Result<(), ControlError> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        let mut sent = 0;
        while sent < line.len() {
            let carried = if sent == 0 { pipes.as_ref() } else { None };
            let rest = &line[sent..];
            let stream = self.stream.get_ref();
            sent +=
                stream.async_io(Interest::WRITABLE, || send_once(stream, rest, carried)).await?;
        }
        Ok(())
    }
}

fn send_once(stream: &UnixStream, bytes: &[u8], pipes: Option<&HarnessEnds>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let ends = pipes.map(|ends| [ends.requests.as_fd(), ends.replies.as_fd()]);
    if let Some(ends) = &ends
        && !ancillary.push(SendAncillaryMessage::ScmRights(ends))
    {
        return Err(io::Error::other("no room for two descriptors"));
    }
    Ok(sendmsg(stream, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
}

/// What the harness holds of a subject: it writes requests and reads replies.
#[derive(Debug)]
pub struct HarnessEnds {
    pub(super) requests: OwnedFd,
    pub(super) replies: OwnedFd,
}

/// What the subject holds: it reads requests as its input and writes replies as its output.
#[derive(Debug)]
pub struct SubjectEnds {
    /// Its standard input.
    pub stdin: OwnedFd,
    /// Its standard output.
    pub stdout: OwnedFd,
}

/// Two pipes of 1 MiB, so that a large frame takes few wake-ups.
pub fn pipes() -> io::Result<(HarnessEnds, SubjectEnds)> {
    let (stdin, requests) = pipe()?;
    let (replies, stdout) = pipe()?;
    Ok((HarnessEnds { requests, replies }, SubjectEnds { stdin, stdout }))
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    // A smaller pipe is only slower: a host may limit what a user's pipes hold together.
    let _ = rustix::pipe::fcntl_setpipe_size(&write, 1 << 20);
    Ok((read, write))
}
