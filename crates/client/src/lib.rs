//! Tokio driver of KuCoin's private streams: sockets, timers, queues and subscriptions.
//!
//! Each connection has one task that moves bytes between a transport and the `Streams` of `kucoin-streams-session`,
//! which makes all decisions. A frame is decoded when the consumer takes it, so a consumer that panics affects no other
//! subscription. [`Config::backpressure_timeout`] limits how long a slow consumer delays the others of its connection.
//!
//! The tasks run on a thread of their own by default ([`ConnectionRuntime`]). A consumer may block its own thread:
//! heartbeats continue, events wait in the queue of the subscription, and events that do not fit are counted in a
//! [`Gap`].
//!
//! [`Connections`] manages the connections of one kind, with any `ConnectionSource` and any transport. A
//! [`Subscription`] is a stream of `Result<Update, Gap>`: events, and a gap exactly where events may be missing.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod config;
mod connection;
mod connections;
mod dial_limiter;
mod drift;
mod driver;
mod failure;
mod feed;
mod inbox;
mod lifecycle;
mod queue;
mod runtime;
mod stats;
mod subscription;
#[cfg(feature = "test-util")]
pub mod test_util;
mod update;

pub use config::Config;
pub use connections::Connections;
pub use dial_limiter::DialLimiter;
pub use kucoin_streams_session::{
    ClosedError, ConnectionState, DriftFinding, EndReason, Gap, GapReason, LifecycleEvent,
    RotateError, SlowConsumer, SubscribeError, TopicDrift, TopicLedger,
};
pub use lifecycle::{Lifecycle, LifecycleSender, LifecycleStream};
pub use runtime::ConnectionRuntime;
pub use stats::{ConnectionCounters, ConnectionStats, LatencyStats, LatencySummary};
pub use subscription::{Events, Subscription, SubscriptionHandle};
pub use update::{Origin, Update};

#[doc(hidden)]
#[deprecated(note = "renamed to `DialLimiter`")]
pub type DialBudget = DialLimiter;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
