//! What bubblewrap tells of a run: one small JSON object an event, through a pipe.

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::Pid;
use serde_json::Value;

/// More than bubblewrap ever writes; whoever has broken into it can't fill our memory.
const MOST: usize = 4096;

/// The pipe, and what has come through it.
#[derive(Debug)]
pub(super) struct Status {
    pipe: OwnedFd,
    text: Vec<u8>,
}

impl Status {
    /// Reads from a pipe that never blocks.
    pub(super) fn new(pipe: OwnedFd) -> Self {
        Self { pipe, text: Vec::new() }
    }

    /// The first process of the sandbox; none if bubblewrap did not come so far. Written before
    /// the program starts, so the program can't forge it.
    pub(super) fn first_process(&mut self) -> io::Result<Option<Pid>> {
        let number = self.field("child-pid")?.and_then(|number| number.try_into().ok());
        Ok(number.and_then(Pid::from_raw))
    }

    /// The program's exit code; none if it never started. A program that has broken into
    /// bubblewrap's process could forge it.
    pub(super) fn exit_code(&mut self) -> io::Result<Option<i32>> {
        Ok(self.field("exit-code")?.and_then(|code| code.try_into().ok()))
    }

    fn field(&mut self, name: &str) -> io::Result<Option<i64>> {
        self.read()?;
        let events = serde_json::Deserializer::from_slice(&self.text).into_iter::<Value>();
        let mut found = events.map_while(Result::ok).filter_map(|e| e.get(name)?.as_i64());
        Ok(found.next())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 512];
        while self.text.len() < MOST {
            match rustix::io::read(&self.pipe, &mut chunk) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => break,
                Ok(count) => self.text.extend_from_slice(&chunk[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn the_first_word_counts() {
        let (here, there) = super::super::descriptors::pipe().unwrap();
        let mut status = Status::new(here);
        assert_eq!(status.first_process().unwrap(), None);
        rustix::io::write(&there, b"{ \"child-pid\": 7, \"net-namespace\": 1 }\n").unwrap();
        assert_eq!(status.first_process().unwrap().unwrap().as_raw_nonzero().get(), 7);
        assert_eq!(status.exit_code().unwrap(), None);
        rustix::io::write(
            &there,
            b"{ \"exit-code\": 3 }\n{ \"exit-code\": 0, \"child-pid\": 9 }\n",
        )
        .unwrap();
        assert_eq!(status.exit_code().unwrap(), Some(3));
        assert_eq!(status.first_process().unwrap().unwrap().as_raw_nonzero().get(), 7);
    }
}
