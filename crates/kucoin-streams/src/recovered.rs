//! The stream adaptor of recovery: a subscription whose gaps are filled over REST.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::Stream;
use kucoin_streams_client::{EndReason, Gap, Origin, Subscription, TopicLedger, Update};
use kucoin_streams_core::{ConnectionKind, DecodeError, Push, Timestamp, Topic, WsKey};
use kucoin_streams_recovery::{
    LiveReport, QueryId, Recoverable, RecoveredFrame, Recovery, RecoveryOutput, RecoverySettings,
    SnapshotRow, VanishedOrder,
};
use kucoin_streams_rest::{QueryError, RawPage, Rest};
use kucoin_streams_session::{ClockReading, GapReason};
use serde::{Serialize, Serializer};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use crate::{AnyEvent, AnySubscription, Kucoin};

/// The longest wait of a query for its rate limit. After it, the recovery reports the rate limit and retries later.
const MAX_BUDGET_WAIT: Duration = Duration::from_secs(10);

/// An item of a [`RecoveredSubscription`].
///
/// Serializes as a line of `kucoin-streams watch --format ndjson`.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)]
pub enum RecoveredItem<E> {
    /// An event: live, or recovered over REST (see [`Update::origin`]).
    Event(Update<E>),
    /// A row of the current state: at the start, and of balances and positions also after a gap.
    Snapshot(SnapshotRow),
    /// An order that was open before a gap and is in no list any more; the reason is unknown.
    Vanished(VanishedOrder),
    /// Events may be missing from here on. [`Live`](Self::Live) follows once they are recovered, unless the topic has
    /// ended.
    Gap(Gap),
    /// The topics are live, and everything that can be recovered was yielded, except what it names as missing.
    Live(LiveReport),
}

impl<E: Serialize> Serialize for RecoveredItem<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Event(update) => update.serialize(serializer),
            Self::Snapshot(row) => row.serialize(serializer),
            Self::Vanished(order) => order.serialize(serializer),
            Self::Gap(gap) => gap.serialize(serializer),
            Self::Live(report) => report.serialize(serializer),
        }
    }
}

/// A subscription that can be recovered: [`Subscription`] or [`AnySubscription`].
pub trait RecoverableSubscription: sealed::Source {}

impl<S: sealed::Source> RecoverableSubscription for S {}

pub(crate) mod sealed {
    use super::{
        Arc, Context, DecodeError, EndReason, Gap, Poll, Push, Recoverable, TopicLedger, Update,
        WsKey,
    };

    /// What the adaptor needs of a subscription.
    #[allow(unnameable_types)]
    pub trait Source: Send + Unpin {
        type Event: Recoverable;

        /// Returns the names of the topics, by connection.
        fn topics(&self) -> Vec<(WsKey, Vec<Arc<str>>)>;
        /// Decodes a frame of a topic of this connection; `None` if it is not of a topic of the subscription.
        fn decode(
            &self,
            ws_key: WsKey,
            frame: &str,
        ) -> Result<Option<Push<Self::Event>>, DecodeError>;
        fn poll_item(
            &mut self,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Update<Self::Event>, Gap>>>;
        fn ledger(&self) -> Vec<TopicLedger>;
        fn end_reason(&self) -> Option<EndReason>;
    }
}

impl<T: Topic<Event: Recoverable>> sealed::Source for Subscription<T> {
    type Event = T::Event;

    fn topics(&self) -> Vec<(WsKey, Vec<Arc<str>>)> {
        vec![(T::Kind::WS_KEY, names_of(self.topic()))]
    }

    fn decode(&self, _: WsKey, frame: &str) -> Result<Option<Push<T::Event>>, DecodeError> {
        self.topic().decode(frame)
    }

    fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<T::Event>, Gap>>> {
        Pin::new(self).poll_next(context)
    }

    fn ledger(&self) -> Vec<TopicLedger> {
        self.ledger()
    }

