//! The client of one account: connections of each kind, opened at the first subscription to one of their topics.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, join_all, try_join_all};
use kucoin_streams_auth::rest::RestTokens;
use kucoin_streams_client::{
    ClosedError, Config, ConnectionState, Connections, LifecycleSender, LifecycleStream,
    RotateError, SubscribeError, Subscription,
};
use kucoin_streams_core::{ConnectionKind, DynConnectionSource, RetryPolicy, Topic, WsKey};
use kucoin_streams_pro::ProPrivate;
use kucoin_streams_session::{CloseReason, Failure, FailureStage};
use kucoin_streams_transport::DynConnect;
use kucoin_streams_v1::{FuturesPrivate, SpotPrivate};

use crate::builder::KucoinBuilder;

/// The private streams of one account: cheap to clone, every clone is the same client.
///
/// It has one connection of each kind, and further ones if there are more topics than the exchange allows on one. Each
/// opens at the first subscription to one of its topics and stays open until [`Kucoin::close`], or until the last clone
/// and the last subscription are dropped.
#[derive(Clone)]
pub struct Kucoin {
    inner: Arc<Inner>,
}

struct Inner {
    tokens: Arc<dyn DynConnectionSource>,
    rest_tokens: Option<Arc<RestTokens>>,
    transport: Arc<dyn DynConnect>,
    config: Config,
    lifecycle: LifecycleSender,
    /// By kind.
    connections: Mutex<Vec<Arc<dyn OfAnyKind>>>,
}

impl fmt::Debug for Kucoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kucoin")
            .field("connections", &self.kinds())
            .finish_non_exhaustive()
    }
}

impl Kucoin {
    /// Begins the settings of a client.
    pub fn builder() -> KucoinBuilder {
        KucoinBuilder::default()
    }

    pub(crate) fn new(
        tokens: Arc<dyn DynConnectionSource>,
        rest_tokens: Option<Arc<RestTokens>>,
        transport: Arc<dyn DynConnect>,
        config: Config,
    ) -> Self {
        let kucoin = Self {
            inner: Arc::new(Inner {
                tokens,
                rest_tokens,
                transport,
                config,
                lifecycle: LifecycleSender::default(),
                connections: Mutex::default(),
            }),
        };
        // Others are added when they are asked for.
        kucoin.connections::<SpotPrivate>();
        kucoin.connections::<FuturesPrivate>();
        kucoin.connections::<ProPrivate>();
        kucoin
    }

    /// Subscribes to a topic and resolves when the server has acknowledged it: see [`Connections::subscribe`].
    ///
    /// Several topics of one type go as a `Vec`: their events come in arrival order.
    ///
    /// # Errors
    /// The refusal of the server with its code and words, or why the connection has ended.
    pub async fn subscribe<T: Topic>(&self, topic: T) -> Result<Subscription<T>, SubscribeError> {
        self.connections().subscribe(topic).await
    }

