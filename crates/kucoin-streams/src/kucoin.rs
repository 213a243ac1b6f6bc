//! The client of one account.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, join_all, try_join_all};
use kucoin_streams_auth::rest::RestTokens;
use kucoin_streams_auth::{Credentials, DynSign, HmacSigner};
use kucoin_streams_client::{
    ClosedError, Config, ConnectionState, ConnectionStats, Connections, LifecycleSender,
    LifecycleStream, RotateError, SubscribeError, Subscription, TopicDrift,
};
use kucoin_streams_core::{
    ConnectionKind, DynConnectionSource, RetryPolicy, Timestamp, Topic, WsKey,
};
use kucoin_streams_pro::ProPrivate;
use kucoin_streams_rest::Rest;
use kucoin_streams_session::{CloseReason, Failure, FailureStage};
use kucoin_streams_transport::DynConnect;
use kucoin_streams_v1::{FuturesPrivate, SpotPrivate};

use crate::ReplaceKeyError;
use crate::builder::KucoinBuilder;
use crate::replace_key::check_key;
use crate::stats::{KucoinStats, RecoveredCounts};

/// A client for the private streams of one account.
///
/// Clones are cheap and share the same connections. A connection opens at the first subscription to one of its topics and
/// stays open until [`Kucoin::close`], or until the last clone and the last subscription are dropped. There is one
/// connection per kind, and more if there are more topics than KuCoin allows on one connection.
#[derive(Clone)]
pub struct Kucoin {
    inner: Arc<Inner>,
}

struct Inner {
    tokens: Arc<dyn DynConnectionSource>,
    rest: Rest,
    transport: Arc<dyn DynConnect>,
    config: Config,
    lifecycle: LifecycleSender,
    recovered: RecoveredCounts,
    /// Held while the API key is replaced.
    key_turn: tokio::sync::Mutex<()>,
    /// One entry per connection kind.
    connections: Mutex<Vec<Arc<dyn DynConnections>>>,
}

impl fmt::Debug for Kucoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kucoin")
            .field("connections", &self.kinds())
            .finish_non_exhaustive()
    }
}

impl Kucoin {
    /// Returns a builder for a client.
    pub fn builder() -> KucoinBuilder {
        KucoinBuilder::default()
    }

    pub(crate) fn new(
        tokens: Arc<dyn DynConnectionSource>,
        rest: Rest,
        transport: Arc<dyn DynConnect>,
        config: Config,
    ) -> Self {
        let kucoin = Self {
            inner: Arc::new(Inner {
                tokens,
                rest,
                transport,
                config,
                lifecycle: LifecycleSender::default(),
                recovered: RecoveredCounts::default(),
                key_turn: tokio::sync::Mutex::default(),
                connections: Mutex::default(),
            }),
        };
        // Other kinds are added at their first use.
        kucoin.connections::<SpotPrivate>();
        kucoin.connections::<FuturesPrivate>();
        kucoin.connections::<ProPrivate>();
        kucoin
    }

    /// Subscribes to a topic and waits for the acknowledgement: see [`Connections::subscribe`].
    ///
    /// Pass a `Vec` to receive several topics of one type in one stream, in order of arrival.
    ///
    /// # Errors
    /// Returns an error if KuCoin refuses the topic (with KuCoin's code and message), if the topic is not acknowledged
    /// within [`Config::connect_timeout`], or if the connection is closed.
    pub async fn subscribe<T: Topic>(&self, topic: T) -> Result<Subscription<T>, SubscribeError> {
        self.connections().subscribe(topic).await
    }

