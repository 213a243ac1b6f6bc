//! Exit statuses, which scripts depend on, and writing to stderr.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kucoin_streams::core::explain;

use crate::output::Writer;

/// Exit status of a failed command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Any other failure.
    Other = 1,
    /// Wrong usage.
    Usage = 2,
    /// The credentials or the permission were refused.
    Refused = 3,
    /// A connection was not live within `--connect-timeout`.
    NotConnected = 4,
}

/// Error of a command.
#[derive(Debug, PartialEq)]
pub(crate) struct CommandError {
    pub(crate) status: ExitStatus,
    /// Error message in one line, without secrets: what failed and what to do. Empty if already on stderr.
    pub(crate) message: String,
}

impl CommandError {
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self {
            status: ExitStatus::Other,
            message: message.into(),
        }
    }

    /// Creates an error with what failed, the cause, and what to do.
    pub(crate) fn because(what: &str, error: &(dyn Error + 'static)) -> Self {
        Self::other(format!("{what}: {}", explain(error, None)))
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            status: ExitStatus::Usage,
            message: message.into(),
        }
    }

    /// An error that is already on stderr.
    pub(crate) fn reported(status: ExitStatus) -> Self {
        Self {
            status,
            message: String::new(),
        }
    }

    pub(crate) fn cannot_write(error: impl std::fmt::Display) -> Self {
        Self::other(format!("cannot write: {error}"))
    }

    pub(crate) fn with_status(self, status: ExitStatus) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }
}

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        Self::cannot_write(error)
    }
}

/// Writes errors and logs to stderr from its own thread.
///
/// A stalled reader of stderr does not block the command.
#[derive(Clone)]
pub(crate) struct Stderr {
    writer: Writer,
    /// Number of log lines dropped since the last report.
    dropped: Arc<AtomicU64>,
    /// Lines that are held while a screen is shown; `None` if lines are written.
    held: Arc<Mutex<Option<VecDeque<String>>>>,
}

/// Number of lines that are held while a screen is shown; the oldest is dropped.
const MAX_HELD: usize = 200;

/// Time limit for writing to stderr when the command exits.
const STDERR_WITHIN: Duration = Duration::from_millis(100);

impl Stderr {
    pub(crate) fn start() -> io::Result<Self> {
        let writer = Writer::start(io::stderr())?;
        Ok(Self::with_writer(writer))
    }

    fn with_writer(writer: Writer) -> Self {
        Self {
            writer,
            dropped: Arc::default(),
            held: Arc::default(),
        }
    }

    /// Holds all lines from now on, because they would corrupt a screen.
    pub(crate) fn hold(&self) {
        *self.lock_held() = Some(VecDeque::new());
    }

    /// Writes lines again. Lines that are still held are dropped.
    pub(crate) fn release(&self) {
        *self.lock_held() = None;
    }

    /// Takes the lines that were held since the last call.
    pub(crate) fn take_held(&self) -> Vec<String> {
        let mut held = self.lock_held();
        held.as_mut()
            .map(std::mem::take)
            .into_iter()
            .flatten()
            .collect()
    }

    fn lock_held(&self) -> MutexGuard<'_, Option<VecDeque<String>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a line while lines are held; returns `false` if it must be written.
    fn is_held(&self, line: &[u8]) -> bool {
        let mut held = self.lock_held();
        let Some(held) = held.as_mut() else {
            return false;
        };
        if held.len() >= MAX_HELD {
            held.pop_front();
        }
        held.push_back(String::from_utf8_lossy(line).trim_end().to_owned());
        true
    }

    /// Queues a line; never waits.
    pub(crate) fn line(&self, message: &str) {
        let line = line(message);
        if !self.is_held(line.as_bytes()) {
            self.writer.push(line.as_bytes(), &[]);
        }
    }

    /// Queues a log line, or drops it if the queue is full because stderr is not read; never waits.
    pub(crate) fn log(&self, line: &[u8]) {
        if self.is_held(line) {
            return;
        }
        if !self.writer.has_room() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            self.line(&format!(
                "{dropped} log lines dropped: stderr is not read fast enough"
            ));
        }
        self.writer.push(line, &[]);
    }

    /// Waits until all lines are written, for at most [`STDERR_WITHIN`].
    pub(crate) async fn written(&self) {
        let _ = tokio::time::timeout(STDERR_WITHIN, self.writer.written()).await;
    }
}

/// Writes an error to stderr and blocks until it is written.
pub(crate) fn print_error(message: &str) {
    // If stderr is closed, the error cannot be reported anywhere.
    let _ = io::stderr().write_all(line(message).as_bytes());
}

/// Formats a message as one line without control characters, because it may contain text from a server.
fn line(message: &str) -> String {
    let message = message.replace(char::is_control, "\u{fffd}");
    format!("kucoin-streams: {message}\n")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use super::*;

    /// A writer that blocks until it is allowed to write.
    struct Stalled {
        may_write: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Returns at once after the sender is dropped.
            let _ = self.may_write.recv();
            self.written.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn log_of_stalled_reader_is_bounded_and_counted() {
        let (go_on, may_write) = mpsc::channel();
        let written = Arc::default();
        let stalled = Stalled {
            may_write,
            written: Arc::clone(&written),
        };
        let stderr = Stderr::with_writer(Writer::start(stalled).unwrap());
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
            "kucoin-streams: {dropped} log lines dropped: stderr is not read fast enough\nthe next\n"
        );
        assert!(text.ends_with(&end));
        assert_eq!(
            text.len() as u64,
            (3_000 - dropped) * 1024 + end.len() as u64
        );
    }
}
