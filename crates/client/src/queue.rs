//! The bounded queue between a connection and one subscription: frames in order, and gaps in their places.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytestring::ByteString;
use kucoin_streams_session::CloseReason;
use kucoin_streams_wire::{Timestamp, WireError};
use tokio::sync::Notify;

use crate::ledger::{Fate, Tally};
use crate::overlap::Part;
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
    pub(crate) part: Part,
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
    Gap(Gap),
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

/// One subscription's queue. The connection's task writes and never waits; the subscription reads.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    capacity: usize,
    slow_consumer: SlowConsumer,
    /// Wakes the connection's task: the reader is gone, or has made room that was waited for.
    driver: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    /// Gaps behind `items` that found no room. At most two a topic: they merge.
    pending: Vec<Gap>,
    /// Frames are being missed until half of the queue is worked off, so that gaps come few and long.
    lagging: bool,
    /// The connection's task waits for room.
    awaited: bool,
    waker: Option<Waker>,
    end: Option<CloseReason>,
    reader_gone: bool,
    /// Frames up to this number were read before the subscription was made: they are not its.
    read_before: u64,
    tallies: Vec<Arc<Tally>>,
}

impl Queue {
    pub(crate) fn new(capacity: usize, slow_consumer: SlowConsumer, driver: Arc<Notify>) -> Self {
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

    /// True where a frame would fit, or where the reader has used up all patience.
    pub(crate) fn has_room(&self) -> bool {
        self.has_room_in(&mut self.lock())
    }

    /// Adds a frame as [`Queue::push_frame`] does, or gives it back where it has [no room](Queue::has_room).
    pub(crate) fn push_frame_if_room(
        &self,
        tally: &Tally,
        frame: Frame,
        wakers: &mut Wakers,
    ) -> Result<(), Frame> {
        let mut state = self.lock();
        if !self.has_room_in(&mut state) {
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

    fn has_room_in(&self, state: &mut State) -> bool {
        let over = state.reader_gone || state.end.is_some();
        let room = state.lagging || state.items.len() < self.capacity || over;
        state.awaited = !room;
        room
    }

    fn push_into(&self, state: &mut State, tally: &Tally, frame: Frame) {
        if state.reader_gone || state.end.is_some() || frame.number <= state.read_before {
            return;
        }
        tally.received();
        state.awaited = false;
        if state.lagging && state.items.len() <= self.capacity / 2 {
            state.lagging = false;
            let pending = std::mem::take(&mut state.pending);
            state.items.extend(pending.into_iter().map(Item::Gap));
        }
        if state.lagging || state.items.len() >= self.capacity {
            state.lagging = true;
            tally.count(Fate::Overflowed);
            let topic = tally.topic.clone();
            let reason = GapReason::Overflowed { missed: 1 };
            merge(&mut state.pending, Gap { topic, reason });
            if self.slow_consumer == SlowConsumer::Disconnect {
                state.end = Some(CloseReason::SlowConsumer);
                // The connection's task forgets it, and unsubscribes where nobody else listens.
                self.driver.notify_one();
            }
        } else {
            let topic = tally.index;
            state.items.push_back(Item::Frame { topic, frame });
        }
    }

    /// Adds a gap behind all that was pushed so far. It is never refused.
    pub(crate) fn push_gap(&self, gap: Gap, wakers: &mut Wakers) {
        let mut state = self.lock();
        if state.reader_gone || state.end.is_some() {
            return;
        }
        if state.lagging || state.items.len() >= self.capacity {
            state.lagging = true;
            merge(&mut state.pending, gap);
        } else {
            state.items.push_back(Item::Gap(gap));
        }
        wakers.take(&mut state);
    }

    /// Ends the queue behind all that was pushed so far.
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
        if into.is_empty() {
            into.extend(state.pending.drain(..).map(Item::Gap));
            state.lagging = false;
        }
        if !into.is_empty() {
            if std::mem::take(&mut state.awaited) {
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

/// Adds a gap to those that found no room; gaps of one topic and one kind become one.
fn merge(pending: &mut Vec<Gap>, gap: Gap) {
    for known in pending.iter_mut().filter(|known| known.topic == gap.topic) {
        match (&mut known.reason, &gap.reason) {
            (GapReason::Overflowed { missed }, GapReason::Overflowed { missed: more }) => {
                *missed += more;
                return;
            }
            (
                GapReason::Reconnected { live_at, epoch, .. },
                GapReason::Reconnected {
                    live_at: later,
                    epoch: newer,
                    ..
                },
            ) => {
                (*live_at, *epoch) = (*later, *newer);
                return;
            }
            _ => {}
        }
    }
    pending.push(gap);
}

#[cfg(test)]
mod tests;
