//! The client of one account: a connection of each kind, opened at the first subscription to it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use kucoin_streams_auth::rest::RestTokens;
use kucoin_streams_client::{
    ClosedError, Config, ConnectionState, Connections, LifecycleSender, LifecycleStream,
    RotateError, SubscribeError, Subscription,
};
use kucoin_streams_core::{ConnectionKind, ConnectionSource, Topic, WsKey};
use kucoin_streams_pro::Private;
use kucoin_streams_session::{CloseReason, Failure, Severity, Stage};
use kucoin_streams_transport::{Connect, FastWebSocket};
use kucoin_streams_v1::{FuturesPrivate, SpotPrivate};

use crate::builder::{FromCredentials, KucoinBuilder};

/// The private streams of one account: cheap to clone, every clone is the same client.
///
/// It holds one connection of each kind, and further ones where there are more topics than the exchange lets one hold.
/// Each opens at the first subscription to one of its topics and stands until [`Kucoin::close`], or until the last
/// clone and the last subscription are dropped.
///
/// `S` is where connection tokens come from, `C` how connections are made; both have defaults that most users
/// keep.
pub struct Kucoin<S = RestTokens, C = FastWebSocket> {
    inner: Arc<Inner<S, C>>,
}

struct Inner<S, C> {
    source: Arc<S>,
    lifecycle: LifecycleSender,
    /// The connections are made by it.
    made_by: PhantomData<fn() -> C>,
    spot_private: Connections<SpotPrivate>,
    futures_private: Connections<FuturesPrivate>,
    pro_private: Connections<Private>,
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
            .field("spot_private", &self.inner.spot_private)
            .field("futures_private", &self.inner.futures_private)
            .field("pro_private", &self.inner.pro_private)
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
        let (source, connect) = (Arc::new(source), Arc::new(connect));
        let lifecycle = LifecycleSender::default();
        let with = (&source, &connect, &config, &lifecycle);
        Self {
            inner: Arc::new(Inner {
                spot_private: connections(with),
                futures_private: connections(with),
                pro_private: connections(with),
                source,
                lifecycle,
                made_by: PhantomData,
            }),
        }
    }

    /// Subscribes to a topic and resolves when the server has acknowledged it: see [`Connections::subscribe`].
    ///
    /// Several topics of one type go as a `Vec`: their events come in arrival order.
    ///
    /// # Errors
    /// The refusal of the server with its code and words, or why the connection is over.
    pub async fn subscribe<T: Topic>(&self, topic: T) -> Result<Subscription<T>, SubscribeError>
    where
        Self: Opens<T::Kind>,
    {
        self.connections().subscribe(topic).await
    }

    /// Subscribes to those of several topics that the server acknowledges: see
    /// [`Connections::subscribe_available`].
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
        self.connections().subscribe_available(topics).await
    }

    /// The lifecycle events of all connections from now on.
    pub fn lifecycle(&self) -> LifecycleStream {
        self.inner.lifecycle.subscribe()
    }

    /// Where tokens come from.
    pub fn source(&self) -> &S {
        &self.inner.source
    }

    /// Opens a connection where it is not open, and waits until it is live: see [`Connections::wait_live`].
    ///
    /// # Errors
    /// As [`Connections::wait_live`].
    pub async fn wait_live(&self, ws_key: WsKey) -> Result<(), SubscribeError> {
        match ws_key {
            WsKey::SpotPrivateV1 => self.inner.spot_private.wait_live().await,
            WsKey::FuturesPrivateV1 => self.inner.futures_private.wait_live().await,
            WsKey::PrivateProV2 => self.inner.pro_private.wait_live().await,
            other => {
                let message = format!("this client has no connection {other}");
                let failure = Failure::new(Stage::Dial, Severity::Fatal, message);
                let reason = CloseReason::Failed(failure);
                Err(ClosedError { reason }.into())
            }
        }
    }

    /// Where a connection stands; `None` where nothing was ever subscribed on it.
    pub fn state(&self, ws_key: WsKey) -> Option<ConnectionState> {
        match ws_key {
            WsKey::SpotPrivateV1 => self.inner.spot_private.state(),
            WsKey::FuturesPrivateV1 => self.inner.futures_private.state(),
            WsKey::PrivateProV2 => self.inner.pro_private.state(),
            _ => None,
        }
    }

    /// Replaces a connection by a new one without a hole: see [`Connections::rotate`].
    ///
    /// # Errors
    /// Those of [`Connections::rotate`]; [`RotateError::NotLive`] where nothing was ever subscribed on it.
    pub async fn rotate(&self, ws_key: WsKey) -> Result<(), RotateError> {
        match ws_key {
            WsKey::SpotPrivateV1 => self.inner.spot_private.rotate().await,
            WsKey::FuturesPrivateV1 => self.inner.futures_private.rotate().await,
            WsKey::PrivateProV2 => self.inner.pro_private.rotate().await,
            _ => Err(RotateError::NotLive),
        }
    }

    /// Replaces every connection that is open by a new one, all at the same time: see [`Connections::rotate`]. Cancel
    /// safe.
    ///
    /// # Errors
    /// The first of those of [`Connections::rotate`]; the other connections are rotated all the same.
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
}

fn connections<K: ConnectionKind, S: ConnectionSource, C: Connect>(
    (source, connect, config, lifecycle): (&Arc<S>, &Arc<C>, &Config, &LifecycleSender),
) -> Connections<K> {
    Connections::new(
        source.clone(),
        connect.clone(),
        config.clone(),
        lifecycle.clone(),
    )
}

/// Says that a client has connections of the kind `K`, so that `K`'s topics can be subscribed to on it.
///
/// For a kind of your own use [`Connections`] directly.
pub trait Opens<K: ConnectionKind> {
    /// The connections of this kind; they dial when something is subscribed.
    fn connections(&self) -> &Connections<K>;
}

impl<S: ConnectionSource, C: Connect> Opens<SpotPrivate> for Kucoin<S, C> {
    fn connections(&self) -> &Connections<SpotPrivate> {
        &self.inner.spot_private
    }
}

impl<S: ConnectionSource, C: Connect> Opens<FuturesPrivate> for Kucoin<S, C> {
    fn connections(&self) -> &Connections<FuturesPrivate> {
        &self.inner.futures_private
    }
}

impl<S: ConnectionSource, C: Connect> Opens<Private> for Kucoin<S, C> {
    fn connections(&self) -> &Connections<Private> {
        &self.inner.pro_private
    }
}
