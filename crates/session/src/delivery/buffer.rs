//! What waits for the reader of one subscription: frames in order, gaps in their places, never more than fits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pause::{Backpressure, PauseLimit};
use super::{Frame, FrameOutcome, Gap, GapReason, TopicCounters, TopicLedger};
use crate::CloseReason;

/// Where the deliveries of one subscription wait for their reader: a [`Buffer`] that both can reach.
///
/// A driver on one thread keeps it in a `RefCell`, one with readers on other threads behind a lock.
pub trait Mailbox: Clone {
    /// The readers to wake once everything that was read is delivered: waking one costs more than an event. From
    /// [`Streams::wakers`](crate::Streams::wakers).
    type Wakers: Default;

    /// Gives access to the buffer, and notes its reader among `wakers` if one waits.
    fn with<T>(&self, wakers: &mut Self::Wakers, act: impl FnOnce(&mut Buffer) -> T) -> T;
}

/// One delivery to a subscription.
#[derive(Debug)]
pub enum Delivery {
    /// A frame, and the place of its topic among the [counters](Buffer::counters).
    Frame {
        /// The place of its topic.
        topic: usize,
        /// The frame.
        frame: Frame,
    },
    /// A place where events may be missing.
    Gap(Box<Gap>),
}

/// What a buffer holds at most. One frame fits whatever its size.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Capacity {
    /// The number of frames.
    pub frames: usize,
    /// The bytes of all frames.
    pub bytes: usize,
}

impl Capacity {
    /// Room for `frames` frames of `bytes` bytes together.
    pub const fn new(frames: usize, bytes: usize) -> Self {
        Self { frames, bytes }
    }
}

/// Why a subscription has ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// Its connection is closed.
    #[error("{0}")]
    Closed(CloseReason),
    /// It was unsubscribed or dropped. Only a handle of it sees this.
    #[error("unsubscribed")]
    Unsubscribed,
    /// Its consumer was too slow, and it was to end for that ([`SlowConsumer::Disconnect`]). Its connection and other
    /// subscriptions go on.
    #[error("the consumer was too slow")]
    SlowConsumer,
}

/// What becomes of a subscription whose consumer is too slow for its queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlowConsumer {
    /// It goes on after a [`Gap`] with the number of frames that were dropped.
    #[default]
    Gap,
    /// The subscription ends: queued events first, then a [`Gap`], then `None`, and its end reason is
    /// [`EndReason::SlowConsumer`]. Choose it for a consumer that must begin again anyway once it has missed
    /// something. Other subscriptions go on.
    Disconnect,
}

/// What [`Buffer::take`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeOutcome {
    /// Deliveries. `wake_driver`: the connection waits for this room, so its driver must be woken.
    Items {
        /// The driver must be woken.
        wake_driver: bool,
    },
    /// Nothing by now.
    Empty,
    /// Nothing any more.
    Ended,
}

/// What became of a frame that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PushOutcome {
    Queued,
    /// Dropped and counted, the first one since the reader kept up.
    FirstDropped,
    /// Dropped and counted.
    Dropped,
}

/// The bounded buffer between a connection and one subscription.
#[derive(Debug)]
pub struct Buffer {
    capacity: Capacity,
    slow_consumer: SlowConsumer,
    items: VecDeque<Delivery>,
    /// Bytes of the frames in `items`.
    bytes: usize,
    /// Gaps after `items` that found no room. They merge, so that they stay few.
    pending: Vec<Gap>,
    /// Frames are dropped until half of the buffer is drained, so that gaps come few and long.
    lagging: bool,
    /// While the connection waits for room it does not read.
    backpressure: Backpressure,
    end: Option<EndReason>,
    reader_gone: bool,
    /// Frames up to this number were read before the subscription was made: they are not its.
    read_before: u64,
    /// Frames that waited when the reader went, by topic.
    unread: Vec<u64>,
    counters: Vec<Arc<TopicCounters>>,
}

impl Buffer {
    /// An empty buffer.
    pub fn new(capacity: Capacity, slow_consumer: SlowConsumer) -> Self {
        Self {
            capacity: Capacity {
                frames: capacity.frames.max(1),
                ..capacity
            },
            slow_consumer,
            items: VecDeque::new(),
            bytes: 0,
            pending: Vec::new(),
            lagging: false,
            backpressure: Backpressure::default(),
            end: None,
            reader_gone: false,
            read_before: 0,
            unread: Vec::new(),
            counters: Vec::new(),
        }
    }

