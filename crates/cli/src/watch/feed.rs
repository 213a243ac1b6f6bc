//! The connections of `watch`, from subscribing to closing.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use kucoin_streams::{
    AnyEvent, AnySubscription, AnyTopic, EndReason, Gap, GapReason, Kucoin, Origin, RecoveredItem,
    RecoveredSubscription, RecoverySettings, SubscribeError, Timestamp, TopicLedger, WsKey,
};

use super::ended;
use crate::exit::{CommandError, ExitStatus};

/// Something that `watch` receives from a connection.
pub(super) enum FeedEvent {
    /// Every topic was acknowledged or refused, and at least one is live.
    Live,
    /// An event, a gap, or what recovery has found.
    Item(Box<RecoveredItem<AnyEvent>>),
    /// The connection has ended.
    Ended(Result<(), CommandError>),
}

/// A connection and its state.
pub(super) struct ConnectionFeed {
    ws_key: WsKey,
    state: State,
    missed: MissedFrom,
}

/// The time from which events may be missing, until the report of their recovery.
#[derive(Default)]
struct MissedFrom {
    last_event_at: Option<Timestamp>,
    from: Option<Timestamp>,
}

impl MissedFrom {
    fn note(&mut self, item: &RecoveredItem<AnyEvent>) {
        match item {
            RecoveredItem::Event(update) if update.origin() == Origin::Live => {
                self.last_event_at = Some(update.received_at());
            }
            RecoveredItem::Gap(gap) => {
                let from = self.start(gap);
                self.from.get_or_insert(from);
            }
            RecoveredItem::Live(_) => self.from = None,
            _ => {}
        }
    }

    /// Returns the time of the last event before the gap, or of the last frame if there was no event.
    fn start(&self, gap: &Gap) -> Timestamp {
        match gap.reason {
            GapReason::Lost {
                last_event_at,
                last_heard_at,
                ..
            } => last_event_at.unwrap_or(last_heard_at),
            _ => self.last_event_at.unwrap_or_else(Timestamp::now),
        }
    }
}

type Subscribing = Pin<Box<dyn Future<Output = Result<Items, SubscribeError>> + Send>>;

/// The items of a subscription, with or without recovery.
enum Items {
    Plain(AnySubscription),
    Recovered(Box<RecoveredSubscription<AnySubscription>>),
}

impl Items {
    /// Returns the next item; `None` if the subscription has ended.
    ///
    /// Cancel safe: no item is lost if the future is dropped.
    async fn next(&mut self) -> Option<RecoveredItem<AnyEvent>> {
        match self {
            Self::Plain(subscription) => Some(match subscription.next().await? {
                Ok(update) => RecoveredItem::Event(update),
                Err(gap) => RecoveredItem::Gap(gap),
            }),
            Self::Recovered(subscription) => subscription.next().await,
        }
    }

    fn end_reason(&self) -> Option<EndReason> {
        match self {
            Self::Plain(subscription) => subscription.end_reason(),
            Self::Recovered(subscription) => subscription.end_reason(),
        }
    }

    /// Returns `true` if missed events are not fetched yet; `false` without recovery.
    fn is_recovering(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Recovered(subscription) => subscription.is_recovering(),
        }
    }

    fn ledger(&self) -> Vec<TopicLedger> {
        match self {
            Self::Plain(subscription) => subscription.ledger(),
            Self::Recovered(subscription) => subscription.ledger(),
        }
    }
}

enum State {
    Subscribing(Subscribing),
    Live(Items),
    /// The connection has ended.
    Ended {
        ledger: Vec<TopicLedger>,
        /// `true` if it was stopped before missed events were fetched.
        was_recovering: bool,
    },
}

