//! Exit statuses, which scripts depend on, and the one place that writes to stderr.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self::cannot_write(error)
    }
}

/// Writes errors to stderr from a thread, so that a stalled reader of stderr blocks no command.
#[derive(Clone)]
pub(crate) struct Stderr {
    writer: Writer,
    left_out: Arc<AtomicU64>,
}

/// The time that stderr gets at the end of a command.
const STDERR_WITHIN: Duration = Duration::from_millis(100);

impl Stderr {
    pub(crate) fn start() -> io::Result<Self> {
        Writer::start(io::stderr()).map(|writer| Self {
            writer,
            left_out: Arc::default(),
        })
    }

    /// Writes a line; never waits.
    pub(crate) fn line(&self, message: &str) {
        self.writer.push(line(message).as_bytes(), &[]);
    }

    /// Writes a line of a log as it is; never waits. If its reader stalls, lines are left out and counted.
    pub(crate) fn log(&self, line: &str) {
        if !self.writer.has_room() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            self.line(&format!(
                "{left_out} lines were left out, as they were not read"
            ));
        }
        let line = line.replace(char::is_control, "\u{fffd}");
        self.writer.push(format!("{line}\n").as_bytes(), &[]);
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
