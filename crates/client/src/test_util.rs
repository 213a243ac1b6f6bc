//! Subscriptions for tests, with scripted items: no network, no runtime, no clock.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use kucoin_streams_core::{ConnectionKind, Push, Text, Timestamp, Topic};
use kucoin_streams_session::{CloseReason, EndReason, Gap, GapReason};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{Subscription, Update};

/// Returns a scripted subscription and its script.
///
/// The subscription has no ledger. Read it with `try_next`, or with `next` on any runtime.
pub fn subscription<T: Topic>(topic: T) -> (Script<T>, Subscription<T>) {
    let topic = Arc::new(topic);
    let (items, received) = unbounded_channel();
    let script = Script {
        topic: topic.clone(),
        items,
        received_at: Timestamp::default(),
        epoch: 1,
    };
    let scripted = Scripted {
        items: received,
        end: ScriptedEnd::default(),
    };
    (script, Subscription::scripted(topic, scripted))
}

/// Script of a [`subscription`]: adds its items.
///
/// Items are queued without a limit. Dropping the script ends the subscription like [`end`](Self::end) with
/// [`EndReason::Closed`].
pub struct Script<T: Topic> {
    topic: Arc<T>,
    items: UnboundedSender<Item<T::Event>>,
    received_at: Timestamp,
    epoch: u64,
}

impl<T: Topic> Script<T> {
    /// Sets the [receive time](Update::received_at) of later updates. Default: the Unix epoch.
    pub fn set_received_at(&mut self, at: Timestamp) {
        self.received_at = at;
    }

    /// Adds an event of the first topic.
    pub fn event(&mut self, event: T::Event) {
        let topic = self
            .topics()
            .first()
            .map_or(Text::default(), |topic| Text::new(topic));
        self.push(Push::new(event, topic));
    }

    /// Adds an event with its envelope.
    pub fn push(&mut self, push: Push<T::Event>) {
        self.push_of(0, push);
    }

    fn push_of(&mut self, request: usize, push: Push<T::Event>) {
        let topic = self.topics().into_iter().nth(request).unwrap_or_default();
        let update = Update::live(T::Kind::WS_KEY, topic, push, self.received_at, self.epoch);
        self.send(Item::Next(Box::new(Ok(update))));
    }

    /// Adds a frame as KuCoin pushes it: an event, or a gap if it cannot be decoded.
    ///
    /// Returns `false`, and adds nothing, if the frame belongs to another topic.
    pub fn frame(&mut self, frame: &str) -> bool {
        let mut position = 0;
        match self.topic.decode_at(&mut position, frame) {
            Ok(Some(push)) => self.push_of(position, push),
            Ok(None) => return false,
            Err(error) => self.gap(GapReason::Undecodable {
                raw: frame.to_owned(),
                error,
            }),
        }
        true
    }

    /// Adds a gap of all topics. Updates after a [`GapReason::Live`] gap have the epoch of that gap.
    pub fn gap(&mut self, reason: GapReason) {
        if let GapReason::Live { epoch, .. } = reason {
            self.epoch = epoch;
        }
        let mut gap = Gap::new(self.topics(), reason);
        gap.ws_key = Some(T::Kind::WS_KEY);
        self.send(Item::Next(Box::new(Err(gap))));
    }

    /// Ends the subscription after all items, with this reason.
    pub fn end(self, reason: EndReason) {
        self.send(Item::End(reason));
    }

    fn topics(&self) -> Vec<Arc<str>> {
        let requests = self.topic.requests();
        let topics = requests.iter().map(|request| request.to_string().into());
        topics.collect()
    }

    fn send(&self, item: Item<T::Event>) {
        // The subscription may be dropped already.
        let _ = self.items.send(item);
    }
}

impl<T: Topic> fmt::Debug for Script<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

enum Item<E> {
    Next(Box<Result<Update<E>, Gap>>),
    End(EndReason),
}

/// Reading end of a script.
pub(crate) struct Scripted<E> {
    items: UnboundedReceiver<Item<E>>,
    end: ScriptedEnd,
}

/// End reason of a scripted subscription, shared with its handles.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScriptedEnd(Arc<OnceLock<EndReason>>);

impl ScriptedEnd {
    pub(crate) fn reason(&self) -> Option<EndReason> {
        self.0.get().cloned()
    }
}

impl<E> Scripted<E> {
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<E>, Gap>>> {
        if self.end.reason().is_some() {
            return Poll::Ready(None);
        }
        self.items.poll_recv(context).map(|item| {
            let reason = match item {
                Some(Item::Next(item)) => return Some(*item),
                Some(Item::End(reason)) => reason,
                None => EndReason::Closed(CloseReason::Requested),
            };
            self.end.0.get_or_init(|| reason);
            None
        })
    }

    pub(crate) fn end(&self) -> &ScriptedEnd {
        &self.end
    }
}
