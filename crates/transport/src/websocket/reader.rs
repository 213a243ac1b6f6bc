//! The receiving half: reads frames with fastwebsockets and assembles them into messages.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::io;

use fastwebsockets::{Frame, WebSocketError, WebSocketRead};

use super::Limits;
use super::assembly::Assembly;
use super::stream::ReadStream;
use crate::{Message, ReadError, Reader, Violation};

/// The receiving half of a [`WebSocketConnector`](crate::WebSocketConnector) connection.
///
/// [`read`](Reader::read) is not cancel safe: if its future is dropped before it is done, all later reads return
/// [`ReadError::Finished`], because the codec may have stopped inside a frame.
pub struct WebSocketReader {
    frames: WebSocketRead<ReadStream>,
    assembly: Assembly,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// A read is in progress, was dropped, or was the last one.
    Unusable,
}

impl WebSocketReader {
    pub(super) fn new(mut frames: WebSocketRead<ReadStream>, limits: &Limits) -> Self {
        // The caller answers pings and close frames through the writer.
        frames.set_auto_pong(false);
        frames.set_auto_close(false);
        Self {
            frames,
            assembly: Assembly::new(limits),
            state: State::Open,
        }
    }

    async fn next_message(&mut self) -> Result<Message, ReadError> {
        loop {
            // The codec's limit is exclusive.
            self.frames
                .set_max_message_size(self.assembly.max_frame_size() + 1);
            let frame = match self.frames.read_frame(&mut no_answer).await {
                Ok(frame) => frame,
                Err(error) => return Err(read_error(error, self.assembly.too_long())),
            };
            if let Some(message) = self.assembly.accept(frame)? {
                return Ok(message);
            }
        }
    }
}

impl Reader for WebSocketReader {
    async fn read(&mut self) -> Result<Message, ReadError> {
        if self.state == State::Unusable {
            return Err(ReadError::Finished);
        }
        self.state = State::Unusable;
        let message = self.next_message().await?;
        if !matches!(message, Message::Close(_)) {
            self.state = State::Open;
        }
        Ok(message)
    }
}

impl fmt::Debug for WebSocketReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebSocketReader")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Sends nothing. The codec requires a function for answers, but automatic answers are off.
fn no_answer(_: Frame<'_>) -> Ready<Result<(), Infallible>> {
    ready(Ok(()))
}

fn read_error(error: WebSocketError, too_long: Violation) -> ReadError {
    let violation = match error {
        WebSocketError::UnexpectedEOF | WebSocketError::ConnectionClosed => return ReadError::Eof,
        // TLS reports a stream without `close_notify` this way.
        WebSocketError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return ReadError::Eof;
        }
        WebSocketError::IoError(error) => return ReadError::Io(error),
        WebSocketError::ReservedBitsNotZero => Violation::ReservedBits,
        WebSocketError::InvalidValue => Violation::Opcode,
        WebSocketError::ControlFrameFragmented => Violation::FragmentedControl,
        WebSocketError::PingFrameTooLarge => Violation::ControlTooLong,
        WebSocketError::FrameTooLarge => too_long,
        WebSocketError::InvalidUTF8 => Violation::Utf8,
        _ => Violation::Malformed,
    };
    violation.into()
}
