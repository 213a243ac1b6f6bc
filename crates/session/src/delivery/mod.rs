//! Delivery of frames and gaps to subscriptions, in order.

mod answer;
mod buffer;
mod dedup;
mod error;
mod frame;
mod gap;
mod ledger;
mod pause;
mod route_cache;
mod routes;
mod subscriber;

pub(crate) use answer::PendingAnswer;
pub use answer::{Answer, OnRefusal, Subscribed, Ticket};
pub use buffer::{Buffer, Capacity, Delivery, EndReason, Mailbox, SlowConsumer, TakeOutcome};
pub use dedup::{DedupKey, DedupKeyFn, dedup_key_fn};
pub use error::{ClosedError, RotateError, SubscribeError};
pub use frame::Frame;
pub use gap::{Gap, GapReason};
pub use ledger::{BufferTotals, FrameOutcome, TopicCounters, TopicLedger};
pub(crate) use pause::PauseLimit;
pub(crate) use route_cache::RouteId;
pub(crate) use routes::{Loss, Routes, Undelivered, WhenFull};

use std::collections::VecDeque;
use std::time::Instant;

use kucoin_streams_core::Timestamp;

use crate::streams::Output;

/// The current time, read from the monotonic clock and from the wall clock.
///
/// Deadlines use the monotonic clock. Times that users see, such as those of a [`Gap`], use the wall clock.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClockReading {
    /// Time of the monotonic clock.
    pub monotonic: Instant,
    /// Time of the wall clock of this machine.
    pub wall: Timestamp,
}

impl ClockReading {
    /// Creates a reading from the times of both clocks.
    pub const fn new(monotonic: Instant, wall: Timestamp) -> Self {
        Self { monotonic, wall }
    }
}

/// State that delivery functions need: the current time, the readers to wake, and the output queue.
pub(crate) struct DeliveryContext<'a, M: Mailbox> {
    pub(crate) now: ClockReading,
    /// Epoch of the current connection.
    pub(crate) epoch: u64,
    pub(crate) wakers: &'a mut M::Wakers,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl<M: Mailbox> DeliveryContext<'_, M> {
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.outputs.push_back(Output::Answer(ticket, answer));
    }
}
