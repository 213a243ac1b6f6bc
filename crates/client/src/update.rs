//! One event as a subscription hands it out: the event, and what is known of its way here.

use std::ops::Deref;
use std::sync::Arc;

use kucoin_streams_core::{Extra, Push, Text, Timestamp, WsKey};
use serde::{Serialize, Serializer};

/// How an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Pushed by the exchange on the connection.
    Live,
}

/// An event, and what is known of its way here. It derefs to the event.
///
/// It is serialized as a line of `kucoin-streams watch --format ndjson`: an object of kind `update` with the event as
/// `data`.
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

    /// The event.
    pub fn event(&self) -> &E {
        &self.push.event
    }

    /// The event alone.
    pub fn into_event(self) -> E {
        self.push.event
    }

    /// The event with its envelope.
    pub fn into_push(self) -> Push<E> {
        self.push
    }

    /// Which connection it came on.
    pub fn ws_key(&self) -> WsKey {
        self.ws_key
    }

    /// The topic as it was subscribed to, such as `/contract/positionAll` or `orderAll?tradeType=UNIFIED`: the exchange may
    /// push under another name.
    pub fn subscribed_topic(&self) -> &Arc<str> {
        &self.subscribed_topic
    }

    /// The same update under another name of its subscribed topic, such as the text that a user wrote it as.
    #[must_use]
    pub fn with_subscribed_topic(mut self, topic: impl Into<Arc<str>>) -> Self {
        self.subscribed_topic = topic.into();
        self
    }

    /// The same update with another event.
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

    /// The topic as pushed.
    pub fn topic(&self) -> &Text {
        &self.push.topic
    }

    /// The subject of the envelope (V1 `subject`).
    pub fn subject(&self) -> Option<&Text> {
        self.push.subject.as_ref()
    }

    /// The id of the envelope (V1 `id`), which some topics have.
    pub fn id(&self) -> Option<&Text> {
        self.push.id.as_ref()
    }

    /// The account that the push is about (V1 `userId`).
    pub fn user_id(&self) -> Option<&Text> {
        self.push.user_id.as_ref()
    }

    /// Envelope fields that this SDK does not know.
    pub fn envelope_extra(&self) -> &Extra {
        &self.push.extra
    }

    /// When the gateway pushed it, where the wire says so (V1 `pt`, Pro V2 `P`), by the exchange's clock.
    pub fn pushed_at(&self) -> Option<Timestamp> {
        self.push.pushed_at
    }

    /// When it was read from the socket, by this machine's clock.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The number of the connection that it came on: it grows by one with each reconnection and each
    /// rotation.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How it came.
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

/// The line of an update.
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
    data: &'u E,
    /// Fields of the envelope that the SDK does not know.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    envelope: &'u Extra,
}

impl<E: Serialize> Serialize for Update<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let push = &self.push;
        let line = UpdateLine {
            kind: "update",
            ws_key: self.ws_key.as_str(),
            topic: &self.subscribed_topic,
            subject: push.subject.as_ref(),
            id: push.id.as_ref(),
            user_id: push.user_id.as_ref(),
            // V1 has it in the data.
            pushed_at: push
                .pushed_at
                .filter(|_| self.ws_key == WsKey::PrivateProV2),
            received_at: self.received_at,
            epoch: self.epoch,
            data: &push.event,
            envelope: &push.extra,
        };
        line.serialize(serializer)
    }
}
