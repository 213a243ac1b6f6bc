//! Lifecycle events: what happens to connections, under the names that users of the JavaScript SDK know.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_session::{CloseReason, LifecycleEvent};
use serde::ser::{Serialize, SerializeMap, Serializer};
use tracing::Level;

use crate::inbox::{Reader, Readers, Received};

/// Something happened to a connection.
///
/// It is serialized as a line of `kucoin-streams watch --format ndjson`: an object with the event's `kind`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Lifecycle {
    /// Which connection.
    pub ws_key: WsKey,
    /// Its number among those of this key: 0, but for further ones that were made because the first holds as many
    /// topics as it may.
    pub number: u32,
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// What.
    pub event: LifecycleEvent,
}

/// Writes `kind`, `wsKey`, the fields of the event, and `connection` unless it is the first of its key.
impl Serialize for Lifecycle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.event.kind())?;
        map.serialize_entry("wsKey", self.ws_key.as_str())?;
        self.event.write_fields(&mut map)?;
        if self.number > 0 {
            map.serialize_entry("connection", &self.number)?;
        }
        map.end()
    }
}

/// Events that wait for a reader at most. Some ten come of a reconnection and one of each topic: a reader may sleep
/// through several replays.
const CAPACITY: usize = 4_096;

/// Where connections put their lifecycle events; clones feed the same readers.
#[derive(Clone, Debug)]
pub struct LifecycleSender {
    readers: Arc<Readers<Lifecycle>>,
    number: u32,
}

impl Default for LifecycleSender {
    fn default() -> Self {
        Self {
            readers: Arc::new(Readers::new(CAPACITY)),
            number: 0,
        }
    }
}

impl LifecycleSender {
    /// A reader of all events from now on.
    pub fn subscribe(&self) -> LifecycleStream {
        LifecycleStream(self.readers.add())
    }

    /// The same for the connection of this number.
    pub(crate) fn of(&self, number: u32) -> Self {
        let readers = self.readers.clone();
        Self { readers, number }
    }

    /// The number of the connection that sends by this.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Reports an event, and logs it within the span of the connection.
    pub(crate) fn send(&self, ws_key: WsKey, at: Timestamp, event: LifecycleEvent) {
        self.send_at(level(&event), ws_key, at, event);
    }

    /// Reports the refusal of a topic for good.
    pub(crate) fn send_refusal(&self, ws_key: WsKey, at: Timestamp, event: LifecycleEvent) {
        self.send_at(Level::ERROR, ws_key, at, event);
    }

    fn send_at(&self, level: Level, ws_key: WsKey, at: Timestamp, event: LifecycleEvent) {
        match level {
            Level::ERROR => tracing::error!("{event}"),
            Level::WARN => tracing::warn!("{event}"),
            Level::INFO => tracing::info!("{event}"),
            _ => tracing::debug!("{event}"),
        }
        self.readers.send(&Lifecycle {
            ws_key,
            number: self.number,
            at,
            event,
        });
    }
}

/// An error is refused for good, a warning is trouble, and information is what is well again.
fn level(event: &LifecycleEvent) -> Level {
    match event {
        LifecycleEvent::Exception { fatal: true, .. } => Level::ERROR,
        LifecycleEvent::Reconnect { .. }
        | LifecycleEvent::Exception { .. }
        | LifecycleEvent::Lagged { .. } => Level::WARN,
        LifecycleEvent::Open
        | LifecycleEvent::Reconnected { .. }
        | LifecycleEvent::Rotated { .. }
        | LifecycleEvent::Close {
            reason: CloseReason::Requested,
        } => Level::INFO,
        // The exception before a close that was not requested is an error.
        _ => Level::DEBUG,
    }
}

/// The lifecycle events of all connections of a client, from the moment of subscribing on. They wait for their reader,
/// up to 4,096 of them.
#[derive(Debug)]
pub struct LifecycleStream(Reader<Lifecycle>);

impl LifecycleStream {
    /// The next event; `None` when all connections and their client are gone. Cancel safe.
    ///
    /// A reader that is too slow is to_lifecycle so by [`LifecycleEvent::Lagged`].
    pub async fn next(&mut self) -> Option<Lifecycle> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Lifecycle> {
        self.0.take().map(to_lifecycle)
    }
}

impl Stream for LifecycleStream {
    type Item = Lifecycle;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Lifecycle>> {
        let received = ready!(self.0.poll(context));
        Poll::Ready(received.map(to_lifecycle))
    }
}

fn to_lifecycle(received: Received<Lifecycle>) -> Lifecycle {
    match received {
        Received::Event(lifecycle) => lifecycle,
        Received::Missed(missed) => lagged(missed),
    }
}

/// A reader follows all connections, so its own slowness belongs to none; the first key stands for it.
fn lagged(missed: u64) -> Lifecycle {
    tracing::warn!(missed, "slow reader of lifecycle events: some are dropped");
    Lifecycle {
        ws_key: WsKey::ALL[0],
        number: 0,
        at: Timestamp::from(std::time::SystemTime::now()),
        event: LifecycleEvent::Lagged { missed },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifecycle_is_a_line_with_its_connection() {
        let line = |number, event| {
            let (ws_key, at) = (WsKey::FuturesPrivateV1, Timestamp::default());
            let lifecycle = Lifecycle {
                ws_key,
                number,
                at,
                event,
            };
            serde_json::to_string(&lifecycle).unwrap()
        };
        assert_eq!(
            line(0, LifecycleEvent::Open),
            r#"{"kind":"open","wsKey":"futuresPrivateV1"}"#
        );
        let topic = "/contractMarket/tradeOrders".into();
        assert_eq!(
            line(2, LifecycleEvent::Response { topic, ok: false }),
            r#"{"kind":"response","wsKey":"futuresPrivateV1","topic":"/contractMarket/tradeOrders","ok":false,"connection":2}"#
        );
    }
}
