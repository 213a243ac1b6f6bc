//! The seam: messages, close frames, and the three traits of a connection; knows no socket.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use crate::{ConnectError, ReadError, Violation, WriteError};

/// The longest payload of a ping, pong or close frame, in bytes (RFC 6455, 5.5).
pub(crate) const MAX_CONTROL_PAYLOAD: usize = 125;

/// What came off the wire: whole messages, and control frames as they come.
///
/// Fragments are already put together. The bytes are shared with the receive buffer where that saves a copy, so a
/// message that is kept for long keeps a few KiB of its neighbours alive.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A text message; a [`Reader`] promises that these bytes are valid UTF-8.
    Text(Bytes),
    /// A binary message, unchecked. KuCoin's Pro streams send their JSON in these.
    Binary(Bytes),
    /// A ping of at most 125 bytes; the caller answers with [`Outgoing::Pong`] and the same payload.
    Ping(Bytes),
    /// A pong of at most 125 bytes, whether it was asked for or not.
    Pong(Bytes),
    /// The server closes; `None` where its frame had no code. Nothing can be read after it, and the caller answers
    /// with [`Writer::close`] unless it closed first.
    Close(Option<CloseFrame>),
}

/// Shows the kind and the length, never the payload: account data does not belong in logs.
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
    /// Refuses a control payload that no WebSocket frame can carry.
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

/// Shows the kind and the length, never the payload: a login message is signed.
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

/// Why a side closes: the code and the text of a close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame {
    /// The close code of RFC 6455, 7.4: 1000 is normal, 1001 going away, 1012 a restart, 3000 to 4999 private.
    pub code: u16,
    /// The server's words, or ours; at most 123 bytes travel.
    pub reason: String,
}

impl CloseFrame {
    /// A normal close, code 1000, without a reason.
    #[must_use]
    pub fn normal() -> Self {
        Self {
            code: 1000,
            reason: String::new(),
        }
    }

    /// A close with this code and reason.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// Whether this code may stand in a close frame on the wire (RFC 6455, 7.4, and its registry).
    ///
    /// 1004 to 1006 and 1015 are reserved, 1016 to 2999 unassigned.
    #[must_use]
    pub fn is_legal_code(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Reads the payload of a close frame; an empty one has neither code nor reason.
    ///
    /// # Errors
    /// A payload of one byte, above 125 bytes, with an illegal code, or with a reason that is not UTF-8.
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

    /// The frame as it may be sent: a legal code, and the reason cut to 123 bytes between two characters.
    pub(crate) fn checked(mut self) -> Result<Self, WriteError> {
        if !Self::is_legal_code(self.code) {
            return Err(WriteError::CloseCode { code: self.code });
        }
        let end = floor_char_boundary(&self.reason, MAX_CONTROL_PAYLOAD - 2);
        self.reason.truncate(end);
        Ok(self)
    }
}

/// `str::floor_char_boundary` is younger than the compilers that we support.
fn floor_char_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0)
}

/// Opens WebSocket connections: plain configuration that can dial again and again.
///
/// Implement it to bring another WebSocket library, to go through a tunnel of another kind, or to wrap a connector and watch or
/// record what passes. Wrapping is easy: call the inner `connect` and wrap its two halves.
///
/// The caller dials each URL once: it carries a connection token that is good for one connection. The caller may
/// drop the future of `connect` at any moment; whatever it opened must close then.
pub trait Connect: Send + Sync + 'static {
    /// The half that receives.
    type Reader: Reader;
    /// The half that sends.
    type Writer: Writer;

    /// Dials `url` and resolves once the server has agreed to speak WebSocket.
    ///
    /// The URL ends in `?token=..`, a bearer secret: an implementation must keep it out of errors, `Debug` and logs.
    /// The future must resolve within a bounded time and must follow no redirect.
    ///
    /// # Errors
    /// [`ConnectError`], by the stage that failed; [`ConnectError::class`] says what to do next.
    fn connect(
        &self,
        url: &str,
    ) -> impl Future<Output = Result<(Self::Reader, Self::Writer), ConnectError>> + Send;
}

/// A connector that is shared dials as the one inside.
impl<C: Connect> Connect for Arc<C> {
    type Reader = C::Reader;
    type Writer = C::Writer;

    async fn connect(&self, url: &str) -> Result<(C::Reader, C::Writer), ConnectError> {
        C::connect(self, url).await
    }
}

/// The receiving half of a connection.
///
/// Implement it with whatever reads best; it need not be cancel safe. The caller polls one `read` to its end before
/// it starts the next, never drops one in the middle of a message and then reads on, and reads nothing after a
/// [`Message::Close`] or an error. In return the reader needs no access to the writer: it answers no ping and sends
/// no close itself.
pub trait Reader: Send + 'static {
    /// Waits for the next whole message or control frame.
    ///
    /// # Errors
    /// [`ReadError`]: the connection is over. When [`ReadError::close_code`] is `Some`, the server broke the
    /// protocol and the caller should say so through [`Writer::close`] before it drops the writer.
    fn read(&mut self) -> impl Future<Output = Result<Message, ReadError>> + Send;
}

/// The sending half of a connection.
///
/// Implement it so that a message is on its way when `send` resolves (flushed, not merely buffered), and so that a
/// peer that no longer reads makes it fail in a bounded time. The caller sends one thing at a time and treats an
/// error as the end of the connection when [`WriteError::ends_connection`] says so.
pub trait Writer: Send + 'static {
    /// Sends one message or control frame and flushes it.
    ///
    /// # Errors
    /// [`WriteError`]; whether any part was sent is then unknown.
    fn send(
        &mut self,
        message: Outgoing<'_>,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Sends the close frame, with no code when `frame` is `None`.
    ///
    /// At most one close frame ever goes out: another call does nothing and succeeds. The reason is cut to 123
    /// bytes. To end a connection in order, read on until [`Message::Close`] or an error, for a second at most, and
    /// then drop both halves; dropping them closes the socket.
    ///
    /// # Errors
    /// [`WriteError`]; the connection is over all the same, except after [`WriteError::CloseCode`].
    fn close(
        &mut self,
        frame: Option<CloseFrame>,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_payloads_are_read_or_refused() {
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
    fn a_long_close_reason_is_cut_between_characters() {
        let frame = CloseFrame::new(1000, "é".repeat(80)).checked().unwrap();
        assert_eq!(frame.reason, "é".repeat(61));
    }

    #[test]
    fn a_close_code_that_must_not_travel_is_refused() {
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
