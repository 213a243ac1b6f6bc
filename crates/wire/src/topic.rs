//! The topic seam: what to subscribe to, which pushes belong to it, and the event type they become.

use crate::json::{DecodeError, Extra};
use crate::{ConnectionKind, Protocol, Text, Timestamp};

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

/// What the envelope of a push says: the fields of a [`Push`] beside its event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushEnvelope {
    /// [`Push::topic`].
    pub topic: Text,
    /// [`Push::subject`].
    pub subject: Option<Text>,
    /// [`Push::id`].
    pub id: Option<Text>,
    /// [`Push::user_id`].
    pub user_id: Option<Text>,
    /// [`Push::pushed_at`].
    pub pushed_at: Option<Timestamp>,
    /// [`Push::extra`].
    pub extra: Extra,
}

impl<E> Push<E> {
    /// A push with an envelope of nothing but its topic.
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

    /// A push with all that its envelope says.
    #[inline]
    pub fn with_envelope(event: E, envelope: PushEnvelope) -> Self {
        Self {
            event,
            topic: envelope.topic,
            subject: envelope.subject,
            id: envelope.id,
            user_id: envelope.user_id,
            pushed_at: envelope.pushed_at,
            extra: envelope.extra,
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
impl<T: Topic> Topic for Vec<T> {
    type Kind = T::Kind;
    type Event = T::Event;

    fn requests(&self) -> Vec<RequestOf<Self>> {
        let mut requests = Vec::new();
        for request in self.iter().flat_map(T::requests) {
            if !requests.contains(&request) {
                requests.push(request);
            }
        }
        requests
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Self::Event>>, DecodeError> {
        for topic in self {
            if let Some(push) = topic.decode(frame)? {
                return Ok(Some(push));
            }
        }
        Ok(None)
    }
}
