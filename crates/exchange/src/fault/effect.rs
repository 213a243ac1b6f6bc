//! What can go wrong, one variant each, and where each of them acts.

use std::fmt::{self, Display};
use std::time::Duration;

/// How a connection ends when it is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// An orderly close frame with this code and reason.
    Close {
        /// The close code, such as 1001.
        code: u16,
        /// The reason, at most 123 bytes of it are sent.
        reason: String,
    },
    /// The end of the stream with no close frame.
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
}

/// Where an effect acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the answer to one token request.
    Token,
    /// On a connection, but only while it opens.
    Dial,
    /// On a connection at any time.
    Socket,
    /// On the exchange as a whole.
    Exchange,
}

impl Effect {
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::DelayWelcome { .. } | Self::DropWelcome => Place::Dial,
            Self::ExpireTokens | Self::ClockSkew { .. } => Place::Exchange,
            Self::TokenRefuse { .. }
            | Self::TokenRateLimit { .. }
            | Self::TokenServerError { .. }
            | Self::TokenSlow { .. }
            | Self::TokenHtml
            | Self::TokenTruncated
            | Self::TokenCutBody => Place::Token,
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
            | Self::DeflateFrames { .. } => Place::Socket,
        }
    }
}

impl Display for Effect {
    /// The words of a script that read as this effect.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(Cut::Close { code, reason }) => {
                write!(f, "cut how=close code={code} reason={reason:?}")
            }
            Self::Cut(Cut::Eof) => f.write_str("cut how=eof"),
            Self::Cut(Cut::Reset) => f.write_str("cut how=reset"),
            Self::ResetMidFrame => f.write_str("reset-mid-frame"),
            Self::HalfOpen => f.write_str("half-open"),
            Self::SwallowPongs { count } => write!(f, "swallow-pongs{}", Counted(*count)),
            Self::DelayWelcome { by } => write!(f, "delay-welcome by={}ms", by.as_millis()),
            Self::DropWelcome => f.write_str("drop-welcome"),
            Self::DelayAcks { by, count } => {
                write!(f, "delay-acks by={}ms{}", by.as_millis(), Counted(*count))
            }
            Self::DropAcks { count } => write!(f, "drop-acks{}", Counted(*count)),
            Self::RefuseTopic { topic, code, text } => {
                write!(f, "refuse-topic topic={topic} code={code} text={text:?}")
            }
            Self::DuplicateFrame { count } => write!(f, "duplicate-frame{}", Counted(*count)),
            Self::GarbleFrame { count } => write!(f, "garble-frame{}", Counted(*count)),
            Self::FragmentFrames { parts, count } => {
                write!(f, "fragment-frames parts={parts}{}", Counted(*count))
            }
            Self::TextFrames { count } => write!(f, "text-frames{}", Counted(*count)),
            Self::DeflateFrames { count } => write!(f, "deflate-frames{}", Counted(*count)),
            Self::ExpireTokens => f.write_str("expire-tokens"),
            Self::ClockSkew { by_ms } => write!(f, "clock-skew by={by_ms}ms"),
            Self::TokenRefuse {
                status,
                code,
                message,
            } => {
                write!(
                    f,
                    "token-refuse status={status} code={code} message={message:?}"
                )
            }
            Self::TokenRateLimit { reset } => {
                write!(f, "token-rate-limit reset={}ms", reset.as_millis())
            }
            Self::TokenServerError { status } => write!(f, "token-server-error status={status}"),
            Self::TokenSlow { by } => write!(f, "token-slow by={}ms", by.as_millis()),
            Self::TokenHtml => f.write_str("token-html"),
            Self::TokenTruncated => f.write_str("token-truncated"),
            Self::TokenCutBody => f.write_str("token-cut-body"),
        }
    }
}

struct Counted(Option<u32>);

impl Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(count) => write!(f, " count={count}"),
            None => f.write_str(" count=all"),
        }
    }
}
