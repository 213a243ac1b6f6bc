//! The task that keeps an account: recovered streams in, the published state and its changes out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use kucoin_streams_account::{AccountBook, AccountChange, FrameInfo};
use kucoin_streams_client::{
    EndReason, LifecycleEvent, LifecycleStream, Origin, SubscribeError, Update,
};
use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_recovery::RecoverySettings;
use kucoin_streams_session::CloseReason;
use tokio::sync::broadcast;

use super::{ConnectionActivity, Shared, locked};
use crate::{AnyEvent, AnySubscription, AnyTopic, Kucoin, RecoveredItem, RecoveredSubscription};

/// Delay before a connection that was not live in time is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(10);

/// The topics of a connection that could not be subscribed.
pub(super) type Unsubscribed = (WsKey, Vec<AnyTopic>);
type Subscribed = Result<(AnySubscription, Vec<SubscribeError>), SubscribeError>;

/// Number of items that are applied before the state is published, if more are ready.
const BATCH: usize = 1_024;

pub(super) struct Driver {
    book: AccountBook,
    streams: Vec<RecoveredSubscription<AnySubscription>>,
    lifecycle: LifecycleStream,
    /// Connections that were not live in time, and are tried again.
    retries: FuturesUnordered<BoxFuture<'static, (Unsubscribed, Subscribed)>>,
    kucoin: Kucoin,
    recovery: RecoverySettings,
    activity: Vec<ConnectionActivity>,
    changes: broadcast::Sender<AccountChange>,
    shared: Arc<Shared>,
}

impl Driver {
    pub(super) fn new(
        kucoin: &Kucoin,
        book: AccountBook,
        subscriptions: Vec<AnySubscription>,
        recovery: &RecoverySettings,
        changes: broadcast::Sender<AccountChange>,
        shared: Arc<Shared>,
    ) -> Self {
        let mut driver = Self {
            book,
            streams: Vec::new(),
            lifecycle: kucoin.lifecycle(),
            retries: FuturesUnordered::new(),
            kucoin: kucoin.clone(),
            recovery: recovery.clone(),
            activity: Vec::new(),
            changes,
            shared,
        };
        // The account starts with the state of now, not with the events since an earlier run.
        driver.recovery.since = None;
        for subscription in subscriptions {
            driver.follow(subscription);
        }
        driver
    }

    fn follow(&mut self, mut subscription: AnySubscription) {
        locked(&self.shared.handles).extend(subscription.handles());
        let recovery = self.recovery.clone();
        self.streams
            .push(self.kucoin.recovered_with(subscription, recovery));
    }

    /// Tries to subscribe to these topics again, after a delay, until it succeeds or is refused.
    pub(super) fn retry(&mut self, topics: Unsubscribed) {
        let kucoin = self.kucoin.clone();
        self.retries.push(Box::pin(async move {
            tokio::time::sleep(RETRY_DELAY).await;
            let outcome = kucoin.subscribe_any_available(topics.1.clone()).await;
            (topics, outcome)
        }));
    }

    fn retried(&mut self, topics: Unsubscribed, outcome: Subscribed) {
        let now = Timestamp::now();
        match outcome {
            Ok((subscription, refused)) => {
                self.book.on_subscribed(topics.0, now);
                note_refused(&mut self.book, topics.0, &refused, now);
                self.follow(subscription);
            }
            Err(error) => {
                note_unsubscribed(&mut self.book, &topics, &error, now);
                if error.is_retryable() {
                    self.retry(topics);
                }
            }
        }
    }

    /// Runs until every stream has ended.
    pub(super) async fn run(mut self) {
        self.publish();
        loop {
            let deadline = self.book.deadline();
            let wait = deadline.map_or(Duration::from_secs(3_600), |at| {
                at.duration_since(Timestamp::now())
            });
            let items = std::future::poll_fn(|context| self.poll(context));
            let ended = tokio::time::timeout(wait, items).await;
            let now = Timestamp::now();
            self.book.on_timer(now);
            if ended == Ok(Ended::Yes) {
                self.end(now);
                return;
            }
            self.publish();
        }
    }

