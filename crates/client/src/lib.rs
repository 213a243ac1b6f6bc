//! Tokio driver of KuCoin private streams: subscriptions, lifecycle events and gaps.
//!
//! One task per connection moves bytes between a transport and a `Session`, which takes every decision, and hands
//! frames to subscriptions through bounded queues. Decoding happens where the events are taken, so a slow or
//! panicking consumer harms itself alone.
//!
//! These tasks run on a thread of their own ([`ConnectionRuntime`]), so a consumer may block its thread: heartbeats go
//! on, its events wait in its queue, and what finds no room there is counted in a [`Gap`].
//!
//! A [`Connection`] is the handle of such a task. It is generic over the seams below it: any connection kind, any
//! `ConnectionSource`, any transport. A [`Subscription`] is a stream of `Result<Update, Gap>`: events, and exactly
//! between the events where it happened, whatever may be missing.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod backpressure;
mod config;
mod connection;
mod connections;
mod destinations;
mod dials;
mod driver;
mod error;
mod failure;
mod feed;
mod gap;
mod handover;
mod inbox;
mod intake;
mod ledger;
mod lifecycle;
mod line;
mod link;
mod outage;
mod outcome;
mod queue;
mod routes;
mod runtime;
mod subscription;
mod update;
mod waiting;

pub use config::{Config, SlowConsumer};
pub use connection::{Connection, ConnectionState};
pub use connections::Connections;
pub use dials::DialBudget;
pub use error::{ClosedError, RotateError, SubscribeError};
pub use gap::{Gap, GapReason};
pub use ledger::TopicLedger;
pub use lifecycle::{Lifecycle, LifecycleEvent, LifecycleSender, LifecycleStream};
pub use runtime::ConnectionRuntime;
pub use subscription::{Events, Subscription};
pub use update::{Origin, Update};
