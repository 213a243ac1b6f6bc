//! Cache of the subscriptions of each pushed topic.

use std::collections::HashMap;
use std::sync::Arc;

use super::{DedupKeyFn, TopicCounters};

/// Maximum number of cached topics, so that unexpected topic names cannot exhaust memory.
const CAPACITY: usize = 4_096;

/// Subscriptions that receive the frames of one pushed topic.
pub(super) struct Destination<M> {
    /// Topic, as pushed by the server.
    pub(super) topic: Box<str>,
    /// Indexes of the topic's routes in the routing table.
    pub(super) routes: Box<[usize]>,
    /// Dedup key functions of the subscriptions.
    pub(super) dedup_key_fns: Box<[DedupKeyFn]>,
    /// Mailboxes to deliver to, each once even if several of its requests match.
    pub(super) mailboxes: Box<[(Arc<TopicCounters>, M)]>,
}

/// Index of a destination; valid until the cache is cleared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteId(usize);

/// Destinations by pushed topic.
pub(super) struct RouteCache<M> {
    known: Vec<Destination<M>>,
    by_topic: HashMap<Box<str>, usize>,
    /// Index of the last destination found, because frames of one topic often follow each other.
    last: usize,
}

impl<M> Default for RouteCache<M> {
    fn default() -> Self {
        Self {
            known: Vec::new(),
            by_topic: HashMap::new(),
            last: 0,
        }
    }
}

impl<M> RouteCache<M> {
    /// Clears the cache because routes or subscriptions have changed.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.by_topic.clear();
    }

    pub(super) fn find(&mut self, pushed: &str) -> Option<RouteId> {
        let last = self.known.get(self.last);
        if last.is_none_or(|last| *last.topic != *pushed) {
            self.last = *self.by_topic.get(pushed)?;
        }
        Some(RouteId(self.last))
    }

    pub(super) fn remember(&mut self, destination: Destination<M>) -> RouteId {
        if self.known.len() >= CAPACITY {
            self.clear();
        }
        self.last = self.known.len();
        self.by_topic.insert(destination.topic.clone(), self.last);
        self.known.push(destination);
        RouteId(self.last)
    }

    pub(super) fn get(&self, route: RouteId) -> Option<&Destination<M>> {
        self.known.get(route.0)
    }
}
