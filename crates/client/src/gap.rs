//! Gaps: the places in a stream where events may be missing, and why.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_wire::{Timestamp, json::DecodeError};

/// Events of a topic may be missing at this place of the stream.
///
/// A gap stands exactly between the events where it happened and never ends a stream. After one, compare your
/// view with the exchange's (open orders, fills, balances over REST), then go on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// The topic, as it was subscribed to.
    pub topic: Arc<str>,
    /// What happened.
    pub reason: GapReason,
}

/// Why events may be missing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GapReason {
    /// The connection was lost and is back. KuCoin replays nothing, so whatever happened in between was not
    /// pushed: ask REST for the window from `last_event_at` (or `lost_at`) to `live_at`.
    Reconnected {
        /// When the last event of the topic before the loss was received, by this machine's clock; `None` where
        /// there was none. What the exchange pushed last has an earlier time of its own, by the way it took: begin a
        /// comparison some seconds before.
        last_event_at: Option<Timestamp>,
        /// When the loss was noticed.
        lost_at: Timestamp,
        /// When the topic was live again.
        live_at: Timestamp,
        /// The number of the connection that serves it from here on.
        epoch: u64,
    },
    /// The consumer was too slow for its queue, and this many frames of the topic were not kept.
    Overflowed {
        /// How many frames. While a rotation overlaps, one that repeats what was handed out is counted too.
        missed: u64,
    },
    /// This frame of the topic could not be decoded. The stream goes on behind it.
    Undecodable {
        /// The whole frame as it came.
        raw: String,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The server refused the topic when it was subscribed to anew after a loss: no more events of it come.
    /// The other topics of the subscription go on.
    Refused {
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// The server's words.
        message: String,
    },
}

impl Gap {
    /// The window of a reconnection that a comparison over REST must cover: from the last event before the loss, or
    /// from the loss where there was none, to the moment when the topic was live again.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        match self.reason {
            GapReason::Reconnected {
                last_event_at,
                lost_at,
                live_at,
                ..
            } => Some((last_event_at.unwrap_or(lost_at), live_at)),
            _ => None,
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topic = &self.topic;
        match &self.reason {
            GapReason::Reconnected {
                last_event_at,
                lost_at,
                live_at,
                ..
            } => {
                write!(f, "{topic} was down for {}", between(*lost_at, *live_at))?;
                match last_event_at {
                    Some(last) => write!(f, ", {} since its last event", between(*last, *live_at)),
                    None => Ok(()),
                }
            }
            GapReason::Overflowed { missed } => {
                write!(
                    f,
                    "{topic}: {missed} events not kept, the consumer was too slow"
                )
            }
            GapReason::Undecodable { error, .. } => {
                write!(f, "{topic}: an event could not be decoded: {error}")
            }
            GapReason::Refused { message, .. } => {
                write!(f, "{topic} was refused after a reconnection: {message}")
            }
        }
    }
}

impl std::error::Error for Gap {}

/// From one moment to another, to the millisecond.
fn between(from: Timestamp, to: Timestamp) -> String {
    let millis = u64::try_from(to.duration_since(from).as_millis()).unwrap_or(u64::MAX);
    format!("{:?}", Duration::from_millis(millis))
}
