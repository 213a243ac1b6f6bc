//! The truth log of one generation of the streams: every push in its true order, whether or not
//! anybody was subscribed.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::sync::lock;

/// One push as it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TruthEntry {
    /// Its place in the order of everything that happened, from 1.
    pub sequence: u64,
    /// The topic; of Pro V2 the `T` of the push, such as `orderAll.UNIFIED`.
    pub topic: &'static str,
    /// The subject; empty for Pro V2, which has none.
    pub subject: &'static str,
    /// The whole frame that a subscriber is sent.
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

    /// The exact JSON text of the frame's `data`, which Pro V2 calls `d`.
    #[must_use]
    pub fn data(&self) -> &str {
        self.frame
            .get(self.data_at..self.frame.len() - 1)
            .unwrap_or_default()
    }
}

/// A handle on the log of an exchange; cheap to clone.
///
/// The log keeps the newest entries, as many as
/// [`ExchangeBuilder::truth_capacity`](crate::ExchangeBuilder::truth_capacity) says.
#[derive(Clone)]
pub struct TruthLog {
    kept: Arc<Mutex<Kept>>,
    total: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<TruthEntry>,
    capacity: usize,
    total: u64,
    by_topic: BTreeMap<&'static str, u64>,
}

impl TruthLog {
    pub(crate) fn new(capacity: usize) -> Self {
        let kept = Kept {
            capacity,
            ..Kept::default()
        };
        Self {
            kept: Arc::new(Mutex::new(kept)),
            total: watch::Sender::new(0),
        }
    }

    pub(crate) fn append(&self, mut entry: TruthEntry) {
        let mut kept = lock(&self.kept);
        kept.total += 1;
        entry.sequence = kept.total;
        *kept.by_topic.entry(entry.topic).or_default() += 1;
        if kept.entries.len() == kept.capacity {
            kept.entries.pop_front();
        }
        if kept.capacity > 0 {
            kept.entries.push_back(entry);
        }
        self.total.send_replace(kept.total);
    }

    /// The entries that are kept, oldest first.
    #[must_use]
    pub fn snapshot(&self) -> Vec<TruthEntry> {
        lock(&self.kept).entries.iter().cloned().collect()
    }

    /// The entries of one topic that are kept, oldest first.
    #[must_use]
    pub fn of_topic(&self, topic: &str) -> Vec<TruthEntry> {
        lock(&self.kept)
            .entries
            .iter()
            .filter(|entry| entry.topic == topic)
            .cloned()
            .collect()
    }

    /// How many entries there have been, those that fell out of the log included.
    #[must_use]
    pub fn total(&self) -> u64 {
        lock(&self.kept).total
    }

    /// How many entries there have been on one topic, those that fell out included.
    #[must_use]
    pub fn total_of(&self, topic: &str) -> u64 {
        lock(&self.kept)
            .by_topic
            .get(topic)
            .copied()
            .unwrap_or_default()
    }

    /// Waits until there have been at least `total` entries.
    pub async fn wait_for(&self, total: u64) {
        self.wait_until(|| self.total() >= total).await;
    }

    /// Waits until there have been at least `total` entries on one topic.
    pub async fn wait_for_topic(&self, topic: &str, total: u64) {
        self.wait_until(|| self.total_of(topic) >= total).await;
    }

    async fn wait_until(&self, reached: impl Fn() -> bool) {
        let mut changes = self.total.subscribe();
        while !reached() {
            // The sender lives in self, so that this cannot fail.
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
    fn keeps_the_newest_and_counts_all() {
        let log = TruthLog::new(2);
        for topic in ["/a", "/b", "/a"] {
            log.append(entry(topic));
        }
        let kept: Vec<(u64, &str)> = log
            .snapshot()
            .iter()
            .map(|entry| (entry.sequence, entry.topic))
            .collect();
        assert_eq!(kept, [(2, "/b"), (3, "/a")]);
        assert_eq!(
            (log.total(), log.total_of("/a"), log.of_topic("/a").len()),
            (3, 2, 1)
        );
        assert_eq!(log.snapshot()[0].data(), "{}");
    }

    #[tokio::test]
    async fn waits_for_a_number_of_entries() {
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
