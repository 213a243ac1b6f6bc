//! Lifecycle events of connections, named as in KuCoin's JavaScript SDK.

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

/// A lifecycle event with its connection and time.
///
/// Serializes as a line of `kucoin-streams watch --format ndjson`: an object with the event's `kind`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Lifecycle {
    /// Key of the connection.
    pub ws_key: WsKey,
    /// Number of the connection among those of this key.
    ///
    /// It is 0, or higher for a further connection that was opened because the topic limit was reached.
    pub number: u32,
    /// Local time of the event.
    pub at: Timestamp,
    /// Event of the connection.
    pub event: LifecycleEvent,
}

/// Writes `kind`, `wsKey`, the fields of the event, and `connection` unless it is 0.
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

/// Maximum number of queued events per reader.
///
/// A reconnect causes about ten events and one per topic, so the queue holds several reconnects.
const CAPACITY: usize = 4_096;

/// Sends lifecycle events to all readers; clones share the readers.
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
    /// Returns a reader of all events from now on.
    pub fn subscribe(&self) -> LifecycleStream {
        LifecycleStream(self.readers.add())
    }

    /// Returns a sender for the connection with this number.
    pub(crate) fn of(&self, number: u32) -> Self {
        let readers = self.readers.clone();
        Self { readers, number }
    }

    /// Returns the number of the sending connection.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Sends an event, and logs it in the span of the connection.
    pub(crate) fn send(&self, ws_key: WsKey, at: Timestamp, event: LifecycleEvent) {
        self.send_at(level(&event), ws_key, at, event);
    }

    /// Sends and logs a refusal, at level error.
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

/// Returns the log level of an event.
///
/// Error: failed for good. Warning: a problem that is retried. Info: working, or closed by the user.
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
        // A close after a failure follows an exception that is logged as an error.
        _ => Level::DEBUG,
    }
}

/// A stream of the lifecycle events of all connections of a client.
///
/// The stream starts with its creation: earlier events are not included. Up to 4,096 events are queued. If the reader
/// is too slow, the oldest are dropped and [`LifecycleEvent::Lagged`] reports their number.
#[derive(Debug)]
pub struct LifecycleStream(Reader<Lifecycle>);

impl LifecycleStream {
    /// Returns the next event; `None` if all connections and their client are dropped. Cancel safe.
    pub async fn next(&mut self) -> Option<Lifecycle> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns the next event; `None` if no event is ready, or no more events follow.
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

/// Creates a `Lagged` event.
///
/// A reader follows all connections, so the key of this event has no meaning. It is the first of all keys.
fn lagged(missed: u64) -> Lifecycle {
    tracing::warn!(
        missed,
        "slow reader of lifecycle events: events were dropped"
    );
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
