//! Subscriptions: streams of events and gaps.

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

/// A stream of a topic's events in arrival order, with a [`Gap`] exactly where events may be missing.
///
/// Gaps are items and do not end the stream. It ends (`None`) when its connection is closed, when KuCoin has refused all
/// its topics, or when the consumer is too slow and the policy is
/// [`SlowConsumer::Disconnect`](crate::SlowConsumer::Disconnect). Dropping the last subscription to a topic unsubscribes
/// the topic.
///
/// Events of several topics keep their arrival order if one connection serves all of them. Topics over the limit of
/// one connection are served by a further one, and their events are merged as they arrive. A consumer that is too slow for
/// one of these connections is disconnected from all of them; unread events of the others are dropped.
pub struct Subscription<T: Topic> {
    topic: Arc<T>,
    /// One feed per connection, nearly always one.
    feeds: Vec<Feed>,
    /// Index of the feed to poll first.
    next_feed: usize,
    /// Set once the consumer is too slow for one of several connections; all feeds are then closed.
    too_slow: Option<SubscriptionHandle>,
    /// Items supplied by a test instead of connections.
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
            next_feed: 0,
            too_slow: None,
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

    /// Unsubscribes, and resolves when KuCoin has answered or the connection is lost.
    ///
    /// Without an answer it resolves after twice the
    /// [`ack_timeout`](kucoin_streams_session::SessionConfig::ack_timeout) from when the request is sent, which
    /// KuCoin's message limit may delay. It resolves at once if another subscription has the same topics. Queued events
    /// are dropped.
    ///
    /// Dropping the subscription unsubscribes as well, without waiting for the answer. So does dropping this future.
    pub async fn unsubscribe(self) {
        let ends = self.feeds.into_iter().map(Feed::end);
        // Collect first: each feed is closed now, and the answers are awaited together.
        let ends: Vec<_> = ends.collect();
        futures_util::future::join_all(ends).await;
    }

    /// Returns a handle to the ledger and the end reason.
    ///
    /// Use it if the subscription moves into `map`, `select_all` or another task. It does not keep the subscription
    /// open. After the subscription is dropped the handle still returns its ledger; `queued` is then the number of
    /// frames that were not read. While another thread reads, a frame may be in no counter for a moment.
    pub fn handle(&mut self) -> SubscriptionHandle {
        if let Some(handle) = &self.too_slow {
            return handle.clone();
        }
        SubscriptionHandle {
            queues: self.feeds.iter_mut().map(Feed::watch).collect(),
            #[cfg(feature = "test-util")]
            script: self.script.as_ref().map(|script| script.end().clone()),
        }
    }

    /// Returns the topic of the subscription.
    pub fn topic(&self) -> &T {
        &self.topic
    }

    /// Returns the next event or gap; `None` if the subscription has ended.
    ///
    /// Cancel safe: an event is not lost if this future is dropped.
    pub async fn next(&mut self) -> Option<Result<Update<T::Event>, Gap>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// Returns the next event or gap; `None` if nothing is ready, or the subscription has ended.
    ///
    /// `None` is the end if [`Subscription::end_reason`] returned a reason before the call.
    pub fn try_next(&mut self) -> Option<Result<Update<T::Event>, Gap>> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.poll_item(&mut context) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// Returns the counters of all frames by topic, in the order of subscription: see [`TopicLedger`].
    ///
    /// The counters are always kept; a call takes time proportional to the number of queued frames.
    pub fn ledger(&self) -> Vec<TopicLedger> {
        match &self.too_slow {
            Some(handle) => handle.ledger(),
            None => self.feeds.iter().flat_map(Feed::ledger).collect(),
        }
    }

    /// Returns the reason why the subscription has ended; `None` if it has not.
    ///
    /// It is set as soon as no more events can arrive; queued events and gaps may still have to be read.
    pub fn end_reason(&self) -> Option<EndReason> {
        #[cfg(feature = "test-util")]
        if let Some(script) = &self.script {
            return script.end().reason();
        }
        match &self.too_slow {
            Some(handle) => handle.end_reason(),
            None => EndReason::of_all(self.feeds.iter().map(Feed::end_reason)),
        }
    }

    /// Returns a stream of the events only. Gaps are skipped and counted: see [`Events::gaps`].
    ///
    /// Connection losses are still reported as lifecycle events.
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
        // Fast path for one feed: events are large, so avoid moving them again.
        if let [feed] = &mut self.feeds[..] {
            return feed.poll(&*self.topic, context);
        }
        let mut ended = 0;
        for _ in 0..self.feeds.len() {
            let Some(feed) = self.feeds.get_mut(self.next_feed) else {
                break;
            };
            let item = feed.poll(&*self.topic, context);
            // Checked only at the end, since it takes the lock of the queue.
            let is_too_slow = matches!(item, Poll::Ready(None))
                && feed.end_reason() == Some(EndReason::SlowConsumer);
            if !feed.has_more() {
                self.next_feed = (self.next_feed + 1) % self.feeds.len();
            }
            match item {
                Poll::Ready(Some(item)) => return Poll::Ready(Some(item)),
                Poll::Ready(None) if is_too_slow => {
                    self.too_slow = Some(self.handle());
                    self.feeds.clear();
                    return Poll::Ready(None);
                }
                Poll::Ready(None) => ended += 1,
                Poll::Pending => {}
            }
        }
        match ended == self.feeds.len() {
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

/// Handle to the ledger and the end reason of a [`Subscription`], from [`Subscription::handle`].
#[derive(Clone, Debug)]
pub struct SubscriptionHandle {
    queues: Vec<QueueWatch>,
    #[cfg(feature = "test-util")]
    script: Option<crate::test_util::ScriptedEnd>,
}

impl SubscriptionHandle {
    /// Returns the counters of all frames by topic: see [`Subscription::ledger`].
    pub fn ledger(&self) -> Vec<TopicLedger> {
        self.queues.iter().flat_map(QueueWatch::ledger).collect()
    }

    /// Returns the reason why the subscription has ended: see [`Subscription::end_reason`].
    pub fn end_reason(&self) -> Option<EndReason> {
        #[cfg(feature = "test-util")]
        if let Some(end) = &self.script {
            return end.reason();
        }
        EndReason::of_all(self.queues.iter().map(QueueWatch::end_reason))
    }
}

/// A stream of the events of a subscription, without gaps, from [`Subscription::events`].
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
    /// Returns the next event; `None` if the subscription has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<Update<T::Event>> {
        std::future::poll_fn(|context| self.poll_event(context)).await
    }

    /// Returns the counters of all frames by topic: see [`Subscription::ledger`].
    pub fn ledger(&self) -> Vec<TopicLedger> {
        self.subscription.ledger()
    }

    /// Returns the number of gaps skipped so far.
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
