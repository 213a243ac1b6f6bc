//! One connection of `watch`: from subscribing to its topics to its end.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use kucoin_streams::{
    AnyEvent, AnySubscription, AnyTopic, EndReason, Gap, Kucoin, SubscribeError, TopicLedger,
    Update, WsKey,
};

use super::ended;
use crate::exit::{Failed, Status};

/// What comes of a connection.
pub(super) enum Happening {
    /// Every topic was answered, and one at least is live.
    Live,
    /// An event.
    Arrived(Box<Update<AnyEvent>>),
    /// A place where events may be missing.
    Gap(Gap),
    /// Nothing more comes.
    Over(Result<(), Failed>),
}

/// A connection and its state.
pub(super) struct Feed {
    ws_key: WsKey,
    state: State,
}

type Subscribing = Pin<Box<dyn Future<Output = Result<AnySubscription, SubscribeError>> + Send>>;

enum State {
    Subscribing(Subscribing),
    Live(AnySubscription),
    /// What became of its frames.
    Over(Vec<TopicLedger>),
}

impl Feed {
    /// Subscribes to those of the topics of one connection that the server takes.
    pub(super) fn open(kucoin: &Kucoin, ws_key: WsKey, topics: Vec<AnyTopic>) -> Self {
        let kucoin = kucoin.clone();
        let subscribing = async move {
            let subscribed = kucoin.subscribe_any_available(topics).await;
            if let Err(SubscribeError::Refused { .. }) = subscribed {
                // Without a topic it would stay open, and reconnect after a loss, for nothing.
                kucoin.close_connections(ws_key).await;
            }
            subscribed.map(|(subscription, _)| subscription)
        };
        Self {
            ws_key,
            state: State::Subscribing(Box::pin(subscribing)),
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Happening> {
        let (outcome, ledger) = match &mut self.state {
            State::Subscribing(subscribing) => match ready!(subscribing.as_mut().poll(context)) {
                Ok(subscription) => {
                    self.state = State::Live(subscription);
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
            State::Live(subscription) => {
                // An event that this future did not return stays for the next one.
                let item = ready!(pin!(subscription.next()).poll(context));
                match item {
                    Some(Ok(update)) => return Poll::Ready(Happening::Arrived(Box::new(update))),
                    Some(Err(gap)) => return Poll::Ready(Happening::Gap(gap)),
                    None => {}
                }
                let outcome = match subscription.end_reason() {
                    Some(EndReason::Closed(reason)) => ended(self.ws_key, &reason),
                    _ => Ok(()),
                };
                (outcome, subscription.ledger())
            }
            State::Over(_) => return Poll::Pending,
        };
        self.state = State::Over(ledger);
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
                if matches!(feed.state, State::Subscribing(_))
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
            .all(|feed| matches!(feed.state, State::Over(_)))
    }

    /// What became of every frame so far, topic by topic.
    pub(super) fn ledgers(&self) -> Vec<(WsKey, TopicLedger)> {
        let of_feed = |feed: &Feed| {
            let ws_key = feed.ws_key;
            let ledger = match &feed.state {
                State::Subscribing(_) => Vec::new(),
                State::Live(items) => items.ledger(),
                State::Over(ledger) => ledger.clone(),
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
