//! Slot for one connection: the attempt in progress, then its socket.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use kucoin_streams_core::{ConnectionInfo, SourceError};
use kucoin_streams_session::{Failure, Input};
use kucoin_streams_transport::{BoxReader, BoxWriter, ConnectError, Message, ReadError};
use zeroize::Zeroizing;

use super::socket::Socket;
use crate::failure;

/// Both halves of a connection, or the error and the server that was dialled.
type DialResult = Result<(BoxReader, BoxWriter), (ConnectError, String)>;

/// Attempt in progress.
#[derive(Default)]
pub(super) enum Attempt {
    #[default]
    None,
    /// Waits for the dial limit.
    Waiting(Pin<Box<dyn Future<Output = ()> + Send>>),
    Fetching(Pin<Box<dyn Future<Output = Result<ConnectionInfo, SourceError>> + Send>>),
    Dialling(Pin<Box<dyn Future<Output = DialResult> + Send>>),
}

/// Event of a slot.
pub(super) enum SlotEvent {
    /// The dial limit allows the dial.
    DialAllowed,
    /// Result of an attempt, or the loss of the connection.
    Outcome(Input),
    Read(Result<Message, ReadError>),
}

/// Slot for one connection: empty, an attempt in progress, or an open socket.
#[derive(Default)]
pub(super) struct Slot {
    attempt: Attempt,
    socket: Option<Socket>,
}

impl Slot {
    /// Starts an attempt.
    pub(super) fn attempt(&mut self, attempt: Attempt) {
        self.attempt = attempt;
    }

    /// Returns `true` while the slot waits for the dial limit.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.attempt, Attempt::Waiting(_))
    }

    /// Queues a text frame.
    pub(super) fn send(&mut self, frame: Zeroizing<String>) {
        if let Some(socket) = &mut self.socket {
            socket.send(frame);
        }
    }

    /// Queues a pong.
    pub(super) fn pong(&mut self, payload: Bytes) {
        if let Some(socket) = &mut self.socket {
            socket.pong(payload);
        }
    }

    /// Ends reading, and sets the code of a later close frame.
    ///
    /// With `None` the socket is dropped at once, without a close frame.
    pub(super) fn end(&mut self, close_code: Option<u16>) {
        match (close_code, &mut self.socket) {
            (Some(code), Some(socket)) => socket.close_with(code),
            _ => self.socket = None,
        }
    }

    /// Cancels the attempt, or closes the connection with a close frame.
    pub(super) fn hang_up(self, code: u16) -> Option<impl Future<Output = ()> + Send + 'static> {
        self.socket.map(|socket| socket.close(code))
    }

    /// Advances the attempt, and writes queued frames.
    pub(super) fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<SlotEvent> {
        match &mut self.attempt {
            Attempt::None => {}
            Attempt::Waiting(turn) => {
                if turn.as_mut().poll(context).is_ready() {
                    self.attempt = Attempt::None;
                    return Poll::Ready(SlotEvent::DialAllowed);
                }
            }
            Attempt::Fetching(fetch) => {
                if let Poll::Ready(fetched) = fetch.as_mut().poll(context) {
                    self.attempt = Attempt::None;
                    let fetched = fetched.map_err(|error| failure::of_source(&error));
                    return Poll::Ready(SlotEvent::Outcome(Input::ConnectionInfo(fetched)));
                }
            }
            Attempt::Dialling(dial) => {
                if let Poll::Ready(dialled) = dial.as_mut().poll(context) {
                    self.attempt = Attempt::None;
                    let dialled = dialled.map(|(reader, writer)| {
                        self.socket = Some(Socket::new(reader, writer));
                    });
                    let dialled =
                        dialled.map_err(|(error, server)| failure::of_connect(&error, &server));
                    return Poll::Ready(SlotEvent::Outcome(Input::Dialled(dialled)));
                }
            }
        }
        let Some(socket) = &mut self.socket else {
            return Poll::Pending;
        };
        socket.poll_write(context).map(|error| {
            self.socket = None;
            SlotEvent::Outcome(Input::Lost(failure::of_write(&error)))
        })
    }

    /// Polls the next message if the connection is open.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Message, ReadError>> {
        match &mut self.socket {
            Some(socket) => socket.poll_read(context),
            None => Poll::Pending,
        }
    }
}

/// Returns the failure that ended reading, and the code of our close frame if one is to be sent.
pub(super) fn ended(message: Result<Message, ReadError>) -> (Failure, Option<u16>) {
    match message {
        Ok(Message::Close(frame)) => {
            let failure = failure::of_close(frame.as_ref());
            (failure, Some(frame.map_or(1000, |frame| frame.code)))
        }
        Ok(_) => (failure::of_close(None), None),
        Err(error) => (failure::of_read(&error), error.close_code()),
    }
}
