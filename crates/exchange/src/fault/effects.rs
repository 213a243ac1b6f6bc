//! What can go wrong, one entry each, and where each of them acts.

use std::fmt::{self, Display};
use std::time::Duration;

use super::injected::InjectedMessage;
use super::script::{ScriptProblem, Settings};
use super::table::{Parameter, Row, Valid, Value, faults};
use super::words::{FrameViolation, LiquidationLevel, MarginStatusType, Mutation, UnknownSymbols};

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
        InjectedMessage::ROWS,
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
            status: u16 = "401" => Valid::Numbers(400..=599),
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
            status: u16 = "503" => Valid::Numbers(400..=599),
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
            flaw: FrameViolation,
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
        /// The exchange sends something unprompted. A connection that is about to open gets it after its
        /// welcome. None of it is in the truth logs.
        Say(InjectedMessage),
        /// The exchange accepts less than before, from now on.
        Limit(Limit),
    }
}

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
    /// The end of the stream without a close frame, and over TLS without its farewell.
    Eof,
    /// A TCP reset.
    Reset,
}

/// The parameters of `cut`, which has one that decides which others there are.
const HOW: [&str; 3] = ["close", "eof", "reset"];

impl Cut {
    pub(in crate::fault) const ROWS: &[Row] = &[Row {
        name: "cut",
        place: Place::Socket,
        about: &["The connection ends."],
        parameters: &[
            Parameter::new::<String>(
                "how",
                &["By a close frame, by the end of the stream, or by a TCP reset."],
                Some(Valid::Words(&HOW)),
                Some(HOW[0]),
                None,
            ),
            Parameter::new::<u16>(
                "code",
                &["The code of the close frame, which need not be legal."],
                None,
                Some("1001"),
                None,
            ),
            Parameter::new::<String>(
                "reason",
                &["The reason of the close frame."],
                None,
                Some(""),
                Some("\"going away\""),
            ),
        ],
        read: |settings| Self::read(settings).map(Effect::Cut),
    }];

    fn read(settings: &mut Settings) -> Result<Self, ScriptProblem> {
        let how: String = settings.next()?;
        if how == HOW[0] {
            let (code, reason) = (settings.next()?, settings.next()?);
            return Ok(Self::Close { code, reason });
        }
        if settings.has("code") || settings.has("reason") {
            return Err(ScriptProblem::Value {
                setting: "how",
                found: how,
                expected: "close if `code=` or `reason=` is given".to_owned(),
            });
        }
        Ok(if how == HOW[1] {
            Self::Eof
        } else {
            Self::Reset
        })
    }

    fn place(&self) -> Place {
        Place::Socket
    }

    fn frames(&self) -> u64 {
        u64::MAX
    }
}

impl Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close { code, reason } => {
                let reason = reason.text().unwrap_or_default();
                write!(f, "cut how=close code={code} reason={reason}")
            }
            Self::Eof => f.write_str("cut how=eof"),
            Self::Reset => f.write_str("cut how=reset"),
        }
    }
}

faults! {
    /// What happens to a TCP connection before anything is read from it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DialFault as Effect::Dial;

    in Dial {
        /// A TCP connection is accepted and closed at once.
        "dial-close" Close,
        /// A TCP connection is accepted and reset at once.
        "dial-reset" Reset,
        /// A TCP connection is accepted and never answered; over TLS the handshake stalls.
        "dial-stall" Stall,
    }
}

faults! {
    /// How a token request is answered.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum TokenReply as Effect::TokenReply;

    in Token {
        /// A token request is answered by a redirect.
        "token-redirect" Redirect {
            /// The HTTP status.
            status: u16 = "302" => Valid::Numbers(300..=399),
            /// The new address.
            location: String ; "/elsewhere",
        },
        /// A token request is answered 200 with a code of failure.
        "token-code" Code {
            /// KuCoin's code.
            code: String = "500000",
            /// KuCoin's message.
            message: String = "Internal Server Error",
        },
        /// A token request is answered as it should be, after many spaces.
        "token-long" Long {
            /// The number of spaces.
            bytes: u32 = "1048576",
        },
        /// A token request is answered as it should be, byte by byte.
        "token-drip" Drip {
            /// The time between two bytes.
            by: Duration,
        },
        /// A token request is answered by the end of the connection, without a byte.
        "token-close" Close,
        /// A token request is answered by gzip that was not asked for and stops in the middle.
        "token-gzip" Gzip,
        /// A V1 token comes with an empty list of servers. A Pro V2 token has none anyway.
        "token-no-servers" NoServers,
        /// A V1 token comes with this server only.
        "token-endpoint" Endpoint {
            /// The address, which need not be one.
            url: String ; "wss://elsewhere.test/",
        },
        /// A V1 token comes with this server before the right one.
        "token-extra-endpoint" ExtraEndpoint {
            /// The address, which need not be one.
            url: String ; "wss://elsewhere.test/",
        },
    }
}

