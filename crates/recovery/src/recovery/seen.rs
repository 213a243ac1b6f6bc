//! The identities of events that were delivered, so that no event is recovered twice.

use std::collections::{HashMap, VecDeque};

use kucoin_streams_core::Timestamp;

use crate::books::TopicIndex;
use crate::facts::Identity;

/// Number of identities of a topic that are kept whatever their age.
const KEPT: usize = 1024;

/// What was delivered of each topic.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    topics: Vec<TopicSeen>,
}

#[derive(Debug, Default)]
struct TopicSeen {
    /// Start of the window of the topic: everything before it was delivered.
    start: Timestamp,
    /// Delivered events; `true` if the event was recovered.
    identities: HashMap<Identity, bool>,
    by_age: VecDeque<(Timestamp, Identity)>,
}

impl Seen {
    pub(crate) fn new(topics: usize) -> Self {
        Self {
            topics: (0..topics).map(|_| TopicSeen::default()).collect(),
        }
    }

    pub(crate) fn insert(
        &mut self,
        topic: TopicIndex,
        identity: Identity,
        time: Timestamp,
        is_recovered: bool,
    ) {
        let Some(seen) = self.topics.get_mut(topic) else {
            return;
        };
        if !seen.identities.contains_key(&identity) {
            seen.identities.insert(identity.clone(), is_recovered);
            seen.by_age.push_back((time, identity));
        }
    }

    /// Returns `true` if the topic has delivered the event of this time.
    pub(crate) fn has(&self, topic: TopicIndex, identity: &Identity, time: Timestamp) -> bool {
        let seen = self.topics.get(topic);
        seen.is_some_and(|seen| time < seen.start || seen.identities.contains_key(identity))
    }

    /// Returns `true` if the topic has delivered the event, whatever its time.
    pub(crate) fn has_identity(&self, topic: TopicIndex, identity: &Identity) -> bool {
        let seen = self.topics.get(topic);
        seen.is_some_and(|seen| seen.identities.contains_key(identity))
    }

    /// Returns `true` if a recovered copy of the event was delivered, so that the live event would be the second one.
    pub(crate) fn was_recovered(&self, topic: TopicIndex, identity: &Identity) -> bool {
        let seen = self.topics.get(topic);
        seen.is_some_and(|seen| seen.identities.get(identity) == Some(&true))
    }

    /// Sets the start of the window of a topic.
    pub(crate) fn begin(&mut self, topic: TopicIndex, start: Timestamp) {
        if let Some(seen) = self.topics.get_mut(topic) {
            seen.start = start;
        }
    }

    /// Returns the start of the window of a topic.
    pub(crate) fn start(&self, topic: TopicIndex) -> Timestamp {
        let seen = self.topics.get(topic);
        seen.map_or(Timestamp::default(), |seen| seen.start)
    }

    /// Drops identities of events before `oldest`, the earliest start of a later window of the topic.
    pub(crate) fn prune(&mut self, topic: TopicIndex, oldest: Timestamp) {
        let Some(seen) = self.topics.get_mut(topic) else {
            return;
        };
        while seen.by_age.len() > KEPT
            && let Some((time, _)) = seen.by_age.front()
            && *time < oldest
            && let Some((_, identity)) = seen.by_age.pop_front()
        {
            seen.identities.remove(&identity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn end(number: i64) -> Identity {
        Identity::OrderEnd(number.to_string().into())
    }

    #[test]
    fn identities_are_kept_by_topic() {
        let mut seen = Seen::new(2);
        seen.insert(0, end(1), at(5), false);
        assert!(seen.has(0, &end(1), at(5)) && !seen.has(1, &end(1), at(5)));
        assert!(!seen.was_recovered(0, &end(1)));
        seen.insert(1, end(1), at(5), true);
        assert!(seen.was_recovered(1, &end(1)));
    }

    #[test]
    fn events_before_the_window_were_delivered() {
        let mut seen = Seen::new(1);
        seen.begin(0, at(10));
        assert!(seen.has(0, &end(1), at(9)));
        assert!(!seen.has(0, &end(1), at(10)));
    }

    #[test]
    fn old_identities_are_dropped() {
        let mut seen = Seen::new(1);
        for number in 0..5000 {
            seen.insert(0, end(number), at(number), false);
            seen.prune(0, at(number - 100));
        }
        assert!(!seen.has(0, &end(1), at(4999)));
        assert!(seen.has(0, &end(4990), at(4999)));
        assert_eq!(seen.topics[0].identities.len(), KEPT);
    }
}
