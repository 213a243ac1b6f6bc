//! The client of one account: a connection of each kind, opened at the first subscription to it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kucoin_streams_auth::rest::RestTokens;
use kucoin_streams_client::{
    ClosedError, Config, Connection, ConnectionState, LifecycleSender, LifecycleStream,
    RotateError, SubscribeError, Subscription,
};
use kucoin_streams_pro::Private;
use kucoin_streams_session::{CloseReason, Failure, Severity, Stage};
use kucoin_streams_transport::{Connect, FastWebSocket};
use kucoin_streams_v1::{FuturesPrivate, SpotPrivate};
use kucoin_streams_wire::{ConnectionKind, ConnectionSource, Topic, WsKey};

use crate::builder::{FromCredentials, KucoinBuilder};

/// The private streams of one account: cheap to clone, every clone is the same client.
///
/// It holds one connection of each kind. Each opens at the first subscription to one of its topics and stands
/// until [`Kucoin::close`], or until the last clone and the last subscription are dropped.
///
/// `S` is where connection tokens come from, `C` how connections are made; both have defaults that most users
/// keep.
pub struct Kucoin<S = RestTokens, C = FastWebSocket> {
    inner: Arc<Inner<S, C>>,
}

struct Inner<S, C> {
    source: Arc<S>,
    connect: Arc<C>,
    config: Config,
    lifecycle: LifecycleSender,
    spot_private: Slot<SpotPrivate>,
    futures_private: Slot<FuturesPrivate>,
    pro_private: Slot<Private>,
}

/// A connection that is made when it is first asked for.
struct Slot<K: ConnectionKind>(Mutex<Option<Connection<K>>>);

impl<K: ConnectionKind> Slot<K> {
    fn empty() -> Self {
        Self(Mutex::new(None))
    }

    fn get(&self) -> Option<Connection<K>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The connection that stands, or a new one where there is none or it is over: what ended it may be mended.
    fn get_or_spawn(&self, spawn: impl FnOnce() -> Connection<K>) -> Connection<K> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(connection) if !matches!(connection.state(), ConnectionState::Closed(_)) => {
                connection.clone()
            }
            _ => slot.insert(spawn()).clone(),
        }
    }

    async fn close(&self) {
        if let Some(connection) = self.get() {
            connection.close().await;
        }
    }
}

impl<S, C> Clone for Kucoin<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<S, C> fmt::Debug for Kucoin<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kucoin")
            .field("spot_private", &self.inner.spot_private.get())
            .field("futures_private", &self.inner.futures_private.get())
            .field("pro_private", &self.inner.pro_private.get())
            .finish_non_exhaustive()
    }
}

impl Kucoin {
    /// Begins the settings of a client.
    pub fn builder() -> KucoinBuilder<FromCredentials, FastWebSocket> {
        KucoinBuilder::new()
    }
}

impl<S: ConnectionSource, C: Connect> Kucoin<S, C> {
    pub(crate) fn new(source: S, connect: C, config: Config) -> Self {
        Self {
            inner: Arc::new(Inner {
                source: Arc::new(source),
                connect: Arc::new(connect),
                config,
                lifecycle: LifecycleSender::default(),
                spot_private: Slot::empty(),
                futures_private: Slot::empty(),
                pro_private: Slot::empty(),
            }),
        }
    }

    /// Subscribes to a topic and resolves when the server has acknowledged it: see [`Connection::subscribe`].
    ///
    /// Several topics of one type go as a `Vec`: their events come in arrival order.
    ///
    /// # Errors
    /// The refusal of the server with its code and words, or why the connection is over.
    pub async fn subscribe<T: Topic>(&self, topic: T) -> Result<Subscription<T>, SubscribeError>
    where
        Self: Opens<T::Kind>,
    {
        self.connection().subscribe(topic).await
    }

