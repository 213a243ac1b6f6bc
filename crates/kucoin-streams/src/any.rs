//! Subscriptions to topics of several connections.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::{BoxFuture, join_all, try_join_all};
use kucoin_streams_client::{
    EndReason, Gap, SubscribeError, Subscription, SubscriptionHandle, TopicLedger, Update,
};
use kucoin_streams_core::{
    ConnectionKind, DecodeError, Event, Fill, Push, Timestamp, Topic, WsKey,
};
use kucoin_streams_pro as pro;
use kucoin_streams_recovery::{EventFacts, Recoverable};
use kucoin_streams_v1 as v1;
use serde::Serialize;

use crate::Kucoin;
use crate::recovered::names_of;

/// Any topic of V1 or Pro V2.
///
/// It is parsed from text such as `/account/balance`, `/contract/position:XBTUSDTM` or `orderAll?tradeType=UNIFIED`.
/// [`Kucoin::subscribe_any`] subscribes to several topics in one stream, even if they need different connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnyTopic {
    /// A topic of V1. Its text is a path: it has a `/` before any `?`.
    V1(v1::AnyV1Topic),
    /// A channel of Pro V2.
    Pro(pro::AnyProTopic),
}

/// Any event of V1 or Pro V2; serialized like the event inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)]
pub enum AnyEvent {
    /// An event of V1.
    V1(v1::V1Event),
    /// An event of Pro V2.
    Pro(pro::ProEvent),
}

impl AnyEvent {
    /// Returns the fill that the event reports; `None` if it reports no fill.
    ///
    /// Several topics report the same fill, for example `orderAll` and `execution`: count each [`Fill::key`] once.
    pub fn fill(&self) -> Option<Fill> {
        match self {
            Self::V1(event) => event.fill(),
            Self::Pro(event) => event.fill(),
        }
    }
}

impl AnyTopic {
    /// Returns the topics of a connection that together cover the whole account; no topic repeats another.
    ///
    /// A fill can be in an order event and in an execution: count each [`Fill::key`] once. Topics that need a symbol
    /// are not included. The list is empty for a key of your own.
    pub fn account_wide(ws_key: WsKey) -> Vec<Self> {
        match ws_key {
            WsKey::SpotPrivateV1 => into_any(v1::AnySpotTopic::account_wide()),
            WsKey::FuturesPrivateV1 => into_any(v1::AnyFuturesTopic::account_wide()),
            WsKey::PrivateProV2 => into_any(pro::AnyProTopic::account_wide()),
            _ => Vec::new(),
        }
    }

    /// Returns the connection that serves the topic.
    pub fn ws_key(&self) -> WsKey {
        match self {
            Self::V1(topic) => topic.ws_key(),
            Self::Pro(_) => WsKey::PrivateProV2,
        }
    }
}

fn into_any<T: Into<AnyTopic>>(topics: Vec<T>) -> Vec<AnyTopic> {
    topics.into_iter().map(Into::into).collect()
}

impl Recoverable for AnyEvent {
    fn facts(&self) -> EventFacts {
        match self {
            Self::V1(event) => event.facts(),
            Self::Pro(event) => event.facts(),
        }
    }
}

impl Event for AnyEvent {
    fn dedup_key(&self) -> String {
        match self {
            Self::V1(event) => event.dedup_key(),
            Self::Pro(event) => event.dedup_key(),
        }
    }

    fn has_unique_key(&self) -> bool {
        match self {
            Self::V1(event) => event.has_unique_key(),
            Self::Pro(event) => event.has_unique_key(),
        }
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        match self {
            Self::V1(event) => event.occurred_at(),
            Self::Pro(event) => event.occurred_at(),
        }
    }

    fn fill(&self) -> Option<Fill> {
        self.fill()
    }
}

/// Error returned if a text is not a topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseAnyTopicError {
    /// A path that is not a topic of V1.
    #[error(transparent)]
    V1(v1::ParseTopicError),
    /// A text without `/` that is not a channel of Pro V2.
    #[error(transparent)]
    Pro(pro::RequestError),
}

impl FromStr for AnyTopic {
    type Err = ParseAnyTopicError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, _) = text.split_once('?').unwrap_or((text, ""));
        match name.contains('/') {
            true => text.parse().map(Self::V1).map_err(ParseAnyTopicError::V1),
            false => text.parse().map(Self::Pro).map_err(ParseAnyTopicError::Pro),
        }
    }
}

impl fmt::Display for AnyTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1(topic) => topic.fmt(f),
            Self::Pro(topic) => topic.fmt(f),
        }
    }
}

