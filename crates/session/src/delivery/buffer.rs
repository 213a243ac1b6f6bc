//! Bounded queue of one subscription: frames and gaps in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pause::{Backpressure, PauseLimit};
use super::{BufferTotals, Frame, FrameOutcome, Gap, GapReason, TopicCounters, TopicLedger};
use crate::CloseReason;

/// Shared access to the [`Buffer`] of one subscription, for the connection and the reader.
///
/// A single-threaded driver uses a `RefCell`; a driver with readers on other threads uses a lock.
pub trait Mailbox: Clone {
    /// Readers to wake once all received frames are delivered.
    ///
    /// See [`Streams::wakers`](crate::Streams::wakers). One wake-up serves many frames, because a wake-up costs more
    /// than an event.
    type Wakers: Default;

    /// Runs `act` on the buffer, and adds a waiting reader to `wakers` if the buffer is readable.
    fn with<T>(&self, wakers: &mut Self::Wakers, act: impl FnOnce(&mut Buffer) -> T) -> T;
}

/// Item of a subscription's queue.
#[derive(Debug)]
pub enum Delivery {
    /// A frame of a topic.
    Frame {
        /// Index of the frame's topic in [`Buffer::counters`].
        topic: usize,
        /// Received frame.
        frame: Frame,
    },
    /// A gap: events may be missing here.
    Gap(Box<Gap>),
}

/// Capacity of a [`Buffer`]. A frame always fits into an empty buffer, whatever its size.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Capacity {
    /// Maximum number of frames.
    pub frames: usize,
    /// Maximum size of all frames, in bytes.
    pub bytes: usize,
}

impl Capacity {
    /// Creates a capacity of `frames` frames and `bytes` bytes in total.
    pub const fn new(frames: usize, bytes: usize) -> Self {
        Self { frames, bytes }
    }
}

/// Reason why a subscription has ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The connection was closed, or KuCoin has refused all topics of the subscription.
    #[error("{0}")]
    Closed(CloseReason),
    /// The subscription was unsubscribed or dropped. Only its handles can return this.
    #[error("unsubscribed")]
    Unsubscribed,
    /// The queue was full, and the policy is [`SlowConsumer::Disconnect`].
    ///
    /// Its connections and their other subscriptions are not affected.
    #[error("the consumer was too slow")]
    SlowConsumer,
}

impl EndReason {
    /// Returns the reason why a stream over several connections has ended; `None` if it has not.
    ///
    /// `reasons` has the reason of each connection, `None` for an open one. A slow consumer ends the stream on all
    /// connections. Otherwise the stream ends with the last connection, and the reason is that of the first.
    pub fn of_all(reasons: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let reasons: Vec<_> = reasons.into_iter().collect();
        if reasons.contains(&Some(Self::SlowConsumer)) {
            return Some(Self::SlowConsumer);
        }
        let reasons: Option<Vec<_>> = reasons.into_iter().collect();
        reasons?.into_iter().next()
    }
}

/// Policy for a subscription whose queue stays full because its consumer is too slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlowConsumer {
    /// Frames are dropped; a [`Gap`] reports their number, and the subscription continues.
    #[default]
    Gap,
    /// The subscription ends: queued events first, then a [`Gap`], then `None`.
    ///
    /// The end reason is [`EndReason::SlowConsumer`]. Choose this policy for a consumer that must start again after any
    /// missed event. Other subscriptions are not affected.
    Disconnect,
}

/// Result of [`Buffer::take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeOutcome {
    /// Queued items were taken.
    Items {
        /// `true` if the connection has stopped reading until there is room: wake its driver.
        wake_driver: bool,
    },
    /// The buffer is empty.
    Empty,
    /// The buffer is empty and the subscription has ended.
    Ended,
}

/// Result of adding a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PushOutcome {
    Queued,
    /// Dropped and counted; the first dropped frame since the reader last kept up.
    FirstDropped,
    /// Dropped and counted.
    Dropped,
}

/// Bounded queue between a connection and one subscription.
#[derive(Debug)]
pub struct Buffer {
    capacity: Capacity,
    slow_consumer: SlowConsumer,
    items: VecDeque<Delivery>,
    /// Size of the frames in `items`, in bytes.
    bytes: usize,
    /// Gaps that did not fit, to be added after `items`. They are merged, so their number stays small.
    pending: Vec<Gap>,
    /// `true` while frames are dropped, until half of the buffer is drained.
    ///
    /// So a slow reader gets a few long gaps instead of many short ones.
    lagging: bool,
    /// Pause time that this subscription has used.
    backpressure: Backpressure,
    end: Option<EndReason>,
    reader_gone: bool,
    /// Number of frames that the connection received before the subscription was created.
    ///
    /// These frames do not belong to the subscription.
    read_before: u64,
    /// Queued frames by topic, as of when the reader was dropped.
    unread: Vec<u64>,
    counters: Vec<Arc<TopicCounters>>,
    /// Maximum number of items at any time.
    longest: usize,
}

