//! What one connection brings to a subscription: frames in order, decoded where they are consumed, and gaps.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use kucoin_streams_session::CloseReason;
use kucoin_streams_wire::{Event, Push, Topic, json::DecodeError};
use tracing::Span;

use crate::ledger::{Fate, Tally};
use crate::queue::{Frame, Item, Queue};
use crate::{Gap, GapReason, TopicLedger, Update};

/// What is kept alive along with a feed.
pub(crate) type Kept = Arc<dyn Any + Send + Sync>;

/// What tells an event from others, by the topic that decodes it.
pub(crate) enum Identity {
    /// Equal bytes mean the same event.
    Key(Vec<u8>),
    /// Nothing tells it from a later event.
    None,
    /// The frame is of another topic.
    Other,
}

/// Finds the identity of a frame, whatever type its event has.
pub(crate) type Identify = Arc<dyn Fn(&str) -> Identity + Send + Sync>;

pub(crate) fn identify<T: Topic>(topic: Arc<T>) -> Identify {
    Arc::new(move |frame| match topic.decode(frame) {
        Ok(Some(push)) if push.event.is_distinct() => {
            Identity::Key(push.event.identity().into_bytes())
        }
        Ok(Some(_)) => Identity::None,
        Ok(None) => Identity::Other,
        Err(_) => Identity::Key(frame.as_bytes().to_vec()),
    })
}

/// The reading end of a connection's queue. Dropping it tells the connection.
pub(crate) struct Feed {
    queue: Arc<Queue>,
    /// Taken from the queue in one go, so that the lock is taken once for many events.
    taken: VecDeque<Item>,
    /// The counters of the topics, by their places in the queue.
    tallies: Vec<Arc<Tally>>,
    /// The places of the same topics among the requests of the subscription, where it has more than one.
    places: Vec<usize>,
    /// The place that is taken up on the connection, where somebody counts.
    _place: Option<Kept>,
    /// Keeps the connection's task alive.
    _connection: Kept,
    /// The connection, in logs.
    span: Span,
    /// Events that could not be decoded.
    undecodable: u64,
}

impl Feed {
    pub(crate) fn new(
        queue: Arc<Queue>,
        place: Option<Kept>,
        connection: Kept,
        span: Span,
    ) -> Self {
        Self {
            queue,
            taken: VecDeque::new(),
            tallies: Vec::new(),
            places: Vec::new(),
            _place: place,
            _connection: connection,
            span,
            undecodable: 0,
        }
    }

    /// Hears which requests the subscription has, of which this connection may serve only some, and in another order.
    pub(crate) fn learn_places(&mut self, requests: &HashMap<String, usize>) {
        let place = |tally: &Arc<Tally>| requests.get(&*tally.topic).copied();
        let topics = self.queue.tallies();
        self.places = topics
            .iter()
            .map(|tally| place(tally).unwrap_or(usize::MAX))
            .collect();
    }

    /// The next event or gap; `None` once the connection is over.
    #[inline]
    pub(crate) fn poll<T: Topic>(
        &mut self,
        topic: &T,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<T::Event>, Gap>>> {
        loop {
            let (at, frame) = match self.taken.pop_front() {
                Some(Item::Frame { topic, frame }) => (topic, frame),
                Some(Item::Gap(gap)) => return Poll::Ready(Some(Err(*gap))),
                None => {
                    let taken = &mut self.taken;
                    if ready!(self.queue.poll_take(context, taken, &mut self.tallies)).is_none() {
                        return Poll::Ready(None);
                    }
                    continue;
                }
            };
            // An event is large: from here it goes out without a stop on its way.
            match read(topic, self.places.get(at), &frame) {
                Ok(Some(push)) => {
                    self.tallies[at].count(Fate::Delivered);
                    let update = Update::live(push, frame.received_at, frame.epoch);
                    return Poll::Ready(Some(Ok(update)));
                }
                // It is of another topic that shares the name of this one.
                Ok(None) => self.tallies[at].count(Fate::Other),
                Err(error) => return Poll::Ready(Some(Err(self.undecodable(error, at, &frame)))),
            }
        }
    }

    /// True where more was taken out already.
    pub(crate) fn holds_more(&self) -> bool {
        !self.taken.is_empty()
    }

    pub(crate) fn ledger(&self) -> Vec<TopicLedger> {
        self.queue.ledger(&self.taken)
    }

    pub(crate) fn end_reason(&self) -> Option<CloseReason> {
        self.queue.end_reason()
    }

    #[cold]
    fn undecodable(&mut self, error: DecodeError, at: usize, frame: &Frame) -> Gap {
        let tally = &self.tallies[at];
        tally.count(Fate::Undecodable);
        self.undecodable += 1;
        // If the exchange has changed its format, every event fails: a few lines say so, and not one for each.
        if self.undecodable.is_power_of_two() {
            let (topic, total) = (&*tally.topic, self.undecodable);
            tracing::warn!(parent: &self.span, topic, total, %error, "an event cannot be decoded");
        }
        let raw = frame.text.to_string();
        Gap::of_topic(&tally.topic, GapReason::Undecodable { raw, error })
    }
}

/// Decodes a frame, where it is of the protocol.
#[inline]
fn read<T: Topic>(
    topic: &T,
    place: Option<&usize>,
    frame: &Frame,
) -> Result<Option<Push<T::Event>>, DecodeError> {
    match &frame.fault {
        None => topic.decode_at(place.copied().unwrap_or(usize::MAX), &frame.text),
        Some(fault) => Err(DecodeError::Syntax {
            reason: fault.reason,
            offset: fault.offset,
        }),
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.queue.close();
    }
}
