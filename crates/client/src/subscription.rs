//! A subscription: the stream of a topic's events, with gaps in their positions.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use kucoin_streams_core::Topic;
use kucoin_streams_session::{EndReason, Gap, TopicLedger};

use crate::Update;
use crate::feed::Feed;
use crate::queue::QueueWatch;

/// The events of a topic in arrival order, and a [`Gap`] exactly where events may be missing.
///
/// As a stream it never ends but with its connection, unless slow consumers are to be
/// [cut off](crate::SlowConsumer::Disconnect): gaps are items, not ends. Dropping it unsubscribes, when it was the
/// last subscription of its topics.
///
/// Several topics of one subscription come in the order in which they arrived, as long as one connection holds them;
/// those that it has no room for come from a further one, in between as they arrive.
pub struct Subscription<T: Topic> {
    topic: Arc<T>,
    /// One for each connection that it needs; nearly always one.
    feeds: Vec<Feed>,
    /// Whose turn it is.
    turn: usize,
    /// What a test feeds by hand, in place of connections.
    #[cfg(feature = "test-util")]
    script: Option<crate::test_util::Scripted<T::Event>>,
}

impl<T: Topic + fmt::Debug> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl<T: Topic> Subscription<T> {
    pub(crate) fn new(topic: Arc<T>, mut feeds: Vec<Feed>) -> Self {
        let requests = topic.requests();
        if requests.len() > 1 {
            let mut positions = HashMap::new();
            for (position, request) in requests.iter().enumerate() {
                positions.entry(request.to_string()).or_insert(position);
            }
            for feed in &mut feeds {
                feed.set_positions(&positions);
            }
        }
        Self {
            topic,
            feeds,
            turn: 0,
            #[cfg(feature = "test-util")]
            script: None,
        }
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn scripted(topic: Arc<T>, script: crate::test_util::Scripted<T::Event>) -> Self {
        let mut subscription = Self::new(topic, Vec::new());
        subscription.script = Some(script);
        subscription
    }

    /// Unsubscribes, and resolves when the server has answered or the connection is lost: two `ack_timeout`s after the
    /// request was sent at the latest, which KuCoin's limit of messages may delay if there are many. Resolves at once if
    /// another subscription has the same topics. Events that were not taken are dropped.
    ///
    /// Dropping the subscription unsubscribes too, without waiting for the answer; so does dropping this future.
    pub async fn unsubscribe(self) {
        let ends = self.feeds.into_iter().map(Feed::end);
        // Each feed ends now, and the answers come at the same time.
        let ends: Vec<_> = ends.collect();
        futures_util::future::join_all(ends).await;
    }

    /// A handle that shows the ledger and the end reason wherever the subscription goes: into `map`, `select_all`, or
    /// another task. It does not keep the subscription open, and its ledger stays when the subscription is dropped: `queued`
    /// are then the frames that were not read. While another thread reads, a frame may be between two counters.
    pub fn handle(&mut self) -> SubscriptionHandle {
        SubscriptionHandle {
            queues: self.feeds.iter_mut().map(Feed::watch).collect(),
            #[cfg(feature = "test-util")]
            script: self.script.as_ref().map(|script| script.end().clone()),
        }
    }

    /// What it is subscribed to.
    pub fn topic(&self) -> &T {
        &self.topic
    }

    /// The next event or gap; `None` once the connection is over. Cancel safe: an event that was not returned stays
    /// for the next call.
    pub async fn next(&mut self) -> Option<Result<Update<T::Event>, Gap>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// The next event or gap, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Update<T::Event>, Gap>> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.poll_item(&mut context) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// What became of every frame so far, topic by topic, in the order of subscription: see [`TopicLedger`]. It is
    /// counted anyway; asking takes a moment for each frame that waits.
    pub fn ledger(&self) -> Vec<TopicLedger> {
        self.feeds.iter().flat_map(Feed::ledger).collect()
    }

    /// Why the subscription is over, once it is: because its connection is, or because it was
    /// [cut off](crate::SlowConsumer::Disconnect). `None` before.
    pub fn end_reason(&self) -> Option<EndReason> {
        #[cfg(feature = "test-util")]
        if let Some(script) = &self.script {
            return script.end().reason();
        }
        first_if_all(self.feeds.iter().map(Feed::end_reason))
    }

    /// The events alone, for those who accept gaps. They are counted, and losses of the connection still show on
    /// the lifecycle stream.
    pub fn events(self) -> Events<T> {
        Events {
            subscription: self,
            gaps: 0,
        }
    }

    fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<T::Event>, Gap>>> {
        #[cfg(feature = "test-util")]
        if let Some(script) = &mut self.script {
            return script.poll(context);
        }
        // Nearly always there is one, and an event is large: it is handed through as it comes.
        if let [feed] = &mut self.feeds[..] {
            return feed.poll(&*self.topic, context);
        }
        let mut over = 0;
        for _ in 0..self.feeds.len() {
            let Some(feed) = self.feeds.get_mut(self.turn) else {
                break;
            };
            let item = feed.poll(&*self.topic, context);
            let stays = feed.holds_more();
            if !stays {
                self.turn = (self.turn + 1) % self.feeds.len();
            }
            match item {
                Poll::Ready(Some(item)) => return Poll::Ready(Some(item)),
                Poll::Ready(None) => over += 1,
                Poll::Pending => {}
            }
        }
        match over == self.feeds.len() {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    }
}

impl<T: Topic> Stream for Subscription<T> {
    type Item = Result<Update<T::Event>, Gap>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

/// Shows the ledger and the end reason of a [`Subscription`], from [`Subscription::handle`].
#[derive(Clone, Debug)]
pub struct SubscriptionHandle {
    queues: Vec<QueueWatch>,
    #[cfg(feature = "test-util")]
    script: Option<crate::test_util::ScriptedEnd>,
}

impl SubscriptionHandle {
    /// What became of every frame so far: see [`Subscription::ledger`].
    pub fn ledger(&self) -> Vec<TopicLedger> {
        self.queues.iter().flat_map(QueueWatch::ledger).collect()
    }

    /// Why the subscription has ended: see [`Subscription::end_reason`].
    pub fn end_reason(&self) -> Option<EndReason> {
        #[cfg(feature = "test-util")]
        if let Some(end) = &self.script {
            return end.reason();
        }
        first_if_all(self.queues.iter().map(QueueWatch::end_reason))
    }
}

/// The first reason, once every connection of a subscription has one: while one goes on, so does the subscription.
fn first_if_all(reasons: impl Iterator<Item = Option<EndReason>>) -> Option<EndReason> {
    let reasons: Option<Vec<_>> = reasons.collect();
    reasons?.into_iter().next()
}

/// The events of a subscription without its gaps: see [`Subscription::events`].
pub struct Events<T: Topic> {
    subscription: Subscription<T>,
    gaps: u64,
}

impl<T: Topic + fmt::Debug> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("subscription", &self.subscription)
            .field("gaps", &self.gaps)
            .finish()
    }
}

impl<T: Topic> Events<T> {
    /// The next event; `None` once the connection is over. Cancel safe.
    pub async fn next(&mut self) -> Option<Update<T::Event>> {
        std::future::poll_fn(|context| self.poll_event(context)).await
    }

    /// What became of every frame so far: see [`Subscription::ledger`].
    pub fn ledger(&self) -> Vec<TopicLedger> {
        self.subscription.ledger()
    }

    /// How many gaps were passed over so far.
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Update<T::Event>>> {
        loop {
            match ready!(self.subscription.poll_item(context)) {
                Some(Ok(update)) => return Poll::Ready(Some(update)),
                Some(Err(_)) => self.gaps += 1,
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Topic> Stream for Events<T> {
    type Item = Update<T::Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context)
    }
}
