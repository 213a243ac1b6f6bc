//! Exit statuses, which scripts depend on, and the one place that writes to stderr.

use std::io::{self, Write};
use std::process::ExitCode;

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
    /// One line, without secrets, that says what to do.
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
}

/// A pipe that was closed is the reader's way to say that it has enough: it ends the command in silence.
pub(crate) fn is_closed_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// True to go on; false where the reader has closed the pipe.
pub(crate) fn keep_on(written: io::Result<()>) -> Result<bool, Failed> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if is_closed_pipe(&error) => Ok(false),
        Err(error) => Err(Failed::other(format!("cannot write: {error}"))),
    }
}

/// Writes a line to stderr; where even that is closed, nobody is there to be told.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Says on stderr what is wrong, and gives the status.
pub(crate) fn complain(message: &str, status: Status) -> ExitCode {
    // A server's words may be in it: they stay on one line, and do not drive the terminal.
    let message = message.replace(char::is_control, "\u{fffd}");
    note(&format!("kucoin-streams: {message}"));
    ExitCode::from(status as u8)
}
