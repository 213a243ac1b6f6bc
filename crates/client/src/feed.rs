//! Reading end of a subscription on one connection: decodes frames when they are consumed.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use kucoin_streams_core::{ConnectionKind, DecodeError, Event, Topic};
use kucoin_streams_session::{
    Delivery, EndReason, Frame, FrameOutcome, Gap, GapReason, TopicLedger,
};
use tracing::Span;

use crate::Update;
use crate::connection::ConnectionHandle;
use crate::drift::SharedDrift;
use crate::queue::{QueueReader, QueueWatch};
use crate::stats::ConnectionMeter;

/// Guard of a feed's topics on one connection; releases the topics when dropped.
pub(crate) type ShareGuard = Box<dyn Any + Send + Sync>;

/// Reading end of a queue. Dropping it notifies the connection.
pub(crate) struct Feed {
    queue: QueueReader,
    /// Positions of the feed's topics in the requests of the subscription; empty if there is one topic.
    positions: Vec<usize>,
    /// Releases the topics when dropped.
    _share: ShareGuard,
    /// Keeps the connection's task alive.
    connection: Arc<dyn ConnectionHandle>,
    meter: Arc<ConnectionMeter>,
    /// Log span of the connection.
    span: Span,
    /// Number of events that could not be decoded.
    undecodable: u64,
    /// What differs from the known format.
    drift: SharedDrift,
}

impl Feed {
    pub(crate) fn new(
        queue: QueueReader,
        share: ShareGuard,
        connection: Arc<dyn ConnectionHandle>,
        meter: Arc<ConnectionMeter>,
        span: Span,
    ) -> Self {
        meter.add_queue(Arc::clone(queue.queue()));
        Self {
            queue,
            positions: Vec::new(),
            _share: share,
            connection,
            meter,
            span,
            undecodable: 0,
            drift: SharedDrift::default(),
        }
    }

    /// Sets where to count what differs from the known format.
    pub(crate) fn set_drift(&mut self, drift: SharedDrift) {
        self.drift = drift;
    }

    /// Sets the positions of the feed's topics in the requests of the subscription.
    ///
    /// The connection of this feed may serve only some of the requests.
    pub(crate) fn set_positions(&mut self, requests: &HashMap<String, usize>) {
        let position = |topic: &Arc<str>| requests.get(&**topic).copied().unwrap_or(usize::MAX);
        self.positions = self.queue.topics().iter().map(position).collect();
    }

    /// Polls the next event or gap; `None` if the subscription has ended.
    #[inline]
    pub(crate) fn poll<T: Topic>(
        &mut self,
        topic: &T,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<T::Event>, Gap>>> {
        loop {
            let (at, frame) = match ready!(self.queue.poll_next(context)) {
                Some(Delivery::Frame { topic, frame }) => (topic, frame),
                Some(Delivery::Gap(mut gap)) => {
                    gap.ws_key = Some(T::Kind::WS_KEY);
                    return Poll::Ready(Some(Err(*gap)));
                }
                None => return Poll::Ready(None),
            };
            // Events are large, so return them directly.
            let routed = self.positions.get(at).copied().unwrap_or(usize::MAX);
            let mut position = routed;
            match topic.decode_at(&mut position, frame.text()) {
                Ok(Some(push)) => {
                    let subscribed = self.delivered(at, routed, position);
                    let (received_at, epoch) = (frame.received_at(), frame.epoch());
                    let occurred_at = push.event.occurred_at();
                    self.meter
                        .record_read(occurred_at, push.pushed_at, received_at);
                    if self.queue.is_sample() {
                        self.meter.record_delivery(received_at);
                    }
                    let findings = push.extra.findings();
                    if !findings.is_empty() {
                        let pushed = Some(&push.topic);
                        self.drift
                            .record(&self.span, &subscribed, pushed, findings, received_at);
                    }
                    let update =
                        Update::live(T::Kind::WS_KEY, subscribed, push, received_at, epoch);
                    return Poll::Ready(Some(Ok(update)));
                }
                // The frame belongs to another topic that is pushed under the same name.
                Ok(None) => self.count(at, FrameOutcome::Other),
                Err(error) => {
                    if let Some(counters) = self.queue.counters(at) {
                        let (ws_key, topic) = (T::Kind::WS_KEY, counters.topic());
                        let received_at = frame.received_at();
                        self.drift
                            .record_error(&self.span, ws_key, topic, &error, received_at);
                    }
                    let mut gap = self.undecodable(error, at, &frame);
                    gap.ws_key = Some(T::Kind::WS_KEY);
                    return Poll::Ready(Some(Err(gap)));
                }
            }
        }
    }

    /// Returns `true` if the reader still has items that it took from the queue.
    pub(crate) fn has_more(&mut self) -> bool {
        self.queue.has_more()
    }

    /// Closes the feed.
    ///
    /// The future resolves when the server has answered the unsubscription, if one is needed.
    pub(crate) fn end(self) -> impl Future<Output = ()> {
        let connection = Arc::clone(&self.connection);
        let topics = self.queue.topics();
        drop(self);
        async move { connection.unsubscribed(topics).await }
    }

    /// Returns a handle to the counters of the feed's queue.
    pub(crate) fn watch(&mut self) -> QueueWatch {
        self.queue.watch()
    }

    pub(crate) fn ledger(&self) -> Vec<TopicLedger> {
        self.queue.ledger()
    }

    pub(crate) fn end_reason(&self) -> Option<EndReason> {
        self.queue.end_reason()
    }

    /// Counts an event, and returns its topic as subscribed: the request at `position`.
    ///
    /// This topic differs from the routed topic if several topics are pushed under the same name.
    #[inline]
    fn delivered(&self, at: usize, routed: usize, position: usize) -> Arc<str> {
        let Some(counters) = self.queue.counters(at) else {
            return Arc::from("");
        };
        counters.count(FrameOutcome::Delivered);
        let other = match position == routed {
            true => None,
            false => self.positions.iter().position(|&known| known == position),
        };
        let subscribed = other.and_then(|at| self.queue.counters(at));
        Arc::clone(subscribed.unwrap_or(counters).topic())
    }

    #[cold]
    fn undecodable(&mut self, error: DecodeError, at: usize, frame: &Frame) -> Gap {
        self.count(at, FrameOutcome::Undecodable);
        let topics: Arc<[Arc<str>]> = match self.queue.counters(at) {
            Some(counters) => counters.topics(),
            None => Arc::default(),
        };
        self.undecodable += 1;
        // If KuCoin changes its format every event fails, so log at powers of two only.
        if self.undecodable.is_power_of_two() {
            let total = self.undecodable;
            let topic = topics.join(", ");
            tracing::warn!(parent: &self.span, %topic, total, %error, "an event cannot be decoded");
        }
        let raw = frame.text().to_owned();
        Gap::new(topics, GapReason::Undecodable { raw, error })
    }

    #[inline]
    fn count(&self, at: usize, outcome: FrameOutcome) {
        if let Some(counters) = self.queue.counters(at) {
            counters.count(outcome);
        }
    }
}
