//! What can go wrong, one variant each, and where each of them acts.

pub(super) mod dial;
pub(super) mod flaw;
pub(super) mod limit;
pub(super) mod mutation;
pub(super) mod token_reply;
pub(super) mod upgrade;
pub(super) mod utterance;
mod words;

use std::time::Duration;

pub use dial::DialFault;
pub use flaw::Flaw;
pub use limit::Limit;
pub use mutation::Mutation;
pub use token_reply::TokenReply;
pub use upgrade::UpgradeFault;
pub use utterance::Utterance;

/// How a connection ends when it is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// A close frame with this code and reason, which need not be legal.
    Close {
        /// The close code, such as 1001.
        code: u16,
        /// The reason, at most 123 bytes of it are sent.
        reason: String,
    },
    /// The end of the stream with no close frame, and over TLS without its farewell.
    Eof,
    /// A TCP reset.
    Reset,
}

/// What happens. `count` is how many frames of its kind it happens to; None means all from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The connection ends.
    Cut(Cut),
    /// The next push is sent in part, then the connection is reset.
    ResetMidFrame,
    /// The exchange neither reads nor writes any more, and keeps the socket open.
    HalfOpen,
    /// Pings are read and not answered.
    SwallowPongs {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// The welcome comes late.
    DelayWelcome {
        /// How late.
        by: Duration,
    },
    /// The welcome never comes.
    DropWelcome,
    /// Acknowledgements come late; pushes may overtake them.
    DelayAcks {
        /// How late.
        by: Duration,
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Acknowledgements never come, though what they acknowledge was done.
    DropAcks {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Subscribing to this topic is refused.
    RefuseTopic {
        /// The topic as users write it, with the parameters of Pro V2 in the order of
        /// `position?tradeType=FUTURES&symbol=XBTUSDTM`.
        topic: String,
        /// The code of the error frame, such as 403. Refusals of Pro V2 have none.
        code: u16,
        /// The text of the error frame; of Pro V2 the `reason`.
        text: String,
    },
    /// Pushes are sent twice.
    DuplicateFrame {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Bytes of pushes are changed, so that they are not JSON any more.
    GarbleFrame {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Pushes are split into WebSocket fragments, at any byte.
    FragmentFrames {
        /// Into how many.
        parts: u32,
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Frames of a Pro V2 connection, the welcome and answers included, come as text instead of
    /// binary. Nothing happens to the frames of V1, which are text.
    TextFrames {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Frames of a Pro V2 connection, the welcome and answers included, are compressed by raw DEFLATE.
    /// Nothing happens to the frames of V1.
    DeflateFrames {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Every token that was issued and not used expires now.
    ExpireTokens,
    /// The exchange's clock goes off by this many milliseconds: 400002 until the client corrects its own.
    ClockSkew {
        /// Positive is ahead of the true time. 0 sets the clock right again.
        by_ms: i64,
    },
    /// A token request is refused with this status, code and message.
    TokenRefuse {
        /// The HTTP status, such as 401.
        status: u16,
        /// KuCoin's code, such as "400003".
        code: String,
        /// KuCoin's message.
        message: String,
    },
    /// A token request is answered 429, with `gw-ratelimit-reset`, and `Retry-After` in whole seconds.
    TokenRateLimit {
        /// The time until the next request is taken.
        reset: Duration,
    },
    /// A token request is answered with this status and a body of the gateway.
    TokenServerError {
        /// The HTTP status, such as 503.
        status: u16,
    },
    /// A token request is answered late.
    TokenSlow {
        /// How late.
        by: Duration,
    },
    /// A token request is answered 200 with a page of HTML.
    TokenHtml,
    /// A token request is answered 200 with JSON that stops in the middle.
    TokenTruncated,
    /// A token request's answer stops before the length that its header declares.
    TokenCutBody,
    /// A TCP connection to the port goes wrong before anything is read of it, be it for a token request or for a
    /// socket; over TLS before the handshake.
    Dial(DialFault),
    /// The request for a socket is answered otherwise than it should be.
    Upgrade(UpgradeFault),
    /// A token request is answered otherwise than it should be.
    TokenReply(TokenReply),
    /// The welcome bears this id instead of the one that the client chose; of Pro V2 the `sessionId`.
    WelcomeId {
        /// The id.
        id: String,
    },
    /// An error frame comes in the place of the welcome, and the connection is closed.
    RefuseConnection {
        /// The code of the error frame, such as 509.
        code: u16,
        /// Its text.
        text: String,
    },
    /// Requests to subscribe and to unsubscribe are refused, whatever their topic, and not done.
    RefuseRequests {
        /// The code of the error frame, such as 509. Refusals of Pro V2 have none.
        code: u16,
        /// The text of the error frame; of Pro V2 the `message`.
        text: String,
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Every login of a Pro V2 connection is refused, however well it is signed.
    RefuseLogin {
        /// The `message` of the refusal.
        text: String,
    },
    /// Logins of a Pro V2 connection are taken and never answered.
    DropLogin,
    /// Acknowledgements come twice.
    DoubleAcks {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Acknowledgements bear an id that nobody asked for.
    MisnameAcks {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Acknowledgements of Pro V2 have `"true"` as text where they have `true`. Nothing happens to those of V1.
    QuoteAcks {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Pongs come late; pushes may overtake them.
    DelayPongs {
        /// How late.
        by: Duration,
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Pongs bear an id that nobody asked for.
    MisnamePongs {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// The exchange does not read any more, and goes on writing.
    StopReading,
    /// A topic that is unsubscribed is acknowledged as such, and pushed some more times.
    LatePushes {
        /// How many pushes of each topic.
        pushes: u32,
    },
    /// Pushes never come, though they are in the truth log.
    DropFrames {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Pushes come behind the one that follows them.
    SwapFrames {
        /// How many; None is every other one.
        count: Option<u32>,
    },
    /// Pushes are written byte by byte.
    DripFrames {
        /// The time between two bytes.
        by: Duration,
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Pushes come in two fragments, with a ping of the WebSocket protocol between them.
    InterleavePings {
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Pushes come in frames that break the WebSocket protocol.
    FlawedFrame {
        /// What is wrong with them.
        flaw: Flaw,
        /// How many; None is all.
        count: Option<u32>,
    },
    /// Pushes are JSON as ever, and say something else than the truth log has.
    MutateFrame {
        /// What is done to them.
        mutation: Mutation,
        /// The field of the data that it is done to. None lets the seed draw one that it suits.
        field: Option<String>,
        /// How many; None is all.
        count: Option<u32>,
    },
    /// The exchange says something that nothing gave rise to. A connection that is about to open hears it after
    /// its welcome. None of it is in the truth logs.
    Say(Utterance),
    /// The exchange bears less than it did, from now on.
    Limit(Limit),
}

/// Where an effect acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a TCP connection that was accepted.
    Dial,
    /// On the answer to one token request.
    Token,
    /// On a connection for a socket, but only while it opens: on the answer to its upgrade, or on its welcome.
    Opening,
    /// On a connection at any time.
    Socket,
    /// On the exchange as a whole.
    Exchange,
}

impl Effect {
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Dial(_) => Place::Dial,
            Self::Upgrade(_)
            | Self::DelayWelcome { .. }
            | Self::DropWelcome
            | Self::WelcomeId { .. }
            | Self::RefuseConnection { .. } => Place::Opening,
            Self::ExpireTokens | Self::ClockSkew { .. } | Self::Limit(_) => Place::Exchange,
            Self::TokenRefuse { .. }
            | Self::TokenRateLimit { .. }
            | Self::TokenServerError { .. }
            | Self::TokenSlow { .. }
            | Self::TokenHtml
            | Self::TokenTruncated
            | Self::TokenCutBody
            | Self::TokenReply(_) => Place::Token,
            Self::Cut(_)
            | Self::ResetMidFrame
            | Self::HalfOpen
            | Self::SwallowPongs { .. }
            | Self::DelayAcks { .. }
            | Self::DropAcks { .. }
            | Self::RefuseTopic { .. }
            | Self::DuplicateFrame { .. }
            | Self::GarbleFrame { .. }
            | Self::FragmentFrames { .. }
            | Self::TextFrames { .. }
            | Self::DeflateFrames { .. }
            | Self::RefuseRequests { .. }
            | Self::RefuseLogin { .. }
            | Self::DropLogin
            | Self::DoubleAcks { .. }
            | Self::MisnameAcks { .. }
            | Self::QuoteAcks { .. }
            | Self::DropFrames { .. }
            | Self::SwapFrames { .. }
            | Self::DelayPongs { .. }
            | Self::MisnamePongs { .. }
            | Self::StopReading
            | Self::LatePushes { .. }
            | Self::DripFrames { .. }
            | Self::InterleavePings { .. }
            | Self::FlawedFrame { .. }
            | Self::MutateFrame { .. }
            | Self::Say(_) => Place::Socket,
        }
    }
}
