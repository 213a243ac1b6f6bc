//! The traits of a connection, with the messages and close frames that they exchange.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use crate::{ConnectError, ReadError, Violation, WriteError};

/// The maximum payload of a ping, pong or close frame, in bytes (RFC 6455, section 5.5).
pub(crate) const MAX_CONTROL_PAYLOAD: usize = 125;

/// A received message or control frame.
///
/// Fragments are already assembled. The bytes may share a buffer with other messages, so keeping one message can keep a
/// few KiB of memory in use.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A text message; a [`Reader`] must guarantee that the bytes are valid UTF-8.
    Text(Bytes),
    /// A binary message, not validated. KuCoin's Pro V2 streams send their JSON in binary messages.
    Binary(Bytes),
    /// A ping of at most 125 bytes; the caller answers with [`Outgoing::Pong`] and the same payload.
    Ping(Bytes),
    /// A pong of at most 125 bytes, in reply to a ping or unsolicited.
    Pong(Bytes),
    /// The server's close frame; `None` if it has no code. No further message can be read.
    ///
    /// The caller answers with [`Writer::close`], unless the caller sent a close frame first.
    Close(Option<CloseFrame>),
}

/// Shows the kind and the length, never the payload, which may be account data.
impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, payload) = match self {
            Self::Text(payload) => ("Text", payload),
            Self::Binary(payload) => ("Binary", payload),
            Self::Ping(payload) => ("Ping", payload),
            Self::Pong(payload) => ("Pong", payload),
            Self::Close(frame) => return formatter.debug_tuple("Close").field(frame).finish(),
        };
        write!(formatter, "{kind}({} bytes)", payload.len())
    }
}

/// A message or control frame to send.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outgoing<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping of at most 125 bytes.
    Ping(&'a [u8]),
    /// A pong of at most 125 bytes, the answer to [`Message::Ping`].
    Pong(&'a [u8]),
}

impl Outgoing<'_> {
    /// Refuses a ping or pong payload of more than 125 bytes.
    pub(crate) fn check(self) -> Result<(), WriteError> {
        match self {
            Self::Ping(payload) | Self::Pong(payload) if payload.len() > MAX_CONTROL_PAYLOAD => {
                Err(WriteError::ControlTooLong {
                    length: payload.len(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// Shows the kind and the length, never the payload, which may be a signed login.
impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, length) = match self {
            Self::Text(text) => ("Text", text.len()),
            Self::Binary(payload) => ("Binary", payload.len()),
            Self::Ping(payload) => ("Ping", payload.len()),
            Self::Pong(payload) => ("Pong", payload.len()),
        };
        write!(formatter, "{kind}({length} bytes)")
    }
}

/// The code and the reason of a close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame {
    /// Close code (RFC 6455, section 7.4), such as 1000 normal, 1001 going away, 1012 service restart.
    pub code: u16,
    /// Reason as text; only the first 123 bytes are sent.
    pub reason: String,
}

impl CloseFrame {
    /// Returns a normal close: code 1000, no reason.
    #[must_use]
    pub fn normal() -> Self {
        Self {
            code: 1000,
            reason: String::new(),
        }
    }

    /// Returns a close frame with this code and reason.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// Returns `true` if this code is allowed in a close frame (RFC 6455, section 7.4, and its registry).
    ///
    /// Allowed are 1000 to 1003, 1007 to 1014 and 3000 to 4999 (private). 1004 to 1006 and 1015 are reserved, 1016 to
    /// 2999 are unassigned.
    #[must_use]
    pub fn is_legal_code(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Decodes the payload of a close frame; `None` if it is empty.
    ///
    /// # Errors
    /// Returns a [`Violation`] if the payload has one byte or more than 125, if the code is not allowed, or if the
    /// reason is not UTF-8.
    #[cfg_attr(not(feature = "fastwebsockets"), allow(dead_code))]
    pub(crate) fn decode(payload: &[u8]) -> Result<Option<Self>, Violation> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(Violation::ControlTooLong);
        }
        let (code, reason) = match payload {
            [] => return Ok(None),
            [_] => return Err(Violation::CloseFrame),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        if !Self::is_legal_code(code) {
            return Err(Violation::CloseCode(code));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
        Ok(Some(Self::new(code, reason)))
    }

    /// Refuses a code that is not allowed, and truncates the reason to 123 bytes between two characters.
    pub(crate) fn checked(mut self) -> Result<Self, WriteError> {
        if !Self::is_legal_code(self.code) {
            return Err(WriteError::CloseCode { code: self.code });
        }
        let end = floor_char_boundary(&self.reason, MAX_CONTROL_PAYLOAD - 2);
        self.reason.truncate(end);
        Ok(self)
    }
}

/// Returns the last character boundary at or before `index`.
///
/// `str::floor_char_boundary` is newer than the minimum supported Rust version.
fn floor_char_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0)
}

/// Opens WebSocket connections.
///
/// Implement it to use another WebSocket library, to connect through a custom tunnel, or to wrap a connector and
/// observe or record its messages. A wrapper calls the inner `connect` and wraps the two halves.
///
/// `connect` is called many times, each time with a new URL, whose connection token is used for this dial only. The
/// caller may drop the future of `connect` at any time; an implementation must then close everything that it opened.
pub trait Connect: Send + Sync + 'static {
    /// The receiving half.
    type Reader: Reader;
    /// The sending half.
    type Writer: Writer;

    /// Dials `url` and completes the WebSocket handshake.
    ///
    /// The URL has the query `?token=..`, a bearer secret: an implementation must keep it out of errors, `Debug` output
    /// and logs. The future must resolve within a bounded time, and redirects must not be followed.
    ///
    /// # Errors
    /// Returns a [`ConnectError`] for the stage that failed; [`ConnectError::class`] says what to do next.
    fn connect(
        &self,
        url: &str,
    ) -> impl Future<Output = Result<(Self::Reader, Self::Writer), ConnectError>> + Send;
}

/// Dials with the shared connector inside the `Arc`.
impl<C: Connect> Connect for Arc<C> {
    type Reader = C::Reader;
    type Writer = C::Writer;

    async fn connect(&self, url: &str) -> Result<(C::Reader, C::Writer), ConnectError> {
        C::connect(self, url).await
    }
}

/// The receiving half of a connection.
///
/// An implementation does not need to be cancel safe: the caller polls each `read` to completion before the next one,
/// or drops the reader, and does not read after a [`Message::Close`] or an error. The reader has no access to the
/// writer: it must not answer pings or close frames itself.
pub trait Reader: Send + 'static {
    /// Waits for the next complete message or control frame.
    ///
    /// # Errors
    /// Returns a [`ReadError`] if the connection has ended. If [`ReadError::close_code`] is `Some`, the server violated
    /// the protocol, and the caller should send that code with [`Writer::close`] before it drops the writer.
    fn read(&mut self) -> impl Future<Output = Result<Message, ReadError>> + Send;
}

