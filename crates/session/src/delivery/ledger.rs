//! Delivery ledger: counters for every frame of a subscription, by topic.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// Counters of one topic of a subscription, since the subscription was created.
///
/// Each received frame is in exactly one of the other counters: `received = delivered + duplicates + undecodable +
/// other + queued + overflowed`. So no frame is lost without being counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TopicLedger {
    /// Topic, as it was subscribed.
    pub topic: String,
    /// Frames received for the topic, on any connection.
    pub received: u64,
    /// Frames returned to the consumer as events.
    pub delivered: u64,
    /// Duplicates of events, dropped while two connections overlapped in a rotation.
    pub duplicates: u64,
    /// Frames that could not be decoded; each was returned in a [`Gap`](crate::Gap).
    pub undecodable: u64,
    /// Frames of another topic that is pushed under the same name, such as one of another symbol.
    pub other: u64,
    /// Frames in the queue.
    pub queued: u64,
    /// Frames dropped because the queue was full; each is counted in `missed` of a [`Gap`](crate::Gap).
    ///
    /// The frame that ends a subscription with [`SlowConsumer::Disconnect`](crate::SlowConsumer::Disconnect) is one of
    /// them.
    pub overflowed: u64,
}

impl TopicLedger {
    /// Returns `true` if `received` is the sum of all other counters, so no frame is unaccounted for.
    pub fn is_consistent(&self) -> bool {
        let accounted = [
            self.delivered,
            self.duplicates,
            self.undecodable,
            self.other,
            self.queued,
            self.overflowed,
        ];
        self.received == accounted.iter().sum::<u64>()
    }

    #[doc(hidden)]
    #[deprecated(note = "renamed to `is_consistent`")]
    pub fn balances(&self) -> bool {
        self.is_consistent()
    }
}

/// Sums of the counters of all topics of a [`Buffer`](crate::Buffer), or of several buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferTotals {
    /// Frames returned to the consumer as events.
    pub delivered: u64,
    /// Duplicates of events, dropped in a rotation.
    pub duplicates: u64,
    /// Frames that could not be decoded.
    pub undecodable: u64,
    /// Frames dropped because the queue was full.
    pub overflowed: u64,
    /// Frames in the queue; 0 once the reader is dropped.
    pub queued: u64,
    /// Maximum number of items that were in one queue.
    pub queued_max: u64,
}

impl AddAssign for BufferTotals {
    fn add_assign(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.duplicates += other.duplicates;
        self.undecodable += other.undecodable;
        self.overflowed += other.overflowed;
        self.queued += other.queued;
        self.queued_max = self.queued_max.max(other.queued_max);
    }
}

/// What happened to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameOutcome {
    /// Returned to the consumer as an event.
    Delivered,
    /// Dropped as a duplicate while two connections overlapped.
    Duplicate,
    /// Not decodable; returned to the consumer as a gap that contains the frame.
    Undecodable,
    /// Belongs to another topic that is pushed under the same name.
    Other,
    /// Dropped because the queue was full.
    Overflowed,
}

/// Counters of one topic of a subscription.
///
/// Each counter has one writer: the connection counts received and dropped frames, the reader counts the others.
#[derive(Debug)]
pub struct TopicCounters {
    pub(super) topic: Arc<str>,
    /// Index of the topic in its buffer.
    pub(super) index: usize,
    /// All topics of the subscription that are pushed under the same name; empty if there is only one.
    same_name: Mutex<Arc<[Arc<str>]>>,
    received: AtomicU64,
    outcomes: CacheAligned<[AtomicU64; 5]>,
}

/// Aligned to a cache line, so that two writers do not slow each other down (false sharing).
#[derive(Debug, Default)]
#[repr(align(64))]
struct CacheAligned<T>(T);

impl TopicCounters {
    pub(super) fn new(topic: Arc<str>, index: usize) -> Self {
        Self {
            topic,
            index,
            same_name: Mutex::default(),
            received: AtomicU64::new(0),
            outcomes: CacheAligned::default(),
        }
    }

    /// Returns the topic as it was subscribed.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Returns the topics that a frame counted here may belong to, as they were subscribed.
    ///
    /// There is nearly always one topic. Only Pro V2 pushes several topics of one symbol under one name.
    pub fn topics(&self) -> Arc<[Arc<str>]> {
        let same_name = self
            .same_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match same_name.is_empty() {
            true => Arc::from([self.topic.clone()]),
            false => same_name.clone(),
        }
    }

    /// Adds topics of the subscription that are pushed under the same name.
    pub(super) fn add_same_name(&self, topics: &[Arc<str>]) {
        let mut same_name = self
            .same_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if **same_name == *topics {
            return;
        }
        let new = topics.iter().filter(|topic| !same_name.contains(topic));
        *same_name = same_name.iter().chain(new).cloned().collect();
    }

    pub(super) fn received(&self) {
        increment(&self.received);
    }

    /// Counts one frame by its outcome.
    pub fn count(&self, outcome: FrameOutcome) {
        increment(&self.outcomes.0[outcome as usize]);
    }

    fn get(&self, outcome: FrameOutcome) -> u64 {
        self.outcomes.0[outcome as usize].load(Ordering::Relaxed)
    }

    /// Returns the current counters; the queue has the frames that are in no other counter.
    pub(super) fn totals(&self) -> BufferTotals {
        // A reader on another thread may count meanwhile, so read what it counts before what was received.
        let outcomes = self.outcomes.0.each_ref();
        let counted: u64 = outcomes
            .map(|count| count.load(Ordering::Relaxed))
            .iter()
            .sum();
        BufferTotals {
            delivered: self.get(FrameOutcome::Delivered),
            duplicates: self.get(FrameOutcome::Duplicate),
            undecodable: self.get(FrameOutcome::Undecodable),
            overflowed: self.get(FrameOutcome::Overflowed),
            queued: self
                .received
                .load(Ordering::Relaxed)
                .saturating_sub(counted),
            queued_max: 0,
        }
    }

    /// Returns the current counters; `queued` is the number of frames in the queue.
    pub(super) fn ledger(&self, queued: u64) -> TopicLedger {
        TopicLedger {
            topic: self.topic.to_string(),
            received: self.received.load(Ordering::Relaxed),
            delivered: self.get(FrameOutcome::Delivered),
            duplicates: self.get(FrameOutcome::Duplicate),
            undecodable: self.get(FrameOutcome::Undecodable),
            other: self.get(FrameOutcome::Other),
            queued,
            overflowed: self.get(FrameOutcome::Overflowed),
        }
    }
}

/// Increments a counter. Load and store suffice, because each counter has one writer.
fn increment(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncounted_frame_makes_the_ledger_inconsistent() {
        let counters = TopicCounters::new("/a".into(), 0);
        counters.received();
        assert!(counters.ledger(1).is_consistent());
        assert!(!counters.ledger(0).is_consistent());
        for outcome in [
            FrameOutcome::Delivered,
            FrameOutcome::Duplicate,
            FrameOutcome::Undecodable,
            FrameOutcome::Other,
            FrameOutcome::Overflowed,
        ] {
            counters.count(outcome);
            assert!(counters.ledger(0).is_consistent(), "{outcome:?}");
            counters.received();
        }
    }
}
