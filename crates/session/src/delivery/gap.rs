//! Gaps: positions in a stream at which events may be missing.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_core::{DecodeError, HumanDuration, Timestamp, WsKey};

use super::error::Refused;
use crate::{CloseReason, Failure};

/// A position in a stream at which events may be missing, or the end of an outage.
///
/// A gap is at its position in the stream: after all earlier events and before all later ones. What to do:
///
/// | Reason | Action | Next |
/// |---|---|---|
/// | [`Lost`](GapReason::Lost) | treat your state of these topics as stale | for each topic `Live`, `Refused` or `Closed`; events of the new connection may come before it |
/// | [`Live`](GapReason::Live) | query the exchange over REST for the time of [`Gap::window`] | events |
/// | [`Overflowed`](GapReason::Overflowed), [`Undecodable`](GapReason::Undecodable) | query the exchange over REST from the last event before the gap until now | events |
/// | [`Refused`](GapReason::Refused), `retrying: true` | treat your state of the topic as stale | `Live` once the topic is accepted, or `Refused` for good |
/// | [`Refused`](GapReason::Refused), `retrying: false` | check the topic's name and the API key's permission | events of the other topics, or the end if there are none |
/// | [`Closed`](GapReason::Closed) | query over REST from the last event until now; fix the cause (for example the API key), then subscribe again on the same `Kucoin`: this opens a new connection | the end (`None`) |
///
/// Serializes as a line of `kucoin-streams watch --format ndjson`: an object of kind `gap`, or `live`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// Key of the connection; `None` if the driver does not set it.
    pub ws_key: Option<WsKey>,
    /// Affected topics of the subscription, as they were subscribed.
    pub topics: Arc<[Arc<str>]>,
    /// Reason of the gap.
    pub reason: GapReason,
}

/// Reason why events may be missing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GapReason {
    /// The connection was lost: everything that happens until the topics are live again is missed.
    ///
    /// KuCoin does not replay pushes. For each topic [`GapReason::Live`], [`GapReason::Refused`] or
    /// [`GapReason::Closed`] follows.
    Lost {
        /// Cause of the loss.
        cause: Failure,
        /// Receive time of the last event of these topics before the loss; `None` if there was none.
        last_event_at: Option<Timestamp>,
        /// Receive time of the last frame of any kind on this connection.
        last_heard_at: Timestamp,
        /// Time when the loss was detected.
        lost_at: Timestamp,
    },
    /// The topics are live again. [`Gap::window`] is the period to query over REST.
    ///
    /// Follows [`GapReason::Lost`], or [`GapReason::Refused`] with `retrying: true`.
    Live {
        /// Receive time of the last event of these topics before the loss; `None` if there was none.
        last_event_at: Option<Timestamp>,
        /// Receive time of the last frame of any kind before the loss.
        last_heard_at: Timestamp,
        /// Time when the loss was detected.
        lost_at: Timestamp,
        /// Time when the last of these topics was live again.
        live_at: Timestamp,
        /// Epoch of the new connection.
        epoch: u64,
    },
    /// The queue of the subscription was full, and frames of the topic were dropped.
    Overflowed {
        /// Number of dropped frames.
        missed: u64,
    },
    /// A frame could not be decoded. The stream continues after the gap.
    ///
    /// The frame belongs to the topic of the gap, or to one of its topics.
    Undecodable {
        /// The complete frame as received.
        raw: String,
        /// Decode error.
        error: DecodeError,
    },
    /// KuCoin refuses the topic.
    Refused {
        /// Error code of the server, if it sent one.
        code: Option<i64>,
        /// Error message of the server.
        message: String,
        /// `true` if the topic is subscribed again after 1 s to 30 s, until [`GapReason::Live`].
        ///
        /// `false` if no more events of this topic follow; the other topics of the subscription continue.
        retrying: bool,
    },
    /// The connection failed for good, or was closed while it was down: no more events follow.
    Closed {
        /// Reason why the connection is closed.
        reason: CloseReason,
        /// Receive time of the last event of these topics; `None` if there was none.
        last_event_at: Option<Timestamp>,
    },
}

impl Gap {
    /// Creates a gap of these topics, without [`Gap::ws_key`].
    pub fn new(topics: impl Into<Arc<[Arc<str>]>>, reason: GapReason) -> Self {
        Self {
            ws_key: None,
            topics: topics.into(),
            reason,
        }
    }

    /// Creates a gap of one topic, without [`Gap::ws_key`].
    pub fn of_topic(topic: &Arc<str>, reason: GapReason) -> Self {
        Self::new([topic.clone()], reason)
    }

    /// Returns the period to query over REST; `None` unless the reason is [`GapReason::Live`].
    ///
    /// It starts at the last event before the loss, or at the last frame if there was no event, and ends when the
    /// topics were live again.
    ///
    /// Both ends are times of this machine. Exchange time is earlier by the network latency, so start the query a few
    /// seconds before the window.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        match self.reason {
            GapReason::Live {
                last_event_at,
                last_heard_at,
                live_at,
                ..
            } => Some((last_event_at.unwrap_or(last_heard_at), live_at)),
            _ => None,
        }
    }
}

/// Maximum number of topics in the text of a gap.
const MAX_NAMED: usize = 3;

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, topic) in self.topics.iter().take(MAX_NAMED).enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(topic)?;
        }
        match self.topics.len().saturating_sub(MAX_NAMED) {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        match &self.reason {
            GapReason::Lost { cause, .. } => write!(f, ": connection lost: {cause}"),
            GapReason::Live {
                lost_at, live_at, ..
            } => {
                write!(f, ": live again after {}", between(*lost_at, *live_at))?;
                match self.window() {
                    Some((from, to)) => {
                        write!(f, "; query the last {} over REST", between(from, to))
                    }
                    None => Ok(()),
                }
            }
            GapReason::Overflowed { missed } => {
                write!(
                    f,
                    ": {missed} events dropped because the consumer was too slow"
                )
            }
            GapReason::Undecodable { error, .. } => {
                write!(f, ": an event could not be decoded: {error}")
            }
            GapReason::Refused {
                code,
                message,
                retrying,
            } => {
                write!(f, ": {}", Refused(*code, message))?;
                match retrying {
                    true => f.write_str("; retrying"),
                    false => Ok(()),
                }
            }
            GapReason::Closed { reason, .. } => match reason {
                CloseReason::Requested => f.write_str(": connection closed by the user"),
                CloseReason::Failed(failure) => write!(f, ": connection closed: {failure}"),
            },
        }
    }
}

impl std::error::Error for Gap {}

/// Returns the time between two timestamps, rounded for display.
fn between(from: Timestamp, to: Timestamp) -> HumanDuration {
    HumanDuration(to.duration_since(from))
}
