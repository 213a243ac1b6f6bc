//! Parses KuCoin's REST replies: code and data, a token with its servers, the server's time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use kucoin_streams_core::{Heartbeat, redact::excerpt};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::error::{TokenError, TokenRefusal};
use super::http::Reply;
use super::refusal::{self, SUCCESS};

/// Lower bound of a heartbeat in a reply: values are clamped, in case a reply has a wrong one.
const MIN_HEARTBEAT: Duration = Duration::from_millis(100);
const MAX_HEARTBEAT: Duration = Duration::from_secs(60);

/// A connection token and the servers that accept it. A Pro V2 reply has no servers.
pub(super) struct TokenReply {
    pub(super) token: Zeroizing<String>,
    pub(super) servers: Vec<Server>,
}

/// A server that can be dialled: one entry of `instanceServers` in a token reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) endpoint: String,
    pub(super) heartbeat: Heartbeat,
}

/// A refusal is shorter than this, in bytes, so longer replies need not be parsed to find one.
const MAX_REFUSAL_BYTES: usize = 4 * 1024;

/// Returns KuCoin's code in a short reply; `None` if there is none.
pub(super) fn code(reply: &Reply) -> Option<String> {
    // The body of a redirect does not come from KuCoin.
    if reply.body.len() > MAX_REFUSAL_BYTES || (300..400).contains(&reply.status) {
        return None;
    }
    object(std::str::from_utf8(&reply.body).ok()?)?.scalar("code")
}

/// Parses a token reply, or KuCoin's refusal.
pub(super) fn token(host: &str, reply: &Reply, offset_ms: i64) -> Result<TokenReply, TokenError> {
    let data = data(host, reply, offset_ms)?;
    let read = data.and_then(read_token);
    read.filter(|read| !read.token.is_empty())
        .ok_or_else(|| unreadable(host, reply))
}

/// Parses the reply of `GET /api/v1/timestamp`: milliseconds since 1970.
pub(super) fn server_time(host: &str, reply: &Reply, offset_ms: i64) -> Result<u64, TokenError> {
    let data = data(host, reply, offset_ms)?;
    data.and_then(|data| scalar(data)?.parse().ok())
        .ok_or_else(|| unreadable(host, reply))
}

/// Returns the member `data` of a successful reply.
///
/// # Errors Returns KuCoin's refusal, or an error if the reply cannot be read.
fn data<'r>(
    host: &str,
    reply: &'r Reply,
    offset_ms: i64,
) -> Result<Option<&'r RawValue>, TokenError> {
    // The body of a redirect does not come from KuCoin.
    if (300..400).contains(&reply.status) {
        return Err(refusal::of_status(host, reply));
    }
    let text = std::str::from_utf8(&reply.body).unwrap_or_default();
    let envelope = object(text).unwrap_or_default();
    match envelope.scalar("code") {
        Some(code) if code == SUCCESS && reply.status < 300 => Ok(envelope.get("data")),
        Some(code) if code != SUCCESS => {
            let message = envelope.scalar("msg").unwrap_or_default();
            let refused = TokenRefusal {
                code: excerpt(code.as_bytes()),
                message: excerpt(message.as_bytes()),
            };
            Err(refusal::of_code(host, reply, refused, offset_ms))
        }
        _ => Err(refusal::of_status(host, reply)),
    }
}

/// Returns the error for an unreadable reply, without the parser's error, which may quote a token.
fn unreadable(host: &str, reply: &Reply) -> TokenError {
    TokenError::Unreadable {
        host: host.to_owned(),
        status: reply.status,
        excerpt: reply.excerpt(),
    }
}

/// The members of a JSON object; if a key is repeated, its last value.
///
/// Each value is parsed separately, so an invalid value does not affect the other members.
#[derive(Default)]
struct Members<'r>(BTreeMap<Cow<'r, str>, &'r RawValue>);

