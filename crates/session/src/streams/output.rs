//! Outputs, settings and state of [`Streams`](crate::Streams).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::SecretUrl;
use zeroize::Zeroizing;

use crate::delivery::{Answer, DedupKeyFn, Gap, OnRefusal, Ticket};
use crate::{CloseReason, ConnectionRole, LifecycleEvent};

/// State of a connection.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Not opened yet, connecting, or reconnecting after a loss.
    Connecting,
    /// Live; after a loss, every topic is acknowledged or refused again.
    Live,
    /// Closed.
    Closed(CloseReason),
}

impl ConnectionState {
    /// Returns the name of the state: `connecting`, `live` or `closed`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Closed(_) => "closed",
        }
    }
}

/// Instruction to the driver of [`Streams`](crate::Streams).
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Request the connection information for one dial from the source.
    ///
    /// Answer with [`Input::ConnectionInfo`](crate::Input::ConnectionInfo).
    /// A driver that limits its dials calls [`Streams::dial_queued`](crate::Streams::dial_queued) while the dial
    /// waits for its turn, and [`Streams::fetch_started`](crate::Streams::fetch_started) when it asks the source.
    FetchConnectionInfo(ConnectionRole),
    /// Dial this URL, and answer with [`Input::Dialled`](crate::Input::Dialled).
    ///
    /// Use the URL for one dial only.
    Dial(ConnectionRole, SecretUrl),
    /// Send this text frame. It may contain a login: never log it.
    Send(ConnectionRole, Zeroizing<String>),
    /// Cancel the fetch or dial of this connection, or close it with this WebSocket close code.
    ///
    /// Do not pass in later results of that fetch, dial or connection.
    HangUp(ConnectionRole, u16),
    /// The replacement connection becomes the current one. Close the old connection with code 1000.
    TakeOver,
    /// Answer to the command with this ticket.
    Answer(Ticket, Answer),
    /// New state of the connection.
    State(ConnectionState),
    /// Report this event to the user.
    Event(LifecycleEvent),
    /// Report this event to the user: a topic is refused for good.
    Refusal(LifecycleEvent),
    /// This gap was delivered to a subscription: write it to the log.
    ///
    /// Gaps for refusals and for the end of the connection have no such output: lifecycle events report them.
    Gap(Gap),
    /// The queue of a subscription to this topic is full, and frames are dropped: write it to the log.
    ///
    /// The ledger and a gap count the dropped frames.
    Overflowing(Arc<str>),
}

/// Timeouts of [`Streams`](crate::Streams).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// Maximum time until a subscription is live.
    pub connect_timeout: Duration,
    /// Maximum time for which reading pauses while queues are full.
    pub backpressure_timeout: Duration,
}

impl Timeouts {
    /// Creates timeouts.
    pub fn new(connect_timeout: Duration, backpressure_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            backpressure_timeout,
        }
    }
}

/// A subscription to create: its requests, queue and policies.
#[non_exhaustive]
pub struct Subscribe<R, M> {
    /// Wire requests; at least one.
    pub requests: Vec<R>,
    /// Queue of the subscription.
    pub mailbox: M,
    /// Computes dedup keys, from [`dedup_key_fn`](crate::dedup_key_fn).
    pub dedup_key_fn: DedupKeyFn,
    /// Policy if KuCoin refuses one of several requests.
    pub on_refusal: OnRefusal,
}

impl<R, M> Subscribe<R, M> {
    /// Creates a subscription to all of these requests.
    pub fn new(
        requests: Vec<R>,
        mailbox: M,
        dedup_key_fn: DedupKeyFn,
        on_refusal: OnRefusal,
    ) -> Self {
        Self {
            requests,
            mailbox,
            dedup_key_fn,
            on_refusal,
        }
    }
}

impl<R: fmt::Debug, M> fmt::Debug for Subscribe<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribe")
            .field("requests", &self.requests)
            .field("on_refusal", &self.on_refusal)
            .finish_non_exhaustive()
    }
}