impl Buffer {
    /// Creates an empty buffer.
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
            longest: 0,
        }
    }

    /// Moves all queued items into `into`, which must be empty.
    ///
    /// `now` is called only if the connection waits for room.
    pub fn take(
        &mut self,
        now: impl FnOnce() -> Instant,
        into: &mut VecDeque<Delivery>,
    ) -> TakeOutcome {
        // It only grows until it is taken.
        self.longest = self.longest.max(self.items.len());
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

    /// Returns `true` if a waiting reader must be woken.
    ///
    /// This is the case unless [`Buffer::take`] would return [`TakeOutcome::Empty`].
    pub fn is_readable(&self) -> bool {
        !self.items.is_empty() || !self.pending.is_empty() || self.end.is_some()
    }

    /// Returns the counters of all topics; complete once the subscription is answered.
    pub fn counters(&self) -> &[Arc<TopicCounters>] {
        &self.counters
    }

    /// Returns the ledger of each topic.
    ///
    /// `taken` contains the items that the reader has taken but not returned yet.
    pub fn ledger(&self, taken: &VecDeque<Delivery>) -> Vec<TopicLedger> {
        let counters = self.counters.iter().zip(self.queued(taken));
        counters
            .map(|(counters, queued)| counters.ledger(queued))
            .collect()
    }

    /// Returns the sums of the counters of all topics. It takes time proportional to the number of topics.
    pub fn totals(&self) -> BufferTotals {
        let mut totals = BufferTotals {
            queued_max: self.longest.max(self.items.len()) as u64,
            ..BufferTotals::default()
        };
        for counters in &self.counters {
            totals += counters.totals();
        }
        if self.reader_gone {
            totals.queued = 0;
        }
        totals
    }

    /// Returns the reason why the subscription has ended; `None` if it has not.
    ///
    /// Queued items may still have to be read.
    pub fn end_reason(&self) -> Option<&EndReason> {
        self.end.as_ref()
    }

    /// Closes the buffer because its reader is dropped, and drops all items.
    ///
    /// `taken` contains the items that the reader has taken but not returned. Wake the driver afterwards, so that the
    /// topics are unsubscribed.
    pub fn close(&mut self, taken: &VecDeque<Delivery>) {
        self.longest = self.longest.max(self.items.len());
        self.unread = self.queued(taken);
        self.reader_gone = true;
        self.end.get_or_insert(EndReason::Unsubscribed);
        self.items = VecDeque::new();
        self.pending = Vec::new();
    }

    /// Returns the number of queued frames by topic.
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

    /// Returns `true` if new items no longer reach a reader.
    pub(super) fn is_closed(&self) -> bool {
        self.reader_gone || self.end.is_some()
    }

    /// Starts the subscription after the connection's first `frames` frames.
    pub(super) fn begin(&mut self, frames: u64) {
        self.read_before = frames;
    }

    /// Returns the counters of a topic, and creates them if the topic is new.
    pub(super) fn counters_of(&mut self, topic: &Arc<str>) -> Arc<TopicCounters> {
        let counters = &mut self.counters;
        if let Some(known) = counters.iter().find(|known| known.topic == *topic) {
            return known.clone();
        }
        let new = Arc::new(TopicCounters::new(topic.clone(), counters.len()));
        counters.push(new.clone());
        new
    }

    /// Returns `true` if a frame of this size fits, or if frames are being dropped anyway.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.is_closed() || self.lagging || !self.is_full(bytes)
    }

    /// Records that the connection stops reading until there is room.
    ///
    /// Returns the maximum length of this pause.
    pub(super) fn pause(&mut self, now: Instant, limit: PauseLimit) -> Duration {
        self.backpressure.pause(now, limit)
    }

    /// Adds a frame to the queue, or drops and counts it.
    pub(super) fn push_frame(
        &mut self,
        now: Instant,
        counters: &TopicCounters,
        frame: Frame,
    ) -> PushOutcome {
        if self.is_closed() || frame.number <= self.read_before {
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

    /// Adds a gap after all items. Gaps are never dropped.
    pub(super) fn push_gap(&mut self, gap: Gap) {
        if self.is_closed() {
            return;
        }
        if self.lagging || self.items.len() >= self.capacity.frames {
            self.lagging = true;
            merge(&mut self.pending, gap);
        } else {
            self.items.push_back(Delivery::Gap(Box::new(gap)));
        }
    }

    /// Ends the subscription after all items.
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

/// Merges a gap into the gaps that did not fit.
///
/// There are no events between these gaps. So losses become one loss with the longest window, and the numbers of
/// dropped frames add up.
fn merge(pending: &mut Vec<Gap>, mut gap: Gap) {
    let lost = pending
        .iter()
        .position(|known| matches!(known.reason, GapReason::Lost { .. }));
    match &mut gap.reason {
        GapReason::Lost { .. } => {
            if let Some(lost) = lost {
                let mut index = 0;
                pending.retain(|known| {
                    index += 1;
                    index <= lost || !matches!(known.reason, GapReason::Live { .. })
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
