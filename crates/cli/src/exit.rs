//! Exit statuses, which scripts depend on, and the one place that writes to stderr.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kucoin_streams::core::explain;

use crate::output::Writer;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Something else went wrong.
    Other = 1,
    /// The command was not used as it must be.
    Usage = 2,
    /// Credentials or permission were refused.
    Refused = 3,
    /// There was no live connection within `--connect-timeout`.
    NotConnected = 4,
}

/// Why the command ended without success.
#[derive(Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) status: Status,
    /// One line, without secrets, that says what to do. Empty if stderr has it already.
    pub(crate) message: String,
}

impl Failed {
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self {
            status: Status::Other,
            message: message.into(),
        }
    }

    /// Says what failed, why, and what to do about it.
    pub(crate) fn because(what: &str, error: &(dyn Error + 'static)) -> Self {
        Self::other(format!("{what}: {}", explain(error, None)))
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            status: Status::Usage,
            message: message.into(),
        }
    }

    /// A failure that stderr has already.
    pub(crate) fn reported(status: Status) -> Self {
        Self {
            status,
            message: String::new(),
        }
    }

    pub(crate) fn cannot_write(error: impl std::fmt::Display) -> Self {
        Self::other(format!("cannot write: {error}"))
    }

    pub(crate) fn with_status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self::cannot_write(error)
    }
}

/// Writes errors and logs to stderr from a thread, so that a stalled reader of stderr blocks no command.
#[derive(Clone)]
pub(crate) struct Stderr {
    writer: Writer,
    /// Log lines that found no room, and are not reported yet.
    dropped: Arc<AtomicU64>,
}

/// The time that stderr gets at the end of a command.
const STDERR_WITHIN: Duration = Duration::from_millis(100);

impl Stderr {
    pub(crate) fn start() -> io::Result<Self> {
        let writer = Writer::start(io::stderr())?;
        let dropped = Arc::default();
        Ok(Self { writer, dropped })
    }

    /// Writes a line; never waits.
    pub(crate) fn line(&self, message: &str) {
        self.writer.push(line(message).as_bytes(), &[]);
    }

    /// Writes a line of the log, or drops it if a stalled reader has left too many unread; never waits.
    pub(crate) fn log(&self, line: &[u8]) {
        if !self.writer.has_room() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            self.line(&format!(
                "{dropped} lines of the log are dropped: stderr is not read fast enough"
            ));
        }
        self.writer.push(line, &[]);
    }

    /// Waits until all lines are written, for a short time at most.
    pub(crate) async fn written(&self) {
        let _ = tokio::time::timeout(STDERR_WITHIN, self.writer.written()).await;
    }
}

/// Writes a line to stderr, and waits for it.
pub(crate) fn complain(message: &str) {
    // If even stderr is closed, there is no other place for an error.
    let _ = io::stderr().write_all(line(message).as_bytes());
}

/// A server's words may be in a message: they stay on one line, and do not drive the terminal.
fn line(message: &str) -> String {
    let message = message.replace(char::is_control, "\u{fffd}");
    format!("kucoin-streams: {message}\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{self, Receiver};

    use super::*;

    /// Blocks until it may write, and then writes everything.
    struct Stalled {
        may_write: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once the sender is gone, nothing is waited for.
            let _ = self.may_write.recv();
            self.written.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn log_of_a_stalled_reader_is_bounded_and_its_loss_is_counted() {
        let (go_on, may_write) = mpsc::channel();
        let written = Arc::default();
        let stalled = Stalled {
            may_write,
            written: Arc::clone(&written),
        };
        let stderr = Stderr {
            writer: Writer::start(stalled).unwrap(),
            dropped: Arc::default(),
        };
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..3_000 {
            stderr.log(&line);
        }
        let dropped = stderr.dropped.load(Ordering::Relaxed);
        assert!((1..3_000).contains(&dropped), "{dropped}");
        drop(go_on);
        stderr.writer.written().await;
        stderr.log(b"the next\n");
        stderr.writer.written().await;
        let written = written.lock().unwrap();
        let text = String::from_utf8_lossy(&written);
        let end = format!(
            "kucoin-streams: {dropped} lines of the log are dropped: stderr is not read fast enough\nthe next\n"
        );
        assert!(text.ends_with(&end));
        assert_eq!(
            text.len() as u64,
            (3_000 - dropped) * 1024 + end.len() as u64
        );
    }
}