impl<'r> Members<'r> {
    /// Returns the value of a member; `None` if it is absent or null.
    fn get(&self, name: &str) -> Option<&'r RawValue> {
        let value = self.0.get(name).copied();
        value.filter(|value| value.get() != "null")
    }

    /// Returns a string or a number as text; `None` if the member is absent or of another type.
    fn scalar(&self, name: &str) -> Option<String> {
        self.get(name).and_then(scalar)
    }

    /// Returns a time in milliseconds, clamped to the heartbeat bounds; `None` if zero or not a number.
    fn millis(&self, name: &str) -> Option<Duration> {
        let millis: u64 = self
            .scalar(name)?
            .parse()
            .ok()
            .filter(|&millis| millis > 0)?;
        Some(Duration::from_millis(millis).clamp(MIN_HEARTBEAT, MAX_HEARTBEAT))
    }
}

fn object(json: &str) -> Option<Members<'_>> {
    serde_json::from_str(json).ok().map(Members)
}

fn read_token(data: &RawValue) -> Option<TokenReply> {
    let data = object(data.get())?;
    let token = data.get("token");
    let token = token.and_then(|token| serde_json::from_str(token.get()).ok());
    let servers = data.get("instanceServers");
    let servers = servers.and_then(|servers| serde_json::from_str(servers.get()).ok());
    let servers: Vec<&RawValue> = servers.unwrap_or_default();
    Some(TokenReply {
        token: Zeroizing::new(token.unwrap_or_default()),
        servers: servers.into_iter().filter_map(read_server).collect(),
    })
}

/// Parses one entry of `instanceServers`; `None` if it is not a WebSocket server.
fn read_server(entry: &RawValue) -> Option<Server> {
    let entry = object(entry.get())?;
    let is_websocket = |name: String| name.eq_ignore_ascii_case("websocket");
    if !entry.scalar("protocol").is_none_or(is_websocket) {
        return None;
    }
    let usual = Heartbeat::default();
    Some(Server {
        endpoint: entry.scalar("endpoint")?,
        heartbeat: Heartbeat::new(
            entry.millis("pingInterval").unwrap_or(usual.interval),
            entry.millis("pingTimeout").unwrap_or(usual.timeout),
        ),
    })
}

