//! KuCoin's REST replies: the envelope of code and data, a token with its servers, the server's time.

use std::time::Duration;

use kucoin_streams_wire::Heartbeat;
use kucoin_streams_wire::json::{DecodeError, Object, Scanner, Value, ValueKind};
use kucoin_streams_wire::redact::excerpt;
use zeroize::Zeroizing;

use super::error::{Refusal, TokenError};
use super::http::Reply;
use super::refusal::{self, SUCCESS};

/// Bounds of a heartbeat that a server may ask for; outside of them it is taken for an error of the server's.
const SHORTEST_BEAT: Duration = Duration::from_millis(100);
const LONGEST_BEAT: Duration = Duration::from_secs(60);

/// A connection token with the servers that take it; Pro V2 replies name no server.
pub(super) struct TokenReply {
    pub(super) token: Zeroizing<String>,
    pub(super) servers: Vec<Server>,
}

/// One entry of `instanceServers`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) endpoint: String,
    pub(super) heartbeat: Heartbeat,
}

/// Reads a token reply, or the refusal in its place.
pub(super) fn token(host: &str, reply: &Reply, offset_ms: i64) -> Result<TokenReply, TokenError> {
    let data = data(host, reply, offset_ms)?;
    let read = data.and_then(|data| read_token(data).ok());
    read.filter(|read| !read.token.is_empty())
        .ok_or_else(|| unreadable(host, reply))
}

/// Reads the reply of `GET /api/v1/timestamp`: milliseconds since 1970.
pub(super) fn server_time(host: &str, reply: &Reply, offset_ms: i64) -> Result<u64, TokenError> {
    let data = data(host, reply, offset_ms)?;
    data.and_then(|data| data.digits()?.parse().ok())
        .ok_or_else(|| unreadable(host, reply))
}

/// The `data` of a successful reply; a refusal in any other.
fn data<'r>(host: &str, reply: &'r Reply, offset_ms: i64) -> Result<Option<Value<'r>>, TokenError> {
    // A redirect's body is nobody's word, whatever it says.
    if (300..400).contains(&reply.status) {
        return Err(refusal::of_status(host, reply));
    }
    let envelope = std::str::from_utf8(&reply.body)
        .ok()
        .and_then(|text| Envelope::read(text).ok());
    match envelope {
        Some(Envelope {
            code: Some(code),
            data,
            ..
        }) if code == SUCCESS && reply.status < 300 => Ok(data),
        Some(Envelope {
            code: Some(code),
            message,
            ..
        }) if code != SUCCESS => {
            let refused = Refusal {
                code: excerpt(code.as_bytes()),
                message: excerpt(message.unwrap_or_default().as_bytes()),
            };
            Err(refusal::of_code(host, reply, refused, offset_ms))
        }
        _ => Err(refusal::of_status(host, reply)),
    }
}

/// Only the place of the fault would help, and the reply may hold a token: nothing of the parser's is kept.
fn unreadable(host: &str, reply: &Reply) -> TokenError {
    TokenError::Unreadable {
        host: host.to_owned(),
        status: reply.status,
        excerpt: reply.excerpt(),
    }
}

#[derive(Default)]
struct Envelope<'r> {
    code: Option<String>,
    message: Option<String>,
    data: Option<Value<'r>>,
}

impl<'r> Envelope<'r> {
    fn read(text: &'r str) -> Result<Self, DecodeError> {
        let mut envelope = Self::default();
        let mut scanner = Scanner::new(text);
        each_member(&mut scanner.object()?, |key, value| {
            match key {
                "code" => envelope.code = scalar(value),
                "msg" => envelope.message = scalar(value),
                "data" => envelope.data = Some(value),
                _ => {}
            }
            Ok(())
        })?;
        scanner.finish()?;
        Ok(envelope)
    }
}

