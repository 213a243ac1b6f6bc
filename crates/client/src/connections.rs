//! Connections of one kind and one account.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::future::{join_all, try_join_all};
use kucoin_streams_core::{ConnectionKind, ConnectionSource, Topic, WsKey};
use kucoin_streams_session::{
    CloseReason, ConnectionState, DedupKeyFn, OnRefusal, Placement, RotateError, SubscribeError,
    TopicDrift, dedup_key_fn,
};
use kucoin_streams_transport::Connect;

use crate::connection::{Connection, OpenOutcome, OpenRequest};
use crate::dial_limiter::ConnectionDialLimiter;
use crate::drift::SharedDrift;
use crate::driver::{Dialler, RequestOf};
use crate::feed::Feed;
use crate::stats::ConnectionMeter;
use crate::{Config, ConnectionStats, LifecycleSender, Subscription};

/// Handle to the connections of one kind and one account.
///
/// One connection is used until its topic limit ([`ProtocolLimits::topics`](kucoin_streams_core::ProtocolLimits)) is
/// reached. More topics use a further connection, which is closed with its last topic.
///
/// Clones share the connections. The connections are closed when all clones and all subscriptions are dropped.
pub struct Connections<K: ConnectionKind> {
    inner: Arc<Inner<K>>,
}

struct Inner<K: ConnectionKind> {
    dialler: Dialler,
    config: Config,
    lifecycle: LifecycleSender,
    members: Arc<Mutex<Members<K>>>,
    /// Meters by number; kept if the connection is closed, so that counters never decrease.
    meters: Mutex<BTreeMap<u32, Arc<ConnectionMeter>>>,
    /// Set at the first call of [`Connections::stats`].
    is_read: Arc<AtomicBool>,
    drift: SharedDrift,
}

/// Connections by number, and the assignment of topics to them.
struct Members<K: ConnectionKind> {
    connections: BTreeMap<u32, Connection<K>>,
    placement: Placement<RequestOf<K>>,
}

/// Topics of a subscription on one connection; released when dropped.
struct Share<K: ConnectionKind> {
    members: Weak<Mutex<Members<K>>>,
    number: u32,
    connection: Connection<K>,
    requests: Vec<RequestOf<K>>,
}

impl<K: ConnectionKind> Clone for Connections<K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<K: ConnectionKind> fmt::Debug for Connections<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = lock(&self.inner.members);
        f.debug_list()
            .entries(members.connections.values())
            .finish()
    }
}

impl<K: ConnectionKind> Connections<K> {
    /// Creates a handle. The first subscription opens a connection.
    ///
    /// Before each dial, new connection information is requested from `source`.
    ///
    /// # Panics
    /// With [`ConnectionRuntime::Current`](crate::ConnectionRuntime::Current), a later subscription panics outside of a
    /// tokio runtime.
    pub fn new(
        source: impl ConnectionSource,
        transport: impl Connect,
        config: Config,
        lifecycle: LifecycleSender,
    ) -> Self {
        let limits = config.limits_of::<K>();
        let dialler = Dialler {
            source: Arc::new(source),
            connect: Arc::new(transport),
            dial_limiter: ConnectionDialLimiter::new(&config.dials, K::WS_KEY, limits),
        };
        Self {
            inner: Arc::new(Inner {
                dialler,
                config,
                lifecycle,
                members: Arc::new(Mutex::new(Members {
                    connections: BTreeMap::new(),
                    placement: Placement::new(limits.topics),
                })),
                meters: Mutex::default(),
                is_read: Arc::default(),
                drift: SharedDrift::default(),
            }),
        }
    }

    /// Returns the [`WsKey`] of these connections.
    pub fn ws_key(&self) -> WsKey {
        K::WS_KEY
    }

    /// Returns the combined state of the connections; `None` if nothing was subscribed yet.
    ///
    /// [`ConnectionState::Connecting`] if any connection is connecting, else [`ConnectionState::Closed`] if any is
    /// closed, else [`ConnectionState::Live`].
    pub fn state(&self) -> Option<ConnectionState> {
        let members = lock(&self.inner.members);
        let connections = members.connections.values();
        let states: Vec<ConnectionState> = connections.map(Connection::state).collect();
        let closed = |state: &ConnectionState| matches!(state, ConnectionState::Closed(_));
        let find = |wanted: &dyn Fn(&ConnectionState) -> bool| {
            states.iter().find(|state| wanted(state)).cloned()
        };
        find(&|state| *state == ConnectionState::Connecting)
            .or_else(|| find(&closed))
            .or_else(|| states.first().cloned())
    }

