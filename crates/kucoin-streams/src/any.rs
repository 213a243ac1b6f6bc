//! Topics and events of any connection, in one subscription.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::{BoxFuture, join_all, try_join_all};
use kucoin_streams_client::{
    EndReason, Gap, SubscribeError, Subscription, SubscriptionHandle, TopicLedger, Update,
};
use kucoin_streams_core::{Event, Fill, Topic, WsKey};
use kucoin_streams_pro as pro;
use kucoin_streams_v1 as v1;
use serde::Serialize;

use crate::Kucoin;

/// Any topic of V1 or Pro V2, parsed from a text: `/account/balance`, `/contract/position:XBTUSDTM`,
/// `orderAll?tradeType=UNIFIED`.
///
/// Several of them make one stream by [`Kucoin::subscribe_any`], whatever connections they need.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnyTopic {
    /// A topic of V1: its text is a path, so it has a `/` before any `?`.
    V1(v1::AnyV1Topic),
    /// A channel of Pro V2.
    Pro(pro::AnyProTopic),
}

/// Any event of V1 or Pro V2. It is serialized as the event itself.
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

impl AnyTopic {
    /// The topics of a connection of the SDK that need no symbol: all that an account has. Empty for another key.
    pub fn account_wide(ws_key: WsKey) -> Vec<Self> {
        match ws_key {
            WsKey::SpotPrivateV1 => all(v1::AnySpotTopic::account_wide()),
            WsKey::FuturesPrivateV1 => all(v1::AnyFuturesTopic::account_wide()),
            WsKey::PrivateProV2 => all(pro::AnyProTopic::account_wide()),
            _ => Vec::new(),
        }
    }

    /// The connection that serves it.
    pub fn ws_key(&self) -> WsKey {
        match self {
            Self::V1(topic) => topic.ws_key(),
            Self::Pro(_) => WsKey::PrivateProV2,
        }
    }
}

fn all<T: Into<AnyTopic>>(topics: Vec<T>) -> Vec<AnyTopic> {
    topics.into_iter().map(Into::into).collect()
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

    fn fill(&self) -> Option<Fill> {
        match self {
            Self::V1(event) => event.fill(),
            Self::Pro(event) => event.fill(),
        }
    }
}

/// A text that is no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseAnyTopicError {
    /// It is a path, but no topic of V1.
    #[error(transparent)]
    V1(v1::ParseTopicError),
    /// It is no path, and no channel of Pro V2.
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
    /// Subscribes to topics of any connections, and resolves when all are live: see [`Kucoin::subscribe`].
    ///
    /// V1 and Pro V2 report the same account: with topics of both, each change comes twice, and a fill of spot by two keys
    /// (see [`Fill`]).
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
    /// The first of those of [`Kucoin::subscribe`]: nothing stays subscribed then.
    pub async fn subscribe_any(
        &self,
        topics: Vec<AnyTopic>,
    ) -> Result<AnySubscription, SubscribeError> {
        let topics = ByConnection::new(topics)?;
        let subscribing: [BoxFuture<'_, _>; 3] = [
            Box::pin(self.part(topics.spot)),
            Box::pin(self.part(topics.futures)),
            Box::pin(self.part(topics.pro)),
        ];
        let parts: Vec<_> = try_join_all(subscribing)
            .await?
            .into_iter()
            .flatten()
            .collect();
        match parts.is_empty() {
            true => Err(SubscribeError::Nothing),
            false => Ok(AnySubscription { parts, turn: 0 }),
        }
    }

    /// Subscribes to those of several topics of any connections that the server acknowledges, and gives the refusals of the
    /// others: see [`Kucoin::subscribe_available`].
    ///
    /// # Errors
    /// If every topic is refused; or why a connection is not live in time, or has ended: nothing stays subscribed then.
    pub async fn subscribe_any_available(
        &self,
        topics: Vec<AnyTopic>,
    ) -> Result<(AnySubscription, Vec<SubscribeError>), SubscribeError> {
        let topics = ByConnection::new(topics)?;
        let subscribing: [BoxFuture<'_, _>; 3] = [
            Box::pin(self.part_available(topics.spot)),
            Box::pin(self.part_available(topics.futures)),
            Box::pin(self.part_available(topics.pro)),
        ];
        let (parts, refused): (Vec<_>, Vec<_>) =
            try_join_all(subscribing).await?.into_iter().unzip();
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let mut refused: Vec<_> = refused.into_iter().flatten().collect();
        match parts.is_empty() {
            true => Err(refused.pop().unwrap_or(SubscribeError::Nothing)),
            false => Ok((AnySubscription { parts, turn: 0 }, refused)),
        }
    }

    async fn part<T>(&self, topics: Vec<T>) -> Result<Option<Part>, SubscribeError>
    where
        T: Topic<Event: Into<AnyEvent>>,
    {
        if topics.is_empty() {
            return Ok(None);
        }
        let subscription = self.subscribe(topics).await?;
        Ok(Some(Box::new(subscription)))
    }

    async fn part_available<T>(
        &self,
        topics: Vec<T>,
    ) -> Result<(Option<Part>, Vec<SubscribeError>), SubscribeError>
    where
        T: Topic<Event: Into<AnyEvent>>,
    {
        if topics.is_empty() {
            return Ok((None, Vec::new()));
        }
        let (subscription, refused) = self.connections().subscribe_each(topics).await?;
        let part = subscription.map(|subscription| Box::new(subscription) as Part);
        Ok((part, refused))
    }
}

