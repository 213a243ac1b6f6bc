//! Queue between the task of a connection and the reader of one subscription.
//!
//! The reader may be on another thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use kucoin_streams_session::{
    Buffer, BufferTotals, Capacity, Delivery, EndReason, Mailbox, SlowConsumer, TakeOutcome,
    TopicCounters, TopicLedger,
};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Of this number of items, the latency of one is measured.
const SAMPLING: u32 = 64;

/// Readers to wake once the task has delivered all received frames.
///
/// Readers are not woken for each frame, because a wake-up costs more than an event.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(crate) fn wake_all(&mut self) {
        for waker in self.0.drain(..) {
            waker.wake();
        }
    }
}

/// Writing end of a queue, for the task of the connection; it never waits.
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

/// Shared state of a queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the task of the connection: the reader was dropped or has made room.
    driver: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    buffer: Buffer,
    waker: Option<Waker>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under the lock, so the data is intact even if it is poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_reason(&self) -> Option<EndReason> {
        self.lock().buffer.end_reason().cloned()
    }

    /// Returns the sums of the frame counters of all topics.
    pub(crate) fn totals(&self) -> BufferTotals {
        self.lock().buffer.totals()
    }
}

/// Reading end of a queue. Dropping it wakes the task of the connection.
#[derive(Debug)]
pub(crate) struct QueueReader {
    queue: Arc<Queue>,
    /// Items taken from the queue at once, so that the lock is taken once for many events.
    taken: Batch,
    /// Counters of the topics, by their index in the buffer.
    counters: Vec<Arc<TopicCounters>>,
    /// Number of items returned since the reader last took some from the queue.
    returned: u32,
}

/// Creates a queue and returns its two ends. `driver` wakes the task of the connection.
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
        taken: Batch::Owned(VecDeque::new()),
        counters: Vec::new(),
        returned: 0,
    };
    (QueueMailbox(queue), reader)
}

/// Items that the reader has taken but not returned yet.
#[derive(Debug)]
enum Batch {
    Owned(VecDeque<Delivery>),
    /// Shared with a [`QueueWatch`].
    Shared(Arc<Mutex<VecDeque<Delivery>>>),
}

impl Batch {
    #[inline]
    fn with<T>(&mut self, act: impl FnOnce(&mut VecDeque<Delivery>) -> T) -> T {
        match self {
            Self::Owned(batch) => act(batch),
            Self::Shared(batch) => act(&mut lock(batch)),
        }
    }
}

/// Handle to the counters of a queue that another task reads.
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
    /// Returns a handle to the counters of this queue.
    pub(crate) fn watch(&mut self) -> QueueWatch {
        let taken = match &mut self.taken {
            Batch::Shared(batch) => Arc::clone(batch),
            Batch::Owned(batch) => {
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

    /// Polls the next item; `None` if the subscription has ended.
    #[inline]
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Delivery>> {
        if let Some(delivery) = self.taken.with(VecDeque::pop_front) {
            self.returned = self.returned.wrapping_add(1);
            return Poll::Ready(Some(delivery));
        }
        self.returned = 0;
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

    /// Returns the shared state of the queue.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Returns `true` if the last item is a sample for the latency of delivery.
    ///
    /// This is the first of each batch and every 64th after it, because reading the clock costs as much as a few percent
    /// of an event.
    #[inline]
    pub(crate) fn is_sample(&self) -> bool {
        self.returned.is_multiple_of(SAMPLING)
    }

    /// Returns the counters of the topic with this index.
    pub(crate) fn counters(&self, topic: usize) -> Option<&Arc<TopicCounters>> {
        self.counters.get(topic)
    }

    /// Returns the topics of the subscription by index, once it is answered.
    pub(crate) fn topics(&self) -> Vec<Arc<str>> {
        let state = self.queue.lock();
        let counters = state.buffer.counters().iter();
        counters.map(|counters| counters.topic().clone()).collect()
    }

    /// Returns `true` if the reader still has items that it took from the queue.
    pub(crate) fn has_more(&mut self) -> bool {
        self.taken.with(|taken| !taken.is_empty())
    }

    pub(crate) fn ledger(&self) -> Vec<TopicLedger> {
        match &self.taken {
            Batch::Owned(taken) => self.queue.lock().buffer.ledger(taken),
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
