//! The [`Topic`] and [`Event`] traits: what to subscribe to, and what its pushes decode to.

use crate::{ConnectionKind, DecodeError, Extra, Fill, Protocol, Text, Timestamp};

/// Request type of a topic.
type RequestOf<T> = <<<T as Topic>::Kind as ConnectionKind>::Protocol as Protocol>::Request;

/// A topic to subscribe to, and the type of its events.
///
/// Implement it for a topic that the SDK does not have, or to decode a topic into a type of your own. The connection
/// kind is part of the type, so a futures topic on a spot connection does not compile.
///
/// A client passes only pushes that match one of the [`requests`](Topic::requests). It decodes a push in the task that
/// reads the subscription, and during a rotation also on the connections' thread, so decoding must not block.
pub trait Topic: Send + Sync + 'static {
    /// Connection that the topic belongs to.
    type Kind: ConnectionKind;
    /// Event that a push of the topic decodes to.
    type Event: Event;

    /// `true` if each value of the type has exactly one request.
    ///
    /// A list of such topics finds the topic of a push faster.
    const HAS_ONE_REQUEST: bool = false;

    /// Returns the requests of the topic, the same list at each call. Equal requests are subscribed once.
    fn requests(&self) -> Vec<RequestOf<Self>>;

    /// Decodes a push from its whole frame; `None` if the push does not belong to this topic.
    ///
    /// A client skips the push on `None`, and turns an error into a gap with the frame.
    ///
    /// # Errors
    /// Returns an error if the frame is not JSON or lacks a required field.
    fn decode(&self, frame: &str) -> Result<Option<Push<Self::Event>>, DecodeError>;

    /// Like [`decode`](Topic::decode), with a hint about the request that the push matched.
    ///
    /// `request_index` is the index of the matched request in [`requests`](Topic::requests). The method sets
    /// `request_index` to the index of the request that the push belongs to. The hint makes a topic with many requests
    /// faster; it never changes the result. A topic with one request does not need to implement this method.
    ///
    /// # Errors
    /// Returns the errors of [`decode`](Topic::decode).
    #[inline]
    fn decode_at(
        &self,
        request_index: &mut usize,
        frame: &str,
    ) -> Result<Option<Push<Self::Event>>, DecodeError> {
        let _ = request_index;
        self.decode(frame)
    }
}

/// An event of a topic.
///
/// Implement it for the events of a topic of your own.
pub trait Event: Send + 'static {
    /// Returns the dedup key, such as order ID, type, match time and trade ID together.
    ///
    /// Two events of a topic with equal keys are the same event, pushed twice or received on two connections. The SDK
    /// uses the key to remove duplicates during a rotation; use the key yourself if you forward events.
    fn dedup_key(&self) -> String;

    /// Returns `false` if two different events of a topic can have the same dedup key.
    ///
    /// For example, a leverage is set to 5, to 3 and back to 5, and the pushes have no time. Such events are never
    /// removed as duplicates: during a rotation they can be delivered twice, but are not lost.
    fn has_unique_key(&self) -> bool {
        true
    }

    /// Returns the time at which the event happened at the exchange; `None` if the push has no such time.
    ///
    /// It is measured by the exchange's clock, and is the time of the change itself, not of the push.
    fn occurred_at(&self) -> Option<Timestamp> {
        None
    }

    /// Returns the fill in the event; `None` if there is none or it lacks trade ID, price or size.
    fn fill(&self) -> Option<Fill> {
        None
    }

    #[doc(hidden)]
    #[deprecated(note = "renamed to `dedup_key`")]
    fn identity(&self) -> String {
        self.dedup_key()
    }

    #[doc(hidden)]
    #[deprecated(note = "renamed to `has_unique_key`")]
    fn is_distinct(&self) -> bool {
        self.has_unique_key()
    }
}

/// A decoded push: the event and its envelope.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Push<E> {
    /// Decoded event.
    pub event: E,
    /// Topic as pushed: V1 `topic`, Pro V2 `T`.
    pub topic: Text,
    /// Subject: V1 `subject`; `None` on Pro V2.
    pub subject: Option<Text>,
    /// Envelope ID: V1 `id`, on some topics only; `None` on Pro V2.
    pub id: Option<Text>,
    /// User ID of the account: V1 `userId`; `None` on Pro V2.
    pub user_id: Option<Text>,
    /// Push time of KuCoin's gateway: V1 `pt`, Pro V2 `P`; `None` if absent.
    pub pushed_at: Option<Timestamp>,
    /// Unknown envelope fields, exactly as sent.
    pub extra: Extra,
}

impl<E> Push<E> {
    /// Creates a push with a topic and no other envelope fields.
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

    /// Converts the event and keeps the envelope.
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

/// Several topics of one type in one subscription. Their events come in the order of arrival.
///
/// If several topics accept a push, any one of them decodes it, so they must give the same result.
impl<T: Topic> Topic for Vec<T> {
    type Kind = T::Kind;
    type Event = T::Event;

    fn requests(&self) -> Vec<RequestOf<Self>> {
        self.iter().flat_map(T::requests).collect()
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Self::Event>>, DecodeError> {
        let mut request_index = usize::MAX;
        self.decode_at(&mut request_index, frame)
    }

    #[inline]
    fn decode_at(
        &self,
        request_index: &mut usize,
        frame: &str,
    ) -> Result<Option<Push<Self::Event>>, DecodeError> {
        if !T::HAS_ONE_REQUEST {
            return decode_with_several_requests(self, request_index, frame);
        }
        // The result of the topic is returned directly, since moving a large event is slow.
        match self.get(*request_index).map(|topic| topic.decode(frame)) {
            Some(Ok(None)) | None => {
                let hinted = std::mem::replace(request_index, 0);
                for (at, topic) in self.iter().enumerate().filter(|(at, _)| *at != hinted) {
                    *request_index = at;
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

/// Decodes a push with a list of topics, trying the topic of the hinted request first.
///
/// Each topic can have several requests.
fn decode_with_several_requests<T: Topic>(
    topics: &[T],
    request_index: &mut usize,
    frame: &str,
) -> Result<Option<Push<T::Event>>, DecodeError> {
    let mut request_count = 0;
    let first_requests: Vec<(usize, &T)> = topics
        .iter()
        .map(|topic| {
            let first = (request_count, topic);
            request_count += topic.requests().len();
            first
        })
        .collect();
    let hinted = first_requests
        .iter()
        .rposition(|(first, _)| first <= request_index);
    let hinted = hinted.filter(|_| *request_index < request_count);
    let others = (0..first_requests.len()).filter(|at| Some(*at) != hinted);
    for at in hinted.into_iter().chain(others) {
        let (first, topic) = first_requests[at];
        let mut inner_index = match Some(at) == hinted {
            true => *request_index - first,
            false => usize::MAX,
        };
        match topic.decode_at(&mut inner_index, frame) {
            Ok(None) => {}
            decoded => {
                // A topic with one request does not set the index.
                let inner_index = if inner_index == usize::MAX {
                    0
                } else {
                    inner_index
                };
                *request_index = first + inner_index;
                return decoded;
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
