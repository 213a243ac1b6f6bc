//! One event as a subscription hands it out: the event, and what is known of its way here.

use std::ops::Deref;

use kucoin_streams_core::{Extra, Push, Text, Timestamp};

/// How an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Pushed by the exchange on the connection.
    Live,
}

/// An event, and what is known of its way here. It derefs to the event.
#[derive(Clone, Debug, PartialEq)]
pub struct Update<E> {
    push: Push<E>,
    received_at: Timestamp,
    epoch: u64,
    origin: Origin,
}

impl<E> Update<E> {
    #[inline]
    pub(crate) fn live(push: Push<E>, received_at: Timestamp, epoch: u64) -> Self {
        Self {
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
