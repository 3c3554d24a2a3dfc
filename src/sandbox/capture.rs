//! Standard output and error, counted while they are read, of which the beginning and the end are
//! kept.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

/// How much of one stream is kept: so much of its beginning, and as much of its end.
const HALF: usize = 32 << 10;

/// One stream.
#[derive(Debug, Default)]
struct Stream {
    pipe: Option<Receiver>,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

/// Both streams of one program.
#[derive(Debug)]
pub(super) struct Capture {
    stdout: Stream,
    stderr: Stream,
    limit: u64,
}

impl Capture {
    /// Reads from the program's ends; `limit` is for both streams together.
    pub(super) fn new(stdout: Option<OwnedFd>, stderr: OwnedFd, limit: u64) -> io::Result<Self> {
        Ok(Self { stdout: Stream::new(stdout)?, stderr: Stream::new(Some(stderr))?, limit })
    }

    /// Reads until the limit is passed; never returns if the program ends before that.
    pub(super) async fn passes_limit(&mut self) -> io::Result<()> {
        while self.total() <= self.limit {
            if self.stdout.pipe.is_none() && self.stderr.pipe.is_none() {
                std::future::pending::<()>().await;
            }
            self.step().await?;
        }
        Ok(())
    }

    /// Reads what is left in the pipes, once nobody writes any more.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        while self.stdout.pipe.is_some() || self.stderr.pipe.is_some() {
            self.step().await?;
        }
        Ok(())
    }

    /// The captured standard output and standard error.
    pub(super) fn into_texts(self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout.into_text(), self.stderr.into_text())
    }

    /// More came than the limit allows.
    pub(super) fn is_over(&self) -> bool {
        self.total() > self.limit
    }

    fn total(&self) -> u64 {
        self.stdout.total + self.stderr.total
    }

    async fn step(&mut self) -> io::Result<()> {
        // Dropping the other read is safe: nothing is taken from a pipe before it is stored.
        tokio::select! {
            read = self.stdout.read() => read,
            read = self.stderr.read() => read,
        }
    }
}

impl Stream {
    fn new(pipe: Option<OwnedFd>) -> io::Result<Self> {
        let pipe = pipe.map(Receiver::from_owned_fd).transpose()?;
        Ok(Self { pipe, ..Self::default() })
    }

    async fn read(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        let mut chunk = [0; 16 << 10];
        let count = pipe.read(&mut chunk).await?;
        if count == 0 {
            self.pipe = None;
        }
        self.keep(&chunk[..count]);
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(HALF - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        self.tail.drain(..self.tail.len().saturating_sub(HALF));
    }

    fn into_text(self) -> Vec<u8> {
        let mut text = self.head;
        let left_out = self.total - text.len() as u64 - self.tail.len() as u64;
        if left_out > 0 {
            text.extend_from_slice(format!("\n[... {left_out} bytes left out ...]\n").as_bytes());
        }
        text.extend(self.tail);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{HALF, Stream};

    #[test]
    fn a_short_text_is_kept_whole() {
        let mut stream = Stream::default();
        stream.keep(b"one ");
        stream.keep(b"two");
        assert_eq!(stream.into_text(), b"one two");
    }

    #[test]
    fn of_a_long_text_the_beginning_and_the_end_are_kept() {
        let mut stream = Stream::default();
        for _ in 0..HALF {
            stream.keep(b"abc");
        }
        let text = stream.into_text();
        let cut = format!("\n[... {HALF} bytes left out ...]\n");
        assert_eq!(text.len(), 2 * HALF + cut.len());
        assert!(text.starts_with(b"abcabc") && text.ends_with(b"abcabc"));
        assert!(String::from_utf8_lossy(&text).contains(&cut));
    }
}
