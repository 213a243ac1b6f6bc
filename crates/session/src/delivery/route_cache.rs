//! Where the frames of each pushed topic go, looked up once for each and remembered.

use std::collections::HashMap;
use std::sync::Arc;

use super::{DedupKeyFn, TopicCounters};

/// Pushed topics that are remembered; a server that invents topics must not fill the memory.
const REMEMBERED: usize = 4_096;

/// Where the frames of one pushed topic go.
pub(super) struct Destination<M> {
    /// The topic as pushed.
    pub(super) topic: Box<str>,
    /// The routes that they belong to, by their places in the table.
    pub(super) routes: Box<[usize]>,
    /// What tells the events of the topic apart, by the topics of the subscriptions.
    pub(super) dedup_key_fn: Box<[DedupKeyFn]>,
    /// Each mailbox once, however many of its requests the topic belongs to.
    pub(super) mailboxes: Box<[(Arc<TopicCounters>, M)]>,
}

/// A destination by its place, for as long as nothing is forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteId(usize);

/// The destinations that are known so far, by topic as pushed.
pub(super) struct RouteCache<M> {
    known: Vec<Destination<M>>,
    by_topic: HashMap<Box<str>, usize>,
    /// Frames of one topic often come in a row.
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
    /// Forgets all: routes or their sinks have changed.
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
        if self.known.len() >= REMEMBERED {
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