/// The sending half of a connection.
///
/// An implementation must flush a message before `send` resolves, and must fail within a bounded time if the server no
/// longer reads. The caller sends one message at a time. After an error for which [`WriteError::ends_connection`] is
/// `true`, it drops the connection.
pub trait Writer: Send + 'static {
    /// Sends one message or control frame and flushes it.
    ///
    /// # Errors
    /// Returns a [`WriteError`] if it fails. Part of the message may have been sent, unless
    /// [`WriteError::ends_connection`] is `false`.
    fn send(
        &mut self,
        message: Outgoing<'_>,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Sends a close frame, without a code if `frame` is `None`.
    ///
    /// At most one close frame is sent: a second call does nothing and returns `Ok`. The reason is truncated to 123
    /// bytes. For a clean close, then read until [`Message::Close`] or an error, for at most a second, and drop both
    /// halves, which closes the socket.
    ///
    /// # Errors
    /// Returns a [`WriteError`] if it fails. The connection has ended, except after [`WriteError::CloseCode`].
    fn close(
        &mut self,
        frame: Option<CloseFrame>,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_payload_is_decoded_or_refused() {
        let check = |payload: &[u8], expected: Result<Option<CloseFrame>, Violation>| {
            assert_eq!(CloseFrame::decode(payload), expected, "{payload:?}");
        };
        check(b"", Ok(None));
        check(&[3, 232], Ok(Some(CloseFrame::normal())));
        check(
            &[3, 233, b'b', b'y', b'e'],
            Ok(Some(CloseFrame::new(1001, "bye"))),
        );
        check(&[3], Err(Violation::CloseFrame));
        check(&[3, 232, 0xff], Err(Violation::Utf8));
        check(&[3; 126], Err(Violation::ControlTooLong));
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            check(&u16::to_be_bytes(code), Err(Violation::CloseCode(code)));
        }
        for code in [1000, 1003, 1007, 1012, 1013, 1014, 3000, 4999] {
            check(&u16::to_be_bytes(code), Ok(Some(CloseFrame::new(code, ""))));
        }
    }

    #[test]
    fn long_close_reason_is_cut_between_characters() {
        let frame = CloseFrame::new(1000, "é".repeat(80)).checked().unwrap();
        assert_eq!(frame.reason, "é".repeat(61));
    }

    #[test]
    fn close_code_that_is_not_allowed_is_refused() {
        let refused = CloseFrame::new(1006, "").checked();
        assert!(
            matches!(refused, Err(WriteError::CloseCode { code: 1006 })),
            "{refused:?}"
        );
    }

    #[test]
    fn debug_shows_no_payload() {
        let received = format!("{:?}", Message::Text(Bytes::from_static(b"balance 12")));
        let sent = format!("{:?}", Outgoing::Text("signature"));
        assert_eq!(
            (received.as_str(), sent.as_str()),
            ("Text(10 bytes)", "Text(9 bytes)")
        );
    }
}
