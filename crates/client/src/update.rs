//! Updates: events with their metadata.

use std::ops::Deref;
use std::sync::Arc;

use kucoin_streams_core::{Extra, Push, Text, Timestamp, WsKey};
use serde::{Serialize, Serializer};

/// Origin of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Pushed by KuCoin on a connection.
    Live,
    /// Missed on the connection, and made from a row of the REST API. Fields that REST does not have are absent.
    Recovered {
        /// REST path, such as `/api/v1/hf/fills`.
        path: &'static str,
        /// `true` if the time of the event is exact; `false` if REST has no time of the matching engine for it.
        exact: bool,
        /// `true` if the event was found after the stream was reported as live again.
        late: bool,
    },
}

/// An event with its metadata: topic, times, connection. An update dereferences to its event.
///
/// Serializes as a line of `kucoin-streams watch --format ndjson`: an object of kind `update`, or `recovered`, with the event
/// as `data`.
#[derive(Clone, Debug, PartialEq)]
pub struct Update<E> {
    ws_key: WsKey,
    subscribed_topic: Arc<str>,
    push: Push<E>,
    received_at: Timestamp,
    epoch: u64,
    origin: Origin,
}

impl<E> Update<E> {
    #[inline]
    pub(crate) fn live(
        ws_key: WsKey,
        subscribed_topic: Arc<str>,
        push: Push<E>,
        received_at: Timestamp,
        epoch: u64,
    ) -> Self {
        Self {
            ws_key,
            subscribed_topic,
            push,
            received_at,
            epoch,
            origin: Origin::Live,
        }
    }

    /// Creates an update of an event that was found over REST.
    ///
    /// `received_at` is the local time when it was found, and `epoch` the number of the current connection.
    pub fn recovered(
        ws_key: WsKey,
        subscribed_topic: Arc<str>,
        push: Push<E>,
        origin: Origin,
        (received_at, epoch): (Timestamp, u64),
    ) -> Self {
        Self {
            origin,
            ..Self::live(ws_key, subscribed_topic, push, received_at, epoch)
        }
    }

    /// Returns the event.
    pub fn event(&self) -> &E {
        &self.push.event
    }

    /// Returns the event without its metadata.
    pub fn into_event(self) -> E {
        self.push.event
    }

    /// Returns the event with its envelope.
    pub fn into_push(self) -> Push<E> {
        self.push
    }

    /// Returns the key of the connection on which the event was received.
    pub fn ws_key(&self) -> WsKey {
        self.ws_key
    }

    /// Returns the topic as it was subscribed.
    ///
    /// For example `/contract/positionAll` or `orderAll?tradeType=UNIFIED`. The exchange may push under another name:
    /// see [`Update::topic`].
    pub fn subscribed_topic(&self) -> &Arc<str> {
        &self.subscribed_topic
    }

    /// Replaces the name of the subscribed topic, for example by the text that a user entered.
    #[must_use]
    pub fn with_subscribed_topic(mut self, topic: impl Into<Arc<str>>) -> Self {
        self.subscribed_topic = topic.into();
        self
    }

    /// Converts the event and keeps the metadata.
    pub fn map<F>(self, into: impl FnOnce(E) -> F) -> Update<F> {
        Update {
            ws_key: self.ws_key,
            subscribed_topic: self.subscribed_topic,
            push: self.push.map(into),
            received_at: self.received_at,
            epoch: self.epoch,
            origin: self.origin,
        }
    }

    /// Returns the topic as pushed.
    pub fn topic(&self) -> &Text {
        &self.push.topic
    }

    /// Returns the subject of the envelope: V1 `subject`; `None` if absent.
    pub fn subject(&self) -> Option<&Text> {
        self.push.subject.as_ref()
    }

    /// Returns the ID of the envelope: V1 `id`; `None` if absent.
    pub fn id(&self) -> Option<&Text> {
        self.push.id.as_ref()
    }

    /// Returns the user ID of the account: V1 `userId`; `None` if absent.
    pub fn user_id(&self) -> Option<&Text> {
        self.push.user_id.as_ref()
    }

    /// Returns the unknown fields of the envelope.
    pub fn envelope_extra(&self) -> &Extra {
        &self.push.extra
    }

    /// Returns the push time of KuCoin's gateway: V1 `pt`, Pro V2 `P`; `None` if absent.
    ///
    /// It is measured by the exchange's clock.
    pub fn pushed_at(&self) -> Option<Timestamp> {
        self.push.pushed_at
    }

    /// Returns the local receive time.
    ///
    /// It is the time when the frame was read from the socket, or when the event was found over REST.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Returns the epoch: the number of the connection on which the event was received.
    ///
    /// The epoch grows by one with each reconnect and each rotation.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the origin of the event.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}

impl<E> Deref for Update<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.push.event
    }
}

/// JSON form of an update.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UpdateLine<'u, E> {
    kind: &'static str,
    ws_key: &'static str,
    topic: &'u str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'u Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'u Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'u Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed_at: Option<Timestamp>,
    received_at: Timestamp,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    data: &'u E,
    /// Unknown fields of the envelope.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    envelope: &'u Extra,
}

impl<E: Serialize> Serialize for Update<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let push = &self.push;
        let (kind, source, exact, late) = match self.origin {
            Origin::Live => ("update", None, None, false),
            Origin::Recovered { path, exact, late } => ("recovered", Some(path), Some(exact), late),
        };
        let line = UpdateLine {
            kind,
            ws_key: self.ws_key.as_str(),
            topic: &self.subscribed_topic,
            subject: push.subject.as_ref(),
            id: push.id.as_ref(),
            user_id: push.user_id.as_ref(),
            // V1 sends it inside `data`.
            pushed_at: push
                .pushed_at
                .filter(|_| self.ws_key == WsKey::PrivateProV2),
            received_at: self.received_at,
            epoch: self.epoch,
            source,
            exact,
            late,
            data: &push.event,
            envelope: &push.extra,
        };
        line.serialize(serializer)
    }
}
