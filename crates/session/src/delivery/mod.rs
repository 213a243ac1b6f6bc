//! Delivery: which subscription gets what, in which order, and what it is told of events that it may miss.

mod answer;
mod buffer;
mod error;
mod frame;
mod gap;
mod identity;
mod ledger;
mod pause;
mod route_cache;
mod routes;
mod subscriber;

pub(crate) use answer::PendingAnswer;
pub use answer::{Answer, OnRefusal, Subscribed, Ticket};
pub use buffer::{Buffer, Capacity, Delivery, EndReason, Mailbox, SlowConsumer, Taken};
pub use error::{ClosedError, RotateError, SubscribeError};
pub use frame::Frame;
pub use gap::{Gap, GapReason};
pub use identity::{Identify, Identity, identify};
pub use ledger::{FrameOutcome, TopicCounters, TopicLedger};
pub(crate) use pause::PauseLimit;
pub(crate) use route_cache::RouteId;
pub(crate) use routes::{Loss, Routes, Undelivered, WhenFull};

use std::collections::VecDeque;
use std::time::Instant;

use kucoin_streams_core::Timestamp;

use crate::streams::Output;

/// One moment by both clocks: deadlines are judged by the monotonic one, users see the wall clock.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Moment {
    /// The monotonic clock.
    pub clock: Instant,
    /// The wall clock of this machine.
    pub wall: Timestamp,
}

impl Moment {
    /// The same moment by the monotonic clock and by the wall clock.
    pub const fn new(clock: Instant, wall: Timestamp) -> Self {
        Self { clock, wall }
    }
}

/// What one step of delivery works with: its moment, and where wake-ups and answers go.
pub(crate) struct Step<'a, M: Mailbox> {
    pub(crate) now: Moment,
    /// The number of the connection whose events are delivered.
    pub(crate) epoch: u64,
    pub(crate) wakers: &'a mut M::Wakers,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl<M: Mailbox> Step<'_, M> {
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.outputs.push_back(Output::Answer(ticket, answer));
    }
}
