//! A subscription: the stream of a topic's events, with gaps in their places.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use kucoin_streams_session::CloseReason;
use kucoin_streams_wire::{Event, Topic, json::DecodeError};

use crate::ledger::{Fate, Tally};
use crate::overlap::{Overlap, Part, is_repeated};
use crate::queue::{Frame, Item, Queue};
use crate::{Gap, GapReason, TopicLedger, Update};

/// The events of a topic in arrival order, and a [`Gap`] exactly where events may be missing.
///
/// As a stream it never ends but with its connection, unless slow consumers are to be
/// [cut off](crate::SlowConsumer::Disconnect): gaps are items, not ends. Dropping it unsubscribes, when it was the
/// last subscription of its topics.
pub struct Subscription<T: Topic> {
    topic: T,
    queue: Arc<Queue>,
    /// Taken from the queue in one go, so that the lock is taken once for many events.
    taken: VecDeque<Item>,
    /// While two connections overlap: what was handed out already.
    overlap: Option<Box<Overlap>>,
    /// Keeps the connection's task alive.
    _connection: Arc<dyn Any + Send + Sync>,
}

impl<T: Topic + fmt::Debug> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl<T: Topic> Subscription<T> {
    pub(crate) fn new(topic: T, queue: Arc<Queue>, connection: Arc<dyn Any + Send + Sync>) -> Self {
        Self {
            topic,
            queue,
            taken: VecDeque::new(),
            overlap: None,
            _connection: connection,
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
        self.queue.ledger(&self.taken)
    }

    /// Why the subscription is over, once it is: because its connection is, or because it was
    /// [cut off](crate::SlowConsumer::Disconnect). `None` before.
    pub fn end_reason(&self) -> Option<CloseReason> {
        self.queue.end_reason()
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
        loop {
            match self.taken.pop_front() {
                Some(Item::Gap(gap)) => return Poll::Ready(Some(Err(gap))),
                Some(Item::Frame { tally, frame }) => {
                    if let Some(item) = self.decode(&tally, &frame) {
                        return Poll::Ready(Some(item));
                    }
                }
                None => {
                    if ready!(self.queue.poll_take(context, &mut self.taken)).is_none() {
                        return Poll::Ready(None);
                    }
                }
            }
        }
    }

    /// Decodes a frame; `None` where it proves to be of another topic that shares this one's name, or repeats what was
    /// handed out before a rotation.
    fn decode(&mut self, tally: &Tally, frame: &Frame) -> Option<Result<Update<T::Event>, Gap>> {
        let decoded = std::str::from_utf8(&frame.payload)
            .map_err(|error| DecodeError::Syntax {
                reason: "not utf-8",
                offset: error.valid_up_to(),
            })
            .and_then(|text| self.topic.decode(text));
        if (frame.part != Part::Alone || self.overlap.is_some())
            && is_repeated(&mut self.overlap, frame.part, || match &decoded {
                Ok(Some(push)) => push.event.identity().into_bytes(),
                _ => frame.payload.to_vec(),
            })
            && !matches!(decoded, Ok(None))
        {
            tally.count(Fate::Duplicate);
            return None;
        }
        let (fate, item) = match decoded {
            Ok(Some(push)) => {
                let update = Update::live(push, frame.received_at, frame.epoch);
                (Fate::Delivered, Some(Ok(update)))
            }
            Ok(None) => (Fate::Other, None),
            Err(error) => {
                let raw = String::from_utf8_lossy(&frame.payload).into_owned();
                let reason = GapReason::Undecodable { raw, error };
                let topic = tally.topic.clone();
                (Fate::Undecodable, Some(Err(Gap { topic, reason })))
            }
        };
        tally.count(fate);
        item
    }
}

impl<T: Topic + Unpin> Stream for Subscription<T> {
    type Item = Result<Update<T::Event>, Gap>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl<T: Topic> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.queue.close();
    }
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

impl<T: Topic + Unpin> Stream for Events<T> {
    type Item = Update<T::Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context)
    }
}