    fn end_reason(&self) -> Option<EndReason> {
        self.end_reason()
    }
}

/// Returns the names of the topics as the events and gaps of the subscription have them.
pub(crate) fn names_of<T: Topic>(topic: &T) -> Vec<Arc<str>> {
    let requests = topic.requests();
    let mut names: Vec<Arc<str>> = Vec::with_capacity(requests.len());
    for request in requests {
        let name = request.to_string();
        if !names.iter().any(|known| **known == *name) {
            names.push(name.into());
        }
    }
    names
}

impl sealed::Source for AnySubscription {
    type Event = AnyEvent;

    fn topics(&self) -> Vec<(WsKey, Vec<Arc<str>>)> {
        self.topics()
    }

    fn decode(&self, ws_key: WsKey, frame: &str) -> Result<Option<Push<AnyEvent>>, DecodeError> {
        self.decode(ws_key, frame)
    }

    fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<AnyEvent>, Gap>>> {
        Pin::new(self).poll_next(context)
    }

    fn ledger(&self) -> Vec<TopicLedger> {
        self.ledger()
    }

    fn end_reason(&self) -> Option<EndReason> {
        self.end_reason()
    }
}

/// A subscription whose gaps are filled over REST: see [`Kucoin::recovered`].
///
/// It yields the state at the start as [`Snapshot`](RecoveredItem::Snapshot) rows and a [`Live`](RecoveredItem::Live)
/// report, then events. After a [`Gap`](RecoveredItem::Gap), live events are held back for at most
/// [`max_hold`](RecoverySettings::max_hold) while what was missed is fetched; then come the recovered events, the report with
/// what is missing, and the live events. A live event always wins over a recovered copy of it, and no event comes twice.
///
/// It progresses only while it is polled. Queries run in tasks of their own, within a quarter of the account's rate limit.
pub struct RecoveredSubscription<S: RecoverableSubscription> {
    subscription: S,
    rest: Rest,
    /// One machine for each connection.
    connections: Vec<Connection<S::Event>>,
    /// Queries in progress, each for a connection.
    replies: JoinSet<(usize, QueryId, Result<RawPage, QueryError>)>,
    timer: Option<Pin<Box<Sleep>>>,
    is_ended: bool,
}

/// Maximum number of events to take before looking at replies and timers.
const MAX_TAKEN: usize = 256;

struct Connection<E> {
    ws_key: WsKey,
    recovery: Recovery<Update<E>>,
    /// Epoch of the current connection.
    epoch: u64,
    /// Number of recovered events, for the statistics of the client.
    recovered: Arc<AtomicU64>,
}

impl Kucoin {
    /// Fills the gaps of a subscription over REST: see [`RecoveredSubscription`].
    ///
    /// Call it right after subscribing, within a tokio runtime. It needs the permission that each query names; what the API
    /// key may not read is reported as missing.
    ///
    /// ```no_run
    /// # use kucoin_streams::{Kucoin, RecoveredItem, v1};
    /// # async fn run(kucoin: Kucoin) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut orders = kucoin.recovered(kucoin.subscribe(v1::SpotOrders).await?);
    /// while let Some(item) = orders.next().await {
    ///     match item {
    ///         RecoveredItem::Event(order) => println!("{} {}", order.order_id, order.kind),
    ///         RecoveredItem::Snapshot(row) => println!("open at the start: {}", row.data),
    ///         RecoveredItem::Gap(gap) => println!("stale: {gap}"),
    ///         RecoveredItem::Live(report) => println!("live, missing: {:?}", report.missing),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn recovered<S: RecoverableSubscription>(
        &self,
        subscription: S,
    ) -> RecoveredSubscription<S> {
        self.recovered_with(subscription, RecoverySettings::default())
    }

    /// Fills the gaps of a subscription over REST, with these settings: see [`Kucoin::recovered`].
    pub fn recovered_with<S: RecoverableSubscription>(
        &self,
        subscription: S,
        settings: RecoverySettings,
    ) -> RecoveredSubscription<S> {
        let mut recovered = RecoveredSubscription::new(subscription, self.rest().clone(), settings);
        for connection in &mut recovered.connections {
            connection.recovered = self.recovered_counts().of(connection.ws_key);
        }
        recovered
    }
}

