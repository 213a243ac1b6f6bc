//! The connections of one kind for one account: as many as its topics need.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::future::{join_all, try_join_all};
use kucoin_streams_core::{ConnectionKind, ConnectionSource, Topic, WsKey};
use kucoin_streams_session::{
    ConnectionState, Identify, OnRefusal, RotateError, SubscribeError, identify,
};
use kucoin_streams_transport::Connect;

use crate::connection::{Asked, Connection, Opened};
use crate::dials::Gate;
use crate::driver::{Dialler, RequestOf};
use crate::{Config, LifecycleSender, Subscription};

/// The connections of one kind for one account. There is one, until topics are subscribed beyond what the exchange
/// lets one connection hold ([`Limits::topics`](kucoin_streams_core::Limits)): these go to a further connection, which
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
    /// The number of topics that one connection may hold.
    topics_each: usize,
    members: Arc<Mutex<Vec<Member<K>>>>,
}

struct Member<K: ConnectionKind> {
    connection: Connection<K>,
    /// Its number among those that stand, from 0.
    number: u32,
    /// What subscriptions want of it, and how many.
    held: HashMap<RequestOf<K>, usize>,
}

/// The part of a subscription that one connection serves.
struct Share<K: ConnectionKind> {
    connection: Connection<K>,
    requests: Vec<RequestOf<K>>,
}

/// The places that a subscription takes up on one connection, until it is dropped.
struct Place<K: ConnectionKind> {
    members: Weak<Mutex<Vec<Member<K>>>>,
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
            .entries(members.iter().map(|member| &member.connection))
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
            gate: Gate::new(&config.dials, K::WS_KEY, limits),
        };
        Self {
            inner: Arc::new(Inner {
                dialler,
                config,
                lifecycle,
                topics_each: limits.topics.map_or(usize::MAX, |limit| limit as usize),
                members: Arc::default(),
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
        let states: Vec<ConnectionState> = members
            .iter()
            .map(|member| member.connection.state())
            .collect();
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
        let identify = identify(topic.clone());
        let opened = try_join_all(self.open(shares, &identify, OnRefusal::Fail)).await?;
        let feeds = opened.into_iter().filter_map(|opened| opened.feed);
        Ok(Subscription::new(topic, feeds.collect()))
    }

    /// Subscribes to several topics and resolves when the server has answered each: with the subscription to those
    /// that it acknowledged, and the refusals of the others. No event of an acknowledged topic is lost to the refusal
    /// of another. A topic that is refused for now belongs to the subscription, which begins with a
    /// [`Gap`](crate::Gap) for it; it is asked for again until it is live.
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
        let topics = Arc::new(topics);
        let shares = self.shares(topics.requests())?;
        let identify = identify(topics.clone());
        let opened = try_join_all(self.open(shares, &identify, OnRefusal::LeaveOut)).await?;
        Opened::join(opened, topics)
    }

    /// Opens a connection if none is open, and waits until all are live; after a loss, until every topic is active
    /// again. Cancel safe.
    ///
    /// # Errors
    /// [`SubscribeError::TimedOut`] with the last cause if one is not live within [`Config::connect_timeout`];
    /// [`SubscribeError::Closed`] if it ends for good.
    pub async fn wait_live(&self) -> Result<(), SubscribeError> {
        let connections = {
            let mut members = self.standing();
            if members.is_empty() {
                self.grow(&mut members);
            }
            connections(&members)
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
        let connections = connections(&lock(&self.inner.members));
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
        let connections = connections(&lock(&self.inner.members));
        join_all(connections.iter().map(Connection::close)).await;
    }

    fn open(
        &self,
        shares: Vec<Share<K>>,
        identify: &Identify,
        on_refusal: OnRefusal,
    ) -> impl Iterator<Item = impl Future<Output = Result<Opened, SubscribeError>>> {
        shares.into_iter().map(move |share| {
            // From here on a drop of the future gives the places back.
            let place = Place {
                members: Arc::downgrade(&self.inner.members),
                connection: share.connection.clone(),
                requests: share.requests.clone(),
            };
            let asked = Asked {
                requests: share.requests,
                identify: identify.clone(),
                on_refusal,
            };
            async move {
                let place = Some(Arc::new(place) as _);
                share.connection.open(asked, place).await
            }
        })
    }

    /// Distributes requests over the connections: what is held already to its own, the rest together to the first that
    /// has room for all of it, or to a new one, and only what no connection could hold to several.
    fn shares(&self, mut requests: Vec<RequestOf<K>>) -> Result<Vec<Share<K>>, SubscribeError> {
        if requests.is_empty() {
            return Err(SubscribeError::Nothing);
        }
        let topics_each = self.inner.topics_each;
        let mut members = self.standing();
        let mut shares: Vec<Vec<RequestOf<K>>> = vec![Vec::new(); members.len()];
        requests.retain(|request| {
            let holder = members.iter().position(|m| m.held.contains_key(request));
            if let Some(at) = holder {
                shares[at].push(request.clone());
            }
            holder.is_none()
        });
        let distinct = requests.iter().collect::<HashSet<_>>().len();
        let whole = members.iter().position(|m| m.room(topics_each) >= distinct);
        let or_new = (distinct <= topics_each).then_some(members.len());
        let mut at = whole.or(or_new).unwrap_or(0);
        let mut left = requests.into_iter().peekable();
        while left.peek().is_some() {
            if at == members.len() {
                self.grow(&mut members);
                shares.push(Vec::new());
            }
            let room = members[at].room(topics_each);
            shares[at].extend(left.by_ref().take(room));
            at += 1;
        }
        let taken = members.iter_mut().zip(shares);
        let shares = taken.filter(|(_, requests)| !requests.is_empty());
        let shares = shares.map(|(member, requests)| member.take(requests));
        Ok(shares.collect())
    }

    /// Those that are not over.
    fn standing(&self) -> MutexGuard<'_, Vec<Member<K>>> {
        let mut members = lock(&self.inner.members);
        members.retain(|member| !matches!(member.connection.state(), ConnectionState::Closed(_)));
        members
    }

    fn grow(&self, members: &mut Vec<Member<K>>) {
        let is_free = |number: &u32| members.iter().all(|member| member.number != *number);
        let number = (0..).find(is_free).unwrap_or_default();
        let mut config = self.inner.config.clone();
        // Each has a jitter of its own.
        config.seed = Some(config.seed_or_random() ^ u64::from(number).rotate_left(32));
        let lifecycle = self.inner.lifecycle.of(number);
        members.push(Member {
            connection: Connection::spawn(self.inner.dialler.clone(), config, lifecycle),
            number,
            held: HashMap::new(),
        });
    }
}

