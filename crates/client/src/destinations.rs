//! Where the frames of each pushed topic go, looked up once for each and remembered.

use std::collections::HashMap;
use std::sync::Arc;

use crate::feed::Identify;
use crate::ledger::Tally;
use crate::queue::Queue;

/// Pushed topics that are remembered; a server that invents topics must not fill the memory.
const REMEMBERED: usize = 4_096;

/// Where the frames of one pushed topic go.
pub(crate) struct Destination {
    /// The topic as pushed.
    pub(crate) topic: Box<str>,
    /// The routes that they belong to, by their places in the table.
    pub(crate) routes: Box<[usize]>,
    /// What tells the events of the topic apart, by the topics of the subscriptions.
    pub(crate) identify: Box<[Identify]>,
    /// Each queue once, however many of its requests the topic belongs to.
    pub(crate) queues: Box<[(Arc<Tally>, Arc<Queue>)]>,
}

/// A destination by its place, for as long as nothing is forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way(usize);

/// The destinations that are known so far, by topic as pushed.
#[derive(Default)]
pub(crate) struct Destinations {
    known: Vec<Destination>,
    by_topic: HashMap<Box<str>, usize>,
    /// Frames of one topic often come in a row.
    last: usize,
}

impl Destinations {
    /// Forgets all: routes or their sinks have changed.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.by_topic.clear();
    }

    pub(crate) fn find(&mut self, pushed: &str) -> Option<Way> {
        let last = self.known.get(self.last);
        if last.is_none_or(|last| *last.topic != *pushed) {
            self.last = *self.by_topic.get(pushed)?;
        }
        Some(Way(self.last))
    }

    pub(crate) fn remember(&mut self, destination: Destination) -> Way {
        if self.known.len() >= REMEMBERED {
            self.clear();
        }
        self.last = self.known.len();
        self.by_topic.insert(destination.topic.clone(), self.last);
        self.known.push(destination);
        Way(self.last)
    }

    pub(crate) fn get(&self, way: Way) -> Option<&Destination> {
        self.known.get(way.0)
    }
}
