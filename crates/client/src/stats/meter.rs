//! Meter of one connection: what its task and its readers measure, and the snapshot of it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kucoin_streams_core::{ClockOffset, Timestamp, WsKey};
use kucoin_streams_session::{
    BufferTotals, ConnectionCounts, ConnectionState, RoundTrip, StreamsStats,
};

use super::histogram::Histogram;
use super::{ConnectionCounters, ConnectionStats, LatencyStats, age_ns};
use crate::queue::Queue;

/// Value of an unknown clock offset.
const UNKNOWN: i64 = i64::MIN;

/// Meter of the connections that have one number, one after the other.
///
/// The task of the connection and the readers of its subscriptions write it, and any thread reads it.
#[derive(Debug)]
pub(crate) struct ConnectionMeter {
    frames: AtomicU64,
    bytes_received: AtomicU64,
    bytes_sent: AtomicU64,
    /// Local time of the last message in nanoseconds; 0 before the first.
    last_frame_at: AtomicI64,
    /// What changes rarely.
    rare: Mutex<Rare>,
    queues: Mutex<Queues>,
    /// Set once the statistics are read: only then the clock is measured.
    is_read: Arc<AtomicBool>,
    /// Nanoseconds by which the exchange's clock is ahead.
    clock_offset: AtomicI64,
    event_to_push: Histogram,
    push_to_read: Histogram,
    event_to_read: Histogram,
    read_to_delivery: Histogram,
}

#[derive(Debug, Default)]
struct Rare {
    epoch: u64,
    counts: ConnectionCounts,
    heartbeat: Option<RoundTrip>,
    clock: Option<ClockOffset>,
}

/// The queues of all subscriptions of a connection.
#[derive(Debug, Default)]
struct Queues {
    open: Vec<Arc<Queue>>,
    /// Totals of the queues without a reader, a handle or a connection.
    ended: BufferTotals,
}

impl Queues {
    /// Moves the totals of queues that no longer change.
    fn sweep(&mut self) {
        let Self { open, ended } = self;
        open.retain(|queue| {
            let is_used = Arc::strong_count(queue) > 1;
            if !is_used {
                *ended += queue.totals();
            }
            is_used
        });
    }
}

/// What the task of a connection has published so far.
#[derive(Debug, Default)]
pub(crate) struct PublishedStats {
    last: StreamsStats,
    /// Payload received since the last publication.
    pub(crate) bytes_received: u64,
    /// Payload sent since the last publication.
    pub(crate) bytes_sent: u64,
}

impl ConnectionMeter {
    /// Creates a meter. `is_read` is set once the statistics are read.
    pub(crate) fn new(is_read: Arc<AtomicBool>) -> Self {
        Self {
            is_read,
            frames: AtomicU64::new(0),
            bytes_received: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            last_frame_at: AtomicI64::new(0),
            rare: Mutex::default(),
            queues: Mutex::default(),
            clock_offset: AtomicI64::new(UNKNOWN),
            event_to_push: Histogram::default(),
            push_to_read: Histogram::default(),
            event_to_read: Histogram::default(),
            read_to_delivery: Histogram::default(),
        }
    }

    /// Returns `true` if the clock is to be measured, because the statistics are read.
    pub(crate) fn needs_clock(&self) -> bool {
        self.is_read.load(Relaxed)
    }

    /// Publishes the counters of the connection. Called by its task after each batch of messages.
    #[inline]
    pub(crate) fn publish(&self, stats: &StreamsStats, published: &mut PublishedStats) {
        let last = &mut published.last;
        if stats.frames != last.frames {
            self.frames.fetch_add(stats.frames - last.frames, Relaxed);
            let received = std::mem::take(&mut published.bytes_received);
            self.bytes_received.fetch_add(received, Relaxed);
            if let Some(at) = stats.last_frame_at {
                self.last_frame_at.store(at.as_nanos(), Relaxed);
            }
        }
        if published.bytes_sent > 0 {
            let sent = std::mem::take(&mut published.bytes_sent);
            self.bytes_sent.fetch_add(sent, Relaxed);
        }
        let is_same = stats.counts == last.counts
            && stats.epoch == last.epoch
            && stats.heartbeat == last.heartbeat;
        if !is_same {
            let mut rare = self.rare();
            rare.counts += stats.counts - last.counts;
            (rare.epoch, rare.heartbeat) = (stats.epoch, stats.heartbeat);
        }
        *last = *stats;
    }

