//! The bounded queue between a connection and one subscription: frames in order, and gaps in their places.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytestring::ByteString;
use kucoin_streams_session::CloseReason;
use kucoin_streams_wire::{Timestamp, WireError};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use crate::backpressure::{Backpressure, PauseLimit};
use crate::ledger::{Fate, Tally};
use crate::{Gap, GapReason, SlowConsumer, TopicLedger};

/// A frame on its way to a subscription.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// What came; where it is no text, as near as text can be to it.
    pub(crate) text: ByteString,
    pub(crate) received_at: Timestamp,
    pub(crate) epoch: u64,
    /// Its number among all frames that the connection's task has read.
    pub(crate) number: u64,
    /// Set where it is not of the protocol: nobody is to decode it.
    pub(crate) fault: Option<Box<WireError>>,
}

#[derive(Debug)]
pub(crate) enum Item {
    /// A frame, and the place of its topic among the tallies of the queue.
    Frame {
        topic: usize,
        frame: Frame,
    },
    Gap(Box<Gap>),
}

/// Readers that are to be woken once the connection's task has handed on all that it has read: a wake-up costs more
/// than an event, and one for many events is enough.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<Waker>);

impl Wakers {
    fn take(&mut self, state: &mut State) {
        self.0.extend(state.waker.take());
    }

    pub(crate) fn wake_all(&mut self) {
        for waker in self.0.drain(..) {
            waker.wake();
        }
    }
}

/// What a queue holds at most. One frame fits whatever its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

/// One subscription's queue. The connection's task writes and never waits; the subscription reads.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    capacity: Capacity,
    slow_consumer: SlowConsumer,
    /// Wakes the connection's task: the reader is gone, or has made room that was waited for.
    driver: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    /// Bytes of the frames in `items`.
    bytes: usize,
    /// Gaps after `items` that found no room. They merge, so that they stay few.
    pending: Vec<Gap>,
    /// Frames are dropped until half of the queue is drained, so that gaps come few and long.
    lagging: bool,
    /// While the connection's task waits for room it does not read.
    backpressure: Backpressure,
    waker: Option<Waker>,
    end: Option<CloseReason>,
    reader_gone: bool,
    /// Frames up to this number were read before the subscription was made: they are not its.
    read_before: u64,
    tallies: Vec<Arc<Tally>>,
}

impl Queue {
    pub(crate) fn new(
        capacity: Capacity,
        slow_consumer: SlowConsumer,
        driver: Arc<Notify>,
    ) -> Self {
        Self {
            state: Mutex::default(),
            capacity,
            slow_consumer,
            driver,
        }
    }

    /// The connection's task takes the queue up after this many frames.
    pub(crate) fn begin(&self, frames: u64) {
        self.lock().read_before = frames;
    }

    /// The counters of a topic.
    pub(crate) fn tally(&self, topic: &Arc<str>) -> Arc<Tally> {
        let tallies = &mut self.lock().tallies;
        if let Some(known) = tallies.iter().find(|tally| tally.topic == *topic) {
            return known.clone();
        }
        let tally = Arc::new(Tally::new(topic.clone(), tallies.len()));
        tallies.push(tally.clone());
        tally
    }

    /// The counters of all topics, by their places: those of the subscription's requests, which are there once it is
    /// answered.
    pub(crate) fn tallies(&self) -> Vec<Arc<Tally>> {
        self.lock().tallies.clone()
    }

    /// What became of all topics' frames; `taken` is what the subscription has taken out and not handed on yet.
    pub(crate) fn ledger(&self, taken: &VecDeque<Item>) -> Vec<TopicLedger> {
        let state = self.lock();
        let mut queued = vec![0; state.tallies.len()];
        for item in state.items.iter().chain(taken) {
            if let Item::Frame { topic, .. } = item
                && let Some(queued) = queued.get_mut(*topic)
            {
                *queued += 1;
            }
        }
        let tallies = state.tallies.iter().zip(queued);
        tallies
            .map(|(tally, queued)| tally.ledger(queued))
            .collect()
    }

