//! One connection on its way or standing: the step towards it that is under way, and its two halves.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use kucoin_streams_transport::{Connect, ConnectError, Message, ReadError, WriteError};
use kucoin_streams_wire::{ConnectionInfo, SourceError};

use crate::link::Link;

/// The halves of a connection, or why there is none, and the server that was dialled.
pub(crate) type DialResult<C> =
    Result<(<C as Connect>::Reader, <C as Connect>::Writer), (ConnectError, String)>;

/// The step towards a connection that is under way.
pub(crate) enum Attempt<C: Connect> {
    None,
    /// For its turn among the dials.
    Waiting(Pin<Box<dyn Future<Output = ()> + Send>>),
    Fetching(Pin<Box<dyn Future<Output = Result<ConnectionInfo, SourceError>> + Send>>),
    Dialling(Pin<Box<dyn Future<Output = DialResult<C>> + Send>>),
}

/// What came of a connection.
pub(crate) enum Event<C: Connect> {
    /// It is its turn to be made.
    Admitted,
    Fetched(Result<ConnectionInfo, SourceError>),
    Dialled(DialResult<C>),
    Read(Result<Message, ReadError>),
    WriteFailed(WriteError),
}

/// A connection on its way or standing, or neither.
pub(crate) struct Line<C: Connect> {
    pub(crate) attempt: Attempt<C>,
    pub(crate) link: Option<Link<C::Writer>>,
}

impl<C: Connect> Default for Line<C> {
    fn default() -> Self {
        Self {
            attempt: Attempt::None,
            link: None,
        }
    }
}

impl<C: Connect> Line<C> {
    /// True while it waits for its turn among the dials.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.attempt, Attempt::Waiting(_))
    }

    /// Takes the attempt further and writes what waits.
    pub(crate) fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<Event<C>> {
        match &mut self.attempt {
            Attempt::None => {}
            Attempt::Waiting(turn) => {
                if turn.as_mut().poll(context).is_ready() {
                    self.attempt = Attempt::None;
                    return Poll::Ready(Event::Admitted);
                }
            }
            Attempt::Fetching(fetch) => {
                if let Poll::Ready(fetched) = fetch.as_mut().poll(context) {
                    self.attempt = Attempt::None;
                    return Poll::Ready(Event::Fetched(fetched));
                }
            }
            Attempt::Dialling(dial) => {
                if let Poll::Ready(dialled) = dial.as_mut().poll(context) {
                    self.attempt = Attempt::None;
                    return Poll::Ready(Event::Dialled(dialled));
                }
            }
        }
        match &mut self.link {
            Some(link) => link.poll_write(context).map(Event::WriteFailed),
            None => Poll::Pending,
        }
    }

    /// The next message, where the connection stands.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Event<C>> {
        match &mut self.link {
            Some(link) => link.poll_read(context).map(Event::Read),
            None => Poll::Pending,
        }
    }
}
