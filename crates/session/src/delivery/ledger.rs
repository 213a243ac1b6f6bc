//! The delivery ledger: what became of every frame that was handed to a subscription, topic by topic.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// What became of the frames of one topic of a subscription, counted since it was made.
///
/// Nothing is lost silently, and this is the proof in numbers: every frame that was received is in exactly one of the
/// other counters, so that
/// `received = delivered + duplicates + undecodable + other + queued + overflowed`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TopicLedger {
    /// The topic, as it was subscribed to.
    pub topic: String,
    /// Frames that came for the topic, on whatever connection.
    pub received: u64,
    /// Frames that were handed out as events.
    pub delivered: u64,
    /// Frames that came a second time because two connections overlapped in a rotation.
    pub duplicates: u64,
    /// Frames that could not be decoded: each was handed out as a [`Gap`](crate::Gap) that holds it.
    pub undecodable: u64,
    /// Frames that proved to be of another topic which shares the name, such as another symbol's.
    pub other: u64,
    /// Frames that wait for the consumer.
    pub queued: u64,
    /// Frames that were not kept because the consumer was too slow: each is in the `missed` of a
    /// [`Gap`](crate::Gap), and the frame that ends a subscription of [`SlowConsumer::Disconnect`] is one too.
    ///
    /// [`SlowConsumer::Disconnect`]: crate::SlowConsumer::Disconnect
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

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameOutcome {
    /// Handed out as an event.
    Delivered,
    /// It came a second time because two connections overlapped.
    Duplicate,
    /// Handed out as a gap that holds it.
    Undecodable,
    /// It was of another topic which shares the name.
    Other,
    /// Dropped because the consumer was too slow.
    Overflowed,
}

/// The counters of one topic of a subscription. Each counter has one writer: the connection counts what it receives and
/// what overflows, the reader of the subscription the rest.
#[derive(Debug)]
pub struct TopicCounters {
    pub(super) topic: Arc<str>,
    /// Its place among the topics of its buffer.
    pub(super) index: usize,
    /// The topics whose pushes may have the same name as its own, it among them; empty if none has.
    shares: Mutex<Arc<[Arc<str>]>>,
    received: AtomicU64,
    outcomes: CacheAligned<[AtomicU64; 5]>,
}

/// A cache line of its own: two threads that write to one line wait for each other at every event.
#[derive(Debug, Default)]
#[repr(align(64))]
struct CacheAligned<T>(T);

impl TopicCounters {
    pub(super) fn new(topic: Arc<str>, index: usize) -> Self {
        Self {
            topic,
            index,
            shares: Mutex::default(),
            received: AtomicU64::new(0),
            outcomes: CacheAligned::default(),
        }
    }

    /// The topic, as it was subscribed to.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// The topics that a frame may be of which is counted here, as they were subscribed to: nearly always one. Pro V2 pushes
    /// several topics of one symbol each under one name.
    pub fn topics(&self) -> Arc<[Arc<str>]> {
        let shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        match shares.is_empty() {
            true => Arc::from([self.topic.clone()]),
            false => shares.clone(),
        }
    }

    /// Notes which topics of the subscription have pushes of the same name.
    pub(super) fn share(&self, topics: &[Arc<str>]) {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if **shares == *topics {
            return;
        }
        let new = topics.iter().filter(|topic| !shares.contains(topic));
        *shares = shares.iter().chain(new).cloned().collect();
    }

    pub(super) fn received(&self) {
        increment(&self.received);
    }

    /// Counts what became of one frame.
    pub fn count(&self, outcome: FrameOutcome) {
        increment(&self.outcomes.0[outcome as usize]);
    }

    /// The counters by now, and how many frames wait.
    pub(super) fn ledger(&self, queued: u64) -> TopicLedger {
        let count =
            |outcome: FrameOutcome| self.outcomes.0[outcome as usize].load(Ordering::Relaxed);
        TopicLedger {
            topic: self.topic.to_string(),
            received: self.received.load(Ordering::Relaxed),
            delivered: count(FrameOutcome::Delivered),
            duplicates: count(FrameOutcome::Duplicate),
            undecodable: count(FrameOutcome::Undecodable),
            other: count(FrameOutcome::Other),
            queued,
            overflowed: count(FrameOutcome::Overflowed),
        }
    }
}

/// One writer: a plain addition is enough.
fn increment(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_without_a_fate_shows() {
        let tally = TopicCounters::new("/a".into(), 0);
        tally.received();
        assert!(tally.ledger(1).is_consistent());
        assert!(!tally.ledger(0).is_consistent());
        for outcome in [
            FrameOutcome::Delivered,
            FrameOutcome::Duplicate,
            FrameOutcome::Undecodable,
            FrameOutcome::Other,
            FrameOutcome::Overflowed,
        ] {
            tally.count(outcome);
            assert!(tally.ledger(0).is_consistent(), "{outcome:?}");
            tally.received();
        }
    }
}
