//! Inputs, actions and events of a session.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{ConnectionInfo, SecretUrl, WireError};
use zeroize::Zeroizing;

use crate::Failure;

/// Input of a session: the result of an action, or the loss of the connection.
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

/// Action that the driver must carry out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Action<R> {
    /// Request the connection information for one dial from the source.
    ///
    /// Answer with [`Input::ConnectionInfo`].
    FetchConnectionInfo,
    /// Dial this URL and answer with [`Input::Dialled`]. Use the URL for one dial only.
    Dial(SecretUrl),
    /// Send this text frame. It may contain a login: never log it.
    Send(Zeroizing<String>),
    /// Cancel the fetch or dial in progress, or close the open connection with this close code.
    ///
    /// Do not pass later results of that fetch, dial or connection to the session.
    HangUp {
        /// WebSocket close code, such as 1000.
        code: u16,
    },
    /// The replacement connection becomes the current connection.
    ///
    /// Only a [`RotatingSession`](crate::RotatingSession) returns this action. Close the old connection with code 1000,
    /// and deliver the buffered frames of the replacement before its later frames.
    TakeOver {
        /// `true` unless [`SessionConfig::overlap_limit`](crate::SessionConfig) expired first.
        ///
        /// If `false`, topics that are not [in sync](crate::Overlap::is_in_sync) may miss events.
        is_in_sync: bool,
    },
    /// Report this event to the user.
    Emit(SessionEvent<R>),
}

/// Event of a session, reported to the user.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SessionEvent<R> {
    /// The first connection is live: welcome received, and logged in if the protocol requires it.
    Open,
    /// The login was accepted.
    Authenticated,
    /// The request is acknowledged: its events follow, on the connection of the current epoch.
    Live {
        /// Acknowledged request.
        request: R,
    },
    /// The request was refused and is no longer subscribed.
    Refused {
        /// Refused request.
        request: R,
        /// Error code of the server, if it sent one.
        code: Option<i64>,
        /// Message of the server, or of the session if the request exceeds the connection's topic limit.
        message: String,
    },
    /// The server refused the request temporarily.
    ///
    /// For example because of a rate limit or an internal error. The request is sent again after a delay, until it
    /// succeeds or is refused for good.
    Postponed {
        /// Temporarily refused request.
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
        /// Unsubscribed request.
        request: R,
    },
    /// The live connection is lost: events may be missed until each request is live again.
    Lost {
        /// Cause of the loss.
        cause: Failure,
    },
    /// Another attempt to connect follows after a delay.
    Reconnect {
        /// Failure of the last attempt to connect, or of the lost connection.
        cause: Failure,
        /// Number of the next attempt; the first attempt after a healthy connection is 1.
        attempt: u32,
        /// Delay before the next attempt.
        delay: Duration,
    },
    /// The connection is live again, and each of its requests is live or refused.
    ///
    /// Requests that were subscribed after the connection became live do not delay this event.
    /// [Postponed](SessionEvent::Postponed) requests delay it by up to
    /// [`SessionConfig::postponed_limit`](crate::SessionConfig).
    Reconnected {
        /// Downtime: the time from the loss until this event.
        down_for: Duration,
        /// Number of requests that were refused after the reconnect, including those that are still postponed.
        refused: usize,
    },
    /// Error that does not end the session.
    Exception {
        /// Error code of the server, if it sent one.
        code: Option<i64>,
        /// Description of the error, for users.
        message: String,
    },
    /// The replacement connection is now the current one.
    ///
    /// No event was missed, unless [`SessionEvent::Lost`] was emitted before or topics are not [in
    /// sync](crate::Overlap::is_in_sync). The replacement may still repeat events that the old connection has
    /// delivered.
    Rotated {
        /// Duration of the rotation, from its start until this event.
        took: Duration,
    },
    /// The replacement connection starts to subscribe: from now on an event may arrive on both connections.
    OverlapBegan,
    /// The replacement connection has acknowledged a request.
    ///
    /// Discard the frames of this topic that the replacement delivered before: the current connection delivers those
    /// events too, or they belong to an earlier subscription.
    ReplacementLive {
        /// Request that the replacement has acknowledged.
        request: R,
    },
    /// The overlap has ended: no more duplicates follow from this rotation.
    OverlapEnded,
    /// The rotation failed. The failure itself causes no gap.
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
    /// Data frame, to be delivered to the subscriptions of this topic.
    Message {
        /// Topic, as pushed by the server.
        topic: Cow<'f, str>,
    },
    /// The session has handled the frame itself.
    Consumed,
    /// Frame of a kind that the protocol does not define.
    Unknown,
    /// Malformed frame; counted towards [`SessionConfig::malformed_storm`](crate::SessionConfig).
    Malformed(WireError),
}