macro_rules! any_from {
    ($($topic:ty, $event:ty => $variant:ident;)+) => {$(
        impl From<$topic> for AnyTopic {
            fn from(topic: $topic) -> Self {
                Self::$variant(topic.into())
            }
        }

        impl From<$event> for AnyEvent {
            fn from(event: $event) -> Self {
                Self::$variant(event.into())
            }
        }
    )+};
}

any_from! {
    v1::AnyV1Topic, v1::V1Event => V1;
    v1::AnySpotTopic, v1::SpotEvent => V1;
    v1::AnyFuturesTopic, v1::FuturesEvent => V1;
    pro::AnyProTopic, pro::ProEvent => Pro;
}

macro_rules! any_of_typed {
    ($($any:ty: $($topic:ty),+;)+) => {$($(
        impl From<$topic> for AnyTopic {
            fn from(topic: $topic) -> Self {
                <$any>::from(topic).into()
            }
        }
    )+)+};
}

any_of_typed! {
    v1::AnySpotTopic: v1::SpotOrders, v1::SpotOrdersV1, v1::SpotStopOrders, v1::SpotTradeFills, v1::Balances,
        v1::BalanceSnapshots, v1::MarketMatches, v1::MarginPositions, v1::IsolatedMarginPositions;
    v1::AnyFuturesTopic: v1::FuturesOrders, v1::FuturesSymbolOrders, v1::FuturesStopOrders, v1::FuturesWallet,
        v1::FuturesPositions, v1::FuturesSymbolPosition, v1::FuturesMarginModes, v1::FuturesCrossLeverages;
    pro::AnyProTopic: pro::Orders, pro::Executions, pro::ExecutionsLite, pro::Positions, pro::Balances,
        pro::LiquidationWarnings, pro::Leverages;
}

impl Kucoin {
    /// Subscribes to topics of any connections and waits until all are acknowledged.
    ///
    /// Each topic is subscribed as by [`Kucoin::subscribe`].
    ///
    /// V1 and Pro V2 report the same account: with topics of both, each change arrives twice, and a spot fill has two
    /// different keys (see [`Fill`]).
    ///
    /// ```no_run
    /// # use kucoin_streams::{AnyTopic, Kucoin, v1};
    /// # async fn run(kucoin: Kucoin) -> Result<(), Box<dyn std::error::Error>> {
    /// let topics: Vec<AnyTopic> = vec![v1::SpotOrders.into(), "/contract/positionAll".parse()?];
    /// let mut events = kucoin.subscribe_any(topics).await?;
    /// while let Some(item) = events.next().await {
    ///     match item {
    ///         Ok(update) => println!("{}: {:?}", update.subscribed_topic(), update.event()),
    ///         Err(gap) => eprintln!("gap: {gap}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns the first error of [`Kucoin::subscribe`]. The other topics are unsubscribed then.
    pub async fn subscribe_any(
        &self,
        topics: Vec<AnyTopic>,
    ) -> Result<AnySubscription, SubscribeError> {
        let topics = TopicsByConnection::new(topics)?;
        let subscribing: [BoxFuture<'_, _>; 3] = [
            Box::pin(self.subscribe_group(topics.spot)),
            Box::pin(self.subscribe_group(topics.futures)),
            Box::pin(self.subscribe_group(topics.pro)),
        ];
        let subscriptions: Vec<_> = try_join_all(subscribing)
            .await?
            .into_iter()
            .flatten()
            .collect();
        match subscriptions.is_empty() {
            true => Err(SubscribeError::Nothing),
            false => Ok(AnySubscription::new(subscriptions)),
        }
    }

    /// Subscribes to topics of any connections and leaves out those that KuCoin refuses.
    ///
    /// The topics of each connection are subscribed as by [`Kucoin::subscribe_available`]. Returns the subscription and
    /// one error for each refused topic.
    ///
    /// # Errors
    /// Returns an error if every topic is refused, or if a connection is closed or not live in time. No topic stays
    /// subscribed then.
    pub async fn subscribe_any_available(
        &self,
        topics: Vec<AnyTopic>,
    ) -> Result<(AnySubscription, Vec<SubscribeError>), SubscribeError> {
        let topics = TopicsByConnection::new(topics)?;
        let subscribing: [BoxFuture<'_, _>; 3] = [
            Box::pin(self.subscribe_group_available(topics.spot)),
            Box::pin(self.subscribe_group_available(topics.futures)),
            Box::pin(self.subscribe_group_available(topics.pro)),
        ];
        let (subscriptions, refused): (Vec<_>, Vec<_>) =
            try_join_all(subscribing).await?.into_iter().unzip();
        let subscriptions: Vec<_> = subscriptions.into_iter().flatten().collect();
        let mut refused: Vec<_> = refused.into_iter().flatten().collect();
        match subscriptions.is_empty() {
            true => Err(refused.pop().unwrap_or(SubscribeError::Nothing)),
            false => Ok((AnySubscription::new(subscriptions), refused)),
        }
    }