impl<S: RecoverableSubscription> RecoveredSubscription<S> {
    /// Creates the adaptor.
    ///
    /// With a [disabled](Rest::disabled) client, every gap is reported with everything missing.
    pub fn new(subscription: S, rest: Rest, settings: RecoverySettings) -> Self {
        let now = read_clock();
        let tokens = rest.tokens();
        let offset_ms = tokens.map_or(0, |tokens| tokens.clock_offset_ms());
        let topics = subscription.topics().into_iter();
        let connections = topics.map(|(ws_key, names)| Connection {
            ws_key,
            recovery: Recovery::new(settings.clone(), ws_key, names, now, offset_ms),
            epoch: 0,
            recovered: Arc::default(),
        });
        Self {
            connections: connections.collect(),
            subscription,
            rest,
            replies: JoinSet::new(),
            timer: None,
            is_ended: false,
        }
    }

    /// Returns the next item; `None` if the subscription has ended.
    ///
    /// Cancel safe: no item is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<RecoveredItem<S::Event>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// Returns the next item; `None` if nothing is ready, or the subscription has ended.
    pub fn try_next(&mut self) -> Option<RecoveredItem<S::Event>> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.poll_item(&mut context) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// Returns `true` from a gap until its [`Live`](RecoveredItem::Live) report, on any of the connections.
    ///
    /// It stays `true` if the stream ends before the report: what was missed is then not fetched.
    pub fn is_recovering(&self) -> bool {
        let mut connections = self.connections.iter();
        connections.any(|connection| connection.recovery.is_recovering())
    }

    /// Returns the frame counters of each topic: see [`Subscription::ledger`].
    pub fn ledger(&self) -> Vec<TopicLedger> {
        self.subscription.ledger()
    }

    /// Returns the reason why the subscription has ended; `None` if it has not.
    ///
    /// See [`Subscription::end_reason`].
    pub fn end_reason(&self) -> Option<EndReason> {
        self.subscription.end_reason()
    }

    /// Returns the subscription, without recovery. Events that are held back are lost.
    pub fn into_inner(self) -> S {
        self.subscription
    }

    /// Returns `true` if an item is ready: events that were held back, or what was found.
    pub(crate) fn has_output(&self) -> bool {
        let mut connections = self.connections.iter();
        connections.any(|connection| connection.recovery.has_output())
    }

