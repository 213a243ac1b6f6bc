//! The handle of one connection.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_core::{ConnectionKind, ConnectionSource, Protocol, Topic, WsKey};
use kucoin_streams_session::{
    Capacity, CloseReason, ClosedError, ConnectionState, Identify, OnRefusal, RotateError,
    SlowConsumer, Streams, Subscribe, SubscribeError, WaitLimits, identify,
};
use kucoin_streams_transport::Connect;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tracing::{Instrument, Span};

use crate::dials::Gate;
use crate::driver::{Command, Dialler, Driver, Outward, Reply, RequestOf, now};
use crate::feed::{Feed, Kept};
use crate::queue::queue;
use crate::{Config, LifecycleSender, Subscription};

/// The handle of one connection: cheap to clone, while one task owns the socket.
///
/// The connection opens at the first subscription and stands until it is [closed](Connection::close) or fails for
/// good, or until the last handle **and** the last subscription are dropped; then it unsubscribes and closes by
/// itself.
pub struct Connection<K: ConnectionKind> {
    inner: Arc<Inner<RequestOf<K>>>,
}

/// What handles and subscriptions share. The task ends when the last of them drops it.
pub(crate) struct Inner<R> {
    commands: mpsc::Sender<Command<R>>,
    wake: Arc<Notify>,
    state: watch::Receiver<ConnectionState>,
    queue_capacity: Capacity,
    slow_consumer: SlowConsumer,
    span: Span,
}

/// What is asked of one connection.
pub(crate) struct Asked<R> {
    pub(crate) requests: Vec<R>,
    pub(crate) identify: Identify,
    pub(crate) on_refusal: OnRefusal,
}

impl<R> Asked<R> {
    /// All that a topic needs.
    fn new<T>(topic: &Arc<T>, on_refusal: OnRefusal) -> Self
    where
        T: Topic,
        T::Kind: ConnectionKind<Protocol: Protocol<Request = R>>,
    {
        Self {
            requests: topic.requests(),
            identify: identify(topic.clone()),
            on_refusal,
        }
    }
}

/// What came of requests on one connection.
pub(crate) struct Opened {
    /// `None` where each was refused.
    pub(crate) feed: Option<Feed>,
    pub(crate) refused: Vec<SubscribeError>,
}

impl Opened {
    /// The subscription to what is served anywhere, and all refusals; the last of these where nothing is served.
    pub(crate) fn join<T: Topic>(
        opened: Vec<Self>,
        topics: Arc<Vec<T>>,
    ) -> Result<(Subscription<Vec<T>>, Vec<SubscribeError>), SubscribeError> {
        let (mut feeds, mut refused) = (Vec::new(), Vec::new());
        for opened in opened {
            feeds.extend(opened.feed);
            refused.extend(opened.refused);
        }
        match feeds.is_empty() {
            true => Err(refused.pop().unwrap_or(SubscribeError::Nothing)),
            false => Ok((Subscription::new(topics, feeds), refused)),
        }
    }
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

impl<K: ConnectionKind> Connection<K> {
    /// Starts the task of a connection; it dials when something is subscribed.
    ///
    /// # Panics
    /// With [`ConnectionRuntime::Current`](crate::ConnectionRuntime::Current) outside of a tokio runtime.
    pub fn spawn<S: ConnectionSource, C: Connect>(
        source: S,
        connect: C,
        config: Config,
        lifecycle: LifecycleSender,
    ) -> Self {
        let gate = Gate::new(&config.dials, K::WS_KEY, K::Protocol::LIMITS);
        Self::spawn_behind(gate, source, connect, config, lifecycle)
    }

    /// As [`Connection::spawn`], where connections share the way to dial.
    pub(crate) fn spawn_behind<S: ConnectionSource, C: Connect>(
        gate: Gate,
        source: S,
        connect: C,
        config: Config,
        lifecycle: LifecycleSender,
    ) -> Self {
        // Errors need it too, so no filter for a level leaves it out.
        let span = tracing::error_span!(
            "connection",
            account = config.label.as_deref(),
            ws_key = %K::WS_KEY,
            number = lifecycle.number(),
        );
        let (commands, commands_of_task) = mpsc::channel(64);
        let (state_of_task, state) = watch::channel(ConnectionState::Connecting);
        let wake = Arc::new(Notify::new());
        let limits = WaitLimits::new(config.connect_timeout, config.backpressure_timeout);
        let seed = config.seed_or_random();
        let streams = Streams::new(config.session.clone(), limits, seed, now());
        let dialler = Dialler {
            source: Arc::new(source),
            connect: Arc::new(connect),
            gate,
        };
        let outward = Outward {
            lifecycle,
            state: state_of_task,
        };
        let driver =
            Driver::<K, S, C>::new(streams, dialler, outward, commands_of_task, wake.clone());
        // The task ends by itself with its handles.
        match config.runtime.start() {
            Ok(runtime) => runtime.spawn(driver.run().instrument(span.clone())),
            Err(error) => span.in_scope(|| driver.cannot_start(&error)),
        }
        Self {
            inner: Arc::new(Inner {
                commands,
                wake,
                state,
                queue_capacity: Capacity {
                    frames: config.queue_capacity,
                    bytes: config.queue_bytes,
                },
                slow_consumer: config.slow_consumer,
                span,
            }),
        }
    }

