//! Sans-IO state machine of KuCoin's private streams.
//!
//! [`Streams`] manages one connection and its subscriptions: token, dial, login, heartbeat, reconnects with backoff,
//! rotation, and the routing of frames and [`Gap`]s to subscriptions. It does no I/O and reads no clock: the driver
//! passes in bytes and the current time, and carries out the outputs. Jitter comes from a seed. So any runtime can
//! drive it, and a test can replay every run.
//!
//! There are three groups of methods. Call them in this order:
//!
//! 1. Commands of the user: [`Streams::subscribe`], [`Streams::wait_live`], [`Streams::rotate`], [`Streams::close`].
//! 2. Inputs: [`Streams::handle`] for the result of an output, [`Streams::message`] for each inbound message,
//!    [`Streams::tick`] when [`Streams::deadline`] has passed or a reader has made room.
//! 3. After each of them, call [`Streams::poll`] until it returns `None`, and carry out each [`Output`].
//!
//! Two lower layers can be used alone: a [`Session`] keeps one connection open, and a [`RotatingSession`] also
//! replaces it by a new connection without missing an event.
//!
//! Property tests check these invariants over random sequences of calls: when no request is in flight, the
//! acknowledged topics are exactly the subscribed topics; `Reconnected` is emitted only after each subscribed topic
//! is acknowledged or refused on the new connection; and each dial uses new connection information.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod action;
mod config;
mod connection;
mod delivery;
mod drift;
mod event;
mod failure;
mod json;
mod placement;
mod rotation;
mod streams;

pub use action::{Action, CloseReason, FrameKind, Input, SessionEvent};
/// Bytes of an inbound message, cheap to clone; taken by [`Streams::message`].
pub use bytes::Bytes;
pub use config::SessionConfig;
pub use connection::Session;
pub use connection::backoff::Backoff;
pub use connection::probe::RoundTrip;
pub use delivery::{
    Answer, Buffer, BufferTotals, Capacity, ClockReading, ClosedError, DedupKey, DedupKeyFn,
    Delivery, EndReason, Frame, FrameOutcome, Gap, GapReason, Mailbox, OnRefusal, RotateError,
    SlowConsumer, SubscribeError, Subscribed, TakeOutcome, Ticket, TopicCounters, TopicLedger,
    dedup_key_fn,
};
pub use drift::{DriftFinding, DriftLog, TopicDrift};
pub use event::LifecycleEvent;
pub use failure::{Failure, FailureStage};
pub use placement::Placement;
pub use rotation::{ConnectionRole, Overlap, RotatingSession};
pub use streams::{
    ConnectionCounts, ConnectionState, Output, Streams, StreamsStats, Subscribe, Timeouts,
};

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