    /// Subscribes to those of several topics that the server acknowledges: see
    /// [`Connections::subscribe_available`].
    ///
    /// # Errors
    /// If every topic is refused, or why the connection has ended.
    pub async fn subscribe_available<T: Topic>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Subscription<Vec<T>>, Vec<SubscribeError>), SubscribeError> {
        self.connections().subscribe_available(topics).await
    }

    /// The connections of a kind, of the SDK or of your own; they dial when something is subscribed.
    pub fn connections<K: ConnectionKind>(&self) -> Connections<K> {
        let mut all = self.lock();
        let known = all.iter().find_map(|kind| kind.as_any().downcast_ref());
        if let Some(connections) = known {
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

    /// The lifecycle events of all connections from now on.
    pub fn lifecycle(&self) -> LifecycleStream {
        self.inner.lifecycle.subscribe()
    }

    /// The token calls, to change credentials or to read the clock offset; `None` with
    /// [`tokens`](KucoinBuilder::tokens) of your own.
    pub fn rest_tokens(&self) -> Option<&Arc<RestTokens>> {
        self.inner.rest_tokens.as_ref()
    }

    /// Opens a connection if it is not open, and waits until it is live: see [`Connections::wait_live`].
    ///
    /// # Errors
    /// As [`Connections::wait_live`]. [`SubscribeError::Closed`] for a key of your own without a subscription.
    pub async fn wait_live(&self, ws_key: WsKey) -> Result<(), SubscribeError> {
        let kinds = self.of_key(ws_key);
        if kinds.is_empty() {
            let message = format!("nothing was subscribed on a connection {ws_key}");
            let failure = Failure::new(FailureStage::Dial, RetryPolicy::Fatal, message);
            return Err(ClosedError::new(CloseReason::Failed(failure)).into());
        }
        try_join_all(kinds.iter().map(|kind| kind.wait_live())).await?;
        Ok(())
    }

    /// Current state of a connection; `None` if nothing was ever subscribed on it. If several kinds have this key, the state
    /// of one that is open.
    pub fn state(&self, ws_key: WsKey) -> Option<ConnectionState> {
        let kinds = self.of_key(ws_key);
        let mut states: Vec<_> = kinds.iter().filter_map(|kind| kind.state()).collect();
        states.sort_by_key(|state| matches!(state, ConnectionState::Closed(_)));
        states.into_iter().next()
    }

    /// Replaces a connection by a new one without a gap: see [`Connections::rotate`].
    ///
    /// # Errors
    /// As [`Connections::rotate`]; [`RotateError::NotLive`] if nothing was ever subscribed on it.
    pub async fn rotate(&self, ws_key: WsKey) -> Result<(), RotateError> {
        let is_used = |kind: &Arc<dyn OfAnyKind>| kind.state().is_some();
        let kinds: Vec<_> = self.of_key(ws_key).into_iter().filter(is_used).collect();
        if kinds.is_empty() {
            return Err(RotateError::NotLive);
        }
        let outcomes = join_all(kinds.iter().map(|kind| kind.rotate())).await;
        outcomes.into_iter().collect()
    }

    /// Replaces every open connection by a new one, all at the same time: see [`Connections::rotate`]. Cancel safe.
    ///
    /// # Errors
    /// The first of those of [`Connections::rotate`]; the other connections are rotated all the same.
    pub async fn rotate_all(&self) -> Result<(), RotateError> {
        let is_open = |kind: &Arc<dyn OfAnyKind>| {
            let state = kind.state();
            state.is_some_and(|state| !matches!(state, ConnectionState::Closed(_)))
        };
        let open: Vec<_> = self.kinds().into_iter().filter(is_open).collect();
        let outcomes = join_all(open.iter().map(|kind| kind.rotate())).await;
        outcomes.into_iter().collect()
    }

    /// Closes every connection in order: unsubscribes, closes, and resolves when their tasks have ended, after about two
    /// seconds at the latest. Subscriptions end after what they have received. A later subscription opens a new connection.
    pub async fn close(&self) {
        let kinds = self.kinds();
        join_all(kinds.iter().map(|kind| kind.close())).await;
    }

    /// Closes the connections of one key: see [`Connections::close`].
    pub async fn close_connections(&self, ws_key: WsKey) {
        let kinds = self.of_key(ws_key);
        join_all(kinds.iter().map(|kind| kind.close())).await;
    }

    /// The connections of this key: of one kind, unless you gave two the same.
    fn of_key(&self, ws_key: WsKey) -> Vec<Arc<dyn OfAnyKind>> {
        let mut kinds = self.kinds();
        kinds.retain(|kind| kind.ws_key() == ws_key);
        kinds
    }

    fn kinds(&self) -> Vec<Arc<dyn OfAnyKind>> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<dyn OfAnyKind>>> {
        let connections = self.inner.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections of a kind that is known at run time.
trait OfAnyKind: fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn ws_key(&self) -> WsKey;
    fn state(&self) -> Option<ConnectionState>;
    fn wait_live(&self) -> BoxFuture<'_, Result<(), SubscribeError>>;
    fn rotate(&self) -> BoxFuture<'_, Result<(), RotateError>>;
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl<K: ConnectionKind> OfAnyKind for Connections<K> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn ws_key(&self) -> WsKey {
        self.ws_key()
    }

    fn state(&self) -> Option<ConnectionState> {
        self.state()
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
