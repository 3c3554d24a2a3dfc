//! The loop of a Rust subject: read a request, answer it, until the pipe closes.
//!
//! The protocol moves to private descriptors first; then standard input is empty and standard output
//! leads to the log, so a stray `println!` breaks nothing.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::link::{self, Message};
use crate::samples;

/// Whatever went wrong in a student's function, in words: `return Err("no hidden layer".into())`.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Answers requests; each project's trait is turned into one.
pub trait Answers {
    /// The answer to the operation `op`.
    ///
    /// # Errors
    /// Any text; it is sent as the reply's error and the loop goes on.
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem>;
}

/// Serves over standard input and output until the harness closes the pipe; with the argument `try`,
/// as at home, tries the samples of the starter kit instead.
pub fn serve(mut answers: impl Answers) -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("try") {
        return samples::main(&mut answers);
    }
    let served =
        private_pipes().and_then(|(input, output)| serve_over(input, output, &mut answers));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("testat-kit: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves over the given pipes until the first one closes.
///
/// # Errors
/// What the pipes say, and a request that is no message.
pub fn serve_over(
    mut input: impl Read,
    mut output: impl Write,
    answers: &mut impl Answers,
) -> io::Result<()> {
    while let Some(body) = next_frame(&mut input)? {
        let request = Message::decode(&body).map_err(invalid)?;
        let id = request.field("id").unwrap_or_default().to_owned();
        let reply = match guarded(answers, &request) {
            Ok(reply) => reply,
            Err(problem) => Message::new().with_field("error", problem.to_string()),
        };
        let frame = reply.with_field("id", id).encode(u32::MAX).map_err(invalid)?;
        output.write_all(&frame)?;
        output.flush()?;
    }
    Ok(())
}

/// The answer, a panic being one more problem.
fn guarded(answers: &mut impl Answers, request: &Message) -> Result<Message, Problem> {
    let op = request.field("op").ok_or("the request names no operation")?;
    if op == "hello" {
        return Ok(Message::new().with_field("lang", "rust").with_field("api", link::API));
    }
    answered(answers, request)
}

/// The answer to anything but the greeting.
pub(crate) fn answered(answers: &mut impl Answers, request: &Message) -> Result<Message, Problem> {
    let op = request.field("op").ok_or("the request names no operation")?;
    catch_unwind(AssertUnwindSafe(|| answers.answer(op, request))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("without a text");
        Err(format!("it panicked: {text} (the place stands in the log)").into())
    })
}

fn next_frame(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut start = [0; 4];
    let mut got = 0;
    while let Some(space) = start.get_mut(got..).filter(|space| !space.is_empty()) {
        match input.read(space) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => got += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let mut body = vec![0; link::announced(start, u32::MAX).map_err(invalid)?];
    input.read_exact(&mut body)?;
    Ok(Some(body))
}

fn invalid(error: link::LinkError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Copies of standard input and output, which then lead to nothing and to the log.
#[cfg(unix)]
fn private_pipes() -> io::Result<(std::fs::File, std::fs::File)> {
    use std::fs::File;
    use std::os::fd::AsFd;

    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr().as_fd())?;
    Ok((File::from(input), File::from(output)))
}

/// Elsewhere the protocol stays on standard input and output: enough to try a solution, if it prints nothing.
#[cfg(not(unix))]
fn private_pipes() -> io::Result<(io::Stdin, io::Stdout)> {
    Ok((io::stdin(), io::stdout()))
}