fn read_token(data: Value<'_>) -> Result<TokenReply, DecodeError> {
    let mut reply = TokenReply {
        token: Zeroizing::default(),
        servers: Vec::new(),
    };
    each_member(&mut data.scanner().object()?, |key, value| {
        match key {
            "token" => reply.token = Zeroizing::new(value.text().unwrap_or_default().into_owned()),
            "instanceServers" => {
                reply.servers = elements(value)?
                    .into_iter()
                    .filter_map(read_server)
                    .collect();
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(reply)
}

/// An entry that is no server of WebSockets is passed over: another entry may be one.
fn read_server(entry: Value<'_>) -> Option<Server> {
    let (mut endpoint, mut protocol, mut interval, mut timeout) = (None, None, None, None);
    each_member(&mut entry.scanner().object().ok()?, |key, value| {
        match key {
            "endpoint" => endpoint = scalar(value),
            "protocol" => protocol = scalar(value),
            "pingInterval" => interval = millis(value),
            "pingTimeout" => timeout = millis(value),
            _ => {}
        }
        Ok(())
    })
    .ok()?;
    let is_websocket = protocol.is_none_or(|name| name.eq_ignore_ascii_case("websocket"));
    let usual = Heartbeat::default();
    let heartbeat = Heartbeat {
        interval: interval.unwrap_or(usual.interval),
        timeout: timeout.unwrap_or(usual.timeout),
    };
    endpoint.filter(|_| is_websocket).map(|endpoint| Server {
        endpoint,
        heartbeat,
    })
}

/// A time in milliseconds, held within bounds; none where it is absent, zero or no number.
fn millis(value: Value<'_>) -> Option<Duration> {
    let millis: u64 = value.digits()?.parse().ok().filter(|&millis| millis > 0)?;
    Some(Duration::from_millis(millis).clamp(SHORTEST_BEAT, LONGEST_BEAT))
}

/// The text of a string or a number.
fn scalar(value: Value<'_>) -> Option<String> {
    match value.kind() {
        ValueKind::Number => Some(value.as_str().to_owned()),
        _ => value.text().map(|text| text.into_owned()),
    }
}

fn each_member<'f>(
    object: &mut Object<'_, 'f>,
    mut member: impl FnMut(&str, Value<'f>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    while let Some(key) = object.key()? {
        let value = object.value()?;
        member(&key, value)?;
    }
    Ok(())
}

/// The elements of an array whose grammar the scanner has checked; none where it is no array.
fn elements(array: Value<'_>) -> Result<Vec<Value<'_>>, DecodeError> {
    let inside = array
        .as_str()
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let (mut rest, mut elements) = (inside.unwrap_or_default().trim_ascii_start(), Vec::new());
    while !rest.is_empty() {
        let element = Scanner::new(rest).value()?;
        rest = rest[element.offset() + element.as_str().len()..].trim_ascii_start();
        rest = rest.strip_prefix(',').unwrap_or_default();
        elements.push(element);
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use kucoin_streams_wire::SourceErrorClass;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            retry_after: None,
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
    fn a_v1_reply_gives_token_servers_and_heartbeat() {
        let body = r#"{ "data" : {"token":"a+b\/c==", "instanceServers":[
            {"endpoint":"wss://one/","encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000} ,
            {"pingTimeout":"9000","pingInterval":50000,"endpoint":"wss://two/endpoint"} ],"more":[]},"code":"200000"}"#;
        let read = token("host", &reply(200, body), 0).ok().unwrap();
        assert_eq!(read.token.as_str(), "a+b/c==");
        let beat = |interval, timeout| Heartbeat {
            interval: Duration::from_millis(interval),
            timeout: Duration::from_millis(timeout),
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
    fn a_pro_reply_gives_a_token_alone() {
        let read = token(
            "host",
            &reply(200, r#"{"code":"200000","data":{"token":"abc"}}"#),
            0,
        );
        let read = read.ok().unwrap();
        assert_eq!((read.token.as_str(), read.servers.len()), ("abc", 0));
    }

    #[test]
    fn a_heartbeat_is_held_within_bounds() {
        let list = r#"[{"endpoint":"a","pingInterval":1,"pingTimeout":999999999},
                       {"endpoint":"b","pingInterval":0,"pingTimeout":null}, {"endpoint":"c"}]"#;
        let beats: Vec<_> = servers(list)
            .into_iter()
            .map(|server| server.heartbeat)
            .collect();
        assert_eq!(
            beats[0],
            Heartbeat {
                interval: SHORTEST_BEAT,
                timeout: LONGEST_BEAT
            }
        );
        assert_eq!(beats[1..], [Heartbeat::default(), Heartbeat::default()]);
    }

    #[test]
    fn what_is_no_websocket_server_is_passed_over() {
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
    fn a_success_without_a_token_is_unreadable() {
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
    fn what_is_no_reply_of_kucoins_is_told_by_its_status() {
        for (status, class) in [
            (200, SourceErrorClass::Blocked),
            (302, SourceErrorClass::Fatal),
            (400, SourceErrorClass::Blocked),
            (401, SourceErrorClass::Blocked),
            (403, SourceErrorClass::Blocked),
            (404, SourceErrorClass::Blocked),
            (407, SourceErrorClass::Fatal),
            (408, SourceErrorClass::Blocked),
            (418, SourceErrorClass::Blocked),
            (425, SourceErrorClass::Blocked),
            (451, SourceErrorClass::Blocked),
            (429, SourceErrorClass::Throttled(None)),
            (500, SourceErrorClass::Transient),
            (503, SourceErrorClass::Transient),
        ] {
            for body in [
                "",
                "<html>",
                r#"{"code":"200000","data":{"token":"#,
                r#"{"message":"no"}"#,
                "[]",
            ] {
                assert_eq!(error(status, body).class(), class, "{status} {body}");
            }
        }
    }

    #[test]
    fn a_success_under_a_status_of_failure_is_no_success() {
        let body = r#"{"code":"200000","data":{"token":"t"}}"#;
        assert!(matches!(error(500, body), TokenError::ServerFault { .. }));
        assert!(matches!(error(403, body), TokenError::Blocked { .. }));
        assert!(matches!(
            error(301, body),
            TokenError::UnexpectedRedirect { .. }
        ));
    }

    #[test]
    fn the_servers_time_is_read_as_number_or_text() {
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