    /// Moves everything that waits into `into`, which is empty.
    pub fn take(
        &mut self,
        now: impl FnOnce() -> Instant,
        into: &mut VecDeque<Delivery>,
    ) -> TakeOutcome {
        std::mem::swap(&mut self.items, into);
        self.bytes = 0;
        if into.is_empty() {
            into.extend(
                self.pending
                    .drain(..)
                    .map(|gap| Delivery::Gap(Box::new(gap))),
            );
            self.lagging = false;
        }
        match (into.is_empty(), &self.end) {
            (true, Some(_)) => TakeOutcome::Ended,
            (true, None) => TakeOutcome::Empty,
            (false, _) => {
                let wake_driver = self.backpressure.is_pausing();
                if wake_driver {
                    self.backpressure.resume(now());
                }
                TakeOutcome::Items { wake_driver }
            }
        }
    }

    /// True if [`Buffer::take`] would not find [`TakeOutcome::Empty`]: a reader that waits is to be woken.
    pub fn is_readable(&self) -> bool {
        !self.items.is_empty() || !self.pending.is_empty() || self.end.is_some()
    }

    /// The counters of all topics by their places: those of the subscription's requests, which are there once it is
    /// answered.
    pub fn counters(&self) -> &[Arc<TopicCounters>] {
        &self.counters
    }

    /// What became of all topics' frames; `taken` is what the reader has taken out and not handed on yet.
    pub fn ledger(&self, taken: &VecDeque<Delivery>) -> Vec<TopicLedger> {
        let counters = self.counters.iter().zip(self.queued(taken));
        counters
            .map(|(counters, queued)| counters.ledger(queued))
            .collect()
    }

    /// Why it ended, once it has.
    pub fn end_reason(&self) -> Option<&EndReason> {
        self.end.as_ref()
    }

    /// The reader is gone: nothing is kept any more. `taken` is what it has taken out and not handed on. The driver must be
    /// woken, so that the topics are unsubscribed.
    pub fn close(&mut self, taken: &VecDeque<Delivery>) {
        self.unread = self.queued(taken);
        self.reader_gone = true;
        self.end.get_or_insert(EndReason::Unsubscribed);
        self.items = VecDeque::new();
        self.pending = Vec::new();
    }

    /// The number of frames that wait, by topic.
    fn queued(&self, taken: &VecDeque<Delivery>) -> Vec<u64> {
        let mut queued = match self.unread.is_empty() {
            true => vec![0; self.counters.len()],
            false => return self.unread.clone(),
        };
        for item in self.items.iter().chain(taken) {
            if let Delivery::Frame { topic, .. } = item
                && let Some(queued) = queued.get_mut(*topic)
            {
                *queued += 1;
            }
        }
        queued
    }

    /// True if nothing that is delivered reaches a reader.
    pub(super) fn is_over(&self) -> bool {
        self.reader_gone || self.end.is_some()
    }

    /// The connection takes the subscription up after this many frames.
    pub(super) fn begin(&mut self, frames: u64) {
        self.read_before = frames;
    }

    /// The counters of a topic.
    pub(super) fn counters_of(&mut self, topic: &Arc<str>) -> Arc<TopicCounters> {
        let counters = &mut self.counters;
        if let Some(known) = counters.iter().find(|known| known.topic == *topic) {
            return known.clone();
        }
        let new = Arc::new(TopicCounters::new(topic.clone(), counters.len()));
        counters.push(new.clone());
        new
    }

