//! The [`Protocol`] trait: a KuCoin stream protocol as pure functions over text.

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

/// ID of a request on one connection, sent as a decimal string.
///
/// The server repeats the ID in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

impl RequestId {
    /// Parses the ID in an answer; `None` if it is not a number, as every ID of this client is.
    pub fn parse(id: &str) -> Option<Self> {
        id.parse().ok().map(Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Request for one wire subscription, such as a topic path. Equal requests are subscribed once.
///
/// `Display` writes the topic that users, gaps and logs show, such as `/account/balance`; different requests need
/// different texts. Every type with these bounds implements the trait.
pub trait Request: Clone + fmt::Debug + fmt::Display + Eq + Hash + Send + Sync + 'static {}

impl<T: Clone + fmt::Debug + fmt::Display + Eq + Hash + Send + Sync + 'static> Request for T {}

/// Limits of a protocol: messages, topics, dials and pings. A session never exceeds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProtocolLimits {
    /// Maximum number of messages sent per [`window`](Self::window) on a connection, including heartbeats.
    pub messages: u32,
    /// Sliding window of [`messages`](Self::messages).
    pub window: Duration,
    /// Maximum number of topics per connection; `None` if KuCoin states no limit.
    pub topics: Option<u32>,
    /// Dial limit; `None` if KuCoin states no limit.
    pub dials: Option<DialLimit>,
    /// Minimum time between two pings; zero if KuCoin answers every ping.
    ///
    /// KuCoin does not answer a ping that is sent earlier.
    pub ping_spacing: Duration,
}

/// Limit on how often connections of one kind can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DialLimit {
    /// Maximum number of dials per [`window`](DialLimit::window).
    pub dials: u32,
    /// Sliding window of [`dials`](DialLimit::dials).
    pub window: Duration,
    /// Scope of the count: per account or per IP address.
    pub scope: DialScope,
}

impl DialLimit {
    /// Creates a limit of `dials` per sliding `window`, counted per `scope`.
    pub const fn new(dials: u32, window: Duration, scope: DialScope) -> Self {
        Self {
            dials,
            window,
            scope,
        }
    }
}

/// Scope of a dial limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialScope {
    /// All dials of one account count together.
    Account,
    /// All dials from one IP address count together, for any account.
    Address,
}

impl ProtocolLimits {
    /// Creates limits of `messages` per sliding `window` and of `topics`, without a dial limit.
    pub const fn new(messages: u32, window: Duration, topics: Option<u32>) -> Self {
        Self {
            messages,
            window,
            topics,
            dials: None,
            ping_spacing: Duration::ZERO,
        }
    }

    /// Sets the dial limit.
    #[must_use]
    pub const fn with_dials(mut self, dials: DialLimit) -> Self {
        self.dials = Some(dials);
        self
    }

    /// Sets the minimum time between two pings.
    #[must_use]
    pub const fn with_ping_spacing(mut self, spacing: Duration) -> Self {
        self.ping_spacing = spacing;
        self
    }
}

/// An inbound frame, classified by its envelope.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Inbound<'f> {
    /// Welcome: the connection accepts requests.
    Welcome {
        /// Connection ID: V1 `id` (the client's `connectId`), Pro V2 `sessionId`; `None` if absent.
        id: Option<Cow<'f, str>>,
        /// Ping interval requested by the server (Pro V2 `pingInterval`); `None` keeps the current interval.
        ping_interval: Option<Duration>,
    },
    /// Acknowledgement of a request.
    Ack {
        /// ID of the request.
        id: Cow<'f, str>,
    },
    /// Refusal: the server refuses a request or the connection.
    Refused {
        /// ID of the refused request; `None` if absent.
        id: Option<Cow<'f, str>>,
        /// Error code (V1 `code`); `None` if absent.
        code: Option<i64>,
        /// Error message of the server.
        message: Cow<'f, str>,
        /// Meaning of the refusal.
        scope: RefusalScope,
    },
    /// Pong: the answer to a ping.
    Pong {
        /// ID of the ping; `None` if absent.
        id: Option<Cow<'f, str>>,
    },
    /// Push: a data message of a topic.
    Message {
        /// Topic of the push. [`Protocol::match_topic`] finds the subscriptions for this topic.
        topic: Cow<'f, str>,
    },
    /// A frame that the protocol does not define. It is counted and ignored.
    Other,
}