faults! {
    /// How the request for a socket is answered. A single-use token is spent only if a socket follows.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum UpgradeFault as Effect::Upgrade;

    in Opening {
        /// The request for a socket is answered by another status than 101.
        "upgrade-refuse" Refuse {
            /// The HTTP status.
            status: u16 = "503" => Valid::Numbers(400..=599),
            /// The body, as plain text.
            text: String = "",
            /// The `Retry-After` in whole seconds; without it there is none.
            retry_after["retry-after"]: Option<Duration> ; "5s",
        },
        /// The request for a socket is answered by a redirect.
        "upgrade-redirect" Redirect {
            /// The HTTP status.
            status: u16 = "302" => Valid::Numbers(300..=399),
            /// The new address.
            location: String ; "/elsewhere",
        },
        /// 101 has the accept key of another request. The socket works for a client that does not check.
        "upgrade-wrong-accept" WrongAccept,
        /// 101 lacks a header. The socket works for a client that does not check.
        "upgrade-without" Without {
            /// The header.
            header: String => Valid::Words(&["upgrade", "connection", "sec-websocket-accept"]) ; "upgrade",
        },
        /// 101 has an extension that was not asked for, and that is not used.
        "upgrade-extension" Extension {
            /// Its name.
            name: String = "permessage-deflate",
        },
        /// 101 has a subprotocol that was not asked for.
        "upgrade-subprotocol" Subprotocol {
            /// Its name.
            name: String = "chat",
        },
        /// 101 has a head that is longer than it needs to be.
        "upgrade-long-head" LongHead {
            /// The number of additional bytes.
            bytes: u32 = "65536",
        },
        /// 101 comes byte by byte.
        "upgrade-drip" Drip {
            /// The time between two bytes.
            by: Duration,
        },
        /// The request for a socket is never answered.
        "upgrade-stall" Stall,
        /// The request for a socket is answered by the end of the connection.
        "upgrade-close" Close,
        /// The request for a socket is answered by a reset of the connection.
        "upgrade-reset" Reset,
    }
}

faults! {
    /// How much the exchange accepts, from the moment at which this happens.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Limit as Effect::Limit;

    in Exchange {
        /// Messages of one connection in 10 s, pings included; the others are refused with 509. At first 100.
        "limit-messages" Messages {
            /// The number of messages.
            count: u32,
        },
        /// Topics of one connection; the others are refused with 509. At first 400.
        "limit-topics" Topics {
            /// The number of topics.
            count: u32,
        },
        /// Connections at once; the others are refused with 509. At first what the builder says.
        "limit-connections" Connections {
            /// The number of connections.
            count: u32,
        },
        /// Requests for a socket in a window; the others are answered 429 with a `Retry-After`. At first unlimited.
        "limit-dials" Dials {
            /// The number of requests.
            count: u32,
            /// The window.
            per: Duration ; "60s",
        },
        /// Connections that open from now on are cut at this age, by a close frame with 1001. At first 24 h.
        "limit-connection-life" ConnectionLife {
            /// The age.
            life: Duration ; "24h",
        },
        /// Connections that open from now on are cut after this time without a message from the client. At first 60 s.
        "limit-idle" Idle {
            /// The time.
            after: Duration ; "60s",
        },
        /// Tokens that are issued from now on expire at this age. At first 24 h.
        "limit-token-life" TokenLife {
            /// The age.
            life: Duration ; "24h",
        },
    }
}
