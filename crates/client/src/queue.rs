//! The bounded queue between a connection and one subscription: frames in order, and gaps in their places.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use kucoin_streams_session::CloseReason;
use kucoin_streams_wire::Timestamp;
use tokio::sync::Notify;

use crate::{Gap, GapReason};

/// A frame on its way to a subscription.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) payload: Bytes,
    pub(crate) received_at: Timestamp,
    pub(crate) epoch: u64,
}

#[derive(Debug)]
pub(crate) enum Item {
    Frame { topic: Arc<str>, frame: Frame },
    Gap(Gap),
}

/// One subscription's queue. The connection's task writes and never waits; the subscription reads.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    capacity: usize,
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
}

impl Queue {
    pub(crate) fn new(capacity: usize, driver: Arc<Notify>) -> Self {
        Self {
            state: Mutex::default(),
            capacity,
            driver,
        }
    }

    /// True where a frame would fit, or where the reader has used up all patience.
    pub(crate) fn has_room(&self) -> bool {
        let mut state = self.lock();
        let room = state.lagging || state.items.len() < self.capacity || state.reader_gone;
        state.awaited = !room;
        room
    }

    /// Adds a frame of `topic`, or counts it as missed.
    pub(crate) fn push_frame(&self, topic: &Arc<str>, frame: Frame) {
        let mut state = self.lock();
        if state.reader_gone || state.end.is_some() {
            return;
        }
        state.awaited = false;
        if state.lagging && state.items.len() <= self.capacity / 2 {
            state.lagging = false;
            let pending = std::mem::take(&mut state.pending);
            state.items.extend(pending.into_iter().map(Item::Gap));
        }
        if state.lagging || state.items.len() >= self.capacity {
            state.lagging = true;
            let reason = GapReason::Overflowed { missed: 1 };
            merge(
                &mut state.pending,
                Gap {
                    topic: topic.clone(),
                    reason,
                },
            );
        } else {
            let topic = topic.clone();
            state.items.push_back(Item::Frame { topic, frame });
        }
        wake(state);
    }

    /// Adds a gap behind all that was pushed so far. It is never refused.
    pub(crate) fn push_gap(&self, gap: Gap) {
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
        wake(state);
    }

    /// Ends the queue behind all that was pushed so far.
    pub(crate) fn end(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.end.get_or_insert(reason);
        wake(state);
    }

    /// Moves all that waits into `into`, which is empty; `None` is the end.
    pub(crate) fn poll_take(
        &self,
        context: &mut Context<'_>,
        into: &mut VecDeque<Item>,
    ) -> Poll<Option<()>> {
        let mut state = self.lock();
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

    pub(crate) fn is_reader_gone(&self) -> bool {
        self.lock().reader_gone
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of a user runs under the lock, so a poisoned one still holds whole data.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
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
mod tests {
    use super::*;

    fn queue(capacity: usize) -> Queue {
        Queue::new(capacity, Arc::default())
    }

    fn frame(number: u8) -> Frame {
        Frame {
            payload: Bytes::copy_from_slice(&[number]),
            received_at: Timestamp::default(),
            epoch: 1,
        }
    }

    fn take(queue: &Queue) -> Vec<String> {
        let mut items = VecDeque::new();
        let mut context = Context::from_waker(Waker::noop());
        match queue.poll_take(&mut context, &mut items) {
            Poll::Pending => vec!["pending".into()],
            Poll::Ready(None) => vec!["end".into()],
            Poll::Ready(Some(())) => items
                .into_iter()
                .map(|item| match item {
                    Item::Frame { frame, .. } => frame.payload[0].to_string(),
                    Item::Gap(gap) => match gap.reason {
                        GapReason::Overflowed { missed } => format!("missed {missed}"),
                        GapReason::Reconnected { epoch, .. } => format!("epoch {epoch}"),
                        other => format!("{other:?}"),
                    },
                })
                .collect(),
        }
    }

    fn reconnected(topic: &Arc<str>, epoch: u64) -> Gap {
        let now = Timestamp::default();
        let reason = GapReason::Reconnected {
            last_event_at: None,
            lost_at: now,
            live_at: now,
            epoch,
        };
        Gap {
            topic: topic.clone(),
            reason,
        }
    }

    #[test]
    fn frames_and_gaps_keep_their_order() {
        let (queue, topic) = (queue(8), Arc::from("/a"));
        queue.push_frame(&topic, frame(1));
        queue.push_gap(reconnected(&topic, 2));
        queue.push_frame(&topic, frame(2));
        assert_eq!(take(&queue), ["1", "epoch 2", "2"]);
        assert_eq!(take(&queue), ["pending"]);
    }

    #[test]
    fn an_overflow_is_counted_exactly_and_told_behind_what_was_kept() {
        let (queue, topic) = (queue(2), Arc::from("/a"));
        for number in 0..7 {
            queue.push_frame(&topic, frame(number));
        }
        assert_eq!(take(&queue), ["0", "1"]);
        assert_eq!(take(&queue), ["missed 5"]);
        queue.push_frame(&topic, frame(9));
        assert_eq!(take(&queue), ["9"]);
    }

    #[test]
    fn the_gap_comes_before_the_first_frame_that_is_kept_again() {
        let (queue, topic) = (queue(2), Arc::from("/a"));
        for number in 0..3 {
            queue.push_frame(&topic, frame(number));
        }
        assert_eq!(take(&queue), ["0", "1"]);
        queue.push_frame(&topic, frame(3));
        assert_eq!(take(&queue), ["missed 1", "3"]);
    }

    #[test]
    fn gaps_without_room_merge_and_stay_bounded() {
        let (queue, topic) = (queue(1), Arc::from("/a"));
        queue.push_frame(&topic, frame(0));
        for epoch in 2..1_000 {
            queue.push_frame(&topic, frame(1));
            queue.push_gap(reconnected(&topic, epoch));
        }
        assert_eq!(queue.lock().pending.len(), 2);
        assert_eq!(take(&queue), ["0"]);
        assert_eq!(take(&queue), ["missed 998", "epoch 999"]);
    }

    #[test]
    fn the_end_comes_behind_everything() {
        let (queue, topic) = (queue(1), Arc::from("/a"));
        queue.push_frame(&topic, frame(0));
        queue.push_frame(&topic, frame(1));
        queue.end(CloseReason::Requested);
        queue.push_frame(&topic, frame(2));
        assert_eq!(take(&queue), ["0"]);
        assert_eq!(take(&queue), ["missed 1"]);
        assert_eq!(take(&queue), ["end"]);
        assert_eq!(queue.end_reason(), Some(CloseReason::Requested));
    }

    #[test]
    fn a_reader_that_lags_is_not_waited_for_twice() {
        let (queue, topic) = (queue(2), Arc::from("/a"));
        queue.push_frame(&topic, frame(0));
        assert!(queue.has_room());
        queue.push_frame(&topic, frame(1));
        assert!(!queue.has_room());
        queue.push_frame(&topic, frame(2));
        assert!(
            queue.has_room(),
            "its patience is used up: the frame is missed at once"
        );
    }
}