/// Meaning of a refusal: for one request, or for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalScope {
    /// The request is refused; the connection stays open.
    Request,
    /// The client sends too fast; the same request can be sent again later.
    RateLimit,
    /// Temporary server error; the same request can be sent again later.
    Temporary,
    /// The connection token is refused; a new token and a new connection are needed.
    Token,
    /// The server is busy; the same request can be sent again later.
    ///
    /// If the refusal names no request, dial again later.
    Busy,
    /// The account has its maximum number of connections; dial again later.
    ConnectionLimit,
    /// The server is closing the connection; dial again.
    Connection,
}

/// How the topic of a push matches a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicMatch {
    /// The push belongs to the request.
    Exact,
    /// The push belongs to the request only if no request of the connection matches exactly.
    ///
    /// For example, a request for all positions is the fallback for a push of one contract's position. If both are
    /// subscribed, the event is delivered once.
    Fallback,
    /// The push does not belong to the request.
    None,
}

/// Error of a frame that breaks the protocol, such as a frame that is not a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
#[non_exhaustive]
pub struct WireError {
    /// Reason why the frame is invalid.
    pub reason: &'static str,
    /// Position in the frame, in bytes.
    pub offset: usize,
}

impl WireError {
    /// Creates an error with a reason and its position in the frame, in bytes.
    pub const fn new(reason: &'static str, offset: usize) -> Self {
        Self { reason, offset }
    }
}

/// A KuCoin stream protocol (V1, Pro V2): pure functions that read and write frames.
///
/// Implement it for a protocol that the SDK does not have; sessions and clients work with any implementation. For
/// another topic of V1 or Pro V2, implement [`Topic`](crate::Topic) instead.
///
/// For each message of the server, a session calls [`text`](Protocol::text) and [`classify`](Protocol::classify). For a
/// push it then calls [`match_topic`](Protocol::match_topic) with each request of the connection, and
/// [`check`](Protocol::check) if none matches. It caches matches, so results must depend on the arguments only.
pub trait Protocol: Send + Sync + 'static {
    /// Request for one wire subscription.
    type Request: Request;

    /// Limits that a session never exceeds, unless its configuration has other limits.
    const LIMITS: ProtocolLimits;

    /// Returns the text of a WebSocket message, text or binary.
    ///
    /// A caller can skip this call for UTF-8 that begins with `{`: in every protocol, such a payload is the text.
    ///
    /// # Errors
    /// Returns an error if the payload is neither UTF-8 nor another encoding of the protocol.
    fn text(payload: &[u8]) -> Result<Cow<'_, str>, WireError> {
        std::str::from_utf8(payload)
            .map(Cow::Borrowed)
            .map_err(|error| WireError {
                reason: "invalid UTF-8",
                offset: error.valid_up_to(),
            })
    }

    /// Classifies a frame by its envelope, without allocation for usual frames.
    ///
    /// The call may stop before the end of the frame, so [`Topic::decode`](crate::Topic::decode) can still fail.
    ///
    /// # Errors
    /// Returns an error if the part that was read shows that the frame is not a JSON object.
    fn classify(frame: &str) -> Result<Inbound<'_>, WireError>;

    /// Checks a whole frame, to its last byte. The default accepts every frame.
    ///
    /// A session calls it before it drops a frame that matches no request: [`classify`](Protocol::classify) may stop
    /// early, so a broken frame can show a wrong topic.
    ///
    /// # Errors
    /// Returns an error if the frame breaks the protocol.
    fn check(_frame: &str) -> Result<(), WireError> {
        Ok(())
    }

    /// Returns how the pushed topic matches `request`: exactly, as a fallback, or not at all.
    ///
    /// KuCoin can push a topic under another name than the requested one.
    fn match_topic(request: &Self::Request, pushed: &str) -> TopicMatch;

    /// Appends the frame that subscribes to `request` to `out`. `id` is unique on the connection.
    fn subscribe(id: RequestId, request: &Self::Request, out: &mut String);

    /// Appends the frame that unsubscribes from `request` to `out`.
    fn unsubscribe(id: RequestId, request: &Self::Request, out: &mut String);

    /// Appends a ping frame to `out`.
    fn ping(id: RequestId, out: &mut String);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_id_parses_back() {
        let id = RequestId(u64::MAX);
        assert_eq!(RequestId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn foreign_id_is_none() {
        assert_eq!(RequestId::parse("5e1a7c4b"), None);
        assert_eq!(RequestId::parse(""), None);
    }
}