    /// True if a frame of this many bytes would fit, or if frames are dropped anyway.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.is_over() || self.lagging || !self.is_full(bytes)
    }

    /// The connection stops reading until there is room; gives for how long it may.
    pub(super) fn pause(&mut self, now: Instant, limit: PauseLimit) -> Duration {
        self.backpressure.pause(now, limit)
    }

    /// Adds a frame of the topic whose counters these are, or counts it as dropped.
    pub(super) fn push_frame(
        &mut self,
        now: Instant,
        counters: &TopicCounters,
        frame: Frame,
    ) -> PushOutcome {
        if self.is_over() || frame.number <= self.read_before {
            return PushOutcome::Queued;
        }
        counters.received();
        if self.backpressure.is_pausing() {
            self.backpressure.resume(now);
        }
        if self.lagging && self.is_half_drained() {
            self.lagging = false;
            let pending = std::mem::take(&mut self.pending).into_iter();
            self.items
                .extend(pending.map(|gap| Delivery::Gap(Box::new(gap))));
        }
        let bytes = frame.text.len();
        if !self.lagging && !self.is_full(bytes) {
            let topic = counters.index;
            self.bytes += bytes;
            self.items.push_back(Delivery::Frame { topic, frame });
            return PushOutcome::Queued;
        }
        let begins = !std::mem::replace(&mut self.lagging, true);
        counters.count(FrameOutcome::Overflowed);
        let reason = GapReason::Overflowed { missed: 1 };
        merge(&mut self.pending, Gap::new(counters.topics(), reason));
        if self.slow_consumer == SlowConsumer::Disconnect {
            self.end = Some(EndReason::SlowConsumer);
        }
        match begins {
            true => PushOutcome::FirstDropped,
            false => PushOutcome::Dropped,
        }
    }

    /// Adds a gap after everything that was delivered so far. It is never refused.
    pub(super) fn push_gap(&mut self, gap: Gap) {
        if self.is_over() {
            return;
        }
        if self.lagging || self.items.len() >= self.capacity.frames {
            self.lagging = true;
            merge(&mut self.pending, gap);
        } else {
            self.items.push_back(Delivery::Gap(Box::new(gap)));
        }
    }

    /// Ends it after everything that was delivered so far.
    pub(super) fn end(&mut self, reason: CloseReason) {
        self.end.get_or_insert(EndReason::Closed(reason));
    }

    fn is_full(&self, bytes: usize) -> bool {
        let is_too_long = self.bytes.saturating_add(bytes) > self.capacity.bytes;
        self.items.len() >= self.capacity.frames || (is_too_long && !self.items.is_empty())
    }

    fn is_half_drained(&self) -> bool {
        self.items.len() <= self.capacity.frames / 2 && self.bytes <= self.capacity.bytes / 2
    }
}

/// Adds a gap to those that found no room. No event stands between these, so losses become one with the longest
/// window, and what is counted adds up.
fn merge(pending: &mut Vec<Gap>, mut gap: Gap) {
    let lost = pending
        .iter()
        .position(|known| matches!(known.reason, GapReason::Lost { .. }));
    match &mut gap.reason {
        GapReason::Lost { .. } => {
            if let Some(lost) = lost {
                let mut at = 0;
                pending.retain(|known| {
                    at += 1;
                    at <= lost || !matches!(known.reason, GapReason::Live { .. })
                });
                return join_topics(&mut pending[lost], &gap);
            }
        }
        GapReason::Live {
            last_event_at,
            last_heard_at,
            lost_at,
            live_at,
            epoch,
        } => {
            if let Some(GapReason::Lost {
                last_event_at: first_event,
                last_heard_at: first_heard,
                lost_at: first_lost,
                ..
            }) = lost.map(|lost| &pending[lost].reason)
            {
                (*last_event_at, *last_heard_at, *lost_at) =
                    (*first_event, *first_heard, *first_lost);
            }
            let after = lost.map_or(0, |lost| lost + 1);
            for known in &mut pending[after..] {
                if let GapReason::Live {
                    live_at: known_live,
                    epoch: known_epoch,
                    ..
                } = &mut known.reason
                {
                    (*known_live, *known_epoch) = (*live_at, *epoch);
                    return join_topics(known, &gap);
                }
            }
        }
        GapReason::Overflowed { missed: more } => {
            for known in pending
                .iter_mut()
                .filter(|known| known.topics == gap.topics)
            {
                if let GapReason::Overflowed { missed } = &mut known.reason {
                    *missed += *more;
                    return;
                }
            }
        }
        GapReason::Refused { .. } => {
            let is_same = |known: &&mut Gap| {
                known.topics == gap.topics && matches!(known.reason, GapReason::Refused { .. })
            };
            if let Some(known) = pending.iter_mut().find(is_same) {
                *known = gap;
                return;
            }
        }
        GapReason::Undecodable { .. } | GapReason::Closed { .. } => {}
    }
    pending.push(gap);
}

fn join_topics(known: &mut Gap, other: &Gap) {
    let new: Vec<_> = other
        .topics
        .iter()
        .filter(|topic| !known.topics.contains(topic))
        .collect();
    if !new.is_empty() {
        known.topics = known.topics.iter().chain(new).cloned().collect();
    }
}

#[cfg(test)]
mod tests;