    /// Subscribes to those of several topics that the server acknowledges: see
    /// [`Connection::subscribe_available`].
    ///
    /// # Errors
    /// Where every topic is refused, or why the connection is over.
    pub async fn subscribe_available<T: Topic>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Subscription<Vec<T>>, Vec<SubscribeError>), SubscribeError>
    where
        Self: Opens<T::Kind>,
    {
        self.connection().subscribe_available(topics).await
    }

    /// The lifecycle events of all connections from now on.
    pub fn lifecycle(&self) -> LifecycleStream {
        self.inner.lifecycle.subscribe()
    }

    /// Where tokens come from.
    pub fn source(&self) -> &S {
        &self.inner.source
    }

    /// Opens a connection where it is not open, and waits until it is live: see [`Connection::wait_live`].
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn wait_live(&self, ws_key: WsKey) -> Result<(), ClosedError> {
        match ws_key {
            WsKey::SpotPrivateV1 => Opens::<SpotPrivate>::connection(self).wait_live().await,
            WsKey::FuturesPrivateV1 => Opens::<FuturesPrivate>::connection(self).wait_live().await,
            WsKey::PrivateProV2 => Opens::<Private>::connection(self).wait_live().await,
            other => {
                let message = format!("this client has no connection {other}");
                let failure = Failure::new(Stage::Dial, Severity::Fatal, message);
                let reason = CloseReason::Failed(failure);
                Err(ClosedError { reason })
            }
        }
    }

    /// Where a connection stands; `None` where nothing was ever subscribed on it.
    pub fn state(&self, ws_key: WsKey) -> Option<ConnectionState> {
        match ws_key {
            WsKey::SpotPrivateV1 => self.inner.spot_private.get().map(|c| c.state()),
            WsKey::FuturesPrivateV1 => self.inner.futures_private.get().map(|c| c.state()),
            WsKey::PrivateProV2 => self.inner.pro_private.get().map(|c| c.state()),
            _ => None,
        }
    }

    /// Replaces a connection by a new one without a hole: see [`Connection::rotate`].
    ///
    /// # Errors
    /// Those of [`Connection::rotate`]; [`RotateError::NotLive`] where nothing was ever subscribed on it.
    pub async fn rotate(&self, ws_key: WsKey) -> Result<(), RotateError> {
        async fn rotate<K: ConnectionKind>(slot: &Slot<K>) -> Result<(), RotateError> {
            match slot.get() {
                Some(connection) => connection.rotate().await,
                None => Err(RotateError::NotLive),
            }
        }
        match ws_key {
            WsKey::SpotPrivateV1 => rotate(&self.inner.spot_private).await,
            WsKey::FuturesPrivateV1 => rotate(&self.inner.futures_private).await,
            WsKey::PrivateProV2 => rotate(&self.inner.pro_private).await,
            _ => Err(RotateError::NotLive),
        }
    }

    /// Replaces every connection that is open by a new one, all at the same time: see [`Connection::rotate`]. Cancel
    /// safe.
    ///
    /// # Errors
    /// The first of those of [`Connection::rotate`]; the other connections are rotated all the same.
    pub async fn rotate_all(&self) -> Result<(), RotateError> {
        let is_open = |ws_key: &WsKey| {
            let state = self.state(*ws_key);
            state.is_some_and(|state| !matches!(state, ConnectionState::Closed(_)))
        };
        let open = WsKey::ALL.into_iter().filter(is_open);
        let rotations = open.map(|ws_key| self.rotate(ws_key));
        let outcomes = futures_util::future::join_all(rotations).await;
        outcomes.into_iter().collect()
    }

    /// Ends every connection in order: unsubscribes, closes, and resolves when their tasks are done, after about
    /// two seconds at the latest. Subscriptions end behind what they have received.
    pub async fn close(&self) {
        let spot = self.inner.spot_private.close();
        let futures = self.inner.futures_private.close();
        let pro = self.inner.pro_private.close();
        futures_util::future::join3(spot, futures, pro).await;
    }

    fn spawn<K: ConnectionKind>(&self) -> Connection<K> {
        Connection::spawn(
            self.inner.source.clone(),
            self.inner.connect.clone(),
            self.inner.config.clone(),
            self.inner.lifecycle.clone(),
        )
    }
}

/// Says that a client has connections of the kind `K`, so that `K`'s topics can be subscribed to on it.
///
/// For a kind of your own use [`Connection`] directly.
pub trait Opens<K: ConnectionKind> {
    /// The connection of this kind; it dials when something is subscribed.
    fn connection(&self) -> Connection<K>;
}

impl<S: ConnectionSource, C: Connect> Opens<SpotPrivate> for Kucoin<S, C> {
    fn connection(&self) -> Connection<SpotPrivate> {
        self.inner.spot_private.get_or_spawn(|| self.spawn())
    }
}

impl<S: ConnectionSource, C: Connect> Opens<FuturesPrivate> for Kucoin<S, C> {
    fn connection(&self) -> Connection<FuturesPrivate> {
        self.inner.futures_private.get_or_spawn(|| self.spawn())
    }
}

impl<S: ConnectionSource, C: Connect> Opens<Private> for Kucoin<S, C> {
    fn connection(&self) -> Connection<Private> {
        self.inner.pro_private.get_or_spawn(|| self.spawn())
    }
}