    /// Sets the offset of the exchange's clock.
    pub(crate) fn set_clock(&self, clock: ClockOffset) {
        self.rare().clock = Some(clock);
        self.clock_offset.store(clock.offset_ns, Relaxed);
    }

    /// Adds the queue of a new subscription.
    pub(crate) fn add_queue(&self, queue: Arc<Queue>) {
        let mut queues = self.queues();
        queues.sweep();
        queues.open.push(queue);
    }

    /// Records the latencies of an event until it was read from the socket.
    #[inline]
    pub(crate) fn record_read(
        &self,
        occurred_at: Option<Timestamp>,
        pushed_at: Option<Timestamp>,
        received_at: Timestamp,
    ) {
        if let (Some(occurred), Some(pushed)) = (occurred_at, pushed_at) {
            self.event_to_push.record(between(occurred, pushed));
        }
        let offset = self.clock_offset.load(Relaxed);
        if offset == UNKNOWN {
            return;
        }
        if let Some(pushed) = pushed_at {
            let latency = between(pushed, received_at).saturating_add(offset);
            self.push_to_read.record(latency);
        }
        if let Some(occurred) = occurred_at {
            let latency = between(occurred, received_at).saturating_add(offset);
            self.event_to_read.record(latency);
        }
    }

    /// Records the latency of an event from the socket to its consumer, which gets it now.
    pub(crate) fn record_delivery(&self, received_at: Timestamp) {
        self.read_to_delivery
            .record(between(received_at, Timestamp::now()));
    }

    /// Returns the statistics as of now.
    pub(crate) fn stats(
        &self,
        ws_key: WsKey,
        number: u32,
        state: ConnectionState,
    ) -> ConnectionStats {
        let queues = self.queue_totals();
        let rare = self.rare();
        let counts = rare.counts;
        let last_frame_at = Some(self.last_frame_at.load(Relaxed)).filter(|&at| at != 0);
        let age = |at| age_ns(Timestamp::now(), Timestamp::from_nanos(at));
        ConnectionStats {
            ws_key,
            number,
            state,
            epoch: rare.epoch,
            counters: ConnectionCounters {
                events: queues.delivered,
                frames: self.frames.load(Relaxed),
                bytes_received: self.bytes_received.load(Relaxed),
                bytes_sent: self.bytes_sent.load(Relaxed),
                gaps: counts.gaps,
                missed: queues.overflowed,
                recovered: 0,
                reconnects: counts.reconnects,
                dials: counts.dials,
                failed_dials: counts.failed_dials,
                rotations: counts.rotations,
                undecodable: queues.undecodable,
                duplicates: queues.duplicates,
            },
            queued: queues.queued,
            queued_max: queues.queued_max,
            heartbeat: rare.heartbeat,
            last_frame_age_ns: last_frame_at.map(age),
            latency: LatencyStats {
                event_to_push: self.event_to_push.summary(),
                push_to_read: self.push_to_read.summary(),
                event_to_read: self.event_to_read.summary(),
                read_to_delivery: self.read_to_delivery.summary(),
                clock: rare.clock,
            },
        }
    }

    /// Returns the totals of all queues.
    fn queue_totals(&self) -> BufferTotals {
        let mut queues = self.queues();
        queues.sweep();
        let mut totals = queues.ended;
        for queue in &queues.open {
            totals += queue.totals();
        }
        totals
    }

    fn rare(&self) -> MutexGuard<'_, Rare> {
        self.rare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the nanoseconds from one time to another; negative if the other is earlier.
#[inline]
fn between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_nanos().saturating_sub(from.as_nanos())
}
