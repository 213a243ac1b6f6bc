//! What a session is told and what it asks for: inputs, actions, reports.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{ConnectionInfo, SecretUrl, WireError};
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
    /// Of a [`RotatingSession`](crate::RotatingSession): the replacement is the current side from here on. Whatever
    /// the current side had is hung up with code 1000, the frames that were kept of the replacement are handed on,
    /// and its later ones follow them.
    TakeOver {
        /// False if the wait for both connections to bring the same was given up: topics that are not
        /// [even](crate::Overlap::is_in_sync) may miss events.
        is_in_sync: bool,
    },
    /// Tell the user.
    Emit(SessionEvent<R>),
}

/// What the user is told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SessionEvent<R> {
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
    /// The server refuses the request for now, such as by a limit of its pace or by trouble of its own: it is sent
    /// again after a delay, as often as it takes.
    Postponed {
        /// The request.
        request: R,
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// The server's words.
        message: String,
        /// How long the session waits before it asks again.
        delay: Duration,
    },
    /// The request is ended: unsubscribed, or forgotten with the connection that held it.
    Ended {
        /// The request.
        request: R,
    },
    /// The live connection is lost: from here on events may be missed until each request is live again.
    Lost {
        /// Why.
        cause: Failure,
    },
    /// A new attempt follows after a delay.
    Reconnect {
        /// Why the attempt or connection before it ended.
        cause: Failure,
        /// The number of the attempt that follows, counted from 1 since the connection was last healthy.
        attempt: u32,
        /// How long the session waits before it.
        delay: Duration,
    },
    /// The connection is live again, and each request that was wanted when it became so is live or refused. A request
    /// that is [postponed](SessionEvent::Postponed) is waited for up to [`SessionConfig::postponed_limit`](crate::SessionConfig).
    Reconnected {
        /// From the loss to this moment.
        down_for: Duration,
        /// The number of requests that were refused at the replay, those that are still postponed included.
        refused: usize,
    },
    /// Something went wrong that the session lives on with.
    Exception {
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// What happened.
        message: String,
    },
    /// The replacement has taken over, and nothing was missed by it but what a [`SessionEvent::Lost`] before this said. Events
    /// that the connection before it handed out already may still come on it a second time.
    Rotated {
        /// From the beginning of the rotation to this moment.
        took: Duration,
    },
    /// The replacement begins to subscribe: from here on an event may come on both connections.
    OverlapBegan,
    /// The replacement has a request acknowledged. What it brought of it before comes on the current connection too, or is
    /// of an earlier subscription: it is to be forgotten.
    ReplacementLive {
        /// The request.
        request: R,
    },
    /// From here on no event comes a second time by the rotation.
    OverlapEnded,
    /// The replacement came to nothing; the current connection goes on as if nothing had been tried.
    RotationFailed(Failure),
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
pub enum FrameKind<'f> {
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
