//! The identities of events that were delivered, so that no event is recovered twice.

use std::collections::{HashSet, VecDeque};

use kucoin_streams_core::Timestamp;

use crate::books::TopicIndex;
use crate::facts::Identity;

/// Number of identities that are kept whatever their age.
const KEPT: usize = 4096;

/// The identities of delivered events, by topic. The oldest are dropped once no window can reach them.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    identities: HashSet<(TopicIndex, Identity)>,
    by_age: VecDeque<(Timestamp, (TopicIndex, Identity))>,
}

impl Seen {
    pub(crate) fn insert(&mut self, topic: TopicIndex, identity: Identity, time: Timestamp) {
        let entry = (topic, identity);
        if self.identities.insert(entry.clone()) {
            self.by_age.push_back((time, entry));
        }
    }

    /// Drops identities of events before `oldest`, the earliest start of a later window.
    pub(crate) fn prune(&mut self, oldest: Timestamp) {
        while self.by_age.len() > KEPT
            && let Some((time, _)) = self.by_age.front()
            && *time < oldest
            && let Some((_, entry)) = self.by_age.pop_front()
        {
            self.identities.remove(&entry);
        }
    }

    pub(crate) fn identities(&self) -> &HashSet<(TopicIndex, Identity)> {
        &self.identities
    }
}
