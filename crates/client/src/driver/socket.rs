//! An open connection: a reader, and a writer with an outbox.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use kucoin_streams_transport::{
    BoxReader, BoxWriter, CloseFrame, Message, Outgoing, ReadError, Reader, WriteError, Writer,
};
use zeroize::Zeroizing;

type Writing = Pin<Box<dyn Future<Output = (BoxWriter, Result<(), WriteError>)> + Send>>;

/// Timeout of the peer's answer to our close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// A queued frame.
enum Outbound {
    Text(Zeroizing<String>),
    Pong(Bytes),
}

/// Writer, idle or with one write in progress.
enum WriteHalf {
    Idle(BoxWriter),
    Busy(Writing),
    /// A write failed; the connection is lost.
    Failed,
}

/// An open connection.
pub(super) struct Socket {
    reader: BoxReader,
    writer: WriteHalf,
    outbox: VecDeque<Outbound>,
    /// Code of our close frame; `None` unless the peer's behavior determines it.
    close_code: Option<u16>,
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("outbox", &self.outbox.len())
            .finish_non_exhaustive()
    }
}

impl Socket {
    pub(super) fn new(reader: BoxReader, writer: BoxWriter) -> Self {
        Self {
            reader,
            writer: WriteHalf::Idle(writer),
            outbox: VecDeque::new(),
            close_code: None,
        }
    }

    /// Sets the code of our close frame.
    pub(super) fn close_with(&mut self, code: u16) {
        self.close_code = Some(code);
    }

    /// Polls the next message. Must not be called after an error or a close frame.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Message, ReadError>> {
        self.reader.poll_read(context)
    }

    /// Queues a text frame. The message limit of the session bounds the queue.
    pub(super) fn send(&mut self, frame: Zeroizing<String>) {
        self.outbox.push_back(Outbound::Text(frame));
    }

    /// Queues a pong before all other frames, and replaces a pong that was not sent yet.
    pub(super) fn pong(&mut self, payload: Bytes) {
        if let Some(Outbound::Pong(_)) = self.outbox.front() {
            self.outbox.pop_front();
        }
        self.outbox.push_front(Outbound::Pong(payload));
    }

    /// Writes queued frames. Returns `Ready` only if a write fails.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<WriteError> {
        loop {
            match std::mem::replace(&mut self.writer, WriteHalf::Failed) {
                WriteHalf::Idle(writer) => match self.outbox.pop_front() {
                    Some(outbound) => self.writer = WriteHalf::Busy(write(writer, outbound)),
                    None => {
                        self.writer = WriteHalf::Idle(writer);
                        return Poll::Pending;
                    }
                },
                WriteHalf::Busy(mut writing) => match writing.as_mut().poll(context) {
                    Poll::Pending => {
                        self.writer = WriteHalf::Busy(writing);
                        return Poll::Pending;
                    }
                    Poll::Ready((writer, Ok(()))) => self.writer = WriteHalf::Idle(writer),
                    Poll::Ready((_, Err(error))) => return Poll::Ready(error),
                },
                WriteHalf::Failed => return Poll::Pending,
            }
        }
    }

    /// Closes the connection with this close code.
    ///
    /// Writes queued frames, sends a close frame, and waits up to one second for the peer's close frame.
    pub(super) async fn close(mut self, code: u16) {
        let code = self.close_code.unwrap_or(code);
        let close = async {
            let mut writer = match std::mem::replace(&mut self.writer, WriteHalf::Failed) {
                WriteHalf::Idle(writer) => writer,
                WriteHalf::Busy(writing) => match writing.await {
                    (writer, Ok(())) => writer,
                    (_, Err(_)) => return,
                },
                WriteHalf::Failed => return,
            };
            while let Some(outbound) = self.outbox.pop_front() {
                match write(writer, outbound).await {
                    (next, Ok(())) => writer = next,
                    (_, Err(_)) => return,
                }
            }
            if writer.close(Some(CloseFrame::new(code, ""))).await.is_err() {
                return;
            }
            while let Ok(message) = self.reader.read().await {
                if matches!(message, Message::Close(_)) {
                    return;
                }
            }
        };
        // After the timeout both halves are dropped.
        let _ = tokio::time::timeout(CLOSE_WAIT, close).await;
    }
}

fn write(mut writer: BoxWriter, outbound: Outbound) -> Writing {
    Box::pin(async move {
        let result = match &outbound {
            Outbound::Text(frame) => writer.send(Outgoing::Text(frame)).await,
            Outbound::Pong(payload) => writer.send(Outgoing::Pong(payload)).await,
        };
        (writer, result)
    })
}