    /// Applies what is ready; pending if nothing is.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        let mut applied = 0;
        while let Poll::Ready(Some(event)) = Pin::new(&mut self.lifecycle).poll_next(context) {
            if let LifecycleEvent::Reconnected { .. } = event.event {
                self.book.on_reconnected(event.ws_key, event.at);
                applied += 1;
            }
        }
        while let Poll::Ready(Some((topics, outcome))) =
            Pin::new(&mut self.retries).poll_next(context)
        {
            self.retried(topics, outcome);
            applied += 1;
        }
        let mut is_any_open = false;
        for at in 0..self.streams.len() {
            let mut taken = 0;
            // What was held back comes at once after its report: a state in between is not published.
            while taken < BATCH || self.streams[at].has_output() {
                match self.streams[at].poll_item(context) {
                    Poll::Ready(Some(item)) => {
                        taken += 1;
                        self.apply(item);
                    }
                    Poll::Ready(None) => break,
                    Poll::Pending => {
                        is_any_open = true;
                        break;
                    }
                }
            }
            is_any_open |= taken > 0;
            applied += taken;
        }
        // After the user has closed the client, no connection may be opened.
        let is_closed = self.end_reason() == Some(EndReason::Closed(CloseReason::Requested));
        is_any_open |= !is_closed && !self.retries.is_empty();
        match (is_any_open, applied) {
            (false, _) => Poll::Ready(Ended::Yes),
            (true, 0) => Poll::Pending,
            (true, _) => Poll::Ready(Ended::No),
        }
    }

    fn apply(&mut self, item: RecoveredItem<AnyEvent>) {
        let now = Timestamp::now();
        match item {
            RecoveredItem::Event(update) => self.apply_event(&update),
            RecoveredItem::Snapshot(row) => self.book.on_snapshot(&row),
            RecoveredItem::Vanished(order) => self.book.on_vanished(&order, now),
            RecoveredItem::Gap(gap) => {
                if let Some(ws_key) = gap.ws_key {
                    self.activity(ws_key).gaps += 1;
                }
                self.book.on_gap(&gap, now);
            }
            RecoveredItem::Live(report) => self.book.on_live(&report, now),
        }
    }

    fn apply_event(&mut self, update: &Update<AnyEvent>) {
        let mut info = FrameInfo::live(
            update.ws_key(),
            Arc::clone(update.subscribed_topic()),
            update.received_at(),
        );
        (info.pushed_at, info.epoch) = (update.pushed_at(), update.epoch());
        let activity = self.activity(info.ws_key);
        match update.origin() {
            Origin::Recovered { path, .. } => {
                info.source = Some(path);
                activity.recovered += 1;
            }
            _ => {
                activity.events += 1;
                activity.last_event_at = Some(info.received_at);
                activity.latency = info
                    .pushed_at
                    .map(|pushed| info.received_at.duration_since(pushed));
            }
        }
        match update.event() {
            AnyEvent::V1(event) => self.book.on_v1(&info, event),
            AnyEvent::Pro(event) => self.book.on_pro(&info, event),
        }
    }

    fn activity(&mut self, ws_key: WsKey) -> &mut ConnectionActivity {
        let at = self.activity.iter().position(|of| of.ws_key == ws_key);
        let at = at.unwrap_or_else(|| {
            self.activity.push(ConnectionActivity {
                ws_key,
                events: 0,
                recovered: 0,
                gaps: 0,
                last_event_at: None,
                latency: None,
            });
            self.activity.len() - 1
        });
        &mut self.activity[at]
    }

    /// Publishes the state first, so that a reader of a change finds it in the state.
    fn publish(&mut self) {
        self.shared.state.store(Arc::new(self.book.state()));
        while let Some(change) = self.book.next_change() {
            // Fails if there is no reader.
            let _ = self.changes.send(change);
        }
        locked(&self.shared.activity).clone_from(&self.activity);
        if !*self.shared.started.borrow() && self.book.is_started() {
            self.shared.started.send_replace(true);
        }
    }

    /// Returns the reason why the streams have ended; `None` if one is open.
    fn end_reason(&self) -> Option<EndReason> {
        EndReason::of_all(self.streams.iter().map(RecoveredSubscription::end_reason))
    }

    fn end(&mut self, now: Timestamp) {
        let reason = self.end_reason().unwrap_or(EndReason::Unsubscribed);
        self.book.on_end(&reason.to_string(), now);
        self.publish();
        self.shared.started.send_replace(true);
        self.shared.ended.send_replace(Some(reason));
    }
}

/// Whether every stream has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Yes,
    No,
}

/// Marks the parts of topics that cannot be subscribed.
pub(super) fn note_unsubscribed(
    book: &mut AccountBook,
    (ws_key, topics): &Unsubscribed,
    error: &SubscribeError,
    now: Timestamp,
) {
    let names: Vec<_> = topics.iter().map(ToString::to_string).collect();
    book.on_refused(*ws_key, &names, &error.to_string(), now);
}

/// Marks the parts of the topics that KuCoin refuses.
pub(super) fn note_refused(
    book: &mut AccountBook,
    ws_key: WsKey,
    refused: &[SubscribeError],
    now: Timestamp,
) {
    for error in refused {
        if let SubscribeError::Refused { topic, .. } = error {
            book.on_refused(ws_key, std::slice::from_ref(topic), &error.to_string(), now);
        }
    }
}
