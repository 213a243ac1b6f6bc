//! Every decision of KuCoin's private streams, without IO.
//!
//! [`Streams`] is one connection with its subscriptions: token, dial, login, heartbeat, backoff, replay, rotation, and which
//! subscription gets which frame or [`Gap`]. A driver moves bytes, sleeps and calls. Nothing here knows a socket, a clock
//! or a source of randomness: time comes in as an argument and jitter from a seed, so that everything can be replayed in
//! a test, and driven by any runtime or none.
//!
//! The methods come in families, to be called in this order:
//!
//! 1. commands of the user: [`Streams::subscribe`], [`Streams::wait_live`], [`Streams::rotate`], [`Streams::close`];
//! 2. what happened: [`Streams::handle`] for the outcome of an output, [`Streams::message`] for each inbound message,
//!    [`Streams::tick`] when [`Streams::deadline`] has passed or a reader made room;
//! 3. after each of them, [`Streams::poll`] until it gives `None`, carrying out each [`Output`].
//!
//! Below it, usable alone: a [`Session`] keeps one connection up, and a [`RotatingSession`] moves to a new connection while
//! the one before it still serves, so that no event is missed by it.
//!
//! What holds after any sequence of calls, and is tested as such: when nothing is under way any more, the topics
//! that are wanted are the topics that are acknowledged; `Reconnected` is reported only when each wanted topic
//! has been acknowledged or refused on the new connection; and each dial is made with connection information of
//! its own.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod action;
mod config;
mod connection;
mod delivery;
mod event;
mod failure;
mod json;
mod placement;
mod rotation;
mod streams;

pub use action::{Action, CloseReason, FrameKind, Input, SessionEvent};
/// The bytes of an inbound message, shared and cheap to clone: [`Streams::message`] takes them.
pub use bytes::Bytes;
pub use config::SessionConfig;
pub use connection::Session;
pub use connection::backoff::Backoff;
pub use delivery::{
    Answer, Buffer, Capacity, ClockReading, ClosedError, DedupKey, DedupKeyFn, Delivery, EndReason,
    Frame, FrameOutcome, Gap, GapReason, Mailbox, OnRefusal, RotateError, SlowConsumer,
    SubscribeError, Subscribed, TakeOutcome, Ticket, TopicCounters, TopicLedger, dedup_key_fn,
};
pub use event::LifecycleEvent;
pub use failure::{Failure, FailureStage};
pub use placement::Placement;
pub use rotation::{ConnectionRole, Overlap, RotatingSession};
pub use streams::{ConnectionState, Output, Streams, Subscribe, Timeouts};

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