    /// Returns the statistics of each connection that was opened so far, by number. Waits for nothing.
    ///
    /// The counters are always kept. The exchange's clock is measured from the first call on, while a connection is open:
    /// see [`ConnectionSource::clock_offset`].
    pub fn stats(&self) -> Vec<ConnectionStats> {
        if !self.inner.is_read.swap(true, Ordering::Relaxed) {
            self.all().iter().for_each(Connection::wake);
        }
        let state_of = |number: &u32| {
            let members = lock(&self.inner.members);
            let state = members.connections.get(number).map(Connection::state);
            state.unwrap_or(ConnectionState::Closed(CloseReason::Requested))
        };
        let meters: Vec<_> = self.meters().clone().into_iter().collect();
        let stats_of = |(number, meter): (u32, Arc<ConnectionMeter>)| {
            meter.stats(K::WS_KEY, number, state_of(&number))
        };
        meters.into_iter().map(stats_of).collect()
    }

    /// Returns what in the pushes of each subscribed topic differs from the format that the SDK knows.
    ///
    /// Counts every event that a subscription has returned, and every gap of an undecodable push. It is empty if nothing
    /// differs. Each new finding is also logged once: an unknown field as `info`, anything else as `warn`.
    pub fn drift(&self) -> Vec<TopicDrift> {
        self.inner.drift.topics()
    }

    /// Subscribes to a topic, and resolves when KuCoin has acknowledged it.
    ///
    /// Opens a new connection unless an open one has room for the topic, and retries until [`Config::connect_timeout`].
    /// Equal topics share one wire subscription. Cancel safe: if the future is dropped, nothing stays subscribed.
    ///
    /// # Errors
    /// - [`SubscribeError::Refused`] if KuCoin refuses the topic, with its code and message.
    /// - [`SubscribeError::TimedOut`] if the topic is not live in time, with the last failure.
    /// - [`SubscribeError::Closed`] if the connection fails for good, for example because of refused credentials.
    /// - [`SubscribeError::Nothing`] if the topic has no requests.
    pub async fn subscribe<T>(&self, topic: T) -> Result<Subscription<T>, SubscribeError>
    where
        T: Topic<Kind = K>,
    {
        let topic = Arc::new(topic);
        let shares = self.shares(topic.requests())?;
        let dedup_key_fn = dedup_key_fn(topic.clone());
        let opened = try_join_all(self.open(shares, &dedup_key_fn, OnRefusal::Fail)).await?;
        let feeds = opened.into_iter().filter_map(|opened| opened.feed);
        Ok(self.subscription(topic, feeds.collect()))
    }

