//! All faults, one entry each.

use std::fmt::{self, Display};
use std::time::Duration;

use super::injected::InjectedMessage;
use super::rest::RestFault;
use super::script::{ScriptProblem, Settings};
use super::table::{Parameter, Row, Valid, Value, faults};
use super::values::{FrameViolation, LiquidationLevel, MarginStatusType, Mutation, UnknownSymbols};

/// What an effect acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An accepted TCP connection, before anything is read.
    Dial,
    /// The response to one token request.
    Token,
    /// The response to one REST query.
    Rest,
    /// A connection while it opens: the response to its upgrade request, or its welcome.
    Opening,
    /// A connection at any time.
    Socket,
    /// The local exchange as a whole.
    Exchange,
}

/// The entries of all faults, in the order of [`Faults::language`](super::Faults::language).
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        DialFault::ROWS,
        TokenReply::ROWS,
        RestFault::ROWS,
        UpgradeFault::ROWS,
        Cut::ROWS,
        Effect::ROWS,
        InjectedMessage::ROWS,
        Limit::ROWS,
    ];
    tables.into_iter().flatten()
}

faults! {
    /// What a fault does.
    ///
    /// An effect with a `count` acts on this number of messages of one connection; `None` means all messages.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Effect as std::convert::identity;

    in Token {
        /// Refuses the token request with this HTTP status, code and message.
        "token-refuse" TokenRefuse {
            /// The HTTP status.
            status: u16 = "401" => Valid::Numbers(400..=599),
            /// The KuCoin code.
            code: String = "400003",
            /// The KuCoin message.
            message: String = "KC-API-KEY not exists",
        },
        /// Answers the token request with HTTP status 429, `gw-ratelimit-reset` in milliseconds and `Retry-After` in
        /// whole seconds.
        "token-rate-limit" TokenRateLimit {
            /// Time until requests are accepted again.
            reset: Duration,
        },
        /// Answers the token request with the HTML error page of a gateway; with status 401 or 403 it imitates a
        /// firewall.
        "token-server-error" TokenServerError {
            /// The HTTP status.
            status: u16 = "503" => Valid::Numbers(400..=599),
        },
        /// Delays the response to the token request.
        "token-slow" TokenSlow {
            /// The delay.
            by: Duration,
        },
        /// Answers the token request with HTTP status 200 and an HTML page.
        "token-html" TokenHtml,
        /// Answers the token request with HTTP status 200 and truncated JSON.
        "token-truncated" TokenTruncated,
        /// Ends the response to the token request before its `Content-Length` is reached.
        "token-cut-body" TokenCutBody,
    }

    in Opening {
        /// Delays the welcome.
        "delay-welcome" DelayWelcome {
            /// The delay.
            by: Duration,
        },
        /// Never sends the welcome.
        "drop-welcome" DropWelcome,
        /// Sends another ID in the welcome: instead of the client's `connectId` on V1, as `sessionId` on Pro V2.
        "welcome-id" WelcomeId {
            /// The ID.
            id: String = "stranger",
        },
        /// Sends an error frame instead of the welcome, and closes the connection.
        "refuse-connection" RefuseConnection {
            /// The code of the error frame.
            code: u16 = "509",
            /// The text of the error frame.
            text: String = "exceed max session count limitation of 800",
        },
    }

    in Socket {
        /// Resets the connection in the middle of the next push.
        "reset-mid-frame" ResetMidFrame,
        /// Stops reading and writing, but keeps the TCP connection open.
        "half-open" HalfOpen,
        /// Stops reading, but continues to write.
        "stop-reading" StopReading,
        /// Refuses every login of a Pro V2 connection, even with a correct signature.
        "refuse-login" RefuseLogin {
            /// The `message` of the refusal.
            text: String = "Invalid KC-API-SIGN",
        },
        /// Accepts logins of a Pro V2 connection, but never answers them.
        "drop-login" DropLogin,
        /// Refuses subscriptions to this topic.
        "refuse-topic" RefuseTopic {
            /// The topic, such as `/account/balance`. For Pro V2 the channel with its parameters in this order:
            /// `position?tradeType=FUTURES&symbol=XBTUSDTM`.
            topic: String ; "/account/balance",
            /// The code of the error frame; V1 only.
            code: u16 = "404",
            /// The text of the error frame, on Pro V2 the `reason`; `{topic}` is replaced by the topic.
            text: String = "topic {topic} is not found",
        },
        /// Refuses subscribe and unsubscribe requests of any topic, without executing them.
        "refuse-requests" RefuseRequests {
            /// The code of the error frame; V1 only.
            code: u16 = "509",
            /// The text of the error frame, on Pro V2 the `message`.
            text: String = "exceed max permits per second",
            /// The number of requests.
            count: Option<u32> = "1",
        },
        /// Delays acknowledgements; pushes may arrive first.
        "delay-acks" DelayAcks {
            /// The delay.
            by: Duration,
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Executes requests, but never acknowledges them.
        "drop-acks" DropAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Sends every acknowledgement twice.
        "double-acks" DoubleAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Sends acknowledgements with an ID that no request had.
        "misname-acks" MisnameAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Sends `"result":"true"` instead of `"result":true` in acknowledgements of Pro V2; V1 has no `result`.
        "quote-acks" QuoteAcks {
            /// The number of acknowledgements.
            count: Option<u32> = "all",
        },
        /// Does not answer pings.
        "swallow-pongs" SwallowPongs {
            /// The number of pings.
            count: Option<u32> = "all",
        },
        /// Delays pongs; pushes may arrive first.
        "delay-pongs" DelayPongs {
            /// The delay.
            by: Duration,
            /// The number of pongs.
            count: Option<u32> = "all",
        },
        /// Sends pongs with an ID that no ping had.
        "misname-pongs" MisnamePongs {
            /// The number of pongs.
            count: Option<u32> = "all",
        },
        /// Acknowledges an unsubscribe request, then still sends some pushes of the topic.
        "late-pushes" LatePushes {
            /// The number of pushes per topic.
            pushes: u32 = "1",
        },
        /// Does not send pushes, although they are in the truth log.
        "drop-frames" DropFrames {
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Swaps a push with the next one.
        "swap-frames" SwapFrames {
            /// The number of swaps.
            count: Option<u32> = "1",
        },
        /// Sends pushes twice.
        "duplicate-frame" DuplicateFrame {
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Changes a byte of pushes, so that they are not valid JSON.
        "garble-frame" GarbleFrame {
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Splits pushes into WebSocket fragments at random bytes.
        "fragment-frames" FragmentFrames {
            /// The number of fragments.
            parts: u32 = "3",
            /// The number of pushes.
            count: Option<u32> = "all",
        },
        /// Sends pushes in two fragments, with a WebSocket ping frame between them.
        "interleave-pings" InterleavePings {
            /// The number of pushes.
            count: Option<u32> = "all",
        },
        /// Writes pushes byte by byte.
        "drip-frames" DripFrames {
            /// The time between two bytes.
            by: Duration,
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Sends messages of a Pro V2 connection, the welcome and answers included, in text frames instead of binary
        /// frames. V1 always uses text frames.
        "text-frames" TextFrames {
            /// The number of frames.
            count: Option<u32> = "all",
        },
        /// Compresses messages of a Pro V2 connection, the welcome and answers included, with raw DEFLATE. V1 is not
        /// affected.
        "deflate-frames" DeflateFrames {
            /// The number of frames.
            count: Option<u32> = "all",
        },
        /// Sends pushes in frames that violate the WebSocket protocol.
        "flawed-frame" FlawedFrame {
            /// The violation.
            flaw: FrameViolation,
            /// The number of pushes.
            count: Option<u32> = "1",
        },
        /// Changes the content of pushes, which remain valid JSON but differ from the truth log.
        "mutate-frame" MutateFrame {
            /// The change.
            mutation["how"]: Mutation,
            /// The field in the data to change; a random suitable one by default.
            field: Option<String> ; "total",
            /// The number of pushes.
            count: Option<u32> = "1",
        },
    }

    in Exchange {
        /// Expires all issued tokens. Open connections stay open.
        "expire-tokens" ExpireTokens,
        /// Makes every token valid for one connection only, including tokens issued before.
        "single-use-tokens" SingleUseTokens,
        /// Changes the clock of the local exchange, from which it takes all times that it sends: signatures are refused
        /// with code 400002 if the client's timestamp is more than 5 s off.
        "clock-skew" ClockSkew {
            /// The offset; positive is ahead of the real time, `0s` corrects the clock.
            by_ms["by"]: i64,
        },
        /// Changes how subscriptions to an unknown symbol are answered.
        "unknown-symbols" UnknownSymbols {
            /// The new answer.
            answer: UnknownSymbols ; "refuse",
        },
        /// Pushes a liquidation warning, `lw` on Pro V2, with the account's real amounts.
        "liquidation-warning" LiquidationWarning {
            /// The `eT` of the warning.
            level: LiquidationLevel,
        },
        /// Pushes a status of the cross-margin account, `position.status` on `/margin/position`.
        "margin-status" MarginStatus {
            /// The `type` of the push.
            status: MarginStatusType,
        },
    }

    wraps {
        /// Closes the connection.
        Cut(Cut),
        /// Acts on a TCP connection before anything is read from it, with TLS before the handshake.
        Dial(DialFault),
        /// Changes the response to a WebSocket upgrade request.
        Upgrade(UpgradeFault),
        /// Changes the response to a token request.
        TokenReply(TokenReply),
        /// Changes the response to a REST query, or the REST API as a whole.
        Rest(RestFault),
        /// Sends a message that is not in the truth logs. A connection that is opening gets it after its welcome.
        Say(InjectedMessage),
        /// Lowers or raises a limit, from the time of the fault on.
        Limit(Limit),
    }
}

/// How a cut closes a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// With a close frame.
    Close {
        /// The close code, such as 1001; invalid codes are allowed.
        code: u16,
        /// The reason, truncated to 123 bytes.
        reason: String,
    },
    /// End of the TCP stream without a close frame, and with TLS without `close_notify`.
    Eof,
    /// A TCP reset.
    Reset,
}

/// The values of the parameter `how`; `code` and `reason` are valid only for `close`.
const HOW: [&str; 3] = ["close", "eof", "reset"];

impl Cut {
    pub(in crate::fault) const ROWS: &[Row] = &[Row {
        name: "cut",
        target: Target::Socket,
        about: &["Closes the connection."],
        parameters: &[
            Parameter::new::<String>(
                "how",
                &["With a close frame, the end of the TCP stream, or a TCP reset."],
                Some(Valid::OneOf(&HOW)),
                Some(HOW[0]),
                None,
            ),
            Parameter::new::<u16>(
                "code",
                &["The close code; invalid codes are allowed."],
                None,
                Some("1001"),
                None,
            ),
            Parameter::new::<String>(
                "reason",
                &["The reason in the close frame."],
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

    fn target(&self) -> Target {
        Target::Socket
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
    /// Faults of a TCP connection, before anything is read from it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DialFault as Effect::Dial;

    in Dial {
        /// Accepts a TCP connection, and closes it at once.
        "dial-close" Close,
        /// Accepts a TCP connection, and resets it at once.
        "dial-reset" Reset,
        /// Accepts a TCP connection, and never answers; with TLS the handshake stalls.
        "dial-stall" Stall,
    }
}

faults! {
    /// Faults in the response to a token request.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum TokenReply as Effect::TokenReply;

    in Token {
        /// Redirects the token request.
        "token-redirect" Redirect {
            /// The HTTP status.
            status: u16 = "302" => Valid::Numbers(300..=399),
            /// The `Location` header.
            location: String ; "/elsewhere",
        },
        /// Answers the token request with HTTP status 200 and an error code of KuCoin.
        "token-code" Code {
            /// The KuCoin code.
            code: String = "500000",
            /// The KuCoin message.
            message: String = "Internal Server Error",
        },
        /// Sends many spaces before the JSON of the token response.
        "token-long" Long {
            /// The number of spaces.
            bytes: u32 = "1048576",
        },
        /// Sends the token response byte by byte.
        "token-drip" Drip {
            /// The time between two bytes.
            by: Duration,
        },
        /// Closes the connection without answering the token request.
        "token-close" Close,
        /// Compresses the token response with gzip, which the client did not request, and truncates it.
        "token-gzip" Gzip,
        /// Issues a V1 token with an empty list of servers. Pro V2 tokens have no servers.
        "token-no-servers" NoServers,
        /// Issues a V1 token with only this server.
        "token-endpoint" Endpoint {
            /// The server URL; invalid URLs are allowed.
            url: String ; "wss://elsewhere.test/",
        },
        /// Issues a V1 token with this server before the correct one.
        "token-extra-endpoint" ExtraEndpoint {
            /// The server URL; invalid URLs are allowed.
            url: String ; "wss://elsewhere.test/",
        },
    }
}

faults! {
    /// Faults in the response to a WebSocket upgrade request.
    ///
    /// A single-use token counts as used only if the response is 101.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum UpgradeFault as Effect::Upgrade;

    in Opening {
        /// Answers the upgrade request with an HTTP error.
        "upgrade-refuse" Refuse {
            /// The HTTP status.
            status: u16 = "503" => Valid::Numbers(400..=599),
            /// The plain-text body.
            text: String = "",
            /// The `Retry-After` header, in whole seconds.
            retry_after["retry-after"]: Option<Duration> ; "5s",
        },
        /// Redirects the upgrade request.
        "upgrade-redirect" Redirect {
            /// The HTTP status.
            status: u16 = "302" => Valid::Numbers(300..=399),
            /// The `Location` header.
            location: String ; "/elsewhere",
        },
        /// Answers 101 with a wrong `Sec-WebSocket-Accept`. The connection works if the client does not check it.
        "upgrade-wrong-accept" WrongAccept,
        /// Answers 101 without a required header. The connection works if the client does not check it.
        "upgrade-without" Without {
            /// The missing header.
            header: String => Valid::OneOf(&["upgrade", "connection", "sec-websocket-accept"]) ; "upgrade",
        },
        /// Answers 101 with an extension that the client did not offer, and does not use it.
        "upgrade-extension" Extension {
            /// The name.
            name: String = "permessage-deflate",
        },
        /// Answers 101 with a subprotocol that the client did not offer.
        "upgrade-subprotocol" Subprotocol {
            /// The name.
            name: String = "chat",
        },
        /// Answers 101 with a very long header.
        "upgrade-long-head" LongHead {
            /// The number of additional bytes.
            bytes: u32 = "65536",
        },
        /// Sends the 101 response byte by byte.
        "upgrade-drip" Drip {
            /// The time between two bytes.
            by: Duration,
        },
        /// Never answers the upgrade request.
        "upgrade-stall" Stall,
        /// Closes the connection without answering the upgrade request.
        "upgrade-close" Close,
        /// Resets the connection without answering the upgrade request.
        "upgrade-reset" Reset,
    }
}

faults! {
    /// A new value of a limit, valid from the time of the fault on.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Limit as Effect::Limit;

    in Exchange {
        /// Limits the messages of a connection per 10 s, including pings. More are refused, with code 509 on V1.
        /// Initially 100.
        "limit-messages" Messages {
            /// The number of messages.
            count: u32,
        },
        /// Limits the topics of a connection. More are refused, with code 509 on V1. Initially 400.
        "limit-topics" Topics {
            /// The number of topics.
            count: u32,
        },
        /// Limits the open connections. More are refused with code 509. Initially 800, or `max_connections` of the
        /// builder.
        "limit-connections" Connections {
            /// The number of connections.
            count: u32,
        },
        /// Limits the upgrade requests per time window. More are answered with HTTP status 429 and `Retry-After`.
        /// Initially unlimited.
        "limit-dials" Dials {
            /// The number of requests.
            count: u32,
            /// The window; it is a sliding window.
            per: Duration ; "60s",
        },
        /// Sets the age at which new connections are closed, with close code 1001. Initially 24 h, or
        /// `connection_life` of the builder.
        "limit-connection-life" ConnectionLife {
            /// The maximum age.
            life: Duration ; "24h",
        },
        /// Sets how long the client of a new connection may send nothing before it is disconnected. Initially 60 s, or
        /// `idle_timeout` of the builder.
        "limit-idle" Idle {
            /// The idle timeout.
            after: Duration ; "60s",
        },
        /// Sets the age at which new tokens expire. Initially 24 h, or `token_life` of the builder.
        "limit-token-life" TokenLife {
            /// The maximum age.
            life: Duration ; "24h",
        },
    }
}