    /// The key of its kind.
    pub fn ws_key(&self) -> WsKey {
        K::WS_KEY
    }

    /// Current state of the connection.
    pub fn state(&self) -> ConnectionState {
        self.inner.state.borrow().clone()
    }

    /// Subscribes to a topic and resolves when the server has acknowledged it, over as many attempts to connect as
    /// fit in [`Config::connect_timeout`]. Opens the connection if it is not open.
    ///
    /// Equal topics share one wire subscription. Cancel safe: a dropped future leaves nothing subscribed.
    ///
    /// # Errors
    /// [`SubscribeError::Refused`] with the server's code and words; [`SubscribeError::TimedOut`] with the last cause
    /// if it is not live in time; [`SubscribeError::Closed`] if the connection ends for good, for instance because
    /// credentials are refused.
    pub async fn subscribe<T>(&self, topic: T) -> Result<Subscription<T>, SubscribeError>
    where
        T: Topic<Kind = K>,
    {
        let topic = Arc::new(topic);
        let opened = self.open(Asked::new(&topic, OnRefusal::Fail), None).await?;
        Ok(Subscription::new(topic, opened.feed.into_iter().collect()))
    }

    /// Subscribes to several topics and resolves when the server has answered each: with the subscription to those
    /// that it acknowledged, and the refusals of the others. No event of an acknowledged topic is lost to the refusal
    /// of another. A topic that is refused for now belongs to the subscription, which begins with a
    /// [`Gap`](crate::Gap) for it; it is asked for again until it is live.
    ///
    /// Cancel safe, as [`Connection::subscribe`].
    ///
    /// # Errors
    /// As [`Connection::subscribe`]; [`SubscribeError::Refused`] only where every topic is refused, for the last.
    pub async fn subscribe_available<T>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Subscription<Vec<T>>, Vec<SubscribeError>), SubscribeError>
    where
        T: Topic<Kind = K>,
    {
        let topics = Arc::new(topics);
        let opened = self
            .open(Asked::new(&topics, OnRefusal::LeaveOut), None)
            .await?;
        Opened::join(vec![opened], topics)
    }

    /// Asks for requests and resolves when each is answered. `place` is kept for as long as the feed is.
    pub(crate) async fn open(
        &self,
        asked: Asked<RequestOf<K>>,
        place: Option<Kept>,
    ) -> Result<Opened, SubscribeError> {
        let Asked {
            requests,
            identify,
            on_refusal,
        } = asked;
        if requests.is_empty() {
            return Err(SubscribeError::Nothing);
        }
        let (mailbox, reader) = queue(
            self.inner.queue_capacity,
            self.inner.slow_consumer,
            self.inner.wake.clone(),
        );
        // From here on a drop of this future drops the feed, and with it whatever was subscribed.
        let span = self.inner.span.clone();
        let feed = Feed::new(reader, place, self.inner.clone(), span);
        let subscribe = Subscribe {
            requests,
            mailbox,
            identify,
            on_refusal,
        };
        let answer = self.ask(|reply| Command::Subscribe(subscribe, reply));
        answer.await.map(|subscribed| Opened {
            feed: subscribed.is_served.then_some(feed),
            refused: subscribed.refused,
        })
    }

    /// Asks the task, and waits for its answer.
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

    /// True for a handle of the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Opens the connection where it is not open, and waits until it is live; after a loss, until every topic is
    /// active again. Cancel safe.
    ///
    /// # Errors
    /// [`SubscribeError::TimedOut`] with the last cause if it is not live within [`Config::connect_timeout`];
    /// [`SubscribeError::Closed`] if the connection has ended.
    pub async fn wait_live(&self) -> Result<(), SubscribeError> {
        self.ask(Command::WaitLive).await
    }

    /// Replaces the connection by a new one, with a fresh token, without a hole: every topic is subscribed on the new
    /// connection before the old one is let go, and each event is handed out once. Resolves when the new one serves.
    /// By itself this happens before the exchange cuts a connection, which it does after about 24 h:
    /// [`Config::with_rotation_every`].
    ///
    /// Cancel safe: a dropped future stops no rotation.
    ///
    /// # Errors
    /// Where the connection is not live, or no new one could be made: the old one goes on then. Where it is over.
    pub async fn rotate(&self) -> Result<(), RotateError> {
        self.ask(Command::Rotate).await
    }

    /// Ends the connection in order: unsubscribes, closes, and resolves when its task is done, after about two
    /// seconds at the latest. Its subscriptions end behind what they have received.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        // An error says that the task has ended already.
        if self.inner.commands.send(Command::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }

    fn closed_error(&self) -> ClosedError {
        let reason = match &*self.inner.state.borrow() {
            ConnectionState::Closed(reason) => reason.clone(),
            // The task is gone without a word: its runtime was shut down.
            _ => CloseReason::Requested,
        };
        ClosedError { reason }
    }
}
