//! Broadcast of events to any number of readers. An empty queue uses almost no memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// Capacity that an empty inbox keeps: the events of one reconnect.
const MIN_CAPACITY: usize = 16;

/// All readers of a broadcast. Dropping it ends each inbox after its queued events.
pub(crate) struct Readers<T> {
    inboxes: Mutex<Vec<Weak<Inbox<T>>>>,
    /// Maximum number of events per inbox.
    capacity: usize,
}

/// A reader of all events since its creation. Dropping the reader removes it from the broadcast.
pub(crate) struct Reader<T>(Arc<Inbox<T>>);

/// Item of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received<T> {
    Event(T),
    /// This number of events was dropped at this position.
    Missed(u64),
}

struct Inbox<T>(Mutex<State<T>>);

struct State<T> {
    waiting: VecDeque<T>,
    /// Number of events dropped since the last `Missed`, all older than `waiting`.
    missed: u64,
    /// `true` if no more events follow.
    closed: bool,
    waker: Option<Waker>,
}

impl<T: Clone> Readers<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            inboxes: Mutex::default(),
            capacity: capacity.max(1),
        }
    }

    /// Adds a reader of all events from now on.
    pub(crate) fn add(&self) -> Reader<T> {
        let inbox = Arc::new(Inbox(Mutex::new(State {
            waiting: VecDeque::new(),
            missed: 0,
            closed: false,
            waker: None,
        })));
        let mut inboxes = lock(&self.inboxes);
        // Dropped readers must not accumulate while nothing is sent.
        inboxes.retain(|known| known.strong_count() > 0);
        inboxes.push(Arc::downgrade(&inbox));
        Reader(inbox)
    }

    /// Sends an event to all readers, in the same order for each, without waiting.
    pub(crate) fn send(&self, event: &T) {
        let mut wakers = Vec::new();
        // One lock for all inboxes gives concurrent senders the same order in each.
        lock(&self.inboxes).retain(|inbox| {
            let Some(inbox) = inbox.upgrade() else {
                return false;
            };
            wakers.extend(inbox.push(event.clone(), self.capacity));
            true
        });
        // Wake outside of the lock: a waker may call back into this.
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Readers<T> {
    fn drop(&mut self) {
        let inboxes = std::mem::take(&mut *lock(&self.inboxes));
        for inbox in inboxes.iter().filter_map(Weak::upgrade) {
            let mut state = lock(&inbox.0);
            state.closed = true;
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl<T> fmt::Debug for Readers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}

impl<T> Inbox<T> {
    /// Adds an event, and drops the oldest if the inbox is full. Returns the waker of the reader.
    fn push(&self, event: T, capacity: usize) -> Option<Waker> {
        let mut state = lock(&self.0);
        if state.waiting.len() >= capacity {
            state.waiting.pop_front();
            state.missed += 1;
        }
        state.waiting.push_back(event);
        state.waker.take()
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Option<Received<T>> {
        if self.missed > 0 {
            return Some(Received::Missed(std::mem::take(&mut self.missed)));
        }
        let event = self.waiting.pop_front()?;
        if self.waiting.is_empty() {
            self.waiting.shrink_to(MIN_CAPACITY);
        }
        Some(Received::Event(event))
    }
}

impl<T> Reader<T> {
    /// Returns the next item; `None` if there is none.
    pub(crate) fn take(&mut self) -> Option<Received<T>> {
        lock(&self.0.0).take()
    }

    /// Polls the next event, or the number of dropped events before it; `None` if no more follow.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Received<T>>> {
        let mut state = lock(&self.0.0);
        let received = state.take();
        if received.is_some() || state.closed {
            return Poll::Ready(received);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The data is intact even if a lock is poisoned.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
