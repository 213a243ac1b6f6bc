//! The protocol seam: one generation of KuCoin's stream protocol as pure functions over text.

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

/// The number of a request on one connection, sent as a decimal string and echoed by its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

impl RequestId {
    /// Reads the id of an answer; an id that no request of ours can have had is `None`.
    pub fn parse(id: &str) -> Option<Self> {
        id.parse().ok().map(Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What one wire subscription asks for. Equal requests share one wire subscription.
///
/// `Display` is the text by which users know it, such as `/account/balance`.
pub trait Request: Clone + fmt::Debug + fmt::Display + Eq + Hash + Send + Sync + 'static {}

impl<T: Clone + fmt::Debug + fmt::Display + Eq + Hash + Send + Sync + 'static> Request for T {}

/// What a client may do before the server objects: on one connection, and by making connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProtocolLimits {
    /// Messages that a client may send in one [`ProtocolLimits::window`], heartbeats included.
    pub messages: u32,
    /// The window of [`ProtocolLimits::messages`].
    pub window: Duration,
    /// Topics that one connection may hold; `None` where the exchange states no cap.
    pub topics: Option<u32>,
    /// Dials that the exchange allows; `None` where it states no limit.
    pub dials: Option<DialLimit>,
    /// A ping that comes sooner than this after the one before gets no answer; zero where every ping gets one.
    pub ping_spacing: Duration,
}

/// How often connections of one kind may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DialLimit {
    /// So many dials in one window.
    pub dials: u32,
    /// The window.
    pub window: Duration,
    /// Whose dials are counted together.
    pub scope: DialScope,
}

impl DialLimit {
    /// At most `dials` in any `window`, counted by `scope`.
    pub const fn new(dials: u32, window: Duration, scope: DialScope) -> Self {
        Self {
            dials,
            window,
            scope,
        }
    }
}

/// Whose dials are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialScope {
    /// Those of one account.
    Account,
    /// Those of one IP address, whatever the account.
    Address,
}

impl ProtocolLimits {
    /// States the limits of a connection.
    pub const fn new(messages: u32, window: Duration, topics: Option<u32>) -> Self {
        Self {
            messages,
            window,
            topics,
            dials: None,
            ping_spacing: Duration::ZERO,
        }
    }

    /// Adds how often connections may be made.
    #[must_use]
    pub const fn with_dials(mut self, dials: DialLimit) -> Self {
        self.dials = Some(dials);
        self
    }

    /// Adds how far pings must be apart to be answered.
    #[must_use]
    pub const fn with_ping_spacing(mut self, spacing: Duration) -> Self {
        self.ping_spacing = spacing;
        self
    }
}

/// One inbound frame, told apart by its envelope alone.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Inbound<'f> {
    /// The connection is ready for requests.
    Welcome {
        /// The id of the connection as the server names it: V1 `id` (our `connectId`), Pro V2 `sessionId`.
        id: Option<Cow<'f, str>>,
        /// The heartbeat that this welcome asks for (Pro V2 `pingInterval`); `None` keeps what is known.
        ping_interval: Option<Duration>,
    },
    /// The request of this id is in force.
    Ack {
        /// The id of the request.
        id: Cow<'f, str>,
    },
    /// The request of this id was refused, or the connection was, where the id is none of ours.
    Refused {
        /// The id of the request, where the server gave one.
        id: Option<Cow<'f, str>>,
        /// The code, where the server gave one (V1 `code`).
        code: Option<i64>,
        /// The server's own words.
        message: Cow<'f, str>,
        /// What the refusal means for the connection.
        scope: RefusalScope,
    },
    /// The answer to a heartbeat.
    Pong {
        /// The id of the ping, where the server gave one.
        id: Option<Cow<'f, str>>,
    },
    /// A push: data of a topic.
    Message {
        /// The topic as pushed; by it and [`Protocol::match_topic`] the frame finds its subscriptions.
        topic: Cow<'f, str>,
    },
    /// A frame of a kind that the protocol does not define: ignored, and counted.
    Other,
}

