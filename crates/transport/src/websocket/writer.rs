//! The sending half: sends one frame at a time, with flush and timeout, and at most one close frame.

use std::fmt;
use std::io;
use std::time::Duration;

use fastwebsockets::{Frame, OpCode, Payload, WebSocketError, WebSocketWrite};
use tokio::time::timeout;

use super::Limits;
use super::stream::WriteStream;
use crate::{CloseFrame, Outgoing, WriteError, Writer};

/// The sending half of a [`WebSocketConnector`](crate::WebSocketConnector) connection.
///
/// Each frame is masked with new random bytes and flushed before [`send`](Writer::send) resolves. `send` and `close`
/// are not cancel safe: if a write fails or its future is dropped, all later writes return [`WriteError::Broken`],
/// because half a frame may have been sent.
pub struct WebSocketWriter {
    frames: WebSocketWrite<WriteStream>,
    write_timeout: Duration,
    close_timeout: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    /// A write is in progress, was dropped, or failed.
    Broken,
}

impl WebSocketWriter {
    pub(super) fn new(mut frames: WebSocketWrite<WriteStream>, limits: &Limits) -> Self {
        // The codec's vectored write loops forever if a stream accepts no bytes.
        frames.set_writev(false);
        let Limits {
            write_timeout,
            close_timeout,
            ..
        } = *limits;
        Self {
            frames,
            write_timeout,
            close_timeout,
            state: State::Open,
        }
    }

    async fn write(
        &mut self,
        frame: Frame<'_>,
        limit: Duration,
        after: State,
    ) -> Result<(), WriteError> {
        match self.state {
            State::Open => {}
            State::Closed => return Err(WriteError::Closed),
            State::Broken => return Err(WriteError::Broken),
        }
        self.state = State::Broken;
        let written = write_and_flush(&mut self.frames, frame);
        timeout(limit, written)
            .await
            .map_err(|_| WriteError::Timeout)??;
        self.state = after;
        Ok(())
    }
}

impl Writer for WebSocketWriter {
    async fn send(&mut self, message: Outgoing<'_>) -> Result<(), WriteError> {
        message.check()?;
        let (opcode, payload) = match message {
            Outgoing::Text(text) => (OpCode::Text, text.as_bytes()),
            Outgoing::Binary(payload) => (OpCode::Binary, payload),
            Outgoing::Ping(payload) => (OpCode::Ping, payload),
            Outgoing::Pong(payload) => (OpCode::Pong, payload),
        };
        let frame = Frame::new(true, opcode, None, Payload::Borrowed(payload));
        self.write(frame, self.write_timeout, State::Open).await
    }

    async fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), WriteError> {
        if self.state == State::Closed {
            return Ok(());
        }
        let frame = match frame.map(CloseFrame::checked).transpose()? {
            Some(close) => Frame::close(close.code, close.reason.as_bytes()),
            None => Frame::close_raw(Payload::Borrowed(&[])),
        };
        self.write(frame, self.close_timeout, State::Closed).await
    }
}

impl fmt::Debug for WebSocketWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebSocketWriter")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

async fn write_and_flush(
    frames: &mut WebSocketWrite<WriteStream>,
    frame: Frame<'_>,
) -> Result<(), WriteError> {
    frames.write_frame(frame).await.map_err(write_error)?;
    frames.flush().await.map_err(write_error)
}

fn write_error(error: WebSocketError) -> WriteError {
    match error {
        WebSocketError::IoError(error) => WriteError::Io(error),
        WebSocketError::ConnectionClosed => WriteError::Closed,
        other => WriteError::Io(io::Error::other(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastwebsockets::Role;
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    /// Returns a writer whose peer does not read and whose socket buffers are full.
    async fn stuck(limits: &Limits) -> (WebSocketWriter, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (peer, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let flood = vec![0; 64 << 20];
        let flooded = timeout(Duration::from_millis(200), write.write_all(&flood)).await;
        assert!(flooded.is_err(), "the socket buffers are full");
        let write = WriteStream::Plain(write);
        let (_, frames) = fastwebsockets::after_handshake_split(read, write, Role::Client);
        (WebSocketWriter::new(frames, limits), peer)
    }

    #[tokio::test]
    async fn close_frame_has_its_own_timeout() {
        let limits = Limits {
            write_timeout: Duration::MAX,
            close_timeout: Duration::from_millis(50),
            ..Limits::default()
        };
        let (mut writer, _peer) = stuck(&limits).await;
        let closed = writer.close(Some(CloseFrame::normal())).await;
        assert!(matches!(closed, Err(WriteError::Timeout)), "{closed:?}");
        assert!(matches!(writer.close(None).await, Err(WriteError::Broken)));
    }

    #[tokio::test]
    async fn small_frame_has_the_write_timeout() {
        let limits = Limits {
            write_timeout: Duration::from_millis(50),
            close_timeout: Duration::MAX,
            ..Limits::default()
        };
        let (mut writer, _peer) = stuck(&limits).await;
        let sent = writer.send(Outgoing::Ping(b"")).await;
        assert!(matches!(sent, Err(WriteError::Timeout)), "{sent:?}");
    }
}