/// Topics by the connection that serves them.
#[derive(Default)]
struct ByConnection {
    spot: Vec<v1::AnySpotTopic>,
    futures: Vec<v1::AnyFuturesTopic>,
    pro: Vec<pro::AnyProTopic>,
}

impl ByConnection {
    fn new(topics: Vec<AnyTopic>) -> Result<Self, SubscribeError> {
        let mut by_connection = Self::default();
        for topic in topics {
            match topic {
                AnyTopic::V1(v1::AnyV1Topic::Spot(topic)) => by_connection.spot.push(topic),
                AnyTopic::V1(v1::AnyV1Topic::Futures(topic)) => by_connection.futures.push(topic),
                AnyTopic::Pro(topic) => by_connection.pro.push(topic),
                // A newer version of `kucoin-streams-v1` may have further connections.
                other => {
                    return Err(SubscribeError::Refused {
                        topic: other.to_string(),
                        code: None,
                        message: "this version of kucoin-streams has no connection for it"
                            .to_owned(),
                    });
                }
            }
        }
        Ok(by_connection)
    }
}

/// The events of topics of any connections, and a [`Gap`] where events may be missing: a
/// [`Subscription`](crate::Subscription) of everything, from [`Kucoin::subscribe_any`].
///
/// Events of one connection come in the order in which they arrived; connections take turns. It ends when the last
/// connection has ended.
pub struct AnySubscription {
    parts: Vec<Part>,
    /// The part that is polled first, so that a busy one does not starve the others.
    turn: usize,
}

type Part = Box<dyn OfAnyTopic>;

/// A subscription to topics that are known at run time.
trait OfAnyTopic: Send {
    fn poll_any(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<AnyEvent>, Gap>>>;
    fn ledger(&self) -> Vec<TopicLedger>;
    fn end_reason(&self) -> Option<EndReason>;
    fn handle(&mut self) -> SubscriptionHandle;
    fn unsubscribe(self: Box<Self>) -> BoxFuture<'static, ()>;
}

impl<T: Topic<Event: Into<AnyEvent>>> OfAnyTopic for Subscription<T> {
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

    fn unsubscribe(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin((*self).unsubscribe())
    }
}

impl AnySubscription {
    /// Adds the topics of another subscription to this stream.
    pub fn merge(&mut self, other: Self) {
        self.parts.extend(other.parts);
    }

    /// The next event or gap; `None` once every connection has ended. Cancel safe: an event that was not returned stays for
    /// the next call.
    pub async fn next(&mut self) -> Option<Result<Update<AnyEvent>, Gap>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// The next event or gap, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Update<AnyEvent>, Gap>> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.poll_item(&mut context) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// What became of every frame so far: see [`Subscription::ledger`](crate::Subscription::ledger).
    pub fn ledger(&self) -> Vec<TopicLedger> {
        self.parts.iter().flat_map(|part| part.ledger()).collect()
    }

    /// Why it has ended, once every connection has: the reason of the first. `None` before.
    pub fn end_reason(&self) -> Option<EndReason> {
        let reasons: Option<Vec<_>> = self.parts.iter().map(|part| part.end_reason()).collect();
        reasons?.into_iter().next()
    }

    /// A handle for each connection: see [`Subscription::handle`](crate::Subscription::handle).
    pub fn handles(&mut self) -> Vec<SubscriptionHandle> {
        self.parts.iter_mut().map(|part| part.handle()).collect()
    }

    /// Unsubscribes: see [`Subscription::unsubscribe`](crate::Subscription::unsubscribe).
    pub async fn unsubscribe(self) {
        join_all(self.parts.into_iter().map(OfAnyTopic::unsubscribe)).await;
    }

    fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<AnyEvent>, Gap>>> {
        let count = self.parts.len();
        let mut ended = 0;
        for at in (self.turn..count).chain(0..self.turn) {
            match self.parts[at].poll_any(context) {
                Poll::Ready(Some(item)) => {
                    self.turn = (at + 1) % count;
                    return Poll::Ready(Some(item));
                }
                Poll::Ready(None) => ended += 1,
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
            .field("connections", &self.parts.len())
            .finish_non_exhaustive()
    }
}