    async fn subscribe_group<T>(
        &self,
        topics: Vec<T>,
    ) -> Result<Option<BoxSubscription>, SubscribeError>
    where
        T: Topic<Event: Into<AnyEvent>>,
    {
        if topics.is_empty() {
            return Ok(None);
        }
        let subscription = self.subscribe(topics).await?;
        Ok(Some(Box::new(subscription)))
    }

    async fn subscribe_group_available<T>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Option<BoxSubscription>, Vec<SubscribeError>), SubscribeError>
    where
        T: Topic<Event: Into<AnyEvent>>,
    {
        if topics.is_empty() {
            return Ok((None, Vec::new()));
        }
        let (subscription, refused) = self.connections().subscribe_each(topics).await?;
        let subscription =
            subscription.map(|subscription| Box::new(subscription) as BoxSubscription);
        Ok((subscription, refused))
    }
}

/// Topics grouped by connection.
#[derive(Default)]
struct TopicsByConnection {
    spot: Vec<v1::AnySpotTopic>,
    futures: Vec<v1::AnyFuturesTopic>,
    pro: Vec<pro::AnyProTopic>,
}

impl TopicsByConnection {
    fn new(topics: Vec<AnyTopic>) -> Result<Self, SubscribeError> {
        let mut by_connection = Self::default();
        for topic in topics {
            match topic {
                AnyTopic::V1(v1::AnyV1Topic::Spot(topic)) => by_connection.spot.push(topic),
                AnyTopic::V1(v1::AnyV1Topic::Futures(topic)) => by_connection.futures.push(topic),
                AnyTopic::Pro(topic) => by_connection.pro.push(topic),
                // A newer version of `kucoin-streams-v1` may have more connections.
                other => {
                    return Err(SubscribeError::Refused {
                        topic: other.to_string(),
                        code: None,
                        message: "this version of kucoin-streams has no connection for this topic"
                            .to_owned(),
                    });
                }
            }
        }
        Ok(by_connection)
    }
}

/// A stream of the events of topics of any connections: see [`Kucoin::subscribe_any`].
///
/// Like a [`Subscription`](crate::Subscription), it yields a [`Gap`] where events may be missing. Events of one connection
/// are in order of arrival; events of different connections have no order. The connections are polled in turn. The stream
/// ends when every connection has ended, or when the consumer is too slow for one of them and the policy is
/// [`SlowConsumer::Disconnect`](crate::SlowConsumer::Disconnect).
pub struct AnySubscription {
    subscriptions: Vec<BoxSubscription>,
    /// Index of the subscription to poll first, so that a busy one does not starve the others.
    next_index: usize,
    /// Handles of the subscriptions after a slow consumer has ended the stream; empty before.
    too_slow: Vec<SubscriptionHandle>,
}

type BoxSubscription = Box<dyn DynSubscription>;

