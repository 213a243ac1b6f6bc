//! One connection of `watch`: from the wish for its topics to its end, whatever type its events have.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use kucoin_streams::core::{ConnectionKind, Protocol, Serves, Topic};
use kucoin_streams::{
    EndReason, Gap, Kucoin, SubscribeError, Subscription, Text, TopicLedger, Update, WsKey,
};

use super::ended;
use crate::exit::{Failed, Status};
use crate::output::{Arrived, Event};

/// What comes of a connection.
pub(super) enum Happening {
    /// Every topic was answered, and one at least is live.
    Live,
    /// An event.
    Arrived(Box<Arrived>),
    /// A place where events may be missing.
    Gap(Gap),
    /// Nothing more comes.
    Over(Result<(), Failed>),
}

/// A connection and where it stands.
pub(super) struct Feed {
    ws_key: WsKey,
    stand: Stand,
}

type Subscribing = Pin<Box<dyn Future<Output = Result<Box<dyn Items>, SubscribeError>> + Send>>;

enum Stand {
    Subscribing(Subscribing),
    Live(Box<dyn Items>),
    /// What became of its frames.
    Over(Vec<TopicLedger>),
}

impl Feed {
    /// Subscribes to those of the topics that the server takes; `into` makes their events one type with all others.
    pub(super) fn open<T>(kucoin: &Kucoin, topics: Vec<T>, into: fn(T::Event) -> Event) -> Self
    where
        T: Topic + Clone + Display,
    {
        let kucoin = kucoin.clone();
        let subscribing = async move {
            match kucoin.subscribe_available(topics).await {
                Ok((subscription, _)) => Ok(Box::new(Subscribed {
                    subscription,
                    into,
                    asked: HashMap::new(),
                }) as Box<dyn Items>),
                Err(error) => {
                    if matches!(error, SubscribeError::Refused { .. }) {
                        // Without a topic it would stand, and be made anew after a loss, for nothing.
                        kucoin.connections::<T::Kind>().close().await;
                    }
                    Err(error)
                }
            }
        };
        Self {
            ws_key: T::Kind::WS_KEY,
            stand: Stand::Subscribing(Box::pin(subscribing)),
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Happening> {
        let (outcome, ledger) = match &mut self.stand {
            Stand::Subscribing(subscribing) => match ready!(subscribing.as_mut().poll(context)) {
                Ok(items) => {
                    self.stand = Stand::Live(items);
                    return Poll::Ready(Happening::Live);
                }
                Err(SubscribeError::Closed(closed)) => {
                    (ended(self.ws_key, &closed.reason), Vec::new())
                }
                Err(timed_out @ SubscribeError::TimedOut { .. }) => {
                    let failed = Failed {
                        status: Status::NotConnected,
                        message: format!("{}: {timed_out}", self.ws_key),
                    };
                    (Err(failed), Vec::new())
                }
                Err(other) => (Err(Failed::other(other.to_string())), Vec::new()),
            },
            Stand::Live(items) => match ready!(items.poll_next(context)) {
                Some(happening) => return Poll::Ready(happening),
                None => {
                    let reason = items.end_reason();
                    let outcome = match reason {
                        Some(EndReason::Closed(reason)) => ended(self.ws_key, &reason),
                        _ => Ok(()),
                    };
                    (outcome, items.ledger())
                }
            },
            Stand::Over(_) => return Poll::Pending,
        };
        self.stand = Stand::Over(ledger);
        Poll::Ready(Happening::Over(outcome))
    }
}

/// All connections, each heard in its turn, so that a busy one does not drown the others.
#[derive(Default)]
pub(super) struct Feeds {
    feeds: Vec<Feed>,
    turn: usize,
}

impl Feeds {
    pub(super) fn add(&mut self, feed: Feed) {
        self.feeds.push(feed);
    }

    /// What comes next of any connection; waits for ever where none is open. Cancel safe.
    pub(super) async fn next(&mut self) -> (WsKey, Happening) {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// What comes next, if it is there already.
    pub(super) fn try_next(&mut self) -> Option<(WsKey, Happening)> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.poll_next(&mut context) {
            Poll::Ready(happening) => Some(happening),
            Poll::Pending => None,
        }
    }

    /// What comes of a connection that has not been live yet; waits for ever if there is none. Cancel safe.
    pub(super) async fn next_subscribed(&mut self) -> (WsKey, Happening) {
        std::future::poll_fn(|context| {
            for feed in &mut self.feeds {
                if matches!(feed.stand, Stand::Subscribing(_))
                    && let Poll::Ready(happening) = feed.poll_next(context)
                {
                    return Poll::Ready((feed.ws_key, happening));
                }
            }
            Poll::Pending
        })
        .await
    }

    pub(super) fn are_over(&self) -> bool {
        self.feeds
            .iter()
            .all(|feed| matches!(feed.stand, Stand::Over(_)))
    }

    /// What became of every frame so far, topic by topic.
    pub(super) fn ledgers(&self) -> Vec<(WsKey, TopicLedger)> {
        let of_feed = |feed: &Feed| {
            let ws_key = feed.ws_key;
            let ledger = match &feed.stand {
                Stand::Subscribing(_) => Vec::new(),
                Stand::Live(items) => items.ledger(),
                Stand::Over(ledger) => ledger.clone(),
            };
            ledger.into_iter().map(move |topic| (ws_key, topic))
        };
        self.feeds.iter().flat_map(of_feed).collect()
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<(WsKey, Happening)> {
        let count = self.feeds.len();
        for at in (self.turn..count).chain(0..self.turn.min(count)) {
            let feed = &mut self.feeds[at];
            if let Poll::Ready(happening) = feed.poll_next(context) {
                self.turn = at + 1;
                return Poll::Ready((feed.ws_key, happening));
            }
        }
        Poll::Pending
    }
}

/// A subscription, whatever type its events have.
trait Items: Send {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Happening>>;
    fn end_reason(&self) -> Option<EndReason>;
    fn ledger(&self) -> Vec<TopicLedger>;
}

struct Subscribed<T: Topic> {
    subscription: Subscription<Vec<T>>,
    into: fn(T::Event) -> Event,
    /// The topics as they were asked for, by the topic as it is pushed.
    asked: HashMap<Text, Vec<Arc<str>>>,
}

impl<T: Topic + Display> Items for Subscribed<T> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Happening>> {
        // An event that this future did not return stays for the next one.
        let item = ready!(pin!(self.subscription.next()).poll(context));
        Poll::Ready(item.map(|item| match item {
            Ok(update) => Happening::Arrived(Box::new(self.arrived(update))),
            Err(gap) => Happening::Gap(gap),
        }))
    }

    fn end_reason(&self) -> Option<EndReason> {
        self.subscription.end_reason()
    }

    fn ledger(&self) -> Vec<TopicLedger> {
        self.subscription.ledger()
    }
}

impl<T: Topic + Display> Subscribed<T> {
    fn arrived(&mut self, update: Update<T::Event>) -> Arrived {
        let received_at = update.received_at();
        let epoch = update.epoch();
        let push = update.into_push();
        // What V1 says about it stands in the data.
        let pushed_at = push
            .pushed_at
            .filter(|_| T::Kind::WS_KEY == WsKey::PrivateProV2);
        let event = (self.into)(push.event);
        let topics = self.subscription.topic();
        let asked = self
            .asked
            .entry(push.topic)
            .or_insert_with_key(|pushed| asked_for(topics, pushed));
        Arrived {
            ws_key: T::Kind::WS_KEY,
            topic: of_event(asked, &event),
            subject: push.subject,
            id: push.id,
            user_id: push.user_id,
            pushed_at,
            received_at,
            epoch,
            event,
            envelope: push.extra,
        }
    }
}

/// The topics as they were asked for that a pushed one may be of: one, unless it is only loosely of several.
fn asked_for<T: Topic + Display>(topics: &[T], pushed: &str) -> Vec<Arc<str>> {
    let serving = |wanted: Serves| {
        topics.iter().filter(move |topic| {
            topic.requests().iter().any(|request| {
                <T::Kind as ConnectionKind>::Protocol::serves(request, pushed) == wanted
            })
        })
    };
    let exactly = serving(Serves::Exactly).take(1);
    let mut asked: Vec<Arc<str>> = exactly.map(|topic| topic.to_string().into()).collect();
    if asked.is_empty() {
        let loosely = serving(Serves::Loosely);
        asked.extend(loosely.map(|topic| Arc::from(topic.to_string())));
    }
    if asked.is_empty() {
        asked.push(pushed.into());
    }
    asked
}

/// Of several topics that an event may be of, that of its symbol: V1 may push positions of contracts that were asked
/// for one by one under the topic of all, Pro V2 never tells in its topic which symbol it is.
fn of_event(asked: &[Arc<str>], event: &Event) -> Arc<str> {
    let is_of = |topic: &&Arc<str>, symbol| {
        topic
            .rsplit_once([':', '='])
            .is_some_and(|(_, named)| named == symbol)
    };
    let of_symbol = match asked {
        [_] => None,
        _ => event
            .symbol()
            .and_then(|symbol| asked.iter().find(|topic| is_of(topic, symbol))),
    };
    of_symbol
        .or(asked.first())
        .map_or_else(|| Arc::from(""), Arc::clone)
}

#[cfg(test)]
mod tests {
    use kucoin_streams::pro;
    use kucoin_streams::v1::{self, AnyFuturesTopic};

    use super::*;

    fn asked(topics: &[&str], pushed: &str, symbol: &str) -> String {
        let topics: Vec<AnyFuturesTopic> =
            topics.iter().map(|topic| topic.parse().unwrap()).collect();
        let frame = format!(
            r#"{{"topic":"{pushed}","type":"message","subject":"position.change","data":{{"symbol":"{symbol}","currentQty":1}}}}"#
        );
        let event = Event::V1(v1::decode(&frame).unwrap().unwrap().event);
        of_event(&asked_for(&topics, pushed), &event).to_string()
    }

    const ALL: &str = "/contract/positionAll";
    const XBT: &str = "/contract/position:XBTUSDTM";
    const ETH: &str = "/contract/position:ETHUSDTM";

    #[test]
    fn a_push_is_of_the_topic_that_was_asked_for() {
        assert_eq!(asked(&[ALL, XBT], XBT, "XBTUSDTM"), XBT);
        assert_eq!(asked(&[XBT, ALL], ALL, "XBTUSDTM"), ALL);
        assert_eq!(asked(&[ALL], XBT, "XBTUSDTM"), ALL);
    }

    #[test]
    fn a_push_of_the_unified_connection_is_of_the_symbol_that_was_asked_for() {
        let texts = [
            "position?tradeType=FUTURES&symbol=XBTUSDTM",
            "position?tradeType=FUTURES&symbol=ETHUSDTM",
        ];
        let topics = texts.map(|text| text.parse::<pro::AnyTopic>().unwrap());
        for (symbol, text) in [("XBTUSDTM", texts[0]), ("ETHUSDTM", texts[1])] {
            let frame = format!(r#"{{"T":"position.FUTURES","P":1,"d":{{"s":"{symbol}"}}}}"#);
            let event = Event::Pro(pro::decode(&frame).unwrap().unwrap().event);
            assert_eq!(
                &*of_event(&asked_for(&topics, "position.FUTURES"), &event),
                text
            );
        }
    }

    #[test]
    fn a_push_under_the_topic_of_all_is_of_the_contract_that_was_asked_for() {
        assert_eq!(asked(&[XBT, ETH], ALL, "XBTUSDTM"), XBT);
        assert_eq!(asked(&[XBT, ETH], ALL, "ETHUSDTM"), ETH);
        assert_eq!(asked(&[ETH], ALL, "ETHUSDTM"), ETH);
    }
}