    /// Subscribes to several topics and leaves out those that KuCoin refuses.
    ///
    /// See [`Connections::subscribe_available`]. Returns the subscription and one error for each refused topic.
    ///
    /// # Errors
    /// Returns an error if every topic is refused, if the other topics are not acknowledged within
    /// [`Config::connect_timeout`], or if the connection is closed.
    pub async fn subscribe_available<T: Topic>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Subscription<Vec<T>>, Vec<SubscribeError>), SubscribeError> {
        self.connections().subscribe_available(topics).await
    }

    /// Returns the connections of one kind, which may be your own kind.
    ///
    /// The connections open at the first subscription.
    pub fn connections<K: ConnectionKind>(&self) -> Connections<K> {
        let mut all = self.lock();
        let existing = all.iter().find_map(|kind| kind.as_any().downcast_ref());
        if let Some(connections) = existing {
            return Connections::clone(connections);
        }
        let inner = &self.inner;
        let connections = Connections::<K>::new(
            Arc::clone(&inner.tokens),
            Arc::clone(&inner.transport),
            inner.config.clone(),
            inner.lifecycle.clone(),
        );
        all.push(Arc::new(connections.clone()));
        connections
    }

    /// Returns a stream of the lifecycle events of all connections, from now on.
    pub fn lifecycle(&self) -> LifecycleStream {
        self.inner.lifecycle.subscribe()
    }

    /// Returns the statistics of the account: counters, queues and latencies of each connection.
    ///
    /// A call takes some microseconds and waits for nothing; the counters are always kept. From the first call on, the client
    /// measures KuCoin's clock every five minutes by one unsigned REST request, for the latencies between the two clocks:
    /// call it once at the start to have them from the start.
    ///
    /// ```no_run
    /// # fn print(kucoin: &kucoin_streams::Kucoin) {
    /// for connection in kucoin.stats().connections {
    ///     let counters = connection.counters;
    ///     println!("{} {}: {} events", connection.ws_key, connection.number, counters.events);
    ///     if let Some(latency) = connection.latency.push_to_read {
    ///         println!("half of the pushes took at most {} ns", latency.p50_ns); // by two clocks
    ///     }
    /// }
    /// # }
    /// ```
    pub fn stats(&self) -> KucoinStats {
        let mut kinds = self.kinds();
        kinds.sort_by_key(|kind| kind.ws_key());
        let mut connections: Vec<_> = kinds.iter().flat_map(|kind| kind.stats()).collect();
        self.inner.recovered.add_to(&mut connections);
        KucoinStats {
            account: self.inner.config.label.as_deref().map(str::to_owned),
            taken_at: Timestamp::now(),
            connections,
            rest: self.inner.rest.stats(),
            drift: self.drift(),
        }
    }

    /// Returns the counters of recovered events.
    pub(crate) fn recovered_counts(&self) -> &RecoveredCounts {
        &self.inner.recovered
    }

    /// Returns the client for token requests, to change credentials or read the clock offset.
    ///
    /// `None` if you set your own source of [`tokens`](KucoinBuilder::tokens) and no client of [`rest`](KucoinBuilder::rest).
    pub fn rest_tokens(&self) -> Option<&Arc<RestTokens>> {
        self.inner.rest.tokens()
    }

    /// Returns the client for REST queries of this account: orders, fills, balances, positions.
    ///
    /// It has the hosts, the signer and the clock of the token requests, and keeps KuCoin's rate limits. If you set your
    /// own source of [`tokens`](KucoinBuilder::tokens), every query fails, unless you set a client of
    /// [`rest`](KucoinBuilder::rest) too.
    ///
    /// ```no_run
    /// # async fn run(kucoin: &kucoin_streams::Kucoin) -> Result<(), Box<dyn std::error::Error>> {
    /// for order in kucoin.rest().spot().open_orders().await? {
    ///     println!("{} {} {:?}", order.symbol, order.side, order.price);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn rest(&self) -> &Rest {
        &self.inner.rest
    }

    /// Opens a connection if it is not open, and waits until it is live: see [`Connections::wait_live`].
    ///
    /// # Errors
    /// Returns the errors of [`Connections::wait_live`], and [`SubscribeError::Closed`] if `ws_key` is a key of your own
    /// that was not used yet: see [`Kucoin::connections`].
    pub async fn wait_live(&self, ws_key: WsKey) -> Result<(), SubscribeError> {
        let kinds = self.with_key(ws_key);
        if kinds.is_empty() {
            let message = format!(
                "connection {ws_key} was not used yet; subscribe to one of its topics first"
            );
            let failure = Failure::new(FailureStage::Dial, RetryPolicy::Fatal, message);
            return Err(ClosedError::new(CloseReason::Failed(failure)).into());
        }
        try_join_all(kinds.iter().map(|kind| kind.wait_live())).await?;
        Ok(())
    }

    /// Returns the current state of a connection; `None` if it was never opened.
    ///
    /// If several kinds share this key, returns the state of an open one.
    pub fn state(&self, ws_key: WsKey) -> Option<ConnectionState> {
        let kinds = self.with_key(ws_key);
        let mut states: Vec<_> = kinds.iter().filter_map(|kind| kind.state()).collect();
        states.sort_by_key(|state| matches!(state, ConnectionState::Closed(_)));
        states.into_iter().next()
    }

    /// Returns what in the pushes differs from the format that the SDK knows, by topic as subscribed.
    ///
    /// KuCoin adds fields and enum words at any time. Nothing is lost: events keep what their types do not know. Here is
    /// what was found, at most [`DriftLog::MAX_FINDINGS`](crate::session::DriftLog::MAX_FINDINGS) findings a topic, each
    /// with its path, a sample without the value, and a count. See the guide, [`gaps`](crate::guide::gaps).
    pub fn drift(&self) -> Vec<TopicDrift> {
        let kinds = self.kinds();
        kinds.iter().flat_map(|kind| kind.drift()).collect()
    }

    /// Replaces a connection by a new one without a gap: see [`Connections::rotate`].
    ///
    /// # Errors
    /// Returns the errors of [`Connections::rotate`], and [`RotateError::NotLive`] if the connection was never opened.
    pub async fn rotate(&self, ws_key: WsKey) -> Result<(), RotateError> {
        let is_used = |kind: &Arc<dyn DynConnections>| kind.state().is_some();
        let kinds: Vec<_> = self.with_key(ws_key).into_iter().filter(is_used).collect();
        if kinds.is_empty() {
            return Err(RotateError::NotLive);
        }
        let outcomes = join_all(kinds.iter().map(|kind| kind.rotate())).await;
        outcomes.into_iter().collect()
    }

    /// Replaces all open connections by new ones, concurrently: see [`Connections::rotate`]. Cancel safe.
    ///
    /// # Errors
    /// Returns the first error of [`Connections::rotate`]. The other connections are rotated nevertheless.
    pub async fn rotate_all(&self) -> Result<(), RotateError> {
        let open = self.open_kinds();
        let outcomes = join_all(open.iter().map(|kind| kind.rotate())).await;
        outcomes.into_iter().collect()
    }

    /// Replaces the API key without a gap: every open connection is replaced by one that uses the new key.
    ///
    /// The new key is checked first: it must belong to the same account, and a connection token of each open connection is
    /// fetched with it. Then REST queries and new connections use it, and each open connection is [rotated](Self::rotate),
    /// which takes about 20 s (`SessionConfig::overlap`). Delete the old key after that.
    ///
    /// If the future is dropped, the new key may be in use already, and rotations in progress continue.
    ///
    /// # Errors
    /// Returns an error if KuCoin refuses the new key or cannot be reached: the old connections stay, and the old key is used
    /// again. [`ReplaceKeyError::Rotate`] with a retryable error is the exception: the new key stays, and a connection that
    /// still uses the old key could not be replaced yet.
    pub async fn replace_key(&self, credentials: &Credentials) -> Result<(), ReplaceKeyError> {
        self.replace_signer(credentials).await.map(drop)
    }

    /// Replaces the API key, and returns the signer with the old one.
    pub(crate) async fn replace_signer(
        &self,
        credentials: &Credentials,
    ) -> Result<Arc<dyn DynSign>, ReplaceKeyError> {
        let _turn = self.inner.key_turn.lock().await;
        let tokens = self.rest_tokens().ok_or(ReplaceKeyError::OwnTokens)?;
        let signer = HmacSigner::new(credentials);
        let open = self.open_kinds();
        let ws_keys: Vec<_> = open.iter().map(|kind| kind.ws_key()).collect();
        check_key(tokens, &self.inner.rest, signer.clone(), &ws_keys).await?;
        let old = tokens.signer();
        tokens.set_signer(signer);
        let rotated = join_all(open.iter().map(rotate_or_reconnect)).await;
        match rotated.into_iter().collect() {
            Ok(()) => Ok(old),
            Err(error) => {
                if !RotateError::is_retryable(&error) {
                    tokens.set_signer(old);
                }
                Err(ReplaceKeyError::Rotate(error))
            }
        }
    }

    /// Returns `true` if a connection that was used has failed for good.
    pub(crate) fn has_failed_connection(&self) -> bool {
        let is_failed = |kind: &Arc<dyn DynConnections>| {
            let state = kind.state();
            matches!(state, Some(ConnectionState::Closed(CloseReason::Failed(_))))
        };
        self.kinds().iter().any(is_failed)
    }

    /// Unsubscribes, closes all connections and waits until their tasks have ended.
    ///
    /// Closing takes at most two seconds. Subscriptions yield the events that they have already received, then end. A
    /// later subscription opens a new connection.
    pub async fn close(&self) {
        let kinds = self.kinds();
        join_all(kinds.iter().map(|kind| kind.close())).await;
    }

    /// Closes the connections with one key: see [`Connections::close`].
    pub async fn close_connections(&self, ws_key: WsKey) {
        let kinds = self.with_key(ws_key);
        join_all(kinds.iter().map(|kind| kind.close())).await;
    }

    /// Returns the connections with this key. There are several kinds only if custom kinds share a key.
    fn with_key(&self, ws_key: WsKey) -> Vec<Arc<dyn DynConnections>> {
        let mut kinds = self.kinds();
        kinds.retain(|kind| kind.ws_key() == ws_key);
        kinds
    }

    fn open_kinds(&self) -> Vec<Arc<dyn DynConnections>> {
        let mut kinds = self.kinds();
        kinds.retain(|kind| {
            let state = kind.state();
            state.is_some_and(|state| !matches!(state, ConnectionState::Closed(_)))
        });
        kinds
    }

    fn kinds(&self) -> Vec<Arc<dyn DynConnections>> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<dyn DynConnections>>> {
        let connections = self.inner.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rotates connections. Those that are reconnecting, or are lost meanwhile, are rotated once they are live.
async fn rotate_or_reconnect(kind: &Arc<dyn DynConnections>) -> Result<(), RotateError> {
    match kind.rotate().await {
        Err(error) if error.is_retryable() => match kind.wait_live().await {
            Ok(()) => kind.rotate().await,
            Err(_) => Err(error),
        },
        outcome => outcome,
    }
}

/// Object-safe form of [`Connections`].
trait DynConnections: fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn ws_key(&self) -> WsKey;
    fn state(&self) -> Option<ConnectionState>;
    fn stats(&self) -> Vec<ConnectionStats>;
    fn drift(&self) -> Vec<TopicDrift>;
    fn wait_live(&self) -> BoxFuture<'_, Result<(), SubscribeError>>;
    fn rotate(&self) -> BoxFuture<'_, Result<(), RotateError>>;
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl<K: ConnectionKind> DynConnections for Connections<K> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn ws_key(&self) -> WsKey {
        self.ws_key()
    }

    fn state(&self) -> Option<ConnectionState> {
        self.state()
    }

    fn stats(&self) -> Vec<ConnectionStats> {
        self.stats()
    }

    fn drift(&self) -> Vec<TopicDrift> {
        self.drift()
    }

    fn wait_live(&self) -> BoxFuture<'_, Result<(), SubscribeError>> {
        Box::pin(self.wait_live())
    }

    fn rotate(&self) -> BoxFuture<'_, Result<(), RotateError>> {
        Box::pin(self.rotate())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.close())
    }
}
