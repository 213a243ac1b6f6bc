//! Handle of one connection.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use kucoin_streams_core::ConnectionKind;
use kucoin_streams_session::{
    Capacity, CloseReason, ClosedError, ConnectionState, DedupKeyFn, OnRefusal, RotateError,
    SlowConsumer, Streams, Subscribe, SubscribeError, Timeouts,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tracing::{Instrument, Span};

use crate::driver::{Command, Dialler, Driver, Observers, Reply, RequestOf, now};
use crate::feed::{Feed, ShareGuard};
use crate::queue::queue;
use crate::stats::ConnectionMeter;
use crate::{Config, LifecycleSender};

/// Handle of one connection; cheap to clone. One task owns the socket.
///
/// The connection opens at the first subscription. It stays open until it is [closed](Connection::close), fails for
/// good, or all handles **and** all subscriptions are dropped; then it unsubscribes and closes.
pub(crate) struct Connection<K: ConnectionKind> {
    inner: Arc<Inner<RequestOf<K>>>,
}

/// State that handles and subscriptions share. The task ends when the state is dropped.
pub(crate) struct Inner<R> {
    commands: mpsc::Sender<Command<R>>,
    wake: Arc<Notify>,
    state: watch::Receiver<ConnectionState>,
    queue_capacity: Capacity,
    slow_consumer: SlowConsumer,
    meter: Arc<ConnectionMeter>,
    span: Span,
}

/// Request to open a subscription on one connection.
pub(crate) struct OpenRequest<R> {
    pub(crate) requests: Vec<R>,
    pub(crate) dedup_key_fn: DedupKeyFn,
    pub(crate) on_refusal: OnRefusal,
}

/// Result of a subscription on one connection.
pub(crate) struct OpenOutcome {
    /// Feed of the subscription; `None` if all topics were refused.
    pub(crate) feed: Option<Feed>,
    pub(crate) refused: Vec<SubscribeError>,
}

impl<K: ConnectionKind> Clone for Connection<K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<K: ConnectionKind> fmt::Debug for Connection<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("ws_key", &K::WS_KEY)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// Handle of a connection of any kind, held by its subscriptions.
pub(crate) trait ConnectionHandle: Send + Sync {
    /// Resolves when the server has answered the unsubscriptions of these topics.
    ///
    /// Resolves also if the connection is closed.
    fn unsubscribed(&self, topics: Vec<Arc<str>>) -> BoxFuture<'_, ()>;
}

impl<R: Send + 'static> ConnectionHandle for Inner<R> {
    fn unsubscribed(&self, topics: Vec<Arc<str>>) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let (done, settled) = oneshot::channel();
            // An error means that the task has ended.
            if self
                .commands
                .send(Command::WaitUnsubscribed(topics, done))
                .await
                .is_ok()
            {
                let _ = settled.await;
            }
        })
    }
}

impl<K: ConnectionKind> Connection<K> {
    /// Starts the task of a connection; it dials at the first subscription.
    ///
    /// # Panics
    /// With [`ConnectionRuntime::Current`](crate::ConnectionRuntime::Current), panics outside of a tokio runtime.
    pub(crate) fn spawn(
        dialler: Dialler,
        config: Config,
        lifecycle: LifecycleSender,
        meter: Arc<ConnectionMeter>,
    ) -> Self {
        // Level error, so that no level filter removes the span of an error.
        let span = tracing::error_span!(
            "connection",
            account = config.label.as_deref(),
            ws_key = %K::WS_KEY,
            number = lifecycle.number(),
        );
        let (commands, commands_of_task) = mpsc::channel(64);
        let (state_of_task, state) = watch::channel(ConnectionState::Connecting);
        let wake = Arc::new(Notify::new());
        let limits = Timeouts::new(config.connect_timeout, config.backpressure_timeout);
        let seed = config.seed_or_random();
        let session = config.session_of(K::WS_KEY);
        let streams = Streams::new(session, limits, seed, now());
        let observers = Observers {
            lifecycle,
            state: state_of_task,
            meter: Arc::clone(&meter),
        };
        let driver = Driver::<K>::new(streams, dialler, observers, commands_of_task, wake.clone());
        // The task ends when its handles are dropped.
        match config.runtime.start() {
            Ok(runtime) => runtime.spawn(driver.run().instrument(span.clone())),
            Err(error) => span.in_scope(|| driver.cannot_start(&error)),
        }
        Self {
            inner: Arc::new(Inner {
                commands,
                wake,
                state,
                queue_capacity: Capacity::new(config.queue_capacity, config.queue_bytes),
                slow_consumer: config.slow_consumer,
                meter,
                span,
            }),
        }
    }

    /// Returns the current state of the connection.
    pub(crate) fn state(&self) -> ConnectionState {
        self.inner.state.borrow().clone()
    }

    /// Wakes the task of the connection.
    pub(crate) fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// Subscribes requests, and resolves when each is answered. The returned feed owns `share`.
    pub(crate) async fn open(
        &self,
        open_request: OpenRequest<RequestOf<K>>,
        share: ShareGuard,
    ) -> Result<OpenOutcome, SubscribeError> {
        let OpenRequest {
            requests,
            dedup_key_fn,
            on_refusal,
        } = open_request;
        if requests.is_empty() {
            return Err(SubscribeError::Nothing);
        }
        let (mailbox, reader) = queue(
            self.inner.queue_capacity,
            self.inner.slow_consumer,
            self.inner.wake.clone(),
        );
        // Dropping this future drops the feed and its subscription.
        let span = self.inner.span.clone();
        let meter = Arc::clone(&self.inner.meter);
        let feed = Feed::new(reader, share, self.inner.clone(), meter, span);
        let subscribe = Subscribe::new(requests, mailbox, dedup_key_fn, on_refusal);
        let answer = self.ask(|reply| Command::Subscribe(subscribe, reply));
        answer.await.map(|subscribed| OpenOutcome {
            feed: subscribed.is_open.then_some(feed),
            refused: subscribed.refused,
        })
    }

    /// Sends a command to the task, and waits for its answer.
    async fn ask<T, E: From<ClosedError>>(
        &self,
        command: impl FnOnce(Reply<T, E>) -> Command<RequestOf<K>>,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        if self.inner.commands.send(command(reply)).await.is_err() {
            return Err(self.closed_error().into());
        }
        answer
            .await
            .unwrap_or_else(|_| Err(self.closed_error().into()))
    }

    /// Returns `true` if both are handles of the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Waits until the connection is live: see [`Connections::wait_live`](crate::Connections::wait_live).
    pub(crate) async fn wait_live(&self) -> Result<(), SubscribeError> {
        self.ask(Command::WaitLive).await
    }

    /// Replaces the connection by a new one: see [`Connections::rotate`](crate::Connections::rotate).
    pub(crate) async fn rotate(&self) -> Result<(), RotateError> {
        self.ask(Command::Rotate).await
    }

    /// Closes the connection: see [`Connections::close`](crate::Connections::close).
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        // An error means that the task has ended already.
        if self.inner.commands.send(Command::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }

    fn closed_error(&self) -> ClosedError {
        let reason = match &*self.inner.state.borrow() {
            ConnectionState::Closed(reason) => reason.clone(),
            // The task was dropped: its runtime was shut down.
            _ => CloseReason::Requested,
        };
        ClosedError::new(reason)
    }
}