impl<K: ConnectionKind> Member<K> {
    /// The number of topics that it has room for.
    fn room(&self, topics_each: usize) -> usize {
        topics_each.saturating_sub(self.held.len())
    }

    fn take(&mut self, requests: Vec<RequestOf<K>>) -> Share<K> {
        for request in &requests {
            *self.held.entry(request.clone()).or_default() += 1;
        }
        Share {
            connection: self.connection.clone(),
            requests,
        }
    }
}

impl<K: ConnectionKind> Drop for Place<K> {
    fn drop(&mut self) {
        let Some(members) = self.members.upgrade() else {
            return;
        };
        let mut members = lock(&members);
        let of_it = |member: &Member<K>| member.connection.is(&self.connection);
        let Some(at) = members.iter().position(of_it) else {
            return;
        };
        let member = &mut members[at];
        for request in &self.requests {
            if let Some(times) = member.held.get_mut(request) {
                *times -= 1;
                if *times == 0 {
                    member.held.remove(request);
                }
            }
        }
        // The first stays for what is subscribed next, a further one is not needed any more.
        if member.held.is_empty() && member.number > 0 {
            members.remove(at);
        }
    }
}

fn connections<K: ConnectionKind>(members: &[Member<K>]) -> Vec<Connection<K>> {
    members
        .iter()
        .map(|member| member.connection.clone())
        .collect()
}

fn lock<K: ConnectionKind>(members: &Mutex<Vec<Member<K>>>) -> MutexGuard<'_, Vec<Member<K>>> {
    members.lock().unwrap_or_else(PoisonError::into_inner)
}
