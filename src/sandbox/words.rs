//! Endings, said to a student.

use std::time::Duration;

use super::{Limits, Reason};

impl Reason {
    /// Says to a student why the program ended, as the end of a sentence that starts with "it":
    /// "it used all of its 10 s of processor time".
    #[must_use]
    pub fn in_words(&self, limits: &Limits) -> String {
        match self {
            Self::Exited(0) => "it ended by itself, with exit code 0".to_owned(),
            Self::Exited(code) => format!("it ended by itself, with exit code {code}"),
            Self::Signalled(signal) => signalled(*signal, limits),
            Self::Cpu => {
                format!("it used all of its {} of processor time", seconds(limits.cpu))
            }
            Self::Wall => format!("it was still running after {}", seconds(limits.wall)),
            Self::Memory => format!(
                "it needed more than its {} of memory (files in /tmp and /work count too)",
                size(limits.memory)
            ),
            Self::Output => format!("it printed more than {}", size(limits.output)),
            Self::Ended => "it was ended because it was no longer needed".to_owned(),
        }
    }
}

fn signalled(signal: i32, limits: &Limits) -> String {
    let what = match signal {
        libc::SIGILL => "an illegal instruction",
        libc::SIGABRT => "it aborted itself",
        libc::SIGBUS => "an access to memory that isn't there",
        libc::SIGFPE => "an impossible calculation with integers",
        libc::SIGKILL => "killed",
        libc::SIGSEGV => "an invalid access to memory",
        libc::SIGPIPE => "it wrote to a pipe that nobody reads",
        libc::SIGTERM => "asked to end",
        libc::SIGXFSZ => {
            return format!(
                "it was ended by signal {signal} (it wrote a file larger than {})",
                size(limits.file_size)
            );
        }
        libc::SIGSYS => "a system call that isn't allowed",
        _ => return format!("it was ended by signal {signal}"),
    };
    format!("it was ended by signal {signal} ({what})")
}

/// "10 s", "0.5 s".
fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// "64 MiB", "100 KiB", "12 bytes": in the largest unit that divides it.
fn size(bytes: u64) -> String {
    match bytes {
        0 => "0 bytes".to_owned(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{seconds, size};

    #[test]
    fn numbers_read_as_they_were_set() {
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
        assert_eq!(seconds(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(size(1 << 30), "1 GiB");
        assert_eq!(size(64 << 20), "64 MiB");
        assert_eq!(size(100 << 10), "100 KiB");
        assert_eq!(size(12), "12 bytes");
    }
}
