//! What a session is told and what it asks for: inputs, actions, reports.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_wire::{ConnectionInfo, SecretUrl, WireError};
use zeroize::Zeroizing;

use crate::Failure;

/// The outcome of an action, as the driver saw it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// Answers [`Action::FetchConnectionInfo`].
    ConnectionInfo(Result<ConnectionInfo, Failure>),
    /// Answers [`Action::Dial`].
    Dialled(Result<(), Failure>),
    /// The connection that stood is gone: closed by the peer, cut, or unwritable.
    Lost(Failure),
}

/// What the driver has to do now.
#[derive(Debug)]
#[non_exhaustive]
pub enum Action<R> {
    /// Ask the connection source for what is needed for one dial, and answer with [`Input::ConnectionInfo`].
    FetchConnectionInfo,
    /// Dial this URL and answer with [`Input::Dialled`]. The URL is good for this dial alone.
    Dial(SecretUrl),
    /// Send this text frame. It may hold a login: never print it.
    Send(Zeroizing<String>),
    /// Give up whatever fetch, dial or connection stands; where a connection stands, send a close frame with
    /// this code first. Nothing that it yields later may reach the session.
    HangUp {
        /// The close code, such as 1000.
        code: u16,
    },
    /// Tell the user.
    Report(Report<R>),
}

/// What the user is told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Report<R> {
    /// The first connection is live: welcomed, and logged in where that is needed.
    Open,
    /// The login was accepted.
    Authenticated,
    /// The request is acknowledged: from here on its pushes come, on the connection of this epoch.
    Live {
        /// The request.
        request: R,
    },
    /// The request was refused and is not wanted any more.
    Refused {
        /// The request.
        request: R,
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// The server's words, or ours where a limit of the connection forbids the request.
        message: String,
    },
    /// The request is ended: unsubscribed, or forgotten with the connection that held it.
    Ended {
        /// The request.
        request: R,
    },
    /// The live connection is lost: from here on events may be missed until each request is live again.
    Lost,
    /// A new attempt follows after a delay.
    Reconnect {
        /// Why the attempt or connection before it ended.
        cause: Failure,
        /// The number of the attempt that follows, counted from 1 since the connection was last healthy.
        attempt: u32,
        /// How long the session waits before it.
        delay: Duration,
    },
    /// The connection is live again, and each request that was wanted when it became so is live or refused.
    Reconnected {
        /// From the loss to this moment.
        down_for: Duration,
        /// How many requests were refused at the replay.
        refused: usize,
    },
    /// Something went wrong that the session lives on with.
    Exception {
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// What happened.
        message: String,
    },
    /// The session is over; nothing more comes.
    Closed(CloseReason),
}

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The user closed it.
    #[error("closed by the user")]
    Requested,
    /// It failed in a way that no retry mends.
    #[error("{0}")]
    Failed(Failure),
}

/// What became of an inbound frame.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Disposition<'f> {
    /// Data of this topic, for the subscriptions that it belongs to.
    Message {
        /// The topic as pushed.
        topic: Cow<'f, str>,
    },
    /// The frame was the session's own business.
    Consumed,
    /// A frame of a kind that the protocol does not define.
    Unknown,
    /// Not a frame of the protocol. The connection stands unless such frames come in a storm.
    Malformed(WireError),
}
