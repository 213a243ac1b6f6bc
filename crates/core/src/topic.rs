//! The topic seam: what to subscribe to, which pushes belong to it, and the event type they become.

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

    /// True if each value of the type has exactly one request. A list of such topics finds the topic of a push faster.
    const HAS_ONE_REQUEST: bool = false;

    /// The wire subscriptions that it needs, all of them. Equal ones are subscribed once.
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
    fn dedup_key(&self) -> String;

    /// Whether no other event of its topic has this identity. False where the exchange sends nothing that tells an
    /// event from a later one which says the same, such as a leverage that is set there and back: it is never left out
    /// as a repetition, so that it comes twice rather than not at all where connections overlap.
    fn has_unique_key(&self) -> bool {
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
        self.iter().flat_map(T::requests).collect()
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Self::Event>>, DecodeError> {
        let mut place = usize::MAX;
        self.decode_at(&mut place, frame)
    }

    #[inline]
    fn decode_at(
        &self,
        place: &mut usize,
        frame: &str,
    ) -> Result<Option<Push<Self::Event>>, DecodeError> {
        if !T::HAS_ONE_REQUEST {
            return decode_by_parts(self, place, frame);
        }
        // An event is large: what the topic gives is the result as it is, without a move.
        match self.get(*place).map(|topic| topic.decode(frame)) {
            Some(Ok(None)) | None => {
                let routed = std::mem::replace(place, 0);
                for (at, topic) in self.iter().enumerate().filter(|(at, _)| *at != routed) {
                    *place = at;
                    match topic.decode(frame) {
                        Ok(None) => {}
                        decoded => return decoded,
                    }
                }
                Ok(None)
            }
            Some(decoded) => decoded,
        }
    }
}

/// Decodes by topics of several requests each: first the one that the push was routed to.
fn decode_by_parts<T: Topic>(
    topics: &[T],
    place: &mut usize,
    frame: &str,
) -> Result<Option<Push<T::Event>>, DecodeError> {
    let mut begin = 0;
    let parts: Vec<(usize, &T)> = topics
        .iter()
        .map(|topic| {
            let part = (begin, topic);
            begin += topic.requests().len();
            part
        })
        .collect();
    let routed = parts.iter().rposition(|(begin, _)| begin <= place);
    let routed = routed.filter(|_| *place < begin);
    let others = (0..parts.len()).filter(|at| Some(*at) != routed);
    for at in routed.into_iter().chain(others) {
        let (begin, topic) = parts[at];
        let mut own = match Some(at) == routed {
            true => *place - begin,
            false => usize::MAX,
        };
        match topic.decode_at(&mut own, frame) {
            Ok(None) => {}
            decoded => {
                // A topic that has one request leaves the place as it is.
                *place = begin + if own == usize::MAX { 0 } else { own };
                return decoded;
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
