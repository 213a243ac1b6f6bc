//! Errors of reading and writing on an open connection, with the close codes for protocol violations.

use std::io;

/// Error of reading: no more messages can be read, and the connection has ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream ended without a close frame; an incomplete message is discarded. Dial again.
    #[error("the connection ended without a close frame")]
    Eof,
    /// The socket or the TLS layer failed, for example by a reset. Dial again.
    #[error("the connection broke")]
    Io(#[source] io::Error),
    /// The server violated the WebSocket protocol or exceeded a limit.
    ///
    /// Send a close frame with `close_code`, drop the connection and dial again. If it persists, check for a proxy or
    /// middlebox on the way.
    #[error("the server violated the WebSocket protocol: {violation}")]
    Protocol {
        /// The code for the close frame to send: 1002, 1007 or 1009.
        close_code: u16,
        /// Violation by the server.
        violation: Violation,
    },
    /// An earlier read returned a close frame or an error, or its future was dropped before it was done.
    ///
    /// The position in the stream is lost. This is a bug in the caller. Dial again.
    #[error("no more messages can be read: an earlier read was the last or was dropped")]
    Finished,
}

impl ReadError {
    /// Returns the close code to send if the server violated the protocol; `None` for all other errors.
    ///
    /// Send it before you drop the connection.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        match self {
            Self::Protocol { close_code, .. } => Some(*close_code),
            _ => None,
        }
    }
}

impl From<Violation> for ReadError {
    fn from(violation: Violation) -> Self {
        Self::Protocol {
            close_code: violation.close_code(),
            violation,
        }
    }
}

/// A violation of the WebSocket protocol or of a configured limit by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A reserved bit is set, but no extension was negotiated.
    #[error("a reserved bit is set")]
    ReservedBits,
    /// The opcode is not one of RFC 6455.
    #[error("the opcode is unknown")]
    Opcode,
    /// A frame is masked; only clients may do that.
    #[error("a frame is masked")]
    Masked,
    /// A control frame is fragmented.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame has more than 125 bytes.
    #[error("a control frame has more than 125 bytes")]
    ControlTooLong,
    /// A continuation frame came without a message to continue.
    #[error("a continuation frame has no message to continue")]
    Continuation,
    /// A new message began before a fragmented one was complete.
    #[error("a message begins before the previous one is complete")]
    Interleaved,
    /// A close frame has a payload of one byte.
    #[error("a close frame has an incomplete code")]
    CloseFrame,
    /// A close frame has a code that is not allowed on the wire.
    #[error("close code {0} is not allowed")]
    CloseCode(u16),
    /// A text message or a close reason is not UTF-8.
    #[error("a text message or a close reason is not UTF-8")]
    Utf8,
    /// A message is longer than the limit, counting all its fragments.
    #[error("a message has more than {limit} bytes")]
    TooLong {
        /// The configured limit, in bytes.
        limit: usize,
    },
    /// A message has more fragments than the limit, counting empty ones.
    #[error("a message has more than {limit} fragments")]
    TooManyFragments {
        /// The configured limit.
        limit: usize,
    },
    /// Any other violation that the codec reports.
    #[error("a frame is malformed")]
    Malformed,
}

impl Violation {
    /// Returns the close code to send: 1007 for invalid UTF-8, 1009 for a limit, 1002 for all others.
    #[must_use]
    pub fn close_code(self) -> u16 {
        match self {
            Self::Utf8 => 1007,
            Self::TooLong { .. } | Self::TooManyFragments { .. } => 1009,
            _ => 1002,
        }
    }
}

/// Error of sending a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The server did not accept the data in time. Drop the connection and dial again.
    #[error("the write timed out: the server does not read")]
    Timeout,
    /// The socket or the TLS layer failed. Drop the connection and dial again.
    #[error("the connection broke")]
    Io(#[source] io::Error),
    /// The close frame has been sent; no frame may follow it. Dial again.
    #[error("no message can be sent after the close frame")]
    Closed,
    /// An earlier write failed, or its future was dropped before it completed.
    ///
    /// Half a frame may have been sent. Drop the connection and dial again.
    #[error("an earlier write did not finish")]
    Broken,
    /// A ping or pong has more than 125 bytes. Nothing was sent; send a shorter payload.
    #[error("a ping or pong cannot have {length} bytes; the maximum is 125")]
    ControlTooLong {
        /// The length of the payload, in bytes.
        length: usize,
    },
    /// This close code is not allowed. Nothing was sent; use 1000 to 1003, 1007 to 1014 or 3000 to 4999.
    #[error("close code {code} is not allowed; use 1000 to 1003, 1007 to 1014 or 3000 to 4999")]
    CloseCode {
        /// The close code of the caller.
        code: u16,
    },
}

impl WriteError {
    /// Returns `true` if the connection has ended.
    ///
    /// If `false`, nothing was sent and the writer can still be used.
    #[must_use]
    pub fn ends_connection(&self) -> bool {
        !matches!(self, Self::ControlTooLong { .. } | Self::CloseCode { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_frames_do_not_end_the_connection() {
        assert!(!WriteError::ControlTooLong { length: 126 }.ends_connection());
        assert!(!WriteError::CloseCode { code: 1005 }.ends_connection());
        for error in [WriteError::Timeout, WriteError::Closed, WriteError::Broken] {
            assert!(error.ends_connection(), "{error}");
        }
    }

    #[test]
    fn each_violation_has_its_close_code() {
        let check = |violation: Violation, code: u16| {
            assert_eq!(
                ReadError::from(violation).close_code(),
                Some(code),
                "{violation}"
            );
        };
        check(Violation::Masked, 1002);
        check(Violation::CloseCode(1005), 1002);
        check(Violation::Utf8, 1007);
        check(Violation::TooLong { limit: 1 }, 1009);
        check(Violation::TooManyFragments { limit: 1 }, 1009);
        assert_eq!(ReadError::Eof.close_code(), None);
    }
}