    pub(crate) fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<RecoveredItem<S::Event>>> {
        // Events that were received before a reply are taken first: a row of the reply may be one of them.
        let mut taken = 0;
        loop {
            if let Some(item) = self.next_output() {
                return Poll::Ready(Some(item));
            }
            if self.is_ended {
                return Poll::Ready(None);
            }
            if taken < MAX_TAKEN {
                match self.subscription.poll_item(context) {
                    Poll::Ready(Some(item)) => {
                        taken += 1;
                        self.take(item);
                        continue;
                    }
                    Poll::Ready(None) => {
                        self.is_ended = true;
                        for connection in &mut self.connections {
                            connection.recovery.finish();
                        }
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            self.send_queries();
            if let Poll::Ready(Some(reply)) = self.replies.poll_join_next(context) {
                // A query that panicked or was aborted has no reply; the recovery reports it at its deadline.
                if let Ok((connection, id, reply)) = reply {
                    let now = read_clock();
                    self.connections[connection]
                        .recovery
                        .on_reply(now, id, reply);
                }
                taken = 0;
                continue;
            }
            if self.poll_timer(context).is_ready() {
                taken = 0;
                continue;
            }
            if taken < MAX_TAKEN {
                return Poll::Pending;
            }
            taken = 0;
        }
    }

    fn take(&mut self, item: Result<Update<S::Event>, Gap>) {
        let now = read_clock();
        match item {
            Ok(update) => {
                let Some(connection) = self.connection(Some(update.ws_key())) else {
                    return;
                };
                connection.epoch = update.epoch();
                let topic = Arc::clone(update.subscribed_topic());
                let (received_at, facts) = (update.received_at(), update.facts());
                connection
                    .recovery
                    .on_event(now, &topic, received_at, facts, update);
            }
            Err(gap) => {
                if let Some(connection) = self.connection(gap.ws_key) {
                    connection.recovery.on_gap(now, gap);
                }
            }
        }
    }

    /// Returns the connection with this key: the only one if there is no key.
    fn connection(&mut self, ws_key: Option<WsKey>) -> Option<&mut Connection<S::Event>> {
        let at = self
            .connections
            .iter()
            .position(|connection| Some(connection.ws_key) == ws_key);
        self.connections.get_mut(at.unwrap_or(0))
    }

    fn next_output(&mut self) -> Option<RecoveredItem<S::Event>> {
        for connection in &mut self.connections {
            while let Some(output) = connection.recovery.next_output() {
                let item = match output {
                    RecoveryOutput::Event(update) => RecoveredItem::Event(update),
                    RecoveryOutput::Snapshot(row) => RecoveredItem::Snapshot(row),
                    RecoveryOutput::Vanished(order) => RecoveredItem::Vanished(order),
                    RecoveryOutput::Gap(gap) => RecoveredItem::Gap(gap),
                    RecoveryOutput::Live(report) => RecoveredItem::Live(report),
                    RecoveryOutput::Recovered(frame) => {
                        let (ws_key, epoch) = (connection.ws_key, connection.epoch);
                        match self.subscription.decode(ws_key, &frame.frame) {
                            Ok(Some(push)) => {
                                connection.recovered.fetch_add(1, Relaxed);
                                RecoveredItem::Event(recovered(ws_key, push, &frame, epoch))
                            }
                            Ok(None) => continue,
                            Err(error) => RecoveredItem::Gap(undecodable(ws_key, frame, error)),
                        }
                    }
                    _ => continue,
                };
                return Some(item);
            }
        }
        None
    }

    fn send_queries(&mut self) {
        for (index, connection) in self.connections.iter_mut().enumerate() {
            while let Some((id, query)) = connection.recovery.next_query(read_clock()) {
                let rest = self.rest.clone();
                self.replies.spawn(async move {
                    let reply = rest.execute_within(&query, MAX_BUDGET_WAIT).await;
                    (index, id, reply)
                });
            }
        }
    }

    /// Fires the timers of the machines that are due.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timers = self
            .connections
            .iter()
            .filter_map(|connection| connection.recovery.next_timer());
        let Some(next) = timers.min() else {
            self.timer = None;
            return Poll::Pending;
        };
        let next = tokio::time::Instant::from_std(next);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        if timer.deadline() != next {
            timer.as_mut().reset(next);
        }
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.timer = None;
        for connection in &mut self.connections {
            connection.recovery.on_timer(read_clock());
        }
        Poll::Ready(())
    }
}

/// Returns the update of a recovered event.
fn recovered<E>(ws_key: WsKey, push: Push<E>, frame: &RecoveredFrame, epoch: u64) -> Update<E> {
    let origin = Origin::Recovered {
        path: frame.source.path,
        exact: frame.source.exact,
        late: frame.source.late,
    };
    let topic = Arc::clone(&frame.topic);
    Update::recovered(ws_key, topic, push, origin, (Timestamp::now(), epoch))
}

/// Returns the gap for a recovered event that the topic cannot decode.
fn undecodable(ws_key: WsKey, frame: RecoveredFrame, error: DecodeError) -> Gap {
    let raw = frame.frame;
    let mut gap = Gap::of_topic(&frame.topic, GapReason::Undecodable { raw, error });
    gap.ws_key = Some(ws_key);
    gap
}

/// Reads both clocks. The monotonic one is tokio's, which tests can pause.
fn read_clock() -> ClockReading {
    let monotonic: Instant = tokio::time::Instant::now().into_std();
    ClockReading::new(monotonic, Timestamp::now())
}

impl<S: RecoverableSubscription> Stream for RecoveredSubscription<S>
where
    S::Event: Unpin,
{
    type Item = RecoveredItem<S::Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl<S: RecoverableSubscription> fmt::Debug for RecoveredSubscription<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveredSubscription")
            .field("connections", &self.connections.len())
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}
