//! The queue between a connection's task and the reader of one subscription, who may be on another thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use kucoin_streams_session::{
    Buffer, Capacity, Delivery, EndReason, Mailbox, SlowConsumer, TakeOutcome, TopicCounters,
    TopicLedger,
};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Readers that are to be woken once the connection's task has delivered everything that it has read: a wake-up costs
/// more than an event, and one for many events is enough.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(crate) fn wake_all(&mut self) {
        for waker in self.0.drain(..) {
            waker.wake();
        }
    }
}

/// The end of a queue at which the connection's task writes; it never waits.
#[derive(Clone, Debug)]
pub(crate) struct QueueMailbox(Arc<Queue>);

impl Mailbox for QueueMailbox {
    type Wakers = Wakers;

    #[inline]
    fn with<T>(&self, wakers: &mut Wakers, act: impl FnOnce(&mut Buffer) -> T) -> T {
        let mut state = self.0.lock();
        let outcome = act(&mut state.buffer);
        if state.waker.is_some() && state.buffer.is_readable() {
            wakers.0.extend(state.waker.take());
        }
        outcome
    }
}

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    /// Wakes the connection's task: the reader is gone, or has made room that was waited for.
    driver: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    buffer: Buffer,
    waker: Option<Waker>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of a user runs under the lock, so a poisoned one still holds whole data.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_reason(&self) -> Option<EndReason> {
        self.lock().buffer.end_reason().cloned()
    }
}

/// The end of a queue at which the subscription reads. Dropping it wakes the connection's task.
#[derive(Debug)]
pub(crate) struct QueueReader {
    queue: Arc<Queue>,
    /// TakeOutcome from the queue in one go, so that the lock is taken once for many events.
    taken: Batch,
    /// The counters of the topics, by their places in the queue.
    counters: Vec<Arc<TopicCounters>>,
}

/// A queue, by its two ends. `driver` wakes the connection's task.
pub(crate) fn queue(
    capacity: Capacity,
    slow_consumer: SlowConsumer,
    driver: Arc<Notify>,
) -> (QueueMailbox, QueueReader) {
    let state = State {
        buffer: Buffer::new(capacity, slow_consumer),
        waker: None,
    };
    let queue = Arc::new(Queue {
        state: Mutex::new(state),
        driver,
    });
    let reader = QueueReader {
        queue: queue.clone(),
        taken: Batch::Own(VecDeque::new()),
        counters: Vec::new(),
    };
    (QueueMailbox(queue), reader)
}

/// What a reader has taken from its queue and not returned yet.
#[derive(Debug)]
enum Batch {
    Own(VecDeque<Delivery>),
    /// A [`QueueWatch`] looks at it, too.
    Shared(Arc<Mutex<VecDeque<Delivery>>>),
}

impl Batch {
    #[inline]
    fn with<T>(&mut self, act: impl FnOnce(&mut VecDeque<Delivery>) -> T) -> T {
        match self {
            Self::Own(batch) => act(batch),
            Self::Shared(batch) => act(&mut lock(batch)),
        }
    }
}

/// Looks at a queue that another reads.
#[derive(Clone, Debug)]
pub(crate) struct QueueWatch {
    queue: Arc<Queue>,
    taken: Arc<Mutex<VecDeque<Delivery>>>,
}

impl QueueWatch {
    pub(crate) fn ledger(&self) -> Vec<TopicLedger> {
        let taken = lock(&self.taken);
        self.queue.lock().buffer.ledger(&taken)
    }

    pub(crate) fn end_reason(&self) -> Option<EndReason> {
        self.queue.end_reason()
    }
}

fn lock(batch: &Mutex<VecDeque<Delivery>>) -> MutexGuard<'_, VecDeque<Delivery>> {
    batch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl QueueReader {
    /// A handle that looks at the same queue.
    pub(crate) fn watch(&mut self) -> QueueWatch {
        let taken = match &mut self.taken {
            Batch::Shared(batch) => Arc::clone(batch),
            Batch::Own(batch) => {
                let batch = Arc::new(Mutex::new(std::mem::take(batch)));
                self.taken = Batch::Shared(Arc::clone(&batch));
                batch
            }
        };
        QueueWatch {
            queue: Arc::clone(&self.queue),
            taken,
        }
    }

    /// The next delivery; `None` is the end.
    #[inline]
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Delivery>> {
        if let Some(delivery) = self.taken.with(VecDeque::pop_front) {
            return Poll::Ready(Some(delivery));
        }
        self.taken.with(|taken| {
            let mut state = self.queue.lock();
            let known = self.counters.len();
            let new = state.buffer.counters().get(known..).unwrap_or_default();
            self.counters.extend_from_slice(new);
            let now = || Instant::now().into_std();
            match state.buffer.take(now, taken) {
                TakeOutcome::Items { wake_driver } => {
                    if wake_driver {
                        self.queue.driver.notify_one();
                    }
                    Poll::Ready(taken.pop_front())
                }
                TakeOutcome::Ended => Poll::Ready(None),
                TakeOutcome::Empty => {
                    match &mut state.waker {
                        Some(waker) => waker.clone_from(context.waker()),
                        empty => *empty = Some(context.waker().clone()),
                    }
                    Poll::Pending
                }
            }
        })
    }

    /// The counters of the topic at this place.
    pub(crate) fn counters(&self, topic: usize) -> Option<&Arc<TopicCounters>> {
        self.counters.get(topic)
    }

    /// The topics of the subscription by their places, once it is answered.
    pub(crate) fn topics(&self) -> Vec<Arc<str>> {
        let state = self.queue.lock();
        let counters = state.buffer.counters().iter();
        counters.map(|counters| counters.topic().clone()).collect()
    }

    /// True if more was taken out already.
    pub(crate) fn has_more(&mut self) -> bool {
        self.taken.with(|taken| !taken.is_empty())
    }

    pub(crate) fn ledger(&self) -> Vec<TopicLedger> {
        match &self.taken {
            Batch::Own(taken) => self.queue.lock().buffer.ledger(taken),
            Batch::Shared(taken) => {
                let taken = lock(taken);
                self.queue.lock().buffer.ledger(&taken)
            }
        }
    }

    pub(crate) fn end_reason(&self) -> Option<EndReason> {
        self.queue.end_reason()
    }
}

impl Drop for QueueReader {
    fn drop(&mut self) {
        let Self { queue, taken, .. } = self;
        taken.with(|taken| {
            queue.lock().buffer.close(taken);
            taken.clear();
        });
        self.queue.driver.notify_one();
    }
}
