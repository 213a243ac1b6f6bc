//! How reading and writing on an open connection can end, and which close code answers a broken protocol.

use std::io;

/// Why nothing more can be read; the connection is over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream ended without a close frame, perhaps in the middle of a message, whose part is discarded.
    /// Dial again.
    #[error("the connection ended without a close frame")]
    Eof,
    /// The socket or the TLS layer broke, for instance by a reset. Dial again.
    #[error("the connection broke")]
    Io(#[source] io::Error),
    /// The server broke the WebSocket protocol or one of our limits. Send a close frame with `close_code`, drop the
    /// connection, dial again; when it happens again and again, something between the two sides is wrong.
    #[error("the server broke the protocol: {violation}")]
    Protocol {
        /// The code for our close frame: 1002, 1007 or 1009.
        close_code: u16,
        /// What was wrong.
        violation: Violation,
    },
    /// An earlier read was the last, because of a close frame or an error, or its future was dropped before it was
    /// done, so that the place in the stream is lost. This is a mistake of the caller; dial again.
    #[error("nothing can be read after the end")]
    Finished,
}

impl ReadError {
    /// The close code to send before dropping the connection, when the server broke the protocol.
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

/// What a server did that no WebSocket server may do, or that goes past our limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A reserved bit is set, as if an extension were in use. We never offer one.
    #[error("a reserved bit is set")]
    ReservedBits,
    /// The opcode is not one of RFC 6455.
    #[error("the opcode is unknown")]
    Opcode,
    /// The frame is masked, which only clients do.
    #[error("a frame is masked")]
    Masked,
    /// A control frame came in fragments.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame has more than 125 bytes.
    #[error("a control frame has more than 125 bytes")]
    ControlTooLong,
    /// A continuation came with nothing to continue.
    #[error("a continuation frame has no message to continue")]
    Continuation,
    /// A new message began inside a fragmented one.
    #[error("a message begins inside another")]
    Interleaved,
    /// A close frame has a payload of one byte.
    #[error("a close frame has an incomplete code")]
    CloseFrame,
    /// A close frame has a code that must not travel.
    #[error("close code {0} is not allowed")]
    CloseCode(u16),
    /// A text message or a close reason is not UTF-8.
    #[error("a text message is not UTF-8")]
    Utf8,
    /// A message is longer than this many bytes, fragments added up.
    #[error("a message has more than {limit} bytes")]
    TooLong {
        /// The limit that was set, in bytes.
        limit: usize,
    },
    /// A message came in more than this many fragments, empty ones counted.
    #[error("a message has more than {limit} fragments")]
    TooManyFragments {
        /// The limit that was set.
        limit: usize,
    },
    /// Any other breach that the codec reports.
    #[error("a frame is malformed")]
    Malformed,
}

impl Violation {
    /// The close code that tells the server: 1002 in general, 1007 for text, 1009 for size.
    #[must_use]
    pub fn close_code(self) -> u16 {
        match self {
            Self::Utf8 => 1007,
            Self::TooLong { .. } | Self::TooManyFragments { .. } => 1009,
            _ => 1002,
        }
    }
}

/// Why something could not be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The server did not take our bytes in time. Drop the connection and dial again.
    #[error("the server takes no data: a write did not finish in time")]
    Timeout,
    /// The socket or the TLS layer broke. Drop the connection and dial again.
    #[error("the connection broke")]
    Io(#[source] io::Error),
    /// Our close frame has gone out; nothing may follow it. Dial again.
    #[error("nothing can be sent after the close frame")]
    Closed,
    /// An earlier write failed, or its future was dropped before it was done, and may have left half a frame on the
    /// wire. Drop the connection and dial again.
    #[error("an earlier write did not finish")]
    Broken,
    /// A ping or pong has more than 125 bytes. Nothing was sent; send a shorter one.
    #[error("a control frame cannot carry {length} bytes")]
    ControlTooLong {
        /// The length of the payload, in bytes.
        length: usize,
    },
    /// This close code must not travel. Nothing was sent; use 1000 to 1003, 1007 to 1014 or 3000 to 4999.
    #[error("close code {code} is not allowed")]
    CloseCode {
        /// The code that was given.
        code: u16,
    },
}

impl WriteError {
    /// Whether the connection is over; otherwise nothing was sent and the writer can be used on.
    #[must_use]
    pub fn ends_connection(&self) -> bool {
        !matches!(self, Self::ControlTooLong { .. } | Self::CloseCode { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_sent_leaves_the_connection_usable() {
        assert!(!WriteError::ControlTooLong { length: 126 }.ends_connection());
        assert!(!WriteError::CloseCode { code: 1005 }.ends_connection());
        for error in [WriteError::Timeout, WriteError::Closed, WriteError::Broken] {
            assert!(error.ends_connection(), "{error}");
        }
    }

    #[test]
    fn a_violation_chooses_its_close_code() {
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
