//! An in-memory transport for tests: no socket, the test plays the server.
//!
//! [`pair`] returns a [`Dialer`] for the code under test and a [`Listener`], with which the test accepts each dial and
//! plays the server through a [`Peer`]. All queues are bounded. Only tokio's timers are used, so it works with tokio's
//! paused clock: a write to a peer that does not read then times out without real waiting.
//!
//! ```
//! use kucoin_streams_transport::{Connect, Message, Outgoing, Reader, Writer, memory};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (dialer, mut listener) = memory::pair();
//! let client = tokio::spawn(async move {
//!     let (mut reader, mut writer) = dialer.connect("wss://exchange.test/?token=t0").await?;
//!     let welcome = reader.read().await?;
//!     writer.send(Outgoing::Text("subscribe")).await?;
//!     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(welcome)
//! });
//!
//! let dial = listener.accept().await.ok_or("no dial")?;
//! assert_eq!(dial.url(), "wss://exchange.test/?token=t0");
//! let mut peer = dial.accept();
//! peer.send(Message::Text("welcome".into())).await?;
//! assert_eq!(peer.receive().await, Some(Message::Text("subscribe".into())));
//! peer.cut(); // the client's next read fails: no close frame
//! # let welcome = client.await?.map_err(|error| error.to_string())?;
//! # assert_eq!(welcome, Message::Text("welcome".into()));
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::{
    CloseFrame, Connect, ConnectError, Message, Outgoing, ReadError, Reader, WriteError, Writer,
};

/// Creates a connector and the listener that receives its dials.
///
/// The queue of each direction has room for 64 messages. A write to a full queue fails after 5 s.
#[must_use]
pub fn pair() -> (Dialer, Listener) {
    let (sender, receiver) = mpsc::channel(64);
    let dialer = Dialer {
        dials: sender,
        capacity: 64,
        write_timeout: Duration::from_secs(5),
    };
    (dialer, Listener { dials: receiver })
}

/// The connector of an in-memory pair. Clones dial the same [`Listener`].
#[derive(Clone, Debug)]
pub struct Dialer {
    dials: mpsc::Sender<Dial>,
    capacity: usize,
    write_timeout: Duration,
}

impl Dialer {
    /// Sets the queue capacity of each direction, in messages. Default: 64, minimum 1.
    #[must_use]
    pub fn with_capacity(mut self, messages: usize) -> Self {
        self.capacity = messages.max(1);
        self
    }

    /// Sets how long a write to a full queue waits before [`WriteError::Timeout`]. Default: 5 s.
    #[must_use]
    pub fn with_write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }
}

/// Dials the listener and waits for its answer, without a timeout: add your own.
impl Connect for Dialer {
    type Reader = MemoryReader;
    type Writer = MemoryWriter;

    async fn connect(&self, url: &str) -> Result<(MemoryReader, MemoryWriter), ConnectError> {
        let (answer, answered) = oneshot::channel();
        let dial = Dial {
            url: url.to_owned(),
            capacity: self.capacity,
            write_timeout: self.write_timeout,
            answer,
        };
        self.dials.send(dial).await.map_err(|_| refused())?;
        answered.await.unwrap_or_else(|_| Err(refused()))
    }
}

fn refused() -> ConnectError {
    ConnectError::Tcp(io::ErrorKind::ConnectionRefused.into())
}

/// Receives the dials of a [`Dialer`]. After the listener is dropped, each dial is refused.
#[derive(Debug)]
pub struct Listener {
    dials: mpsc::Receiver<Dial>,
}

impl Listener {
    /// Waits for the next dial; returns `None` after every [`Dialer`] was dropped.
    pub async fn accept(&mut self) -> Option<Dial> {
        self.dials.recv().await
    }
}

/// An incoming dial that waits for an answer.
///
/// Keep the dial to stall the client; drop it to refuse the dial, as a closed port does.
pub struct Dial {
    url: String,
    capacity: usize,
    write_timeout: Duration,
    answer: oneshot::Sender<Result<(MemoryReader, MemoryWriter), ConnectError>>,
}

impl Dial {
    /// Returns the dialled URL, token included.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns `true` if the client has stopped waiting.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    /// Accepts the dial and returns the server's side of the connection.
    #[must_use]
    pub fn accept(self) -> Peer {
        let (to_client, incoming) = mpsc::channel(self.capacity);
        let (outgoing, from_client) = mpsc::channel(self.capacity);
        let reader = MemoryReader {
            incoming,
            finished: false,
        };
        let writer = MemoryWriter {
            outgoing,
            timeout: self.write_timeout,
            state: State::Open,
        };
        // If the client stopped waiting, its halves are dropped here, and the peer sees a closed connection.
        drop(self.answer.send(Ok((reader, writer))));
        Peer {
            to_client,
            from_client,
        }
    }

    /// Refuses the dial with this error.
    pub fn refuse(self, error: ConnectError) {
        drop(self.answer.send(Err(error)));
    }
}