/// Returns the text of a string or a number; `None` for other types.
fn scalar(value: &RawValue) -> Option<String> {
    match value.get() {
        number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            Some(number.to_owned())
        }
        text => serde_json::from_str(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use kucoin_streams_core::RetryPolicy;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            retry_after: None,
            quota: None,
            redirect_target: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    fn servers(list: &str) -> Vec<Server> {
        let body =
            format!(r#"{{"code":"200000","data":{{"instanceServers":{list},"token":"t"}}}}"#);
        token("host", &reply(200, &body), 0).ok().unwrap().servers
    }

    fn error(status: u16, body: &str) -> TokenError {
        token("host", &reply(status, body), 0).err().unwrap()
    }

    #[test]
    fn v1_reply_has_token_servers_and_heartbeat() {
        let body = r#"{ "data" : {"token":"a+b\/c==", "instanceServers":[
            {"endpoint":"wss://one/","encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000} ,
            {"pingTimeout":"9000","pingInterval":50000,"endpoint":"wss://two/endpoint"} ],"more":[]},"code":"200000"}"#;
        let read = token("host", &reply(200, body), 0).ok().unwrap();
        assert_eq!(read.token.as_str(), "a+b/c==");
        let beat = |interval, timeout| {
            Heartbeat::new(
                Duration::from_millis(interval),
                Duration::from_millis(timeout),
            )
        };
        assert_eq!(
            read.servers,
            [
                Server {
                    endpoint: "wss://one/".into(),
                    heartbeat: beat(18_000, 10_000)
                },
                Server {
                    endpoint: "wss://two/endpoint".into(),
                    heartbeat: beat(50_000, 9_000)
                },
            ]
        );
    }

    #[test]
    fn pro_reply_has_only_a_token() {
        let read = token(
            "host",
            &reply(200, r#"{"code":"200000","data":{"token":"abc"}}"#),
            0,
        );
        let read = read.ok().unwrap();
        assert_eq!((read.token.as_str(), read.servers.len()), ("abc", 0));
    }

    #[test]
    fn heartbeat_is_clamped() {
        let list = r#"[{"endpoint":"a","pingInterval":1,"pingTimeout":999999999},
                       {"endpoint":"b","pingInterval":0,"pingTimeout":null}, {"endpoint":"c"}]"#;
        let beats: Vec<_> = servers(list)
            .into_iter()
            .map(|server| server.heartbeat)
            .collect();
        assert_eq!(beats[0], Heartbeat::new(MIN_HEARTBEAT, MAX_HEARTBEAT));
        assert_eq!(beats[1..], [Heartbeat::default(), Heartbeat::default()]);
    }

    #[test]
    fn entry_that_is_no_websocket_server_is_skipped() {
        let list =
            r#"[7, null, {"protocol":"sse","endpoint":"x"}, {"pingInterval":1}, {"endpoint":"y"}]"#;
        let endpoints: Vec<_> = servers(list)
            .into_iter()
            .map(|server| server.endpoint)
            .collect();
        assert_eq!(endpoints, ["y"]);
        assert!(
            servers("[]").is_empty() && servers("null").is_empty() && servers("[ ]").is_empty()
        );
    }

    #[test]
    fn success_without_a_token_is_unreadable() {
        for data in [
            "null",
            "7",
            "{}",
            r#"{"token":""}"#,
            r#"{"token":5}"#,
            r#"[{"token":"t"}]"#,
        ] {
            let error = error(200, &format!(r#"{{"code":"200000","data":{data}}}"#));
            assert!(
                matches!(error, TokenError::Unreadable { .. }),
                "{data}: {error:?}"
            );
        }
        assert!(matches!(
            error(200, r#"{"code":"200000"}"#),
            TokenError::Unreadable { .. }
        ));
    }

    #[test]
    fn reply_without_a_code_is_classified_by_status() {
        for (status, policy) in [
            (200, RetryPolicy::Blocked),
            (302, RetryPolicy::Fatal),
            (400, RetryPolicy::Blocked),
            (401, RetryPolicy::Blocked),
            (403, RetryPolicy::Blocked),
            (404, RetryPolicy::Blocked),
            (407, RetryPolicy::Fatal),
            (408, RetryPolicy::Blocked),
            (418, RetryPolicy::Blocked),
            (425, RetryPolicy::Blocked),
            (451, RetryPolicy::Blocked),
            (429, RetryPolicy::Throttled(None)),
            (500, RetryPolicy::Transient),
            (503, RetryPolicy::Transient),
        ] {
            for body in [
                "",
                "<html>",
                r#"{"code":"200000","data":{"token":"#,
                r#"{"message":"no"}"#,
                "[]",
            ] {
                assert_eq!(
                    error(status, body).retry_policy(),
                    policy,
                    "{status} {body}"
                );
            }
        }
    }

    #[test]
    fn success_code_with_an_error_status_is_an_error() {
        let body = r#"{"code":"200000","data":{"token":"t"}}"#;
        assert!(matches!(error(500, body), TokenError::ServerFault { .. }));
        assert!(matches!(error(403, body), TokenError::Blocked { .. }));
        assert!(matches!(
            error(301, body),
            TokenError::UnexpectedRedirect { .. }
        ));
    }

    #[test]
    fn server_time_is_read_as_number_or_text() {
        for data in ["1546837113087", r#""1546837113087""#] {
            let body = format!(r#"{{"code":"200000","data":{data}}}"#);
            assert_eq!(
                server_time("host", &reply(200, &body), 0).unwrap(),
                1_546_837_113_087
            );
        }
        let fraction = r#"{"code":"200000","data":1.5}"#;
        assert!(server_time("host", &reply(200, fraction), 0).is_err());
    }
}
