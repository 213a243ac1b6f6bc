//! Which frame or REST row a fact comes from.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp, WsKey};
use serde::Serialize;

use crate::serialize::ws_key_name;

/// The frame or the REST row that reported a fact: enough to find it in a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FrameRef {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Topic, as it was subscribed.
    pub topic: Arc<str>,
    /// What the frame reports, such as `match` or `canceled`.
    pub event: Text,
    /// Exchange time of the event; `None` if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Local receive time.
    pub received_at: Timestamp,
    /// REST path, if the fact was fetched; `None` if it was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
}

impl fmt::Display for FrameRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of {}", self.event, self.topic)?;
        if let Some(time) = self.time {
            write!(f, " at {}", time.rfc3339())?;
        }
        match self.source {
            Some(source) => write!(f, " (from {source})"),
            None => write!(f, " (received at {})", self.received_at.rfc3339()),
        }
    }
}

/// What is known about a frame besides its event.
///
/// See [`AccountBook::on_v1`](crate::AccountBook::on_v1).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FrameInfo {
    /// Key of the connection.
    pub ws_key: WsKey,
    /// Topic, as it was subscribed.
    pub topic: Arc<str>,
    /// Local receive time.
    pub received_at: Timestamp,
    /// Push time of KuCoin's gateway; `None` if the frame has none.
    pub pushed_at: Option<Timestamp>,
    /// REST path, if the event was recovered; `None` if it was pushed.
    pub source: Option<&'static str>,
    /// Number of the connection, as in `Update::epoch`: 1 at first.
    pub epoch: u64,
}

impl FrameInfo {
    /// Describes a pushed frame of the first connection, without a push time.
    pub fn live(ws_key: WsKey, topic: impl Into<Arc<str>>, received_at: Timestamp) -> Self {
        Self {
            ws_key,
            topic: topic.into(),
            received_at,
            pushed_at: None,
            source: None,
            epoch: 1,
        }
    }

    /// Returns a reference to the frame, for an event of this kind and time.
    pub(crate) fn frame(&self, event: impl Into<Text>, time: Option<Timestamp>) -> FrameRef {
        FrameRef {
            ws_key: self.ws_key,
            topic: Arc::clone(&self.topic),
            event: event.into(),
            time,
            received_at: self.received_at,
            source: self.source,
        }
    }
}
