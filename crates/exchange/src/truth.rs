//! The truth log of one protocol: every push in order, whether or not a client was subscribed.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::sync::lock;

/// One push in a [`TruthLog`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TruthEntry {
    /// Sequence number in the log, from 1.
    pub sequence: u64,
    /// The topic; for Pro V2 the `T` of the push, such as `orderAll.UNIFIED`.
    pub topic: &'static str,
    /// The subject; empty for Pro V2, which has no subject.
    pub subject: &'static str,
    /// The complete frame, as sent to subscribers.
    pub frame: Arc<str>,
    data_at: usize,
}

impl TruthEntry {
    pub(crate) fn new(
        topic: &'static str,
        subject: &'static str,
        (frame, data_at): (Arc<str>, usize),
    ) -> Self {
        Self {
            sequence: 0,
            topic,
            subject,
            frame,
            data_at,
        }
    }

    /// Returns the exact JSON text of the push's data: `data` on V1, `d` on Pro V2.
    #[must_use]
    pub fn data(&self) -> &str {
        self.frame
            .get(self.data_at..self.frame.len() - 1)
            .unwrap_or_default()
    }
}

/// A log of every push that the account made, whether or not a client received it. Cheap to clone.
///
/// Tests compare the log with the events that a client received. Entries are written before faults act, so the log also
/// contains pushes that a fault dropped. It keeps the newest entries, up to
/// [`ExchangeBuilder::truth_capacity`](crate::ExchangeBuilder::truth_capacity).
#[derive(Clone)]
pub struct TruthLog {
    state: Arc<Mutex<LogState>>,
    total: watch::Sender<u64>,
}

#[derive(Default)]
struct LogState {
    entries: VecDeque<TruthEntry>,
    capacity: usize,
    total: u64,
    by_topic: BTreeMap<&'static str, u64>,
}

impl TruthLog {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = LogState {
            capacity,
            ..LogState::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            total: watch::Sender::new(0),
        }
    }

    pub(crate) fn append(&self, mut entry: TruthEntry) {
        let mut state = lock(&self.state);
        state.total += 1;
        entry.sequence = state.total;
        *state.by_topic.entry(entry.topic).or_default() += 1;
        if state.entries.len() == state.capacity {
            state.entries.pop_front();
        }
        if state.capacity > 0 {
            state.entries.push_back(entry);
        }
        self.total.send_replace(state.total);
    }

    /// Returns the entries in the log, oldest first.
    #[must_use]
    pub fn snapshot(&self) -> Vec<TruthEntry> {
        lock(&self.state).entries.iter().cloned().collect()
    }

    /// Returns the entries of one topic, oldest first.
    #[must_use]
    pub fn of_topic(&self, topic: &str) -> Vec<TruthEntry> {
        lock(&self.state)
            .entries
            .iter()
            .filter(|entry| entry.topic == topic)
            .cloned()
            .collect()
    }

    /// Returns the number of entries ever added, including entries that are no longer kept.
    #[must_use]
    pub fn total(&self) -> u64 {
        lock(&self.state).total
    }

    /// Returns the number of entries ever added for one topic, including entries that are no longer kept.
    #[must_use]
    pub fn total_of(&self, topic: &str) -> u64 {
        lock(&self.state)
            .by_topic
            .get(topic)
            .copied()
            .unwrap_or_default()
    }

    /// Waits until [`total`](Self::total) is at least `total`.
    pub async fn wait_for(&self, total: u64) {
        self.wait_until(|| self.total() >= total).await;
    }

    /// Waits until [`total_of`](Self::total_of) the topic is at least `total`.
    pub async fn wait_for_topic(&self, topic: &str, total: u64) {
        self.wait_until(|| self.total_of(topic) >= total).await;
    }

    async fn wait_until(&self, reached: impl Fn() -> bool) {
        let mut changes = self.total.subscribe();
        while !reached() {
            // Cannot fail: the sender is in `self`.
            let _ = changes.changed().await;
        }
    }
}

impl fmt::Debug for TruthLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TruthLog")
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(topic: &'static str) -> TruthEntry {
        TruthEntry::new(topic, "s", (Arc::from("{\"data\":{}}"), 8))
    }

    #[test]
    fn log_keeps_newest_entries_and_counts_all() {
        let log = TruthLog::new(2);
        for topic in ["/a", "/b", "/a"] {
            log.append(entry(topic));
        }
        let entries: Vec<(u64, &str)> = log
            .snapshot()
            .iter()
            .map(|entry| (entry.sequence, entry.topic))
            .collect();
        assert_eq!(entries, [(2, "/b"), (3, "/a")]);
        assert_eq!(
            (log.total(), log.total_of("/a"), log.of_topic("/a").len()),
            (3, 2, 1)
        );
        assert_eq!(log.snapshot()[0].data(), "{}");
    }

    #[tokio::test]
    async fn wait_for_topic_counts_only_its_topic() {
        let log = TruthLog::new(8);
        let waiting = log.clone();
        let waiter = tokio::spawn(async move { waiting.wait_for_topic("/a", 2).await });
        log.append(entry("/a"));
        log.append(entry("/b"));
        assert!(!waiter.is_finished());
        log.append(entry("/a"));
        waiter.await.unwrap();
    }
}