/// Object-safe form of [`Subscription`].
trait DynSubscription: Send {
    fn poll_any(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<AnyEvent>, Gap>>>;
    fn ledger(&self) -> Vec<TopicLedger>;
    fn end_reason(&self) -> Option<EndReason>;
    fn handle(&mut self) -> SubscriptionHandle;
    fn ws_key(&self) -> WsKey;
    fn topics(&self) -> Vec<Arc<str>>;
    fn decode(&self, frame: &str) -> Result<Option<Push<AnyEvent>>, DecodeError>;
    fn unsubscribe(self: Box<Self>) -> BoxFuture<'static, ()>;
}

impl<T: Topic<Event: Into<AnyEvent>>> DynSubscription for Subscription<T> {
    fn poll_any(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<AnyEvent>, Gap>>> {
        let item = Pin::new(self).poll_next(context);
        item.map(|item| match item? {
            Ok(update) => Some(Ok(update.map(Into::into))),
            Err(gap) => Some(Err(gap)),
        })
    }

    fn ledger(&self) -> Vec<TopicLedger> {
        self.ledger()
    }

    fn end_reason(&self) -> Option<EndReason> {
        self.end_reason()
    }

    fn handle(&mut self) -> SubscriptionHandle {
        self.handle()
    }

    fn ws_key(&self) -> WsKey {
        T::Kind::WS_KEY
    }

    fn topics(&self) -> Vec<Arc<str>> {
        names_of(self.topic())
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<AnyEvent>>, DecodeError> {
        let push = self.topic().decode(frame)?;
        Ok(push.map(|push| push.map(Into::into)))
    }

    fn unsubscribe(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin((*self).unsubscribe())
    }
}

impl AnySubscription {
    fn new(subscriptions: Vec<BoxSubscription>) -> Self {
        Self {
            subscriptions,
            next_index: 0,
            too_slow: Vec::new(),
        }
    }

    /// Merges another subscription into this stream.
    pub fn merge(&mut self, other: Self) {
        self.subscriptions.extend(other.subscriptions);
        self.too_slow.extend(other.too_slow);
    }

    /// Waits for the next event or gap; `None` when every connection has ended.
    ///
    /// Cancel safe: no event is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Update<AnyEvent>, Gap>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// Returns the next event or gap; `None` if nothing is ready, or the stream has ended.
    pub fn try_next(&mut self) -> Option<Result<Update<AnyEvent>, Gap>> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.poll_item(&mut context) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// Returns the frame counters of each topic: see [`Subscription::ledger`](crate::Subscription::ledger).
    pub fn ledger(&self) -> Vec<TopicLedger> {
        let open = self.subscriptions.iter();
        let open = open.flat_map(|subscription| subscription.ledger());
        let closed = self.too_slow.iter().flat_map(SubscriptionHandle::ledger);
        open.chain(closed).collect()
    }

    /// Returns the reason why the stream has ended; `None` if it has not.
    ///
    /// A slow consumer ends the stream on all connections. Otherwise the stream ends with its last connection, and the
    /// reason is that of the first connection.
    pub fn end_reason(&self) -> Option<EndReason> {
        let open = self.subscriptions.iter();
        let open = open.map(|subscription| subscription.end_reason());
        let closed = self.too_slow.iter().map(SubscriptionHandle::end_reason);
        EndReason::of_all(open.chain(closed))
    }

    /// Returns a handle for each connection: see [`Subscription::handle`](crate::Subscription::handle).
    pub fn handles(&mut self) -> Vec<SubscriptionHandle> {
        let open = self.subscriptions.iter_mut();
        let open = open.map(|subscription| subscription.handle());
        open.chain(self.too_slow.iter().cloned()).collect()
    }

    /// Unsubscribes all topics: see [`Subscription::unsubscribe`](crate::Subscription::unsubscribe).
    pub async fn unsubscribe(self) {
        join_all(
            self.subscriptions
                .into_iter()
                .map(DynSubscription::unsubscribe),
        )
        .await;
    }

    /// Returns the names of the topics, by connection.
    pub(crate) fn topics(&self) -> Vec<(WsKey, Vec<Arc<str>>)> {
        let mut all: Vec<(WsKey, Vec<Arc<str>>)> = Vec::new();
        for subscription in &self.subscriptions {
            let (ws_key, topics) = (subscription.ws_key(), subscription.topics());
            match all.iter_mut().find(|(known, _)| *known == ws_key) {
                Some((_, known)) => known.extend(topics),
                None => all.push((ws_key, topics)),
            }
        }
        all
    }

    /// Decodes a frame of a topic of this connection; `None` if it is not of a topic of the subscription.
    pub(crate) fn decode(
        &self,
        ws_key: WsKey,
        frame: &str,
    ) -> Result<Option<Push<AnyEvent>>, DecodeError> {
        for subscription in &self.subscriptions {
            if subscription.ws_key() == ws_key
                && let Some(push) = subscription.decode(frame)?
            {
                return Ok(Some(push));
            }
        }
        Ok(None)
    }

    fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<AnyEvent>, Gap>>> {
        if !self.too_slow.is_empty() {
            return Poll::Ready(None);
        }
        let count = self.subscriptions.len();
        let mut ended = 0;
        for at in (self.next_index..count).chain(0..self.next_index) {
            match self.subscriptions[at].poll_any(context) {
                Poll::Ready(Some(item)) => {
                    self.next_index = (at + 1) % count;
                    return Poll::Ready(Some(item));
                }
                Poll::Ready(None) => {
                    ended += 1;
                    if self.subscriptions[at].end_reason() == Some(EndReason::SlowConsumer) {
                        self.too_slow = self.handles();
                        self.subscriptions.clear();
                        return Poll::Ready(None);
                    }
                }
                Poll::Pending => {}
            }
        }
        match ended == count {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    }
}

impl Stream for AnySubscription {
    type Item = Result<Update<AnyEvent>, Gap>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl fmt::Debug for AnySubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySubscription")
            .field("connections", &self.subscriptions.len())
            .finish_non_exhaustive()
    }
}