/// What a refusal is about, when its id names no request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalScope {
    /// The request itself: that topic is refused, the connection is well.
    Request,
    /// The request came too fast; the same request may be sent again after a pause.
    Pace,
    /// The server has trouble of its own; the same request may be sent again after a pause.
    Temporary,
    /// The connection token: a new token and a new connection are needed.
    Token,
    /// The server is busy: dial again later.
    Busy,
    /// The account has as many connections as it may have; in time there may be room again.
    Sessions,
    /// The connection is being ended by the server: dial again.
    Connection,
}

/// Whether pushes of a topic belong to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicMatch {
    /// The topic is what the request asks for.
    Exact,
    /// The server is known to push this topic for the request too; it counts only while no other request of the
    /// connection is served exactly, so that no event comes twice.
    Fallback,
    /// The topic has nothing to do with the request.
    None,
}

/// A frame that is not of the protocol: not UTF-8, or not a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
#[non_exhaustive]
pub struct WireError {
    /// What is wrong.
    pub reason: &'static str,
    /// Where in the frame, in bytes.
    pub offset: usize,
}

impl WireError {
    /// Says what is wrong, and at which byte of the frame.
    pub const fn new(reason: &'static str, offset: usize) -> Self {
        Self { reason, offset }
    }
}

/// One generation of KuCoin's stream protocol: pure functions from frames to meaning and back.
///
/// It holds no state, so a session, a recorder or a test may call it anywhere. Implement it for a protocol
/// that KuCoin adds; a session drives any implementation.
pub trait Protocol: Send + Sync + 'static {
    /// What one wire subscription asks for.
    type Request: Request;

    /// The limits of a connection that speaks it.
    const LIMITS: ProtocolLimits;

    /// The text of a frame's payload, which the transport may have delivered as a binary message. UTF-8 that begins
    /// with a brace is the text of itself in every protocol, and nobody need ask.
    ///
    /// # Errors
    /// Where the payload is not UTF-8, nor any encoding that the protocol knows.
    fn text(payload: &[u8]) -> Result<Cow<'_, str>, WireError> {
        std::str::from_utf8(payload)
            .map(Cow::Borrowed)
            .map_err(|error| WireError {
                reason: "not utf-8",
                offset: error.valid_up_to(),
            })
    }

    /// Tells what a frame is from its envelope, without allocating for usual frames.
    ///
    /// It reads as far as it must and no further, so a push may still prove undecodable by its topic.
    ///
    /// # Errors
    /// Where the frame is not a JSON object, as far as it was read.
    fn classify(frame: &str) -> Result<Inbound<'_>, WireError>;

    /// Reads a frame to its last byte. [`Protocol::classify`] need not: so a broken frame may show a topic that nobody
    /// asked for. Before such a frame is let go, this tells whether it is whole. By default every frame is.
    ///
    /// # Errors
    /// Where the frame is not of the protocol.
    fn check(_frame: &str) -> Result<(), WireError> {
        Ok(())
    }

    /// Tells whether a push with this topic, as the server wrote it, belongs to `request`: what is asked for is
    /// not always what is pushed.
    fn match_topic(request: &Self::Request, pushed: &str) -> TopicMatch;

    /// Appends the frame that subscribes to `request`.
    fn subscribe(id: RequestId, request: &Self::Request, out: &mut String);

    /// Appends the frame that ends the subscription to `request`.
    fn unsubscribe(id: RequestId, request: &Self::Request, out: &mut String);

    /// Appends a heartbeat.
    fn ping(id: RequestId, out: &mut String);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_the_wire() {
        let id = RequestId(u64::MAX);
        assert_eq!(RequestId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn a_foreign_id_is_none_of_ours() {
        assert_eq!(RequestId::parse("5e1a7c4b"), None);
        assert_eq!(RequestId::parse(""), None);
    }
}