impl ConnectionFeed {
    /// Subscribes to the topics of one connection and leaves out refused topics.
    ///
    /// With `recovery`, gaps are filled over REST.
    pub(super) fn open(
        kucoin: &Kucoin,
        ws_key: WsKey,
        topics: Vec<AnyTopic>,
        recovery: Option<RecoverySettings>,
    ) -> Self {
        let kucoin = kucoin.clone();
        let subscribing = async move {
            let subscribed = kucoin.subscribe_any_available(topics).await;
            if let Err(SubscribeError::Refused { .. }) = subscribed {
                // Otherwise the connection would stay open without a topic.
                kucoin.close_connections(ws_key).await;
            }
            let (subscription, _) = subscribed?;
            Ok(match recovery {
                Some(settings) => {
                    Items::Recovered(Box::new(kucoin.recovered_with(subscription, settings)))
                }
                None => Items::Plain(subscription),
            })
        };
        Self {
            ws_key,
            state: State::Subscribing(Box::pin(subscribing)),
            missed: MissedFrom::default(),
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<FeedEvent> {
        let (outcome, ledger, was_recovering) = match &mut self.state {
            State::Subscribing(subscribing) => match ready!(subscribing.as_mut().poll(context)) {
                Ok(items) => {
                    self.state = State::Live(items);
                    return Poll::Ready(FeedEvent::Live);
                }
                Err(SubscribeError::Closed(closed)) => {
                    (ended(self.ws_key, &closed.reason), Vec::new(), false)
                }
                Err(timed_out @ SubscribeError::TimedOut { .. }) => {
                    let failed = CommandError {
                        status: ExitStatus::NotConnected,
                        message: format!("{}: {timed_out}", self.ws_key),
                    };
                    (Err(failed), Vec::new(), false)
                }
                Err(other) => (
                    Err(CommandError::other(other.to_string())),
                    Vec::new(),
                    false,
                ),
            },
            State::Live(items) => {
                // Cancel safe: dropping the future loses no item.
                if let Some(item) = ready!(pin!(items.next()).poll(context)) {
                    self.missed.note(&item);
                    return Poll::Ready(FeedEvent::Item(Box::new(item)));
                }
                let outcome = match items.end_reason() {
                    Some(EndReason::Closed(reason)) => ended(self.ws_key, &reason),
                    _ => Ok(()),
                };
                // The error of a failed connection is on stderr already.
                let was_recovering = outcome.is_ok() && items.is_recovering();
                (outcome, items.ledger(), was_recovering)
            }
            State::Ended { .. } => return Poll::Pending,
        };
        self.state = State::Ended {
            ledger,
            was_recovering,
        };
        Poll::Ready(FeedEvent::Ended(outcome))
    }

    /// Returns the time from which events are missing, if their recovery is not complete.
    fn unrecovered_from(&self) -> Option<Timestamp> {
        let is_recovering = match &self.state {
            State::Subscribing(_) => false,
            State::Live(items) => items.is_recovering(),
            State::Ended { was_recovering, .. } => *was_recovering,
        };
        self.missed.from.filter(|_| is_recovering)
    }
}

/// All connections, polled in turn so that a busy one does not starve the others.
#[derive(Default)]
pub(super) struct ConnectionFeeds {
    feeds: Vec<ConnectionFeed>,
    next_index: usize,
}

impl ConnectionFeeds {
    pub(super) fn add(&mut self, feed: ConnectionFeed) {
        self.feeds.push(feed);
    }

    /// Waits for the next event of any connection; forever if none is open. Cancel safe.
    pub(super) async fn next(&mut self) -> (WsKey, FeedEvent) {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Returns the next event of any connection if one is ready.
    pub(super) fn try_next(&mut self) -> Option<(WsKey, FeedEvent)> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.poll_next(&mut context) {
            Poll::Ready(event) => Some(event),
            Poll::Pending => None,
        }
    }

    /// Waits for the next event of a connection that was not live yet. Cancel safe.
    ///
    /// Waits forever if there is no such connection.
    pub(super) async fn next_subscribed(&mut self) -> (WsKey, FeedEvent) {
        std::future::poll_fn(|context| {
            for feed in &mut self.feeds {
                if matches!(feed.state, State::Subscribing(_))
                    && let Poll::Ready(event) = feed.poll_next(context)
                {
                    return Poll::Ready((feed.ws_key, event));
                }
            }
            Poll::Pending
        })
        .await
    }

    pub(super) fn have_ended(&self) -> bool {
        self.feeds
            .iter()
            .all(|feed| matches!(feed.state, State::Ended { .. }))
    }

    /// Returns the frame counters of each topic.
    pub(super) fn ledgers(&self) -> Vec<(WsKey, TopicLedger)> {
        let topics_of = |feed: &ConnectionFeed| {
            let ws_key = feed.ws_key;
            let ledger = match &feed.state {
                State::Subscribing(_) => Vec::new(),
                State::Live(items) => items.ledger(),
                State::Ended { ledger, .. } => ledger.clone(),
            };
            ledger.into_iter().map(move |topic| (ws_key, topic))
        };
        self.feeds.iter().flat_map(topics_of).collect()
    }

    /// Returns the connections with missed events that were not fetched, and the time from which events are missing.
    pub(super) fn unrecovered(&self) -> Vec<(WsKey, Timestamp)> {
        let feeds = self.feeds.iter();
        let unrecovered = feeds.filter_map(|feed| Some((feed.ws_key, feed.unrecovered_from()?)));
        unrecovered.collect()
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<(WsKey, FeedEvent)> {
        let count = self.feeds.len();
        for at in (self.next_index..count).chain(0..self.next_index.min(count)) {
            let feed = &mut self.feeds[at];
            if let Poll::Ready(event) = feed.poll_next(context) {
                self.next_index = at + 1;
                return Poll::Ready((feed.ws_key, event));
            }
        }
        Poll::Pending
    }
}
