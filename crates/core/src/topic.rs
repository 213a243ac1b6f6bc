//! The topic seam: what to subscribe to, which pushes belong to it, and the event type they become.

use std::collections::HashSet;

use crate::{ConnectionKind, DecodeError, Extra, Fill, Protocol, Text, Timestamp};

/// The request type of a topic's connection kind.
type RequestOf<T> = <<<T as Topic>::Kind as ConnectionKind>::Protocol as Protocol>::Request;

/// A topic: what to subscribe to, and the type of its events.
///
/// It names its connection kind and its event type, so that a futures topic on a spot connection, or an event
/// taken for another, does not compile. Implement it for a topic that the SDK does not have, or to decode a
/// topic into a type of your own.
pub trait Topic: Send + Sync + 'static {
    /// The connection that serves it.
    type Kind: ConnectionKind;
    /// What its pushes decode to.
    type Event: Event;

    /// The wire subscriptions that it needs, all of them.
    fn requests(&self) -> Vec<RequestOf<Self>>;

    /// Decodes one push, a whole frame. `None`: the push proves to be of another topic than this.
    ///
    /// # Errors
    /// Where the frame is not JSON or lacks what every event of the topic must have. The caller keeps the
    /// frame and shows it beside the error.
    fn decode(&self, frame: &str) -> Result<Option<Push<Self::Event>>, DecodeError>;

    /// Decodes one push that was routed to the request at `place` among [`requests`](Topic::requests), and sets `place` to
    /// the request that the push belongs to. The result is that of [`decode`](Topic::decode), whatever the place: it is a
    /// hint where to look first, for a topic of many requests. A topic of one request leaves this as it is.
    ///
    /// # Errors
    /// As [`Topic::decode`].
    #[inline]
    fn decode_at(
        &self,
        place: &mut usize,
        frame: &str,
    ) -> Result<Option<Push<Self::Event>>, DecodeError> {
        let _ = place;
        self.decode(frame)
    }
}

/// An event of a topic.
pub trait Event: Send + 'static {
    /// What makes two pushes the same event, such as order id, type, engine time and trade id together.
    ///
    /// Equal identities mean the same event, pushed twice or by two connections; by it, streams are
    /// deduplicated when connections overlap and when events are published onward.
    fn identity(&self) -> String;

    /// Whether no other event of its topic has this identity. False where the exchange sends nothing that tells an
    /// event from a later one which says the same, such as a leverage that is set there and back: it is never left out
    /// as a repetition, so that it comes twice rather than not at all where connections overlap.
    fn is_distinct(&self) -> bool {
        true
    }

    /// The trade that the event reports; `None` if it reports none, or lacks its id, price or size.
    fn fill(&self) -> Option<Fill> {
        None
    }
}

/// One decoded push: the event and what its envelope said.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Push<E> {
    /// The event.
    pub event: E,
    /// The topic as pushed: V1 `topic`, Pro V2 `T`.
    pub topic: Text,
    /// V1 `subject`.
    pub subject: Option<Text>,
    /// V1 envelope `id`: on some topics only.
    pub id: Option<Text>,
    /// V1 `userId`: the account that the push is about.
    pub user_id: Option<Text>,
    /// When the gateway pushed it, where the wire says so: V1 `pt`, Pro V2 `P`.
    pub pushed_at: Option<Timestamp>,
    /// Envelope fields that this SDK does not know, as they came.
    pub extra: Extra,
}

impl<E> Push<E> {
    /// A push with an envelope of nothing but its topic.
    #[inline]
    pub fn new(event: E, topic: Text) -> Self {
        Self {
            event,
            topic,
            subject: None,
            id: None,
            user_id: None,
            pushed_at: None,
            extra: Extra::default(),
        }
    }

    /// The same envelope around another event.
    pub fn map<F>(self, into: impl FnOnce(E) -> F) -> Push<F> {
        Push {
            event: into(self.event),
            topic: self.topic,
            subject: self.subject,
            id: self.id,
            user_id: self.user_id,
            pushed_at: self.pushed_at,
            extra: self.extra,
        }
    }
}

/// Several topics of one type in one subscription: their events come in arrival order.
///
/// Topics that take the same push must make the same of it: which of them is asked first depends on where the push was
/// routed.
impl<T: Topic> Topic for Vec<T> {
    type Kind = T::Kind;
    type Event = T::Event;

    fn requests(&self) -> Vec<RequestOf<Self>> {
        let mut seen = HashSet::new();
        let requests = self.iter().flat_map(T::requests);
        requests
            .filter(|request| seen.insert(request.clone()))
            .collect()
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Self::Event>>, DecodeError> {
        first_of(self.iter(), frame).map(|found| found.map(|(_, push)| push))
    }

    /// Nearly always each topic has one request, so that the place is its own. If it is another's, as after equal topics,
    /// that one gives nothing and the others are asked.
    #[inline]
    fn decode_at(
        &self,
        place: &mut usize,
        frame: &str,
    ) -> Result<Option<Push<Self::Event>>, DecodeError> {
        // An event is large: what the topic gives is the result as it is, without a move.
        match self.get(*place).map(|topic| topic.decode(frame)) {
            Some(Ok(None)) | None => {
                let asked = *place;
                let others = self.iter().enumerate().filter(|(at, _)| *at != asked);
                let others = others.map(|(_, topic)| topic);
                let Some((topic, push)) = first_of(others, frame)? else {
                    return Ok(None);
                };
                if let Some(request) = topic.requests().first() {
                    let mut requests = self.requests().into_iter();
                    *place = requests
                        .position(|known| known == *request)
                        .unwrap_or(*place);
                }
                Ok(Some(push))
            }
            Some(decoded) => decoded,
        }
    }
}

/// A topic and the push that it made of a frame.
type Taken<'t, T> = (&'t T, Push<<T as Topic>::Event>);

/// What the first topic gives that takes a frame, and the topic.
fn first_of<'t, T: Topic>(
    mut topics: impl Iterator<Item = &'t T>,
    frame: &str,
) -> Result<Option<Taken<'t, T>>, DecodeError> {
    topics
        .find_map(|topic| match topic.decode(frame) {
            Ok(push) => push.map(|push| Ok((topic, push))),
            Err(error) => Some(Err(error)),
        })
        .transpose()
}

#[cfg(test)]
mod tests;