    /// True if a frame of this many bytes would fit, or if frames are dropped anyway.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.has_room_in(&self.lock(), bytes)
    }

    /// The connection stops reading until this queue has room, which its reader reports; gives for how long it may.
    pub(crate) fn pause(&self, limit: PauseLimit) -> Duration {
        self.lock().backpressure.pause(Instant::now(), limit)
    }

    /// Adds a frame as [`Queue::push_frame`] does, or gives it back if it has [no room](Queue::has_room).
    pub(crate) fn push_frame_if_room(
        &self,
        tally: &Tally,
        frame: Frame,
        wakers: &mut Wakers,
    ) -> Result<(), Frame> {
        let mut state = self.lock();
        if !self.has_room_in(&state, frame.text.len()) {
            return Err(frame);
        }
        self.push_into(&mut state, tally, frame);
        wakers.take(&mut state);
        Ok(())
    }

    /// Adds a frame of the topic whose counters these are, or counts it as missed.
    pub(crate) fn push_frame(&self, tally: &Tally, frame: Frame, wakers: &mut Wakers) {
        let mut state = self.lock();
        self.push_into(&mut state, tally, frame);
        wakers.take(&mut state);
    }

    fn has_room_in(&self, state: &State, bytes: usize) -> bool {
        let is_over = state.reader_gone || state.end.is_some();
        is_over || state.lagging || !state.is_full(self.capacity, bytes)
    }

    fn push_into(&self, state: &mut State, tally: &Tally, frame: Frame) {
        if state.reader_gone || state.end.is_some() || frame.number <= state.read_before {
            return;
        }
        let bytes = frame.text.len();
        tally.received();
        if state.backpressure.is_pausing() {
            state.backpressure.resume(Instant::now());
        }
        if state.lagging && state.is_half_drained(self.capacity) {
            state.lagging = false;
            let pending = std::mem::take(&mut state.pending);
            state
                .items
                .extend(pending.into_iter().map(|gap| Item::Gap(Box::new(gap))));
        }
        if state.lagging || state.is_full(self.capacity, bytes) {
            if !std::mem::replace(&mut state.lagging, true) {
                let topic = &*tally.topic;
                tracing::warn!(
                    topic,
                    "slow consumer: its queue is full, events are dropped"
                );
            }
            tally.count(Fate::Overflowed);
            merge(
                &mut state.pending,
                Gap::of_topic(&tally.topic, GapReason::Overflowed { missed: 1 }),
            );
            if self.slow_consumer == SlowConsumer::Disconnect {
                state.end = Some(CloseReason::SlowConsumer);
                // The connection's task forgets it, and unsubscribes where nobody else listens.
                self.driver.notify_one();
            }
        } else {
            let topic = tally.index;
            state.bytes += bytes;
            state.items.push_back(Item::Frame { topic, frame });
        }
    }

    /// Adds a gap after all that was pushed so far. It is never refused.
    pub(crate) fn push_gap(&self, gap: Gap, wakers: &mut Wakers) {
        let mut state = self.lock();
        if state.reader_gone || state.end.is_some() {
            return;
        }
        Self::log(&gap);
        if state.lagging || state.items.len() >= self.capacity.frames {
            state.lagging = true;
            merge(&mut state.pending, gap);
        } else {
            state.items.push_back(Item::Gap(Box::new(gap)));
        }
        wakers.take(&mut state);
    }

    /// Logs a gap. Refusals and the end of the connection are logged as lifecycle events.
    fn log(gap: &Gap) {
        match gap.reason {
            GapReason::Live { .. } => tracing::info!("{gap}"),
            GapReason::Refused { .. } | GapReason::Closed { .. } => {}
            _ => tracing::warn!("{gap}"),
        }
    }

    /// Ends the queue after all that was pushed so far.
    pub(crate) fn end(&self, reason: CloseReason, wakers: &mut Wakers) {
        let mut state = self.lock();
        state.end.get_or_insert(reason);
        wakers.take(&mut state);
    }

    /// Moves all that waits into `into`, which is empty, and adds to `tallies` those that are new; `None` is the end.
    pub(crate) fn poll_take(
        &self,
        context: &mut Context<'_>,
        into: &mut VecDeque<Item>,
        tallies: &mut Vec<Arc<Tally>>,
    ) -> Poll<Option<()>> {
        let mut state = self.lock();
        let known = tallies.len();
        tallies.extend_from_slice(state.tallies.get(known..).unwrap_or_default());
        std::mem::swap(&mut state.items, into);
        state.bytes = 0;
        if into.is_empty() {
            into.extend(state.pending.drain(..).map(|gap| Item::Gap(Box::new(gap))));
            state.lagging = false;
        }
        if !into.is_empty() {
            if state.backpressure.is_pausing() {
                state.backpressure.resume(Instant::now());
                self.driver.notify_one();
            }
            return Poll::Ready(Some(()));
        }
        if state.end.is_some() {
            return Poll::Ready(None);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Why the queue ended, once it has.
    pub(crate) fn end_reason(&self) -> Option<CloseReason> {
        self.lock().end.clone()
    }

    /// The reader is gone: nothing is kept any more, and the connection's task is told.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.reader_gone = true;
        state.items = VecDeque::new();
        state.pending = Vec::new();
        drop(state);
        self.driver.notify_one();
    }

    /// True where nothing that is pushed reaches anybody.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.lock();
        state.reader_gone || state.end.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of a user runs under the lock, so a poisoned one still holds whole data.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn is_full(&self, capacity: Capacity, bytes: usize) -> bool {
        let is_too_long = self.bytes.saturating_add(bytes) > capacity.bytes;
        self.items.len() >= capacity.frames || (is_too_long && !self.items.is_empty())
    }

    fn is_half_drained(&self, capacity: Capacity) -> bool {
        self.items.len() <= capacity.frames / 2 && self.bytes <= capacity.bytes / 2
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
