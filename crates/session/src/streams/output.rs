//! What the driver of the streams is asked for, and what it gives.

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
    /// Not opened yet, or on the way to be live, be it for the first time or after a loss.
    Connecting,
    /// Live, and after a loss with every topic active again.
    Live,
    /// Over.
    Closed(CloseReason),
}

/// What the driver of [`Streams`](crate::Streams) has to do now.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Ask the connection source for what one dial needs, in turn with other dials: call
    /// [`Streams::dial_queued`](crate::Streams::dial_queued) until it is this connection's turn,
    /// [`Streams::fetch_started`](crate::Streams::fetch_started) then, and answer with
    /// [`Input::ConnectionInfo`](crate::Input::ConnectionInfo).
    FetchConnectionInfo(ConnectionRole),
    /// Dial this URL and answer with [`Input::Dialled`](crate::Input::Dialled). The URL is good for this dial alone.
    Dial(ConnectionRole, SecretUrl),
    /// Send this text frame. It may hold a login: never print it.
    Send(ConnectionRole, Zeroizing<String>),
    /// Give up this side's fetch, dial or connection; to a connection send a close frame with this code first. Nothing
    /// that it yields later may be handed in.
    HangUp(ConnectionRole, u16),
    /// The replacement is the current side from here on. Hang up the connection that was, with code 1000.
    TakeOver,
    /// A command is answered.
    Answer(Ticket, Answer),
    /// The state of the connection has changed.
    State(ConnectionState),
    /// SessionEvent this to the user.
    Event(LifecycleEvent),
    /// SessionEvent this to the user: a topic is refused for good.
    Refusal(LifecycleEvent),
    /// This gap was delivered, for a log. Refusals and the end of the connection are events anyway.
    Gap(Gap),
    /// A subscription to this topic is too slow and misses events from here on; its ledger and its gap count them.
    Overflowing(Arc<str>),
}

/// For how long others are waited for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// How long a subscription may take to be live.
    pub connect_timeout: Duration,
    /// How long reading pauses for subscriptions whose buffers are full.
    pub backpressure_timeout: Duration,
}

impl Timeouts {
    /// Both limits.
    pub fn new(connect_timeout: Duration, backpressure_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            backpressure_timeout,
        }
    }
}

/// What is to be subscribed, and where its events go.
#[non_exhaustive]
pub struct Subscribe<R, M> {
    /// The wire requests; at least one.
    pub requests: Vec<R>,
    /// Where deliveries wait for their reader.
    pub mailbox: M,
    /// What tells events apart, from [`dedup_key_fn`](crate::dedup_key_fn).
    pub dedup_key_fn: DedupKeyFn,
    /// What a refusal of one request does to the others.
    pub on_refusal: OnRefusal,
}

impl<R, M> Subscribe<R, M> {
    /// A subscription to all of these requests.
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
