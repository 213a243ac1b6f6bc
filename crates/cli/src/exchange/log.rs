//! A line for each thing that happens on the local exchange, for people or for programs.

use std::time::SystemTime;

use kucoin_streams::Timestamp;
use kucoin_streams_exchange::{Activity, Ended, ServedMarket, StreamProtocol};
use serde::Serialize;

use crate::args::Format;
use crate::output::time_of_day;

/// The line, or `None` for what this version does not know.
pub(super) fn line(activity: &Activity, format: Format) -> Option<String> {
    let now = Timestamp::from(SystemTime::now());
    match format {
        Format::Pretty => {
            let mut clock = time_of_day(now);
            clock.truncate("23:11:57".len());
            Some(format!("{clock}  {}", words(activity)?))
        }
        Format::Ndjson => serde_json::to_string(&Record::new(activity, now)?).ok(),
    }
}

fn words(activity: &Activity) -> Option<String> {
    Some(match activity {
        Activity::TokenRequest { code, .. } if code == "200000" => "token issued".to_owned(),
        Activity::TokenRequest { status, code } => match code.as_str() {
            "" => format!("token request answered with HTTP {status}"),
            code => format!("token refused with HTTP {status}, code {code}"),
        },
        Activity::Opened {
            connection,
            protocol,
            market,
            token,
            client,
        } => {
            let served = match protocol {
                StreamProtocol::V1 => of_market(*market),
                _ => "Pro V2",
            };
            let proof = match token {
                Some(token) => format!("token {token}"),
                None => "a login is to follow".to_owned(),
            };
            let client = client.as_deref().unwrap_or("no User-Agent");
            format!("connection {connection} opened: {served}, {proof}, {client}")
        }
        Activity::Ended {
            connection,
            how,
            reason,
            pushed,
        } => {
            let reason = reason.as_deref().map(|it| format!(" ({it})"));
            let ((_, how), reason) = (end(how)?, reason.unwrap_or_default());
            format!("connection {connection} ended after {pushed} pushes: {how}{reason}")
        }
        Activity::Fault { fault, at } => {
            // The line of the script begins with its trigger, which `at` is or says more exactly.
            let effect = fault
                .split_once(": ")
                .map_or(&**fault, |(_, effect)| effect);
            match at.starts_with("after ") {
                true => format!("fault {at}: {effect}"),
                false => format!("fault at {at}: {effect}"),
            }
        }
        _ => return None,
    })
}

fn of_market(market: ServedMarket) -> &'static str {
    match market {
        ServedMarket::Spot => "V1 of spot",
        ServedMarket::Futures => "V1 of futures",
        _ => "V1",
    }
}

/// How a connection ended: the key for programs, and the words for people.
fn end(how: &Ended) -> Option<(&'static str, String)> {
    let (key, words) = match how {
        Ended::ClientClosed { code } => {
            let code = code.map_or("without a code".to_owned(), |code| format!("with {code}"));
            return Some(("clientClosed", format!("the client closed it {code}")));
        }
        Ended::ClientGone => ("clientGone", "the client is gone without a close frame"),
        Ended::TooOld => ("tooOld", "it reached its maximum age"),
        Ended::SlowClient => (
            "slowClient",
            "the client did not read, and its queue ran full",
        ),
        Ended::PingTimeout => ("pingTimeout", "no message from the client in time"),
        Ended::Refused => ("refused", "refused"),
        Ended::Violation => ("violation", "the client broke the WebSocket protocol"),
        Ended::Fault => ("fault", "a fault"),
        Ended::Shutdown => ("shutdown", "the exchange was shut down"),
        _ => return None,
    };
    Some((key, words.to_owned()))
}

#[derive(Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Record<'a> {
    TokenRequest {
        /// Nanoseconds since the Unix epoch, as text: more digits than a float keeps.
        at: String,
        status: u16,
        code: &'a str,
    },
    Opened {
        at: String,
        connection: u64,
        protocol: &'static str,
        market: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<&'a str>,
    },
    Ended {
        at: String,
        connection: u64,
        how: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
        pushed: u64,
    },
    Fault {
        at: String,
        fault: &'a str,
        trigger: &'a str,
    },
}

impl<'a> Record<'a> {
    fn new(activity: &'a Activity, now: Timestamp) -> Option<Self> {
        let at = now.to_string();
        Some(match activity {
            Activity::TokenRequest { status, code } => Self::TokenRequest {
                at,
                status: *status,
                code,
            },
            Activity::Opened {
                connection,
                protocol,
                market,
                token,
                client,
            } => Self::Opened {
                at,
                connection: *connection,
                protocol: match protocol {
                    StreamProtocol::V1 => "v1",
                    _ => "pro",
                },
                market: match market {
                    ServedMarket::Spot => "spot",
                    ServedMarket::Futures => "futures",
                    _ => "both",
                },
                token: *token,
                client: client.as_deref(),
            },
            Activity::Ended {
                connection,
                how,
                reason,
                pushed,
            } => Self::Ended {
                at,
                connection: *connection,
                how: end(how)?.0,
                code: match how {
                    Ended::ClientClosed { code } => *code,
                    _ => None,
                },
                reason: reason.as_deref(),
                pushed: *pushed,
            },
            Activity::Fault { fault, at: trigger } => Self::Fault { at, fault, trigger },
            _ => return None,
        })
    }
}
