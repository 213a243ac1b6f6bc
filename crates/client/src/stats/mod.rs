//! Counters and latencies of connections: [`ConnectionStats`].

mod histogram;
mod meter;

use std::time::Duration;

use kucoin_streams_core::{ClockOffset, Timestamp, WsKey};
use kucoin_streams_session::{ConnectionState, RoundTrip};
use serde::{Serialize, Serializer};

pub use histogram::LatencySummary;
pub(crate) use meter::{ConnectionMeter, PublishedStats};

/// Counters, queue and latencies of one connection, since its client was created.
///
/// The counters never decrease: they go on over reconnects, and over connections that are closed and opened again with
/// the same number. Serializes to JSON with field names such as `bytesReceived`; durations are integers of nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionStats {
    /// Key of the connection.
    #[serde(serialize_with = "as_text")]
    pub ws_key: WsKey,
    /// Number of the connection among those of this key.
    ///
    /// See [`Lifecycle::number`](crate::Lifecycle::number).
    pub number: u32,
    /// Current state; serialized as `connecting`, `live` or `closed`.
    #[serde(serialize_with = "as_state")]
    pub state: ConnectionState,
    /// Epoch of the current connection; 0 before the first.
    ///
    /// It grows by one with each reconnect and each rotation.
    pub epoch: u64,
    /// Counters.
    #[serde(flatten)]
    pub counters: ConnectionCounters,
    /// Frames in the queues of all subscriptions: received, and not yet returned.
    pub queued: u64,
    /// Maximum number of frames that were in the queue of one subscription.
    pub queued_max: u64,
    /// Round trip of the heartbeat on the current socket.
    ///
    /// `None` before its first pong, which is after about 18 s.
    pub heartbeat: Option<RoundTrip>,
    /// Age of the last message in nanoseconds, of any kind; `None` before the first.
    ///
    /// On a live connection it is below the ping interval plus the ping timeout, 28 s.
    pub last_frame_age_ns: Option<u64>,
    /// Latencies by hop.
    pub latency: LatencyStats,
}

/// Counters of a connection, or sums over connections: see [`ConnectionStats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionCounters {
    /// Events returned to consumers; an event of two subscriptions counts twice.
    pub events: u64,
    /// Messages received, of any kind: pushes, answers, pongs.
    pub frames: u64,
    /// Payload of the messages received, in bytes, without the overhead of WebSocket and TLS.
    pub bytes_received: u64,
    /// Payload of the messages sent, in bytes, without the overhead of WebSocket and TLS.
    pub bytes_sent: u64,
    /// Gaps of all subscriptions: losses, temporary refusals, full queues.
    ///
    /// A loss is one gap of each subscription. Undecodable frames and the end of a connection are not counted.
    pub gaps: u64,
    /// Frames dropped because the queue of a slow consumer was full.
    ///
    /// What KuCoin pushed while the connection was down is unknown, and in no counter.
    pub missed: u64,
    /// Events that were missed and fetched over REST; counted on the first connection of the key.
    pub recovered: u64,
    /// Times that the connection was live again after a loss.
    pub reconnects: u64,
    /// Attempts to connect, each with a token request; rotations included.
    pub dials: u64,
    /// Attempts to connect that failed before the connection was live.
    pub failed_dials: u64,
    /// Rotations: planned replacements of the connection, without a loss.
    pub rotations: u64,
    /// Frames that could not be decoded; each was returned in a [`Gap`](crate::Gap).
    pub undecodable: u64,
    /// Duplicates of events, dropped while two connections overlapped in a rotation.
    pub duplicates: u64,
}

impl std::ops::AddAssign for ConnectionCounters {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.frames += other.frames;
        self.bytes_received += other.bytes_received;
        self.bytes_sent += other.bytes_sent;
        self.gaps += other.gaps;
        self.missed += other.missed;
        self.recovered += other.recovered;
        self.reconnects += other.reconnects;
        self.dials += other.dials;
        self.failed_dials += other.failed_dials;
        self.rotations += other.rotations;
        self.undecodable += other.undecodable;
        self.duplicates += other.duplicates;
    }
}

/// Latencies of the events of one connection, by hop; `None` if nothing was measured.
///
/// Two hops compare times of two clocks: they are corrected by the measured offset of the exchange's clock,
/// [`clock`](Self::clock), and off by at most its error. They are measured only once the offset is known. KuCoin's times
/// in milliseconds are cut off, so a latency from such a time can be 1 ms too long, and one to it 1 ms too short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LatencyStats {
    /// From the event to the push, both by KuCoin's clocks.
    ///
    /// Event times are V1 `ts`, `time` or `timestamp`, and Pro V2 `U` or `E`; push times are V1 `pt` and Pro V2 `P`. Of V1,
    /// only spot orders have both.
    pub event_to_push: Option<LatencySummary>,
    /// **Two clocks.** From the push by KuCoin's clock to the read from the socket by this machine's.
    pub push_to_read: Option<LatencySummary>,
    /// **Two clocks.** From the event by KuCoin's clock to the read from the socket by this machine's.
    pub event_to_read: Option<LatencySummary>,
    /// From the read from the socket to the return to the consumer, by this machine's clock.
    ///
    /// Measured for the first event of each batch that the consumer takes from its queue, and for every 64th after it.
    pub read_to_delivery: Option<LatencySummary>,
    /// Measured offset of the exchange's clock, with its error; `None` if it is not measured.
    pub clock: Option<ClockOffset>,
}

fn as_text<S: Serializer>(ws_key: &WsKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(ws_key.as_str())
}

fn as_state<S: Serializer>(state: &ConnectionState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.as_str())
}

/// Returns the time since `at` in nanoseconds; 0 if `at` is later.
fn age_ns(now: Timestamp, at: Timestamp) -> u64 {
    let age: Duration = now.duration_since(at);
    u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)
}
