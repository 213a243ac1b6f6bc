//! Events for any number of readers, each with an inbox that takes no more memory than what waits in it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// Room that an inbox keeps once it is empty: the events of a reconnection.
const MIN_CAPACITY: usize = 16;

/// Everybody who reads. When it is dropped, each inbox ends behind what waits in it.
pub(crate) struct Readers<T> {
    inboxes: Mutex<Vec<Weak<Inbox<T>>>>,
    /// So many events an inbox holds at most.
    capacity: usize,
}

/// One reader's events, from the moment on in which it was made. Dropping it is enough to be forgotten.
pub(crate) struct Reader<T>(Arc<Inbox<T>>);

/// What a reader comes upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received<T> {
    Event(T),
    /// So many events found no room, and would stand here.
    Missed(u64),
}

struct Inbox<T>(Mutex<State<T>>);

struct State<T> {
    waiting: VecDeque<T>,
    /// Events older than `waiting` that were let go for newer ones, since the reader was told last.
    missed: u64,
    /// Nothing comes any more.
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

    /// A reader of all events from now on.
    pub(crate) fn add(&self) -> Reader<T> {
        let inbox = Arc::new(Inbox(Mutex::new(State {
            waiting: VecDeque::new(),
            missed: 0,
            closed: false,
            waker: None,
        })));
        let mut inboxes = lock(&self.inboxes);
        // Readers may come and go while nothing is sent.
        inboxes.retain(|known| known.strong_count() > 0);
        inboxes.push(Arc::downgrade(&inbox));
        Reader(inbox)
    }

    /// Gives an event to everybody, in the same order to each, and waits for nobody.
    pub(crate) fn send(&self, event: &T) {
        let mut wakers = Vec::new();
        // One lock for all inboxes: who sends at the same time comes before or after, wherever one looks.
        lock(&self.inboxes).retain(|inbox| {
            let Some(inbox) = inbox.upgrade() else {
                return false;
            };
            wakers.extend(inbox.push(event.clone(), self.capacity));
            true
        });
        // A waker is a stranger's code, which may come back here.
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
    /// Adds an event, in place of the oldest where there is no room. Gives whom to wake.
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
    /// What is there already.
    pub(crate) fn take(&mut self) -> Option<Received<T>> {
        lock(&self.0.0).take()
    }

    /// The next event, or how many are missing before it; `None` once nothing comes any more.
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
    // Nothing is half done under a lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