/// Does not show the URL, because it contains a token.
impl fmt::Debug for Dial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Dial").finish_non_exhaustive()
    }
}

/// The server's side of an in-memory connection. Dropping the peer is the same as [`cut`](Peer::cut).
#[derive(Debug)]
pub struct Peer {
    to_client: mpsc::Sender<Result<Message, ReadError>>,
    from_client: mpsc::Receiver<Message>,
}

/// Error of sending to a client that has dropped its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client has dropped its reader")]
pub struct Disconnected;

impl Peer {
    /// Sends a message without checking it; waits while the client's queue is full.
    ///
    /// # Errors
    /// Returns [`Disconnected`] if the client has dropped its reader.
    pub async fn send(&self, message: Message) -> Result<(), Disconnected> {
        self.to_client
            .send(Ok(message))
            .await
            .map_err(|_| Disconnected)
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// Returns [`Disconnected`] if the client has dropped its reader.
    pub async fn send_text(&self, text: impl Into<String> + Send) -> Result<(), Disconnected> {
        self.send(Message::Text(Bytes::from(text.into()))).await
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// Returns [`Disconnected`] if the client has dropped its reader.
    pub async fn send_binary(&self, payload: impl Into<Bytes> + Send) -> Result<(), Disconnected> {
        self.send(Message::Binary(payload.into())).await
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// Returns [`Disconnected`] if the client has dropped its reader.
    pub async fn send_ping(&self, payload: impl Into<Bytes> + Send) -> Result<(), Disconnected> {
        self.send(Message::Ping(payload.into())).await
    }

    /// Sends a close frame; the client's answer can still be received.
    ///
    /// # Errors
    /// Returns [`Disconnected`] if the client has dropped its reader.
    pub async fn send_close(&self, frame: Option<CloseFrame>) -> Result<(), Disconnected> {
        self.send(Message::Close(frame)).await
    }

    /// Waits for the next message of the client; returns `None` after the client has dropped its writer.
    ///
    /// If this method is not called, the client's queue fills up, as if the server no longer reads.
    pub async fn receive(&mut self) -> Option<Message> {
        self.from_client.recv().await
    }

    /// Ends the connection without a close frame, after the messages already sent.
    pub fn cut(self) {}

    /// Ends the connection with this error, after the messages already sent.
    ///
    /// # Errors
    /// Returns [`Disconnected`] if the client has dropped its reader.
    pub async fn fail(self, error: ReadError) -> Result<(), Disconnected> {
        self.to_client
            .send(Err(error))
            .await
            .map_err(|_| Disconnected)
    }
}

/// The receiving half of an in-memory connection.
#[derive(Debug)]
pub struct MemoryReader {
    incoming: mpsc::Receiver<Result<Message, ReadError>>,
    finished: bool,
}

impl Reader for MemoryReader {
    async fn read(&mut self) -> Result<Message, ReadError> {
        if self.finished {
            return Err(ReadError::Finished);
        }
        let read = self.incoming.recv().await.unwrap_or(Err(ReadError::Eof));
        self.finished = matches!(read, Err(_) | Ok(Message::Close(_)));
        read
    }
}

/// The sending half of an in-memory connection, with the same rules as a real one.
#[derive(Debug)]
pub struct MemoryWriter {
    outgoing: mpsc::Sender<Message>,
    timeout: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    Broken,
}

impl MemoryWriter {
    async fn push(&mut self, message: Message) -> Result<(), WriteError> {
        match self.state {
            State::Open => {}
            State::Closed => return Err(WriteError::Closed),
            State::Broken => return Err(WriteError::Broken),
        }
        self.state = State::Broken;
        let after = if matches!(message, Message::Close(_)) {
            State::Closed
        } else {
            State::Open
        };
        match tokio::time::timeout(self.timeout, self.outgoing.send(message)).await {
            Ok(Ok(())) => self.state = after,
            Ok(Err(_)) => return Err(WriteError::Io(io::ErrorKind::BrokenPipe.into())),
            Err(_) => return Err(WriteError::Timeout),
        }
        Ok(())
    }
}

impl Writer for MemoryWriter {
    async fn send(&mut self, message: Outgoing<'_>) -> Result<(), WriteError> {
        message.check()?;
        self.push(match message {
            Outgoing::Text(text) => Message::Text(Bytes::copy_from_slice(text.as_bytes())),
            Outgoing::Binary(payload) => Message::Binary(Bytes::copy_from_slice(payload)),
            Outgoing::Ping(payload) => Message::Ping(Bytes::copy_from_slice(payload)),
            Outgoing::Pong(payload) => Message::Pong(Bytes::copy_from_slice(payload)),
        })
        .await
    }

    async fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), WriteError> {
        if self.state == State::Closed {
            return Ok(());
        }
        let frame = frame.map(CloseFrame::checked).transpose()?;
        self.push(Message::Close(frame)).await
    }
}
