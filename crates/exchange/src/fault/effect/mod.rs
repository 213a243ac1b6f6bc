//! What can go wrong, one entry each, and where each of them acts.

pub(super) mod cut;
pub(super) mod exchange;
pub(super) mod frames;
pub(super) mod token;
pub(super) mod upgrade;
pub(super) mod utterance;

use std::time::Duration;

pub use cut::{Cut, DialFault};
pub use exchange::{Limit, LiquidationLevel, MarginStatusType, UnknownSymbols};
pub use frames::{Flaw, Mutation};
pub use token::TokenReply;
pub use upgrade::UpgradeFault;
pub use utterance::Utterance;

use super::table::{Row, faults};

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

/// The entries of all faults, in the order in which they are described.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        DialFault::ROWS,
        TokenReply::ROWS,
        UpgradeFault::ROWS,
        Cut::ROWS,
        Effect::ROWS,
        Utterance::ROWS,
        Limit::ROWS,
    ];
    tables.into_iter().flatten()
}

faults! {
    /// What happens. `count` is the number of frames of its kind that it happens to; `None` means all from then on.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Effect as std::convert::identity;

    in Token {
        /// A token request is refused with this status, code and message.
        "token-refuse" TokenRefuse {
            /// The HTTP status.
            status: u16 = "401" => 400..=599,
            /// KuCoin's code.
            code: String = "400003",
            /// KuCoin's message.
            message: String = "KC-API-KEY not exists",
        },
        /// A token request is answered 429, with `gw-ratelimit-reset`, and `Retry-After` in whole seconds.
        "token-rate-limit" TokenRateLimit {
            /// The time until the next request is accepted.
            reset: Duration,
        },
        /// A token request is answered with a page of the gateway; 401 and 403 are those of a firewall.
        "token-server-error" TokenServerError {
            /// The HTTP status.
            status: u16 = "503" => 400..=599,
        },
        /// A token request is answered late.
        "token-slow" TokenSlow {
            /// How late.
            by: Duration,
        },
        /// A token request is answered 200 with a page of HTML.
        "token-html" TokenHtml,
        /// A token request is answered 200 with JSON that stops in the middle.
        "token-truncated" TokenTruncated,
        /// The answer to a token request stops before the length that its header declares.
        "token-cut-body" TokenCutBody,
    }

    in Opening {
        /// The welcome comes late.
        "delay-welcome" DelayWelcome {
            /// How late.
            by: Duration,
        },
        /// The welcome never comes.
        "drop-welcome" DropWelcome,
        /// The welcome has this id instead of the client's `connectId`; of Pro V2 it is the `sessionId`.
        "welcome-id" WelcomeId {
            /// The id.
            id: String = "stranger",
        },
        /// An error frame comes instead of the welcome, and the connection is closed.
        "refuse-connection" RefuseConnection {
            /// The code of the error frame.
            code: u16 = "509",
            /// Its text.
            text: String = "exceed max session count limitation of 800",
        },
    }

    in Socket {
        /// The next push is sent in part, then the connection is reset.
        "reset-mid-frame" ResetMidFrame,
        /// The exchange neither reads nor writes any more, and keeps the socket open.
        "half-open" HalfOpen,
        /// The exchange does not read any more, and continues to write.
        "stop-reading" StopReading,
        /// Every login of a Pro V2 connection is refused, even if it is signed correctly.
        "refuse-login" RefuseLogin {
            /// The `message` of the refusal.
            text: String = "Invalid KC-API-SIGN",
        },
        /// Logins of a Pro V2 connection are accepted and never answered.
        "drop-login" DropLogin,
        /// Subscribing to this topic is refused.
        "refuse-topic" RefuseTopic {
            /// The topic as users write it; of Pro V2 with its parameters in the order of
            /// `position?tradeType=FUTURES&symbol=XBTUSDTM`.
            topic: String ; "/account/balance",
            /// The code of the error frame. Refusals of Pro V2 have none.
            code: u16 = "404",
            /// The text of the error frame, of Pro V2 the `reason`; `{topic}` in it stands for the topic.
            text: String = "topic {topic} is not found",
        },
        /// Requests to subscribe and to unsubscribe are refused, whatever their topic, and not carried out.
        "refuse-requests" RefuseRequests {
            /// The code of the error frame. Refusals of Pro V2 have none.
            code: u16 = "509",
            /// The text of the error frame; of Pro V2 the `message`.
            text: String = "exceed max permits per second",
            /// The number of requests; `all` for all.
            count: Option<u32> = "1",
        },
        /// Acknowledgements come late; pushes may overtake them.
        "delay-acks" DelayAcks {
            /// How late.
            by: Duration,
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Acknowledgements never come, although the request was carried out.
        "drop-acks" DropAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Acknowledgements come twice.
        "double-acks" DoubleAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Acknowledgements have an id that no request had.
        "misname-acks" MisnameAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Acknowledgements of Pro V2 have `"true"` as text instead of `true`. Those of V1 stay as they are.
        "quote-acks" QuoteAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Pings are read and not answered.
        "swallow-pongs" SwallowPongs {
            /// The number of pings.
            count: Option<u32> = "all",
        },
        /// Pongs come late; pushes may overtake them.
        "delay-pongs" DelayPongs {
            /// How late.
            by: Duration,
            /// The number of pongs.
            count: Option<u32> = "all",
        },
        /// Pongs have an id that no ping had.
        "misname-pongs" MisnamePongs {
            /// The number of pongs.
            count: Option<u32> = "all",
        },
        /// A topic that is unsubscribed is acknowledged as such, and pushed some more times.
        "late-pushes" LatePushes {
            /// The number of pushes of each topic.
            pushes: u32 = "1",
        },
        /// Pushes never come, although they are in the truth log.
        "drop-frames" DropFrames {
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Pushes come after the one that follows them.
        "swap-frames" SwapFrames {
            /// The number of pushes; `all` is every other one.
            count: Option<u32> = "1",
        },
        /// Pushes are sent twice.
        "duplicate-frame" DuplicateFrame {
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Bytes of pushes are changed, so that they are not JSON any more.
        "garble-frame" GarbleFrame {
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Pushes are split into WebSocket fragments, at any byte.
        "fragment-frames" FragmentFrames {
            /// The number of fragments.
            parts: u32 = "3",
            /// The number of pushes.
            count: Option<u32> = "all",
        },
        /// Pushes come in two fragments, with a ping of the WebSocket protocol between them.
        "interleave-pings" InterleavePings {
            /// The number of pushes.
            count: Option<u32> = "all",
        },
        /// Pushes are written byte by byte.
        "drip-frames" DripFrames {
            /// The time between two bytes.
            by: Duration,
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Frames of a Pro V2 connection, the welcome and answers included, come as text instead of binary. Those of
        /// V1 are text anyway.
        "text-frames" TextFrames {
            /// The number of frames.
            count: Option<u32> = "all",
        },
        /// Frames of a Pro V2 connection, the welcome and answers included, are compressed by raw DEFLATE. Those of V1
        /// stay as they are.
        "deflate-frames" DeflateFrames {
            /// The number of frames.
            count: Option<u32> = "all",
        },
        /// Pushes come in frames that break the WebSocket protocol.
        "flawed-frame" FlawedFrame {
            /// What is wrong with them.
            flaw: Flaw,
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Pushes are still JSON, and say something else than the truth log has.
        "mutate-frame" MutateFrame {
            /// What is done to them.
            mutation["how"]: Mutation,
            /// The field of the data that it is done to; if none is given, the seed draws one that it suits.
            field: Option<String> ; "total",
            /// The number of pushes.
            count: Option<u32> = "1",
        },
    }

    in Exchange {
        /// Every token that was issued expires now. Open connections stay open.
        "expire-tokens" ExpireTokens,
        /// Every token opens one connection only, those included that were issued before.
        "single-use-tokens" SingleUseTokens,
        /// The exchange's clock goes off: 400002 until the client corrects its own.
        "clock-skew" ClockSkew {
            /// How far; positive is ahead of the true time, `0s` sets the clock right again.
            by_ms["by"]: i64,
        },
        /// Topics of a symbol that is not traded are answered in another way from now on.
        "unknown-symbols" UnknownSymbols {
            /// How.
            answer: UnknownSymbols ; "refuse",
        },
        /// The account is warned of liquidation now: `lw` of Pro V2, with the account's true amounts.
        "liquidation-warning" LiquidationWarning {
            /// The `eT` of the warning.
            level: LiquidationLevel,
        },
        /// The cross-margin account says a status now: `position.status` on `/margin/position`.
        "margin-status" MarginStatus {
            /// The `type` of the push.
            status: MarginStatusType,
        },
    }

    wraps {
        /// The connection ends.
        Cut(Cut),
        /// A TCP connection to the port goes wrong before anything is read from it, whether it is for a token request
        /// or for a socket; with TLS before the handshake.
        Dial(DialFault),
        /// The request for a socket is answered otherwise than it should be.
        Upgrade(UpgradeFault),
        /// A token request is answered otherwise than it should be.
        TokenReply(TokenReply),
        /// The exchange sends something without a cause. A connection that is about to open gets it after its
        /// welcome. None of it is in the truth logs.
        Say(Utterance),
        /// The exchange accepts less than before, from now on.
        Limit(Limit),
    }
}