    /// Subscribes to several topics, and leaves out those that KuCoin refuses.
    ///
    /// Resolves when KuCoin has answered each topic: returns the subscription to the acknowledged topics, and the
    /// refusals of the others. A refusal causes no event loss on the other topics. A topic that is refused temporarily
    /// is not left out: the subscription starts with a [`Gap`](crate::Gap) for it, and the topic is retried until it is
    /// live.
    ///
    /// Cancel safe, like [`Connections::subscribe`].
    ///
    /// # Errors
    /// Returns the errors of [`Connections::subscribe`], but [`SubscribeError::Refused`] only if all topics are refused;
    /// it then contains the last refusal.
    pub async fn subscribe_available<T>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Subscription<Vec<T>>, Vec<SubscribeError>), SubscribeError>
    where
        T: Topic<Kind = K>,
    {
        let (subscription, mut refused) = self.subscribe_each(topics).await?;
        match subscription {
            Some(subscription) => Ok((subscription, refused)),
            None => Err(refused.pop().unwrap_or(SubscribeError::Nothing)),
        }
    }

    /// Subscribes to several topics, and returns every refusal.
    ///
    /// Like [`Connections::subscribe_available`], except that the subscription is `None` if all topics are refused,
    /// instead of an error.
    ///
    /// # Errors
    /// Returns the errors of [`Connections::subscribe`], except [`SubscribeError::Refused`].
    pub async fn subscribe_each<T>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Option<Subscription<Vec<T>>>, Vec<SubscribeError>), SubscribeError>
    where
        T: Topic<Kind = K>,
    {
        let topics = Arc::new(topics);
        let shares = self.shares(topics.requests())?;
        let dedup_key_fn = dedup_key_fn(topics.clone());
        let opened = try_join_all(self.open(shares, &dedup_key_fn, OnRefusal::LeaveOut)).await?;
        let (mut feeds, mut refused) = (Vec::new(), Vec::new());
        for opened in opened {
            feeds.extend(opened.feed);
            refused.extend(opened.refused);
        }
        let is_open = !feeds.is_empty();
        Ok((is_open.then(|| self.subscription(topics, feeds)), refused))
    }

    /// Opens a connection if none is open, and waits until all are live. Cancel safe.
    ///
    /// After a loss, a connection is live once every topic is acknowledged or refused again.
    ///
    /// # Errors
    /// - [`SubscribeError::TimedOut`] if a connection is not live within [`Config::connect_timeout`], with the last
    ///   failure.
    /// - [`SubscribeError::Closed`] if a connection fails for good.
    pub async fn wait_live(&self) -> Result<(), SubscribeError> {
        let connections: Vec<Connection<K>> = {
            let mut members = self.open_members();
            if members.connections.is_empty() {
                let number = members.placement.add();
                self.connect(&mut members, number);
            }
            members.connections.values().cloned().collect()
        };
        try_join_all(connections.iter().map(Connection::wait_live)).await?;
        Ok(())
    }

    /// Replaces every connection by a new one, with a new token and without a gap.
    ///
    /// Every topic is subscribed on the replacement connection before the current one is closed, and each event is
    /// delivered once. Resolves when the replacements have taken over. This also happens automatically before KuCoin
    /// closes a connection after about 24 h: see [`Config::with_rotation_every`].
    ///
    /// Cancel safe: dropping the future does not stop the rotation.
    ///
    /// # Errors
    /// - [`RotateError::NotLive`] if a connection is not live, or none is open.
    /// - [`RotateError::Failed`] if a replacement failed, or the current connection was lost meanwhile.
    /// - [`RotateError::Closed`] if a connection is closed.
    ///
    /// With several connections, the first error is returned; the other connections are rotated nevertheless.
    pub async fn rotate(&self) -> Result<(), RotateError> {
        let connections = self.all();
        if connections.is_empty() {
            return Err(RotateError::NotLive);
        }
        let rotated = join_all(connections.iter().map(Connection::rotate)).await;
        rotated.into_iter().collect()
    }

    /// Closes all connections, and resolves when their tasks have ended.
    ///
    /// Topics are unsubscribed first; this takes at most two seconds. The subscriptions end after the events
    /// that they have received. A later subscription opens a new connection.
    pub async fn close(&self) {
        let connections = self.all();
        join_all(connections.iter().map(Connection::close)).await;
    }

    fn subscription<T: Topic<Kind = K>>(
        &self,
        topic: Arc<T>,
        mut feeds: Vec<Feed>,
    ) -> Subscription<T> {
        for feed in &mut feeds {
            feed.set_drift(self.inner.drift.clone());
        }
        Subscription::new(topic, feeds)
    }

    fn open(
        &self,
        shares: Vec<Share<K>>,
        dedup_key_fn: &DedupKeyFn,
        on_refusal: OnRefusal,
    ) -> impl Iterator<Item = impl Future<Output = Result<OpenOutcome, SubscribeError>>> {
        shares.into_iter().map(move |share| {
            let open_request = OpenRequest {
                requests: share.requests.clone(),
                dedup_key_fn: dedup_key_fn.clone(),
                on_refusal,
            };
            let connection = share.connection.clone();
            // Dropping the future releases the share.
            async move { connection.open(open_request, Box::new(share)).await }
        })
    }

    /// Assigns the topics of a subscription to connections, and opens missing connections.
    fn shares(&self, requests: Vec<RequestOf<K>>) -> Result<Vec<Share<K>>, SubscribeError> {
        if requests.is_empty() {
            return Err(SubscribeError::Nothing);
        }
        let mut members = self.open_members();
        let placed = members.placement.place(requests);
        let share = |(number, requests)| Share {
            members: Arc::downgrade(&self.inner.members),
            number,
            connection: self.connect(&mut members, number),
            requests,
        };
        Ok(placed.into_iter().map(share).collect())
    }

    /// Removes closed connections, and returns the others.
    fn open_members(&self) -> MutexGuard<'_, Members<K>> {
        let mut members = lock(&self.inner.members);
        let Members {
            connections,
            placement,
        } = &mut *members;
        connections.retain(|number, connection| {
            let is_open = !matches!(connection.state(), ConnectionState::Closed(_));
            if !is_open {
                placement.remove(*number);
            }
            is_open
        });
        members
    }

    /// Returns the connection with this number, and starts it if it does not exist.
    fn connect(&self, members: &mut Members<K>, number: u32) -> Connection<K> {
        let inner = &self.inner;
        let spawn = || {
            let mut config = inner.config.clone();
            // Each connection needs its own jitter.
            config.seed = Some(config.seed_or_random() ^ u64::from(number).rotate_left(32));
            let lifecycle = inner.lifecycle.of(number);
            let mut meters = self.meters();
            let new = || Arc::new(ConnectionMeter::new(Arc::clone(&inner.is_read)));
            let meter = Arc::clone(meters.entry(number).or_insert_with(new));
            Connection::spawn(inner.dialler.clone(), config, lifecycle, meter)
        };
        let connection = members.connections.entry(number).or_insert_with(spawn);
        connection.clone()
    }

    fn meters(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<ConnectionMeter>>> {
        let meters = self.inner.meters.lock();
        meters.unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Connection<K>> {
        let members = lock(&self.inner.members);
        members.connections.values().cloned().collect()
    }
}

impl<K: ConnectionKind> Drop for Share<K> {
    fn drop(&mut self) {
        let Some(members) = self.members.upgrade() else {
            return;
        };
        let mut members = lock(&members);
        // A new connection may have reused the number.
        let current = members.connections.get(&self.number);
        if current.is_some_and(|current| current.is(&self.connection))
            && members.placement.release(self.number, &self.requests)
        {
            members.connections.remove(&self.number);
        }
    }
}

fn lock<K: ConnectionKind>(members: &Mutex<Members<K>>) -> MutexGuard<'_, Members<K>> {
    members.lock().unwrap_or_else(PoisonError::into_inner)
}
