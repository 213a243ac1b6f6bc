//! Tokio driver of KuCoin private streams: sockets, timers, queues and handles.
//!
//! One task per connection moves bytes between a transport and the `Streams` of the session crate, which take every
//! decision. Frames are decoded where the events are taken, so a slow or panicking consumer harms itself alone.
//!
//! These tasks run on a thread of their own ([`ConnectionRuntime`]), so a consumer may block its thread: heartbeats go
//! on, its events wait in its queue, and what finds no room there is counted in a [`Gap`].
//!
//! [`Connections`] is the handle of such tasks, for any connection kind, any `ConnectionSource` and any transport. A [`Subscription`] is a stream of `Result<Update, Gap>`: events, and exactly
//! between the events where it happened, whatever may be missing.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod config;
mod connection;
mod connections;
mod dial_limiter;
mod driver;
mod failure;
mod feed;
mod inbox;
mod lifecycle;
mod queue;
mod runtime;
mod subscription;
#[cfg(feature = "test-util")]
pub mod test_util;
mod update;

pub use config::Config;
pub use connections::Connections;
pub use dial_limiter::DialLimiter;
pub use kucoin_streams_session::{
    ClosedError, ConnectionState, EndReason, Gap, GapReason, LifecycleEvent, RotateError,
    SlowConsumer, SubscribeError, TopicLedger,
};
pub use lifecycle::{Lifecycle, LifecycleSender, LifecycleStream};
pub use runtime::ConnectionRuntime;
pub use subscription::{Events, Subscription, SubscriptionHandle};
pub use update::{Origin, Update};

#[doc(hidden)]
#[deprecated(note = "renamed to `DialLimiter`")]
pub type DialBudget = DialLimiter;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
