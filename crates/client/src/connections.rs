//! The connections of one kind for one account: as many as its topics need.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::future::{join_all, try_join_all};
use kucoin_streams_core::{ConnectionKind, ConnectionSource, Topic, WsKey};
use kucoin_streams_session::{
    ConnectionState, DedupKeyFn, OnRefusal, Placement, RotateError, SubscribeError, dedup_key_fn,
};
use kucoin_streams_transport::Connect;

use crate::connection::{Connection, OpenOutcome, OpenRequest};
use crate::dial_limiter::ConnectionDialLimiter;
use crate::driver::{Dialler, RequestOf};
use crate::{Config, LifecycleSender, Subscription};

/// The connections of one kind for one account. There is one, until topics are subscribed beyond what the exchange
/// lets one connection hold ([`ProtocolLimits::topics`](kucoin_streams_core::ProtocolLimits)): these go to a further connection, which
/// ends when its last topic does.
///
/// Clones are the same connections. They end when every clone and every subscription is gone.
pub struct Connections<K: ConnectionKind> {
    inner: Arc<Inner<K>>,
}

struct Inner<K: ConnectionKind> {
    dialler: Dialler,
    config: Config,
    lifecycle: LifecycleSender,
    members: Arc<Mutex<Members<K>>>,
}

/// The connections by their numbers, and what each serves.
struct Members<K: ConnectionKind> {
    connections: BTreeMap<u32, Connection<K>>,
    placement: Placement<RequestOf<K>>,
}

/// The part of a subscription that one connection serves. Dropping it takes it back.
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
    /// Connections that dial when something is subscribed, with what `source` gives for each dial.
    ///
    /// # Panics
    /// When something is subscribed with [`ConnectionRuntime::Current`](crate::ConnectionRuntime::Current) outside of a
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
            }),
        }
    }

    /// Which connections these are.
    pub fn ws_key(&self) -> WsKey {
        K::WS_KEY
    }

    /// How they are: [`ConnectionState::Connecting`] while one of them is, and the end of one that failed before the
    /// life of the others. `None` where nothing was subscribed yet.
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

    /// Subscribes to a topic and resolves when the server has acknowledged it, over as many attempts to connect as
    /// fit in [`Config::connect_timeout`]. Opens a connection if none is open or has room.
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
        let shares = self.shares(topic.requests())?;
        let dedup_key_fn = dedup_key_fn(topic.clone());
        let opened = try_join_all(self.open(shares, &dedup_key_fn, OnRefusal::Fail)).await?;
        let feeds = opened.into_iter().filter_map(|opened| opened.feed);
        Ok(Subscription::new(topic, feeds.collect()))
    }

    /// Subscribes to several topics and resolves when the server has answered each: with the subscription to those
    /// that it acknowledged, and the refusals of the others. No event of an acknowledged topic is lost to the refusal
    /// of another. A topic that is refused for now belongs to the subscription, which begins with a
    /// [`Gap`](crate::Gap) for it; it is open_request for again until it is live.
    ///
    /// Cancel safe, as [`Connections::subscribe`].
    ///
    /// # Errors
    /// As [`Connections::subscribe`]; [`SubscribeError::Refused`] only if every topic is refused, for the last.
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

    /// As [`Connections::subscribe_available`], with every refusal also if all topics are refused: `None` then.
    ///
    /// # Errors
    /// As [`Connections::subscribe`], but for refusals.
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
        let is_served = !feeds.is_empty();
        Ok((is_served.then(|| Subscription::new(topics, feeds)), refused))
    }

    /// Opens a connection if none is open, and waits until all are live; after a loss, until every topic is active
    /// again. Cancel safe.
    ///
    /// # Errors
    /// [`SubscribeError::TimedOut`] with the last cause if one is not live within [`Config::connect_timeout`];
    /// [`SubscribeError::Closed`] if it ends for good.
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

    /// Replaces every connection by a new one, with a fresh token, without a gap: every topic is subscribed on the new
    /// connection before the old one is closed, and each event is delivered once. Resolves when the new ones serve.
    /// By itself this happens before the exchange cuts a connection, which it does after about 24 h:
    /// [`Config::with_rotation_every`].
    ///
    /// Cancel safe: a dropped future stops no rotation.
    ///
    /// # Errors
    /// [`RotateError::NotLive`] if a connection is not live or none was opened; [`RotateError::Failed`] if no new one
    /// could be made: the old one goes on. The first error of several connections; the others are rotated all the same.
    pub async fn rotate(&self) -> Result<(), RotateError> {
        let connections = self.all();
        if connections.is_empty() {
            return Err(RotateError::NotLive);
        }
        let rotated = join_all(connections.iter().map(Connection::rotate)).await;
        rotated.into_iter().collect()
    }

    /// Closes the connections in order: unsubscribes, closes, and resolves when their tasks have ended, after about two
    /// seconds at the latest. Their subscriptions end after what they have received. A later subscription opens a new
    /// connection.
    pub async fn close(&self) {
        let connections = self.all();
        join_all(connections.iter().map(Connection::close)).await;
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
            // From here on a drop of the future takes the share back.
            async move { connection.open(open_request, Box::new(share)).await }
        })
    }

    /// Distributes the topics of a subscription over the connections, and makes those that are needed.
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

    /// The connections that have not ended.
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

    /// The connection of this number, which is made if there is none.
    fn connect(&self, members: &mut Members<K>, number: u32) -> Connection<K> {
        let inner = &self.inner;
        let spawn = || {
            let mut config = inner.config.clone();
            // Each has a jitter of its own.
            config.seed = Some(config.seed_or_random() ^ u64::from(number).rotate_left(32));
            Connection::spawn(inner.dialler.clone(), config, inner.lifecycle.of(number))
        };
        let connection = members.connections.entry(number).or_insert_with(spawn);
        connection.clone()
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
        // A later connection may have the number of one that ended.
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
