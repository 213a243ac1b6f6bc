//! The log of the local exchange: one line per activity, pretty or NDJSON.

use std::time::SystemTime;

use kucoin_streams::Timestamp;
use kucoin_streams_exchange::{Activity, Ended, ServedMarket, StreamProtocol};
use serde::Serialize;

use crate::args::Format;
use crate::output::time_of_day;

/// Formats an activity; `None` if this version does not know the kind of activity.
pub(super) fn line(activity: &Activity, format: Format) -> Option<String> {
    let now = Timestamp::from(SystemTime::now());
    match format {
        Format::Pretty => {
            let mut clock = time_of_day(now);
            clock.truncate("23:11:57".len());
            Some(format!("{clock}  {}", describe(activity)?))
        }
        Format::Ndjson => serde_json::to_string(&LogRecord::new(activity, now)?).ok(),
    }
}

fn describe(activity: &Activity) -> Option<String> {
    Some(match activity {
        Activity::TokenRequest { code, .. } if code == "200000" => "token issued".to_owned(),
        Activity::TokenRequest { status, code } => match code.as_str() {
            "" => format!("token request answered with HTTP {status}"),
            code => format!("token refused with HTTP {status}, code {code}"),
        },
        Activity::RestQuery {
            path,
            status,
            code,
            weight,
        } => {
            let answer = match (status, code.as_str()) {
                (None, _) => return Some(format!("REST {path}: closed by a fault")),
                (Some(status), "" | "200000") => status.to_string(),
                (Some(status), code) => format!("{status}, code {code}"),
            };
            format!("REST {path}: {answer}, weight {weight}")
        }
        Activity::Opened {
            connection,
            protocol,
            market,
            token,
            client,
        } => {
            let served = match protocol {
                StreamProtocol::V1 => market_name(*market),
                _ => "Pro V2",
            };
            let proof = match token {
                Some(token) => format!("token {token}"),
                None => "login expected".to_owned(),
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
            // A script line begins with its trigger; `at` already says what triggered the fault.
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

fn market_name(market: ServedMarket) -> &'static str {
    match market {
        ServedMarket::Spot => "V1 spot",
        ServedMarket::Futures => "V1 futures",
        _ => "V1",
    }
}

/// Returns the end of a connection as the NDJSON value and as a text for people.
fn end(how: &Ended) -> Option<(&'static str, String)> {
    let (key, words) = match how {
        Ended::ClientClosed { code } => {
            let code = code.map_or("no code".to_owned(), |code| format!("code {code}"));
            return Some(("clientClosed", format!("closed by client, {code}")));
        }
        Ended::ClientGone => (
            "clientGone",
            "the client disconnected without a close frame",
        ),
        Ended::TooOld => ("tooOld", "maximum connection age reached"),
        Ended::SlowClient => (
            "slowClient",
            "the client reads too slowly, its queue is full",
        ),
        Ended::PingTimeout => (
            "pingTimeout",
            "no message from the client within the idle limit",
        ),
        Ended::Refused => ("refused", "refused"),
        Ended::Violation => ("violation", "the client violated the WebSocket protocol"),
        Ended::Fault => ("fault", "a fault"),
        Ended::Shutdown => ("shutdown", "the exchange shut down"),
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
enum LogRecord<'a> {
    TokenRequest {
        /// Nanoseconds since the Unix epoch, as a string because a JSON number may lose digits.
        at: String,
        status: u16,
        code: &'a str,
    },
    RestQuery {
        at: String,
        /// Without the query string, whose values are not logged.
        path: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        code: &'a str,
        weight: u32,
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

impl<'a> LogRecord<'a> {
    fn new(activity: &'a Activity, now: Timestamp) -> Option<Self> {
        let at = now.to_string();
        Some(match activity {
            Activity::TokenRequest { status, code } => Self::TokenRequest {
                at,
                status: *status,
                code,
            },
            Activity::RestQuery {
                path,
                status,
                code,
                weight,
            } => Self::RestQuery {
                at,
                path,
                status: *status,
                code,
                weight: *weight,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn query(status: Option<u16>, code: &str, weight: u32) -> Activity {
        Activity::RestQuery {
            path: "/api/v1/hf/fills".to_owned(),
            status,
            code: code.to_owned(),
            weight,
        }
    }

    #[test]
    fn rest_query_has_path_status_and_weight() {
        for (activity, text) in [
            (query(Some(200), "200000", 2), "200, weight 2"),
            (query(Some(502), "", 0), "502, weight 0"),
            (query(Some(400), "400100", 2), "400, code 400100, weight 2"),
            (query(None, "", 0), "closed by a fault"),
        ] {
            let described = describe(&activity).unwrap();
            assert_eq!(described, format!("REST /api/v1/hf/fills: {text}"));
        }
    }

    #[test]
    fn rest_query_is_one_json_object() {
        let record = |activity| {
            let line = line(&activity, Format::Ndjson).unwrap();
            let start = line.find(r#""path""#).unwrap();
            assert!(line.starts_with(r#"{"kind":"restQuery","at":""#), "{line}");
            line[start..].to_owned()
        };
        let refused = r#""path":"/api/v1/hf/fills","status":429,"code":"429000","weight":0}"#;
        assert_eq!(record(query(Some(429), "429000", 0)), refused);
        let closed = r#""path":"/api/v1/hf/fills","code":"","weight":0}"#;
        assert_eq!(record(query(None, "", 0)), closed);
    }
}
