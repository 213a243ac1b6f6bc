//! Inputs, actions and events of a session.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{ConnectionInfo, SecretUrl, WireError};
use zeroize::Zeroizing;

use crate::Failure;

/// Result of an action, or the loss of the connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// Result of [`Action::FetchConnectionInfo`].
    ConnectionInfo(Result<ConnectionInfo, Failure>),
    /// Result of [`Action::Dial`].
    Dialled(Result<(), Failure>),
    /// The open connection is lost: the peer closed it, or reading or writing failed.
    Lost(Failure),
}

/// Instruction to the driver.
#[derive(Debug)]
#[non_exhaustive]
pub enum Action<R> {
    /// Request the connection information for one dial from the source; answer with [`Input::ConnectionInfo`].
    FetchConnectionInfo,
    /// Dial this URL and answer with [`Input::Dialled`]. Use the URL for one dial only.
    Dial(SecretUrl),
    /// Send this text frame. It may contain a login: never log it.
    Send(Zeroizing<String>),
    /// Cancel the fetch or dial in progress, or close the open connection with a close frame of this code.
    ///
    /// Do not pass later results of that fetch, dial or connection to the session.
    HangUp {
        /// WebSocket close code, such as 1000.
        code: u16,
    },
    /// The replacement connection becomes the current one; only from a [`RotatingSession`](crate::RotatingSession).
    ///
    /// Close the old connection with code 1000, and deliver the buffered frames of the replacement before its later
    /// ones.
    TakeOver {
        /// `false` if [`SessionConfig::overlap_limit`](crate::SessionConfig) expired before both connections had
        /// delivered the same events: topics that are not [in sync](crate::Overlap::is_in_sync) may miss events.
        is_in_sync: bool,
    },
    /// Report this event to the user.
    Emit(SessionEvent<R>),
}

/// Event of a session, for the user.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SessionEvent<R> {
    /// The first connection is live: welcome received, and logged in if the protocol requires it.
    Open,
    /// The login was accepted.
    Authenticated,
    /// The request is acknowledged: its events follow, on the connection of the current epoch.
    Live {
        /// The request.
        request: R,
    },
    /// The request was refused and is no longer subscribed.
    Refused {
        /// The request.
        request: R,
        /// Error code of the server, if it sent one.
        code: Option<i64>,
        /// The server's message, or ours if the request exceeds the topic limit of the connection.
        message: String,
    },
    /// The server refuses the request temporarily, for example because of a rate limit or an internal error.
    ///
    /// The request is sent again after a delay, until it succeeds or is refused for good.
    Postponed {
        /// The request.
        request: R,
        /// Error code of the server, if it sent one.
        code: Option<i64>,
        /// Error message of the server.
        message: String,
        /// Delay before the request is sent again.
        delay: Duration,
    },
    /// The request is no longer subscribed.
    ///
    /// Its unsubscription was answered or has timed out, or the connection was lost while it was being unsubscribed.
    Ended {
        /// The request.
        request: R,
    },
    /// The live connection is lost: events may be missed until each request is live again.
    Lost {
        /// Cause of the loss.
        cause: Failure,
    },
    /// Another attempt to connect follows after a delay.
    Reconnect {
        /// Why the last attempt or connection ended.
        cause: Failure,
        /// Number of the next attempt, starting at 1 after the last healthy connection.
        attempt: u32,
        /// Delay before the attempt.
        delay: Duration,
    },
    /// The connection is live again, and each request that was subscribed when it became live is live or refused.
    ///
    /// [Postponed](SessionEvent::Postponed) requests delay this event by up to
    /// [`SessionConfig::postponed_limit`](crate::SessionConfig).
    Reconnected {
        /// Time from the loss until now.
        down_for: Duration,
        /// Number of requests that were refused after the reconnect, including those that are still postponed.
        refused: usize,
    },
    /// Error that does not end the session.
    Exception {
        /// Error code of the server, if it sent one.
        code: Option<i64>,
        /// What happened, as text for users.
        message: String,
    },
    /// The replacement connection is now the current one.
    ///
    /// No event was missed, unless [`SessionEvent::Lost`] was emitted before or topics are not [in
    /// sync](crate::Overlap::is_in_sync). The replacement may still repeat events that the old connection has
    /// delivered.
    Rotated {
        /// Time from the start of the rotation until now.
        took: Duration,
    },
    /// The replacement connection starts to subscribe: from now on an event may arrive on both connections.
    OverlapBegan,
    /// The replacement connection has acknowledged a request.
    ///
    /// Discard the frames of this topic that the replacement delivered before: the current connection delivers those
    /// events too, or they belong to an earlier subscription.
    ReplacementLive {
        /// The request.
        request: R,
    },
    /// The overlap has ended: no more duplicates follow from this rotation.
    OverlapEnded,
    /// The rotation failed, which itself causes no gap.
    ///
    /// The current connection stays open, unless [`SessionEvent::Lost`] was emitted before.
    RotationFailed(Failure),
    /// The session is closed; nothing follows.
    Closed(CloseReason),
}

/// Reason why a session was closed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// Closed by the user.
    #[error("closed by the user")]
    Requested,
    /// The session failed, and retrying cannot fix the cause.
    #[error("{0}")]
    Failed(Failure),
}

/// Kind of an inbound frame.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum FrameKind<'f> {
    /// Data of this topic, to be delivered to its subscriptions.
    Message {
        /// The topic as pushed.
        topic: Cow<'f, str>,
    },
    /// The session has handled the frame itself.
    Consumed,
    /// Frame of a kind that the protocol does not define.
    Unknown,
    /// Malformed frame; counted towards [`SessionConfig::malformed_storm`](crate::SessionConfig).
    Malformed(WireError),
}
