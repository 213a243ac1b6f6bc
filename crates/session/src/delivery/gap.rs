//! Gaps: the places in a stream where events may be missing, and why.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_core::{DecodeError, Rounded, Timestamp, WsKey};

use super::error::Refused;
use crate::{CloseReason, Failure};

/// A place in a stream where events may be missing, or the end of such a period.
///
/// Gaps come in order, between the last event before and the first event after. What to do:
///
/// | Reason | Do | Then comes |
/// |---|---|---|
/// | [`Lost`](GapReason::Lost) | do not trust your state of these topics | `Live` or `Closed`; events of the new connection may come before |
/// | [`Live`](GapReason::Live) | compare with the exchange over REST for [`Gap::window`] | events |
/// | [`Overflowed`](GapReason::Overflowed), [`Undecodable`](GapReason::Undecodable) | compare from the last event before the gap until now | events |
/// | [`Refused`](GapReason::Refused), retrying | do not trust your state of the topic | `Live`, sooner or later |
/// | [`Refused`](GapReason::Refused) for good | check the topic's name and the key's permission | events of the other topics; the end if there are none |
/// | [`Closed`](GapReason::Closed) | compare from the last event until now, make a new client | the end (`None`) |
///
/// It is serialized as a line of `kucoin-streams watch --format ndjson`: an object of kind `gap`, or `live`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// Which connection; `None` from a driver that does not name it.
    pub ws_key: Option<WsKey>,
    /// The topics of the subscription that are affected, as they were subscribed to.
    pub topics: Arc<[Arc<str>]>,
    /// What happened.
    pub reason: GapReason,
}

/// Why events may be missing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GapReason {
    /// The connection was lost. KuCoin replays nothing, so whatever happens until the topics are live again is not
    /// pushed. [`GapReason::Live`] or [`GapReason::Closed`] follows.
    Lost {
        /// Why.
        cause: Failure,
        /// Receive time of the last event of these topics before the loss; `None` if there was none.
        last_event_at: Option<Timestamp>,
        /// Receive time of the last frame of any kind on the connection.
        last_heard_at: Timestamp,
        /// When the loss was noticed.
        lost_at: Timestamp,
    },
    /// The topics are live again after a loss. [`Gap::window`] is the time to compare with the exchange.
    Live {
        /// Receive time of the last event of these topics before the loss; `None` if there was none.
        last_event_at: Option<Timestamp>,
        /// Receive time of the last frame of any kind before the loss.
        last_heard_at: Timestamp,
        /// When the loss was noticed.
        lost_at: Timestamp,
        /// When the last of the topics was live again.
        live_at: Timestamp,
        /// The number of the connection that serves them now.
        epoch: u64,
    },
    /// The consumer was too slow for its queue, and this many frames of the topic were dropped.
    Overflowed {
        /// The number of frames.
        missed: u64,
    },
    /// This frame of the topic, or of one of these topics, could not be decoded. The stream goes on after it.
    Undecodable {
        /// The whole frame as it came.
        raw: String,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The server refuses the topic.
    Refused {
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// The server's words.
        message: String,
        /// True: asked for again after 1 s to 30 s, until [`GapReason::Live`]. False: no more events of this topic come,
        /// the other topics of the subscription go on.
        retrying: bool,
    },
    /// The connection has ended for good, or was closed while it was down: no more events come.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Receive time of the last event of these topics; `None` if there was none.
        last_event_at: Option<Timestamp>,
    },
}

impl Gap {
    /// A gap of these topics, on a connection that is not named.
    pub fn new(topics: impl Into<Arc<[Arc<str>]>>, reason: GapReason) -> Self {
        Self {
            ws_key: None,
            topics: topics.into(),
            reason,
        }
    }

    /// A gap of one topic.
    pub fn of_topic(topic: &Arc<str>, reason: GapReason) -> Self {
        Self::new([topic.clone()], reason)
    }

    /// The window after a loss that a comparison over REST must cover: from the last event before the loss, or from the
    /// last frame if there was no event, to the moment when the topics were live again. Always `Some` for
    /// [`GapReason::Live`], `None` for other reasons.
    ///
    /// These are local receive times. The exchange's own times are earlier by the network latency, so start a query a
    /// few seconds before the window.
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

/// Topics that are named one by one.
const NAMED: usize = 3;

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, topic) in self.topics.iter().take(NAMED).enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            f.write_str(topic)?;
        }
        match self.topics.len().saturating_sub(NAMED) {
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
                    Some((from, to)) => write!(f, "; compare the last {}", between(from, to)),
                    None => Ok(()),
                }
            }
            GapReason::Overflowed { missed } => {
                write!(f, ": {missed} events dropped, the consumer was too slow")
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
                    true => f.write_str(", asked for again"),
                    false => Ok(()),
                }
            }
            GapReason::Closed { reason, .. } => write!(f, ": connection ended: {reason}"),
        }
    }
}

impl std::error::Error for Gap {}

/// The time from one moment to another, for people.
fn between(from: Timestamp, to: Timestamp) -> Rounded {
    Rounded(to.duration_since(from))
}
